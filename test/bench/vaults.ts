import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { NewIntegration, UnlockedVault } from '../../src/index.ts'
import type { BuiltPackage } from './build.ts'
import type { Bench } from './measure.ts'

type Library = typeof import('../../src/index.ts')

/** A vault of the benchmark. */
export interface BenchVault {
  readonly path: string
  readonly stateDirectory: string
  /** Variables under which the command uses it. */
  readonly env: Readonly<Record<string, string>>
  remove(): void
}

/** Makes an integration of a vault; `library` is the built one, whose classes it must use. */
export type MakeIntegration = (index: number, library: Library) => NewIntegration

/** A Chatwoot integration, each with its own account. */
export const chatwootIntegration: MakeIntegration = (index, { Secret }) => ({
  name: `customer-${String(index).padStart(6, '0')}`,
  provider: 'chatwoot',
  definition: '',
  active: index % 10 !== 0,
  values: {
    settings: { baseUrl: 'https://chat.example.com', accountId: String(index + 1) },
    secrets: { apiKey: new Secret(`token-of-customer-${index}-0123456789abcdef`) },
  },
})

/** Makes a vault in a directory of its own, filled by the vault itself, and tested if `tested`. */
export async function makeVault(
  bench: Bench,
  built: BuiltPackage,
  count: number,
  make: MakeIntegration = chatwootIntegration,
  tested = true,
): Promise<BenchVault> {
  const library = (await import(built.library)) as Library
  const home = mkdtempSync(join(bench.directory, 'vault-'))
  const path = join(home, 'vault.db')
  const key = library.generateRawKey()
  const vault = await library.openVault({ path, stateDirectory: home, create: true })
  await vault.createProfile('default', { kind: 'env', label: 'bench', key: library.unlockKeyOf({ key }) })
  const unlocked = await vault.unlock('default', library.keysOf({ key }))
  const drafts = Array.from({ length: count }, (_, index) => make(index, library))
  if (count > 0) await unlocked.add(drafts)
  if (count > 0 && tested) await recordTests(unlocked, drafts)
  unlocked.lock()
  vault.close()
  return {
    path,
    stateDirectory: home,
    env: { CRM_HOME: home, INTEGRATION_ENCRYPTION_KEY: key },
    remove: () => rmSync(home, { recursive: true }),
  }
}

/** A result for each, as `crm test` leaves it; one in twenty failed. */
async function recordTests(unlocked: UnlockedVault, drafts: readonly NewIntegration[]): Promise<void> {
  const checkedAtMs = Date.now() - 3_600_000
  await unlocked.recordTests(
    drafts.map(({ name }, index) => {
      const failed = index % 20 === 7
      return {
        name,
        revision: 1,
        checkedAtMs,
        outcome: failed ? 'failed' : 'connected',
        cause: failed ? 'auth_rejected' : null,
        latencyMs: 40 + (index % 100),
        report: null,
      } as const
    }),
  )
}
