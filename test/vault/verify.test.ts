import { hash } from 'node:crypto'
import Sqlite from 'better-sqlite3'
import { expect, test } from 'vitest'
import type { IssuedTokens } from '../../src/core/grant.ts'
import { Secret } from '../../src/core/secret.ts'
import { draft, newVault, sources } from '../support/vault.ts'

type Row = Record<string, unknown>

const ISSUED: IssuedTokens = {
  issuedFor: 'f'.repeat(64),
  tokens: { accessToken: new Secret('access'), refreshToken: new Secret('refresh'), expiresAtMs: null, scope: null, captured: {} },
}

/** A vault with the integration `acme`, signed in. */
async function signedInVault() {
  const made = await newVault()
  await made.unlocked.add([draft('acme')])
  await made.unlocked.saveTokens('acme', ISSUED, undefined, 'token.sign-in')
  return { ...made, database: new Sqlite(made.path) }
}

/** Says again what the log knows of the tokens, without the name of their integration. */
async function reseal({ unlocked, database }: Awaited<ReturnType<typeof signedInVault>>): Promise<void> {
  const { integration_id, revision, sealed } = database.prepare('SELECT * FROM tokens').get() as {
    integration_id: Buffer
    revision: number
    sealed: Buffer
  }
  await unlocked.record('token.reseal', { integration: integration_id.toString('hex'), revision, sha256: hash('sha256', sealed, 'hex') })
}

function put(database: Sqlite.Database, table: string, row: Row): void {
  const places = Object.keys(row).map(() => '?')
  database.prepare(`INSERT INTO ${table} VALUES (${places.join(',')})`).run(...Object.values(row))
}

test('P12 OAuth tokens that the log says were removed are named by verify', async () => {
  const { unlocked, database } = await signedInVault()
  const integration = database.prepare('SELECT * FROM integrations').get() as Row
  const tokens = database.prepare('SELECT * FROM tokens').get() as Row
  await unlocked.remove('acme')
  put(database, 'integrations', integration)
  put(database, 'tokens', tokens)
  expect((await unlocked.verify()).problems).toMatchObject([
    { table: 'integrations', name: 'acme', code: 'unexpected', hint: expect.stringContaining('crm remove') },
    { table: 'tokens', name: 'acme', code: 'unexpected', hint: expect.stringContaining('crm login') },
  ])
})

test.each<[after: string, change: (made: Awaited<ReturnType<typeof signedInVault>>) => Promise<unknown>]>([
  ['a sign-in', async () => {}],
  ['a rename', ({ unlocked }) => unlocked.update('acme', 1, { name: 'other' })],
  ['a rotation', ({ unlocked, key }) => unlocked.rotate([{ id: unlocked.openedBy.id, key: { type: 'raw', key } }], [])],
  ['a rotation that told no name, as those of before', (made) => reseal(made)],
  ['the log has lost its beginning', ({ unlocked }) => unlocked.reveal('acme').then(() => unlocked.pruneAudit({ keep: 1 }))],
])('P12 OAuth tokens that are missing after %s are told by the name of their integration', async (_after, change) => {
  const made = await signedInVault()
  await change(made)
  const unlocked = await made.vault.unlock('default', sources({ raw: [made.key] }))
  expect((await unlocked.verify()).problems).toEqual([])
  const [{ name } = { name: '' }] = await made.vault.list('default')
  made.database.exec('DELETE FROM tokens')
  expect((await unlocked.verify()).problems).toMatchObject([{ table: 'tokens', name, code: 'missing' }])
})
