import { CrmError } from '../core/errors.ts'
import { mergeValues, type StoredValues } from '../core/field.ts'
import type { Tokens } from '../core/grant.ts'
import type { Provider } from '../core/provider.ts'
import type { TokenDeps } from './token-source.ts'
import { trusting } from './trusting.ts'

/**
 * Gives the tokens of an integration back to its CRM, so that what somebody has copied of them opens nothing any more.
 * @throws {CrmError} `usage` for a CRM that names no place for it; what the refusal means; whatever kept it from being asked.
 */
export async function giveBack(deps: TokenDeps, provider: Provider, stored: StoredValues, tokens: Tokens): Promise<void> {
  const values = mergeValues(stored) as never
  const grant = provider.grant?.(values, tokens.captured)
  const endpoint = grant === undefined || grant.type === 'static' ? undefined : grant.endpoint
  if (endpoint?.revocationUrl === undefined) throw noPlace(provider)
  const { revokeTokens } = await import('../oauth/revoke-tokens.ts')
  try {
    await revokeTokens(endpoint, endpoint.revocationUrl, tokens, { ...deps, http: trusting(deps.http, stored) })
  } catch (error) {
    const { explainRefusal } = await import('../oauth/explain-refusal.ts')
    throw await explainRefusal(error, provider, values)
  }
}

function noPlace(provider: Provider): CrmError {
  return new CrmError('usage', `${provider.title} names no place where tokens are given back`, {
    reason: 'nothing was removed',
    hint: 'end the access in the CRM itself, and leave --revoke out',
  })
}
