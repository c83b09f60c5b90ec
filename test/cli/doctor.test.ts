/** `crm doctor`, against vaults and machines that are as they should be, and against every way in which they are not. */
import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { beforeAll, describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../src/core/errors.ts'
import { makeCertificates } from '../http/certificates.ts'
import {
  copyOf,
  emptyHome,
  type Home,
  homeWithChatwoot,
  homeWithVault,
  openSandbox,
  type RunOptions,
  run,
  succeed,
} from '../support/cli.ts'
import { ANYWHERE, writeDefinition } from '../support/definitions.ts'
import { mountMemory } from '../support/mount.ts'
import { documentOf, failureOf, type Json } from './document.ts'

let acme: Home

beforeAll(async () => {
  const sandbox = await openSandbox()
  acme = await homeWithChatwoot(sandbox, 'acme')
  succeed(await run(['key', 'add', 'file'], { home: acme }))
  succeed(await run(['test'], { home: acme }))
})

async function checksOf(options: RunOptions, argv: readonly string[] = [], code?: ErrorCode): Promise<Map<string, Json>> {
  const result = await run(['doctor', '--json', ...argv], options)
  const { data } = code === undefined ? documentOf('doctor', result) : failureOf('doctor', code, result)
  return new Map(data.checks.map((check: Json) => [check.id, check]))
}

describe.concurrent('crm doctor', () => {
  test('finds nothing in a set-up that is whole, ends with 0, and changes no byte of the vault', async () => {
    const home = copyOf(acme)
    const before = readFileSync(home.vault)
    const checks = await checksOf({ home })
    expect([...checks.values()].filter(({ state }) => state !== 'ok').map(({ id, detail }) => [id, detail])).toEqual([])
    for (const id of [
      'versions',
      'node_options',
      'clock',
      'proxy',
      'certificates',
      'configuration',
      'vault_directory',
      'vault_file',
      'file_system',
      'vault',
      'durability',
      'rollback',
      'key_env',
      'key_file',
      'key_slots',
      'unlock',
      'seals',
      'integrations',
      'definitions',
      'demos',
    ])
      expect(checks.has(id), id).toBe(true)
    expect(checks.get('durability').detail).toMatch(/^SQLite 3\.\d+\.\d+: journal_mode=wal, synchronous=FULL/)
    expect(readFileSync(home.vault).equals(before)).toBe(true)
    const { stdout, status } = await run(['doctor'], { home })
    expect(status).toBe(0)
    expect(stdout).toMatch(/nothing is wrong\n$/)
  })

  test('on a new machine says how to begin, and is no failure', async () => {
    const checks = await checksOf({ home: emptyHome() })
    expect(checks.get('vault_file')).toMatchObject({ state: 'warning', fix: 'crm init' })
  })

  test.each<[what: string, change: (home: Home) => void, id: string, code: ErrorCode, fix: RegExp]>([
    ['a vault that others can read', ({ vault }) => chmodSync(vault, 0o644), 'vault_file', 'unsafe_file', /^chmod 600 /],
    ['a directory that others can write', ({ path }) => chmodSync(path, 0o777), 'vault_directory', 'unsafe_file', /^chmod go-w /],
    ['a link in the place of the vault', (home) => linkVault(home), 'vault_file', 'unsafe_file', /name the file itself/],
    [
      'a file that is no vault',
      ({ vault }) => writeFileSync(vault, 'not a vault at all', { mode: 0o600 }),
      'vault_file',
      'damaged',
      /restore/,
    ],
    ['a vault that was cut off', ({ vault }) => truncateSync(vault, 8192), 'vault', 'damaged', /restore/],
    ['a vault of a newer version', (home) => setFormat(home, 9), 'vault_file', 'newer_format', /update crm/],
    [
      'a configuration that is none',
      ({ path }) => writeFileSync(join(path, 'config.json'), '{"a":1}', { mode: 0o600 }),
      'configuration',
      'usage',
      /correct it/,
    ],
    ['a key file that others can read', ({ path }) => chmodSync(join(path, 'key'), 0o640), 'key_file', 'unsafe_file', /^chmod 600 /],
  ])('names %s, with the command that mends it', async (_what, change, id, code, fix) => {
    const home = copyOf(acme)
    change(home)
    const before = hashOf(home.vault)
    const result = await run(['doctor', '--json'], { home })
    const document = documentOf('doctor', result)
    const found = document.data.checks.find((check: Json) => check.id === id)
    expect(found).toMatchObject({ state: 'problem', cause: code, fix: expect.stringMatching(fix) })
    expect(result.status).not.toBe(0)
    expect(hashOf(home.vault)).toBe(before)
  })

  test.each<[what: string, env: Record<string, string | undefined>, id: string, state: string, code: ErrorCode | undefined]>([
    ['a key of another vault', { INTEGRATION_ENCRYPTION_KEY: randomBytes(32).toString('base64') }, 'key_env', 'warning', undefined],
    ['a malformed key', { INTEGRATION_ENCRYPTION_KEY: 'canary-malformed' }, 'key_env', 'problem', 'usage'],
    ['a proxy that is none', { HTTPS_PROXY: 'socks5://proxy.example:1080' }, 'proxy', 'problem', 'usage'],
    ['a proxy that is not used', { HTTP_PROXY: 'http://proxy.example:3128' }, 'proxy', 'warning', undefined],
    ['certificates that are not there', { NODE_EXTRA_CA_CERTS: '/nowhere/ca.pem' }, 'certificates', 'problem', 'usage'],
    ['verification that somebody wants off', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }, 'verification', 'warning', undefined],
    ['rules that are turned off', { CRM_ALLOW_UNSAFE_FILE: '1' }, 'unsafe_files', 'warning', undefined],
    ['a debugger', { NODE_OPTIONS: '--trace-warnings' }, 'node_options', 'problem', 'usage'],
  ])('names %s', async (_what, env, id, state, code) => {
    const result = await run(['doctor', '--json'], { home: copyOf(acme), env })
    const document = JSON.parse(result.stdout)
    expect(document.data.checks.find((check: Json) => check.id === id)).toMatchObject({ state, fix: expect.any(String) })
    if (code !== undefined) expect(document.error.code).toBe(code)
    expect(result.stdout + result.stderr).not.toContain('canary-malformed')
  })

  test('says what it could not look at while the profile is locked, and that is no failure', async () => {
    const home = copyOf(acme)
    rmSync(join(home.path, 'key'))
    const checks = await checksOf({ home, env: { INTEGRATION_ENCRYPTION_KEY: undefined } })
    for (const id of ['unlock', 'seals']) expect(checks.get(id).state).toBe('skipped')
    expect(checks.get('integrations').state).toBe('ok')
  })

  test('names a wrong key as one, and an older copy of the vault as one', async () => {
    const home = copyOf(acme)
    rmSync(join(home.path, 'key'))
    const wrong = await checksOf({ home, env: { INTEGRATION_ENCRYPTION_KEY: randomBytes(32).toString('base64') } }, [], 'wrong_key')
    expect(wrong.get('unlock')).toMatchObject({ state: 'problem', cause: 'wrong_key' })
    const old = copyOf(acme)
    const older = readFileSync(old.vault)
    succeed(await run(['toggle', 'acme'], { home: old }))
    for (const side of ['-wal', '-shm']) rmSync(`${old.vault}${side}`, { force: true })
    writeFileSync(old.vault, older, { mode: 0o600 })
    const checks = await checksOf({ home: old }, [], 'damaged')
    expect(checks.get('rollback')).toMatchObject({ state: 'problem', fix: expect.stringContaining('crm vault accept-older') })
  })

  test('names integrations that fail, and those that were never tested', async () => {
    const home = copyOf(acme)
    const add = ['add', 'chatwoot', '--base-url', 'http://127.0.0.1:9', '--account-id', '1', '--api-key-env', 'TOKEN', '--no-test']
    succeed(await run([...add, '--name', 'never'], { home, env: { TOKEN: 'canary-token' } }))
    expect((await checksOf({ home })).get('integrations')).toMatchObject({
      state: 'warning',
      detail: 'never tested: never',
      fix: 'crm test never',
    })
    await run(['test', 'never'], { home })
    expect((await checksOf({ home })).get('integrations')).toMatchObject({ state: 'warning', detail: 'the last test failed: never' })
  })

  test('counts the demos that are there, not those that were removed', async () => {
    const home = copyOf(acme)
    const found = async () => (await checksOf({ home })).get('demos')
    succeed(await run(['demo-create', '--name', 'Counted', '--bot-url', 'https://bot.example.com/hook'], { home }))
    expect(await found()).toMatchObject({ state: 'ok', detail: '1 is there, none half done' })
    succeed(await run(['demo-remove', 'counted', '--yes'], { home }))
    expect(await found()).toMatchObject({ state: 'ok', detail: 'none' })
  })

  test('names a definition that was changed, and integrations that wait for a yes', async () => {
    const home = await homeWithVault()
    const file = writeDefinition(home, ANYWHERE)
    succeed(await run(['providers', 'add', file, '--yes'], { home }))
    const add = ['add', 'anywhere', '--base-url', 'https://crm.example.com', '--api-key-env', 'K', '--no-test']
    succeed(await run(add, { home, env: { K: 'canary-key' } }))
    expect((await checksOf({ home })).get('definitions')).toMatchObject({ state: 'ok', detail: '1 added, as they were confirmed' })
    succeed(await run(['providers', 'add', writeDefinition(home, { ...ANYWHERE, name: 'Other' }), '--replace', '--yes'], { home }))
    expect((await checksOf({ home }, [], 'conflict')).get('definitions')).toMatchObject({ fix: 'crm edit anywhere --accept-definition' })
    writeFileSync(join(home.path, 'providers', 'anywhere.json'), '{}', { mode: 0o600 })
    expect((await checksOf({ home }, [], 'conflict')).get('definitions').detail).toContain('has changed since it was confirmed')
  })

  test('names a profile that is not there', async () => {
    const checks = await checksOf({ home: copyOf(acme) }, ['--profile', 'nobody'], 'not_found')
    expect(checks.get('profile').detail).toContain('default')
  })

  test('reads the certificates of NODE_EXTRA_CA_CERTS, and when they end', async () => {
    const home = copyOf(acme)
    const ca = join(home.path, 'ca.pem')
    writeFileSync(ca, makeCertificates().authority)
    expect((await checksOf({ home, env: { NODE_EXTRA_CA_CERTS: ca } })).get('certificates').detail).toMatch(
      /^1 of NODE_EXTRA_CA_CERTS, the first of which ends \d{4}-\d\d-\d\d/,
    )
  })

  test('warns of a file system in memory; on one that is read-only says what fails, and what it could not look at', async (context) => {
    const home = copyOf(acme)
    const place = join(home.path, 'mounted')
    const { makeReadOnly } = mountMemory(context, place, '4m')
    const vault = join(place, 'vault.db')
    writeFileSync(vault, readFileSync(home.vault), { mode: 0o600 })
    const inMemory = await checksOf({ home }, ['--vault', vault])
    expect(inMemory.get('file_system')).toMatchObject({ state: 'warning', detail: expect.stringContaining('tmpfs') })
    expect(inMemory.get('durability').state).toBe('ok')
    makeReadOnly()
    const checks = await checksOf({ home }, ['--vault', vault], 'io_failed')
    expect(checks.get('vault')).toMatchObject({ state: 'problem', detail: expect.stringContaining('read-only') })
    expect([...checks.values()].filter(({ state }) => state === 'skipped').map(({ id }) => id)).toEqual([
      'durability',
      'rollback',
      'key_slots',
      'unlock',
      'seals',
      'integrations',
      'definitions',
      'demos',
    ])
  })

  test('asked for a report tells nothing of names, people, machines and hosts', async () => {
    const home = copyOf(acme)
    const { env } = home
    const proxy = { HTTPS_PROXY: 'http://user:canary-proxy@proxy.internal.example:3128', USER: 'ann' }
    const { stdout, stderr } = succeed(await run(['doctor', '--report'], { home, env: { ...proxy } }))
    expect(stdout).toContain('ok       vault_file       ~/vault.db, mode 0600')
    for (const told of [home.path, 'acme', hostname(), 'canary-proxy', 'proxy.internal.example', env.INTEGRATION_ENCRYPTION_KEY ?? ''])
      expect(stdout + stderr, told).not.toContain(told)
    expect(documentOf('doctor', await run(['doctor', '--json'], { home })).data.report).toContain('~/vault.db')
    const elsewhere = join(emptyHome().path, 'vault.db')
    writeFileSync(elsewhere, readFileSync(home.vault), { mode: 0o600 })
    const outside = succeed(await run(['doctor', '--report', '--vault', elsewhere], { home })).stdout
    expect(outside).toContain('vault_file       <path>, mode 0600')
    expect(outside).not.toContain(dirname(elsewhere))
  })
})

describe('what was altered in the file', () => {
  test('a name is none to be run, however it looks', async () => {
    const home = copyOf(acme)
    const sqlite = new Sqlite(home.vault)
    sqlite.exec("UPDATE integrations SET name = '0$(touch x)', last_outcome = NULL, last_checked_at = NULL")
    const { stdout } = await run(['doctor', '--json'], { home })
    const advice = JSON.parse(stdout).data.checks.map(({ fix }: Json) => fix)
    expect(advice).toContain('crm test')
    expect(advice.join(' ')).not.toContain('touch')
    sqlite.exec(`INSERT INTO integrations SELECT randomblob(16), ${othersOf(sqlite)} FROM integrations`)
    const { stderr } = await run(['demo-create', '--name', 'Acme', '--bot-url', 'https://bot.example.com/hook'], { home })
    expect(stderr).toContain('say which with: --integration <name>')
    sqlite.close()
  })

  test('a name longer than any ends in a report all the same', async () => {
    const home = copyOf(acme)
    const sqlite = new Sqlite(home.vault)
    sqlite.prepare('UPDATE integrations SET name = ?').run('n'.repeat(300_000))
    sqlite.close()
    const { status, stdout } = await run(['doctor', '--report'], { home })
    expect(status).not.toBe(1)
    expect(stdout).toContain('vault_file')
    expect(stdout).not.toContain('nnnn')
  })

  test('details of an event that are nested beyond reason are a warning', async () => {
    const home = copyOf(acme)
    const sqlite = new Sqlite(home.vault)
    sqlite.prepare('UPDATE audit SET details = ?').run(`{"a":${'['.repeat(3_000)}${']'.repeat(3_000)}}`)
    sqlite.close()
    for (const format of [[], ['--json']]) {
      const { status, stdout, stderr } = await run(['audit', ...format], { home })
      expect(status, stderr).not.toBe(1)
      expect(stdout + stderr).not.toContain('internal')
    }
  })
})

/** All columns of an integration but its id, with another name. */
function othersOf(sqlite: Sqlite.Database): string {
  const columns = sqlite.pragma('table_info(integrations)') as readonly { readonly name: string }[]
  return columns
    .map(({ name }) => name)
    .filter((name) => name !== 'id')
    .map((name) => (name === 'name' ? "name || '2'" : name))
    .join(', ')
}

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

function linkVault({ vault, path }: Home): void {
  mkdirSync(join(path, 'elsewhere'), { mode: 0o700 })
  writeFileSync(join(path, 'elsewhere', 'vault.db'), readFileSync(vault), { mode: 0o600 })
  rmSync(vault)
  symlinkSync(join(path, 'elsewhere', 'vault.db'), vault)
}

/** The version stands in the header of an SQLite file at byte 60. */
function setFormat({ vault }: Home, version: number): void {
  const bytes = readFileSync(vault)
  bytes.writeUInt32BE(version, 60)
  writeFileSync(vault, bytes, { mode: 0o600 })
}
