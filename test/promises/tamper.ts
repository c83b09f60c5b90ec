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
import { testIntegrations } from '../../src/usecases/test-integrations.ts'
import type { UnlockedVault } from '../../src/vault/unlocked.ts'
import { openVault } from '../../src/vault/vault.ts'
import { closeAtEnd, newDirectory } from '../support/cli.ts'
import { sources, vaultWorld } from '../support/vault.ts'

const PROFILES = ['left', 'right'] as const

/** A state directory that can never be made: what one look remembers must not change the next one. */
const NO_STATE = '/dev/null/state'

/** What using a vault in every way gives: values where it worked, the code of the error where it did not. */
export interface Sight {
  /** By `profile/name`: the settings and secrets, or a code. */
  readonly integrations: Readonly<Record<string, unknown>>
  /** By `profile/slug`: the record and its secrets, or a code. */
  readonly demos: Readonly<Record<string, unknown>>
  /** By profile: `whole`, or the codes of what its verification found, or the code with which it stayed closed. */
  readonly profiles: Readonly<Record<string, string>>
  /** What reached the server while everything was tested: path and credential of each request. */
  readonly requests: readonly string[]
}

/** A vault of two profiles with two integrations each and one demo, all of them leading to one listening server. */
export class Victim {
  readonly path: string
  readonly #keys = new Map(PROFILES.map((profile) => [profile, randomBytes(32)]))
  readonly #requests: string[] = []
  readonly #http = createHttp({ clock: Date.now })
  #url = ''
  #original = Buffer.alloc(0)

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
      await unlocked.add(['one', 'two'].map((name) => this.#draft(`${profile}-${name}`)))
      if (profile === 'left') await addDemo(unlocked, 'left-one')
    }
    vault.close()
    // Everything in one file, so that writing it back is writing all of it back.
    const database = new Sqlite(this.path)
    database.pragma('wal_checkpoint(TRUNCATE)')
    database.close()
    this.#original = readFileSync(this.path)
  }

  #draft(name: string) {
    const settings = { baseUrl: this.#url, authType: 'bearer', testPath: `/${name}`, allowPrivateNetwork: true }
    return {
      name,
      provider: 'custom',
      definition: '',
      active: true,
      values: { settings, secrets: { token: new Secret(`token-of-${name}`) } },
    }
  }

  /** The bytes of the file as it was made. */
  get original(): Buffer {
    return this.#original
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
    sight: Pick<{ -readonly [Key in keyof Sight]: Record<string, unknown> }, 'integrations' | 'demos'>,
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
      for (const { slug, integration } of await vault.demos(profile)) {
        sight.demos[`${profile}/${slug}`] = await codeOr(async () => {
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
    const deps = { providers, http: this.#http.request, clock: Date.now, signal: new AbortController().signal }
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

async function addDemo(unlocked: UnlockedVault, integration: string): Promise<void> {
  const runId = 'c'.repeat(32)
  const run = await unlocked.startDemoRun(integration, 'demo', runId)
  const at = '2026-01-01T00:00:00.000Z'
  const step = { runId, action: 'create' as const, state: 'done' as const, digest: 'ab', at }
  const record = {
    slug: 'demo',
    name: 'Demo',
    integration,
    account: 'https://chat.example.com/app/accounts/3',
    channel: 'web' as const,
    status: 'ready' as const,
    inboxId: '7',
    botId: '9',
    createdAt: at,
    updatedAt: at,
    journal: [
      { ...step, kind: 'bot' as const, remoteId: '9' },
      { ...step, kind: 'inbox' as const, remoteId: '7' },
    ],
  }
  await run.journal.write(record, { botAccessToken: 'access-token-of-bot', botSecret: 'secret-of-bot' })
  await run.end()
}

/** A directory that costs no disk writes, where the system has one: the file is written thousands of times. */
function directoryInMemory(): string {
  if (!existsSync('/dev/shm')) return newDirectory()
  const directory = mkdtempSync('/dev/shm/crm-test-')
  closeAtEnd(async () => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** One value in a vault, and every value that it becomes when one byte of it is changed. */
export interface Target {
  readonly table: string
  readonly column: string
  readonly rowid: string
  readonly value: unknown
  readonly changed: readonly unknown[]
}

/** The values of some columns of a table, one target for each row. */
export function targetsIn(victim: Victim, table: string, columns: readonly string[]): Target[] {
  victim.write(victim.original)
  const database = new Sqlite(victim.path, { readonly: true })
  const keys = (database.pragma(`table_info(${table})`) as { name: string; pk: number }[])
    .filter(({ pk }) => pk > 0)
    .map(({ name }) => name)
  const rows = database.prepare(`SELECT * FROM ${table}`).all() as Record<string, unknown>[]
  database.close()
  return rows.flatMap((row) => {
    const rowid = keys.map((key) => `${key} = ${literal(row[key])}`).join(' AND ')
    return columns.map((column) => ({ table, column, rowid, value: row[column], changed: changesOf(row[column]) }))
  })
}

/** A value with one byte changed, for each of its bytes; of a number those beside it, of nothing something. */
function changesOf(value: unknown): unknown[] {
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
  return [...changes, ...cut].map((copy) => (Buffer.isBuffer(value) ? copy : copy.toString('utf8')))
}

function literal(value: unknown): string {
  return Buffer.isBuffer(value)
    ? `x'${value.toString('hex')}'`
    : typeof value === 'number'
      ? String(value)
      : `'${String(value).replaceAll("'", "''")}'`
}
