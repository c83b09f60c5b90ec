/** P05, P06 and P07: what changes a whole vault is killed at any of its calls while other processes read and write. */
import { chmodSync, copyFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { copyOf, emptyHome, type Home, homeWithVault, newDirectory, run, succeed } from '../support/cli.ts'
import { FROZEN } from '../vault/frozen.ts'
import { contentOf, errorOf, FULL, faultLibrary, formatOf, PATIENCE_MS, report, wasHit } from './torture.ts'

const ROUNDS = FULL ? 40 : 3
const WRITERS = 4
const READERS = 4
/** Writes, synchronisations, renames and removals of the longest of the operations. */
const MOST_CALLS = 130

const OLD = fileURLToPath(new URL('../vault/frozen-v1.db', import.meta.url))
const addArgv = (name: string) => ['add', 'chatwoot', '--name', name, '--account-id', '3', '--api-key-stdin', '--no-test', '--json']

let filled: Home
let old: Home
beforeAll(async () => {
  filled = await homeWithVault()
  for (const name of ['acme', 'beta']) succeed(await run(addArgv(name), { home: filled, input: `token-of-${name}\n` }))
  succeed(await run(['vault', 'backup', 'copy.db'], { home: filled }))
  succeed(await run(addArgv('gamma'), { home: filled, input: 'token-of-gamma\n' }))
  old = emptyHome(FROZEN.envKey)
  copyFileSync(OLD, old.vault)
  chmodSync(old.vault, 0o600)
})

/** What was acknowledged to writers, and how the operation stands, once everybody has ended. */
interface Round {
  readonly home: Home
  readonly written: readonly string[]
  readonly names: readonly string[]
  readonly done: boolean
}

interface Interrupted {
  readonly argv: readonly string[]
  readonly from: () => Home
  /** Fails the test when something is lost. */
  readonly judge: (round: Round) => Promise<void>
}

/** Every row that was there before and every one that was acknowledged, and no other. */
const nothingLost =
  (before: readonly string[]) =>
  async ({ names, written }: Round): Promise<void> =>
    expect(names).toEqual([...before, ...written].sort())

const OPERATIONS: Readonly<Record<string, Interrupted>> = {
  rotate: {
    argv: ['key', 'rotate', '--yes'],
    from: () => copyOf(filled),
    judge: async (round) => {
      await nothingLost(['acme', 'beta', 'gamma'])(round)
      expect(round.done ? [2] : [1, 2]).toContain(formatOf(round.home).generation)
    },
  },
  restore: {
    argv: ['vault', 'restore', 'copy.db', '--yes'],
    from: () => copyOf(filled),
    judge: async ({ home, names, written, done }) => {
      const kept = await keptIn(home)
      if (names.includes('gamma')) {
        expect(done).toBe(false)
        expect(names).toEqual(['acme', 'beta', 'gamma', ...written].sort())
      } else {
        // What others wrote before is in the copy that is kept, what they wrote afterwards is in the vault.
        expect(names).toEqual(expect.arrayContaining(['acme', 'beta']))
        expect([...names, ...kept]).toEqual(expect.arrayContaining(['gamma', ...written]))
      }
    },
  },
  migrate: {
    argv: ['list'],
    from: () => copyOf(old),
    judge: async (round) => {
      await nothingLost(['acme', 'ad-hoc', 'no-secrets'])(round)
      expect(formatOf(round.home).version).toBe(2)
    },
  },
}

/** The names of what restorations have put aside. */
async function keptIn(home: Home): Promise<readonly string[]> {
  const kept = readdirSync(home.path).filter((file) => file.includes('.before-restore-') && file.endsWith('.backup'))
  const contents = await Promise.all(kept.map((file) => contentOf({ ...home, vault: join(home.path, file) })))
  return contents.flatMap((content) => Object.keys(content))
}

test.each(Object.keys(OPERATIONS))(
  'P05 P06 P07 %s is killed while others read and write: nothing acknowledged is lost, nobody finds damage',
  {
    timeout: PATIENCE_MS,
  },
  async (name, ...rest) => {
    const [context] = rest as unknown as [Parameters<typeof faultLibrary>[0]]
    const { argv, from, judge } = OPERATIONS[name] as Interrupted
    const library = faultLibrary(context)
    const counts = { rounds: 0, kills: 0, 'rows acknowledged': 0, 'conflicts told': 0, lost: 0 }
    for (let round = 0; round < ROUNDS; round += 1) {
      const home = from()
      const log = join(newDirectory(), 'log')
      const at = 1 + Math.floor(((round + Math.random()) * MOST_CALLS) / ROUNDS)
      const faults = {
        LD_PRELOAD: library,
        FAULT_DIR: home.path,
        FAULT_LOG: log,
        FAULT_KIND: 'any',
        FAULT_ERRNO: '0',
        FAULT_AT: String(at),
      }
      const writers = Array.from({ length: WRITERS }, (_, index) => `w-${index}`)
      const [operation, ...others] = await Promise.all([
        run([...argv, '--json'], { home, env: faults }),
        ...writers.map((writer) => run(addArgv(writer), { home, input: `token-of-${writer}\n` })),
        ...Array.from({ length: READERS }, () => run(['show', 'acme', '--reveal', '--json'], { home })),
      ])
      const where = `killed at ${at}`
      const codes = others.map((result) => errorOf(result)?.code)
      expect(
        others.filter((_, index) => ![undefined, 'conflict'].includes(codes[index])),
        where,
      ).toEqual([])
      const done = operation !== undefined && operation.status === 0
      if (!done) expect([operation?.status, wasHit(log)], `${where}: ${operation?.stdout}`).toEqual([137, true])
      const written = writers.filter((_, index) => codes[index] === undefined)
      await judge({ home, written, names: Object.keys(await contentOf(home)).sort(), done })
      counts.rounds += 1
      counts.kills += done ? 0 : 1
      counts['rows acknowledged'] += written.length
      counts['conflicts told'] += codes.filter((code) => code === 'conflict').length
      rmSync(home.path, { recursive: true, force: true })
    }
    report(`${name} killed while ${WRITERS + READERS} processes read and write`, counts)
  },
)
