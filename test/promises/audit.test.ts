/** P12: whoever edits, inserts, removes, reorders or cuts rows of the audit log is found out, and the first bad row is named. */
import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { beforeAll, describe, expect, test } from 'vitest'
import { copyOf, type Home, homeWithVault, newDirectory, run, succeed } from '../support/cli.ts'

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
