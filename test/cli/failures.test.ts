import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { AnsweringCommand } from '../../src/core/answer-schemas.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { copyOf, type Home, openSandbox, run } from '../support/cli.ts'
import { documentOf, failureOf } from './document.ts'
import { type Homes, INVOCATIONS, prepareHomes } from './invocations.ts'

const commands = Object.keys(INVOCATIONS) as AnsweringCommand[]
const needing = (...needs: string[]) => commands.filter((command) => needs.includes(INVOCATIONS[command].needs))

const NO_KEY = { INTEGRATION_ENCRYPTION_KEY: undefined }
const ANOTHER_KEY = { INTEGRATION_ENCRYPTION_KEY: randomBytes(32).toString('base64') }

let sandbox: Sandbox
let homes: Homes

beforeAll(async () => {
  sandbox = await openSandbox()
  homes = await prepareHomes(sandbox)
})

/** Calls a command in a home that `spoil` has changed. */
async function inSpoiledHome(command: AnsweringCommand, spoil: (home: Home) => void, env: Record<string, string | undefined> = {}) {
  const { place, argv, options } = INVOCATIONS[command]
  const home = copyOf(homes[place])
  const words = await argv(home)
  spoil(home)
  const given = options?.(sandbox) ?? {}
  return run([...words, '--json'], { ...given, home, env: { ...given.env, ...env } })
}

/** Before a call is understood, and of a failure, the answer has the schema of the plain command. */
const plain = (command: AnsweringCommand): AnsweringCommand => (command === 'add --from' ? 'add' : command)

function corrupt(home: Home): void {
  writeFileSync(home.vault, randomBytes(8192))
}

/** SQLite keeps the number of the format, big-endian, at offset 60 of the file (file format 1.3.3, "user version"). */
function fromTheFuture(home: Home): void {
  const bytes = readFileSync(home.vault)
  bytes.writeUInt32BE(bytes.readUInt32BE(60) + 1, 60)
  writeFileSync(home.vault, bytes)
}

describe.each<[state: string, code: ErrorCode, spoil: (home: Home) => void]>([
  ['is not a vault', 'damaged', corrupt],
  ['was written by a newer version', 'newer_format', fromTheFuture],
  ['can be read by others', 'unsafe_file', (home) => chmodSync(home.vault, 0o644)],
])('a vault that %s', (_state, code, spoil) => {
  // What is damaged is what a restoration mends.
  const isMended = (command: string) => spoil === corrupt && command === 'vault restore'
  const commands = needing('vault if there', 'vault', 'key', 'server').filter((command) => !isMended(command))

  test.concurrent.each(commands)(`ends crm %s with ${code}`, async (command) => {
    const { error } = failureOf(plain(command), code, await inSpoiledHome(command, spoil))
    expect(error.hint).toEqual(expect.any(String))
  })
})

describe('a profile whose key is not at hand', () => {
  const withoutKeyFile = (home: Home) => rmSync(join(home.path, 'key'), { force: true })

  test.concurrent.each(needing('key', 'server'))('ends crm %s with locked, naming what opens it', async (command) => {
    const { error } = failureOf(plain(command), 'locked', await inSpoiledHome(command, withoutKeyFile, NO_KEY))
    expect(`${error.reason} ${error.hint}`).toContain('INTEGRATION_ENCRYPTION_KEY')
  })

  test.concurrent.each(needing('key', 'server'))('ends crm %s with wrong_key when another one is', async (command) => {
    failureOf(plain(command), 'wrong_key', await inSpoiledHome(command, withoutKeyFile, ANOTHER_KEY))
  })
})

describe('a server that', () => {
  let failing: Sandbox
  let places: Homes

  beforeAll(async () => {
    failing = await openSandbox()
    places = await prepareHomes(failing)
  })

  // What a person sees of demo-show is what the vault knows: a server that does not answer is a warning there.
  const asking = needing('server').filter((command) => command !== 'demo-show')

  describe.each<[does: string, fault: string, code: ErrorCode]>([
    ['does not know the token', '* /api/v1/**:401', 'auth_rejected'],
    ['gives no API access', '* /api/v1/**:403', 'permission_denied'],
    ['has no such account', '* /api/v1/**:404', 'not_found'],
    ['has had enough', '* /**:429', 'rate_limited'],
    ['hangs up', '* /**:reset', 'unreachable'],
    ['fails', '* /**:500', 'provider_error'],
    ['is down for maintenance', '* /**:503', 'provider_error'],
    ['is another web site', '* /**:html', 'provider_error'],
  ])('%s', (_does, fault, code) => {
    let repair: () => void
    beforeAll(() => {
      repair = failing.faults.add(fault).remove
      return () => repair()
    })

    test.concurrent.each(asking)(`ends crm %s with ${code}`, async (command) => {
      const { place, argv, options } = INVOCATIONS[command]
      const home = copyOf(places[place])
      // Commands for many demos wait out a limit of requests a minute, if they have the time.
      const hurried = code === 'rate_limited' ? ['--timeout', '6s'] : []
      const result = await run([...(await argv(home)), '--json', ...hurried], { ...options?.(failing), home })
      const { error } = failureOf(plain(command), code, result)
      // Nobody is told to type a credential again that is not what is wrong.
      if (code !== 'auth_rejected') expect(`${error.hint}`).not.toMatch(/api-key|token/)
    })
  })

  test('fails is only a warning of crm demo-show', async () => {
    const repair = failing.faults.add('* /**:500')
    const document = documentOf('demo-show', await run(['demo-show', 'acme-dental', '--json'], { home: copyOf(places.demo) }))
    repair.remove()
    expect(document).toMatchObject({
      ok: true,
      data: { demo: { status: 'ready' }, inbox: null },
      warnings: [{ code: 'server_not_asked' }, {}, {}],
    })
  })
})
