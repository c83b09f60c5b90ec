/** A vault that its user may not read, or not write: which mode it is, and the command that mends it. */
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, type TestContext, test } from 'vitest'
import { emptyHome, run, succeed } from '../support/cli.ts'
import { type UnprivilegedHome, unprivilegedHome } from '../support/unprivileged.ts'
import { failureOf, type Json } from './document.ts'

interface Place {
  readonly home: UnprivilegedHome
  readonly directory: string
  readonly vault: string
}

/** A vault with a directory of its own below the home. */
function made(context: TestContext): Place {
  const home = unprivilegedHome(context, randomBytes(32).toString('base64'))
  const directory = join(home.path, '.local', 'share', 'crm')
  succeed(home.run(['init', '--key', 'env']))
  return { home, directory, vault: join(directory, 'vault.db') }
}

const checksOf = ({ home }: Place): readonly Json[] => JSON.parse(home.run(['doctor', '--json']).stdout).data.checks

const change = ['profile', 'create', 'other', '--key', 'env', '--json']

describe('a vault that may not be written', () => {
  test('because a side file kept the mode that the vault had: that file is named, and its mode mends it', (context) => {
    const place = made(context)
    const { home, vault } = place
    chmodSync(vault, 0o400)
    expect(failureOf('profile create', 'io_failed', home.run(change)).error).toMatchObject({
      message: expect.stringContaining('permission was denied'),
      reason: `the mode of ${vault} is 0400; nothing was changed`,
      hint: `chmod 600 ${vault}`,
    })
    chmodSync(vault, 0o600)
    const side = `${vault}-shm`
    expect((statSync(side).mode & 0o777).toString(8)).toBe('400')
    const { error } = failureOf('profile create', 'io_failed', home.run(change))
    expect(error).toMatchObject({ reason: `the mode of ${side} is 0400; nothing was changed`, hint: `chmod 600 ${side}` })
    expect(checksOf(place).find(({ state }) => state === 'problem')).toMatchObject({ cause: 'io_failed', fix: `chmod 600 ${side}` })
    chmodSync(side, 0o600)
    succeed(home.run(change))
  })

  test('because its directory may not be written', (context) => {
    const place = made(context)
    const { home, directory } = place
    chmodSync(directory, 0o500)
    const { error } = failureOf('profile create', 'io_failed', home.run(change))
    expect(error).toMatchObject({ reason: `the mode of ${directory} is 0500; nothing was changed`, hint: `chmod u+rwx ${directory}` })
    expect(checksOf(place).find(({ state }) => state === 'problem')).toMatchObject({ fix: `chmod u+rwx ${directory}` })
    chmodSync(directory, 0o700)
    succeed(home.run(change))
  })

  test('because nobody may enter its directory, or the one above', (context) => {
    const place = made(context)
    const { home, directory } = place
    for (const closed of [directory, join(directory, '..')]) {
      chmodSync(closed, 0o000)
      const fix = expect.stringMatching(new RegExp(`^chmod u\\+(rw)?x ${join(closed)}$`))
      expect(failureOf('list', 'io_failed', home.run(['list', '--json'])).error.hint).toEqual(fix)
      expect(checksOf(place).find(({ state }) => state === 'problem')).toMatchObject({ cause: 'io_failed', fix })
      chmodSync(closed, 0o700)
    }
    succeed(home.run(change))
  })
})

describe.concurrent('what is no vault, in its place', () => {
  test('a link that leads nowhere is refused by every command', async () => {
    const home = emptyHome()
    symlinkSync(join(home.path, 'elsewhere.db'), home.vault)
    for (const argv of [['list'], ['show', 'acme'], ['vault', 'verify'], ['init', '--key', 'env']]) {
      const { status, stdout } = await run([...argv, '--json'], { home })
      expect([argv[0], status, JSON.parse(stdout).error.code]).toEqual([argv[0], 3, 'unsafe_file'])
    }
    expect(existsSync(join(home.path, 'elsewhere.db'))).toBe(false)
  })

  test('an empty file is damaged, and not taken for a vault that was never made', async () => {
    const home = emptyHome()
    writeFileSync(home.vault, '', { mode: 0o600 })
    for (const argv of [['list'], ['doctor'], ['init', '--key', 'env']]) {
      const { status, stdout } = await run([...argv, '--json'], { home })
      const { error } = JSON.parse(stdout)
      expect([argv[0], status, error.code]).toEqual([argv[0], 3, 'damaged'])
      expect(error.hint).toContain(`rm ${home.vault}`)
    }
    expect(statSync(home.vault).size).toBe(0)
  })
})
