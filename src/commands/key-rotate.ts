import type { KeyRotateAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import type { Warning } from '../core/provider.ts'
import type { KeySlotInfo, KeySources } from '../vault/key-slots.ts'
import type { KeptSlot, Rotation } from '../vault/rotate.ts'
import type { UnlockedVault } from '../vault/unlocked.ts'
import { type App, done, type Outcome } from './app.ts'

/** The flags of `crm key rotate`. */
export interface RotateFlags {
  /** Beginnings of the ids of the slots that end with the old key. */
  readonly drop?: readonly string[]
}

/** `crm key rotate`: every key at hand goes on opening the profile, every other slot is dropped by name or stops the command. */
export async function rotateKey(app: App, flags: RotateFlags): Promise<Outcome> {
  const profile = (await app.profile()).value
  const slots = await (await app.vault()).keySlots(profile)
  const keys = await keepingKeys(app, profile, slots, flags.drop ?? [])
  const names = keys.drop.map(({ kind, label, id }) => `${kind} ${label} (${id.slice(0, 8)})`).join(', ')
  const question = `Make a new data key for ${profile}${keys.drop.length === 0 ? '' : ` and drop: ${names}`}?`
  if (!(await app.ui.confirm(question))) throw new CrmError('cancelled', 'Cancelled. Nothing was changed.')
  app.throwIfStopped()
  const { generation, rows, kept, dropped, compacted } = await keys.rotate()
  const data: KeyRotateAnswer = { generation, rows, kept: kept.map(({ id }) => id), dropped: dropped.map(({ id }) => id) }
  return done('crm.key-rotate/1', data, async () => (await import('../terminal/views/key.ts')).keyRotatedView, {
    warnings: compacted ? [] : [keys.leftovers],
  })
}

/** A rotation that can be made: every key that goes on is at hand. */
export interface ReadyRotation {
  readonly unlocked: UnlockedVault
  readonly drop: readonly KeySlotInfo[]
  readonly rotate: () => Promise<Rotation>
  /** What to say when another process kept the old ciphertext in the file. */
  readonly leftovers: Warning
}

const LEFTOVERS: Warning = {
  code: 'old_ciphertext_left',
  message: 'another command was using the vault, so what the old key opens is still in its file; end that command and rotate once more',
}

/**
 * Opens the profile and looks for the key of every slot that stays. Slots for members need none.
 * @param begins beginnings of the ids of the slots that are dropped.
 * @param command what is run again with more to drop.
 * @throws {CrmError} `locked` naming the slots whose keys are missing; `not_found` and `usage` for the id of a slot.
 */
export async function keepingKeys(
  app: App,
  profile: string,
  slots: readonly KeySlotInfo[],
  begins: readonly string[],
  command = 'crm key rotate',
): Promise<ReadyRotation> {
  const sources = remembering(await app.keySources())
  for (const begin of begins) requireOne(slots, begin)
  const drop = slots.filter(({ id }) => begins.some((begin) => id.startsWith(begin.toLowerCase())))
  const unlocked = await app.unlock(profile, sources)
  const keep = await keysAtHand(unlocked, sources, slots, drop)
  const goesOn = ({ id, kind }: KeySlotInfo): boolean => kind === 'recipient' || keep.some((slot) => slot.id === id)
  const missing = slots.filter((slot) => !drop.includes(slot) && !goesOn(slot))
  if (missing.length > 0) throw keysMissing(missing, command)
  return {
    unlocked,
    drop,
    rotate: () =>
      unlocked.rotate(
        keep,
        drop.map(({ id }) => id),
      ),
    leftovers: LEFTOVERS,
  }
}

/** Asks for the passphrase once: it opens the profile and wraps the new key. */
function remembering(sources: KeySources): KeySources {
  let asked: Promise<string | undefined> | undefined
  return {
    ...sources,
    passphrase: (profile) => {
      asked ??= sources.passphrase(profile)
      return asked
    },
  }
}

async function keysAtHand(
  unlocked: UnlockedVault,
  sources: KeySources,
  slots: readonly KeySlotInfo[],
  drop: readonly KeySlotInfo[],
): Promise<KeptSlot[]> {
  const raw = await sources.raw()
  const kept: KeptSlot[] = []
  for (const slot of slots) {
    if (drop.includes(slot)) continue
    const key =
      slot.kind === 'recipient'
        ? await identityOf(unlocked, sources, slot)
        : slot.keyId === null
          ? await passphraseOf(unlocked, sources, slot)
          : await rawKeyOf(unlocked, await rawKeys(sources, raw, slot), slot)
    if (key !== undefined) kept.push({ id: slot.id, key })
  }
  return kept
}

/** The identity that opened the profile, for its own slot: those of other members cannot be tried here. */
async function identityOf(unlocked: UnlockedVault, sources: KeySources, slot: KeySlotInfo): Promise<KeptSlot['key'] | undefined> {
  const found = unlocked.openedBy.id === slot.id ? await sources.identities?.() : undefined
  return found === undefined ? undefined : { type: 'identity', identities: found.identities }
}

async function passphraseOf(unlocked: UnlockedVault, sources: KeySources, slot: KeySlotInfo): Promise<KeptSlot['key'] | undefined> {
  const passphrase = await sources.passphrase(unlocked.profile)
  const key = passphrase === undefined ? undefined : { type: 'passphrase' as const, passphrase }
  return key !== undefined && (await unlocked.opensSlot(slot.id, key)) ? key : undefined
}

/** A key in the keychain is at hand for the slot that names it. */
async function rawKeys(
  sources: KeySources,
  raw: readonly { readonly key: Buffer }[],
  slot: KeySlotInfo,
): Promise<readonly { readonly key: Buffer }[]> {
  const kept = slot.kind === 'keychain' ? await sources.keychain?.(slot.label) : undefined
  return kept === undefined ? raw : [{ key: kept }]
}

async function rawKeyOf(
  unlocked: UnlockedVault,
  raw: readonly { readonly key: Buffer }[],
  slot: KeySlotInfo,
): Promise<KeptSlot['key'] | undefined> {
  for (const { key } of raw) if (await unlocked.opensSlot(slot.id, { type: 'raw', key })) return { type: 'raw', key }
  return undefined
}

function requireOne(slots: readonly KeySlotInfo[], begin: string): void {
  const matches = slots.filter(({ id }) => id.startsWith(begin.toLowerCase()))
  if (matches.length === 1 && begin !== '') return
  const code = matches.length === 0 ? 'not_found' : 'usage'
  throw new CrmError(
    code,
    matches.length === 0 ? 'no key slot has the id of --drop' : `${matches.length} key slots begin with the id of --drop`,
    {
      hint: 'see the ids with: crm key list',
    },
  )
}

function keysMissing(missing: readonly KeySlotInfo[], command: string): CrmError {
  const flags = missing.map(({ id }) => `--drop ${id.slice(0, 8)}`).join(' ')
  return new CrmError(
    'locked',
    `${missing.length === 1 ? 'a key' : `${missing.length} keys`} of the profile ${missing.length === 1 ? 'is' : 'are'} not at hand`,
    {
      reason: missing.map(({ kind, label, id }) => `${kind} ${label} (${id.slice(0, 8)})`).join(', '),
      hint: `give every key (INTEGRATION_ENCRYPTION_KEY, CRM_KEY_FILE, CRM_PASSPHRASE_FILE), or drop these: ${command} ${flags}`,
    },
  )
}
