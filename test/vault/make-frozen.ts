/**
 * Made `frozen-v1.db`, once: a vault of format 1 with everything in it that a vault can hold. It must open for ever, so it is never
 * made again; a later format gets a file of its own beside it. Run with `node --experimental-transform-types`.
 */
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import Sqlite from 'better-sqlite3'
import { Secret } from '../../src/core/secret.ts'
import { openVault } from '../../src/vault/vault.ts'
import { FROZEN, FROZEN_DEMO, FROZEN_DEMO_SECRETS, FROZEN_INTEGRATIONS } from './frozen.ts'

const path = fileURLToPath(new URL('frozen-v1.db', import.meta.url))
for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })

let now = Date.parse('2026-11-24T00:00:00Z')
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

const envKey = Buffer.from(FROZEN.envKey, 'base64')
const sources = { raw: async () => [{ key: envKey, from: 'here' }], passphrase: async () => undefined }
await vault.createProfile('default', { kind: 'env', label: 'INTEGRATION_ENCRYPTION_KEY', key: { type: 'raw', key: envKey } })
const unlocked = await vault.unlock('default', sources)
await unlocked.addKeySlot('file', '/home/ann/.config/crm/key', { type: 'raw', key: Buffer.from(FROZEN.fileKey, 'hex') })
await unlocked.addKeySlot('passphrase', 'passphrase', { type: 'passphrase', passphrase: FROZEN.passphrase })
const sealed = (secrets: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(secrets).map(([field, text]) => [field, new Secret(text)]))
await unlocked.add(
  FROZEN_INTEGRATIONS.map(({ name, provider, active, settings, secrets }) => ({
    name,
    provider,
    definition: '',
    active,
    values: { settings, secrets: sealed(secrets) },
  })),
)
await unlocked.recordTests([
  {
    name: 'acme',
    revision: 1,
    checkedAtMs: now,
    outcome: 'connected',
    cause: null,
    latencyMs: 42,
    report: { message: null, hint: null, identity: null, checks: [], server: { version: '4.15.1' }, warnings: [] },
  },
  {
    name: 'ad-hoc',
    revision: 1,
    checkedAtMs: now,
    outcome: 'failed',
    cause: 'auth_rejected',
    latencyMs: 17,
    report: { message: 'refused', hint: null, identity: null, checks: [], server: null, warnings: [] },
  },
])
for (const active of [true, false]) await unlocked.setActive('ad-hoc', active)
const run = await unlocked.startDemoRun('acme', FROZEN_DEMO.slug, FROZEN_DEMO.journal[0]?.runId ?? '')
await run.journal.write(FROZEN_DEMO, FROZEN_DEMO_SECRETS)
await run.end()
await unlocked.reveal('acme', 'apiKey')
await vault.createProfile('stage', { kind: 'env', label: 'INTEGRATION_ENCRYPTION_KEY', key: { type: 'raw', key: envKey } })
vault.close()

const database = new Sqlite(path)
database.exec('VACUUM')
database.pragma('wal_checkpoint(TRUNCATE)')
database.close()
