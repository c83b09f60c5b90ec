import { CrmError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import {
  deriveUnlockKey,
  isSlotDamaged,
  type KeySlot,
  type KeySlotKind,
  parseKdf,
  type UnlockKey,
  unwrapDataKey,
} from '../crypto/key-slot.ts'
import type { Database } from './database.ts'

/** Most key slots of one profile. */
export const MOST_KEY_SLOTS = 8

/** A key slot as people see it: nothing here helps to guess the key. */
export interface KeySlotInfo {
  /** 32 hex digits. */
  readonly id: string
  readonly kind: KeySlotKind
  readonly label: string
  readonly createdAt: string
  /** The id of the raw key that opens it, 16 hex digits; null for a passphrase and a recipient. */
  readonly keyId: string | null
  /** The public key of the age identity that opens it; null for a key or a passphrase. */
  readonly recipient: string | null
}

/** Keys that may open a profile, asked for in this order. */
export interface KeySources {
  /** Raw keys at hand (environment, key file), in order of preference. @throws CrmError `usage` for a malformed one. */
  raw(): Promise<readonly { readonly key: Buffer; readonly from: string }[]>
  /** The data key of a profile (32 hex digits) that was unlocked for a while, and the slot it came from. */
  unlocked?(profileId: string): Promise<({ readonly dataKey: Buffer } & SessionSlot) | undefined>
  /** The age identities of whoever runs this; undefined where there are none. Called only when no raw key fits and the profile has a slot for recipients. */
  identities?(): Promise<{ readonly identities: readonly [Secret, ...Secret[]]; readonly from: string } | undefined>
  /**
   * The key that the keychain of the operating system holds under the label of a slot; undefined where it is not to be asked. Called
   * only when no raw key fits and the profile has such a slot. @throws CrmError `locked` when it cannot be asked or has no such key.
   */
  keychain?(label: string): Promise<Buffer | undefined>
  /**
   * The passphrase of a profile from a file or a prompt; undefined when there is nobody to ask. Called only when a passphrase slot is left
   * to try.
   */
  passphrase(profile: string): Promise<string | undefined>
  /** The file that the passphrase comes from, where nobody is asked for it. */
  readonly passphraseFile?: string
}

/** The slot that began a session, and the generation of the data key then. */
export interface SessionSlot {
  /** 32 hex digits. */
  readonly slotId: string
  /** The digest of the slot, hex. */
  readonly slotCheck: string
  readonly generation: number
}

/** An opened slot: the profile's data encryption key, and which slot gave it. */
export interface OpenedSlot {
  readonly dataKey: Buffer
  readonly slot: KeySlotInfo
  /** The slot again, and what opened it: to tell whether it should be wrapped at a higher cost. */
  readonly stored: StoredSlot
  readonly key: UnlockKey
}

interface SlotRow {
  readonly id: Buffer
  readonly kind: string
  readonly label: string
  readonly kdf: string
  readonly generation: number
  readonly wrapped: Buffer
  readonly digest: Buffer
  readonly created_at: string
}

/** A slot as its row holds it. */
export type StoredSlot = KeySlot & { readonly createdAt: string }

/** The slots of a profile, oldest first. */
export function readSlots(database: Database, profileId: Buffer): StoredSlot[] {
  return database
    .all<SlotRow>(
      'SELECT id, kind, label, kdf, generation, wrapped, digest, created_at FROM key_slots WHERE profile_id = ? ORDER BY created_at, id',
      profileId,
    )
    .map((row) => ({
      slotId: row.id,
      kind: row.kind as KeySlotKind,
      label: row.label,
      kdf: row.kdf,
      generation: row.generation,
      wrapped: row.wrapped,
      check: row.digest,
      createdAt: row.created_at,
    }))
}

/** Stores a slot; inside a transaction. */
export function insertSlot(database: Database, profileId: Buffer, slot: KeySlot, at: string): void {
  database.run(
    'INSERT INTO key_slots (id, profile_id, kind, label, kdf, generation, wrapped, digest, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    slot.slotId,
    profileId,
    slot.kind,
    slot.label,
    slot.kdf,
    slot.generation,
    slot.wrapped,
    slot.check,
    at,
  )
}

/** Stores a slot that was wrapped again; inside a transaction. False when the slot is not what it was. */
export function rewriteSlot(database: Database, slot: KeySlot, before: Buffer): boolean {
  return (
    database.run(
      'UPDATE key_slots SET label = ?, kdf = ?, generation = ?, wrapped = ?, digest = ? WHERE id = ? AND digest = ?',
      slot.label,
      slot.kdf,
      slot.generation,
      slot.wrapped,
      slot.check,
      slot.slotId,
      before,
    ) === 1
  )
}

/** A slot without its wrapped key. */
export function toSlotInfo(slot: StoredSlot): KeySlotInfo {
  const kdf = parseKdf(slot.kdf)
  return {
    id: slot.slotId.toString('hex'),
    kind: slot.kind,
    label: slot.label,
    createdAt: slot.createdAt,
    keyId: kdf?.type === 'raw' ? kdf.keyId : null,
    recipient: kdf?.type === 'age' ? kdf.recipient : null,
  }
}

/**
 * Opens one of a profile's slots with the first source that fits: raw keys by their key id, then the passphrase.
 * @throws {CrmError} `locked` without any key, `wrong_key` when none fits, `damaged` when a slot that should open does not.
 */
export async function openAnySlot(
  slots: readonly StoredSlot[],
  profile: { readonly id: Buffer; readonly name: string; readonly generation: number },
  sources: KeySources,
): Promise<OpenedSlot> {
  const raw = await sources.raw()
  // A slot authenticates the generation of the key in it, and with it the one that the profile names.
  const sound = slots.filter((slot) => !isSlotDamaged(slot) && slot.generation === profile.generation)
  if (sound.length === 0) throw slotsDamaged(profile.name)
  for (const { key } of raw) {
    const opened = await tryKey(sound, profile, { type: 'raw', key })
    if (opened !== undefined) return opened
  }
  const held = await openFromSession(sound, profile, sources)
  if (held !== undefined) return held
  const member = sound.some(isForRecipient) ? await (await import('./member-slots.ts')).openAsMember(sound, profile, sources) : undefined
  if (member !== undefined && 'dataKey' in member) return member
  const passphraseSlots = sound.filter((slot) => slot.kind === 'passphrase')
  // A passphrase file is a choice of its own, where there is something that it can open.
  const isChosen = sources.passphraseFile !== undefined && passphraseSlots.length > 0
  const kept = isChosen ? undefined : await openFromKeychain(sound, profile, sources)
  if (kept !== undefined) return kept
  const passphrase = passphraseSlots.length === 0 ? undefined : await sources.passphrase(profile.name)
  if (passphrase !== undefined) {
    const opened = await tryKey(passphraseSlots, profile, { type: 'passphrase', passphrase })
    if (opened !== undefined) return opened
    throw (await import('./key-refusals.ts')).wrongPassphrase(profile.name, sources.passphraseFile)
  }
  // A key for another profile, such as the one in the key file, is none for a profile that takes no such keys.
  const isKeyWanted = raw.length > 0 && sound.some(({ kind }) => kind === 'env' || kind === 'file')
  if (member !== undefined && !isKeyWanted) throw member.refusal
  // Loaded where it is needed: most runs open what they want.
  const { locked, wrongKey } = await import('./key-refusals.ts')
  throw isKeyWanted ? wrongKey(profile, sound, raw) : locked(profile.name, sound)
}

async function openFromSession(
  slots: readonly StoredSlot[],
  profile: { readonly id: Buffer; readonly generation: number },
  sources: KeySources,
): Promise<OpenedSlot | undefined> {
  const session = await sources.unlocked?.(profile.id.toString('hex'))
  const slot = session === undefined ? undefined : findSessionSlot(slots, profile, session)
  if (session === undefined || slot === undefined) return undefined
  return { dataKey: session.dataKey, slot: toSlotInfo(slot), stored: slot, key: { type: 'raw', key: session.dataKey } }
}

/** The slot that began a session, as it was then: a session ends with the slot that began it, and with the data key. */
export function findSessionSlot(
  slots: readonly StoredSlot[],
  profile: { readonly generation: number },
  session: SessionSlot,
): StoredSlot | undefined {
  if (session.generation !== profile.generation) return undefined
  return slots.find(({ slotId, check }) => slotId.toString('hex') === session.slotId && check.toString('hex') === session.slotCheck)
}

async function openFromKeychain(
  slots: readonly StoredSlot[],
  profile: { readonly id: Buffer; readonly name: string },
  sources: KeySources,
): Promise<OpenedSlot | undefined> {
  for (const slot of slots) {
    if (slot.kind !== 'keychain') continue
    const key = await sources.keychain?.(slot.label)
    const opened = key === undefined ? undefined : await tryKey([slot], profile, { type: 'raw', key })
    if (opened !== undefined) return opened
  }
  return undefined
}

/** A slot is opened once before it is stored: a key that cannot unlock again must never be the only one. */
export async function proveSlot(slot: KeySlot, profileId: Buffer, key: UnlockKey, dataKey: Buffer): Promise<void> {
  const kdf = parseKdf(slot.kdf)
  const result = unwrapDataKey(slot, profileId, kdf === undefined ? undefined : await deriveUnlockKey(kdf, key, profileId))
  if (!('dataKey' in result) || !result.dataKey.equals(dataKey)) throw new CrmError('internal', 'a new key slot did not open again')
}

/** Whether a key opens a slot as it is stored. Takes scrypt's time for a passphrase. */
export async function opensSlot(slot: KeySlot, profileId: Buffer, key: UnlockKey): Promise<boolean> {
  if (key.type === 'identity') {
    const { openRecipientSlot } = await import('../crypto/recipient-slot.ts')
    return 'dataKey' in (await openRecipientSlot(slot, profileId, key.identities))
  }
  const kdf = parseKdf(slot.kdf)
  return 'dataKey' in unwrapDataKey(slot, profileId, kdf === undefined ? undefined : await deriveUnlockKey(kdf, key, profileId))
}

/** The slot that a raw key opens, told by its key id. */
export async function slotOfRawKey(database: Database, profileId: Buffer, key: Buffer): Promise<KeySlotInfo | undefined> {
  for (const slot of readSlots(database, profileId)) {
    const kdf = parseKdf(slot.kdf)
    if (kdf?.type === 'raw' && (await deriveUnlockKey(kdf, { type: 'raw', key }, profileId)) !== undefined) return toSlotInfo(slot)
  }
  return undefined
}

async function tryKey(
  slots: readonly StoredSlot[],
  profile: { readonly id: Buffer; readonly name: string },
  key: UnlockKey,
): Promise<OpenedSlot | undefined> {
  for (const slot of slots) {
    const kdf = parseKdf(slot.kdf)
    const unlockKey = kdf === undefined ? undefined : await deriveUnlockKey(kdf, key, profile.id)
    if (unlockKey === undefined) continue
    const result = unwrapDataKey(slot, profile.id, unlockKey)
    if ('dataKey' in result) return { dataKey: result.dataKey, slot: toSlotInfo(slot), stored: slot, key }
    if (result.failure === 'damaged') throw slotsDamaged(profile.name)
  }
  return undefined
}

/** A slot that a member opens with an age identity. */
export function isForRecipient({ kind }: KeySlot): boolean {
  return kind === 'recipient'
}

/** The error for a slot that should open and does not. */
export function slotsDamaged(profile: string): CrmError {
  return new CrmError('damaged', `a key slot of the profile ${profile} is damaged`, {
    reason: 'its record was altered, so the key in it cannot be trusted',
    hint: 'open the profile with another of its keys, or restore the vault from a backup',
  })
}
