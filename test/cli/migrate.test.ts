import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Sqlite from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { emptyHome, type Home, homeWithVault, newDirectory, run } from '../support/cli.ts'
import { mountMemory } from '../support/mount.ts'
import { FROZEN } from '../vault/frozen.ts'

/** A copy: SQLite writes beside what it opens. */
const OLD = join(newDirectory(), 'old.db')
copyFileSync(fileURLToPath(new URL('../vault/frozen-v1.db', import.meta.url)), OLD)

/** A home whose vault was written by an older version. */
function oldHome(): Home {
  const home = emptyHome(FROZEN.envKey)
  copyFileSync(OLD, home.vault)
  chmodSync(home.vault, 0o600)
  return home
}

function backupsOf(home: Home): string[] {
  return readdirSync(home.path).filter((name) => name.includes('.v1-'))
}

function inspect<T>(file: string, sql: string): T[] {
  const database = new Sqlite(file, { readonly: true })
  try {
    return database.prepare(sql).pluck().all() as T[]
  } finally {
    database.close()
  }
}

const versionOf = (file: string) => inspect<number>(file, 'PRAGMA user_version')[0]
const structureOf = (file: string) => inspect<string>(file, 'SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL').sort()

describe('P07 a vault of an older format', () => {
  test('is migrated when it is opened, reads like a new one, and is kept as it was', async () => {
    const home = oldHome()
    const first = await run(['list'], { home })
    expect(first.status, first.stderr).toBe(0)
    const [backup, ...more] = backupsOf(home)
    expect(more).toEqual([])
    expect(backup).toMatch(/^vault\.db\.v1-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.backup$/)
    const file = join(home.path, String(backup))
    expect(first.stderr).toContain(`brought the vault from format 1 to 2; as it was it lies in ${file}`)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect([versionOf(file), versionOf(home.vault)]).toEqual([1, 2])
    expect(structureOf(file)).toEqual(structureOf(OLD))
    expect(structureOf(home.vault)).toEqual(structureOf((await homeWithVault()).vault))
    for (const table of ['profiles', 'key_slots', 'integrations', 'test_results', 'demos', 'demo_steps', 'audit'])
      expect(inspect(file, `SELECT count(*) FROM ${table}`)).toEqual(inspect(OLD, `SELECT count(*) FROM ${table}`))

    const verified = await run(['vault', 'verify', '--json'], { home })
    expect(JSON.parse(verified.stdout).data.problems).toEqual([])
    expect(verified.stderr).not.toContain('brought')
    expect(backupsOf(home)).toEqual([backup])
    // A key is needed to write it into the log.
    expect((await run(['show', 'acme', '--reveal'], { home })).status).toBe(0)
    const audit = JSON.parse((await run(['audit', '--json', '--event', 'vault.migrate'], { home })).stdout).data
    expect(audit).toMatchObject({ verified: true, events: [{ outcome: 'ok', details: { reason: 'format 1 to 2' } }] })
  })

  test('is migrated once by 8 processes at the same time', async () => {
    const home = oldHome()
    const results = await Promise.all(Array.from({ length: 8 }, () => run(['list', '--json'], { home })))
    for (const { status, stdout } of results) {
      expect(status, stdout).toBe(0)
      expect(JSON.parse(stdout).data.integrations).toHaveLength(3)
    }
    expect(backupsOf(home)).toHaveLength(1)
    expect((await run(['vault', 'verify'], { home })).status).toBe(0)
  })

  test('stays as it is where its backup cannot be written', async () => {
    const home = oldHome()
    // A directory of the next minute's names: whatever second it is, the backup's place is taken.
    const now = Date.now()
    for (let second = 0; second < 60; second += 1) {
      const at = new Date(now + second * 1000)
        .toISOString()
        .replace(/\.\d+Z$/, 'Z')
        .replaceAll(':', '-')
      mkdirSync(`${home.vault}.v1-${at}.backup`)
    }
    const { status, stdout } = await run(['list', '--json'], { home })
    expect(status, stdout).not.toBe(0)
    expect(versionOf(home.vault)).toBe(1)
    expect(inspect(home.vault, 'PRAGMA integrity_check')).toEqual(['ok'])
    expect(readdirSync(home.path).filter((name) => name.endsWith('.new'))).toEqual([])
  })

  test('says that the file system is read-only, by name', async (context) => {
    const home = oldHome()
    const place = join(home.path, 'mount')
    const { makeReadOnly } = mountMemory(context, place, '4m')
    const vault = join(place, 'vault.db')
    copyFileSync(OLD, vault)
    chmodSync(vault, 0o600)
    makeReadOnly()
    const before = readFileSync(vault)
    const { status, stdout } = await run(['--vault', vault, 'list', '--json'], { home })
    expect(JSON.parse(stdout).error).toMatchObject({ code: 'io_failed', message: expect.stringContaining('the file system is read-only') })
    expect(status).not.toBe(0)
    expect(readFileSync(vault).equals(before)).toBe(true)
    expect(readdirSync(place)).toEqual(['vault.db'])
  })
})
