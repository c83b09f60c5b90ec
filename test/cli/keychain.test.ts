import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { emptyHome, type Home, run, succeed } from '../support/cli.ts'
import { type SessionBus, startKeyring, startSilentBus } from '../support/keyring.ts'

const errorIn = (stdout: string) => JSON.parse(stdout).error

/** How a command runs: no key but that of the keychain is at hand. */
const options = (home: Home, bus: SessionBus, env: Record<string, string> = {}) => ({
  home,
  env: { INTEGRATION_ENCRYPTION_KEY: undefined, ...bus.env, ...env },
})

const NO_BUS: SessionBus = { env: { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' } }

describe('a key in the keychain of the system', () => {
  test('opens the profile in every session in which the keychain is unlocked', async (context) => {
    const home = emptyHome()
    const bus = await startKeyring(context, join(home.path, 'desktop'))
    succeed(await run(['init', '--key', 'keychain'], options(home, bus)))
    const listed = JSON.parse((await run(['key', 'list', '--json'], options(home, bus))).stdout)
    expect(listed.data.slots).toMatchObject([{ kind: 'keychain', label: expect.stringMatching(/^key-[0-9a-f]{16}$/) }])
    expect((await run(['vault', 'verify'], options(home, bus))).status).toBe(0)
    const which = JSON.parse((await run(['which', '--json'], options(home, bus))).stdout)
    expect(which.data.keySource).toEqual({ value: 'keychain', from: 'the keychain of this machine, which was not asked' })
    const checks: { id: string }[] = JSON.parse((await run(['doctor', '--json'], options(home, bus))).stdout).data.checks
    expect(checks.find(({ id }) => id === 'key_keychain')).toMatchObject({ state: 'ok', detail: 'the keychain of this machine' })
    succeed(await run(['key', 'rotate', '--yes'], options(home, bus)))
    expect((await run(['vault', 'verify'], options(home, bus))).status).toBe(0)
  })

  test('is one of several, and leaves the keychain with its slot', async (context) => {
    const home = emptyHome()
    succeed(await run(['init', '--key', 'env'], { home }))
    const bus = await startKeyring(context, join(home.path, 'desktop'))
    succeed(await run(['key', 'add', 'keychain'], { home, env: bus.env }))
    expect((await run(['vault', 'verify'], options(home, bus))).status).toBe(0)
    const { slots } = JSON.parse((await run(['key', 'list', '--json'], { home })).stdout).data
    const slot = slots.find(({ kind }: { kind: string }) => kind === 'keychain')
    succeed(await run(['key', 'remove', slot.id, '--yes'], { home, env: bus.env }))
    const { status, stdout } = await run(['vault', 'verify', '--json'], options(home, bus))
    expect([status, errorIn(stdout).code]).toEqual([3, 'locked'])
    expect(stdout).not.toContain('keychain of')
  })

  test('is not replaced by anything in silence: a keychain that is locked, absent, empty or hangs is named, with the alternatives', async (context) => {
    const home = emptyHome()
    const desktop = join(home.path, 'desktop')
    const bus = await startKeyring(context, desktop)
    succeed(await run(['init', '--key', 'keychain'], options(home, bus)))
    const cases: readonly (readonly [SessionBus, RegExp])[] = [
      [await startKeyring(context, desktop, 'locked'), /is locked$/],
      [await startKeyring(context, join(home.path, 'other-desktop')), /does not hold the key of the profile$/],
      [NO_BUS, /is not available$/],
      [await startSilentBus(context, home.path), /did not answer$/],
    ]
    for (const [other, message] of cases) {
      const startedMs = performance.now()
      const { status, stdout } = await run(['vault', 'verify', '--json'], options(home, other))
      expect([status, errorIn(stdout).code]).toEqual([3, 'locked'])
      expect(errorIn(stdout).message).toMatch(message)
      expect(errorIn(stdout).hint).toContain('CRM_KEYCHAIN=off')
      expect(performance.now() - startedMs).toBeLessThan(12_000)
    }
    const off = await run(['vault', 'verify', '--json'], options(home, NO_BUS, { CRM_KEYCHAIN: 'off' }))
    expect(errorIn(off.stdout)).toMatchObject({ code: 'locked', reason: 'it opens with: the keychain of the operating system' })
    const which = await run(['which', '--json'], options(home, NO_BUS, { CRM_KEYCHAIN: 'off' }))
    expect(JSON.parse(which.stdout).data.keySource.value).toBe(null)
  })

  test('opens a profile that has no passphrase yet, so that one from a file can be added; from then on the file is enough', async (context) => {
    const home = emptyHome()
    const bus = await startKeyring(context, join(home.path, 'desktop'))
    succeed(await run(['init', '--key', 'keychain'], options(home, bus)))
    writeFileSync(join(home.path, 'passphrase'), 'a passphrase of many characters\n', { mode: 0o600 })
    const passphrase = { CRM_PASSPHRASE_FILE: 'passphrase' }
    succeed(await run(['key', 'add', 'passphrase'], options(home, bus, passphrase)))
    succeed(await run(['vault', 'verify'], options(home, NO_BUS, passphrase)))
  })

  test('makes no profile where there is no keychain', async () => {
    const home = emptyHome()
    const { status, stdout } = await run(['init', '--key', 'keychain', '--json'], options(home, NO_BUS))
    expect([status, errorIn(stdout).code]).toEqual([3, 'locked'])
    expect((await run(['profile', 'list', '--json'], { home })).stdout).not.toContain(
      '"default","current":true,"integrations":0,"keySlots":1',
    )
  })
})
