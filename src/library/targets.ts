import { refuseProblems } from '../core/errors.ts'
import { mergeValues, type StoredValues } from '../core/field.ts'
import { type RawValues, readValues } from '../core/field-values.ts'
import type { Provider } from '../core/provider.ts'
import { providers } from '../providers/index.ts'
import { requireProvider } from '../usecases/add-integrations.ts'
import { unfold } from '../usecases/find-target.ts'
import { inactive, requireChatwoot } from '../usecases/usable-target.ts'
import type { UnlockedVault } from '../vault/unlocked.ts'

/** An integration of an unlocked profile. */
export interface StoredTarget {
  readonly unlocked: UnlockedVault
  readonly name: string
}

/** An integration that is not stored: the values of a provider's fields as text (`{ baseUrl, accountId, apiKey }`). */
export interface GivenTarget {
  /** A provider's id, or a provider made with `defineProvider`. */
  readonly provider: string | Provider
  readonly values: RawValues
}

/** The integration that a call works with. */
export type LibraryTarget = StoredTarget | GivenTarget

/** Provider and values of given values. @throws {CrmError} `usage` with all problems, `not_found` for an unknown provider. */
export function readTarget({ provider: named, values: raw }: GivenTarget): { readonly provider: Provider; readonly values: StoredValues } {
  const provider = typeof named === 'string' ? requireProvider(providers, named) : named
  const { values, missing, problems } = readValues(provider, unfold(provider, raw))
  const all = [...problems, ...missing.map((field) => ({ field: field.key, message: 'is missing' }))]
  refuseProblems(all, `the values for ${provider.id} are not valid`)
  return { provider, values }
}

/** The values of a Chatwoot, for a demo. @throws {CrmError} `usage` for another CRM, `conflict` for one that is inactive. */
export async function openChatwoot(target: LibraryTarget): Promise<ReturnType<typeof mergeValues>> {
  if ('unlocked' in target) {
    const { integration, values } = await target.unlocked.open(target.name)
    requireChatwoot(integration)
    if (!integration.active) throw inactive(integration.name)
    return mergeValues(values)
  }
  const { provider, values } = readTarget(target)
  requireChatwoot({ name: `env:${provider.id}`, provider: provider.id })
  return mergeValues(values)
}
