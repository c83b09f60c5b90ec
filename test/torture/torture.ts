import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { expect, type TestContext } from 'vitest'
import { parseRawKey } from '../../src/crypto/raw-key.ts'
import type { UnlockedVault } from '../../src/vault/unlocked.ts'
import { openVault } from '../../src/vault/vault.ts'
import { type Home, newDirectory, type Result } from '../support/cli.ts'
import { sources, vaultWorld } from '../support/vault.ts'

/** `npm run torture`: every loop in full. `npm test` runs a short version of each. */
export const FULL = process.env.MODE === 'torture'

/** How long a loop may take, in milliseconds. */
export const PATIENCE_MS = FULL ? 1_800_000 : 120_000

/** Some of a list, evenly, `most` or so; all of it in the full loop. */
export function some<Item>(items: readonly Item[], most: number): readonly Item[] {
  const step = FULL ? 1 : Math.max(1, items.length / most)
  return Array.from({ length: Math.ceil(items.length / step) }, (_, index) => items[Math.floor(index * step)] as Item)
}

/** Prints what a loop has counted, on a line of its own. */
export function report(loop: string, counts: Readonly<Record<string, number>>): void {
  const text = Object.entries(counts).map(([name, count]) => `${count.toLocaleString('en')} ${name}`)
  process.stdout.write(`torture: ${loop}: ${text.join(', ')}\n`)
}

/** The library that makes calls fail, compiled once; where there is no compiler, the test is skipped, loudly. */
export function faultLibrary(context: TestContext): string {
  const library = join(newDirectory(), 'faults.so')
  const source = new URL('programs/faults.c', import.meta.url).pathname
  const { status } = spawnSync('gcc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { stdio: 'inherit' })
  if (status !== 0) {
    console.warn(`SKIPPED "${context.task.name}": there is no gcc that compiles for this system`)
    context.skip('there is no gcc that compiles for this system')
  }
  return library
}

/** Whether the call that was to fail was reached. */
export function wasHit(log: string): boolean {
  return existsSync(log) && readFileSync(log, 'utf8').includes('hit')
}

/** Takes the log of the last run away. */
export function forgetLog(log: string): void {
  rmSync(log, { force: true })
}

/** What a vault holds, opened row by row: settings, secrets and activity by name. Fails the test when anything is wrong with it. */
export async function contentOf(home: Home): Promise<Readonly<Record<string, unknown>>> {
  const database = new Sqlite(home.vault)
  expect(database.pragma('integrity_check', { simple: true })).toBe('ok')
  database.close()
  const vault = await openVault(home.vault, { ...vaultWorld('/dev/null/state'), clock: Date.now })
  try {
    const unlocked = await vault.unlock('default', sources({ raw: [parseRawKey(home.key, 'the key')] }))
    expect((await unlocked.verify()).problems).toEqual([])
    return opened(unlocked)
  } finally {
    vault.close()
  }
}

function opened(unlocked: UnlockedVault): Readonly<Record<string, unknown>> {
  const content: Record<string, unknown> = {}
  for (const { integration, values } of unlocked.openAll()) {
    const secrets = Object.fromEntries(Object.entries(values.secrets).map(([field, secret]) => [field, secret.reveal()]))
    content[integration.name] = { active: integration.active, settings: values.settings, secrets }
  }
  return content
}

/** The data key's generation of the profile, and the format of the file. */
export function formatOf(home: Home): { readonly generation: number; readonly version: number } {
  const database = new Sqlite(home.vault, { readonly: true })
  try {
    return {
      generation: Number(database.prepare("SELECT generation FROM profiles WHERE name = 'default'").pluck().get()),
      version: Number(database.pragma('user_version', { simple: true })),
    }
  } finally {
    database.close()
  }
}

/** The error that a command printed with `--json`; undefined when it succeeded. */
export function errorOf({ stdout }: Result): { readonly code: string; readonly message: string } | undefined {
  return JSON.parse(stdout).error ?? undefined
}
