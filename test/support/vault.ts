import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { onTestFinished } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import type { KeySources } from '../../src/vault/key-slots.ts'
import type { NewIntegration } from '../../src/vault/sealed-integrations.ts'
import type { UnlockedVault } from '../../src/vault/unlocked.ts'
import { openVault, type Vault } from '../../src/vault/vault.ts'
import type { VaultWorld } from '../../src/vault/world.ts'

/** The smallest passphrase cost that a vault accepts. */
export const CHEAP_SCRYPT = { logN: 15, r: 8, p: 1 }

/** A directory of the test's own, removed when it ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'crm-test-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** The world of a vault: a clock that moves one second a call, from 2026-01-01, and one living process. */
export function vaultWorld(stateDirectory: string, changes: Partial<VaultWorld> = {}): VaultWorld {
  let now = Date.parse('2026-01-01T00:00:00Z')
  return {
    clock: () => {
      now += 1000
      return now
    },
    stateDirectory,
    actor: () => 'tester@host pid 1',
    holder: () => ({ host: 'host', pid: 1, processStarted: '1' }),
    isAlive: () => true,
    uid: process.getuid?.(),
    scryptCost: CHEAP_SCRYPT,
    ...changes,
  }
}

/** Key sources that hold just these. */
export function sources(keys: { raw?: readonly Buffer[]; passphrase?: string }): KeySources {
  return {
    raw: async () => (keys.raw ?? []).map((key) => ({ key, from: 'the test' })),
    passphrase: async () => keys.passphrase,
  }
}

/** A Chatwoot integration with a secret of its own. */
export function draft(name: string, changes: Partial<NewIntegration> & { token?: string } = {}): NewIntegration {
  const { token, ...rest } = changes
  return {
    name,
    provider: 'chatwoot',
    definition: '',
    active: true,
    values: {
      settings: { baseUrl: 'https://chat.example.com', accountId: '3' },
      secrets: { apiKey: new Secret(token ?? `token-of-${name}-${randomBytes(8).toString('hex')}`) },
    },
    ...rest,
  }
}

/** A new vault with the profile `default` under one raw key, unlocked. */
export async function newVault(
  changes: Partial<VaultWorld> = {},
): Promise<{ vault: Vault; unlocked: UnlockedVault; key: Buffer; path: string; world: VaultWorld; directory: string }> {
  const directory = temporaryDirectory()
  const path = join(directory, 'data', 'vault.db')
  const world = vaultWorld(join(directory, 'state'), changes)
  const vault = await openVault(path, world, 'create')
  onTestFinished(() => vault.close())
  const key = randomBytes(32)
  await vault.createProfile('default', { kind: 'env', label: 'first', key: { type: 'raw', key } })
  const unlocked = await vault.unlock('default', sources({ raw: [key] }))
  return { vault, unlocked, key, path, world, directory }
}

/**
 * Changes a closed vault as nobody who goes through SQLite's rules for it can: for the time of the change, the table has neither types nor
 * constraints.
 */
export function changeLawlessly(path: string, table: string, change: string, ...values: unknown[]): void {
  const file = new Sqlite(path)
  file.unsafeMode(true)
  file.pragma('foreign_keys = OFF')
  const setSql = (sql: unknown): void => {
    file.pragma('writable_schema = ON')
    file.prepare('UPDATE sqlite_schema SET sql = ? WHERE name = ?').run(sql, table)
    file.pragma('writable_schema = RESET')
  }
  const lawful = file.prepare('SELECT sql FROM sqlite_schema WHERE name = ?').pluck().get(table)
  setSql(
    String(lawful)
      .replace(/ STRICT/, '')
      .replace(/(?<=^ {2}\w+) (?:TEXT|INTEGER|BLOB)(?: NOT NULL)?/gm, '')
      .replace(/ CHECK \(.*\)(?=,$)/gm, ''),
  )
  const { changes } = file.prepare(change).run(...values)
  setSql(lawful)
  file.close()
  if (changes === 0) throw new Error(`${change} changes nothing`)
}
