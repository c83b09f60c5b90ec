/**
 * Made `frozen-v2.db`, once: a vault of format 2 with everything in it that a vault can hold, its data key rotated and the beginning of
 * its audit log dropped. It must open for ever, so it is never made again. Run with `node --experimental-transform-types`.
 */
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import Sqlite from 'better-sqlite3'
import { Secret } from '../../src/core/secret.ts'
import { Database } from '../../src/vault/database.ts'
import { sealTokens } from '../../src/vault/sealed-tokens.ts'
import { UnlockedProfile } from '../../src/vault/unlocked-profile.ts'
import { openVault } from '../../src/vault/vault.ts'
import { FROZEN, FROZEN_DEMO, FROZEN_DEMO_SECRETS, FROZEN_END, FROZEN_INTEGRATIONS, FROZEN_TOKENS } from './frozen.ts'

const path = fileURLToPath(new URL('frozen-v2.db', import.meta.url))
for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })

let now = Date.parse('2026-11-27T00:00:00Z')
const vault = await openVault(
  path,
  {
    clock: () => {
      now += 1000
      return now
    },
    stateDirectory: '/dev/null/state',
    actor: () => 'ann@frozen pid 1',
    holder: () => ({ host: 'frozen', pid: 1, processStarted: '1' }),
    isAlive: () => false,
    uid: process.getuid?.(),
  },
  'create',
)

const envKey = { type: 'raw', key: Buffer.from(FROZEN.envKey, 'base64') } as const
const fileKey = { type: 'raw', key: Buffer.from(FROZEN.fileKey, 'hex') } as const
const passphrase = { type: 'passphrase', passphrase: FROZEN.passphrase } as const
const sources = { raw: async () => [{ key: envKey.key, from: 'here' }], passphrase: async () => undefined }
const first = await vault.createProfile('default', { kind: 'env', label: 'INTEGRATION_ENCRYPTION_KEY', key: envKey })
const unlocked = await vault.unlock('default', sources)
const second = await unlocked.addKeySlot('file', '/home/ann/.config/crm/key', fileKey)
const third = await unlocked.addKeySlot('passphrase', 'passphrase', passphrase)
await unlocked.add(
  FROZEN_INTEGRATIONS.map(({ name, provider, active, settings, secrets }) => ({
    name,
    provider,
    definition: '',
    active,
    values: { settings, secrets: Object.fromEntries(Object.entries(secrets).map(([field, text]) => [field, new Secret(text)])) },
  })),
)
const run = await unlocked.startDemoRun('acme', FROZEN_DEMO.slug, FROZEN_DEMO.journal[0]?.runId ?? '')
await run.journal.write({ ...FROZEN_DEMO, expiresAt: FROZEN_END }, FROZEN_DEMO_SECRETS)
await run.end()

if (!(unlocked instanceof UnlockedProfile)) throw new Error('not a profile')
const { profileId, rowKey } = unlocked.inside.keys
const database = Database.open(path)
const acme = database.get<{ id: Buffer }>("SELECT id FROM integrations WHERE name = 'acme'")
if (acme === undefined) throw new Error('acme is missing')
const row = { integration_id: acme.id, generation: 1, revision: 1, integration_revision: 1, expires_at_ms: null }
const sealed = sealTokens(rowKey, profileId, row, Buffer.from(FROZEN_TOKENS))
database.write('save the tokens', () =>
  database.run("INSERT INTO tokens VALUES (?, ?, 1, 1, 1, NULL, '2026-11-27T00:01:00.000Z', ?)", acme.id, profileId, sealed),
)
database.close()

await unlocked.rotate(
  [
    { id: first.id, key: envKey },
    { id: second.id, key: fileKey },
    { id: third.id, key: passphrase },
  ],
  [],
)
const again = await vault.unlock('default', sources)
await again.reveal('acme', 'apiKey')
await again.pruneAudit({ keep: 3 })
vault.close()

const whole = new Sqlite(path)
whole.exec('VACUUM')
whole.pragma('wal_checkpoint(TRUNCATE)')
whole.close()
