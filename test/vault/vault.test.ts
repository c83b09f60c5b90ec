import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { expect, test } from 'vitest'
import { CrmError } from '../../src/core/errors.ts'
import type { Integration } from '../../src/core/integration.ts'
import { Secret } from '../../src/core/secret.ts'
import { TakenOverError } from '../../src/core/taken-over.ts'
import { escapeJson } from '../../src/core/text.ts'
import { LINE_WORDS } from '../../src/terminal/views/list.ts'
import { Database } from '../../src/vault/database.ts'
import type { UnlockedVault } from '../../src/vault/unlocked.ts'
import { openVault } from '../../src/vault/vault.ts'
import { changeLawlessly, draft, newVault, sources, temporaryDirectory, vaultWorld } from '../support/vault.ts'
import { FROZEN_DEMO, FROZEN_DEMO_SECRETS } from './frozen.ts'

const code = (expected: string) => expect.objectContaining({ code: expected })

test('what was added comes back, verified, with its secrets', async () => {
  const { unlocked, vault } = await newVault()
  await unlocked.add([draft('acme', { token: 'tok-1234567890' })])
  const opened = await unlocked.open('acme')
  expect(opened.integration).toMatchObject({
    name: 'acme',
    provider: 'chatwoot',
    revision: 1,
    active: true,
    verified: true,
    lastTest: null,
  })
  expect(opened.values.secrets.apiKey?.reveal()).toBe('tok-1234567890')
  const [listed] = await vault.list('default')
  expect(listed).toMatchObject({ name: 'acme', verified: false, secrets: { apiKey: { set: true } } })
})

test('after lock() nothing works, and nothing is written: what zeros seal is open to all', async () => {
  const { unlocked, vault, key } = await newVault()
  await unlocked.add([draft('acme')])
  const [slot] = await unlocked.keySlots()
  const end = await unlocked.replayAudit()
  const result = { name: 'acme', revision: 1, checkedAtMs: 0, outcome: 'connected', cause: null, latencyMs: 1, report: null } as const
  const tokens = { accessToken: new Secret('access-0123456789'), refreshToken: null, expiresAtMs: null, scopes: [], extra: {} }
  const calls: { readonly [Name in keyof UnlockedVault]?: () => unknown } = {
    fingerprint: () => unlocked.fingerprint,
    open: () => unlocked.open('acme'),
    openAll: () => [...unlocked.openAll()],
    reveal: () => unlocked.reveal('acme'),
    handOver: () => unlocked.handOver('all', {}),
    takeOver: () => unlocked.takeOver({ added: [draft('other')], replaced: [] }, {}),
    add: () => unlocked.add([draft('other')]),
    update: () => unlocked.update('acme', 1, { name: 'other' }),
    setActive: () => unlocked.setActive('acme', false),
    remove: () => unlocked.remove('acme'),
    recordTests: () => unlocked.recordTests([result]),
    newestTest: () => unlocked.newestTest('acme'),
    testHistory: () => unlocked.testHistory('acme'),
    readTokens: () => unlocked.readTokens('acme'),
    lockTokens: () => unlocked.lockTokens('acme'),
    saveTokens: () => unlocked.saveTokens('acme', { tokens, issuedFor: 'a' } as never, 'any', 'token.sign-in'),
    startDemoRun: () => unlocked.startDemoRun('acme', 'demo', 'run'),
    startDemoRuns: () => unlocked.startDemoRuns([{ integration: 'acme', slug: 'demo' }], 'run'),
    readDemo: () => unlocked.readDemo('acme', 'demo'),
    revealDemo: () => unlocked.revealDemo('acme', 'demo'),
    forgetDamagedDemos: () => unlocked.forgetDamagedDemos('demo'),
    keySlots: () => unlocked.keySlots(),
    addKeySlot: () => unlocked.addKeySlot('file', 'second', { type: 'raw', key: randomBytes(32) }),
    share: () => unlocked.share('age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p', 'ben'),
    alteredMembers: () => unlocked.alteredMembers(),
    removeKeySlot: () => unlocked.removeKeySlot(slot?.id ?? ''),
    replaceKeySlot: () => unlocked.replaceKeySlot(slot?.id ?? '', 'third', { type: 'raw', key: randomBytes(32) }),
    keepOpen: () => unlocked.keepOpen('2027-01-01T00:00:00Z'),
    opensSlot: () => unlocked.opensSlot(slot?.id ?? '', { type: 'raw', key }),
    rotate: () => unlocked.rotate([], []),
    rename: () => unlocked.rename('other'),
    audit: () => unlocked.audit(),
    replayAudit: () => unlocked.replayAudit(),
    pruneAudit: () => unlocked.pruneAudit({ keep: 0 }),
    record: () => unlocked.record('test', {}),
    verify: () => unlocked.verify(),
  }
  const members = [...Object.keys(unlocked), ...Object.getOwnPropertyNames(Object.getPrototypeOf(unlocked))]
  const others = ['inside', 'constructor', 'profile', 'openedBy', 'lock', 'checkAge', 'acceptOlder', 'foldNotes']
  expect(members.filter((name) => !others.includes(name)).sort()).toEqual(Object.keys(calls).sort())
  unlocked.lock()
  unlocked.lock()
  for (const [name, call] of Object.entries(calls)) {
    await expect((async () => call())(), name).rejects.toThrow(code('locked'))
  }
  const again = await vault.unlock('default', sources({ raw: [key] }))
  expect(await again.replayAudit()).toEqual(end)
  expect(await again.verify()).toMatchObject({ problems: [] })
})

test('a vault that was closed says so', async () => {
  const { unlocked, vault } = await newVault()
  vault.close()
  await expect(vault.profiles()).rejects.toThrow(code('usage'))
  await expect(unlocked.record('test', {})).rejects.toThrow(code('usage'))
})

test('names are matched case-insensitively and unique', async () => {
  const { unlocked } = await newVault()
  await unlocked.add([draft('Acme')])
  await expect(unlocked.add([draft('ACME')])).rejects.toThrow(code('conflict'))
  await expect(unlocked.add([draft('bad name')])).rejects.toThrow(code('usage'))
})

test('P07 an array is added whole or not at all', async () => {
  const { unlocked, vault } = await newVault()
  await unlocked.add([draft('taken')])
  await expect(unlocked.add([draft('one'), draft('taken')])).rejects.toThrow(code('conflict'))
  expect((await vault.list('default')).map((row) => row.name)).toEqual(['taken'])
})

test('P07 integrations of several batches are added whole or not at all, in their order', async () => {
  const { unlocked, vault } = await newVault()
  const names = Array.from({ length: 130 }, (_, index) => `acme-${String(index).padStart(3, '0')}`)
  const drafts = names.map((name, index) => draft(name, { token: `tok-${index}-1234567890` }))
  const before = (await unlocked.audit()).length
  await expect(unlocked.add([...drafts, draft('acme-003')])).rejects.toThrow(code('conflict'))
  expect(await vault.list('default')).toEqual([])
  expect(await unlocked.audit()).toHaveLength(before)

  const added = await unlocked.add(drafts)
  expect(added.map(({ name }) => name)).toEqual(names)
  expect((await unlocked.audit()).slice(before).map(({ event, details }) => [event, details.name])).toEqual(
    names.map((name) => ['integration.add', name]),
  )
  for (const index of [0, 49, 50, 129]) {
    const { integration, values } = await unlocked.open(names[index] ?? '')
    expect({ ...integration, verified: true }).toEqual(added[index])
    expect(values.secrets.apiKey?.reveal()).toBe(`tok-${index}-1234567890`)
  }
  expect(await unlocked.verify()).toMatchObject({ problems: [] })
})

test('P06 of two edits of the same revision one succeeds and one is a conflict', async () => {
  const { unlocked } = await newVault()
  await unlocked.add([draft('acme')])
  const { integration, values } = await unlocked.open('acme')
  const changed = await unlocked.update('acme', integration.revision, {
    values: { ...values, settings: { ...values.settings, accountId: '4' } },
  })
  expect(changed).toMatchObject({ revision: 2, settings: { accountId: '4' } })
  await expect(unlocked.update('acme', integration.revision, { active: false })).rejects.toThrow(code('conflict'))
  await expect(unlocked.update('acme', integration.revision, { active: false })).rejects.toThrow(/changed meanwhile/)
})

test('a secret that stays keeps the time it was set, a new one gets its own', async () => {
  const { unlocked } = await newVault()
  await unlocked.add([
    draft('acme', { values: { settings: {}, secrets: { a: new Secret('first-secret'), b: new Secret('second-secret') } } }),
  ])
  const before = (await unlocked.open('acme')).integration
  const after = await unlocked.update('acme', 1, {
    values: { settings: {}, secrets: { a: new Secret('first-secret'), b: new Secret('changed-secret') } },
  })
  expect(after.secrets.a).toEqual(before.secrets.a)
  expect(after.secrets.b?.updatedAt).not.toBe(before.secrets.b?.updatedAt)
})

test('an edit with the values of today writes nothing, and is a conflict all the same when it is based on another revision', async () => {
  const { unlocked } = await newVault()
  await unlocked.add([draft('acme')])
  const events = async () => (await unlocked.audit()).length
  const { integration, values } = await unlocked.open('acme')
  const before = await events()
  const apiKey = new Secret(values.secrets.apiKey?.reveal() ?? '')
  const same = { name: 'acme', active: true, definition: '', values: { settings: { ...values.settings }, secrets: { apiKey } } }
  expect(await unlocked.update('acme', 1, same)).toEqual(integration)
  expect(await events()).toBe(before)
  await expect(unlocked.update('acme', 2, same)).rejects.toThrow(code('conflict'))
  // The same text in another place is another thing: what was readable is sealed.
  const moved = { settings: {}, secrets: { ...values.secrets, accountId: new Secret(String(values.settings.accountId)) } }
  expect((await unlocked.update('acme', 1, { values: moved })).revision).toBe(2)
  expect(await events()).toBe(before + 1)
})

test('rename, toggle and remove', async () => {
  const { unlocked, vault } = await newVault()
  await unlocked.add([draft('acme'), draft('other')])
  await expect(unlocked.update('acme', 1, { name: 'other' })).rejects.toThrow(code('conflict'))
  await unlocked.update('acme', 1, { name: 'acme-eu' })
  expect(await unlocked.setActive('acme-eu', false)).toMatchObject({ changed: true, integration: { active: false, revision: 3 } })
  expect(await unlocked.setActive('acme-eu', false)).toMatchObject({ changed: false, integration: { revision: 3 } })
  await unlocked.remove('acme-eu')
  await expect(vault.find('default', 'acme-eu')).rejects.toThrow(code('not_found'))
})

test('P04 a wrong key, a missing key and a damaged slot are told apart, and none changes the vault', async () => {
  const { vault, path, key } = await newVault()
  const before = readFileSync(path)
  await expect(vault.unlock('default', sources({ raw: [randomBytes(32)] }))).rejects.toThrow(code('wrong_key'))
  await expect(vault.unlock('default', sources({}))).rejects.toThrow(code('locked'))
  await expect(vault.unlock('nobody', sources({ raw: [key] }))).rejects.toThrow(code('not_found'))
  expect(readFileSync(path).equals(before)).toBe(true)
  const database = new Sqlite(path)
  database.exec("UPDATE key_slots SET label = 'changed'")
  await expect(vault.unlock('default', sources({ raw: [key] }))).rejects.toThrow(code('damaged'))
})

test('P04 a failed unlock is taken into the audit log at the next unlock', async () => {
  const { vault, key } = await newVault()
  await expect(vault.unlock('default', sources({ raw: [randomBytes(32)] }))).rejects.toThrow(code('wrong_key'))
  const unlocked = await vault.unlock('default', sources({ raw: [key] }))
  expect((await unlocked.audit()).at(-1)).toMatchObject({ event: 'profile.unlock', outcome: 'failed', details: { reason: 'wrong_key' } })
})

test('a profile opens with each of its key slots, and the last one stays', async () => {
  const { vault, unlocked, key } = await newVault()
  const passphrase = await unlocked.addKeySlot('passphrase', 'mine', { type: 'passphrase', passphrase: 'correct horse battery' })
  await expect(unlocked.addKeySlot('file', 'again', { type: 'raw', key })).rejects.toThrow(code('conflict'))
  const second = await vault.unlock('default', sources({ passphrase: 'correct horse battery' }))
  expect(second.openedBy).toMatchObject({ kind: 'passphrase', label: 'mine', keyId: null })
  await expect(vault.unlock('default', sources({ passphrase: 'wrong horse battery' }))).rejects.toThrow(code('wrong_key'))
  await unlocked.removeKeySlot((await unlocked.keySlots()).find((slot) => slot.kind === 'env')!.id)
  await expect(unlocked.removeKeySlot(passphrase.id.slice(0, 8))).rejects.toThrow(code('conflict'))
  await expect(vault.unlock('default', sources({ raw: [key] }))).rejects.toThrow(code('locked'))
})

test('the key of one profile opens nothing of another', async () => {
  const { vault, unlocked, key, path } = await newVault()
  await unlocked.add([draft('acme')])
  const otherKey = randomBytes(32)
  await vault.createProfile('other', { kind: 'env', label: '', key: { type: 'raw', key: otherKey } })
  await expect(vault.unlock('other', sources({ raw: [key] }))).rejects.toThrow(code('wrong_key'))
  const other = await vault.unlock('other', sources({ raw: [otherKey] }))
  await other.add([draft('acme')])
  const database = new Sqlite(path)
  const rows = database.prepare('SELECT id, sealed FROM integrations').all() as { id: Buffer; sealed: Buffer }[]
  database.prepare('UPDATE integrations SET sealed = ? WHERE id = ?').run(rows[0]!.sealed, rows[1]!.id)
  database.prepare('UPDATE integrations SET sealed = ? WHERE id = ?').run(rows[1]!.sealed, rows[0]!.id)
  await expect(other.open('acme')).rejects.toThrow(code('damaged'))
})

test('P03 every column of the public record is bound by the seal', async () => {
  const { unlocked, path } = await newVault()
  await unlocked.add([draft('acme')])
  const database = new Sqlite(path)
  const original = database.prepare('SELECT * FROM integrations').get() as Record<string, unknown>
  const changes: Record<string, unknown> = {
    generation: 2,
    revision: 2,
    provider: 'custom',
    definition: 'ff',
    active: 0,
    settings: '{"accountId":"3","baseUrl":"https://evil.example.com"}',
  }
  for (const [column, value] of Object.entries(changes)) {
    database.prepare(`UPDATE integrations SET ${column} = ?`).run(value)
    await expect(unlocked.open('acme'), column).rejects.toThrow(code('damaged'))
    database.prepare(`UPDATE integrations SET ${column} = ?`).run(original[column])
  }
  database.prepare("UPDATE integrations SET name = 'acme-2'").run()
  await expect(unlocked.open('acme-2')).rejects.toThrow(code('damaged'))
  database.prepare("UPDATE integrations SET name = 'acme'").run()
  expect((await unlocked.open('acme')).integration.verified).toBe(true)
})

test('P12 an audit row that is edited, inserted, removed, reordered or cut off is found and the first bad one named', async () => {
  const { unlocked, vault, key, path } = await newVault()
  for (const name of ['a', 'b', 'c', 'd']) await unlocked.add([draft(name)])
  expect(await unlocked.replayAudit()).toMatchObject({ rows: 5, firstBad: null })
  const database = new Sqlite(path)
  const attempt = async (sql: string) => {
    database.exec('SAVEPOINT attack')
    database.exec(sql)
    database.exec('RELEASE attack')
    return (await unlocked.replayAudit()).firstBad
  }
  const copy = database.prepare('SELECT * FROM audit').all() as Record<string, unknown>[]
  const restore = () => {
    database.exec('DELETE FROM audit')
    for (const row of copy)
      database
        .prepare(
          `INSERT INTO audit VALUES (${Object.keys(row)
            .map(() => '?')
            .join(',')})`,
        )
        .run(...Object.values(row))
  }
  for (const [sql, bad] of [
    ["UPDATE audit SET outcome = 'failed' WHERE sequence = 3", 3],
    ["UPDATE audit SET at = '2020-01-01T00:00:00.000Z' WHERE sequence = 2", 2],
    ['DELETE FROM audit WHERE sequence = 4', 4],
    ['DELETE FROM audit WHERE sequence = 5', 5],
    ['INSERT INTO audit SELECT profile_id, 6, at, event, actor, outcome, details, key_generation, mac FROM audit WHERE sequence = 5', 6],
    [
      'UPDATE audit SET sequence = sequence + 100 WHERE sequence IN (2, 3); UPDATE audit SET sequence = 3 WHERE sequence = 102; UPDATE audit SET sequence = 2 WHERE sequence = 103',
      2,
    ],
  ] as const) {
    expect(await attempt(sql), sql).toBe(bad)
    restore()
  }
  database.exec('DELETE FROM audit WHERE sequence = 5')
  await expect(vault.unlock('default', sources({ raw: [key] }))).rejects.toThrow(code('damaged'))
})

test('P12 a row that is missing, brought back or older than the log is named by verify', async () => {
  const { unlocked, path } = await newVault()
  await unlocked.add([draft('acme'), draft('gone')])
  const database = new Sqlite(path)
  const rows = database.prepare('SELECT * FROM integrations ORDER BY name').all() as Record<string, unknown>[]
  const put = (row: Record<string, unknown>) =>
    database
      .prepare(
        `INSERT OR REPLACE INTO integrations VALUES (${Object.keys(row)
          .map(() => '?')
          .join(',')})`,
      )
      .run(...Object.values(row))
  expect((await unlocked.verify()).problems).toEqual([])
  database.exec("DELETE FROM integrations WHERE name = 'gone'")
  expect((await unlocked.verify()).problems).toMatchObject([{ table: 'integrations', name: 'gone', code: 'missing' }])
  put(rows[1]!)
  await unlocked.remove('gone')
  put(rows[1]!)
  expect((await unlocked.verify()).problems).toMatchObject([{ name: 'gone', code: 'unexpected' }])
  database.exec("DELETE FROM integrations WHERE name = 'gone'")
  await unlocked.setActive('acme', false)
  put(rows[0]!)
  expect((await unlocked.verify()).problems).toMatchObject([{ name: 'acme', code: 'older' }])
})

test('a whole older copy of the vault is found, and can be accepted', async () => {
  const { unlocked, vault, key, path, world, directory } = await newVault()
  const older = join(directory, 'data', 'older.db')
  new Sqlite(path).exec(`VACUUM INTO '${older}'`)
  chmodSync(older, 0o600)
  await unlocked.add([draft('acme')])
  vault.close()
  const copy = await openVault(older, world)
  await expect(copy.unlock('default', sources({ raw: [key] }))).rejects.toThrow(/older than the last one/)
  await copy.acceptOlder('default', sources({ raw: [key] }))
  const accepted = await copy.unlock('default', sources({ raw: [key] }))
  expect((await accepted.audit()).at(-1)).toMatchObject({ event: 'vault.accept-older' })
  copy.close()
})

test('P01 files are 0600 in a 0700 directory whatever the umask, and hold no secret', async () => {
  const before = process.umask(0o000)
  try {
    const { unlocked, path, directory } = await newVault()
    await unlocked.add([draft('acme', { token: 'very-secret-token-value' })])
    expect(statSync(join(directory, 'data')).mode & 0o777).toBe(0o700)
    for (const file of readdirSync(join(directory, 'data'))) {
      expect(statSync(join(directory, 'data', file)).mode & 0o777, file).toBe(0o600)
      expect(readFileSync(join(directory, 'data', file)).includes('very-secret-token-value'), file).toBe(false)
    }
    for (const file of readdirSync(join(directory, 'state'))) expect(statSync(join(directory, 'state', file)).mode & 0o777).toBe(0o600)
    expect(existsSync(path)).toBe(true)
  } finally {
    process.umask(before)
  }
})

test('a file that others can reach, a link and a foreign file are refused with the command to run', async () => {
  const { path, world, vault, directory } = await newVault()
  vault.close()
  const data = join(directory, 'data')
  chmodSync(path, 0o644)
  await expect(openVault(path, world)).rejects.toThrow(expect.objectContaining({ code: 'unsafe_file', hint: `chmod 600 ${path}` }))
  chmodSync(path, 0o600)
  symlinkSync(path, join(data, 'link.db'))
  await expect(openVault(join(data, 'link.db'), world)).rejects.toThrow(code('unsafe_file'))
  linkSync(path, join(data, 'hard.db'))
  await expect(openVault(path, world)).rejects.toThrow(code('unsafe_file'))
  mkdirSync(join(data, 'folder.db'))
  await expect(openVault(join(data, 'folder.db'), world)).rejects.toThrow(code('unsafe_file'))
  writeFileSync(join(data, 'text.db'), 'not a vault at all, only a text file', { mode: 0o600 })
  await expect(openVault(join(data, 'text.db'), world)).rejects.toThrow(code('damaged'))
  new Sqlite(join(data, 'foreign.db')).exec('CREATE TABLE t (x); PRAGMA user_version = 3')
  chmodSync(join(data, 'foreign.db'), 0o600)
  await expect(openVault(join(data, 'foreign.db'), world)).rejects.toThrow(code('damaged'))
  await expect(openVault(join(data, 'none.db'), world)).rejects.toThrow(code('not_found'))
  chmodSync(data, 0o770)
  await expect(openVault(path, world)).rejects.toThrow(expect.objectContaining({ code: 'unsafe_file', hint: `chmod go-w ${data}` }))
})

test('P07 a vault of a newer format is refused with its bytes unchanged', async () => {
  const { path, world, vault } = await newVault()
  vault.close()
  new Sqlite(path).exec('PRAGMA user_version = 3')
  const before = readFileSync(path)
  const modified = statSync(path).mtimeMs
  await expect(openVault(path, world)).rejects.toThrow(code('newer_format'))
  expect(readFileSync(path).equals(before)).toBe(true)
  expect(statSync(path).mtimeMs).toBe(modified)
})

test.each([
  ['small', 0],
  ['larger', 2_500],
])('tables that a key hangs on are read through on opening a %s vault', async (_size, count) => {
  const { path, world, vault, unlocked } = await newVault()
  if (count > 0) await unlocked.add(Array.from({ length: count }, (_, index) => draft(`acme-${index}`)))
  vault.close()
  const before = readFileSync(path)
  for (const attack of ['UPDATE profiles SET generation = 0', 'UPDATE audit_keys SET key_generation = -1']) {
    const file = new Sqlite(path)
    file.exec(`PRAGMA ignore_check_constraints = ON; ${attack}`)
    file.close()
    await expect(openVault(path, world), attack).rejects.toThrow(code('damaged'))
    writeFileSync(path, before)
  }
  ;(await openVault(path, world)).close()
})

const PAGE = 4096
/** The first byte of a page. */
const LEAF_OF_INDEX = 10
const LEAF_OF_TABLE = 13

/** Values that no column of a vault ever holds: what the file's rules keep out, and whoever writes into the file puts in. */
const NEVER_WRITTEN: readonly (readonly [column: string, value: string | number | bigint | Buffer | null])[] = [
  ['settings', 'x'],
  ['settings', ''],
  ['settings', 'null'],
  ['settings', '[1]'],
  ['settings', '{"baseUrl":{"a":1}}'],
  ['settings', '{},{}'],
  ['secrets_set', '{'],
  ['secrets_set', '[]'],
  ['active', 7],
  ['revision', -3],
  ['generation', -1],
  ['generation', 2 ** 53],
  ['last_outcome', 'wow'],
  ['last_latency_ms', null],
  ['created_at', '\u001b[31m'],
  ...['settings', 'secrets_set'].flatMap((column) =>
    [null, 7, Buffer.from('{}'), '{\t}', '{\r}', '{}\0', ' {}', 'null'].map((value) => [column, value] as const),
  ),
  ...['provider', 'created_at', 'updated_at', 'definition', 'name'].flatMap((column) =>
    [null, 7, Buffer.from('acme-7')].map((value) => [column, value] as const),
  ),
  ...['active', 'revision', 'generation'].flatMap((column) =>
    [null, 'one', Buffer.of(1), 2n ** 63n - 1n].map((value) => [column, value] as const),
  ),
  ['last_outcome', Buffer.from('connected')],
  ['last_cause', 7],
  ['last_checked_at', null],
  ['last_checked_at', 7],
  ['last_latency_ms', 'long'],
  ['id', null],
  ['id', 'acme-7'],
  ['sealed', null],
  ['sealed', 'text'],
]

test('P02 what is altered in a vault too large to be read through is damaged where it is used, and nowhere else', async () => {
  const { path, key, world, vault, unlocked } = await newVault()
  const many = 700
  await unlocked.add(Array.from({ length: many }, (_, index) => draft(`acme-${index}`)))
  await unlocked.recordTests([
    { name: 'acme-7', revision: 1, checkedAtMs: 0, outcome: 'connected', cause: null, latencyMs: 5, report: { host: 'x' } },
  ])
  const values = (await unlocked.open('acme-7')).values
  const other = await unlocked.open('acme-8')
  vault.close()
  const before = readFileSync(path)
  expect(before.length / 4096).toBeGreaterThan(128)
  for (const [column, value] of NEVER_WRITTEN) {
    const what = `${column} = ${typeof value} ${value}`
    const rows = async <Result>(read: () => Result | Promise<Result>) => {
      try {
        return await read()
      } catch (error) {
        if (!(error instanceof CrmError)) throw new Error(what, { cause: error })
        expect(column === 'name' ? ['damaged', 'not_found'] : ['damaged'], what).toContain(error.code)
        return 'damaged' as const
      }
    }
    changeLawlessly(path, 'integrations', `UPDATE integrations SET ${column} = ? WHERE name = 'acme-7'`, value)
    const copy = await openVault(path, world)
    const open = await copy.unlock('default', sources({ raw: [key] }))
    const pages = await rows(() => [...copy.listPages('default')].map((page) => Buffer.from(page.items).toString()).join(',\n'))
    if (pages !== 'damaged') expect(JSON.parse(`[${escapeJson(pages)}]`), what).toHaveLength(many)
    // Before the first page, so that nothing is printed of a list that cannot be printed whole.
    if (pages === 'damaged') expect(() => copy.listPages('default')[Symbol.iterator]().next(), what).toThrow(CrmError)
    await rows(() => copy.tablePages('default').flatMap((page) => page.rows()))
    // Lines are for the printer to look at; a row that none can be made of is an empty one.
    await rows(() => copy.linePages('default', LINE_WORDS))
    await rows(() => copy.find('default', 'acme-7'))
    await rows(() => copy.totals('default'))
    await rows(() => copy.providerStats('default'))
    await rows(() => Array.from(open.openAll()))
    const opened = await rows(() => open.open('acme-7'))
    if (opened !== 'damaged') expect(opened.values, what).toEqual(values)
    expect(await open.open('acme-8'), what).toEqual(other)
    const { problems } = await open.verify()
    const named = column === 'name' ? {} : { name: 'acme-7' }
    if (opened === 'damaged' || pages === 'damaged')
      expect(problems, what).toContainEqual(expect.objectContaining({ table: 'integrations', code: 'damaged', ...named }))
    open.lock()
    copy.close()
    writeFileSync(path, before)
  }
}, 240_000)

test.each(['{}\0', '{}\0{', '{"baseUrl":"https://chat.example.com"}\0', ' {}', 'null', '[]'])(
  'P02 text %j, which JSON may be and crm never writes, is damaged in a list of any size',
  async (text) => {
    for (const column of ['settings', 'secrets_set']) {
      const { path, key, world, vault, unlocked } = await newVault()
      await unlocked.add([draft('acme'), draft('other')])
      vault.close()
      changeLawlessly(path, 'integrations', `UPDATE integrations SET ${column} = ? WHERE name = 'acme'`, text)
      const copy = await openVault(path, world)
      const open = await copy.unlock('default', sources({ raw: [key] }))
      expect(() => [...copy.listPages('default')], column).toThrow(code('damaged'))
      expect(() => copy.tablePages('default'), column).toThrow(code('damaged'))
      // Whoever prints lines looks for an empty one, and makes a table then.
      const lines = copy.linePages('default', LINE_WORDS).flatMap((page) => page.text.split('\n'))
      expect(lines, column).toEqual(['', expect.stringMatching(/^other\t/)])
      const { problems } = await open.verify()
      expect(problems, column).toContainEqual(expect.objectContaining({ table: 'integrations', name: 'acme', code: 'damaged' }))
      expect((await open.open('other')).integration.name).toBe('other')
      copy.close()
    }
  },
)

test('P02 a name that is none is in no list of fewer rows, or of more', async () => {
  for (const many of [2, 700]) {
    const { path, world, vault, unlocked } = await newVault()
    await unlocked.add(Array.from({ length: many }, (_, index) => draft(`acme-${index}`)))
    vault.close()
    const before = readFileSync(path)
    const listed = async (bytes: Buffer) => {
      changeLawlessly(path, 'integrations', "UPDATE integrations SET name = CAST(? AS TEXT) WHERE name = 'acme-1'", bytes)
      const copy = await openVault(path, world)
      try {
        const names = [...copy.listPages('default')].flatMap((page) => page.read().map(({ name }) => name))
        expect(copy.tablePages('default').flatMap((page) => page.rows())).toHaveLength(names.length)
        return names
      } finally {
        copy.close()
        writeFileSync(path, before)
      }
    }
    await expect(listed(Buffer.alloc(0))).rejects.toThrow(code('damaged'))
    // Not in UTF-8, and after all other names by its bytes.
    expect(new Set(await listed(Buffer.of(0xff, 0xfe))).size).toBe(many)
    expect(await listed(Buffer.of(0xff, 0xfe))).toHaveLength(many)
  }
})

test('vault verify names the rows of a page that SQLite cannot read, and goes on with the others', async () => {
  const { path, key, world, vault, unlocked } = await newVault()
  await unlocked.add(Array.from({ length: 700 }, (_, index) => draft(`acme-${index}`)))
  vault.close()
  const before = readFileSync(path)
  const pages = Array.from({ length: before.length / PAGE }, (_, page) => page)
  /** The pages of a kind (file format of SQLite, section 1.6) that hold a text. */
  const holding = (kind: number, text: string) =>
    pages.filter((page) => before[page * PAGE] === kind && before.subarray(page * PAGE, (page + 1) * PAGE).includes(text))
  const verifyWithout = async (page: number | undefined) => {
    if (page === undefined) throw new Error('no such page')
    const damaged = Buffer.from(before)
    damaged.fill(0, page * PAGE, (page + 1) * PAGE)
    writeFileSync(path, damaged)
    const copy = await openVault(path, world)
    const { problems } = await (await copy.unlock('default', sources({ raw: [key] }))).verify()
    copy.close()
    return problems
  }
  const [rows] = holding(LEAF_OF_TABLE, '"baseUrl"')
  const [file, ...lost] = await verifyWithout(rows)
  expect(file).toMatchObject({ table: 'file', message: expect.stringMatching(/^Tree \d+ page \d+: /) })
  expect(lost.length).toBeGreaterThan(2)
  const onPage = before.subarray((rows ?? 0) * PAGE, ((rows ?? 0) + 1) * PAGE)
  for (const { name, ...problem } of lost) {
    expect(onPage.includes(name), name).toBe(true)
    expect(problem).toEqual({
      table: 'integrations',
      code: 'damaged',
      message: 'it cannot be read: SQLite found its pages inconsistent',
      hint: 'put a backup back: crm vault restore <file>',
    })
  }
  // Without the log, each row is held against its seal alone.
  const [log] = holding(LEAF_OF_INDEX, 'integration.add')
  expect(await verifyWithout(log)).toEqual([
    expect.objectContaining({ table: 'file' }),
    expect.objectContaining({ table: 'audit', name: '?', code: 'damaged' }),
  ])
})

test('P02 tokens that cannot be read are damaged, and none of them is called missing', async () => {
  const { path, key, world, vault, unlocked } = await newVault()
  const tokens = {
    tokens: { accessToken: new Secret('access-1234567890'), refreshToken: null, expiresAtMs: null, scope: null, captured: {} },
    issuedFor: 'f'.repeat(64),
  }
  await unlocked.add(Array.from({ length: 700 }, (_, index) => ({ ...draft(`acme-${index}`), ...(index < 3 ? { tokens } : {}) })))
  vault.close()
  changeLawlessly(path, 'tokens', 'UPDATE tokens SET sealed = ? WHERE rowid = (SELECT min(rowid) FROM tokens)', null)
  const copy = await openVault(path, world)
  const { problems } = await (await copy.unlock('default', sources({ raw: [key] }))).verify()
  expect(problems).toContainEqual(expect.objectContaining({ table: 'tokens', code: 'damaged' }))
  expect(problems.filter((problem) => problem.code === 'missing')).toEqual([])
  copy.close()
})

test.each([
  ['demos', 'slug', null],
  ['demos', 'id', 'text'],
  ['demos', 'integration_id', null],
  ['demos', 'revision', 'one'],
  ['demos', 'sealed', null],
  ['audit', 'details', null],
  ['audit', 'at', 7],
  ['audit', 'mac', 'text'],
  ['test_results', 'outcome', null],
])('P02 a large vault with a value in %s.%s that is none of its kind is told of by verify', async (table, column, value) => {
  const { path, key, world, vault, unlocked } = await newVault()
  await unlocked.add(Array.from({ length: 700 }, (_, index) => draft(`acme-${index}`)))
  await unlocked.recordTests([
    { name: 'acme-7', revision: 1, checkedAtMs: 0, outcome: 'connected', cause: null, latencyMs: 5, report: { host: 'x' } },
  ])
  const run = await unlocked.startDemoRun('acme-7', FROZEN_DEMO.slug, 'a'.repeat(32))
  await run.journal.write({ ...FROZEN_DEMO, integration: 'acme-7' }, FROZEN_DEMO_SECRETS)
  await run.end()
  vault.close()
  const last = `rowid = (SELECT min(rowid) FROM ${table})`
  changeLawlessly(path, table, `UPDATE ${table} SET ${column} = ? WHERE ${table === 'audit' ? 'sequence = 300' : last}`, value)
  const copy = await openVault(path, world)
  const outcome = await copy
    .unlock('default', sources({ raw: [key] }))
    .then((open) => open.verify())
    .catch((error: unknown) => error)
  if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'damaged' })
  else expect((outcome as { problems: unknown[] }).problems).not.toEqual([])
  copy.close()
})

test.each([
  ['key_slots', 'generation', -1],
  ['key_slots', 'generation', 2 ** 53],
  ['audit_keys', 'generation', -1],
  ['audit_keys', 'generation', 2 ** 53],
  ['audit_keys', 'key_generation', 2 ** 53],
])('P02 %s whose %s is %s, which is never written, are damaged', async (table, column, value) => {
  const { path, key, world, vault } = await newVault()
  vault.close()
  const file = new Sqlite(path)
  file.exec(`PRAGMA ignore_check_constraints = ON; UPDATE ${table} SET ${column} = ${value}`)
  file.close()
  const copy = await openVault(path, world)
  await expect(copy.unlock('default', sources({ raw: [key] }))).rejects.toThrow(code('damaged'))
  copy.close()
})

test('P02 a table shows of a doubled setting what the seal binds', async () => {
  const { path, key, world, vault, unlocked } = await newVault()
  await unlocked.add([draft('acme')])
  const { settings } = (await unlocked.open('acme')).integration
  vault.close()
  const file = new Sqlite(path)
  file.prepare('UPDATE integrations SET settings = replace(settings, \'{\', \'{"baseUrl":"https://elsewhere.example",\')').run()
  file.close()
  const copy = await openVault(path, world)
  expect(copy.tablePages('default')[0]?.rows()[0]?.settings).toEqual(settings)
  expect((await (await copy.unlock('default', sources({ raw: [key] }))).open('acme')).integration.settings).toEqual(settings)
  copy.close()
})

test('P02 a vault in another encoding of text is none that crm wrote', async () => {
  const { path, world, vault, directory } = await newVault()
  vault.close()
  const other = join(directory, 'data', 'utf16.db')
  const from = new Sqlite(path)
  const to = new Sqlite(other)
  to.exec("PRAGMA encoding = 'UTF-16le'; PRAGMA application_id = 1129467185; PRAGMA journal_mode = WAL")
  for (const sql of from.prepare('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL').pluck().all()) to.exec(String(sql))
  to.exec('PRAGMA user_version = 2')
  from.close()
  to.close()
  chmodSync(other, 0o600)
  await expect(openVault(other, world)).rejects.toThrow(code('damaged'))
})

test('P12 a row of the log with a number that is never written is found', async () => {
  const { path, key, world, vault, unlocked } = await newVault()
  await unlocked.add(Array.from({ length: 2_500 }, (_, index) => draft(`acme-${index}`)))
  vault.close()
  const file = new Sqlite(path)
  file.exec('PRAGMA ignore_check_constraints = ON; UPDATE audit SET sequence = -5 WHERE sequence = 9')
  file.close()
  const copy = await openVault(path, world)
  expect((await (await copy.unlock('default', sources({ raw: [key] }))).replayAudit()).firstBad).toBe(-5)
  copy.close()
})

test('P02 a changed structure is noticed on opening', async () => {
  const { path, world, vault, directory } = await newVault()
  vault.close()
  for (const attack of [
    "CREATE TRIGGER spy AFTER INSERT ON integrations BEGIN UPDATE integrations SET settings = '{}'; END",
    'CREATE VIEW v AS SELECT 1',
    'CREATE TABLE extra (x)',
    'DROP INDEX demos_of_profile',
  ]) {
    const copy = join(directory, 'data', 'attacked.db')
    copyFileSync(path, copy)
    chmodSync(copy, 0o600)
    new Sqlite(copy).exec(attack)
    await expect(openVault(copy, world), attack).rejects.toThrow(/structure/)
  }
})

test('P05 synchronous is FULL, also after the first write', async () => {
  const { path, unlocked, vault } = await newVault()
  await unlocked.add([draft('acme')])
  vault.close()
  const database = Database.open(path)
  database.write('test', () => database.run("UPDATE profiles SET created_at = '2026-01-01T00:00:00.000Z'"))
  expect(database.pragma('synchronous')).toBe(2)
  expect(database.pragma('journal_mode')).toBe('wal')
  expect(database.pragma('secure_delete')).toBe(1)
  expect(database.pragma('foreign_keys')).toBe(1)
  expect(database.pragma('trusted_schema')).toBe(0)
  expect(database.pragma('busy_timeout')).toBe(10_000)
  database.close()
})

test('the newest result is the last test, the history keeps 1,000, and a result of an older revision is left out', async () => {
  const { unlocked, vault } = await newVault()
  await unlocked.add([draft('acme')])
  const result = (checkedAtMs: number) => ({
    name: 'acme',
    revision: 1,
    checkedAtMs,
    outcome: 'connected' as const,
    cause: null,
    latencyMs: 5,
    report: { at: checkedAtMs },
  })
  await unlocked.recordTests(Array.from({ length: 1005 }, (_, index) => result(index)))
  const history = await unlocked.testHistory('acme')
  expect(history).toHaveLength(1000)
  expect(history[0]).toMatchObject({ checkedAtMs: 1004, report: { at: 1004 } })
  expect(history.slice(1).every((record) => record.report === null)).toBe(true)
  await unlocked.setActive('acme', false)
  await unlocked.recordTests([{ ...result(9999), outcome: 'failed', cause: 'auth_rejected' }])
  expect((await vault.find('default', 'acme')).lastTest).toMatchObject({ outcome: 'connected' })
})

test('a list in pages is the same as a list of values', async () => {
  const { unlocked, vault } = await newVault()
  await unlocked.add(
    Array.from({ length: 2345 }, (_, index) =>
      draft(`row-${index}`, { provider: index % 2 ? 'chatwoot' : 'custom', active: index % 3 > 0 }),
    ),
  )
  await unlocked.recordTests([
    { name: 'row-7', revision: 1, checkedAtMs: 0, outcome: 'failed', cause: 'unreachable', latencyMs: 5, report: null },
  ])
  for (const filter of [{}, { provider: 'custom' }, { active: true }, { provider: 'chatwoot', active: false }]) {
    const pages = [...vault.listPages('default', filter)]
    const fromPages = JSON.parse(`[${pages.map((page) => Buffer.from(page.items).toString()).join(',\n')}]`)
    expect(pages.flatMap((page) => page.read())).toEqual(fromPages)
    const rows = [...vault.tablePages('default', filter)].flatMap((page) => page.rows())
    expect(rows).toMatchObject(fromPages.map(({ name, provider, active, lastTest }: Integration) => ({ name, provider, active, lastTest })))
    expect(rows.map(({ settings }) => settings.baseUrl)).toEqual(fromPages.map(({ settings }: Integration) => settings.baseUrl ?? null))
    const listed = (await vault.list('default', filter)).map((row) => ({ ...row, source: 'vault' }))
    expect(fromPages).toEqual(listed)
    const totals = await vault.totals('default', filter)
    expect(totals.total).toBe(listed.length)
    expect(totals.active).toBe(listed.filter((row) => row.active).length)
  }
  const [page] = [...vault.listPages('default', { provider: 'custom' })]
  const text = Buffer.from(page?.items ?? []).toString()
  expect(text.startsWith(`      ${JSON.stringify(JSON.parse(`[${text}]`)[0], null, 2).replaceAll('\n', '\n      ')},\n`)).toBe(true)
})

test('a demo run is one at a time: a living holder is a conflict, a dead one is taken over at once, another host after its lease', async () => {
  let alive = true
  const { unlocked, vault, key, path, world } = await newVault({ isAlive: () => alive })
  await unlocked.add([draft('acme')])
  const first = await unlocked.startDemoRun('acme', 'demo', 'run-1')
  await expect(unlocked.startDemoRun('acme', 'demo', 'run-2')).rejects.toThrow(code('conflict'))
  alive = false
  const second = await unlocked.startDemoRun('acme', 'demo', 'run-2')
  await expect(first.renew()).rejects.toThrow(TakenOverError)
  await second.end()
  await expect(second.renew()).rejects.not.toBeInstanceOf(TakenOverError)
  vault.close()
  let now = Date.parse('2026-01-02T00:00:00Z')
  const elsewhere = await openVault(
    path,
    vaultWorld(world.stateDirectory, { holder: () => ({ host: 'far', pid: 9, processStarted: '' }), clock: () => now }),
  )
  const far = await elsewhere.unlock('default', sources({ raw: [key] }))
  await far.startDemoRun('acme', 'demo', 'run-3')
  const here = await openVault(path, vaultWorld(world.stateDirectory, { clock: () => now }))
  const mine = await here.unlock('default', sources({ raw: [key] }))
  await expect(mine.startDemoRun('acme', 'demo', 'run-4')).rejects.toThrow(code('conflict'))
  now += 61_000
  await (await mine.startDemoRun('acme', 'demo', 'run-4')).end()
  elsewhere.close()
  here.close()
})

test('a demo and its journal come back as written, and every column of them is bound', async () => {
  const { unlocked, vault, path } = await newVault()
  await unlocked.add([draft('acme')])
  const run = await unlocked.startDemoRun('acme', 'demo', 'a'.repeat(32))
  expect(await run.journal.read()).toBeUndefined()
  const record = {
    slug: 'demo',
    name: 'Ünïcode "quoted" / demo',
    integration: 'acme',
    account: 'https://chat.example.com/app/accounts/3',
    channel: 'web' as const,
    status: 'ready' as const,
    inboxId: '7',
    botId: '9',
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    journal: [
      {
        runId: 'a'.repeat(32),
        kind: 'bot' as const,
        action: 'create' as const,
        state: 'done' as const,
        digest: 'ab',
        remoteId: '9',
        at: '2026-01-01T00:00:00.000Z',
      },
    ],
  }
  await run.journal.write(record, { botAccessToken: 'secret-of-bot' })
  expect(await run.journal.read()).toMatchObject({ record, secrets: { botAccessToken: 'secret-of-bot' } })
  expect((await unlocked.audit()).at(-1)).toMatchObject({
    event: 'demo.step',
    details: { slug: 'demo', steps: ['create bot done 9 in run aaaaaaaa'] },
  })
  expect(await vault.demos('default')).toMatchObject([{ slug: 'demo', status: 'ready', inboxId: '7', botId: '9' }])
  await expect(unlocked.remove('acme')).rejects.toThrow(code('conflict'))
  const database = new Sqlite(path)
  for (const attack of [
    "UPDATE demos SET inbox_id = '8'",
    "UPDATE demos SET status = 'partial'",
    "UPDATE demos SET account = 'https://evil.example.com/app/accounts/3'",
    "UPDATE demo_steps SET remote_id = '10'",
    'DELETE FROM demo_steps',
  ]) {
    const copy = { demos: database.prepare('SELECT * FROM demos').all(), steps: database.prepare('SELECT * FROM demo_steps').all() }
    database.exec(attack)
    await expect(run.journal.read(), attack).rejects.toThrow(code('damaged'))
    database.exec('DELETE FROM demo_steps')
    for (const [table, rows] of [
      ['demos', copy.demos],
      ['demo_steps', copy.steps],
    ] as const) {
      for (const row of rows as Record<string, unknown>[]) {
        database
          .prepare(
            `INSERT OR REPLACE INTO ${table} VALUES (${Object.keys(row)
              .map(() => '?')
              .join(',')})`,
          )
          .run(...Object.values(row))
      }
    }
  }
  expect(await run.journal.read()).toMatchObject({ record })
  await unlocked.remove('acme', { force: true })
  expect(await vault.demos('default')).toEqual([])
  expect((await unlocked.verify()).problems).toEqual([])
})

test('reading needs a state directory neither to exist nor to be writable', async () => {
  const directory = temporaryDirectory()
  const blocked = join(directory, 'file')
  writeFileSync(blocked, '')
  const path = join(directory, 'data', 'vault.db')
  const vault = await openVault(path, vaultWorld(join(blocked, 'state')), 'create')
  const key = randomBytes(32)
  await vault.createProfile('default', { kind: 'env', label: '', key: { type: 'raw', key } })
  const unlocked = await vault.unlock('default', sources({ raw: [key] }))
  await unlocked.add([draft('acme')])
  expect((await unlocked.open('acme')).integration.name).toBe('acme')
  vault.close()
})
