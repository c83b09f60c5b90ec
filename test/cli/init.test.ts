import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { copyOf, emptyHome, type Home, homeWithVault, run, succeed } from '../support/cli.ts'
import { documentOf, failureOf } from './document.ts'

const NO_KEY = { INTEGRATION_ENCRYPTION_KEY: undefined }
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

describe.concurrent('crm init', () => {
  test('takes the key of the environment without a terminal, and makes files that only their owner can reach', async () => {
    const home = emptyHome()
    const document = documentOf('init', await run(['init', '--json'], { home }))
    expect(document.data).toMatchObject({ created: true, vault: home.vault, profile: 'default', keySlot: { kind: 'env' } })
    expect(modeOf(home.vault)).toBe('600')
    expect(modeOf(join(home.path, 'vault.db'))).toBe('600')
  })

  test('says what it made', async () => {
    const { status, stdout, stderr } = await run(['init'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain('created profile default')
    expect(stdout).toContain('env (INTEGRATION_ENCRYPTION_KEY)')
  })

  test('changes nothing the second time', async () => {
    const home = await homeWithVault()
    const before = readFileSync(home.vault)
    const document = documentOf('init', await run(['init', '--json'], { home }))
    expect(document.data).toMatchObject({ created: false, profile: 'default' })
    expect(readFileSync(home.vault)).toEqual(before)
  })

  test('makes a key file for its owner alone, and uses it from then on', async () => {
    const home = emptyHome()
    const { stderr } = succeed(await run(['init', '--key', 'file'], { home, env: NO_KEY }))
    const keyFile = join(home.path, 'key')
    expect(stderr).toContain(keyFile)
    expect(modeOf(keyFile)).toBe('600')
    expect(`${stderr}`).not.toContain(readFileSync(keyFile, 'utf8').trim())
    succeed(await run(['vault', 'verify'], { home, env: NO_KEY }))
  })

  test('takes a passphrase from a file', async () => {
    const home = emptyHome()
    const file = join(home.path, 'passphrase')
    writeFileSync(file, 'correct horse battery staple\n', { mode: 0o600 })
    const env = { ...NO_KEY, CRM_PASSPHRASE_FILE: file }
    documentOf('init', await run(['init', '--key', 'passphrase', '--json'], { home, env }))
    succeed(await run(['vault', 'verify'], { home, env }))
    failureOf('vault verify', 'locked', await run(['vault', 'verify', '--json'], { home, env: NO_KEY }))
  })

  test.each([
    ['shorter than 12 characters', 'too short\n', 0o600, 'usage'],
    ['readable by others', 'correct horse battery staple\n', 0o644, 'unsafe_file'],
  ] as const)('refuses a passphrase file that is %s, without repeating it', async (_what, text, mode, code) => {
    const home = emptyHome()
    const file = join(home.path, 'passphrase')
    writeFileSync(file, text, { mode })
    const result = await run(['init', '--key', 'passphrase', '--json'], { home, env: { ...NO_KEY, CRM_PASSPHRASE_FILE: file } })
    failureOf('init', code, result)
    expect(result.stdout).not.toContain(text.trim())
    expect(existsSync(home.vault)).toBe(false)
  })

  test('names --key where there is no source and nobody to ask', async () => {
    const home = emptyHome()
    const { error } = failureOf('init', 'usage', await run(['init', '--json'], { home, env: NO_KEY }))
    expect(error.hint).toContain('--key')
    expect(existsSync(home.vault)).toBe(false)
  })

  test('wants the variable for --key env', async () => {
    const { error } = failureOf('init', 'usage', await run(['init', '--key', 'env', '--json'], { env: NO_KEY }))
    expect(error.message).toContain('INTEGRATION_ENCRYPTION_KEY')
    expect(error.hint).toContain('crm key generate')
  })

  test.each(['not-a-key', 'AAAA', Buffer.alloc(32).toString('base64'), 'zz'.repeat(32)])(
    'refuses a malformed key as usage and never echoes it (%s)',
    async (key) => {
      const home = emptyHome()
      const result = await run(['init', '--key', 'env', '--json', '-v'], { home, env: { INTEGRATION_ENCRYPTION_KEY: key } })
      expect(result.status).toBe(2)
      expect(JSON.parse(result.stdout).error.code).toBe('usage')
      expect(`${result.stdout}${result.stderr}`).not.toContain(key)
      expect(existsSync(home.vault)).toBe(false)
    },
  )

  test('takes the key in hexadecimal, too', async () => {
    const home = emptyHome()
    const hex = Buffer.from(home.key, 'base64').toString('hex')
    succeed(await run(['init'], { home, env: { INTEGRATION_ENCRYPTION_KEY: hex } }))
    succeed(await run(['vault', 'verify'], { home }))
  })

  test('-p b makes the profile b beside the others', async () => {
    const home = await homeWithVault()
    const document = documentOf('init', await run(['-p', 'b', 'init', '--json'], { home }))
    expect(document.data).toMatchObject({ created: true, profile: 'b' })
    const { data } = documentOf('profile list', await run(['profile', 'list', '--json'], { home }))
    expect(data.profiles.map(({ name, current }: { name: string; current: boolean }) => `${name} ${current}`)).toEqual([
      'b false',
      'default true',
    ])
  })

  test('is a conflict where another kind of key than the one asked for opens the profile', async () => {
    const home = await homeWithVault()
    const { error } = failureOf('init', 'conflict', await run(['init', '--key', 'file', '--json'], { home }))
    expect(error.hint).toContain('key add file')
  })

  test('refuses a kind of key that there is not, and a profile that has no name', async () => {
    failureOf('init', 'usage', await run(['init', '--key', 'magic', '--json']))
    failureOf('init', 'usage', await run(['-p', 'No Name!', 'init', '--json']))
  })

  test.each<[what: string, env: (home: Home) => Record<string, string | undefined>, where: string]>([
    ['CRM_HOME', () => ({}), 'vault.db'],
    ['XDG_DATA_HOME', (home) => ({ CRM_HOME: undefined, XDG_DATA_HOME: join(home.path, 'data') }), 'data/crm/vault.db'],
    ['the home directory', () => ({ CRM_HOME: undefined }), '.local/share/crm/vault.db'],
    ['CRM_VAULT', (home) => ({ CRM_VAULT: join(home.path, 'mine.db') }), 'mine.db'],
  ])('puts the vault where %s says', async (_what, env, where) => {
    const home = emptyHome()
    succeed(await run(['init'], { home, env: env(home) }))
    expect(existsSync(join(home.path, where))).toBe(true)
  })

  test.each([
    ['no name', '', 2, 'usage'],
    ['the name of a directory', 'vaults/', 2, 'usage'],
    ['a directory', '.', 3, 'unsafe_file'],
  ])('refuses %s for a vault', async (_what, vault, status, code) => {
    const result = await run(['--vault', vault, 'init', '--json'], { home: emptyHome() })
    expect([result.status, JSON.parse(result.stdout).error.code]).toEqual([status, code])
  })

  test('takes a name that SQLite keeps for itself', async () => {
    const home = emptyHome()
    succeed(await run(['--vault', ':memory:', 'init'], { home }))
    succeed(await run(['--vault', join(home.path, ':memory:'), 'vault', 'verify'], { home }))
  })

  test('--vault wins over CRM_VAULT, and blanks and umlauts in it are no trouble', async () => {
    const home = emptyHome()
    const path = join(home.path, 'Größe mit Leerzeichen', 'vault.db')
    succeed(await run(['--vault', path, 'init'], { home, env: { CRM_VAULT: join(home.path, 'other.db') } }))
    const { data } = documentOf('vault path', await run(['vault', 'path', '--vault', path, '--json'], { home }))
    expect(data.path).toBe(path)
    expect(existsSync(path)).toBe(true)
  })

  test('a moved home opens as before', async () => {
    const home = copyOf(await homeWithVault())
    succeed(await run(['vault', 'verify'], { home }))
  })
})
