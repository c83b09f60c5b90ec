import { CrmError } from '../core/errors.ts'
import { mergeValues, type StoredValues } from '../core/field.ts'
import type { Captured, TokenEndpoint, Tokens } from '../core/grant.ts'
import type { Provider } from '../core/provider.ts'
import type { SignInTools } from '../oauth/sign-in.ts'
import { trusting } from './trusting.ts'

/** Whether an integration with these values is signed in to with a browser. */
export function signsIn(provider: Provider, stored: StoredValues): boolean {
  return provider.authorization?.(mergeValues(stored) as never) !== undefined
}

/** Whether nothing among these values is a credential: without a sign-in they are of no use. */
export function needsSignIn(provider: Provider, stored: StoredValues): boolean {
  const grant = provider.grant?.(mergeValues(stored) as never, {})
  return grant?.type === 'authorization_code' && grant.code === undefined && signsIn(provider, stored)
}

/**
 * Signs a person in with the browser, for an integration with these values.
 * @throws {CrmError} `usage` for a way to authenticate without a browser; what the refusal means for this vendor; see `signIn`.
 */
export async function signInWithBrowser(tools: SignInTools, provider: Provider, stored: StoredValues): Promise<Tokens> {
  const values = mergeValues(stored) as never
  const authorization = provider.authorization?.(values)
  if (authorization === undefined) {
    throw new CrmError('usage', `this way to authenticate at ${provider.title} has no sign-in`, {
      hint: 'give the credential itself: crm edit {name}',
    })
  }
  const { signIn } = await import('../oauth/sign-in.ts')
  try {
    const trusted = { ...tools, http: trusting(tools.http, stored) }
    return await signIn(authorization, (captured) => endpointOf(provider, values, captured), trusted)
  } catch (error) {
    const { explainRefusal } = await import('../oauth/explain-refusal.ts')
    throw await explainRefusal(error, provider, values)
  }
}

/** The token endpoint of an integration. @throws {CrmError} `internal` for a provider without one. */
export function endpointOf(provider: Provider, values: never, captured: Captured): TokenEndpoint {
  const grant = provider.grant?.(values, captured)
  if (grant === undefined || grant.type === 'static') throw new CrmError('internal', `${provider.id} has a sign-in and no token endpoint`)
  return grant.endpoint
}
