import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../core/secret.ts'
import { OpenError, open, seal } from './chunked.ts'
import { encodeContext } from './context.ts'
import { deriveKey, derivePassphraseKey, rawKeyId, SCRYPT_COST, type ScryptCost } from './derive.ts'

/**
 * Where the unlock key of a slot comes from. `env`, `file` and `keychain` keep a raw key; `passphrase` derives one; `recipient` is for the
 * holder of an age identity (`recipient-slot.ts`).
 */
export type KeySlotKind = 'env' | 'file' | 'keychain' | 'passphrase' | 'recipient'

/** One way to unlock a profile, as its row holds it (`security.md` section 4.4). */
export interface KeySlot {
  readonly slotId: Buffer
  readonly kind: KeySlotKind
  readonly label: string
  /** `raw$<key id hex>`, `scrypt$ln=17,r=8,p=1$<salt hex>` or `age$<recipient>`. */
  readonly kdf: string
  readonly generation: number
  /** The profile's data encryption key, sealed under the key-encryption key. */
  readonly wrapped: Buffer
  /** Unkeyed SHA-256 over the rest: tells a damaged slot from a wrong key. */
  readonly check: Buffer
}

/** What a person or program brings to unlock a profile. */
export type UnlockKey =
  | { readonly type: 'raw'; readonly key: Buffer }
  | { readonly type: 'passphrase'; readonly passphrase: string }
  | { readonly type: 'identity'; readonly identities: readonly [Secret, ...Secret[]] }

/** A key that somebody has at hand to wrap with: of a recipient, the public half alone is known. */
export type OwnKey = Exclude<UnlockKey, { readonly type: 'identity' }>

/** The kinds of slot that are made with an {@link OwnKey}. */
export type OwnKeyKind = Exclude<KeySlotKind, 'recipient'>

/** `wrong`: this slot wants another key. `damaged`: the slot was altered, or its key matches and its content does not. */
export type UnwrapResult = { readonly dataKey: Buffer } | { readonly failure: 'wrong' | 'damaged' }

/** The parsed form of {@link KeySlot.kdf}. */
export type Kdf =
  | { readonly type: 'raw'; readonly keyId: string }
  | { readonly type: 'scrypt'; readonly cost: ScryptCost; readonly salt: Buffer }
  | { readonly type: 'age'; readonly recipient: string }

/**
 * Reads a kdf string; undefined for anything that {@link wrapDataKey} would not write: unknown parameters, leading zeros,
 * and costs outside ln 15..20, r = 8, p 1..4 are refused before memory is spent.
 */
export function parseKdf(text: string): Kdf | undefined {
  const raw = /^raw\$([0-9a-f]{16})$/.exec(text)
  if (raw?.[1] !== undefined) return { type: 'raw', keyId: raw[1] }
  const age = /^age\$(age1[02-9ac-hj-np-z]{58})$/.exec(text)
  if (age?.[1] !== undefined) return { type: 'age', recipient: age[1] }
  const scrypt = /^scrypt\$ln=(1[5-9]|20),r=8,p=([1-4])\$([0-9a-f]{32})$/.exec(text)
  if (scrypt?.[1] === undefined || scrypt[2] === undefined || scrypt[3] === undefined) return undefined
  return { type: 'scrypt', cost: { logN: Number(scrypt[1]), r: 8, p: Number(scrypt[2]) }, salt: Buffer.from(scrypt[3], 'hex') }
}

/**
 * Whether a passphrase slot costs less than a new one would: it is wrapped again on the next write.
 * @param today cost of a new slot; tests lower it.
 */
export function isBelowTodaysCost(kdf: Kdf, today: ScryptCost = SCRYPT_COST): boolean {
  return kdf.type === 'scrypt' && (kdf.cost.logN < today.logN || kdf.cost.p < today.p)
}

/** The unlock key of 32 bytes that `key` gives for a slot with this kdf; undefined when it is of the other type or not its key id. */
export async function deriveUnlockKey(kdf: Kdf, key: UnlockKey, profileId: Buffer): Promise<Buffer | undefined> {
  // What opens a recipient slot stands in the slot itself, sealed; see `recipient-slot.ts`.
  if (kdf.type === 'age') return undefined
  if (kdf.type === 'raw') return key.type === 'raw' && rawKeyId(key.key, profileId) === kdf.keyId ? key.key : undefined
  return key.type === 'passphrase' ? derivePassphraseKey(key.passphrase, kdf.salt, kdf.cost) : undefined
}

/**
 * Wraps a profile's data encryption key in a new slot, or anew in the slot that `slotId` names.
 * @param cost scrypt cost of a passphrase slot; tests pass the smallest accepted one.
 */
export async function wrapDataKey(
  dataKey: Buffer,
  slot: {
    readonly profileId: Buffer
    readonly kind: KeySlotKind
    readonly label: string
    readonly generation: number
    readonly slotId?: Buffer
  },
  key: OwnKey,
  cost: ScryptCost = SCRYPT_COST,
): Promise<KeySlot> {
  const kdf = newKdf(key, slot.profileId, cost)
  const parsed = parseKdf(kdf)
  const unlockKey = parsed === undefined ? undefined : await deriveUnlockKey(parsed, key, slot.profileId)
  if (unlockKey === undefined) throw new RangeError('the cost of a passphrase slot is outside the accepted range')
  const header = { slotId: slot.slotId ?? randomBytes(16), kind: slot.kind, label: slot.label, kdf, generation: slot.generation }
  const wrapped = seal(deriveKey('kek', unlockKey, slot.profileId), slotContext(slot.profileId, header), dataKey)
  return { ...header, wrapped, check: slotCheck({ ...header, wrapped }) }
}

/** Unwraps the data encryption key with an unlock key from {@link deriveUnlockKey}; undefined stands for "no key for this slot". */
export function unwrapDataKey(slot: KeySlot, profileId: Buffer, unlockKey: Buffer | undefined): UnwrapResult {
  if (isSlotDamaged(slot)) return { failure: 'damaged' }
  if (unlockKey === undefined) return { failure: 'wrong' }
  try {
    return { dataKey: open(deriveKey('kek', unlockKey, profileId), slotContext(profileId, slot), slot.wrapped) }
  } catch (error) {
    if (!(error instanceof OpenError)) throw error
    // A raw key was matched by its id, so the content must be wrong; a passphrase that does not fit is simply another one.
    return { failure: error.stage === 'commitment' && slot.kdf.startsWith('scrypt$') ? 'wrong' : 'damaged' }
  }
}

/** Whether a slot's row is not what was written, as far as can be told without a key. */
export function isSlotDamaged(slot: KeySlot): boolean {
  // A number that is never written has no encoding, and so no check.
  if (!Number.isSafeInteger(slot.generation) || slot.generation < 0) return true
  const check = slotCheck(slot)
  return check.length !== slot.check.length || !timingSafeEqual(check, slot.check) || parseKdf(slot.kdf) === undefined
}

function newKdf(key: OwnKey, profileId: Buffer, cost: ScryptCost): string {
  if (key.type === 'raw') return `raw$${rawKeyId(key.key, profileId)}`
  return `scrypt$ln=${cost.logN},r=${cost.r},p=${cost.p}$${randomBytes(16).toString('hex')}`
}

/** What of a slot is bound, besides the profile. */
export type SlotHeader = Pick<KeySlot, 'slotId' | 'kind' | 'label' | 'kdf' | 'generation'>

/** The context of what is wrapped in a slot (`security.md` section 4.3). */
export function slotContext(profileId: Buffer, slot: SlotHeader): Buffer {
  return encodeContext('crm-vault/v1/slot', profileId, slot.slotId, slot.kind, slot.kdf, slot.generation)
}

/** {@link KeySlot.check} of the rest of a slot. */
export function slotCheck(slot: SlotHeader & Pick<KeySlot, 'wrapped'>): Buffer {
  return hash('sha256', encodeContext(slot.slotId, slot.kind, slot.label, slot.kdf, slot.generation, slot.wrapped), 'buffer')
}
