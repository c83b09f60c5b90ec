import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Home, homeWithVault, run, succeed } from '../support/cli.ts'

const OLD = 'the passphrase until now'
const NEW = 'the passphrase from now on'
const NO_KEY = { INTEGRATION_ENCRYPTION_KEY: undefined }

/** A profile that opens with the key of the environment and with a passphrase. */
async function homeWithPassphrase(): Promise<Home> {
  const home = await homeWithVault()
  writeFileSync(join(home.path, 'old'), `${OLD}\n`, { mode: 0o600 })
  writeFileSync(join(home.path, 'new'), `${NEW}\n`, { mode: 0o600 })
  succeed(await run(['key', 'add', 'passphrase'], { home, env: { CRM_PASSPHRASE_FILE: 'old' } }))
  return home
}

const opensWith = async (home: Home, file: string) =>
  (await run(['audit', 'head'], { home, env: { ...NO_KEY, CRM_PASSPHRASE_FILE: file } })).status === 0

describe('crm passwd', () => {
  test('changes the passphrase: the old one opens no more', async () => {
    const home = await homeWithPassphrase()
    const { status, stdout, stderr } = await run(['passwd', '--new-passphrase-file', 'new'], {
      home,
      env: { ...NO_KEY, CRM_PASSPHRASE_FILE: 'old' },
    })
    expect(status, stderr).toBe(0)
    expect(stdout).toContain('changed the passphrase')
    expect([await opensWith(home, 'old'), await opensWith(home, 'new')]).toEqual([false, true])
    expect((await run(['vault', 'verify'], { home })).status).toBe(0)
  })

  test('refuses a short one, and changes nothing', async () => {
    const home = await homeWithPassphrase()
    writeFileSync(join(home.path, 'short'), 'short\n', { mode: 0o600 })
    const { status } = await run(['passwd', '--new-passphrase-file', 'short'], { home })
    expect(status).toBe(2)
    expect(await opensWith(home, 'old')).toBe(true)
  })

  test('says how to add one where there is none', async () => {
    const { status, stdout } = await run(['passwd', '--json', '--new-passphrase-file', 'x'], { home: await homeWithVault() })
    expect(status).toBe(6)
    expect(JSON.parse(stdout).error.hint).toBe('add one with: crm key add passphrase')
  })
})

describe('a key for something else', () => {
  test('is none where the profile takes no such keys: what opens it is named', async () => {
    const home = await homeWithVault()
    writeFileSync(join(home.path, 'own'), `${OLD}\n`, { mode: 0o600 })
    succeed(await run(['-p', 'closed', 'init', '--key', 'passphrase'], { home, env: { CRM_PASSPHRASE_FILE: 'own' } }))
    const { status, stdout } = await run(['-p', 'closed', 'audit', 'head', '--json'], { home })
    const { error } = JSON.parse(stdout)
    expect([status, error.code, error.reason]).toEqual([3, 'locked', 'it opens with: its passphrase'])
  })

  test('is wrong where another one is wanted, which the list of keys shows', async () => {
    const home = await homeWithVault()
    const { stdout } = await run(['audit', 'head', '--json'], {
      home,
      env: { INTEGRATION_ENCRYPTION_KEY: randomBytes(32).toString('hex') },
    })
    const { error } = JSON.parse(stdout)
    expect(error).toMatchObject({ code: 'wrong_key', hint: 'see which key is meant with: crm key list' })
    const wanted = /^it wants ([0-9a-f]{16}),/.exec(error.reason)?.[1] ?? 'none'
    expect(succeed(await run(['key', 'list'], { home })).stdout.split('\t')).toContain(wanted)
  })

  test('names the file of a passphrase that does not fit', async () => {
    const home = await homeWithPassphrase()
    const { stdout } = await run(['audit', 'head', '--json'], { home, env: { ...NO_KEY, CRM_PASSPHRASE_FILE: 'new' } })
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'wrong_key',
      message: 'the passphrase in new does not open the profile default',
      hint: 'put the right passphrase into new, or open the profile in another way: unset CRM_PASSPHRASE_FILE',
    })
  })

  test('names both ways out of a passphrase file that is not there', async () => {
    const home = await homeWithPassphrase()
    const { stdout } = await run(['audit', 'head', '--json'], { home, env: { ...NO_KEY, CRM_PASSPHRASE_FILE: 'gone' } })
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'usage',
      message: 'there is no passphrase file at gone',
      hint: 'check the path, or open the profile in another way: unset CRM_PASSPHRASE_FILE',
    })
  })
})

describe('crm key add', () => {
  test('adds a second passphrase from a file of its own, while another file opens the profile', async () => {
    const home = await homeWithPassphrase()
    const env = { ...NO_KEY, CRM_PASSPHRASE_FILE: 'old' }
    succeed(await run(['key', 'add', 'passphrase', '--new-passphrase-file', 'new'], { home, env }))
    expect([await opensWith(home, 'old'), await opensWith(home, 'new')]).toEqual([true, true])
  })

  test('refuses a passphrase that opens the profile already', async () => {
    const home = await homeWithPassphrase()
    const again = await run(['key', 'add', 'passphrase', '--json'], { home, env: { ...NO_KEY, CRM_PASSPHRASE_FILE: 'old' } })
    expect([again.status, JSON.parse(again.stdout).error]).toMatchObject([
      11,
      { code: 'conflict', hint: 'give another one: crm key add passphrase --new-passphrase-file <path>' },
    ])
    expect(JSON.parse((await run(['key', 'list', '--json'], { home })).stdout).data.slots).toHaveLength(2)
  })

  test('says of a new key file that it opens the profile as well', async () => {
    const home = await homeWithVault()
    const { stderr } = succeed(await run(['key', 'add', 'file'], { home }))
    expect(stderr).toContain(`made the key file ${join(home.path, 'key')}; it opens the profile as well`)
    expect((await run(['key', 'add', 'file', '--new-passphrase-file', 'x'], { home })).status).toBe(2)
  })
})

describe('crm key rotate', () => {
  test('keeps every key at hand', async () => {
    const home = await homeWithPassphrase()
    const { status, stdout, stderr } = await run(['key', 'rotate', '--yes'], { home, env: { CRM_PASSPHRASE_FILE: 'old' } })
    expect(status, stderr).toBe(0)
    expect(stdout).toMatch(/made data key 2: 0 rows sealed anew, 2 key slots kept, 0 dropped\n.*Backups made before open with the old keys/)
    expect(await opensWith(home, 'old')).toBe(true)
    expect((await run(['vault', 'verify'], { home })).status).toBe(0)
  })

  test('names the key that is not at hand, and drops its slot when told so', async () => {
    const home = await homeWithPassphrase()
    const refused = await run(['key', 'rotate', '--yes', '--json'], { home })
    const { error } = JSON.parse(refused.stdout)
    expect([refused.status, error.code]).toEqual([3, 'locked'])
    const [, id] = /crm key rotate --drop ([0-9a-f]{8})$/.exec(error.hint) ?? []
    const { status, stdout } = await run(['key', 'rotate', '--yes', '--json', '--drop', String(id)], { home })
    expect(status, stdout).toBe(0)
    expect(JSON.parse(stdout).data).toMatchObject({ generation: 2, kept: [expect.any(String)], dropped: [expect.stringMatching(`^${id}`)] })
    expect(await opensWith(home, 'old')).toBe(false)
  })

  test('asks before it begins', async () => {
    const { status, stdout } = await run(['key', 'rotate', '--json'], { home: await homeWithVault() })
    expect(status, stdout).toBe(2)
  })
})
