import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { CrmError } from '../../src/core/errors.ts'
import { Secret } from '../../src/core/secret.ts'
import { createHttp } from '../../src/http/http.ts'
import { providers } from '../../src/providers/index.ts'
import { fingerprint } from '../../src/usecases/stored-tokens.ts'
import { testIntegrations } from '../../src/usecases/test-integrations.ts'
import type { NewIntegration } from '../../src/vault/sealed-integrations.ts'
import type { UnlockedVault } from '../../src/vault/unlocked.ts'
import { openVault, type Vault } from '../../src/vault/vault.ts'
import { oidcCrm } from '../oauth/oidc-crm.ts'
import { closeAtEnd, newDirectory } from '../support/cli.ts'
import { sources, vaultWorld } from '../support/vault.ts'

const PROFILES = ['left', 'middle', 'right'] as const
/** In each profile; the last one is signed in to, and has tokens. */
const INTEGRATIONS = ['one', 'two', 'three', 'signed'] as const

/** A state directory that can never be made: what one look remembers must not change the next one. */
const NO_STATE = '/dev/null/state'

/** What using a vault in every way gives: values where it worked, the code of the error where it did not. */
export interface Sight {
  /** By `profile/name`: the settings and secrets, or a code. */
  readonly integrations: Readonly<Record<string, unknown>>
  /** By `profile/name`, of those that have any: the tokens, or a code. */
  readonly tokens: Readonly<Record<string, unknown>>
  /** By `profile/integration/slug`: the record and its secrets, or a code. */
  readonly demos: Readonly<Record<string, unknown>>
  /** By profile: `whole`, or the codes of what its verification found, or the code with which it stayed closed. */
  readonly profiles: Readonly<Record<string, string>>
  /** What reached the server while everything was tested: path and credential of each request. */
  readonly requests: readonly string[]
}

/**
 * A vault of three profiles with four integrations each, all of them leading to one listening server. It has a row of everything there
 * is: tokens, demos with a journal and an end, a run and a renewal under way, results of tests, keys of before and after a rotation,
 * an audit log with its beginning and two without.
 */
export class Victim {
  readonly path: string
  readonly #keys = new Map(PROFILES.map((profile) => [profile, randomBytes(32)]))
  readonly #requests: string[] = []
  readonly #http = createHttp({ clock: Date.now })
  #url = ''
  #original: Buffer = Buffer.alloc(0)
  #older: Buffer = Buffer.alloc(0)

  private constructor() {
    this.path = join(directoryInMemory(), 'vault.db')
  }

  static async make(): Promise<Victim> {
    const victim = new Victim()
    await victim.#listen()
    await victim.#fill()
    return victim
  }

  async #listen(): Promise<void> {
    const server = createServer((request, response) => {
      this.#requests.push(`${request.url} ${request.headers.authorization}`)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.#url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    closeAtEnd(async () => {
      await this.#http.close()
      await new Promise((resolve) => server.close(resolve))
    })
  }

  async #fill(): Promise<void> {
    const vault = await openVault(this.path, vaultWorld(NO_STATE), 'create')
    for (const [profile, key] of this.#keys) {
      await vault.createProfile(profile, { kind: 'env', label: 'the key', key: { type: 'raw', key } })
      const unlocked = await vault.unlock(profile, sources({ raw: [key] }))
      await unlocked.add(INTEGRATIONS.map((name) => this.#draft(`${profile}-${name}`, 'earlier')))
      await writeDemo(unlocked, `${profile}-one`, 'earlier')
      if (profile === 'left') await writeDemo(unlocked, `${profile}-two`, 'earlier')
    }
    this.#older = this.#wholeFile()
    for (const profile of PROFILES) await this.#revise(vault, profile)
    vault.close()
    this.#original = this.#wholeFile()
  }

  /** Every row anew, under its next revision; and what else happens to a vault in its life. */
  async #revise(vault: Vault, profile: (typeof PROFILES)[number]): Promise<void> {
    const key = this.#keys.get(profile) as Buffer
    let unlocked = await vault.unlock(profile, sources({ raw: [key] }))
    for (const name of INTEGRATIONS) {
      const { values, tokens } = this.#draft(`${profile}-${name}`, 'token')
      await unlocked.update(`${profile}-${name}`, 1, { values, ...(tokens === undefined ? {} : { tokens }) })
    }
    await writeDemo(unlocked, `${profile}-one`, 'secret')
    if (profile === 'left') await writeDemo(unlocked, `${profile}-two`, 'secret')
    if (profile === 'middle') {
      await unlocked.rotate([{ id: unlocked.openedBy.id, key: { type: 'raw', key } }], [])
      unlocked = await vault.unlock(profile, sources({ raw: [key] }))
    } else await unlocked.pruneAudit({ keep: 3 })
    const result = { revision: 2, checkedAtMs: 1, outcome: 'failed', cause: 'unreachable', latencyMs: 7, report: { version: '1' } } as const
    await unlocked.recordTests([{ name: `${profile}-three`, ...result }])
    await unlocked.lockTokens(`${profile}-signed`)
    await unlocked.startDemoRun(`${profile}-two`, 'held', 'd'.repeat(32))
  }

  /** Everything in one file, so that writing it back is writing all of it back. */
  #wholeFile(): Buffer {
    const database = new Sqlite(this.path)
    database.pragma('wal_checkpoint(TRUNCATE)')
    database.close()
    return readFileSync(this.path)
  }

  #draft(name: string, word: string): NewIntegration {
    const token = new Secret(`${word}-of-${name}`)
    if (!name.endsWith('signed')) {
      const settings = { baseUrl: this.#url, authType: 'bearer', testPath: `/${name}`, allowPrivateNetwork: true }
      return { name, provider: 'custom', definition: '', active: true, values: { settings, secrets: { token } } }
    }
    const settings = { baseUrl: this.#url, clientId: 'client', redirectPort: 8910 }
    const values = { settings, secrets: { clientSecret: new Secret(`client-${word}-of-${name}`) } }
    const refreshToken = new Secret(`refresh-${word}-of-${name}`)
    const issued = { accessToken: token, refreshToken, expiresAtMs: 4_000_000_000_000, scope: 'api', captured: { instance: this.#url } }
    return {
      name,
      provider: oidcCrm.id,
      definition: '',
      active: true,
      values,
      tokens: { tokens: issued, issuedFor: fingerprint(oidcCrm, values) },
    }
  }

  /** The bytes of the file as it was made. */
  get original(): Buffer {
    return this.#original
  }

  /** The bytes of the file when every row had its first revision. */
  get older(): Buffer {
    return this.#older
  }

  /** Writes the file anew, with these bytes. */
  write(bytes: Buffer): void {
    for (const suffix of ['-wal', '-shm']) rmSync(this.path + suffix, { force: true })
    writeFileSync(this.path, bytes, { mode: 0o600 })
  }

  /** Restores the file, then changes it as somebody would who has an SQLite shell and no key. */
  attack(change: (database: Sqlite.Database) => void): void {
    this.write(this.#original)
    const database = new Sqlite(this.path)
    database.pragma('synchronous = OFF')
    database.pragma('foreign_keys = OFF')
    database.pragma('ignore_check_constraints = ON')
    change(database)
    database.pragma('wal_checkpoint(TRUNCATE)')
    database.close()
  }

  /** Uses everything in the vault; `profiles` limits it to some. */
  async look(profiles: readonly string[] = PROFILES, { sends = true }: { readonly sends?: boolean } = {}): Promise<Sight> {
    this.#requests.length = 0
    const sight = {
      integrations: {} as Record<string, unknown>,
      tokens: {} as Record<string, unknown>,
      demos: {} as Record<string, unknown>,
      profiles: {} as Record<string, string>,
    }
    for (const [profile, key] of this.#keys) {
      if (profiles.includes(profile)) sight.profiles[profile] = await codeOr(() => this.#lookAt(profile, key, sight, sends))
    }
    return { ...sight, requests: [...this.#requests].sort() }
  }

  async #lookAt(
    profile: string,
    key: Buffer,
    sight: Pick<{ -readonly [Key in keyof Sight]: Record<string, unknown> }, 'integrations' | 'tokens' | 'demos'>,
    sends: boolean,
  ): Promise<string> {
    const vault = await openVault(this.path, vaultWorld(NO_STATE))
    try {
      const unlocked = await vault.unlock(profile, sources({ raw: [key] }))
      const names = (await vault.list(profile)).map(({ name }) => name)
      for (const name of names) {
        sight.integrations[`${profile}/${name}`] = await codeOr(async () => {
          const { integration, values } = await unlocked.open(name)
          const secrets = Object.entries(values.secrets).map(([field, secret]) => [field, secret.reveal()])
          return { active: integration.active, provider: integration.provider, settings: { ...values.settings }, secrets }
        })
      }
      for (const name of names.filter((name) => name.endsWith('signed'))) {
        sight.tokens[`${profile}/${name}`] = await codeOr(async () => {
          const { tokens, issuedFor, revision } = (await unlocked.readTokens(name)) ?? (await missing())
          const { accessToken, refreshToken, captured, ...rest } = tokens
          return { ...rest, captured: { ...captured }, issuedFor, revision, secrets: [accessToken.reveal(), refreshToken?.reveal()] }
        })
      }
      for (const { slug, integration } of await vault.demos(profile)) {
        sight.demos[`${profile}/${integration}/${slug}`] = await codeOr(async () => {
          const demo = await unlocked.readDemo(integration, slug)
          if (demo === undefined) return 'not_found'
          // The name of its integration is the integration's own, and proven where that is opened.
          return { record: { ...demo.record, integration: '' }, secrets: demo.secrets }
        })
      }
      const { problems } = await unlocked.verify()
      if (sends) await this.#testAll(unlocked, names)
      return problems.length === 0 ? 'whole' : problems.map(({ table, code }) => `${table} ${code}`).join()
    } finally {
      vault.close()
    }
  }

  async #testAll(unlocked: UnlockedVault, names: readonly string[]): Promise<void> {
    const deps = { providers: [...providers, oidcCrm], http: this.#http.request, clock: Date.now, signal: new AbortController().signal }
    const subjects = names.map((name) => ({ source: 'vault' as const, name, unlocked }))
    const events = testIntegrations(deps, subjects, { concurrency: 4, fresh: true })
    for (let event = await events.next(); event.done !== true; event = await events.next());
  }
}

/** What a call gives; the code of the error where it fails. Any other error is a mistake of ours. */
async function codeOr<Value>(call: () => Promise<Value>): Promise<Value | string> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof CrmError) return error.code
    throw error
  }
}

async function missing(): Promise<never> {
  throw new CrmError('not_found', 'it is not there')
}

/** Writes a demo anew, with an end and secrets; its name is the integration's. */
async function writeDemo(unlocked: UnlockedVault, integration: string, word: string): Promise<void> {
  const runId = 'c'.repeat(32)
  const run = await unlocked.startDemoRun(integration, 'demo', runId)
  const at = '2026-01-01T00:00:00.000Z'
  const step = { runId, action: 'create' as const, state: 'done' as const, digest: 'ab', at }
  const record = {
    slug: 'demo',
    name: `Demo of ${integration}`,
    integration,
    account: 'https://chat.example.com/app/accounts/3',
    channel: 'web' as const,
    status: 'ready' as const,
    inboxId: '7',
    botId: '9',
    createdAt: at,
    updatedAt: at,
    expiresAt: '2027-01-01T00:00:00.000Z',
    journal: [
      { ...step, kind: 'bot' as const, remoteId: '9' },
      { ...step, kind: 'inbox' as const, remoteId: '7' },
    ],
  }
  await run.journal.write(record, { botAccessToken: `access-token-${word}-of-${integration}`, botSecret: `bot-${word}-of-${integration}` })
  await run.end()
}

/** A directory that costs no disk writes, where the system has one: the file is written thousands of times. */
function directoryInMemory(): string {
  if (!existsSync('/dev/shm')) return newDirectory()
  const directory = mkdtempSync('/dev/shm/crm-test-')
  closeAtEnd(async () => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** One value in a vault: where it stands, and what it is. */
export interface Cell {
  readonly table: string
  readonly column: string
  /** Finds its row: `id = x'...'`. */
  readonly row: string
  /** The profile that the row belongs to; null when it does not say so. */
  readonly profile: string | null
  readonly value: unknown
}

/** The name of the profile that a row belongs to, by the first of these columns that its table has. */
const PROFILE_OF: readonly (readonly [column: string, sql: string])[] = [
  ['profile_id', 'SELECT name FROM profiles WHERE id = mine.profile_id'],
  ['integration_id', 'SELECT p.name FROM integrations i JOIN profiles p ON p.id = i.profile_id WHERE i.id = mine.integration_id'],
  ['demo_id', 'SELECT p.name FROM demos d JOIN profiles p ON p.id = d.profile_id WHERE d.id = mine.demo_id'],
]

/** Every table of a vault, as its schema has them. */
export function tablesIn(bytes: Buffer): string[] {
  return withCopy(bytes, (database) =>
    database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name").pluck().all(),
  ) as string[]
}

/** Every value of a table: all columns of all rows, as the schema has them. */
export function cellsIn(bytes: Buffer, table: string): Cell[] {
  return withCopy(bytes, (database) => {
    const columns = database.pragma(`table_info(${table})`) as { name: string; pk: number }[]
    const keys = columns.filter(({ pk }) => pk > 0).map(({ name }) => name)
    const [, profile] = PROFILE_OF.find(([column]) => columns.some(({ name }) => name === column)) ?? [null, 'NULL']
    const rows = database.prepare(`SELECT *, (${profile}) AS "of" FROM ${table} mine ORDER BY ${keys.join()}`).all() as Record<
      string,
      unknown
    >[]
    return rows.flatMap((record) => {
      const row = keys.map((key) => `${key} = ${literal(record[key])}`).join(' AND ')
      return columns.map(({ name: column }) => ({ table, column, row, profile: record.of as string | null, value: record[column] }))
    })
  })
}

function withCopy<Result>(bytes: Buffer, read: (database: Sqlite.Database) => Result): Result {
  const copy = Buffer.from(bytes)
  // A file in memory has no write-ahead log, whatever its header says (SQLite file format, bytes 18 and 19).
  copy.fill(1, 18, 20)
  const database = new Sqlite(copy)
  try {
    return read(database)
  } finally {
    database.close()
  }
}

/** A value with one byte changed, for each of its bytes; of a number those beside it, of nothing something. */
export function changesOf(value: unknown): unknown[] {
  if (typeof value === 'number') return [value + 1, value - 1, value + 256]
  if (value === null) return ['1']
  const bytes = Buffer.isBuffer(value) ? value : Buffer.from(String(value), 'utf8')
  const changes = Array.from(bytes, (byte, index) => {
    const copy = Buffer.from(bytes)
    // The lowest bit of a letter gives another letter; of the bytes of a blob each bit has its turn.
    copy[index] = byte ^ (Buffer.isBuffer(value) ? 1 << (index % 8) : 1)
    return copy
  })
  const cut = [bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.of(0x30)]), Buffer.alloc(0)]
  return [...changes, ...cut].filter((copy) => !copy.equals(bytes)).map((copy) => (Buffer.isBuffer(value) ? copy : copy.toString('utf8')))
}

function literal(value: unknown): string {
  return Buffer.isBuffer(value)
    ? `x'${value.toString('hex')}'`
    : typeof value === 'number'
      ? String(value)
      : `'${String(value).replaceAll("'", "''")}'`
}
