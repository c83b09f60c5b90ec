import { hash, randomBytes } from 'node:crypto'
import { CrmError } from '../core/errors.ts'
import { canonicalJson } from '../core/json.ts'
import { toTimestamp } from '../core/time.ts'
import { seal } from '../crypto/chunked.ts'
import { deriveKey } from '../crypto/derive.ts'
import { type KeySlot, type OwnKey, parseKdf, type UnlockKey, wrapDataKey } from '../crypto/key-slot.ts'
import { AUDIT_KEYS, type AuditEntry, type AuditKeyRow, AuditLog, keyContext, openAuditKey } from './audit-log.ts'
import type { Database } from './database.ts'
import { type KeySlotInfo, opensSlot, proveSlot, readSlots, rewriteSlot, type StoredSlot, toSlotInfo } from './key-slots.ts'
import { INTEGRATION_COLUMNS, type SealedIntegrationRow } from './rows.ts'
import { openIntegration, sealIntegration } from './sealed.ts'
import { openDemo, resealDemo } from './sealed-demos.ts'
import type { ProfileKeys } from './sealed-integrations.ts'
import { openTokens, readTokens, sealTokens } from './sealed-tokens.ts'
import { verifyProfile } from './verify.ts'
import type { VaultWorld } from './world.ts'

/** A slot that stays, and the key that opens it. */
export interface KeptSlot {
  readonly id: string
  /** Of a slot for recipients: the identity that shows that it opens. */
  readonly key: UnlockKey
}

/** What a rotation did. */
export interface Rotation {
  /** The generation of the new data key. */
  readonly generation: number
  /** How many rows were sealed anew. */
  readonly rows: number
  readonly kept: readonly KeySlotInfo[]
  readonly dropped: readonly KeySlotInfo[]
  /** False when another process used the vault, so that the old ciphertext is still in its file. */
  readonly compacted: boolean
}

/** Keys with which rows are opened or sealed. */
type RowKeys = ProfileKeys & { readonly rowKey: Buffer }

/**
 * Gives a profile a new data key (`security.md` section 4.6): every row sealed anew and opened again, every slot wrapped anew or
 * dropped, a new audit key, in one transaction. Slots for recipients need no key to be wrapped anew; they stay unless they are dropped. No state of a rotation in progress is ever stored.
 * @param drop ids of the slots that end here. Each slot is in `keep` or in `drop`.
 * @throws {CrmError} `conflict` when the slots were changed meanwhile or one is in neither list, `damaged` when a row does not open, or is not
 *   the one that the audit log knows.
 */
export async function rotateDataKey(
  database: Database,
  world: VaultWorld,
  keys: RowKeys,
  oldDataKey: Buffer,
  log: AuditLog,
  keep: readonly KeptSlot[],
  drop: readonly string[],
): Promise<Rotation & { readonly sequence: number }> {
  const generation = keys.generation + 1
  const auditKey = log.keyGeneration
  const dataKey = randomBytes(32)
  const slots = readSlots(database, keys.profileId)
  const { kept, members, dropped } = divide(slots, keep, drop)
  // scrypt takes its time, so it is done before the transaction.
  const wrapped = [
    ...(await wrapAll(dataKey, generation, keys.profileId, kept, world)),
    ...(await wrapMembers(dataKey, generation, keys.profileId, members, oldDataKey)),
  ]
  const next: RowKeys = { ...keys, generation, rowKey: deriveKey('row', dataKey, keys.profileId) }
  const at = toTimestamp(world.clock())
  try {
    const { rows, sequence } = database.write('rotate the data key', () => {
      requireSameSlots(slots, readSlots(database, keys.profileId))
      requireStanding(database, keys, log, dropped)
      for (const { stored, slot } of wrapped) rewriteSlot(database, slot, stored.check)
      for (const { slotId } of dropped) database.run('DELETE FROM key_slots WHERE id = ?', slotId)
      const entries = [
        ...resealIntegrations(database, keys, next),
        ...resealDemos(database, keys, next),
        ...resealTokens(database, keys, next),
      ]
      resealAuditKeys(database, keys, next)
      AuditLog.createKey(database, keys.profileId, generation, auditKey + 1, next.rowKey)
      database.run('UPDATE profiles SET generation = ?, audit_key = ? WHERE id = ?', generation, auditKey + 1, keys.profileId)
      const nextLog = AuditLog.open(database, keys.profileId, auditKey + 1, next.rowKey)
      const rotated = {
        event: 'key.rotate',
        details: {
          generation,
          kept: wrapped.map(({ slot }) => idOf(slot)),
          checks: Object.fromEntries(wrapped.map(({ slot }) => [idOf(slot), slot.check.toString('hex')])),
          dropped: dropped.map(idOf),
        },
      }
      const { end } = nextLog.append([...entries, rotated], at, world.actor())
      nextLog.lock()
      return { rows: entries.length, sequence: end }
    })
    const names = { kept: wrapped.map(({ stored }) => toSlotInfo(stored)), dropped: dropped.map(toSlotInfo) }
    return { generation, rows, ...names, sequence, compacted: database.compact() }
  } finally {
    dataKey.fill(0)
    next.rowKey.fill(0)
  }
}

/**
 * What is brought back opens, and would be the audit log's last word once it is sealed anew. What is missing stays missing: the log goes
 * on saying so. @throws {CrmError} `damaged`.
 */
function requireStanding(database: Database, keys: RowKeys, log: AuditLog, dropped: readonly StoredSlot[]): void {
  const row = database.get<{ audit_count: number }>('SELECT audit_count FROM profiles WHERE id = ?', keys.profileId)
  const leaving = new Set(dropped.map(idOf))
  const first = verifyProfile(database, keys, log, row?.audit_count ?? 0).problems.find(
    ({ table, name, code }) => ['unexpected', 'older'].includes(code) && !(table === 'key_slots' && leaving.has(name)),
  )
  if (first === undefined) return
  throw new CrmError('damaged', `the profile ${keys.profile} is not as the audit log knows it: ${first.table} ${first.name}`, {
    reason: `${first.message}; nothing was changed`,
    hint: first.table === 'key_slots' ? first.hint : 'see what is affected with: crm vault verify',
  })
}

interface Kept {
  readonly stored: StoredSlot
  readonly key: OwnKey
}

function divide(
  slots: readonly StoredSlot[],
  keep: readonly KeptSlot[],
  drop: readonly string[],
): { kept: Kept[]; members: StoredSlot[]; dropped: StoredSlot[] } {
  const kept: Kept[] = []
  const members: StoredSlot[] = []
  const dropped: StoredSlot[] = []
  for (const stored of slots) {
    const known = keep.find(({ id }) => id === idOf(stored))
    if (drop.includes(idOf(stored))) dropped.push(stored)
    else if (stored.kind === 'recipient') members.push(stored)
    else if (known !== undefined && known.key.type !== 'identity') kept.push({ stored, key: known.key })
    else throw slotsChanged()
  }
  // One at least that is known to open: what is wrapped for others cannot be tried here.
  if (kept.length > 0 || members.some((stored) => keep.some(({ id }) => id === idOf(stored)))) return { kept, members, dropped }
  throw new CrmError('conflict', 'a rotation must keep one key slot', {
    reason: 'nothing could open the profile any more',
    hint: 'see the slots with: crm key list',
  })
}

async function wrapAll(
  dataKey: Buffer,
  generation: number,
  profileId: Buffer,
  kept: readonly Kept[],
  world: VaultWorld,
): Promise<{ stored: StoredSlot; slot: KeySlot }[]> {
  const wrapped: { stored: StoredSlot; slot: KeySlot }[] = []
  for (const { stored, key } of kept) {
    const { slotId, kind, label } = stored
    // A wrong passphrase would make a slot that the right one opens no more.
    if (!(await opensSlot(stored, profileId, key))) throw doesNotOpen(stored)
    const slot = await wrapDataKey(dataKey, { profileId, slotId, kind, label, generation }, key, world.scryptCost)
    await proveSlot(slot, profileId, key, dataKey)
    wrapped.push({ stored, slot })
  }
  return wrapped
}

/** A new data key goes only to recipients that a holder of the old one has written into the vault. @throws {CrmError} `damaged`. */
async function wrapMembers(
  dataKey: Buffer,
  generation: number,
  profileId: Buffer,
  members: readonly StoredSlot[],
  oldDataKey: Buffer,
): Promise<{ stored: StoredSlot; slot: KeySlot }[]> {
  if (members.length === 0) return []
  const { isProven, wrapForRecipient } = await import('../crypto/recipient-slot.ts')
  const wrapped: { stored: StoredSlot; slot: KeySlot }[] = []
  for (const stored of members) {
    const kdf = parseKdf(stored.kdf)
    if (kdf?.type !== 'age' || !isProven(stored, profileId, oldDataKey)) throw notProven(stored)
    const { slotId, label } = stored
    wrapped.push({ stored, slot: await wrapForRecipient(dataKey, { profileId, slotId, label, recipient: kdf.recipient, generation }) })
  }
  return wrapped
}

function notProven(slot: StoredSlot): CrmError {
  return new CrmError('damaged', `the slot of the member ${slot.label} was altered`, {
    reason: 'nobody who holds the key of the profile has written it so; the new key is not given to it, and nothing was changed',
    hint: `take it out: crm key remove ${idOf(slot).slice(0, 8)}, and share it anew: crm profile share <recipient>`,
  })
}

function doesNotOpen(slot: StoredSlot): CrmError {
  return new CrmError('wrong_key', `the key given does not open the ${slot.kind} slot ${slot.label}`, {
    reason: 'nothing was changed',
    hint: `give the right one, or drop the slot with: crm key rotate --drop ${idOf(slot).slice(0, 8)}`,
  })
}

function requireSameSlots(before: readonly StoredSlot[], now: readonly StoredSlot[]): void {
  const describe = (slots: readonly StoredSlot[]) => slots.map((slot) => `${idOf(slot)} ${slot.check.toString('hex')}`).join()
  if (describe(before) !== describe(now)) throw slotsChanged()
}

function slotsChanged(): CrmError {
  return new CrmError('conflict', 'the key slots were changed meanwhile', {
    hint: 'look at them with: crm key list, then run the command again',
  })
}

function resealIntegrations(database: Database, keys: RowKeys, next: RowKeys): AuditEntry[] {
  const SELECT = `SELECT ${INTEGRATION_COLUMNS}, sealed FROM integrations`
  return database.all<SealedIntegrationRow>(`${SELECT} WHERE profile_id = ? ORDER BY name`, keys.profileId).map((row) => {
    const secrets = openIntegration(keys.rowKey, keys.profileId, row)
    const sealed = sealIntegration(next.rowKey, keys.profileId, { ...row, generation: next.generation }, secrets)
    database.run('UPDATE integrations SET generation = ?, sealed = ? WHERE id = ?', next.generation, sealed, row.id)
    const again = database.get<SealedIntegrationRow>(`${SELECT} WHERE id = ?`, row.id)
    const reopened = again === undefined ? {} : openIntegration(next.rowKey, keys.profileId, again)
    if (textOf(secrets) !== textOf(reopened)) throw notTheSame(row.name)
    return resealed('integration', row.id, row.revision, sealed, { name: row.name })
  })
}

function textOf(secrets: ReturnType<typeof openIntegration>): string {
  return canonicalJson(Object.fromEntries(Object.entries(secrets).map(([field, secret]) => [field, secret.reveal()])))
}

function resealDemos(database: Database, keys: RowKeys, next: RowKeys): AuditEntry[] {
  return database
    .all<{ integration_id: Buffer; slug: string }>(
      'SELECT integration_id, slug FROM demos WHERE profile_id = ? ORDER BY slug',
      keys.profileId,
    )
    .map(({ integration_id, slug }) => {
      const demo = openDemo(database, keys, integration_id, slug)
      if (demo === undefined)
        throw new CrmError('damaged', `the demo ${slug} belongs to no integration of this vault`, {
          hint: 'see what is affected with: crm vault verify',
        })
      const sealed = resealDemo(database, next, integration_id, demo)
      const again = openDemo(database, next, integration_id, slug)
      if (canonicalJson(again?.secrets ?? null) !== canonicalJson(demo.secrets)) throw notTheSame(slug)
      return resealed('demo', demo.id, demo.revision, sealed, { slug })
    })
}

function resealTokens(database: Database, keys: RowKeys, next: RowKeys): AuditEntry[] {
  return readTokens(database, keys.profileId).map((row) => {
    const integration = row.integration_id.toString('hex')
    const owner = database.get<{ name: string }>('SELECT name FROM integrations WHERE id = ?', row.integration_id)
    const name = owner?.name ?? integration
    const plaintext = openTokens(keys.rowKey, keys.profileId, row, name)
    const renewed = { ...row, generation: next.generation }
    const sealed = sealTokens(next.rowKey, keys.profileId, renewed, plaintext)
    database.run('UPDATE tokens SET generation = ?, sealed = ? WHERE integration_id = ?', next.generation, sealed, row.integration_id)
    if (!openTokens(next.rowKey, keys.profileId, { ...renewed, sealed }, name).equals(plaintext)) throw notTheSame(name)
    plaintext.fill(0)
    return { event: 'token.reseal', details: { integration, name, revision: row.revision, sha256: hash('sha256', sealed, 'hex') } }
  })
}

/** Old audit rows go on verifying under their own keys. */
function resealAuditKeys(database: Database, { profileId, rowKey }: RowKeys, next: RowKeys): void {
  for (const row of database.all<AuditKeyRow>(AUDIT_KEYS, profileId)) {
    const key = openAuditKey(rowKey, profileId, row)
    const sealed = seal(next.rowKey, keyContext(profileId, next.generation, row.key_generation), key)
    if (!openAuditKey(next.rowKey, profileId, { ...row, generation: next.generation, sealed }).equals(key))
      throw new CrmError('internal', 'a key of the audit log did not open again')
    key.fill(0)
    database.run(
      'UPDATE audit_keys SET generation = ?, sealed = ? WHERE profile_id = ? AND key_generation = ?',
      next.generation,
      sealed,
      profileId,
      row.key_generation,
    )
  }
}

function resealed(
  noun: string,
  id: Buffer,
  revision: number,
  sealed: Buffer,
  name: { readonly name: string } | { readonly slug: string },
): AuditEntry {
  return { event: `${noun}.reseal`, details: { id: id.toString('hex'), revision, sha256: hash('sha256', sealed, 'hex'), ...name } }
}

function notTheSame(name: string): CrmError {
  return new CrmError('internal', `${name} did not open as it was under the new data key; nothing was changed`)
}

function idOf(slot: KeySlot): string {
  return slot.slotId.toString('hex')
}
