import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parseRawKey } from '../../src/crypto/raw-key.ts'
import type { KeySources } from '../../src/vault/key-slots.ts'
import { openTokens, readTokens } from '../../src/vault/sealed-tokens.ts'
import { UnlockedProfile } from '../../src/vault/unlocked-profile.ts'
import { openVault } from '../../src/vault/vault.ts'
import { sources, temporaryDirectory, vaultWorld } from '../support/vault.ts'
import { FROZEN, FROZEN_DEMO, FROZEN_DEMO_SECRETS, FROZEN_END, FROZEN_INTEGRATIONS, FROZEN_TOKENS } from './frozen.ts'

const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const FILE = fileOf('frozen-v1.db')

/** A copy of the frozen vault that may be opened and changed. */
async function openFrozen(file = FILE) {
  const directory = temporaryDirectory()
  const path = join(directory, 'data', 'vault.db')
  mkdirSync(join(directory, 'data'), { mode: 0o700 })
  copyFileSync(file, path)
  chmodSync(path, 0o600)
  return { path, vault: await openVault(path, vaultWorld(join(directory, 'state'))) }
}

const env = parseRawKey(FROZEN.envKey, 'the key')
const KEYS: Readonly<Record<string, KeySources>> = {
  'its key of the environment': sources({ raw: [env] }),
  'its key file': sources({ raw: [parseRawKey(FROZEN.fileKey, 'the key file')] }),
  'its passphrase': sources({ passphrase: FROZEN.passphrase }),
  'its passphrase, composed otherwise': sources({ passphrase: FROZEN.passphrase.normalize('NFD') }),
}

describe('P07 a vault of format 1', () => {
  test('says what it holds without a key', async () => {
    const { vault } = await openFrozen()
    expect((await vault.profiles()).map(({ name, integrations, keySlots }) => [name, integrations, keySlots])).toEqual([
      ['default', 3, 3],
      ['stage', 0, 1],
    ])
    const listed = await vault.list('default')
    expect(listed.map(({ name, provider, active, settings }) => ({ name, provider, active, settings }))).toEqual(
      FROZEN_INTEGRATIONS.map(({ name, provider, active, settings }) => ({ name, provider, active, settings })),
    )
    expect(listed.map(({ revision, lastTest }) => [revision, lastTest?.outcome])).toEqual([
      [1, 'connected'],
      [3, 'failed'],
      [1, undefined],
    ])
    expect(await vault.demos('default')).toMatchObject([{ slug: 'acme-dental', status: 'ready', inboxId: '7', botId: '9' }])
    expect((await vault.keySlots('default')).map(({ kind }) => kind).sort()).toEqual(['env', 'file', 'passphrase'])
    vault.close()
  })

  test.each(Object.keys(KEYS))('opens with %s, and gives every secret back', async (key) => {
    const { vault } = await openFrozen()
    const unlocked = await vault.unlock('default', KEYS[key] ?? sources({}))
    for (const { name, provider, active, settings, secrets } of FROZEN_INTEGRATIONS) {
      const { integration, values } = await unlocked.open(name)
      expect(integration).toMatchObject({ name, provider, active, settings, verified: true })
      const revealed = Object.fromEntries(Object.entries(values.secrets).map(([field, secret]) => [field, secret.reveal()]))
      expect(revealed).toEqual(secrets)
    }
    expect(await unlocked.readDemo('acme', 'acme-dental')).toMatchObject({ record: FROZEN_DEMO, secrets: FROZEN_DEMO_SECRETS })
    vault.close()
  })

  test('is whole: every row opens, and the audit log replays to its end', async () => {
    const { vault } = await openFrozen()
    const unlocked = await vault.unlock('default', sources({ raw: [env] }))
    expect((await unlocked.verify()).problems).toEqual([])
    const events = (await unlocked.audit()).map(({ event }) => event)
    expect(await unlocked.replayAudit()).toMatchObject({ rows: events.length, firstBad: null, firstAt: '2026-11-24T00:00:01.000Z' })
    expect(new Set(events)).toEqual(
      new Set([
        'profile.create',
        'key.add',
        'integration.add',
        'integration.test',
        'integration.toggle',
        'demo.run',
        'demo.step',
        'integration.reveal',
        'vault.migrate',
      ]),
    )
    expect((await unlocked.testHistory('ad-hoc'))[0]).toMatchObject({ outcome: 'failed', cause: 'auth_rejected', latencyMs: 17 })
    vault.close()
  })

  test('can be worked with, and is whole afterwards', async () => {
    const { vault } = await openFrozen()
    const unlocked = await vault.unlock('default', sources({ raw: [env] }))
    await unlocked.setActive('ad-hoc', true)
    await unlocked.remove('no-secrets')
    const run = await unlocked.startDemoRun('acme', 'acme-dental', 'b'.repeat(32))
    await run.journal.write({ ...FROZEN_DEMO, status: 'removed' }, {})
    await run.end()
    expect((await unlocked.verify()).problems).toEqual([])
    vault.close()
  })

  test('lies here as it was made: a later format gets a file of its own', () => {
    expect(createHash('sha256').update(readFileSync(FILE)).digest('hex')).toBe(
      'df5c9ab4d4345ecd470d0435a850343b47a0ca3cfb08e055feac1adf3b6fb4f0',
    )
  })
})

describe('P07 a vault of format 2, its data key rotated and its log pruned,', () => {
  test.each(Object.keys(KEYS))('opens with %s, and gives everything back', async (key) => {
    const { vault } = await openFrozen(fileOf('frozen-v2.db'))
    const unlocked = await vault.unlock('default', KEYS[key] ?? sources({}))
    for (const { name, active, settings, secrets } of FROZEN_INTEGRATIONS) {
      const { integration, values } = await unlocked.open(name)
      expect(integration).toMatchObject({ name, active, settings, verified: true })
      expect(Object.fromEntries(Object.entries(values.secrets).map(([field, secret]) => [field, secret.reveal()]))).toEqual(secrets)
    }
    expect(await unlocked.readDemo('acme', 'acme-dental')).toMatchObject({
      record: { ...FROZEN_DEMO, expiresAt: FROZEN_END },
      secrets: FROZEN_DEMO_SECRETS,
    })
    if (!(unlocked instanceof UnlockedProfile)) throw new Error('not a profile')
    const [token] = readTokens(unlocked.inside.database, unlocked.inside.keys.profileId)
    if (token === undefined) throw new Error('the tokens are gone')
    expect(openTokens(unlocked.inside.keys.rowKey, unlocked.inside.keys.profileId, token, 'acme').toString()).toBe(FROZEN_TOKENS)
    expect((await unlocked.verify()).problems).toEqual([])
    expect(await unlocked.replayAudit()).toMatchObject({ firstBad: null, dropped: 12 })
    vault.close()
  })

  test('lies here as it was made', () => {
    expect(
      createHash('sha256')
        .update(readFileSync(fileOf('frozen-v2.db')))
        .digest('hex'),
    ).toBe('07ce1197d3c98ffa18aab5ce944a140c818723d4fef9788617ccb61306beaf0c')
  })
})
