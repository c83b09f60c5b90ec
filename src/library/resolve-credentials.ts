import { CrmError } from '../core/errors.ts'
import type { SettingValue, StoredValues } from '../core/field.ts'
import type { Source } from '../core/integration.ts'
import type { Secret } from '../core/secret.ts'
import { readConfig } from '../files/config.ts'
import { providers } from '../providers/index.ts'
import { findTarget } from '../usecases/find-target.ts'
import { vaultExists } from '../vault/exists.ts'
import type { KeySources } from '../vault/key-slots.ts'
import { openVault } from '../vault/vault.ts'
import { environment, keysFromEnvironment, pathsIfAny, type VaultLocation, vaultWorld } from './world.ts'

/** Where credentials are looked for. */
export interface ResolveOptions extends VaultLocation {
  /** Default: `CRM_PROFILE`, what `crm profile use` chose, `default`. */
  readonly profile?: string
  /** Default: the key of `INTEGRATION_ENCRYPTION_KEY`. */
  readonly keys?: KeySources
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
}

/**
 * The credentials that a name means, by the rules of the command: a stored integration of that name, or the only active one of
 * that provider; where there is none, the provider's variables (`CHATWOOT_BASE_URL`, `CHATWOOT_ACCOUNT_ID`, `CHATWOOT_API_KEY`).
 * A program that read those variables itself can call this instead.
 * @throws {CrmError} `not_found`; `locked` and `wrong_key` when it is stored and no key opens it; `damaged`; `conflict` when it is inactive.
 */
export async function resolveCredentials(name: string, options: ResolveOptions = {}): Promise<Credentials> {
  const paths = pathsIfAny(options)
  const variables = environment()
  const configured = paths === undefined ? undefined : readConfig(paths.configFile).profile
  const profile = options.profile ?? variables.CRM_PROFILE ?? configured ?? 'default'
  const vault = paths !== undefined && vaultExists(paths.vault) ? await openVault(paths.vault, vaultWorld(options)) : undefined
  try {
    const target = await findTarget({ vault, profile, providers, environment: variables }, name)
    if (target.source === 'environment') return credentials(target.name, target.provider.id, 'environment', target.values)
    if (vault === undefined) throw new CrmError('internal', 'a stored integration without a vault')
    if (!target.active) throw inactive(target.name)
    const unlocked = await vault.unlock(profile, options.keys ?? keysFromEnvironment())
    const opened = await unlocked.open(target.name)
    await unlocked.record('integration.use', { name: target.name })
    unlocked.lock()
    return credentials(target.name, target.provider, 'vault', opened.values)
  } finally {
    vault?.close()
  }
}

function credentials(name: string, provider: string, source: Source, { settings, secrets }: StoredValues): Credentials {
  return { name, provider, source, settings: { ...settings }, secrets: { ...secrets } }
}

function inactive(name: string): CrmError {
  return new CrmError('conflict', `the integration ${name} is inactive`, { hint: `switch it on with: crm toggle ${name} --on` })
}
