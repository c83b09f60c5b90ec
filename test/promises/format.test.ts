/** P04 and P07: what does not open is left as it is, to the last byte. */
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import Sqlite from 'better-sqlite3'
import { beforeAll, describe, expect, test } from 'vitest'
import type { AnsweringCommand } from '../../src/core/answer-schemas.ts'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { type Homes, INVOCATIONS, type Invocation, prepareHomes } from '../cli/invocations.ts'
import { copyOf, type Home, openSandbox, run } from '../support/cli.ts'

let sandbox: Sandbox
let homes: Homes

beforeAll(async () => {
  sandbox = await openSandbox()
  homes = await prepareHomes(sandbox)
})

const invocations = Object.entries(INVOCATIONS) as [AnsweringCommand, Invocation][]
const touching = (...needs: readonly Invocation['needs'][]) =>
  invocations.filter(([, invocation]) => needs.includes(invocation.needs)).map(([command]) => command)

/** A home as one invocation wants it, with its vault in one file that was last written in 2001. */
function prepared(command: AnsweringCommand, change: (database: Sqlite.Database) => void = () => {}): Home {
  const home = copyOf(homes[INVOCATIONS[command].place])
  const database = new Sqlite(home.vault)
  change(database)
  database.pragma('wal_checkpoint(TRUNCATE)')
  database.close()
  utimesSync(home.vault, 1e9, 1e9)
  return home
}

/** Everything about the files of a vault that could change. */
function stateOf(home: Home): object {
  const files = readdirSync(home.path).filter((name) => name.startsWith('vault.db'))
  return Object.fromEntries(
    files.map((name) => [
      name,
      { bytes: readFileSync(`${home.path}/${name}`).toString('base64'), at: statSync(`${home.path}/${name}`).mtimeMs },
    ]),
  )
}

const errorIn = (stdout: string): { code: string; message: string; hint: string; reason?: string } => JSON.parse(stdout).error

describe('P07 a vault of a newer or foreign format is refused with its bytes unchanged by', () => {
  const SHAPES: readonly (readonly [code: string, pragma: string])[] = [
    ['newer_format', 'user_version = 3'],
    ['newer_format', 'user_version = 2147483647'],
    ['damaged', 'application_id = 1'],
  ]

  test.concurrent.each(touching('vault if there', 'vault', 'key', 'server'))('crm %s', async (command) => {
    for (const [code, pragma] of SHAPES) {
      const home = prepared(command, (database) => database.pragma(pragma))
      const before = stateOf(home)
      // What the invocation asks of its home, it must be asked before.
      const argv = await INVOCATIONS[command].argv(homes[INVOCATIONS[command].place])
      const { status, stdout } = await run([...argv, '--json'], { home, ...INVOCATIONS[command].options?.(sandbox) })
      expect([status, errorIn(stdout).code], `${pragma}: ${stdout}`).toEqual([3, code])
      expect(stateOf(home)).toEqual(before)
    }
  })
})

describe('P04 a wrong key is called a wrong key, and changes no byte, in', () => {
  test.concurrent.each(touching('key', 'server'))('crm %s', async (command) => {
    const home = prepared(command)
    const before = stateOf(home)
    const argv = await INVOCATIONS[command].argv(homes[INVOCATIONS[command].place])
    const wrong = { INTEGRATION_ENCRYPTION_KEY: randomBytes(32).toString('base64'), CRM_KEY_FILE: `${home.path}/other-key` }
    writeFileSync(wrong.CRM_KEY_FILE, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 })
    const options = INVOCATIONS[command].options?.(sandbox)
    sandbox.forgetRequests()
    const { status, stdout } = await run([...argv, '--json'], { home, ...options, env: { ...options?.env, ...wrong } })
    const error = errorIn(stdout)
    expect([status, error.code], stdout).toEqual([3, 'wrong_key'])
    expect(error).toMatchObject({ reason: expect.stringMatching(/[0-9a-f]{16}/), hint: expect.stringContaining('crm key list') })
    const after = stateOf(home)
    // A reader of a vault in WAL mode may leave an empty log and its index behind; the vault itself is untouched.
    expect(after).toMatchObject(before)
    expect(existsSync(`${home.vault}-wal`) ? statSync(`${home.vault}-wal`).size : 0).toBe(0)
  })
})
