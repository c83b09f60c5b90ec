import { CrmError } from '../core/errors.ts'
import { mergeValues, type StoredValues } from '../core/field.ts'
import type { ApiAccess, TokenSource, Tokens } from '../core/grant.ts'
import type { Provider } from '../core/provider.ts'
import { Secret } from '../core/secret.ts'
import { toTimestamp } from '../core/time.ts'
import type { UnlockedVault } from '../vault/unlocked.ts'
import { memoryTokens, type TokenDeps } from './token-source.ts'

/** Everything that a program needs to call the API of an integration now. */
export interface Access extends ApiAccess {
  /** Valid when it was given, for a minute at least where its end is known; null for a provider without access tokens. */
  readonly accessToken: Secret | null
  /** RFC 3339; null when there is no token, or its end is not known. */
  readonly expiresAt: string | null
}

/** The integration whose API is to be called. */
export interface AccessedIntegration {
  readonly name: string
  readonly provider: Provider
  readonly values: StoredValues
  /** Where it is stored; undefined for one that is made of variables. */
  readonly unlocked?: UnlockedVault
}

/** Whether calls need an access token that may have to be obtained first: then a network client is needed. */
export function needsTokens(provider: Provider, values: StoredValues): boolean {
  return provider.grant?.(mergeValues(values) as never, {}) !== undefined
}

/**
 * Base URL and headers for the API of an integration, with a valid access token: the one of the vault, or a new one.
 * @throws {CrmError} `auth_rejected` naming the `crm login` to run, and whatever else kept a token from being obtained.
 */
export async function accessTo(deps: () => Promise<TokenDeps>, integration: AccessedIntegration): Promise<Access> {
  const { provider, values } = integration
  if (provider.api === undefined) throw new CrmError('internal', `${provider.id} does not say how its API is called`)
  const merged = mergeValues(values) as never
  if (!needsTokens(provider, values)) return { ...provider.api(merged, undefined), accessToken: null, expiresAt: null }
  const tokens: Tokens = await (await sourceOf(await deps(), integration)).get()
  const { accessToken, expiresAtMs } = tokens
  return { ...provider.api(merged, tokens), accessToken, expiresAt: expiresAtMs === null ? null : toTimestamp(expiresAtMs) }
}

async function sourceOf(deps: TokenDeps, { name, provider, values, unlocked }: AccessedIntegration): Promise<TokenSource> {
  const grant = provider.grant?.(mergeValues(values) as never, {})
  if (unlocked === undefined || grant?.type === 'static') return memoryTokens(deps, provider, values)
  const { storedTokens } = await import('./stored-tokens.ts')
  return storedTokens(deps, { unlocked, name, provider, values })
}

/** Variables that name something else to a shell or a program: no provider's name may become one of them. */
const TAKEN = /^(?:LD|DYLD|NODE|NPM_CONFIG|GIT|SSL|CRM)$/

/**
 * The variables for a program: the fields of the integration under their own names, but of what obtains tokens only the token itself.
 * A refresh token or a client secret in two places can lock both out.
 */
export function variablesOf({ provider, values }: AccessedIntegration, access: Access): Readonly<Record<string, string | Secret>> {
  const variables: Record<string, string | Secret> = Object.create(null)
  const settings = mergeValues(values)
  for (const { key, env, sensitivity } of provider.fields) {
    const value = settings[key]
    if (value !== undefined && (access.accessToken === null || sensitivity === 'public')) {
      variables[env] = value instanceof Secret ? value : String(value)
    }
  }
  const id = provider.id.toUpperCase().replaceAll('-', '_')
  const prefix = TAKEN.test(id.split('_')[0] ?? '') ? `X_${id}` : id
  const given =
    access.variables ??
    (access.accessToken === null ? {} : { [`${prefix}_ACCESS_TOKEN`]: access.accessToken, [`${prefix}_BASE_URL`]: access.baseUrl })
  const headers = Object.entries(access.headers).map(([name, value]) => [name, value instanceof Secret ? value.reveal() : value] as const)
  return { ...variables, ...given, [`${prefix}_HEADERS`]: new Secret(JSON.stringify(Object.fromEntries(headers))) }
}
