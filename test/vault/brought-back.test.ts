/** P03, P12: what somebody who can write the file puts back from an earlier copy of it, or takes out of it, is told by the audit log. */
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Sqlite from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import type { IssuedTokens } from '../../src/core/grant.ts'
import { Secret } from '../../src/core/secret.ts'

import { slotCheck } from '../../src/crypto/key-slot.ts'
import { parseRawKey } from '../../src/crypto/raw-key.ts'
import { readSlots } from '../../src/vault/key-slots.ts'
import type { UnlockedVault } from '../../src/vault/unlocked.ts'
import { UnlockedProfile } from '../../src/vault/unlocked-profile.ts'
import { openVault } from '../../src/vault/vault.ts'
import { newMember } from '../support/members.ts'
import { draft, newVault, sources, temporaryDirectory, vaultWorld } from '../support/vault.ts'
import { FROZEN, FROZEN_DEMO, FROZEN_DEMO_SECRETS } from './frozen.ts'

type Row = Readonly<Record<string, unknown>>
type Made = Awaited<ReturnType<typeof newVault>>

const PASSPHRASE = 'zwölf Zeichen und mehr'
const raw = (key: Buffer) => ({ type: 'raw', key }) as const

function issued(word: string): IssuedTokens {
  const tokens = { accessToken: new Secret(word), refreshToken: new Secret(`${word}-again`), expiresAtMs: null, scope: null, captured: {} }
  return { issuedFor: 'f'.repeat(64), tokens }
}

/** What somebody with an SQLite shell sees of the vault, and can put back later. */
function rowsOf(path: string, tables: readonly string[]): () => void {
  const database = new Sqlite(path, { readonly: true })
  const kept = tables.map((table) => [table, database.prepare(`SELECT * FROM ${table}`).all() as Row[]] as const)
  database.close()
  return () =>
    edit(path, (again) => {
      for (const [table] of [...kept].reverse()) again.exec(`DELETE FROM ${table}`)
      for (const [table, rows] of kept) for (const row of rows) put(again, table, row)
    })
}

function put(database: Sqlite.Database, table: string, row: Row): void {
  const columns = Object.keys(row)
  database.prepare(`INSERT INTO ${table} (${columns.join(',')}) VALUES (${columns.map(() => '?').join(',')})`).run(...Object.values(row))
}

function edit(path: string, change: (database: Sqlite.Database) => void): void {
  const database = new Sqlite(path)
  database.pragma('foreign_keys = OFF')
  change(database)
  database.close()
}

const rotation = ({ unlocked, key }: Pick<Made, 'unlocked' | 'key'>, drop: readonly string[] = []) =>
  unlocked.rotate([{ id: unlocked.openedBy.id, key: raw(key) }], drop)

const reopened = ({ vault, key }: Made) => vault.unlock('default', sources({ raw: [key] }))

describe('P12 a key slot', () => {
  /** A vault that a second key, or a member, was let into and out of again; `putBack` undoes the latter in the file. */
  async function vaultWithout(kind: 'key' | 'member') {
    const made = await newVault()
    const { recipient } = await newMember()
    const slot =
      kind === 'key'
        ? await made.unlocked.addKeySlot('passphrase', 'second', { type: 'passphrase', passphrase: PASSPHRASE })
        : await made.unlocked.share(recipient, 'ben')
    const putBack = rowsOf(made.path, ['key_slots'])
    await made.unlocked.removeKeySlot(slot.id)
    return { ...made, slot, putBack }
  }

  test.each(['key', 'member'] as const)('of a %s that was removed and put back is named, and leaves again', async (kind) => {
    const made = await vaultWithout(kind)
    const { unlocked, slot, putBack } = made
    expect((await unlocked.verify()).problems).toEqual([])
    putBack()
    expect((await unlocked.verify()).problems).toMatchObject([
      { table: 'key_slots', name: slot.id, code: 'unexpected', hint: `remove it: crm key remove ${slot.id}` },
    ])
    if (kind === 'member') expect(await unlocked.alteredMembers()).toMatchObject([{ id: slot.id }])
    await unlocked.removeKeySlot(slot.id)
    expect((await unlocked.verify()).problems).toEqual([])
    await rotation(made)
    expect((await (await reopened(made)).verify()).problems).toEqual([])
  })

  test('of a member that was put back gets no new data key, and can be dropped by it', async () => {
    const made = await vaultWithout('member')
    made.putBack()
    await expect(rotation(made)).rejects.toThrow(
      expect.objectContaining({
        code: 'damaged',
        message: expect.stringContaining(made.slot.id),
        hint: expect.stringContaining('key remove'),
      }),
    )
    expect((await made.unlocked.verify()).problems).toHaveLength(1)
    expect(await rotation(made, [made.slot.id])).toMatchObject({ dropped: [{ id: made.slot.id }] })
    expect((await (await reopened(made)).verify()).problems).toEqual([])
  })

  test.each<[string, (made: Awaited<ReturnType<typeof vaultWithout>>) => Promise<unknown>]>([
    ['the log has lost its beginning', ({ unlocked }) => unlocked.pruneAudit({ keep: 1 })],
    ['the data key was rotated', (made) => rotation(made)],
    ['another write', ({ unlocked }) => unlocked.add([draft('other')])],
  ])('that was removed is known as such after %s', async (_after, change) => {
    const made = await vaultWithout('key')
    await change(made)
    const unlocked = await reopened(made)
    expect((await unlocked.verify()).problems).toEqual([])
    if (!(unlocked instanceof UnlockedProfile)) throw new Error('not a profile')
    const [own] = readSlots(unlocked.inside.database, unlocked.inside.keys.profileId)
    if (own === undefined) throw new Error('no slot')
    // Of today's generation, and with a digest that fits: nothing but the log tells.
    const slotId = Buffer.from(made.slot.id, 'hex')
    const digest = slotCheck({ ...own, slotId })
    edit(made.path, (database) => {
      const row = database.prepare('SELECT * FROM key_slots').get() as Row
      put(database, 'key_slots', { ...row, id: slotId, digest })
    })
    expect((await unlocked.verify()).problems).toMatchObject([{ table: 'key_slots', name: made.slot.id, code: 'unexpected' }])
  })

  test.each<[string, (made: Made) => Promise<unknown>]>([
    ['it was added', async () => {}],
    ['the log has lost its beginning', ({ unlocked }) => unlocked.record('profile.look', {}).then(() => unlocked.pruneAudit({ keep: 1 }))],
  ])('that is taken out of the file after %s is missed, until there is a new data key', async (_after, change) => {
    const made = await newVault()
    const slot = await made.unlocked.addKeySlot('passphrase', 'second', { type: 'passphrase', passphrase: PASSPHRASE })
    await change(made)
    edit(made.path, (database) => database.prepare('DELETE FROM key_slots WHERE id = ?').run(Buffer.from(slot.id, 'hex')))
    expect((await made.unlocked.verify()).problems).toMatchObject([{ table: 'key_slots', name: slot.id, code: 'missing' }])
    await rotation(made)
    expect((await (await reopened(made)).verify()).problems).toEqual([])
  })

  test('that another one stands for under its id is named, though its digest fits', async () => {
    const made = await newVault()
    if (!(made.unlocked instanceof UnlockedProfile)) throw new Error('not a profile')
    const [slot] = readSlots(made.unlocked.inside.database, made.unlocked.inside.keys.profileId)
    if (slot === undefined) throw new Error('no slot')
    const digest = slotCheck({ ...slot, label: 'another' })
    edit(made.path, (database) => database.prepare("UPDATE key_slots SET label = 'another', digest = ?").run(digest))
    expect((await made.unlocked.verify()).problems).toMatchObject([{ table: 'key_slots', code: 'older' }])
  })

  test('that was put back does not stand again because a write wraps it at a higher cost', async () => {
    const made = await vaultWithout('key')
    made.putBack()
    made.vault.close()
    const vault = await openVault(made.path, { ...made.world, scryptCost: { logN: 16, r: 8, p: 1 } })
    const unlocked = await vault.unlock('default', sources({ passphrase: PASSPHRASE }))
    await unlocked.add([draft('acme')])
    expect((await unlocked.audit()).at(-1)?.event).toBe('key.renew')
    expect((await unlocked.verify()).problems).toMatchObject([{ table: 'key_slots', name: made.slot.id, code: 'unexpected' }])
    vault.close()
  })
})

describe('P12 where an earlier build wrote the log', () => {
  /** A vault of format 1: its log names slots without their digests. */
  async function frozenVault() {
    const directory = temporaryDirectory()
    const path = join(directory, 'data', 'vault.db')
    mkdirSync(join(directory, 'data'), { mode: 0o700 })
    copyFileSync(fileURLToPath(new URL('frozen-v1.db', import.meta.url)), path)
    chmodSync(path, 0o600)
    const vault = await openVault(path, vaultWorld(join(directory, 'state')))
    const unlocked = await vault.unlock('default', sources({ raw: [parseRawKey(FROZEN.envKey, 'the key')] }))
    return { vault, unlocked, path }
  }

  test('a key slot that was removed and put back is named', async () => {
    const { vault, unlocked, path } = await frozenVault()
    const slot = (await unlocked.keySlots()).find(({ kind }) => kind === 'passphrase')
    const putBack = rowsOf(path, ['key_slots'])
    await unlocked.removeKeySlot(slot?.id ?? '')
    expect((await unlocked.verify()).problems).toEqual([])
    putBack()
    expect((await unlocked.verify()).problems).toMatchObject([{ table: 'key_slots', name: slot?.id, code: 'unexpected' }])
    vault.close()
  })

  test('and dropped its beginning, its slots are taken as they are, and known from the next time on', async () => {
    const made = await newVault()
    const slot = await made.unlocked.addKeySlot('passphrase', 'second', { type: 'passphrase', passphrase: PASSPHRASE })
    const { inside } = made.unlocked as UnlockedProfile
    inside.change('prune the audit log', (at) => {
      const through = inside.auditCount() - 1
      const dropped = inside.log.drop(through, at)
      return [
        { event: 'profile.keep', details: { name: 'default' } },
        { event: 'audit.prune', details: { through, dropped } },
      ]
    })
    const putBack = rowsOf(made.path, ['key_slots'])
    expect((await made.unlocked.verify()).problems).toEqual([])
    await made.unlocked.pruneAudit({ keep: 1 })
    expect((await made.unlocked.verify()).problems).toEqual([])
    await made.unlocked.removeKeySlot(slot.id)
    putBack()
    expect((await made.unlocked.verify()).problems).toMatchObject([{ table: 'key_slots', name: slot.id, code: 'unexpected' }])
  })
})

describe('P03 a sealed row that was put back from an earlier copy of the file', () => {
  const TABLES = ['integrations', 'demos', 'demo_steps', 'tokens']

  /** A vault with `acme`, signed in and with a demo, each changed since, and `gone`, removed since; `putBack` undoes that in the file. */
  async function laterVault() {
    const made = await newVault()
    const { unlocked } = made
    await unlocked.add([draft('acme'), draft('gone')])
    await unlocked.saveTokens('acme', issued('earlier'), undefined, 'token.sign-in')
    const run = await unlocked.startDemoRun('acme', FROZEN_DEMO.slug, 'a'.repeat(32))
    await run.journal.write({ ...FROZEN_DEMO, name: 'earlier' }, FROZEN_DEMO_SECRETS)
    const putBack = rowsOf(made.path, TABLES)
    await run.journal.write(FROZEN_DEMO, FROZEN_DEMO_SECRETS)
    await run.end()
    await unlocked.setActive('acme', false)
    await unlocked.remove('gone')
    return { ...made, putBack }
  }

  const start = (unlocked: UnlockedVault) => unlocked.startDemoRun('acme', FROZEN_DEMO.slug, 'b'.repeat(32))
  const replaced = (name: string) => ({ added: [], replaced: [{ revision: 1, by: draft(name) }] })
  const WRITES: Readonly<Record<string, (made: Made) => Promise<unknown>>> = {
    'an edit': ({ unlocked }) => unlocked.update('acme', 1, { name: 'other' }),
    'an edit of the removed one': ({ unlocked }) => unlocked.update('gone', 1, draft('gone')),
    'a toggle': ({ unlocked }) => unlocked.setActive('acme', false),
    'a toggle of the removed one': ({ unlocked }) => unlocked.setActive('gone', false),
    'an import in its place': ({ unlocked }) => unlocked.takeOver(replaced('acme'), {}),
    'a refresh of the tokens': ({ unlocked }) => unlocked.saveTokens('acme', issued('later'), 1, 'token.refresh'),
    'the lock before a refresh': ({ unlocked }) => unlocked.lockTokens('acme'),
    'a run of the demo': async ({ unlocked }) => (await start(unlocked)).journal.read(),
    'a step of the demo': async ({ unlocked }) => (await start(unlocked)).journal.write(FROZEN_DEMO, FROZEN_DEMO_SECRETS),
    'a rotation': (made) => rotation(made),
  }

  test.each(Object.keys(WRITES))('is not made the last one by %s', async (write) => {
    const made = await laterVault()
    expect((await made.unlocked.verify()).problems).toEqual([])
    made.putBack()
    const { problems } = await made.unlocked.verify()
    expect(problems.map(({ table, name, code }) => [table, name, code])).toEqual([
      ['integrations', 'acme', 'older'],
      ['integrations', 'gone', 'unexpected'],
      ['demos', FROZEN_DEMO.slug, 'older'],
      ['tokens', 'acme', 'older'],
    ])
    await expect(WRITES[write]?.(made)).rejects.toThrow(
      expect.objectContaining({ code: 'damaged', hint: expect.stringContaining('crm vault verify') }),
    )
    expect((await made.unlocked.verify()).problems).toEqual(problems)
  })

  test('leaves by the commands that verify names, and the profile is whole', async () => {
    const made = await laterVault()
    const { unlocked } = made
    made.putBack()
    await unlocked.saveTokens('acme', issued('later'), 'any', 'token.sign-in')
    expect((await unlocked.verify()).problems.map(({ table }) => table)).toEqual(['integrations', 'integrations', 'demos'])
    expect(await unlocked.forgetDamagedDemos(FROZEN_DEMO.slug)).toEqual({ forgotten: 1, whole: 0 })
    await unlocked.remove('acme')
    await unlocked.remove('gone')
    expect((await unlocked.verify()).problems).toEqual([])
    await rotation(made)
    expect((await (await reopened(made)).verify()).problems).toEqual([])
  })

  test('is not taken for one that was written a moment ago, and has no entry in the log yet', async () => {
    const { unlocked } = await newVault()
    await unlocked.add([draft('acme')])
    const { journal } = await start(unlocked)
    await Promise.all(['a', 'b', 'c'].map((name) => journal.write({ ...FROZEN_DEMO, name }, FROZEN_DEMO_SECRETS)))
    expect((await unlocked.verify()).problems).toEqual([])
  })

  test('is missed where it is taken out, also after a new data key', async () => {
    const made = await newVault()
    await made.unlocked.add([draft('acme'), draft('beta')])
    edit(made.path, (database) => database.exec("DELETE FROM integrations WHERE name = 'beta'"))
    await rotation(made)
    expect((await (await reopened(made)).verify()).problems).toMatchObject([{ table: 'integrations', name: 'beta', code: 'missing' }])
  })

  test('is told from one of today however far back its last change is', async () => {
    const made = await newVault()
    await made.unlocked.add(Array.from({ length: 250 }, (_, index) => draft(`n${index}`)))
    await made.unlocked.setActive('n0', false)
    expect((await made.unlocked.update('n249', 1, { active: false })).revision).toBe(2)
    const all = Array.from({ length: 100 }, (_, index) => ({ revision: 1, by: draft(`n${index + 1}`) }))
    await made.unlocked.takeOver({ added: [], replaced: all }, {})
    expect((await made.unlocked.verify()).problems).toEqual([])
  })
})

describe('P03 what one command has read of the log stays true while others write', () => {
  /** Two commands at a time, and what both have written once: `acme` at revision 3, `beta` at 1. */
  async function twoCommands() {
    const made = await newVault()
    await made.unlocked.add([draft('acme'), draft('beta')])
    const other = await (await openVault(made.path, made.world)).unlock('default', sources({ raw: [made.key] }))
    await made.unlocked.update('acme', 1, { active: false })
    await other.update('acme', 2, { active: true })
    return { ...made, other }
  }

  test('a row that the other has changed is changed again, and so is one that it has added', async () => {
    const { unlocked, other } = await twoCommands()
    expect((await unlocked.update('acme', 3, { active: false })).revision).toBe(4)
    await other.add([draft('gamma')])
    expect((await unlocked.update('gamma', 1, { active: false })).revision).toBe(2)
    expect((await other.update('acme', 4, { active: true })).revision).toBe(5)
  })

  test('a row that was put back is told, whether it was asked for before or not', async () => {
    const { unlocked, other, path } = await twoCommands()
    const putBack = rowsOf(path, ['integrations'])
    await other.update('acme', 3, { active: false })
    await other.update('beta', 1, { active: false })
    putBack()
    await expect(unlocked.update('acme', 3, { active: false })).rejects.toMatchObject({ code: 'damaged' })
    await expect(unlocked.update('beta', 1, { active: false })).rejects.toMatchObject({ code: 'damaged' })
  })

  test('after a restoration it is another log, and read anew', async () => {
    const { vault, unlocked, other, directory, key } = await twoCommands()
    const keys = { profile: 'default', sources: () => sources({ raw: [key] }) }
    const backup = join(directory, 'copy.db')
    await vault.backup(backup, keys)
    await unlocked.update('acme', 3, { active: false })
    await unlocked.update('beta', 1, { active: false })
    await vault.restore(backup, keys)
    // As many rows as before, and others.
    await other.add([draft('gamma')])
    await other.add([draft('delta')])
    expect((await unlocked.update('acme', 3, { active: false })).revision).toBe(4)
    expect((await unlocked.update('beta', 1, { active: false })).revision).toBe(2)
  })

  test('a write that was taken back leaves nothing behind', async () => {
    const { unlocked, other } = await twoCommands()
    const change = {
      added: [draft('gamma')],
      replaced: [
        { revision: 3, by: draft('acme') },
        { revision: 7, by: draft('beta') },
      ],
    }
    await expect(unlocked.takeOver(change, {})).rejects.toMatchObject({ code: 'conflict' })
    expect((await other.update('acme', 3, { active: false })).revision).toBe(4)
    expect((await unlocked.update('acme', 4, { active: true })).revision).toBe(5)
    expect((await unlocked.update('beta', 1, { active: false })).revision).toBe(2)
  })
})
