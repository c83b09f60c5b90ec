import type { IntegrationAnswer } from '../core/answers.ts'
import { providers } from '../providers/index.ts'
import type { Vault } from '../vault/vault.ts'
import { type Environment, environmentTarget } from './find-target.ts'
import { environmentAnswer } from './integration-answer.ts'

/** The integration that variables make for a profile; undefined where none are set or a stored one stands before them. */
export async function environmentIntegrations(
  environment: Environment,
  profile: string,
  vault: Vault | undefined,
): Promise<IntegrationAnswer | undefined> {
  for (const provider of providers) {
    const target = environmentTarget(provider, environment)
    if (target === undefined) continue
    if (vault !== undefined && (await vault.hasProfile(profile)) && (await vault.totals(profile, { provider: provider.id })).total > 0)
      continue
    return environmentAnswer(target, profile)
  }
  return undefined
}
