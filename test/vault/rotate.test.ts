import { hash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import Sqlite from 'better-sqlite3'
import { expect, test } from 'vitest'
import { openVault } from '../../src/vault/vault.ts'
import { draft, newVault, sources } from '../support/vault.ts'
import { FROZEN_DEMO, FROZEN_DEMO_SECRETS } from './frozen.ts'

const code = (text: string) => expect.objectContaining({ code: text })
const PASSPHRASE = 'zwölf Zeichen und mehr'

/** A vault with everything in it that is sealed, under a raw key and a passphrase. */
async function fullVault() {
  const made = await newVault()
  const { unlocked, key } = made
  await unlocked.add(['acme', 'beta', 'gamma'].map((name) => draft(name, { token: `token-of-${name}` })))
  const run = await unlocked.startDemoRun('acme', FROZEN_DEMO.slug, 'a'.repeat(32))
  await run.journal.write({ ...FROZEN_DEMO, expiresAt: '2027-01-01T00:00:00.000Z' }, FROZEN_DEMO_SECRETS)
  await run.end()
  const slot = await unlocked.addKeySlot('passphrase', 'passphrase', { type: 'passphrase', passphrase: PASSPHRASE })
  const keep = [
    { id: unlocked.openedBy.id, key: { type: 'raw' as const, key } },
    { id: slot.id, key: { type: 'passphrase' as const, passphrase: PASSPHRASE } },
  ]
  return { ...made, slot, keep }
}

test('P07 a rotation seals every row anew, and every key opens the profile as before', async () => {
  const { vault, unlocked, key, keep, path } = await fullVault()
  const sealed = () =>
    new Sqlite(path, { readonly: true }).prepare('SELECT sealed FROM integrations ORDER BY name').pluck().all() as Buffer[]
  const before = sealed()
  expect(await unlocked.rotate(keep, [])).toMatchObject({ generation: 2, rows: 4, dropped: [], compacted: true })
  const after = sealed()
  expect(after.some((blob) => before.some((old) => old.equals(blob)))).toBe(false)
  const file = readFileSync(path)
  expect(before.some((old) => file.includes(old))).toBe(false)
  for (const source of [sources({ raw: [key] }), sources({ passphrase: PASSPHRASE })]) {
    const again = await vault.unlock('default', source)
    expect((await again.open('beta')).values.secrets.apiKey?.reveal()).toBe('token-of-beta')
    expect(await again.readDemo('acme', FROZEN_DEMO.slug)).toMatchObject({
      record: { expiresAt: '2027-01-01T00:00:00.000Z' },
      secrets: FROZEN_DEMO_SECRETS,
    })
    expect((await again.verify()).problems).toEqual([])
  }
})

test('P12 audit rows of before a rotation verify under their own key alone, and nobody goes on with the old one', async () => {
  const { vault, unlocked, key, keep, path } = await fullVault()
  await unlocked.rotate(keep, [])
  const again = await vault.unlock('default', sources({ raw: [key] }))
  const replay = await again.replayAudit()
  expect(replay.firstBad).toBeNull()
  await again.add([draft('delta')])
  const database = new Sqlite(path)
  const rows = database.prepare('SELECT sequence, key_generation FROM audit ORDER BY sequence').all() as Record<string, number>[]
  expect(new Set(rows.map((row) => row.key_generation))).toEqual(new Set([1, 2]))
  database.prepare('UPDATE audit SET key_generation = 1 WHERE sequence = ?').run(rows.at(-1)?.sequence)
  expect((await again.replayAudit()).firstBad).toBe(rows.length)
  database.close()
  await expect(vault.unlock('default', sources({ raw: [key] }))).rejects.toThrow(code('damaged'))
})

test('a slot is dropped by its id; one that is neither kept nor dropped stops the rotation', async () => {
  const { vault, unlocked, key, keep, slot } = await fullVault()
  await expect(unlocked.rotate(keep.slice(0, 1), [])).rejects.toThrow(code('conflict'))
  await expect(
    unlocked.rotate(
      [],
      keep.map(({ id }) => id),
    ),
  ).rejects.toThrow(code('conflict'))
  const wrong = { id: slot.id, key: { type: 'passphrase' as const, passphrase: 'not the passphrase of this' } }
  await expect(unlocked.rotate([...keep.slice(0, 1), wrong], [])).rejects.toThrow(code('wrong_key'))
  expect((await unlocked.open('acme')).integration.name).toBe('acme')
  expect(await unlocked.rotate(keep.slice(0, 1), [slot.id])).toMatchObject({ kept: [{ kind: 'env' }], dropped: [{ id: slot.id }] })
  await expect(vault.unlock('default', sources({ passphrase: PASSPHRASE }))).rejects.toThrow(code('locked'))
  expect((await vault.unlock('default', sources({ raw: [key] }))).openedBy.kind).toBe('env')
})

test('a row that does not open stops the rotation, and the vault is as before', async () => {
  const { unlocked, keep, path, vault, key } = await fullVault()
  const database = new Sqlite(path)
  const [blob] = database.prepare("SELECT sealed FROM integrations WHERE name = 'gamma'").pluck().all() as Buffer[]
  const altered = Buffer.from(blob ?? '')
  altered[80] = (altered[80] ?? 0) ^ 1
  database.prepare("UPDATE integrations SET sealed = ? WHERE name = 'gamma'").run(altered)
  await expect(unlocked.rotate(keep, [])).rejects.toThrow(code('damaged'))
  expect(database.prepare('SELECT generation, audit_key FROM profiles').all()).toEqual([{ generation: 1, audit_key: 1 }])
  database.prepare("UPDATE integrations SET sealed = ? WHERE name = 'gamma'").run(blob)
  database.close()
  expect((await (await vault.unlock('default', sources({ raw: [key] }))).verify()).problems).toEqual([])
})

test('a command with the old data key is told so: its reads and writes end in a conflict, not in damage', async () => {
  const { vault, unlocked, key, keep } = await fullVault()
  const other = await vault.unlock('default', sources({ raw: [key] }))
  await unlocked.rotate(keep, [])
  await expect(other.open('acme')).rejects.toThrow(code('conflict'))
  await expect(other.add([draft('late')])).rejects.toThrow(code('conflict'))
  await expect(other.readDemo('acme', FROZEN_DEMO.slug)).rejects.toThrow(code('conflict'))
  await expect(other.rotate(keep, [])).rejects.toThrow(code('conflict'))
})

test('OAuth tokens are sealed anew as well', async () => {
  const { vault, unlocked, key, keep, path } = await fullVault()
  const { deriveKey } = await import('../../src/crypto/derive.ts')
  const { readTokens, sealTokens, openTokens } = await import('../../src/vault/sealed-tokens.ts')
  const { Database } = await import('../../src/vault/database.ts')
  const { UnlockedProfile } = await import('../../src/vault/unlocked-profile.ts')
  if (!(unlocked instanceof UnlockedProfile)) throw new Error('not a profile')
  const { profileId, rowKey } = unlocked.inside.keys
  expect(deriveKey('row', randomBytes(32), profileId)).toHaveLength(32)
  const database = Database.open(path)
  const [row] = database.all<{ id: Buffer }>("SELECT id FROM integrations WHERE name = 'acme'")
  const token = { integration_id: row?.id ?? profileId, generation: 1, revision: 3, integration_revision: 1, expires_at_ms: null }
  const sealed = sealTokens(rowKey, profileId, token, Buffer.from('{"refreshToken":"r"}'))
  database.write('save the tokens', () =>
    database.run("INSERT INTO tokens VALUES (?, ?, 1, 3, 1, NULL, '2026-01-01T00:00:00.000Z', ?)", token.integration_id, profileId, sealed),
  )
  await unlocked.record('token.sign-in', {
    integration: token.integration_id.toString('hex'),
    name: 'acme',
    revision: token.revision,
    sha256: hash('sha256', sealed, 'hex'),
  })
  expect(await unlocked.rotate(keep, [])).toMatchObject({ rows: 5 })
  const again = await vault.unlock('default', sources({ raw: [key] }))
  if (!(again instanceof UnlockedProfile)) throw new Error('not a profile')
  const [resealed] = readTokens(database, profileId)
  if (resealed === undefined) throw new Error('the token is gone')
  expect(resealed.generation).toBe(2)
  expect(openTokens(again.inside.keys.rowKey, profileId, resealed, 'acme').toString()).toBe('{"refreshToken":"r"}')
  expect(() => openTokens(again.inside.keys.rowKey, profileId, { ...resealed, expires_at_ms: 0 }, 'acme')).toThrow(code('damaged'))
  database.close()
})

test('a raised cost reaches a passphrase slot on the next write, and not before', async () => {
  const { path, slot, world, vault } = await fullVault()
  vault.close()
  const dear = { ...world, scryptCost: { logN: 16, r: 8, p: 1 } }
  const kdf = () =>
    new Sqlite(path, { readonly: true }).prepare('SELECT kdf FROM key_slots WHERE id = ?').pluck().get(Buffer.from(slot.id, 'hex'))
  const reopened = await openVault(path, dear)
  const unlocked = await reopened.unlock('default', sources({ passphrase: PASSPHRASE }))
  await unlocked.open('acme')
  expect(kdf()).toMatch(/^scrypt\$ln=15,/)
  await unlocked.setActive('acme', false)
  expect(kdf()).toMatch(/^scrypt\$ln=16,/)
  expect((await unlocked.audit()).at(-1)).toMatchObject({ event: 'key.renew', details: { id: slot.id, cost: 'ln=16,r=8,p=1' } })
  const again = await reopened.unlock('default', sources({ passphrase: PASSPHRASE }))
  expect((await again.verify()).problems).toEqual([])
  reopened.close()
})
