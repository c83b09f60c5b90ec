import { CrmError } from '../core/errors.ts'
import { parseName } from '../core/integration.ts'
import type { JsonObject } from '../core/json.ts'
import { toTimestamp } from '../core/time.ts'
import type { KeySlot } from '../crypto/key-slot.ts'
import type { AuditEntry, AuditLog } from './audit-log.ts'
import type { Database } from './database.ts'
import { type KeySlotInfo, type OpenedSlot, rewriteSlot } from './key-slots.ts'
import type { KnownWords, RecentWords } from './last-words.ts'
import type { ProfileKeys } from './sealed-integrations.ts'
import { auditCountOf, rememberNewest } from './seen.ts'
import type { VaultState } from './state.ts'
import type { VaultWorld } from './world.ts'

/** A slot wrapped again at today's cost, and the digest of what it replaces. */
export interface SlotRenewal {
  readonly slot: KeySlot
  readonly before: Buffer
}

/** A profile with its keys: what reading and changing anything in it needs. */
export class OpenProfile {
  /** The slot that opened the profile. */
  readonly openedBy: KeySlotInfo
  readonly #keys: ProfileKeys & { readonly rowKey: Buffer }
  readonly #dataKey: Buffer
  readonly #log: AuditLog
  #renewal: SlotRenewal | undefined
  #words: KnownWords | undefined
  #isLocked = false

  constructor(
    readonly database: Database,
    readonly world: VaultWorld,
    readonly state: VaultState,
    keys: ProfileKeys & { readonly rowKey: Buffer },
    opened: OpenedSlot,
    log: AuditLog,
    renewal?: SlotRenewal,
  ) {
    this.#keys = keys
    this.openedBy = opened.slot
    this.#dataKey = opened.dataKey
    this.#log = log
    this.#renewal = renewal
  }

  get name(): string {
    return this.#keys.profile
  }

  /** @throws {CrmError} `locked`, as do {@link dataKey} and {@link log}: what they were is zeros now, and whatever zeros seal is open to all. */
  get keys(): ProfileKeys & { readonly rowKey: Buffer } {
    this.#refuseIfLocked()
    return this.#keys
  }

  get dataKey(): Buffer {
    this.#refuseIfLocked()
    return this.#dataKey
  }

  get log(): AuditLog {
    this.#refuseIfLocked()
    return this.#log
  }

  #refuseIfLocked(): void {
    if (this.#isLocked) throw new CrmError('locked', `the profile ${this.name} was locked`, { hint: 'unlock it again' })
  }

  /** A row does not open when another process has rotated the data key since; that is no damage. @throws {CrmError} `conflict`. */
  read<Result>(read: () => Result): Result {
    try {
      return read()
    } catch (error) {
      if (error instanceof CrmError && error.code === 'damaged') this.refuseIfRotated()
      throw error
    }
  }

  /** @throws {CrmError} `conflict` when another process has rotated the data key since. */
  refuseIfRotated(): void {
    const row = this.database.get<{ generation: number }>('SELECT generation FROM profiles WHERE id = ?', this.keys.profileId)
    if (row?.generation === this.keys.generation) return
    throw new CrmError('conflict', `the data key of the profile ${this.name} was ${row === undefined ? 'removed' : 'rotated'} meanwhile`, {
      hint: 'run the command again',
      retryable: true,
    })
  }

  /** One transaction: the change and its audit rows. False when the change had nothing to record. */
  change(what: string, change: (at: string) => Iterable<AuditEntry>): boolean {
    const at = toTimestamp(this.world.clock())
    const { end, added } = this.database.write(what, () => {
      this.refuseIfRotated()
      return this.log.append(this.#withRenewal(change(at)), at, this.world.actor())
    })
    if (added === 0) return false
    this.#renewal = undefined
    rememberNewest(this.database, this.state, this.keys.profileId, end)
    return true
  }

  /** The entries, and that of a slot that is renewed with them. */
  *#withRenewal(entries: Iterable<AuditEntry>): Generator<AuditEntry> {
    let some = false
    for (const entry of entries) {
      some = true
      yield entry
    }
    if (some) yield* this.#renewSlot()
  }

  #renewSlot(): AuditEntry[] {
    if (this.#renewal === undefined || !rewriteSlot(this.database, this.#renewal.slot, this.#renewal.before)) return []
    const { slotId, kdf, check } = this.#renewal.slot
    return [{ event: 'key.renew', details: { id: slotId.toString('hex'), cost: kdf.split('$')[1] ?? '', check: check.toString('hex') } }]
  }

  /** What the audit log last says of rows, for one transaction that makes new ones of them. */
  async recentWords(): Promise<RecentWords> {
    const { KnownWords, RecentWords } = await import('./last-words.ts')
    this.#words ??= new KnownWords(this.log)
    return new RecentWords(this.#words)
  }

  /** How many rows the audit log has ever had. */
  auditCount(): number {
    return auditCountOf(this.database, this.keys.profileId)
  }

  /** Adds an event of a command that changes nothing in the vault. */
  async record(event: string, details: JsonObject, outcome = 'ok'): Promise<void> {
    this.change('write the audit log', () => [{ event, outcome, details }])
  }

  /** @throws {CrmError} `conflict` when another profile has the name. */
  async rename(profile: string): Promise<void> {
    const name = parseName(profile, 'profile')
    this.change('rename the profile', () => {
      if (this.database.get('SELECT 1 FROM profiles WHERE name = ?', name) !== undefined) {
        throw new CrmError('conflict', `the profile ${name} exists already`, { hint: 'see the profiles with: crm profile list' })
      }
      this.database.run('UPDATE profiles SET name = ? WHERE id = ?', name, this.keys.profileId)
      return [{ event: 'profile.rename', details: { from: this.name, name } }]
    })
  }

  /** Zero-fills the keys. Nothing else works afterwards. */
  lock(): void {
    this.#isLocked = true
    this.#log.lock()
    this.#keys.rowKey.fill(0)
    this.#dataKey.fill(0)
  }
}
