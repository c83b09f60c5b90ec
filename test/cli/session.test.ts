import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, type TestContext, test } from 'vitest'
import { emptyHome, type Home, run, succeed } from '../support/cli.ts'
import { startKeyring } from '../support/keyring.ts'

const NO_KEY = { INTEGRATION_ENCRYPTION_KEY: undefined }

/** A profile that a passphrase alone opens. */
async function homeWithPassphrase(): Promise<Home> {
  const home = emptyHome()
  for (const [name, text] of [
    ['old', 'the passphrase until now'],
    ['new', 'the passphrase from now on'],
  ] as const)
    writeFileSync(join(home.path, name), `${text}\n`, { mode: 0o600 })
  succeed(await run(['init', '--key', 'passphrase'], { home, env: { ...NO_KEY, CRM_PASSPHRASE_FILE: 'old' } }))
  return home
}

/** A login session: a directory in memory, and no keychain. */
function login(context: TestContext): Record<string, string> {
  const directory = mkdtempSync('/dev/shm/crm-test-')
  context.onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return { XDG_RUNTIME_DIR: directory, CRM_KEYCHAIN: 'off' }
}

const opens = async (home: Home, env: Record<string, string>) => (await run(['audit', 'head'], { home, env: { ...NO_KEY, ...env } })).status
/** What `crm which` calls the source of the key. */
const keySource = async (home: Home, env: Record<string, string>) =>
  JSON.parse((await run(['which', '--json'], { home, env: { ...NO_KEY, ...env } })).stdout).data.keySource
const unlock = (home: Home, env: Record<string, string>, time = '1m') =>
  run(['unlock', '--for', time, '--json'], { home, env: { ...NO_KEY, ...env, CRM_PASSPHRASE_FILE: 'old' } })

describe('crm unlock', () => {
  test('keeps the profile open in this login until crm lock, with the key in memory', async (context) => {
    const home = await homeWithPassphrase()
    const env = login(context)
    expect(await opens(home, env)).toBe(3)
    const answer = await unlock(home, env)
    expect(JSON.parse(answer.stdout).data, answer.stdout).toMatchObject({ profile: 'default', place: 'memory' })
    expect(await opens(home, env)).toBe(0)
    expect(await keySource(home, env)).toEqual({ value: 'session', from: 'crm unlock' })
    expect((await keySource(home, login(context))).value).toBe(null)
    const directory = join(String(env.XDG_RUNTIME_DIR), 'crm')
    const [file] = readdirSync(directory)
    expect(statSync(join(directory, String(file))).mode & 0o777).toBe(0o600)
    // Neither in another login, nor as a copy.
    expect(await opens(home, login(context))).toBe(3)
    const text = readFileSync(join(directory, String(file)), 'utf8')
    for (const name of readdirSync(home.path, { recursive: true }) as string[])
      if (statSync(join(home.path, name)).isFile()) expect(readFileSync(join(home.path, name)).includes(text.slice(0, 40))).toBe(false)
    expect(JSON.parse((await run(['lock', '--json'], { home, env })).stdout).data).toEqual({ profile: 'default', wasUnlocked: true })
    expect(await opens(home, env)).toBe(3)
    expect(readdirSync(directory)).toEqual([])
    expect(JSON.parse((await run(['lock', '--json'], { home, env })).stdout).data.wasUnlocked).toBe(false)
  })

  test('ends by itself, and with the passphrase that began it', async (context) => {
    const home = await homeWithPassphrase()
    const env = login(context)
    succeed(await unlock(home, env, '1s'))
    await expect.poll(() => opens(home, env), { timeout: 45_000 }).toBe(3)
    succeed(await unlock(home, env))
    expect(await opens(home, env)).toBe(0)
    succeed(await run(['passwd', '--new-passphrase-file', 'new'], { home, env: { ...NO_KEY, ...env, CRM_PASSPHRASE_FILE: 'old' } }))
    expect(await opens(home, env)).toBe(3)
    expect((await keySource(home, env)).value).toBe(null)
  })

  test('writes no key on a disk', async () => {
    const home = await homeWithPassphrase()
    const { status, stdout } = await unlock(home, { XDG_RUNTIME_DIR: home.path, CRM_KEYCHAIN: 'off' })
    expect([status, JSON.parse(stdout).error.code]).toEqual([3, 'unsafe_file'])
    expect(readdirSync(home.path)).not.toContain('crm')
  })

  test('uses the keychain where there is one', async (context) => {
    const home = await homeWithPassphrase()
    const { env } = await startKeyring(context, join(home.path, 'desktop'))
    const answer = await unlock(home, env)
    expect(JSON.parse(answer.stdout).data, answer.stdout).toMatchObject({ place: 'keychain' })
    expect(await opens(home, env)).toBe(0)
    succeed(await run(['lock'], { home, env }))
    expect(await opens(home, env)).toBe(3)
  })
})
