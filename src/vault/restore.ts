import { copyFileSync, constants as fs, renameSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { CrmError } from '../core/errors.ts'
import { timeInName, toTimestamp } from '../core/time.ts'
import { deriveKey } from '../crypto/derive.ts'
import { syncDirectory } from '../files/private.ts'
import { AuditLog } from './audit-log.ts'
import { synchronise, writeBackup } from './backup.ts'
import { removeVaultFiles } from './create.ts'
import { Database } from './database.ts'
import { createPrivateFile, isReplaceable } from './file.ts'
import { type KeySources, openAnySlot, readSlots } from './key-slots.ts'
import { setLogAside } from './left-log.ts'
import { countRows, migrateCopy, tablesOf } from './migrate.ts'
import { findProfile, type ProfileRow } from './profiles.ts'
import { FORMAT_VERSION } from './schema.ts'
import type { ProfileKeys } from './sealed-integrations.ts'
import { noteRestored } from './seen.ts'
import type { VaultState } from './state.ts'
import { verifyProfile } from './verify.ts'
import type { VaultWorld } from './world.ts'

/** What a backup or a restore has read and checked. */
export interface CopyReport {
  /** How many rows were opened. */
  readonly rows: number
  /** The profiles whose rows were all opened. */
  readonly verified: readonly string[]
  /** Those whose keys were not at hand. */
  readonly unverified: readonly string[]
}

/** Keys for the profiles of a copy: those of `profile` are needed, any other that is at hand is used. */
export interface CopyKeys {
  readonly profile: string
  sources(profile: string): KeySources
}

interface OpenedCopy {
  readonly row: ProfileRow
  readonly keys: ProfileKeys & { readonly rowKey: Buffer }
  readonly log: AuditLog
}

/**
 * Writes a backup of the whole vault: consistent, read back, every row of every profile that opens with the keys at hand opened.
 * @throws {CrmError} `damaged` when a row does not open, `locked` and `wrong_key` for `keys.profile`, `io_failed`.
 */
export async function backupVault(database: Database, file: string, keys: CopyKeys): Promise<CopyReport> {
  const opened = await openProfiles(database, keys)
  try {
    let rows = 0
    writeBackup(database, file, (copy) => {
      rows = verifyAll(copy, opened, 'the vault')
    })
    return report(database, opened, rows)
  } finally {
    lockAll(opened)
  }
}

/** Where a backup is restored to, and by what it is done. */
export interface RestoreTools {
  readonly world: VaultWorld
  readonly state: VaultState
  readonly keys: CopyKeys
}

/**
 * Replaces the content of the vault by that of a backup (`security.md` section 14). The backup is verified in a copy first; then all
 * rows are replaced in one transaction, the content of before is kept in a file beside the vault, and the memory of the newest
 * state follows. Interrupted anywhere, the vault holds the one or the other. A vault whose pages cannot be read is replaced as a file.
 * @param target the open vault, or the path of one that does not open.
 * @throws {CrmError} `damaged`, `newer_format`, `not_found` for a profile that is not in the backup, `locked`, `wrong_key`, `io_failed`.
 */
export async function restoreVault(
  target: Database | string,
  file: string,
  { world, state, keys }: RestoreTools,
): Promise<CopyReport & { readonly previous: string }> {
  const path = typeof target === 'string' ? target : target.path
  const temporary = `${path}.restoring`
  removeVaultFiles(temporary)
  try {
    copyPrivately(file, temporary)
    const copy = Database.open(temporary)
    let opened: OpenedCopy[] = []
    let result: CopyReport
    try {
      copy.check('integrity_check')
      if (copy.version < FORMAT_VERSION) migrateCopy(copy)
      opened = await openProfiles(copy, keys)
      result = report(copy, opened, verifyAll(copy, opened, `the backup ${file}`))
    } finally {
      copy.close()
    }
    const at = toTimestamp(world.clock())
    const source: Source = { from: temporary, opened, at, world, state, name: basename(file) }
    const previous = typeof target === 'string' ? replaceFile(path, source) : replaceContent(target, source)
    lockAll(opened)
    return { ...result, previous }
  } finally {
    removeVaultFiles(temporary)
  }
}

/** A verified backup that is about to be put in place. */
interface Source {
  readonly from: string
  readonly opened: readonly OpenedCopy[]
  readonly at: string
  readonly world: VaultWorld
  readonly state: VaultState
  /** What the backup is called. */
  readonly name: string
}

/** @returns the backup of what was there before. */
function replaceContent(database: Database, source: Source): string {
  const previous = `${database.path}.before-restore-${timeInName(source.at)}.backup`
  try {
    fill(database, source, previous, () => writeBackup(database, previous))
    database.compact()
    return previous
  } catch (error) {
    // It opened, and its pages do not fit each other further in.
    if (!isReplaceable(error)) throw error
    database.close()
    return replaceFile(database.path, source)
  }
}

/**
 * Puts a new vault in the place of one that cannot be read. That is kept as it is, with what SQLite has left beside it.
 * @returns where.
 */
function replaceFile(path: string, source: Source): string {
  const previous = `${path}.damaged-${timeInName(source.at)}`
  const fresh = `${path}.restored`
  removeVaultFiles(fresh)
  try {
    createPrivateFile(fresh)
    const database = Database.create(fresh)
    try {
      fill(database, source, previous, () => {})
    } finally {
      database.close()
    }
    copyFileSync(path, previous, fs.COPYFILE_EXCL | fs.COPYFILE_FICLONE)
    synchronise(previous)
    setLogAside(path, previous)
    renameSync(fresh, path)
    syncDirectory(dirname(path))
    return previous
  } finally {
    removeVaultFiles(fresh)
  }
}

/** Replaces every row, in one transaction. @param begin runs in it first: it keeps every other writer out, so what is there then is what is replaced. */
function fill(database: Database, source: Source, previous: string, begin: () => void): void {
  const { from, opened, at, world, state, name } = source
  const ends = new Map<string, number>()
  const tables = tablesOf(FORMAT_VERSION)
  const copy = Database.openCopy(from)
  const expected = countRows(copy, FORMAT_VERSION).join()
  copy.close()
  database.replaceRows(
    from,
    tables,
    () => {
      for (const row of database.all<ProfileRow>('SELECT id, audit_count FROM profiles')) ends.set(row.id.toString('hex'), row.audit_count)
      begin()
    },
    () => {
      if (countRows(database, FORMAT_VERSION).join() !== expected)
        throw new CrmError('internal', 'the restored vault does not hold what the backup holds; nothing was changed')
      for (const { row, keys } of opened) {
        const log = AuditLog.open(database, row.id, row.audit_key, keys.rowKey)
        log.append(
          [{ event: 'vault.restore', details: { file: name, previous: basename(previous), rows: row.audit_count } }],
          at,
          world.actor(),
        )
        log.lock()
      }
      // Before the commit: killed after it, this machine would take the restored vault for an old copy that somebody put there.
      for (const { id } of database.all<ProfileRow>('SELECT id FROM profiles'))
        noteRestored(database, state, id, ends.get(id.toString('hex')) ?? state.highestSequence(id), world.clock())
    },
  )
  for (const row of database.all<ProfileRow>('SELECT id, audit_count FROM profiles')) state.rememberSequence(row.id, row.audit_count, true)
}

/** Opens the profile that must open, and what else the keys at hand open. */
async function openProfiles(database: Database, keys: CopyKeys): Promise<OpenedCopy[]> {
  const required = findProfile(database, keys.profile)
  const names = database.all<{ name: string }>('SELECT name FROM profiles ORDER BY name').map(({ name }) => name)
  if (required === undefined) {
    throw new CrmError('not_found', `there is no profile ${keys.profile} in it`, {
      reason: `its profiles: ${names.join(', ')}`,
      hint: names[0] === undefined ? 'name another file' : `name one of them: crm -p ${names[0]} vault ...`,
    })
  }
  const opened = [await openProfile(database, required, keys)]
  for (const name of names) {
    const row = name === required.name ? undefined : findProfile(database, name)
    const other = row === undefined ? undefined : await openIfPossible(database, row, keys)
    if (other !== undefined) opened.push(other)
  }
  return opened
}

async function openProfile(database: Database, row: ProfileRow, keys: CopyKeys): Promise<OpenedCopy> {
  const { dataKey } = await openAnySlot(readSlots(database, row.id), row, keys.sources(row.name))
  const rowKey = deriveKey('row', dataKey, row.id)
  dataKey.fill(0)
  const log = AuditLog.open(database, row.id, row.audit_key, rowKey)
  return { row, keys: { profileId: row.id, profile: row.name, generation: row.generation, rowKey }, log }
}

async function openIfPossible(database: Database, row: ProfileRow, keys: CopyKeys): Promise<OpenedCopy | undefined> {
  try {
    return await openProfile(database, row, keys)
  } catch (error) {
    if (error instanceof CrmError && (error.code === 'locked' || error.code === 'wrong_key')) return undefined
    throw error
  }
}

/** Opens every row of the opened profiles. @throws {CrmError} `damaged` naming the first thing that is wrong. */
function verifyAll(copy: Database, opened: readonly OpenedCopy[], what: string): number {
  let rows = 0
  for (const { row, keys, log } of opened) {
    // The log of this very copy, under keys that were opened before.
    const found = verifyProfile(copy, keys, log.of(copy), findProfile(copy, row.name)?.audit_count ?? 0)
    const [first] = found.problems
    if (first !== undefined) {
      throw new CrmError('damaged', `${what} is not whole: ${first.table} ${first.name}: ${first.message}`, {
        reason: `${found.problems.length} ${found.problems.length === 1 ? 'problem' : 'problems'} in the profile ${row.name}; nothing was changed`,
        hint: 'see all of them with: crm vault verify, or take another backup',
      })
    }
    rows += found.rows
  }
  return rows
}

function report(database: Database, opened: readonly OpenedCopy[], rows: number): CopyReport {
  const verified = opened.map(({ row }) => row.name)
  const names = database.all<{ name: string }>('SELECT name FROM profiles ORDER BY name').map(({ name }) => name)
  return { rows, verified, unverified: names.filter((name) => !verified.includes(name)) }
}

function lockAll(opened: readonly OpenedCopy[]): void {
  for (const { keys, log } of opened) {
    keys.rowKey.fill(0)
    log.lock()
  }
}

function copyPrivately(file: string, to: string): void {
  // A directory cannot be copied so, and to open a pipe waits for whoever writes into it.
  if (statSync(file, { throwIfNoEntry: false })?.isFile() === false)
    throw new CrmError('usage', `the backup ${file} is not a regular file`, { hint: 'name a file that crm vault backup has written' })
  createPrivateFile(to)
  copyFileSync(file, to, fs.COPYFILE_FICLONE)
}
