/** P05 and P07: the Nth call fails or is the last one, for N = 1, 2, 3 ... until a run passes untouched. */
import { chmodSync, copyFileSync, rmSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { copyOf, emptyHome, type Home, homeWithVault, newDirectory, run, succeed } from '../support/cli.ts'
import { mountMemory } from '../support/mount.ts'
import { FROZEN } from '../vault/frozen.ts'
import { contentOf, errorOf, FULL, faultLibrary, forgetLog, formatOf, PATIENCE_MS, report, wasHit } from './torture.ts'

const OLD = fileURLToPath(new URL('../vault/frozen-v1.db', import.meta.url))
const ADD = ['add', 'chatwoot', '--name', 'new', '--account-id', '3', '--api-key-stdin', '--no-test']

interface Operation {
  readonly argv: readonly string[]
  readonly input?: string
  /** Where it begins; made anew for each run. */
  readonly from: () => Home
}

let filled: Home
let old: Home
beforeAll(async () => {
  filled = await homeWithVault()
  for (const name of ['one', 'two', 'three'])
    succeed(await run([...ADD.slice(0, 3), name, ...ADD.slice(4)], { home: filled, input: `token-of-${name}\n` }))
  succeed(await run(['vault', 'backup', 'copy.db'], { home: filled }))
  succeed(await run(['remove', 'two', '--yes'], { home: filled }))
  old = emptyHome(FROZEN.envKey)
  copyFileSync(OLD, old.vault)
  chmodSync(old.vault, 0o600)
})

const OPERATIONS: Readonly<Record<string, Operation>> = {
  add: { argv: ADD, input: 'token-of-new\n', from: () => copyOf(filled) },
  edit: { argv: ['toggle', 'one', '--off'], from: () => copyOf(filled) },
  rotate: { argv: ['key', 'rotate', '--yes'], from: () => copyOf(filled) },
  backup: { argv: ['vault', 'backup', 'second.db'], from: () => copyOf(filled) },
  restore: { argv: ['vault', 'restore', 'copy.db', '--yes'], from: () => copyOf(filled) },
  migrate: { argv: ['list'], from: () => copyOf(old) },
}

/** What a vault holds and in which form: two that agree are the same vault. The frozen one has a key of another profile as well. */
async function stateOf(home: Home): Promise<string> {
  const { generation, version } = formatOf(home)
  if (version === 1) return JSON.stringify({ generation, version })
  return JSON.stringify({ generation, version, content: await contentOf(home) })
}

/** Runs an operation once for every N until the call is not reached any more; what came of each run is in `judge`. */
async function everyCall(
  operation: Operation,
  library: string,
  env: Readonly<Record<string, string>>,
  judge: (home: Home, result: Awaited<ReturnType<typeof run>>) => Promise<void>,
): Promise<number> {
  const log = join(newDirectory(), 'log')
  const step = FULL ? 1 : 11
  for (let at = 1; ; at += step) {
    const home = operation.from()
    forgetLog(log)
    const faults = { LD_PRELOAD: library, FAULT_DIR: home.path, FAULT_LOG: log, FAULT_AT: String(at), ...env }
    const input = operation.input === undefined ? {} : { input: operation.input }
    const result = await run([...operation.argv, '--json'], { home, env: faults, ...input })
    const hit = wasHit(log)
    await judge(home, result)
    rmSync(home.path, { recursive: true, force: true })
    if (!hit) {
      expect(result.status, result.stdout).toBe(0)
      return Math.ceil((at - 1) / step)
    }
  }
}

const KINDS: readonly (readonly [kind: string, code: keyof typeof constants.errno])[] = [
  ['write', 'EIO'],
  ['write', 'ENOSPC'],
  ['fsync', 'EIO'],
  ['rename', 'EIO'],
  ['rename', 'ENOSPC'],
]

describe.each(Object.keys(OPERATIONS))('P07 %s', (name) => {
  const operation = OPERATIONS[name] as Operation

  test('whose Nth write, fsync or rename fails ends in a named error and leaves the vault as before', {
    timeout: PATIENCE_MS,
  }, async (context) => {
    const library = faultLibrary(context)
    const before = await stateOf(operation.from())
    let runs = 0
    for (const [kind, code] of FULL ? KINDS : KINDS.slice(1, 3)) {
      runs += await everyCall(
        operation,
        library,
        { FAULT_KIND: kind, FAULT_ERRNO: String(constants.errno[code]) },
        async (home, result) => {
          const error = errorOf(result)
          // After the commit the command may go on: what is left then is tidying up.
          if (error === undefined) return void (await contentOf(home))
          expect(['io_failed', 'busy', 'damaged'], JSON.stringify(error)).toContain(error.code)
          expect(await stateOf(home), `${kind} ${code}: ${JSON.stringify(error)}`).toBe(before)
        },
      )
    }
    report(`${name}: the Nth write, fsync, rename fails`, { 'failed calls': runs })
  })

  test('killed at its Nth call leaves exactly the old or exactly the new state', { timeout: PATIENCE_MS }, async (context) => {
    const library = faultLibrary(context)
    const before = await stateOf(operation.from())
    const whole = operation.from()
    succeed(await run(operation.argv, { home: whole, ...(operation.input === undefined ? {} : { input: operation.input }) }))
    const after = await stateOf(whole)
    const runs = await everyCall(operation, library, { FAULT_KIND: 'any', FAULT_ERRNO: '0' }, async (home) => {
      expect([before, after]).toContain(await stateOf(home))
    })
    report(`${name}: killed at the Nth call`, { kills: runs })
  })
})

test('P05 a full file system of 1 MiB refuses by name, and every row that was acknowledged is there', {
  timeout: PATIENCE_MS,
}, async (context) => {
  const home = await homeWithVault()
  const place = join(home.path, 'full')
  mountMemory(context, place, '1m')
  const vault = join(place, 'vault.db')
  const small = { ...home, vault }
  const token = 'x'.repeat(20_000)
  const flags = ['--vault', vault, '--json']
  succeed(await run(['init', '--key', 'env', ...flags], { home }))
  const kept: string[] = []
  for (let index = 0; ; index += 1) {
    const result = await run([...ADD.slice(0, 3), `n-${index}`, ...ADD.slice(4), ...flags], { home, input: token })
    const error = errorOf(result)
    if (error === undefined) kept.push(`n-${index}`)
    else {
      expect(error).toMatchObject({ code: 'io_failed', message: expect.stringContaining('the disk is full') })
      break
    }
  }
  expect(Object.keys(await contentOf(small)).sort()).toEqual(kept.sort())
  report('a full file system of 1 MiB', { 'rows kept': kept.length, refusals: 1 })
})
