import Sqlite from 'better-sqlite3'
import { expect, test } from 'vitest'
import { AuditLog } from '../../src/vault/audit-log.ts'
import { Database } from '../../src/vault/database.ts'
import type { UnlockedVault } from '../../src/vault/unlocked.ts'
import { UnlockedProfile } from '../../src/vault/unlocked-profile.ts'
import { draft, newVault, sources } from '../support/vault.ts'

const code = (text: string) => expect.objectContaining({ code: text })

/** A vault with a log that has lost its beginning, and still knows three rows from there. */
async function prunedVault() {
  const made = await newVault()
  await made.unlocked.add(['a', 'b', 'c'].map((name) => draft(name)))
  for (const active of [false, true, false]) await made.unlocked.setActive('b', active)
  expect(await made.unlocked.pruneAudit({ keep: 2 })).toBe(5)
  return made
}

test('P12 a pruned log verifies, and the vault is whole', async () => {
  const { vault, unlocked, key } = await prunedVault()
  const replay = await unlocked.replayAudit()
  expect(replay).toMatchObject({ dropped: 5, firstBad: null })
  expect(replay.sequence).toBe(replay.dropped + replay.rows)
  expect((await unlocked.verify()).problems).toEqual([])
  const again = await vault.unlock('default', sources({ raw: [key] }))
  await again.remove('c')
  expect(await again.pruneAudit({ keep: 1 })).toBeGreaterThan(0)
  expect((await again.verify()).problems).toEqual([])
  expect((await (await vault.unlock('default', sources({ raw: [key] }))).verify()).problems).toEqual([])
})

test('P12 what is old goes by its time, and nothing goes twice', async () => {
  const { unlocked } = await newVault()
  await unlocked.add([draft('a')])
  const [first] = await unlocked.audit()
  expect(await unlocked.pruneAudit({ before: first?.at })).toBe(0)
  expect(await unlocked.pruneAudit({ before: '2030-01-01T00:00:00.000Z' })).toBe(1)
  expect(await unlocked.pruneAudit({ before: first?.at })).toBe(0)
  expect((await unlocked.audit()).map(({ event }) => event)).toEqual(['integration.add', 'profile.keep', 'audit.prune'])
})

test.each([
  ['the checkpoint is removed', 'DELETE FROM audit_checkpoints'],
  ['the checkpoint is moved back', 'UPDATE audit_checkpoints SET sequence = sequence - 1'],
  ['the checkpoint is moved on', 'UPDATE audit_checkpoints SET sequence = sequence + 1'],
  ['the checkpoint is given another MAC', 'UPDATE audit_checkpoints SET last_mac = zeroblob(32)'],
  ['the checkpoint is given another time', "UPDATE audit_checkpoints SET at = '2020-01-01T00:00:00.000Z'"],
  ['one more row of the beginning is removed', 'DELETE FROM audit WHERE sequence = (SELECT min(sequence) FROM audit)'],
])('P12 it is found when %s', async (_what, sql) => {
  const { unlocked, path } = await prunedVault()
  const database = new Sqlite(path)
  database.exec(sql)
  database.close()
  expect((await unlocked.replayAudit()).firstBad).not.toBeNull()
  await expect(unlocked.pruneAudit({ keep: 1 })).rejects.toThrow(code('damaged'))
})

test('a pruned log survives a rotation', async () => {
  const { vault, unlocked, key } = await prunedVault()
  await unlocked.rotate([{ id: unlocked.openedBy.id, key: { type: 'raw', key } }], [])
  const again = await vault.unlock('default', sources({ raw: [key] }))
  expect((await again.verify()).problems).toEqual([])
})

/** Drops the beginning of a log as its first key can, which a rotation has replaced; the log itself says nothing of it. */
function dropWithFirstKey(unlocked: UnlockedVault, path: string, through: number): void {
  if (!(unlocked instanceof UnlockedProfile)) throw new Error('not a profile')
  const { profileId, rowKey } = unlocked.inside.keys
  const database = Database.open(path)
  const log = AuditLog.open(database, profileId, 1, rowKey)
  database.write('drop rows', () => log.drop(through, '2026-01-01T00:00:00.000Z'))
  log.lock()
  database.close()
}

test.each([
  ['a log that was whole', newVault, 3, 1],
  ['a log that had lost its beginning', prunedVault, 8, 6],
])(
  'P12 a beginning that was dropped from %s with the key of before a rotation is missed from its first row on',
  async (_what, make, through, first) => {
    const { vault, unlocked, key, path } = await make()
    await unlocked.add([draft('d'), draft('e')])
    await unlocked.rotate([{ id: unlocked.openedBy.id, key: { type: 'raw', key } }], [])
    const again = await vault.unlock('default', sources({ raw: [key] }))
    expect((await again.replayAudit()).firstBad).toBeNull()
    dropWithFirstKey(again, path, through)
    expect(await again.replayAudit()).toMatchObject({ dropped: through, firstBad: first })
    await expect(again.pruneAudit({ keep: 1 })).rejects.toThrow(code('damaged'))
    expect((await again.verify()).problems).toContainEqual(
      expect.objectContaining({ table: 'audit', name: String(first), code: 'damaged' }),
    )
  },
)
