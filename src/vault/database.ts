import { Buffer } from 'node:buffer'
import { accessSync, constants, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import Sqlite from 'better-sqlite3'
import { CrmError } from '../core/errors.ts'
import { checkFormat, ofAnotherProgram, RESTORE } from './file.ts'
import { fileAt, setLogAside } from './left-log.ts'
import { APPLICATION_ID, FORMAT_VERSION, SCHEMAS } from './schema.ts'

/** How long a command waits for another one that writes, in milliseconds. */
const BUSY_TIMEOUT_MS = 10_000

/**
 * A vault of more pages than this (4 KiB each, some 300 integrations) is not read through on every open: that takes 15 microseconds a
 * page, and the time of a command must not grow with the vault. Whatever is used is authenticated by its seal, and `crm vault verify`
 * reads everything.
 */
const QUICK_CHECK_PAGES = 128
/** Small tables that everything hangs on: of a larger vault, these are read through. */
const KEY_TABLES: readonly string[] = ['profiles', 'key_slots', 'audit_keys']

/** Whether a query asks for rows of one of them alone: those were read through, and to ask SQLite for the columns takes as long as the query. */
function isOfKeyTable(sql: string): boolean {
  const from = sql.indexOf(' FROM ')
  return KEY_TABLES.some((table) => sql.startsWith(`${table} WHERE `, from + 6)) && sql.lastIndexOf(' FROM ') === from
}

/** What a connection is told first. */
const PRAGMAS = [
  // FULL, not the NORMAL that the library is compiled with for WAL: an acknowledged commit survives power loss.
  'synchronous = FULL',
  'fullfsync = ON',
  'foreign_keys = ON',
  'trusted_schema = OFF',
  'secure_delete = ON',
  'cell_size_check = ON',
  'mmap_size = 0',
  'temp_store = MEMORY',
]
  .map((pragma) => `PRAGMA ${pragma};`)
  .join('')

/** An open vault file. Every statement of the vault goes through it. */
export class Database {
  readonly #sqlite: Sqlite.Database
  readonly #statements = new Map<string, Sqlite.Statement<unknown[]>>()
  /** By query: what its columns hold, if all is as it was written. */
  readonly #columns = new Map<string, readonly StoredColumn[]>()
  /** The file that is open, by which another one in its place is told from it. */
  readonly #file: string
  /** Its log, which stays while it is open; empty before it was read. */
  #log = ''
  #writing = false
  #isReadThrough = false

  private constructor(
    readonly path: string,
    sqlite: Sqlite.Database,
  ) {
    this.#sqlite = sqlite
    this.#file = fileAt(path)
  }

  /**
   * Opens an existing vault.
   * @throws {CrmError} `damaged` when its schema is not the expected one, `newer_format`, `busy`, `io_failed`.
   */
  static open(path: string): Database {
    const database = Database.#connect(path)
    try {
      // One view: another process may migrate the vault at this moment.
      database.read(() => {
        const format = database.#formatOf()
        checkFormat(path, format.applicationId, format.version)
        if (format.version === 0) throw ofAnotherProgram(path)
        database.checkStructure(format.version)
      })
      database.#log = fileAt(`${path}-wal`)
      return database
    } catch (error) {
      database.close()
      throw named(error, `open the vault ${path}`, path)
    }
  }

  /** Writes the tables into an empty file made by `createPrivateFile`; a vault that another process made meanwhile is opened. */
  static create(path: string): Database {
    const database = Database.#connect(path)
    try {
      database.#sqlite.pragma('journal_mode = WAL')
      database.#sqlite.pragma('synchronous = FULL')
      database.write('create the vault', () => {
        if (database.#formatOf().version !== 0) return
        database.#sqlite.pragma(`application_id = ${APPLICATION_ID}`)
        database.define(SCHEMAS[FORMAT_VERSION] ?? [], FORMAT_VERSION)
      })
      // The header of the file itself says what it is, from the first moment on.
      database.#sqlite.pragma('wal_checkpoint(TRUNCATE)')
      database.checkStructure(FORMAT_VERSION)
      database.#isReadThrough = true
      return database
    } catch (error) {
      database.close()
      throw named(error, `create the vault ${path}`)
    }
  }

  /** Opens a copy of a vault, such as a backup, to read all of it; its file is not touched. @throws {CrmError} as {@link open}. */
  static openCopy(path: string): Database {
    const database = Database.#connect(path, true)
    try {
      const format = database.#formatOf()
      checkFormat(path, format.applicationId, format.version)
      if (format.version === 0) throw ofAnotherProgram(path)
      database.checkStructure(format.version)
      database.check('integrity_check')
      database.#isReadThrough = true
      return database
    } catch (error) {
      database.close()
      throw named(error, `read the vault ${path}`)
    }
  }

  static #connect(path: string, readonly = false): Database {
    try {
      const sqlite = new Sqlite(path, { timeout: BUSY_TIMEOUT_MS, fileMustExist: true, readonly })
      sqlite.unsafeMode(false)
      sqlite.exec(PRAGMAS)
      return new Database(path, sqlite)
    } catch (error) {
      throw named(error, `open the vault ${path}`, path)
    }
  }

  /** The format of the file, as committed or as changed by the open transaction. */
  get version(): number {
    return this.#formatOf().version
  }

  /**
   * What SQLite really does on this connection, by the names of its pragmas: asked after a write, for some settings take hold only then.
   * The write is taken back, so that not a byte of the file changes.
   */
  settingsInForce(): Readonly<Record<string, string | number>> {
    const names = [
      'journal_mode',
      'synchronous',
      'foreign_keys',
      'secure_delete',
      'trusted_schema',
      'cell_size_check',
      'mmap_size',
      'temp_store',
    ]
    const takenBack = new Error('taken back')
    try {
      this.write('try a write', () => {
        this.#sqlite.exec('UPDATE profiles SET audit_count = audit_count')
        throw takenBack
      })
    } catch (error) {
      if (error !== takenBack) throw error
    }
    const read = (name: string): string | number => this.#sqlite.pragma(name, { simple: true }) as string | number
    const version = String(this.#sqlite.prepare('SELECT sqlite_version()').pluck().get())
    return { ...Object.fromEntries(names.map((name) => [name, read(name)])), version }
  }

  /** Changes the structure; only inside {@link write}. */
  define(statements: readonly string[], version: number): void {
    if (!this.#sqlite.inTransaction) throw new CrmError('internal', 'a write outside of a transaction')
    for (const statement of statements) this.#sqlite.exec(statement)
    this.#sqlite.pragma(`user_version = ${version}`)
  }

  /**
   * Replaces every row by those of another vault of the same format, in one immediate transaction.
   * @param finish runs inside the transaction, once the rows are there; what it throws leaves everything as it was.
   */
  replaceRows<Result>(from: string, tables: readonly string[], begin: () => void, finish: () => Result): Result {
    this.#guard(() => this.#sqlite.prepare('ATTACH ? AS other').run(from))
    try {
      return this.write('restore the vault', () => {
        begin()
        // Rows stand for each other across tables: they are checked once all are there.
        this.#sqlite.pragma('defer_foreign_keys = ON')
        for (const table of tables) this.#sqlite.exec(`DELETE FROM main.${table}`)
        for (const table of tables) this.#sqlite.exec(`INSERT INTO main.${table} SELECT * FROM other.${table}`)
        return finish()
      })
    } finally {
      this.#sqlite.exec('DETACH other')
    }
  }

  /**
   * Copies what is committed into an empty file. A connection of its own does it, so that it works while this one holds a
   * transaction, which then keeps every other writer out.
   */
  copyInto(emptyFile: string): void {
    const copier = Database.#connect(this.path)
    try {
      copier.#sqlite.prepare('VACUUM INTO ?').run(emptyFile)
    } catch (error) {
      throw named(error, `copy the vault to ${emptyFile}`)
    } finally {
      copier.close()
    }
  }

  #formatOf(): { applicationId: number; version: number } {
    return {
      applicationId: Number(this.#sqlite.pragma('application_id', { simple: true })),
      version: Number(this.#sqlite.pragma('user_version', { simple: true })),
    }
  }

  /** The tables are those of a format, in its exact text. @throws {CrmError} `damaged`. */
  checkStructure(version: number): void {
    // A vacuum writes tables before indexes, so the order says nothing.
    const found = this.#sqlite.prepare('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL').pluck().all() as string[]
    const encoding = this.#sqlite.pragma('encoding', { simple: true })
    if (encoding !== 'UTF-8' || found.sort().join('\n') !== [...(SCHEMAS[version] ?? [])].sort().join('\n')) {
      throw new CrmError('damaged', `the structure of the vault ${this.path} was changed`, {
        reason: 'its tables, indexes or triggers are not those that crm writes',
        hint: RESTORE,
      })
    }
    const pages = Number(this.#sqlite.pragma('page_count', { simple: true }))
    this.#isReadThrough = pages <= QUICK_CHECK_PAGES
    if (this.#isReadThrough) this.check('quick_check')
    else for (const table of KEY_TABLES) this.check('quick_check', table)
  }

  /** Runs SQLite's own check of the file, or of one table. @throws {CrmError} `damaged` with its first finding. */
  check(kind: 'quick_check' | 'integrity_check', table?: string): void {
    const finding = String(this.#sqlite.pragma(`${kind}(${table ?? 1})`, { simple: true }))
    if (finding === 'ok') return
    throw new CrmError('damaged', `the vault ${this.path} is damaged`, {
      // The first line may be a heading: `*** in database main ***`.
      reason: finding.split('\n').find((line) => !line.startsWith('***')) ?? finding,
      hint: RESTORE,
    })
  }

  /** All rows of a query. @throws {CrmError} `damaged` for a value of another kind than its column has. */
  all<Row>(sql: string, ...values: unknown[]): Row[] {
    const rows = this.allAsStored<Row>(sql, ...values)
    for (const row of rows) this.#refuseOdd(sql, row)
    return rows
  }

  /** The same as they are stored: whoever reads them asks {@link oddColumn} of each. */
  allAsStored<Row>(sql: string, ...values: unknown[]): Row[] {
    return this.#query(sql, (statement) => statement.all(...values) as Row[])
  }

  /** The first column of a query. @throws {CrmError} `damaged` for a value of another kind than its column has. */
  column<Value>(sql: string, ...values: unknown[]): Value[] {
    const found = this.#query(sql, (statement) => statement.pluck().all(...values) as Value[])
    if (!this.#isReadThrough) {
      const [column] = this.#columnsOf(sql)
      if (column !== undefined && found.some((value) => !column.holds(value))) throw this.#odd(column.name)
    }
    return found
  }

  /** The first row of a query. @throws {CrmError} `damaged` for a value of another kind than its column has. */
  get<Row>(sql: string, ...values: unknown[]): Row | undefined {
    const row = this.#query(sql, (statement) => statement.get(...values) as Row | undefined)
    if (row !== undefined) this.#refuseOdd(sql, row)
    return row
  }

  /**
   * The first column of a row that holds what SQLite itself never lets into it: a value of another kind, or none. Of small vaults, every
   * value was held against its column when the file was opened.
   */
  oddColumn(sql: string, row: unknown): string | undefined {
    if (this.#isReadThrough || isOfKeyTable(sql)) return undefined
    return this.#columnsOf(sql).find(({ name, holds }) => !holds((row as Readonly<Record<string, unknown>>)[name]))?.name
  }

  #refuseOdd(sql: string, row: unknown): void {
    const odd = this.oddColumn(sql, row)
    if (odd !== undefined) throw this.#odd(odd)
  }

  #odd(column: string, cause?: unknown): CrmError {
    return new CrmError('damaged', `the vault ${this.path} was changed outside of crm`, {
      reason: `a value of ${column} is none that was ever written`,
      hint: 'see what is affected with: crm vault verify',
      ...(cause === undefined ? {} : { cause }),
    })
  }

  #columnsOf(sql: string): readonly StoredColumn[] {
    let columns = this.#columns.get(sql)
    if (columns === undefined) {
      columns = this.#prepare(sql).columns().flatMap(storedColumn)
      this.#columns.set(sql, columns)
    }
    return columns
  }

  #query<Result>(sql: string, take: (statement: Sqlite.Statement<unknown[]>) => Result): Result {
    return this.#guard(() => {
      const statement = this.#prepare(sql)
      try {
        return take(statement)
      } catch (error) {
        // Our statements are sound: what they cannot work on was written by somebody else.
        throw isContentError(error) ? this.#odd('a row', error) : error
      }
    })
  }

  /** Runs a statement; the number of rows it changed. Only inside {@link write}. */
  run(sql: string, ...values: unknown[]): number {
    if (!this.#writing) throw new CrmError('internal', 'a write outside of a transaction')
    return this.#prepare(sql).run(...values).changes
  }

  /**
   * Runs `change` in one immediate, durable transaction: all of it is on disk when this returns, or none of it happened.
   * A deferred transaction that turns into a write fails at once under contention, whatever the time-out.
   * @param what names the operation in a disk error: "save the integration".
   * @throws {CrmError} `busy` after 10 s, `conflict` when another file was put in the place of the vault, `io_failed` when the disk
   *   refuses, and whatever `change` throws.
   */
  write<Result>(what: string, change: () => Result): Result {
    this.#refuseIfClosed()
    try {
      this.#sqlite.exec('BEGIN IMMEDIATE')
      this.#writing = true
      try {
        this.#refuseIfReplaced()
        const result = change()
        this.#refuseIfReplaced()
        this.#sqlite.exec('COMMIT')
        return result
      } catch (error) {
        // A disk error may have rolled back by itself.
        if (this.#sqlite.inTransaction) this.#sqlite.exec('ROLLBACK')
        throw error
      } finally {
        this.#writing = false
      }
    } catch (error) {
      throw named(error, what)
    }
  }

  /**
   * Writes the file anew and empties its log, so that what was overwritten is in neither. False while another process reads or
   * writes: everything committed stays as it is.
   */
  compact(): boolean {
    try {
      this.#sqlite.pragma('wal_checkpoint(TRUNCATE)')
      this.#sqlite.exec('VACUUM')
      const [checkpoint] = this.#sqlite.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[]
      return checkpoint?.busy === 0
    } catch {
      return false
    }
  }

  /** One consistent view of several reads. */
  read<Result>(reads: () => Result): Result {
    let done: { readonly result: Result } | undefined
    const noted = (): Result => {
      done = { result: reads() }
      return done.result
    }
    return this.#guard(() => {
      try {
        return this.#sqlite.transaction(noted).deferred()
      } catch (error) {
        // What went on after a page that SQLite could not read has what it asked for: the end of a view has no part in that.
        if (done !== undefined && isCorrupt(codeOf(error))) return done.result
        throw error
      }
    })
  }

  /** The value of a pragma, for proofs in tests and `vault verify`. */
  pragma(name: string): unknown {
    return this.#guard(() => this.#sqlite.pragma(name, { simple: true }))
  }

  close(): void {
    this.#sqlite.close()
    // SQLite leaves the log of a file that is gone from its place, and whoever opens the next one would replay it.
    if (this.#log !== '' && fileAt(this.path) !== this.#file && fileAt(`${this.path}-wal`) === this.#log) setLogAside(this.path)
  }

  /** What is committed to a file that is gone from its place is lost, and its log would be replayed into the one that is there now. */
  #refuseIfReplaced(): void {
    const now = fileAt(this.path)
    if (now === this.#file) return
    throw new CrmError('conflict', `the vault ${this.path} was ${now === '' ? 'removed' : 'replaced'} meanwhile`, {
      reason: 'nothing was changed',
      hint: 'run the command again',
    })
  }

  #refuseIfClosed(): void {
    if (!this.#sqlite.open) throw new CrmError('usage', `the vault ${this.path} was closed`, { hint: 'open it again' })
  }

  #prepare(sql: string): Sqlite.Statement<unknown[]> {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#sqlite.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  #guard<Result>(operation: () => Result): Result {
    this.#refuseIfClosed()
    try {
      return operation()
    } catch (error) {
      throw named(error, `read the vault ${this.path}`)
    }
  }
}

/** A column of a result that is one of a table of ours. */
interface StoredColumn {
  /** By which rows of the result know it. */
  readonly name: string
  holds(value: unknown): boolean
}

const HOLDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  TEXT: (value) => typeof value === 'string',
  INTEGER: (value) => typeof value === 'number',
  BLOB: (value) => Buffer.isBuffer(value),
}

/** What a column of a result holds; nothing for one that SQLite computes. */
function storedColumn({ name, table, column, type }: Sqlite.ColumnDefinition): readonly StoredColumn[] {
  const holds = HOLDS[type ?? '']
  if (table === null || holds === undefined) return []
  const text = (SCHEMAS[FORMAT_VERSION] ?? []).find((sql) => sql.startsWith(`CREATE TABLE ${table} (`)) ?? ''
  const begin = text.indexOf(`\n  ${column} `)
  const rules = text.slice(begin + 1, text.indexOf('\n', begin + 1))
  const mayBeNull = !rules.includes('NOT NULL') && !rules.includes('PRIMARY KEY')
  return [{ name, holds: (value) => (value === null ? mayBeNull : holds(value)) }]
}

/** The code of an error of SQLite; empty for every other one. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** Whether SQLite found pages that do not fit each other. */
function isCorrupt(code: string): boolean {
  return code.startsWith('SQLITE_CORRUPT')
}

/** Whether SQLite could not compute with what it found: no text where it was to be JSON, a sum beyond its numbers. */
function isContentError(error: unknown): boolean {
  return ['SQLITE_ERROR', 'SQLITE_MISMATCH'].includes(codeOf(error))
}

/** There SQLite cannot make its shared memory beside a vault, and only says that it cannot open it. */
function isOnReadOnlyFileSystem(path: string): boolean {
  try {
    accessSync(dirname(path), constants.W_OK)
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EROFS'
  }
}

/** Why SQLite cannot open a file or make its shared memory, where its own code does not say so. */
function causeAt(path: string, code: string): string {
  if (code.startsWith('SQLITE_CANTOPEN') && isOnReadOnlyFileSystem(path)) return 'SQLITE_READONLY'
  if (code === 'SQLITE_IOERR_SHMSIZE' && isOnFullFileSystem(path)) return 'SQLITE_FULL'
  return code
}

function isOnFullFileSystem(path: string): boolean {
  try {
    return statfsSync(dirname(path)).bavail === 0
  } catch {
    return false
  }
}

/** An error of SQLite in our words; every other one unchanged. */
function named(error: unknown, what: string, path?: string): unknown {
  if (error instanceof CrmError || !(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error
  const code = error.code
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new CrmError('busy', `could not ${what}: another crm command is writing`, {
      reason: `it held the vault for more than ${BUSY_TIMEOUT_MS / 1000} s`,
      hint: 'run the command again',
      cause: error,
    })
  }
  if (isCorrupt(code) || code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CONSTRAINT_DATATYPE')) {
    return new CrmError('damaged', `could not ${what}: the file is damaged`, {
      reason: 'SQLite found its pages inconsistent',
      hint: RESTORE,
      cause: error,
    })
  }
  const cause = path === undefined ? code : causeAt(path, code)
  const disk = DISK_ERRORS.find(([prefix]) => cause.startsWith(prefix))
  if (disk === undefined) return error
  return new CrmError('io_failed', `could not ${what}: ${disk[1]}`, { reason: 'nothing was changed', hint: disk[2], cause: error })
}

const DISK_ERRORS: readonly (readonly [string, string, string])[] = [
  ['SQLITE_FULL', 'the disk is full', 'free some space and run the command again'],
  ['SQLITE_READONLY', 'the file system is read-only', 'keep the vault where you may write: crm --vault <path> ...'],
  ['SQLITE_CANTOPEN', 'the file could not be opened', 'check that the directory exists and belongs to you'],
  ['SQLITE_PERM', 'permission was denied', 'check that the directory belongs to you'],
  ['SQLITE_IOERR', 'the disk reported an error', 'check the disk, then run the command again'],
]
