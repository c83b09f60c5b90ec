import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Sqlite from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { copyOf, emptyHome, type Home, homeWithChatwoot, openSandbox, run, succeed } from '../support/cli.ts'
import { FROZEN } from '../vault/frozen.ts'

const OLD = fileURLToPath(new URL('../vault/frozen-v1.db', import.meta.url))
const sandbox: Sandbox = await openSandbox()
const original = await homeWithChatwoot(sandbox, 'acme')
succeed(await run(['vault', 'backup', 'copy.db'], { home: original }))

const names = async (home: Home) =>
  JSON.parse((await run(['list', '--json'], { home })).stdout).data.integrations.map(({ name }: { name: string }) => name)
const verify = async (home: Home) => JSON.parse((await run(['vault', 'verify', '--json'], { home })).stdout)
const kept = (home: Home) => readdirSync(home.path).filter((name) => name.includes('before-restore'))

function change(file: string, sql: string): void {
  const database = new Sqlite(file)
  database.exec(sql)
  database.close()
}

describe('crm vault backup', () => {
  test('writes a copy that only its owner can reach, and that is a vault of its own', async () => {
    const copy = join(original.path, 'copy.db')
    expect(statSync(copy).mode & 0o777).toBe(0o600)
    const { status, stdout } = await run(['--vault', copy, 'vault', 'verify', '--json'], { home: copyOf(original) })
    expect(status, stdout).toBe(0)
    expect(readdirSync(original.path).filter((name) => name.startsWith('copy.db'))).toContain('copy.db')
  })

  test('does not overwrite, and leaves nothing behind where it fails', async () => {
    const home = copyOf(original)
    expect((await run(['vault', 'backup', 'copy.db'], { home })).status).toBe(11)
    const { stdout } = await run(['vault', 'backup', 'vault.db/copy.db', '--json'], { home })
    expect(JSON.parse(stdout).error.code).toBe('io_failed')
    expect(readdirSync(home.path).filter((name) => name.includes('copy.db.'))).toEqual([])
  })

  test('touches no file but its own', async () => {
    const home = copyOf(original)
    writeFileSync(join(home.path, 'mine.db.new'), 'mine')
    succeed(await run(['vault', 'backup', 'mine.db'], { home }))
    expect(readFileSync(join(home.path, 'mine.db.new'), 'utf8')).toBe('mine')
    expect(
      readdirSync(home.path)
        .filter((name) => name.startsWith('mine.db'))
        .sort(),
    ).toEqual(['mine.db', 'mine.db.new'])
  })

  test('refuses a vault with a row that does not open, and writes none', async () => {
    const home = copyOf(original)
    change(home.vault, "UPDATE integrations SET active = 1 - active WHERE name = 'acme'")
    const { status, stdout } = await run(['vault', 'backup', 'second.db', '--json'], { home })
    expect(status, stdout).toBe(3)
    expect(JSON.parse(stdout).error).toMatchObject({ code: 'damaged', message: expect.stringContaining('integrations acme') })
    expect(existsSync(join(home.path, 'second.db'))).toBe(false)
  })
})

/** What may become of a vault so that it does not open any more. */
const DAMAGES: Readonly<Record<string, (file: string) => void>> = {
  'something else': (file) => writeFileSync(file, 'x'.repeat(5_000)),
  'its first bytes': (file) => writeFileSync(file, readFileSync(file).subarray(0, 50)),
  'half of it': (file) => writeFileSync(file, readFileSync(file).subarray(0, readFileSync(file).length / 2)),
  'a page of other bytes': (file) => writeFileSync(file, readFileSync(file).fill(0xa5, 8_192, 12_288)),
  'one more trigger': (file) => change(file, 'CREATE TRIGGER t AFTER INSERT ON audit BEGIN SELECT 1; END'),
}

describe('crm vault restore', () => {
  test.each(Object.keys(DAMAGES))('is what mends a vault that is %s, and keeps that', async (damage) => {
    const home = copyOf(original)
    DAMAGES[damage]?.(home.vault)
    const damaged = readFileSync(home.vault)
    const { status, stdout } = await run(['list', '--json'], { home })
    expect([status, JSON.parse(stdout).error.hint]).toEqual([3, expect.stringContaining('crm vault restore <backup>')])
    expect((await run(['vault', 'restore', 'copy.db', '--json'], { home })).status, 'without a yes').toBe(2)
    expect(readFileSync(home.vault)).toEqual(damaged)
    const restored = succeed(await run(['vault', 'restore', 'copy.db', '--yes', '--json'], { home }))
    const { previous } = JSON.parse(restored.stdout).data
    expect(readFileSync(previous)).toEqual(damaged)
    expect(statSync(previous).mode & 0o777).toBe(0o600)
    expect(await names(home)).toEqual(['acme'])
    expect((await verify(home)).data.problems).toEqual([])
    expect((await run(['show', 'acme', '--reveal'], { home })).status).toBe(0)
    expect(readdirSync(home.path).filter((name) => /^vault\.db(?:-|\.restor)/.test(name))).toEqual([])
  })

  test('leaves a damaged vault as it is where the backup is not whole, and the database of another program always', async () => {
    const home = copyOf(original)
    writeFileSync(home.vault, 'x'.repeat(5_000))
    writeFileSync(join(home.path, 'bad.db'), readFileSync(join(home.path, 'copy.db')).fill(0xa5, 8_192, 12_288))
    expect((await run(['vault', 'restore', 'bad.db', '--yes'], { home })).status).toBe(3)
    expect(readFileSync(home.vault, 'utf8')).toBe('x'.repeat(5_000))
    rmSync(home.vault)
    change(home.vault, 'CREATE TABLE notes (text)')
    chmodSync(home.vault, 0o600)
    const foreign = readFileSync(home.vault)
    const { status, stdout } = await run(['vault', 'restore', 'copy.db', '--yes', '--json'], { home })
    expect([status, JSON.parse(stdout).error.hint]).toEqual([3, expect.stringContaining('name another file')])
    expect(readFileSync(home.vault)).toEqual(foreign)
  })

  test('puts everything back, keeps what was there, and needs no accept-older', async () => {
    const home = copyOf(original)
    succeed(await run(['remove', 'acme', '--yes'], { home }))
    expect(await names(home)).toEqual([])
    const { status, stdout, stderr } = await run(['vault', 'restore', 'copy.db', '--yes', '--json'], { home })
    expect(status, stderr).toBe(0)
    expect(JSON.parse(stdout).data).toMatchObject({ file: 'copy.db', verified: ['default'], unverified: [] })
    expect(await names(home)).toEqual(['acme'])
    expect((await verify(home)).data.problems).toEqual([])
    expect((await run(['show', 'acme', '--reveal'], { home })).status).toBe(0)
    const [previous] = kept(home)
    succeed(await run(['vault', 'restore', String(previous), '--yes'], { home }))
    expect(await names(home)).toEqual([])
    const events = JSON.parse((await run(['audit', '--json'], { home })).stdout).data.events.map(({ event }: { event: string }) => event)
    expect(events.slice(-2)).toEqual(['integration.remove', 'vault.restore'])
  })

  test('makes a lost vault anew', async () => {
    const home = copyOf(original)
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${home.vault}${suffix}`, { force: true })
    succeed(await run(['vault', 'restore', 'copy.db', '--yes'], { home }))
    expect(await names(home)).toEqual(['acme'])
    expect((await verify(home)).data.problems).toEqual([])
  })

  test('takes a copy of an older format', async () => {
    const home = emptyHome(FROZEN.envKey)
    copyFileSync(OLD, join(home.path, 'old.db'))
    succeed(await run(['vault', 'restore', 'old.db', '--yes'], { home }))
    expect(await names(home)).toHaveLength(3)
    expect((await verify(home)).data.problems).toEqual([])
  })

  test.each([
    ['an altered row', 'damaged', "UPDATE integrations SET settings = replace(settings, 'http', 'hxxp')"],
    ['an altered audit row', 'damaged', "UPDATE audit SET actor = 'nobody' WHERE sequence = 1"],
    ['another structure', 'damaged', 'CREATE VIEW v AS SELECT 1'],
    ['a newer format', 'newer_format', 'PRAGMA user_version = 3'],
    ['another key', 'wrong_key', 'key'],
  ])('refuses a copy with %s, and changes nothing', async (_what, code, sql) => {
    const home = copyOf(original)
    if (sql !== 'key') change(join(home.path, 'copy.db'), sql)
    const before = await verify(home)
    const env = sql === 'key' ? { INTEGRATION_ENCRYPTION_KEY: Buffer.alloc(32, 'another key of 32 bytes').toString('base64') } : {}
    const { status, stdout } = await run(['vault', 'restore', 'copy.db', '--yes', '--json'], { home, env })
    expect([status, JSON.parse(stdout).error.code], stdout).toEqual([3, code])
    expect(await verify(home)).toEqual(before)
    expect([...kept(home), ...readdirSync(home.path).filter((name) => name.includes('restoring'))]).toEqual([])
  })

  test('refuses what is no vault', async () => {
    const home = copyOf(original)
    writeFileSync(join(home.path, 'text.db'), 'not a vault')
    const { stdout } = await run(['vault', 'restore', 'text.db', '--yes', '--json'], { home })
    expect(JSON.parse(stdout).error.code, stdout).toBe('damaged')
    expect(await names(home)).toEqual(['acme'])
  })

  test('refuses what is not there before it asks, and makes no vault for it', async () => {
    const home = emptyHome()
    const { status, stdout } = await run(['vault', 'restore', 'none.db', '--json'], { home })
    expect([status, JSON.parse(stdout).error.message]).toEqual([2, 'there is no backup at none.db'])
    expect(existsSync(home.vault)).toBe(false)
  })
})
