import { CrmError } from '../core/errors.ts'
import { type Integration, parseName } from '../core/integration.ts'
import type { Vault } from '../vault/vault.ts'

/** A stored integration as the target of a command. */
export interface StoredTarget {
  readonly source: 'vault'
  readonly name: string
  readonly provider: string
  readonly active: boolean
}

/** Where a name is looked for. `vault` is undefined where there is none yet. */
export interface StoredDeps {
  readonly vault: Vault | undefined
  readonly profile: string
}

/** The provider of a name that forces its variables, `env:<provider>`; undefined for every other name. */
export function forcedProvider(text: string): string | undefined {
  return /^env:(.+)$/i.exec(text)?.[1]
}

/**
 * The integration of exactly this name, found without knowing any provider: most names are one, and the definitions of all providers cost a
 * start more than the search. By its name alone: the time of a command must not grow with the vault.
 * @throws {CrmError} `usage` for what cannot be a name.
 */
export async function findStored({ vault, profile }: StoredDeps, text: string): Promise<StoredTarget | undefined> {
  if (forcedProvider(text) !== undefined) return undefined
  const name = parseName(text, 'integration')
  if (vault === undefined || !(await vault.hasProfile(profile))) return undefined
  try {
    return storedTarget(await vault.find(profile, name))
  } catch (error) {
    if (error instanceof CrmError && error.code === 'not_found') return undefined
    throw error
  }
}

/** A stored integration as a target. */
export function storedTarget({ name, provider, active }: Integration): StoredTarget {
  return { source: 'vault', name, provider, active }
}
