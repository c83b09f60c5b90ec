/** P05: the power fails at any moment; what was not synchronised is gone. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { expect, test } from 'vitest'
import { CRM, emptyHome, homeWithVault, NODE, newDirectory } from '../support/cli.ts'
import { contentOf, FULL, faultLibrary, PATIENCE_MS, report } from './torture.ts'

const COMMITS = FULL ? 60 : 8

/** One recorded call. */
interface Call {
  readonly what: string
  readonly offset: number
  readonly path: string
  readonly data: Buffer
}

/** Reads what the library has recorded: a line for each call, followed by its bytes. */
function readCalls(log: string): Call[] {
  const bytes = readFileSync(log)
  const calls: Call[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at)
    const [what = '', offset = '0', length = '0', ...path] = bytes.subarray(at, end).toString().split(' ')
    const size = what === 'W' || what === 'A' ? Number(length) : 0
    calls.push({ what, offset: Number(offset), path: path.join(' '), data: bytes.subarray(end + 1, end + 1 + size) })
    at = end + 1 + size
  }
  return calls
}

/** The files of a disk that keeps of each file what was written before its last synchronisation, and nothing after. */
class Disk {
  readonly #written = new Map<string, Buffer>()
  readonly #safe = new Map<string, Buffer>()

  apply({ what, offset, path, data }: Call): void {
    if (what === 'W') this.#written.set(path, written(this.#written.get(path), offset, data))
    else if (what === 'T') this.#written.set(path, (this.#written.get(path) ?? Buffer.alloc(0)).subarray(0, offset))
    else if (what === 'S') this.#safe.set(path, this.#written.get(path) ?? Buffer.alloc(0))
    else if (what === 'U') {
      this.#written.delete(path)
      this.#safe.delete(path)
    }
  }

  /** Puts what survived into a directory. */
  recover(directory: string): void {
    rmSync(directory, { recursive: true, force: true })
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    for (const [path, content] of this.#safe) writeFileSync(join(directory, basename(path)), content, { mode: 0o600 })
  }

  /** What lies there before the recording begins. */
  hold(path: string, content: Buffer): void {
    this.#written.set(path, content)
    this.#safe.set(path, content)
  }
}

function written(before: Buffer | undefined, offset: number, data: Buffer): Buffer {
  const after = Buffer.alloc(Math.max(before?.length ?? 0, offset + data.length))
  before?.copy(after)
  data.copy(after, offset)
  return after
}

/** Records a program, then cuts the power after each synchronisation. @returns how many cuts there were. */
async function cutEverywhere(
  program: {
    readonly argv: readonly string[]
    readonly env: Readonly<Record<string, string>>
    readonly file: string
    readonly library: string
  },
  before: Buffer | undefined,
  check: (directory: string, acknowledged: readonly string[]) => Promise<void>,
): Promise<number> {
  const log = join(newDirectory(), 'log')
  const env = { ...program.env, LD_PRELOAD: program.library, FAULT_DIR: `${program.file}`, FAULT_KIND: 'record', FAULT_LOG: log }
  execFileSync(NODE, program.argv, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const disk = new Disk()
  if (before !== undefined) disk.hold(program.file, before)
  const acknowledged: string[] = []
  const directory = join(newDirectory(), 'disk')
  let cuts = 0
  const calls = readCalls(log)
  for (const [index, call] of calls.entries()) {
    if (call.what === 'A') acknowledged.push(...call.data.toString().trim().split('\n'))
    disk.apply(call)
    // A cut between an acknowledgement and the next call is the one that hurts.
    const isBoundary = call.what === 'S' || call.what === 'A' || index === calls.length - 1
    if (!isBoundary) continue
    disk.recover(directory)
    await check(directory, acknowledged)
    cuts += 1
  }
  return cuts
}

test('P05 after a power failure at any moment every acknowledged commit is there', { timeout: PATIENCE_MS }, async (context) => {
  const library = faultLibrary(context)
  const home = await homeWithVault()
  const database = new Sqlite(home.vault)
  database.pragma('wal_checkpoint(TRUNCATE)')
  database.close()
  const before = readFileSync(home.vault)
  const adder = new URL('programs/adder.mjs', import.meta.url).pathname
  const built = join(dirname(dirname(CRM)), 'dist/index.js')
  const argv = [adder, built, home.vault, join(home.path, 'state'), 'n', String(COMMITS)]
  const cuts = await cutEverywhere(
    { argv, env: { INTEGRATION_ENCRYPTION_KEY: home.key }, file: home.vault, library },
    before,
    async (directory, acknowledged) => {
      const content = await contentOf({ ...emptyHome(home.key), vault: join(directory, 'vault.db') })
      expect(Object.keys(content)).toEqual(expect.arrayContaining([...acknowledged]))
    },
  )
  report('power failure at every fsync and acknowledgement', { cuts, commits: COMMITS, lost: 0 })
})

test('the loop itself finds a commit that is lost: synchronous = NORMAL is caught, FULL is not', {
  timeout: PATIENCE_MS,
}, async (context) => {
  const library = faultLibrary(context)
  const sqlite = createRequire(import.meta.url).resolve('better-sqlite3')
  const lostWith = async (synchronous: string) => {
    const file = join(newDirectory(), 'rows.db')
    let lost = 0
    const argv = [new URL('programs/rows.mjs', import.meta.url).pathname, sqlite, file, synchronous, '5']
    await cutEverywhere({ argv, env: {}, file, library }, undefined, async (directory, acknowledged) => {
      if (acknowledged.length === 0) return
      const database = new Sqlite(join(directory, 'rows.db'))
      const rows =
        database.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'rows'").pluck().get() === 1
          ? database.prepare('SELECT count(*) FROM rows').pluck().get()
          : 0
      database.close()
      if (Number(rows) < acknowledged.length) lost += 1
    })
    return lost
  }
  expect(await lostWith('FULL')).toBe(0)
  expect(await lostWith('NORMAL')).toBeGreaterThan(0)
})
