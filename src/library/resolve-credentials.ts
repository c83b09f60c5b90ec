import { errorFor } from '../chatwoot/demo-target.ts'
import { CrmError } from '../core/errors.ts'
import type { SettingValue } from '../core/field.ts'
import type { Source } from '../core/integration.ts'
import type { Secret } from '../core/secret.ts'
import { readConfig } from '../files/config.ts'
import { vaultExists } from '../files/exists.ts'
import type { HttpClient } from '../http/http.ts'
import { type Access, type AccessedIntegration, accessTo, needsTokens } from '../usecases/api-access.ts'
import { findTarget } from '../usecases/find-target.ts'
import { providerFor } from '../usecases/stored-provider.ts'
import { inactive } from '../usecases/usable-target.ts'
import type { KeySources } from '../vault/key-slots.ts'
import { openVault } from '../vault/vault.ts'
import { environment, keysFromEnvironment, pathsIfAny, providersIn, signalOf, type VaultLocation, vaultWorld, withHttp } from './world.ts'

/** Where credentials are looked for. */
export interface ResolveOptions extends VaultLocation {
  /** Default: `CRM_PROFILE`, what `crm profile use` chose, `default`. */
  readonly profile?: string
  /** Default: the key of `INTEGRATION_ENCRYPTION_KEY`. */
  readonly keys?: KeySources
  /** The network client to renew a token with; without one, a call that has to opens and closes its own. */
  readonly http?: HttpClient
  readonly signal?: AbortSignal
}

/** The credentials of one integration. */
export interface Credentials {
  readonly name: string
  readonly provider: string
  readonly source: Source
  /** Public settings by field key: `baseUrl`, `accountId`. */
  readonly settings: Readonly<Record<string, SettingValue>>
  /** Secrets by field key; `secrets.apiKey.reveal()` gives the text. */
  readonly secrets: Readonly<Record<string, Secret>>
  /** Where the API is: for an OAuth provider the address that its server has named. */
  readonly baseUrl: string
  /** The headers that authenticate a request. */
  readonly headers: Readonly<Record<string, string | Secret>>
  /** What authenticates in the address, for a CRM that knows nothing else. */
  readonly query: Readonly<Record<string, Secret>>
  /** Valid now: renewed when it was needed. Null for a provider without access tokens. */
  readonly accessToken: Secret | null
  /** RFC 3339; null when it is not known, or there is no token. */
  readonly expiresAt: string | null
}

/**
 * The credentials that a name means, by the rules of the command: a stored integration of that name, or the only active one of
 * that provider; where there is none, the provider's variables (`CHATWOOT_BASE_URL`, `CHATWOOT_ACCOUNT_ID`, `CHATWOOT_API_KEY`).
 * A program that read those variables itself can call this instead. An access token is renewed when it is about to expire.
 * @throws {CrmError} `not_found`; `auth_rejected` when somebody has to sign in again, and what else kept a token from being renewed; `locked` and `wrong_key` when it is stored and no key opens it; `damaged`; `conflict` when it is inactive.
 */
export async function resolveCredentials(name: string, options: ResolveOptions = {}): Promise<Credentials> {
  const paths = pathsIfAny(options)
  const variables = environment()
  const providers = await providersIn(options)
  const configured = paths === undefined ? undefined : readConfig(paths.configFile).profile
  const profile = options.profile ?? variables.CRM_PROFILE ?? configured ?? 'default'
  const vault = paths !== undefined && vaultExists(paths.vault) ? await openVault(paths.vault, vaultWorld(options)) : undefined
  try {
    const target = await findTarget({ vault, profile, providers, environment: variables }, name)
    if (target.source === 'environment') return await credentials(target, options)
    if (vault === undefined) throw new CrmError('internal', 'a stored integration without a vault')
    if (!target.active) throw inactive(target.name)
    const unlocked = await vault.unlock(profile, options.keys ?? keysFromEnvironment())
    try {
      const { values, definition } = await unlocked.open(target.name)
      const provider = providerFor(providers, { name: target.name, provider: target.provider, definition })
      await unlocked.record('integration.use', { name: target.name })
      return await credentials({ name: target.name, provider, values, unlocked }, options)
    } finally {
      unlocked.lock()
    }
  } finally {
    vault?.close()
  }
}

async function credentials(integration: AccessedIntegration, { http, signal }: ResolveOptions): Promise<Credentials> {
  const { name, provider, values, unlocked } = integration
  const source = unlocked === undefined ? 'environment' : 'vault'
  const resolve = (client: HttpClient | undefined): Promise<Access> =>
    accessTo(async () => {
      if (client === undefined) throw new CrmError('internal', 'a token was asked for without a network client')
      return { http: client.request, clock: Date.now, signal: signalOf(signal) }
    }, integration)
  try {
    const {
      baseUrl,
      headers,
      query = {},
      accessToken,
      expiresAt,
    } = await (needsTokens(provider, values) ? withHttp(http, resolve) : resolve(undefined))
    const { settings, secrets } = values
    const own = { settings: { ...settings }, secrets: { ...secrets } }
    return { name, provider: provider.id, source, ...own, baseUrl, headers, query, accessToken, expiresAt }
  } catch (error) {
    throw errorFor({ name, source }, error)
  }
}
