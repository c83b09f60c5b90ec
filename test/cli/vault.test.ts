import { randomBytes } from 'node:crypto'
import { chmodSync, cpSync, existsSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import {
  addChatwoot,
  chatwootVariables,
  copyOf,
  emptyHome,
  type Home,
  homeWithChatwoot,
  homeWithVault,
  makeOlder,
  openSandbox,
  run,
  runShell,
  succeed,
} from '../support/cli.ts'
import { documentOf, failureOf, type Json } from './document.ts'

const NO_KEY = { INTEGRATION_ENCRYPTION_KEY: undefined }
const DEMO = ['demo-create', '--name', 'Acme Dental', '--bot-url', 'https://bot.example.com/hook']

let sandbox: Sandbox
let acme: Home

beforeAll(async () => {
  sandbox = await openSandbox()
  acme = await homeWithChatwoot(sandbox, 'acme')
})

async function profiles(home: Home): Promise<string[]> {
  const { data } = documentOf('profile list', await run(['profile', 'list', '--json'], { home }))
  return data.profiles.map((profile: Json) => `${profile.name}${profile.current ? '*' : ''} ${profile.integrations} ${profile.keySlots}`)
}

const newKey = () => randomBytes(32).toString('base64')

describe.concurrent('crm profile', () => {
  test('list shows all of them without a key; of no vault it is empty', async () => {
    const home = copyOf(acme)
    succeed(await run(['profile', 'create', 'b', '--key', 'env'], { home }))
    expect(await profiles(home)).toEqual(['b 0 1', 'default* 1 1'])
    const none = documentOf('profile list', await run(['profile', 'list', '--json'], { env: NO_KEY }))
    expect(none).toMatchObject({ data: { profiles: [] }, warnings: [{ code: 'no_vault' }] })
  })

  test('create refuses a name that is taken, and one that is none', async () => {
    failureOf('profile create', 'conflict', await run(['profile', 'create', 'DEFAULT', '--key', 'env', '--json'], { home: acme }))
    failureOf('profile create', 'usage', await run(['profile', 'create', 'a b', '--key', 'env', '--json'], { home: acme }))
    failureOf('profile create', 'usage', await run(['profile', 'create', 'c', '--key', 'magic', '--json'], { home: acme }))
  })

  test('use chooses for later calls; CRM_PROFILE wins over it, and --profile over both', async () => {
    const home = copyOf(acme)
    for (const name of ['b', 'c', 'd']) succeed(await run(['-p', name, 'init'], { home }))
    const inUse = async (flags: readonly string[], env: Record<string, string> = {}) =>
      documentOf('which', await run(['which', '--json', ...flags], { home, env })).data.profile
    expect(await inUse([])).toEqual({ value: 'default', from: 'default' })
    documentOf('profile use', await run(['profile', 'use', 'b', '--json'], { home }))
    expect(await inUse([])).toEqual({ value: 'b', from: join(home.path, 'config.json') })
    expect(await inUse([], { CRM_PROFILE: 'c' })).toEqual({ value: 'c', from: 'CRM_PROFILE' })
    expect(await inUse(['-p', 'd'], { CRM_PROFILE: 'c' })).toEqual({ value: 'd', from: '--profile' })
    expect(await inUse([], { CRM_PROFILE: '' })).toMatchObject({ value: 'b' })
    const overridden = documentOf('profile use', await run(['profile', 'use', 'd', '--json'], { home, env: { CRM_PROFILE: 'c' } }))
    expect(overridden.warnings).toMatchObject([{ code: 'profile_overridden' }])
    failureOf('profile use', 'not_found', await run(['profile', 'use', 'nobody', '--json'], { home }))
  })

  test('rename keeps what is in it, and the choice', async () => {
    const home = copyOf(acme)
    succeed(await run(['profile', 'use', 'default'], { home }))
    documentOf('profile rename', await run(['profile', 'rename', 'default', 'main', '--json'], { home }))
    expect(await profiles(home)).toEqual(['main* 1 1'])
    expect(await run(['test'], { home })).toMatchObject({ status: 0 })
    succeed(await run(['vault', 'verify'], { home }))
    succeed(await run(['-p', 'b', 'init'], { home }))
    failureOf('profile rename', 'conflict', await run(['profile', 'rename', 'main', 'b', '--json'], { home }))
  })

  test('remove wants the name typed, or --confirm; --yes is not enough', async () => {
    const home = copyOf(acme)
    for (const name of ['b', 'c']) succeed(await run(['-p', name, 'init'], { home }))
    for (const flags of [[], ['--yes']]) {
      const { error } = failureOf('profile remove', 'usage', await run(['profile', 'remove', 'b', ...flags, '--json'], { home }))
      expect(error.hint).toContain('--confirm b')
    }
    failureOf('profile remove', 'usage', await run(['profile', 'remove', 'b', '--confirm', 'c', '--json'], { home }))
    expect(documentOf('profile remove', await run(['profile', 'remove', 'b', '--confirm', 'b', '--json'], { home })).data).toEqual({
      removed: 'b',
    })
    succeed(await run(['profile', 'remove', 'c', '--confirm', 'c'], { home }))
    expect(await profiles(home)).toEqual(['default* 1 1'])
    failureOf('profile remove', 'not_found', await run(['profile', 'remove', 'b', '--confirm', 'b', '--json'], { home }))
  })

  test('remove is a conflict while demos made with it exist, unless --force', async () => {
    const home = copyOf(acme)
    succeed(await run([...DEMO, '--slug', 'of-a-profile'], { home }))
    const { error } = failureOf(
      'profile remove',
      'conflict',
      await run(['profile', 'remove', 'default', '--confirm', 'default', '--json'], { home }),
    )
    expect(error.hint).toContain('demo-remove')
    succeed(await run(['profile', 'remove', 'default', '--confirm', 'default', '--force'], { home }))
    expect(await profiles(home)).toEqual([])
  })

  test('holding the key of one opens nothing of another', async () => {
    const home = copyOf(acme)
    const env = { INTEGRATION_ENCRYPTION_KEY: newKey() }
    succeed(await run(['-p', 'other', 'init'], { home, env }))
    failureOf('vault verify', 'wrong_key', await run(['vault', 'verify', '-p', 'other', '--json'], { home }))
    failureOf('vault verify', 'wrong_key', await run(['vault', 'verify', '--json'], { home, env }))
  })

  test('without its verb prints its usage and ends with 2', async () => {
    for (const group of ['profile', 'key', 'vault']) {
      const { status, stdout, stderr } = await run([group], { home: acme })
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
      expect(stderr).toContain(`Usage: crm ${group}`)
      failureOf('help', 'usage', await run([group, '--json'], { home: acme }))
    }
  })
})

describe.concurrent('crm which', () => {
  test('says where each value comes from', async () => {
    const { data } = documentOf('which', await run(['which', '--json'], { home: acme }))
    expect(data).toEqual({
      profile: { value: 'default', from: 'default' },
      vault: { value: acme.vault, from: 'CRM_HOME' },
      keySource: { value: 'env', from: 'INTEGRATION_ENCRYPTION_KEY' },
    })
    const flag = documentOf('which', await run(['which', '--vault', acme.vault, '--json'], { env: NO_KEY }))
    expect(flag.data).toMatchObject({ vault: { value: acme.vault, from: '--vault' }, keySource: { value: null } })
    expect(flag.data.keySource.from).toContain('env')
  })

  test('of no vault names the places and ends with 0', async () => {
    const home = emptyHome()
    const { data } = documentOf('which', await run(['which', '--json'], { home }))
    expect(data).toMatchObject({ vault: { value: home.vault }, keySource: { value: null, from: 'there is no vault yet' } })
  })

  test('names the key file where that is what opens the profile', async () => {
    const home = emptyHome()
    const file = join(home.path, 'elsewhere.key')
    const env = { ...NO_KEY, CRM_KEY_FILE: file }
    writeFileSync(file, `${newKey()}\n`, { mode: 0o600 })
    succeed(await run(['init', '--key', 'file'], { home, env }))
    expect(documentOf('which', await run(['which', '--json'], { home, env })).data.keySource).toEqual({ value: 'file', from: file })
    chmodSync(file, 0o640)
    failureOf('which', 'unsafe_file', await run(['which', '--json'], { home, env }))
  })
})

describe.concurrent('crm key', () => {
  test('generate prints a key of 32 bytes and nothing else, another one each time', async () => {
    const keys = await Promise.all([1, 2].map(() => run(['key', 'generate'])))
    for (const { status, stdout, stderr } of keys) {
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      expect(stdout).toMatch(/^[A-Za-z0-9+/]{43}=\n$/)
      expect(Buffer.from(stdout, 'base64')).toHaveLength(32)
    }
    expect(keys[0]?.stdout).not.toBe(keys[1]?.stdout)
  })

  test('generate makes what init takes', async () => {
    const line = 'export INTEGRATION_ENCRYPTION_KEY="$(crm key generate)" && crm init --key env && crm vault verify'
    succeed(await runShell(line, { env: NO_KEY }))
  })

  test('add gives a second way in, list shows both, remove takes one away', async () => {
    const home = copyOf(acme)
    const added = documentOf('key add', await run(['key', 'add', 'file', '--label', 'the spare one', '--json'], { home }))
    expect(added.data.slot).toMatchObject({ kind: 'file', label: 'the spare one' })
    const { data } = documentOf('key list', await run(['key', 'list', '--json'], { home, env: NO_KEY }))
    expect(data.slots.map((slot: Json) => slot.kind)).toEqual(['env', 'file'])
    succeed(await run(['vault', 'verify'], { home, env: NO_KEY }))
    const [first, second] = data.slots
    expect(documentOf('key remove', await run(['key', 'remove', second.id, '--yes', '--json'], { home })).data).toEqual({
      removed: second.id,
    })
    failureOf('vault verify', 'wrong_key', await run(['vault', 'verify', '--json'], { home, env: NO_KEY }))
    const { error } = failureOf('key remove', 'conflict', await run(['key', 'remove', first.id, '--yes', '--json'], { home }))
    expect(error.message).toMatch(/last/)
  })

  test('add env takes a new key from another variable', async () => {
    const home = copyOf(acme)
    const NEW_KEY = newKey()
    documentOf('key add', await run(['key', 'add', 'env', '--new-key-env', 'NEW_KEY', '--json'], { home, env: { NEW_KEY } }))
    succeed(await run(['vault', 'verify'], { home, env: { INTEGRATION_ENCRYPTION_KEY: NEW_KEY } }))
    succeed(await run(['vault', 'verify'], { home }))
    failureOf('key add', 'usage', await run(['key', 'add', 'env', '--new-key-env', 'NOT_SET', '--json'], { home }))
  })

  test('add passphrase takes it from a file', async () => {
    const home = copyOf(acme)
    const file = join(home.path, 'passphrase')
    writeFileSync(file, 'correct horse battery staple', { mode: 0o600 })
    documentOf('key add', await run(['key', 'add', 'passphrase', '--json'], { home, env: { CRM_PASSPHRASE_FILE: file } }))
    succeed(await run(['vault', 'verify'], { home, env: { ...NO_KEY, CRM_PASSPHRASE_FILE: file } }))
    writeFileSync(file, 'incorrect horse battery staple')
    failureOf(
      'vault verify',
      'wrong_key',
      await run(['vault', 'verify', '--json'], { home, env: { ...NO_KEY, CRM_PASSPHRASE_FILE: file } }),
    )
  })

  test('remove asks, and knows no id that there is not', async () => {
    const home = copyOf(acme)
    succeed(await run(['key', 'add', 'file'], { home }))
    const [slot] = documentOf('key list', await run(['key', 'list', '--json'], { home })).data.slots
    failureOf('key remove', 'usage', await run(['key', 'remove', slot.id, '--json'], { home }))
    failureOf('key remove', 'not_found', await run(['key', 'remove', 'ffffffff', '--yes', '--json'], { home }))
  })

  test('refuses a label that would break a list', async () => {
    for (const label of ['x'.repeat(65), 'two\nlines'])
      failureOf('key add', 'usage', await run(['key', 'add', 'file', '--label', label, '--json'], { home: acme }))
  })
})

describe.concurrent('crm audit', () => {
  test('shows what was done, oldest first, verified, and never a secret', async () => {
    const home = copyOf(acme)
    succeed(await run(['toggle', 'acme'], { home }))
    const { stdout } = succeed(await run(['audit', '--json'], { home }))
    const { data } = JSON.parse(stdout)
    expect(data.verified).toBe(true)
    expect(data.events.map((event: Json) => event.sequence)).toEqual(data.events.map((_: Json, index: number) => index + 1))
    expect(data.events.map((event: Json) => event.event)).toEqual(expect.arrayContaining(['integration.add']))
    expect(data.events.every((event: Json) => event.actor.startsWith('tester@'))).toBe(true)
    for (const secret of [sandbox.administratorToken, home.key]) expect(stdout).not.toContain(secret)
  })

  test('--limit keeps the newest, --event those of one kind', async () => {
    const home = copyOf(acme)
    for (let times = 0; times < 3; times += 1) succeed(await run(['toggle', 'acme'], { home }))
    const all = documentOf('audit', await run(['audit', '--json'], { home })).data.events
    const two = documentOf('audit', await run(['audit', '--limit', '2', '--json'], { home })).data.events
    expect(two).toEqual(all.slice(-2))
    const adds = documentOf('audit', await run(['audit', '--event', 'integration.add', '--json'], { home })).data.events
    expect(adds).toEqual(all.filter((event: Json) => event.event === 'integration.add'))
    expect(documentOf('audit', await run(['audit', '--since', '999999999d', '--json'], { home })).data.events).toEqual(all)
    failureOf('audit', 'usage', await run(['audit', '--limit', '0', '--json'], { home }))
  })

  test('verify names the first bad row, and vault verify fails, too', async () => {
    const home = copyOf(acme)
    succeed(await run(['toggle', 'acme'], { home }))
    succeed(await run(['audit', 'verify'], { home }))
    const vault = new DatabaseSync(home.vault)
    vault.exec("UPDATE audit SET at = '2020-01-01T00:00:00.000Z' WHERE sequence = 2")
    vault.close()
    const document = failureOf('audit verify', 'damaged', await run(['audit', 'verify', '--json'], { home }))
    expect(document.data.firstBad).toBe(2)
    expect(document.error.message).toContain('row 2')
    failureOf('vault verify', 'damaged', await run(['vault', 'verify', '--json'], { home }))
    expect(documentOf('audit', await run(['audit', '--json'], { home }))).toMatchObject({
      data: { verified: false },
      warnings: [{ code: 'audit_altered' }],
    })
  })

  test('head is one line that changes with every event', async () => {
    const home = copyOf(acme)
    const head = async () => succeed(await run(['audit', 'head'], { home })).stdout
    const before = await head()
    expect(before).toMatch(/^\d+ [0-9a-f]{64}\n$/)
    expect(await head()).toBe(before)
    succeed(await run(['toggle', 'acme'], { home }))
    expect(await head()).not.toBe(before)
  })
})

describe.concurrent('crm vault', () => {
  test('verify opens every row', async () => {
    const { data } = documentOf('vault verify', await run(['vault', 'verify', '--json'], { home: acme }))
    expect(data).toMatchObject({ problems: [] })
    expect(data.rows).toBeGreaterThan(1)
  })

  test('verify --all-profiles opens every row of those that open, and names the others', async () => {
    const home = copyOf(acme)
    const other = { INTEGRATION_ENCRYPTION_KEY: newKey() }
    succeed(await run(['-p', 'closed', 'init'], { home, env: other }))
    succeed(await run(['-p', 'mine', 'init'], { home }))
    succeed(
      await run(['-p', 'mine', 'add', 'chatwoot', '--name', 'theirs', '--from-env', '--no-test'], {
        home,
        env: chatwootVariables(sandbox),
      }),
    )
    const all = ['vault', 'verify', '--all-profiles']
    const whole = documentOf('vault verify', await run([...all, '--json'], { home }))
    expect(whole.data).toMatchObject({ verified: ['default', 'mine'], unverified: ['closed'], problems: [] })
    expect(whole.warnings).toMatchObject([{ code: 'profiles_not_verified', message: expect.stringContaining('closed') }])
    const vault = new DatabaseSync(home.vault)
    vault.exec("UPDATE integrations SET active = 0 WHERE name = 'theirs'")
    vault.exec("UPDATE key_slots SET label = 'altered' WHERE profile_id = (SELECT id FROM profiles WHERE name = 'closed')")
    vault.close()
    succeed(await run(['vault', 'verify'], { home }))
    const { data } = failureOf('vault verify', 'damaged', await run([...all, '--json'], { home }))
    expect(data).toMatchObject({ verified: ['default', 'mine'], unverified: [] })
    expect(data.problems).toMatchObject([
      { profile: 'closed', table: 'profiles', name: 'closed', code: 'damaged' },
      { profile: 'mine', table: 'integrations', name: 'theirs', code: 'damaged' },
    ])
    const { stdout } = await run(all, { home })
    expect(stdout).toMatch(/^2 problems in \d+ rows of 2 profiles:\n/)
    expect(stdout).toContain('mine: integrations theirs: ')
  })

  test('verify --all-profiles fails where no profile opens, or there is none', async () => {
    const home = await homeWithVault()
    const env = { INTEGRATION_ENCRYPTION_KEY: newKey() }
    failureOf('vault verify', 'wrong_key', await run(['vault', 'verify', '--all-profiles', '--json'], { home, env }))
    failureOf('vault verify', 'locked', await run(['vault', 'verify', '--all-profiles', '--json'], { home, env: NO_KEY }))
    succeed(await run(['profile', 'remove', 'default', '--confirm', 'default'], { home }))
    failureOf('vault verify', 'not_found', await run(['vault', 'verify', '--all-profiles', '--json'], { home }))
  })

  test('verify names what was altered; test and show refuse it, and the rest goes on', async () => {
    const home = copyOf(acme)
    succeed(await addChatwoot(home, sandbox, ['--name', 'other']))
    const vault = new DatabaseSync(home.vault)
    vault.exec("UPDATE integrations SET settings = json_set(settings, '$.baseUrl', 'https://evil.example') WHERE name = 'other'")
    vault.close()
    const { data } = failureOf('vault verify', 'damaged', await run(['vault', 'verify', '--json'], { home }))
    expect(data.problems).toMatchObject([{ name: 'other', code: 'damaged' }])
    failureOf('show', 'damaged', await run(['show', 'other', '--json'], { home }))
    const tested = failureOf('test', 'damaged', await run(['test', '--fresh', '--json'], { home }))
    expect(tested.data.results.map((result: Json) => `${result.name} ${result.outcome}`)).toEqual(['acme connected', 'other failed'])
    succeed(await run(['remove', 'other', '--yes'], { home }))
    succeed(await run(['vault', 'verify'], { home }))
  })

  test('path prints the path and nothing else, whether it is there or not', async () => {
    const home = emptyHome()
    expect(await run(['vault', 'path'], { home })).toEqual({ status: 0, stdout: `${home.vault}\n`, stderr: '' })
    expect(existsSync(home.vault)).toBe(false)
  })

  test('an older copy is noticed, refused, and goes on once it is accepted', async () => {
    const home = copyOf(acme)
    const backup = readFileSync(home.vault)
    succeed(await run(['toggle', 'acme'], { home }))
    writeFileSync(home.vault, backup)
    const { error } = failureOf('toggle', 'damaged', await run(['toggle', 'acme', '--json'], { home }))
    expect(error.hint).toContain('crm vault accept-older')
    failureOf('vault accept-older', 'usage', await run(['vault', 'accept-older', '--json'], { home }))
    const { data } = documentOf('vault accept-older', await run(['vault', 'accept-older', '--yes', '--json'], { home }))
    expect(data).toEqual({ path: home.vault, profile: 'default', changed: true })
    succeed(await run(['toggle', 'acme'], { home }))
  })

  test('accept-older says what it did; where nothing is older it asks nobody and changes nothing', async () => {
    const home = copyOf(acme)
    const head = await run(['audit', 'head'], { home })
    const { stdout } = succeed(await run(['vault', 'accept-older'], { home }))
    expect(stdout).toBe(`nothing to accept: ${home.vault} is the newest that this machine has seen of the profile default\n`)
    expect(await run(['audit', 'head'], { home })).toEqual(head)
    makeOlder(home)
    expect(succeed(await run(['vault', 'accept-older', '--yes'], { home })).stdout).toContain(`accepted ${home.vault}`)
    succeed(await run(['vault', 'verify'], { home }))
  })

  test.each<[what: string, spoil: (home: Home) => void, fix: RegExp]>([
    ['a mode that lets others read', (home) => chmodSync(home.vault, 0o640), /chmod 600/],
    ['a link in its place', linked, /name the file itself/],
  ])('with %s is refused with what mends it', async (_what, spoil, fix) => {
    const home = copyOf(acme)
    spoil(home)
    const { error } = failureOf('list', 'unsafe_file', await run(['list', '--json'], { home }))
    expect(error.hint).toMatch(fix)
  })

  test('that is unsafe is used with a warning where CRM_ALLOW_UNSAFE_FILE says so', async () => {
    const home = copyOf(acme)
    chmodSync(home.vault, 0o644)
    const document = documentOf('list', await run(['list', '--json'], { home, env: { CRM_ALLOW_UNSAFE_FILE: '1' } }))
    expect(document.warnings).toMatchObject([{ code: 'unsafe_file_allowed' }])
  })

  test('is written by many commands at once without losing a change', async () => {
    const home = await homeWithVault()
    const input = JSON.stringify({ accountId: '1', apiKey: 'token' })
    const added = await Promise.all(
      Array.from({ length: 8 }, (_, index) => run(['add', 'chatwoot', '--name', `n${index}`, '--from', '-', '--no-test'], { home, input })),
    )
    expect(added.map(({ status }) => status)).toEqual(added.map(() => 0))
    const { data } = documentOf('list', await run(['list', '--json'], { home }))
    expect(data.summary.total).toBe(8)
    succeed(await run(['vault', 'verify'], { home }))
  })

  test('is not written by reading', async () => {
    const home = copyOf(acme)
    const before = statSync(home.vault).mtimeMs
    expect(await run(['list'], { home })).toMatchObject({ status: 0 })
    expect(statSync(home.vault).mtimeMs).toBe(before)
  })
})

function linked(home: Home): void {
  const real = `${home.vault}.real`
  cpSync(home.vault, real)
  rmSync(home.vault)
  symlinkSync(real, home.vault)
}

test('a pipe in place of the vault is no vault that is missing, and nobody waits for its writer', async () => {
  const home = emptyHome()
  const { status, stdout } = await runShell('mkfifo -m 600 pipe && crm --vault pipe list --json', { home })
  expect(status, stdout).toBe(3)
  expect(JSON.parse(stdout).error).toMatchObject({ code: 'unsafe_file', reason: 'it is not a regular file' })
})
