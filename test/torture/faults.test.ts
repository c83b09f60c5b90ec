/** P05 and P07: the Nth call fails or is the last one, for N = 1, 2, 3 ... until a run passes untouched. */
import { chmodSync, copyFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, type TestContext, test } from 'vitest'
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
  /** What it changes besides the vault; null where that is not there. */
  readonly makes?: (home: Home) => Promise<unknown>
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
  backup: { argv: ['vault', 'backup', 'second.db'], from: () => copyOf(filled), makes: (home) => backupIn(home, 'second.db') },
  restore: { argv: ['vault', 'restore', 'copy.db', '--yes'], from: () => copyOf(filled) },
  migrate: { argv: ['list'], from: () => copyOf(old) },
}

/** What a backup holds; null when there is none. */
async function backupIn(home: Home, name: string): Promise<unknown> {
  const vault = join(home.path, name)
  return existsSync(vault) ? await contentOf({ ...home, vault }) : null
}

/** What a vault holds, in which form, and what else an operation makes: two that agree are the same. */
async function stateOf(operation: Operation, home: Home): Promise<string> {
  const { generation, version } = formatOf(home)
  // A vault of the first format cannot be opened as it is.
  const content = version === 1 ? null : await contentOf(home)
  return JSON.stringify({ generation, version, content, made: (await operation.makes?.(home)) ?? null })
}

const inputOf = ({ input }: Operation) => (input === undefined ? {} : { input })

/** The states before an operation and after it, when nothing goes wrong. */
async function statesOf(operation: Operation): Promise<{ readonly before: string; readonly after: string }> {
  const whole = operation.from()
  const before = await stateOf(operation, whole)
  succeed(await run(operation.argv, { home: whole, ...inputOf(operation) }))
  const after = await stateOf(operation, whole)
  expect(after).not.toBe(before)
  return { before, after }
}

/** Runs an operation once for every N until the call is not reached any more; what came of each run is in `judge`. */
async function everyCall(
  operation: Operation,
  library: string,
  env: Readonly<Record<string, string>>,
  judge: (home: Home, result: Awaited<ReturnType<typeof run>>) => Promise<void>,
): Promise<number> {
  const log = join(newDirectory(), 'log')
  // There are few synchronisations, and each of them means something: none is stepped over.
  const step = FULL || env.FAULT_KIND === 'fsync' ? 1 : 11
  for (let at = 1; ; at += step) {
    const home = operation.from()
    forgetLog(log)
    const faults = { LD_PRELOAD: library, FAULT_DIR: home.path, FAULT_LOG: log, FAULT_AT: String(at), ...env }
    const result = await run([...operation.argv, '--json'], { home, env: faults, ...inputOf(operation) })
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
  ['fsync', 'ENOSPC'],
  ['rename', 'EIO'],
  ['rename', 'ENOSPC'],
]

describe.each(Object.keys(OPERATIONS))('P07 %s', (name) => {
  const operation = OPERATIONS[name] as Operation

  test('whose Nth write, fsync or rename fails ends in a named error and leaves the vault as before', {
    timeout: PATIENCE_MS,
  }, async (context) => {
    const library = faultLibrary(context)
    const { before, after } = await statesOf(operation)
    let runs = 0
    let refused = 0
    for (const [kind, code] of FULL ? KINDS : KINDS.slice(1, 4)) {
      const faults = { FAULT_KIND: kind, FAULT_ERRNO: String(constants.errno[code]) }
      runs += await everyCall(operation, library, faults, async (home, result) => {
        const error = errorOf(result)
        const where = `${kind} ${code}: ${result.stdout}`
        if (error !== undefined) {
          refused += 1
          expect(['io_failed', 'busy', 'damaged'], where).toContain(error.code)
        }
        // After the commit the command may go on, since what is left is tidying up: then the change is there, all of it.
        expect(await stateOf(operation, home), where).toBe(error === undefined ? after : before)
      })
    }
    report(`${name}: the Nth write, fsync, rename fails`, { 'failed calls': runs, refused, 'lost or half done': 0 })
  })

  test('killed at its Nth call leaves exactly the old or exactly the new state', { timeout: PATIENCE_MS }, async (context) => {
    const library = faultLibrary(context)
    const { before, after } = await statesOf(operation)
    const runs = await everyCall(operation, library, { FAULT_KIND: 'any', FAULT_ERRNO: '0' }, async (home) => {
      expect([before, after]).toContain(await stateOf(operation, home))
    })
    report(`${name}: killed at the Nth call`, { kills: runs })
  })

  test('on a disk of 1 MiB that is all but full is refused by name, or done', { timeout: PATIENCE_MS }, async (context) => {
    const { before, after } = await statesOf(operation)
    const { place, refill } = smallDisk(context, operation)
    const home = { ...operation.from(), path: place, vault: join(place, 'vault.db') }
    let refusals = 0
    for (let pages = 0; ; pages += FULL ? 1 : 24) {
      const ballast = refill(pages)
      const env = { HOME: place, CRM_HOME: place }
      const result = await run([...operation.argv, '--json'], { home, env, ...inputOf(operation) })
      // To look at a vault takes room as well.
      rmSync(ballast, { force: true })
      const error = errorOf(result)
      const where = `${pages} pages: ${result.stdout}`
      expect(await stateOf(operation, home), where).toBe(error === undefined ? after : before)
      if (error === undefined) break
      expect(error, where).toMatchObject({ code: 'io_failed', message: expect.stringContaining('the disk is full') })
      refusals += 1
    }
    report(`${name}: on a disk with room for N pages`, { refusals, 'lost or half done': 0 })
  })

  test('on a disk that is read-only is refused by name, and no byte changes', { timeout: PATIENCE_MS }, async (context) => {
    const from = operation.from()
    const place = join(newDirectory(), 'read-only')
    const { makeReadOnly } = mountMemory(context, place, '4m')
    cpSync(from.path, place, { recursive: true })
    makeReadOnly()
    const bytes = readFileSync(join(place, 'vault.db'))
    const home = { ...from, path: place, vault: join(place, 'vault.db') }
    const result = await run([...operation.argv, '--json'], { home, env: { HOME: place, CRM_HOME: place }, ...inputOf(operation) })
    expect([result.status, errorOf(result)]).toMatchObject([
      1,
      { code: 'io_failed', message: expect.stringContaining('the file system is read-only') },
    ])
    expect(readFileSync(home.vault).equals(bytes)).toBe(true)
  })
})

/** A disk of 1 MiB, and what puts an operation's files there anew and leaves room for so many pages. */
function smallDisk(context: TestContext, operation: Operation): { readonly place: string; readonly refill: (pages: number) => string } {
  const place = join(newDirectory(), 'small')
  mountMemory(context, place, '1m')
  const refill = (pages: number): string => {
    for (const entry of readdirSync(place)) rmSync(join(place, entry), { recursive: true })
    const from = operation.from()
    // Compiled code is larger than this disk, on which none would be kept.
    cpSync(from.path, place, { recursive: true, filter: (path) => path !== join(from.path, 'cache') })
    rmSync(from.path, { recursive: true })
    const ballast = join(place, 'ballast')
    const { bavail, bsize } = statfsSync(place)
    // Not a file with holes: every page is taken.
    writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail - pages) * bsize, 1))
    return ballast
  }
  return { place, refill }
}

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
