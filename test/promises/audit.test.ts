/** P12: whoever edits, inserts, removes, reorders or cuts rows of the audit log is found out, and the first bad row is named. */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { beforeAll, describe, expect, test } from 'vitest'
import { CrmError } from '../../src/core/errors.ts'
import { openVault } from '../../src/vault/vault.ts'
import { copyOf, type Home, homeWithVault, newDirectory, run, succeed } from '../support/cli.ts'
import { draft, newVault, sources } from '../support/vault.ts'
import { PATIENCE_MS, report, some } from '../torture/torture.ts'
import { cellsIn, changesOf } from './tamper.ts'

let home: Home
let rows: number

const answers = ['a', 'b', 'c', 'd'].map((name) => ({ provider: 'chatwoot', name, accountId: '3', apiKey: `token-of-${name}` }))

beforeAll(async () => {
  home = await homeWithVault()
  succeed(await run(['add', '--from', '-', '--no-test'], { home, input: JSON.stringify(answers) }))
  succeed(await run(['toggle', 'a'], { home }))
  rows = (await document(['audit', 'verify'], home)).data.rows
})

async function document(argv: readonly string[], at: Home) {
  const { status, stdout } = await run([...argv, '--json'], { home: at })
  return { status, ...JSON.parse(stdout) }
}

/** A copy of the home in which somebody with an SQLite shell has been. */
function attacked(sql: string): Home {
  const copy = copyOf(home)
  const database = new Sqlite(copy.vault)
  database.pragma('foreign_keys = OFF')
  database.exec(sql)
  database.close()
  return copy
}

test('P12 an untouched log verifies, and its head is what there is to keep elsewhere', async () => {
  expect(await document(['audit', 'verify'], home)).toMatchObject({
    status: 0,
    data: { rows: 6, firstBad: null, firstAt: expect.any(String) },
  })
  const { sequence, mac } = (await document(['audit', 'head'], home)).data
  expect(sequence).toBe(rows)
  expect((await document(['audit', 'verify'], home)).data.head).toBe(mac)
})

const COLUMNS = 'profile_id, at, event, actor, outcome, details, key_generation, mac'

describe('P12 crm audit verify names the first bad row when', () => {
  test.each<[string, number, string]>([
    ['an outcome is edited', 3, "UPDATE audit SET outcome = 'failed' WHERE sequence = 3"],
    ['a time is edited', 1, "UPDATE audit SET at = '2001-01-01T00:00:00.000Z' WHERE sequence = 1"],
    ['an actor is edited', 4, "UPDATE audit SET actor = 'somebody@else pid 1' WHERE sequence = 4"],
    ['details are edited', 2, "UPDATE audit SET details = json_set(details, '$.name', 'other') WHERE sequence = 2"],
    ['details are put into another order', 2, `UPDATE audit SET details = replace(details, '{', '{ ') WHERE sequence = 2`],
    ['a row is removed', 4, 'DELETE FROM audit WHERE sequence = 4'],
    [
      'a row is removed and the others close the gap',
      4,
      'DELETE FROM audit WHERE sequence = 4; UPDATE audit SET sequence = sequence - 1 WHERE sequence > 4; UPDATE profiles SET audit_count = audit_count - 1',
    ],
    ['the first row is removed', 1, 'DELETE FROM audit WHERE sequence = 1'],
    ['the last row is removed', 6, 'DELETE FROM audit WHERE sequence = 6'],
    [
      'a row is inserted at the end',
      7,
      `INSERT INTO audit (sequence, ${COLUMNS}) SELECT 7, ${COLUMNS} FROM audit WHERE sequence = 6; UPDATE profiles SET audit_count = 7`,
    ],
    [
      'two rows change places',
      2,
      'UPDATE audit SET sequence = 99 WHERE sequence = 2; UPDATE audit SET sequence = 2 WHERE sequence = 3; UPDATE audit SET sequence = 3 WHERE sequence = 99',
    ],
    [
      'a row is replaced by the copy of another',
      5,
      `DELETE FROM audit WHERE sequence = 5; INSERT INTO audit (sequence, ${COLUMNS}) SELECT 5, ${COLUMNS} FROM audit WHERE sequence = 3`,
    ],
    ['all of them are gone', 1, 'DELETE FROM audit'],
  ])('%s', async (_what, bad, sql) => {
    const copy = attacked(sql)
    expect(await document(['audit', 'verify'], copy)).toMatchObject({
      status: 3,
      ok: false,
      data: { firstBad: bad },
      error: { code: 'damaged', message: expect.stringContaining(`row ${bad} `) },
    })
    const verified = await document(['vault', 'verify'], copy)
    expect([verified.status, verified.data.problems[0]]).toMatchObject([3, { table: 'audit', name: String(bad) }])
    expect((await run(['audit', 'verify'], { home: copy })).stderr).toContain(`row ${bad} `)
  })

  test('its end is cut off and the count with it: this machine has seen more', async () => {
    const copy = attacked('DELETE FROM audit WHERE sequence > 3; UPDATE profiles SET audit_count = 3')
    for (const argv of [
      ['show', 'a'],
      ['add', 'chatwoot', '--account-id', '3', '--no-test', '--api-key-env', 'HOME'],
    ]) {
      expect(await document(argv, copy), argv.join(' ')).toMatchObject({
        status: 3,
        error: { code: 'damaged', message: expect.stringContaining('older than the last one') },
      })
    }
  })
})

test('P12 a whole older copy of the vault is refused until somebody accepts it, which the log says', async () => {
  const copy = copyOf(home)
  const older = join(newDirectory(), 'older.db')
  const database = new Sqlite(copy.vault)
  database.pragma('wal_checkpoint(TRUNCATE)')
  database.close()
  copyFileSync(copy.vault, older)
  succeed(await run(['remove', 'd', '--yes'], { home: copy }))
  for (const suffix of ['-wal', '-shm']) rmSync(copy.vault + suffix, { force: true })
  copyFileSync(older, copy.vault)
  expect(await document(['show', 'd', '--reveal', 'apiKey'], copy)).toMatchObject({
    status: 3,
    error: { code: 'damaged', hint: expect.stringContaining('crm vault accept-older') },
  })
  expect(await document(['vault', 'accept-older'], copy), 'nobody is there to be asked').toMatchObject({ status: 2 })
  succeed(await run(['vault', 'accept-older', '--yes'], { home: copy }))
  expect((await run(['show', 'd', '--reveal', 'apiKey'], { home: copy })).stdout).toBe('token-of-d')
  expect((await document(['audit'], copy)).data.events.map(({ event }: { event: string }) => event)).toContain('vault.accept-older')
})

/** The loop below attacks a copy in this process: a log of a dozen rows, under two keys. */
async function loggedVault() {
  const made = await newVault()
  const { unlocked, vault, key, path } = made
  await unlocked.add(['a', 'b', 'c'].map((name) => draft(name)))
  for (const active of [false, true, false]) await unlocked.setActive('b', active)
  await unlocked.rotate([{ id: unlocked.openedBy.id, key: { type: 'raw', key } }], [])
  const again = await vault.unlock('default', sources({ raw: [key] }))
  for (const active of [true, false]) await again.setActive('b', active)
  await again.remove('c')
  const rows = (await again.audit()).length
  vault.close()
  const database = new Sqlite(path)
  database.pragma('wal_checkpoint(TRUNCATE)')
  database.close()
  return { ...made, original: readFileSync(path), rows }
}

/** The first bad row that is named after an attack; the code of the error where the log does not even open. */
async function firstBadAfter(
  { path, key, world, original }: Awaited<ReturnType<typeof loggedVault>>,
  attack: (database: Sqlite.Database) => void,
) {
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
  writeFileSync(path, original)
  const database = new Sqlite(path)
  for (const pragma of ['foreign_keys = OFF', 'ignore_check_constraints = ON', 'synchronous = OFF']) database.pragma(pragma)
  attack(database)
  database.close()
  const vault = await openVault(path, world)
  try {
    return (await (await vault.unlockToVerify('default', sources({ raw: [key] }))).replayAudit()).firstBad
  } finally {
    vault.close()
  }
}

test('P12 whatever is edited, inserted, removed, reordered or cut off, wherever it is, the first bad row is named', {
  timeout: PATIENCE_MS,
}, async () => {
  const logged = await loggedVault()
  const { rows } = logged
  expect(rows).toBeGreaterThan(8)
  const counts = { edited: 0, inserted: 0, removed: 0, reordered: 0, 'cut off': 0, missed: 0 }
  const found = async (kind: keyof typeof counts, bad: number, attack: (database: Sqlite.Database) => void, where: string) => {
    expect(await firstBadAfter(logged, attack), `${kind}: ${where}`).toBe(bad)
    counts[kind] += 1
  }
  const cells = cellsIn(logged.original, 'audit').filter(({ column }) => column !== 'profile_id' && column !== 'sequence')
  const sequenceOf = ({ row }: { row: string }): number => Number(/sequence = (\d+)/.exec(row)?.[1])
  const setCount = 'UPDATE profiles SET audit_count = (SELECT count(*) FROM audit)'
  for (const cell of cells) {
    for (const changed of some(changesOf(cell.value), 2)) {
      const update = `UPDATE audit SET ${cell.column} = ? WHERE ${cell.row}`
      await found('edited', sequenceOf(cell), (database) => database.prepare(update).run(changed), `${cell.column} where ${cell.row}`)
    }
  }
  for (let at = 1; at <= rows; at += 1) {
    const copy = (from: number, to: number) =>
      `INSERT INTO audit (sequence, ${COLUMNS}) SELECT ${to}, ${COLUMNS} FROM audit WHERE sequence = ${from}`
    const shift = (from: number, by: number) =>
      `UPDATE audit SET sequence = -sequence WHERE sequence >= ${from}; UPDATE audit SET sequence = -sequence + ${by} WHERE sequence < 0`
    // A copy of a row goes in behind it and the others make room, or a row goes and the others close the gap.
    await found('inserted', at + 1, (database) => database.exec(`${shift(at + 1, 1)}; ${copy(at, at + 1)}; ${setCount}`), `behind ${at}`)
    await found('removed', at, (database) => database.exec(`DELETE FROM audit WHERE sequence = ${at}`), `${at}`)
    if (at < rows)
      await found(
        'removed',
        at,
        (database) => database.exec(`DELETE FROM audit WHERE sequence = ${at}; ${shift(at + 1, -1)}; ${setCount}`),
        `${at}, closed`,
      )
    await found('cut off', at, (database) => database.exec(`DELETE FROM audit WHERE sequence >= ${at}`), `from ${at}`)
    for (const other of some(
      Array.from({ length: rows - at }, (_, index) => at + 1 + index),
      2,
    )) {
      const swap = `UPDATE audit SET sequence = -1 WHERE sequence = ${at}; UPDATE audit SET sequence = ${at} WHERE sequence = ${other}; UPDATE audit SET sequence = ${other} WHERE sequence = -1`
      await found('reordered', at, (database) => database.exec(swap), `${at} and ${other}`)
    }
  }
  report(`audit: a log of ${rows} rows, the first bad one named`, counts)
})

test('P12 every older copy of the vault, and every log that is cut off with its count, is refused', { timeout: PATIENCE_MS }, async () => {
  const { unlocked, vault, key, path, world } = await newVault()
  const copies: Buffer[] = []
  const keep = () => {
    const database = new Sqlite(path)
    database.pragma('wal_checkpoint(TRUNCATE)')
    database.close()
    copies.push(readFileSync(path))
  }
  await unlocked.add([draft('a')])
  for (let change = 0; change < 12; change += 1) {
    keep()
    await unlocked.setActive('a', change % 2 === 1)
  }
  keep()
  vault.close()
  const refusal = async (bytes: Buffer, sql: string): Promise<string> => {
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
    writeFileSync(path, bytes)
    const database = new Sqlite(path)
    database.exec(sql)
    database.close()
    const opened = await openVault(path, world)
    try {
      const profile = await opened.unlock('default', sources({ raw: [key] }))
      await profile.open('a')
      return 'nothing'
    } catch (error) {
      return error instanceof CrmError ? `${error.code}: ${error.message}` : String(error)
    } finally {
      opened.close()
    }
  }
  const newest = copies.pop() as Buffer
  expect(await refusal(newest, '')).toBe('nothing')
  for (const older of copies) expect(await refusal(older, '')).toMatch(/^damaged: .*older than the last one/)
  const rows = copies.length + 1
  for (let end = 1; end <= rows; end += 1) {
    const cut = `DELETE FROM audit WHERE sequence > ${end}; UPDATE profiles SET audit_count = ${end}`
    expect(await refusal(newest, cut), `cut behind ${end}`).toMatch(/^damaged: .*older than the last one/)
  }
  report('audit: older copies of the vault and logs cut off with their count', {
    'older copies': copies.length,
    'cut off': rows,
    missed: 0,
  })
})
