import { CrmError } from '../core/errors.ts'
import { timeInName, toTimestamp } from '../core/time.ts'
import { writeBackup } from './backup.ts'
import type { Database } from './database.ts'
import { FORMAT_VERSION, MIGRATIONS, SCHEMAS } from './schema.ts'
import { VaultState } from './state.ts'
import type { VaultWorld } from './world.ts'

/** A migration that was made. */
export interface Migration {
  readonly from: number
  readonly to: number
  /** Where the vault lies as it was. */
  readonly backup: string
}

/**
 * Brings an older vault to today's format (`security.md` section 14): a backup beside it, then one transaction, verified before it
 * is committed. The transaction is held from before the backup is made, so that the backup is what is migrated, and a second process
 * finds the work done. Interrupted anywhere, the file has its old format or its new one.
 * @throws {CrmError} `busy`, `io_failed`, `damaged`.
 */
export function migrate(database: Database, world: VaultWorld): void {
  const at = toTimestamp(world.clock())
  const migration = database.write(`migrate the vault ${database.path}`, () => {
    const from = database.version
    if (from === FORMAT_VERSION) return undefined
    const backup = `${database.path}.v${from}-${timeInName(at)}.backup`
    writeBackup(database, backup)
    change(database, from)
    return { from, to: FORMAT_VERSION, backup }
  })
  if (migration === undefined) return
  const state = new VaultState(world.stateDirectory)
  const profiles = database.all<{ id: Buffer }>('SELECT id FROM profiles')
  // The log takes it up at the next unlock: there is no key here.
  for (const { id } of profiles)
    state.note(id, {
      event: 'vault.migrate',
      at,
      actor: world.actor(),
      outcome: 'ok',
      reason: `format ${migration.from} to ${migration.to}`,
    })
  world.onMigrated?.(migration)
}

/** Brings a copy that nobody else uses to today's format; it needs no backup. @throws {CrmError} `damaged`, `io_failed`. */
export function migrateCopy(copy: Database): void {
  copy.write(`migrate the copy ${copy.path}`, () => change(copy, copy.version))
}

function change(database: Database, from: number): void {
  const rows = countRows(database, from)
  for (let version = from; version < FORMAT_VERSION; version += 1) database.define(MIGRATIONS[version] ?? [], version + 1)
  verify(database, from, rows)
}

/** Nothing of the old format was lost on the way. @throws {CrmError} `internal`, which rolls back. */
function verify(database: Database, from: number, before: readonly number[]): void {
  database.checkStructure(FORMAT_VERSION)
  const broken = database.all('PRAGMA foreign_key_check')
  if (broken.length > 0 || countRows(database, from).join() !== before.join())
    throw new CrmError('internal', 'the migrated vault does not hold what it held before; nothing was changed')
}

/** How many rows each table of a format has. */
export function countRows(database: Database, version: number): number[] {
  return tablesOf(version).map((table) => database.get<{ count: number }>(`SELECT count(*) AS count FROM ${table}`)?.count ?? 0)
}

/** The tables of a format. */
export function tablesOf(version: number): string[] {
  return (SCHEMAS[version] ?? []).flatMap((text) => /^CREATE TABLE (\w+)/.exec(text)?.[1] ?? [])
}
