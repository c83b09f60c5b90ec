import { lstatSync, statSync } from 'node:fs'
import type { DemoSummary } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import type { Integration, LastTest } from '../core/integration.ts'
import type { FileOwner } from '../files/private.ts'
import type { FirstKey } from './create-profile.ts'
import { Database } from './database.ts'
import { countDemos, listDemos } from './demos.ts'
import { inspectVaultFile, refuseNetworkFileSystem } from './file.ts'
import {
  countIntegrations,
  findRow,
  type IntegrationFilter,
  type IntegrationPage,
  type IntegrationTotals,
  integrationNotFound,
  jsonPages,
  type LinePage,
  type LineWords,
  linePages,
  listIntegrations,
  type TablePage,
  tablePages,
} from './integrations.ts'
import type { KeySlotInfo, KeySources, SessionSlot } from './key-slots.ts'
import { findProfile, type ProfileRow } from './profiles.ts'
import type { CopyKeys, CopyReport } from './restore.ts'
import { toIntegration } from './rows.ts'
import { FORMAT_VERSION } from './schema.ts'
import { VaultState } from './state.ts'
import { newestTests } from './test-results.ts'
import type { UnlockedVault } from './unlocked.ts'
import type { VaultWorld } from './world.ts'

/** A profile as a list shows it. */
export interface ProfileInfo {
  readonly name: string
  readonly integrations: number
  readonly keySlots: number
  readonly createdAt: string
}

/** An integration of a list that others may stand in as well. */
export type StoredIntegration = Integration & { readonly source: 'vault' }

/** Per provider: how many integrations, and the newest test of any. */
export interface ProviderStats {
  readonly provider: string
  readonly total: number
  readonly active: number
  readonly failing: number
  readonly lastTest: LastTest | null
}

/** How far a profile is, and was; see {@link Vault.progressOf}. */
export interface VaultProgress {
  readonly sequence: number
  readonly seen: number
  readonly newestAt: string | null
}

/**
 * A vault without any key: what it can say needs none, and is not verified. {@link Vault.unlock} gives the rest.
 * Every method may throw `damaged`, `busy` and `io_failed`; those that take a profile throw `not_found` when there is none.
 */
export interface Vault {
  readonly path: string
  profiles(): Promise<readonly ProfileInfo[]>
  hasProfile(profile: string): Promise<boolean>
  /** The id of a profile, 32 hex digits. */
  profileId(profile: string): Promise<string>
  /** Creates a profile with its data key and first key slot, in one transaction. @throws CrmError `conflict` when it exists, `usage` for a key that does not fit its kind. */
  createProfile(profile: string, first: FirstKey): Promise<KeySlotInfo>
  /** Deletes a profile with everything in it. @throws CrmError `conflict` while demos made with it exist, unless forced. */
  removeProfile(profile: string, options?: { readonly force?: boolean }): Promise<void>
  keySlots(profile: string): Promise<readonly KeySlotInfo[]>
  /** Whether a raw key fits one of the profile's slots, told by its key id. */
  slotOfRawKey(profile: string, key: Buffer): Promise<KeySlotInfo | undefined>
  /** The slot that began a session; undefined where it or the data key is not what it was then. */
  slotOfSession(profile: string, session: SessionSlot): Promise<KeySlotInfo | undefined>
  list(profile: string, filter?: IntegrationFilter): Promise<readonly Integration[]>
  /** The same in pages with their JSON, for long lists in constant memory. Each integration says that it comes from the vault. */
  listPages(profile: string, filter?: IntegrationFilter): Iterable<IntegrationPage<StoredIntegration>>
  /** What a table shows of them, in pages. */
  tablePages(profile: string, filter?: IntegrationFilter): readonly TablePage[]
  /** The same as lines of cells separated by tabs, as they stand in the vault: to be looked at before they are printed. */
  linePages(profile: string, words: LineWords, filter?: IntegrationFilter): readonly LinePage[]
  totals(profile: string, filter?: IntegrationFilter): Promise<IntegrationTotals>
  providerStats(profile: string): Promise<readonly ProviderStats[]>
  /** The names in use, nothing else of the integrations. */
  names(profile: string): Promise<ReadonlySet<string>>
  /** @throws CrmError `not_found`. */
  find(profile: string, name: string): Promise<Integration>
  demos(profile: string): Promise<readonly DemoSummary[]>
  countLiveDemos(profile: string): Promise<number>
  /** What SQLite really does, by the names of its pragmas, and its own `version`; asked after a write that is taken back. */
  settingsInForce(): Promise<Readonly<Record<string, string | number>>>
  /** How far a profile is: the sequence of its audit log, the highest that this machine has seen, and its newest time (RFC 3339, or null). */
  progressOf(profile: string): Promise<VaultProgress>
  /** Bytes of the vault's files. */
  size(): Promise<number>
  /**
   * Opens a profile with the first source that fits.
   * @throws CrmError `locked`, `wrong_key`, `damaged` (a slot, the end of the audit log, or an older copy of the vault).
   */
  unlock(profile: string, sources: KeySources): Promise<UnlockedVault>
  /**
   * Opens a profile to look at what is wrong with it: neither the end of its audit log nor the age of the copy keeps it shut.
   * Use it to verify, and for nothing that uses a secret.
   */
  unlockToVerify(profile: string, sources: KeySources): Promise<UnlockedVault>
  /** Writes a verified backup of the whole vault to `file`. @throws CrmError `conflict` when there is something already, `damaged`. */
  backup(file: string, keys: CopyKeys): Promise<CopyReport>
  /** Replaces the content by that of a backup, verified first; what was there stays in a file beside the vault. */
  restore(file: string, keys: CopyKeys): Promise<CopyReport & { readonly previous: string }>
  /** Accepts that this copy is older than the last one used here; the profile must open. */
  acceptOlder(profile: string, sources: KeySources): Promise<void>
  close(): void
}

/**
 * Opens the vault at `path`.
 * @param mode `create` makes an empty vault when there is none; `open` throws `not_found`.
 * @throws {CrmError} `not_found`, `unsafe_file`, `damaged`, `newer_format`, `busy`, `io_failed`.
 */
export async function openVault(path: string, world: VaultWorld, mode: 'open' | 'create' = 'open'): Promise<Vault> {
  const owner: FileOwner = { uid: world.allowUnsafeFile === true ? undefined : world.uid }
  const state = inspectVaultFile(path, owner)
  if (state === 'present') {
    if (world.allowUnsafeFile !== true) refuseNetworkFileSystem(path)
    return new SqliteVault(await openNewest(path, world), world)
  }
  if (mode === 'open') throw noVault(path)
  const { createVaultFile } = await import('./create.ts')
  createVaultFile(path, world.clock)
  inspectVaultFile(path, owner)
  return new SqliteVault(await openNewest(path, world), world)
}

/**
 * Restores a backup in the place of a vault that is damaged so that it does not open. The damaged one is kept, beside it.
 * @throws {CrmError} as {@link Vault.restore}.
 */
export async function restoreDamagedVault(
  path: string,
  world: VaultWorld,
  file: string,
  keys: CopyKeys,
): Promise<CopyReport & { readonly previous: string }> {
  const { restoreVault } = await import('./restore.ts')
  return restoreVault(path, file, { world, state: new VaultState(world.stateDirectory), keys })
}

/** Opens the file, and brings an older format up to date. */
async function openNewest(path: string, world: VaultWorld): Promise<Database> {
  const database = Database.open(path)
  if (database.version === FORMAT_VERSION) return database
  try {
    const { migrate } = await import('./migrate.ts')
    migrate(database, world)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function noVault(path: string): CrmError {
  return new CrmError('not_found', `there is no vault at ${path}`, { hint: 'make one with: crm init' })
}

class SqliteVault implements Vault {
  readonly #state: VaultState

  constructor(
    readonly database: Database,
    readonly world: VaultWorld,
  ) {
    this.#state = new VaultState(world.stateDirectory)
  }

  get path(): string {
    return this.database.path
  }

  async profiles(): Promise<readonly ProfileInfo[]> {
    return this.database.all<ProfileInfo>(
      `SELECT p.name, (SELECT count(*) FROM integrations i WHERE i.profile_id = p.id) AS integrations,
       (SELECT count(*) FROM key_slots k WHERE k.profile_id = p.id) AS keySlots, p.created_at AS createdAt FROM profiles p ORDER BY p.name`,
    )
  }

  async hasProfile(profile: string): Promise<boolean> {
    return findProfile(this.database, profile) !== undefined
  }

  async profileId(profile: string): Promise<string> {
    return this.#requireProfile(profile).id.toString('hex')
  }

  async createProfile(profile: string, first: FirstKey): Promise<KeySlotInfo> {
    // Whatever needs a key is loaded when it is needed: a list must not pay for the cryptography.
    const { createProfile } = await import('./create-profile.ts')
    return createProfile(this.database, this.world, this.#state, profile, first)
  }

  async removeProfile(profile: string, options: { readonly force?: boolean } = {}): Promise<void> {
    const row = this.#requireProfile(profile)
    this.database.write('remove the profile', () => {
      const demos = countDemos(this.database, { profileId: row.id })
      if (demos > 0 && options.force !== true) {
        throw new CrmError('conflict', `the profile ${row.name} still has ${demos} ${demos === 1 ? 'demo' : 'demos'}`, {
          hint: `remove them first with: crm -p ${row.name} demo-remove --all`,
        })
      }
      this.database.run('DELETE FROM demos WHERE profile_id = ?', row.id)
      this.database.run('DELETE FROM profiles WHERE id = ?', row.id)
    })
  }

  async keySlots(profile: string): Promise<readonly KeySlotInfo[]> {
    const { readSlots, toSlotInfo } = await import('./key-slots.ts')
    return readSlots(this.database, this.#requireProfile(profile).id).map(toSlotInfo)
  }

  async slotOfRawKey(profile: string, key: Buffer): Promise<KeySlotInfo | undefined> {
    const { slotOfRawKey } = await import('./key-slots.ts')
    return slotOfRawKey(this.database, this.#requireProfile(profile).id, key)
  }

  async slotOfSession(profile: string, session: SessionSlot): Promise<KeySlotInfo | undefined> {
    const { findSessionSlot, readSlots, toSlotInfo } = await import('./key-slots.ts')
    const row = this.#requireProfile(profile)
    const slot = findSessionSlot(readSlots(this.database, row.id), row, session)
    return slot === undefined ? undefined : toSlotInfo(slot)
  }

  async list(profile: string, filter: IntegrationFilter = {}): Promise<readonly Integration[]> {
    const row = this.#requireProfile(profile)
    return listIntegrations(this.database, row.id, row.name, filter)
  }

  listPages(profile: string, filter: IntegrationFilter = {}): Iterable<IntegrationPage<StoredIntegration>> {
    const row = this.#requireProfile(profile)
    return jsonPages(this.database, row.id, row.name, filter, { source: 'vault' })
  }

  tablePages(profile: string, filter: IntegrationFilter = {}): readonly TablePage[] {
    return tablePages(this.database, this.#requireProfile(profile).id, filter)
  }

  linePages(profile: string, words: LineWords, filter: IntegrationFilter = {}): readonly LinePage[] {
    return linePages(this.database, this.#requireProfile(profile).id, filter, words)
  }

  async totals(profile: string, filter: IntegrationFilter = {}): Promise<IntegrationTotals> {
    return countIntegrations(this.database, this.#requireProfile(profile).id, filter)
  }

  async providerStats(profile: string): Promise<readonly ProviderStats[]> {
    const { id } = this.#requireProfile(profile)
    const newest = newestTests(this.database, id)
    return this.database
      .all<Omit<ProviderStats, 'lastTest'>>(
        `SELECT provider, count(*) AS total, sum(active) AS active, sum(active AND last_outcome IS 'failed') AS failing
         FROM integrations WHERE profile_id = ? GROUP BY provider ORDER BY provider`,
        id,
      )
      .map((row) => ({ ...row, lastTest: newest.get(row.provider) ?? null }))
  }

  async names(profile: string): Promise<ReadonlySet<string>> {
    const { id } = this.#requireProfile(profile)
    return new Set(this.database.column<string>('SELECT name FROM integrations WHERE profile_id = ?', id))
  }

  async find(profile: string, name: string): Promise<Integration> {
    const { id, name: profileName } = this.#requireProfile(profile)
    const row = findRow(this.database, id, name)
    if (row === undefined) throw integrationNotFound(name)
    return toIntegration(row, profileName, false)
  }

  async demos(profile: string): Promise<readonly DemoSummary[]> {
    return listDemos(this.database, this.#requireProfile(profile).id)
  }

  async countLiveDemos(profile: string): Promise<number> {
    return countDemos(this.database, { profileId: this.#requireProfile(profile).id })
  }

  async settingsInForce(): Promise<Readonly<Record<string, string | number>>> {
    return this.database.settingsInForce()
  }

  async progressOf(profile: string): Promise<VaultProgress> {
    const { progressOf } = await import('./seen.ts')
    const { id } = this.#requireProfile(profile)
    const { count: sequence, seen } = progressOf(this.database, this.#state, id)
    const newestAt = this.database.get<{ at: string | null }>('SELECT max(at) AS at FROM audit WHERE profile_id = ?', id)?.at ?? null
    return { sequence, seen, newestAt }
  }

  async size(): Promise<number> {
    const files = [this.path, `${this.path}-wal`, `${this.path}-shm`]
    return files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0)
  }

  async unlock(profile: string, sources: KeySources): Promise<UnlockedVault> {
    const { unlockProfile } = await import('./unlock.ts')
    const unlocked = await unlockProfile(this.database, this.world, this.#state, this.#requireProfile(profile), sources)
    unlocked.checkAge()
    unlocked.foldNotes()
    return unlocked
  }

  async unlockToVerify(profile: string, sources: KeySources): Promise<UnlockedVault> {
    const { unlockProfile } = await import('./unlock.ts')
    return unlockProfile(this.database, this.world, this.#state, this.#requireProfile(profile), sources, 'any end')
  }

  async backup(file: string, keys: CopyKeys): Promise<CopyReport> {
    if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) {
      throw new CrmError('conflict', `there is something at ${file} already`, { hint: 'name a file that does not exist' })
    }
    const { backupVault } = await import('./restore.ts')
    return backupVault(this.database, file, keys)
  }

  async restore(file: string, keys: CopyKeys): Promise<CopyReport & { readonly previous: string }> {
    const { restoreVault } = await import('./restore.ts')
    return restoreVault(this.database, file, { world: this.world, state: this.#state, keys })
  }

  async acceptOlder(profile: string, sources: KeySources): Promise<void> {
    const { unlockProfile } = await import('./unlock.ts')
    const unlocked = await unlockProfile(this.database, this.world, this.#state, this.#requireProfile(profile), sources)
    unlocked.acceptOlder()
    unlocked.lock()
  }

  close(): void {
    this.database.close()
  }

  #requireProfile(profile: string): ProfileRow {
    const row = findProfile(this.database, profile)
    if (row !== undefined) return row
    throw new CrmError('not_found', `there is no profile ${profile.toLowerCase()} in this vault`, {
      hint: `make it with: crm -p ${profile.toLowerCase()} init`,
    })
  }
}
