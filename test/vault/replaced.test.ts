/** P05 and P06: another file in the place of an open vault, as a program that synchronises folders puts it there, and what is left of a lost one. */
import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { expect, test } from 'vitest'
import { Database } from '../../src/vault/database.ts'
import { openVault } from '../../src/vault/vault.ts'
import { draft, newVault, sources } from '../support/vault.ts'

/** An open vault of one integration, and a backup of it. */
async function backedUp(count = 1) {
  const made = await newVault()
  const keys = { profile: 'default', sources: () => sources({ raw: [made.key] }) }
  await made.unlocked.add(Array.from({ length: count }, (_, index) => draft(`n${index}`)))
  const backup = join(made.directory, 'copy.db')
  await made.vault.backup(backup, keys)
  const namesNow = async () => {
    const vault = await openVault(made.path, made.world)
    try {
      expect((await (await vault.unlock('default', keys.sources())).verify()).problems).toEqual([])
      return (await vault.list('default')).map(({ name }) => name)
    } finally {
      vault.close()
    }
  }
  return { ...made, keys, backup, namesNow }
}

test.each(['replaced', 'removed'])(
  'P05 a vault whose file was %s is told so by what would change it, and nothing is changed',
  async (what) => {
    const { unlocked, vault, path, backup, namesNow } = await backedUp()
    if (what === 'replaced') renameSync(backup, path)
    else rmSync(path)
    await expect(unlocked.add([draft('beta')])).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(`${what} meanwhile`),
    })
    vault.close()
    expect(existsSync(path)).toBe(what === 'replaced')
    if (what === 'replaced') expect(await namesNow()).toEqual(['n0'])
  },
)

test('P05 nothing is committed to a vault that is replaced during the transaction', async () => {
  const { vault, path, backup, namesNow } = await backedUp()
  vault.close()
  const database = Database.open(path)
  const change = () => {
    renameSync(backup, path)
    database.run("UPDATE integrations SET name = 'other'")
  }
  expect(() => database.write('save the integration', change)).toThrow(expect.objectContaining({ code: 'conflict' }))
  database.close()
  expect(await namesNow()).toEqual(['n0'])
})

/** What is left beside a vault whose process was killed: a log with commits in it. */
async function withLeftLog() {
  const made = await backedUp()
  // While another one reads, nobody empties the log.
  const reader = new Sqlite(made.path, { readonly: true })
  reader.exec('BEGIN; SELECT count(*) FROM integrations')
  await made.unlocked.add(Array.from({ length: 20 }, (_, index) => draft(`later-${index}`)))
  const log = join(made.directory, 'left-log')
  copyFileSync(`${made.path}-wal`, log)
  reader.close()
  made.vault.close()
  const leave = () => copyFileSync(log, `${made.path}-wal`)
  return { ...made, log, leave }
}

test('P05 a vault that is made where another one was lost has no part in the log that is left of that', async () => {
  const { path, world, log, leave } = await withLeftLog()
  rmSync(path)
  leave()
  ;(await openVault(path, world, 'create')).close()
  const vault = await openVault(path, world)
  expect(await vault.profiles()).toEqual([])
  vault.close()
  const kept = readdirSync(dirname(path)).filter((name) => name.startsWith('vault.db.lost-'))
  expect(kept).toHaveLength(1)
  expect(readFileSync(join(dirname(path), String(kept[0])))).toEqual(readFileSync(log))
})

test('P05 nor has one that is restored there', async () => {
  const { path, world, leave, backup, keys, namesNow } = await withLeftLog()
  rmSync(path)
  leave()
  const vault = await openVault(path, world, 'create')
  await vault.restore(backup, keys)
  vault.close()
  expect(await namesNow()).toEqual(['n0'])
})

test('a vault that opens, and whose pages do not fit each other further in, is restored as a file', async () => {
  const { vault, path, world, backup, keys, namesNow } = await backedUp(500)
  vault.close()
  const bytes = readFileSync(path)
  const pageBytes = 4096
  // In the middle, where the rows are.
  bytes.fill(0xa5, Math.floor(bytes.length / pageBytes / 2) * pageBytes, Math.floor(bytes.length / pageBytes / 2 + 8) * pageBytes)
  writeFileSync(path, bytes)
  const damaged = await openVault(path, world)
  const { previous, rows } = await damaged.restore(backup, keys)
  damaged.close()
  expect(rows).toBeGreaterThan(500)
  expect(previous).toContain('.damaged-')
  expect(readFileSync(previous)).toEqual(bytes)
  expect(await namesNow()).toHaveLength(500)
  expect(readdirSync(dirname(path)).filter((name) => /restor(?:ing|ed)|-wal|-shm/.test(name))).toEqual([])
})
