import type { IntegrationAnswer } from '../core/answers.ts'
import type { StoredValues } from '../core/field.ts'
import type { Integration } from '../core/integration.ts'
import type { Provider } from '../core/provider.ts'
import type { Secret } from '../core/secret.ts'

/** A stored integration as commands print it, with the secrets that were asked for. */
export function toAnswer(integration: Integration, revealed: Readonly<Record<string, Secret>> = {}): IntegrationAnswer {
  const secrets: Record<string, IntegrationAnswer['secrets'][string]> = {}
  for (const [key, state] of Object.entries(integration.secrets)) {
    const secret = revealed[key]
    secrets[key] = secret === undefined ? state : { ...state, value: secret.reveal() }
  }
  return { ...integration, secrets, source: 'vault' }
}

/** The integration that a provider's variables make, as commands print it. */
export function environmentAnswer(
  target: { readonly name: string; readonly provider: Provider; readonly values: StoredValues },
  profile: string,
): IntegrationAnswer {
  const secrets: Record<string, IntegrationAnswer['secrets'][string]> = {}
  for (const key of Object.keys(target.values.secrets)) secrets[key] = { set: true, updatedAt: null }
  return {
    name: target.name,
    provider: target.provider.id,
    profile,
    active: true,
    settings: { ...target.values.settings },
    secrets,
    revision: 0,
    createdAt: null,
    updatedAt: null,
    lastTest: null,
    verified: false,
    source: 'environment',
  }
}
