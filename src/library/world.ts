import { CrmError } from '../core/errors.ts'
import type { Provider } from '../core/provider.ts'
import { Secret } from '../core/secret.ts'
import type { OwnKey } from '../crypto/key-slot.ts'
import { parseRawKey } from '../crypto/raw-key.ts'
import { readConfig } from '../files/config.ts'
import { type Paths, resolvePaths } from '../files/paths.ts'
import type { HttpClient } from '../http/http.ts'
import { actorOf, hostOf, startOfProcess, variablesOf } from '../process-facts.ts'
import { homeOf } from '../process-home.ts'
import { providers } from '../providers/index.ts'
import type { KeySources } from '../vault/key-slots.ts'
import type { VaultWorld } from '../vault/world.ts'

/** Where a program's vault is; whatever is left out is as the command has it, from the environment of this process. */
export interface VaultLocation {
  /** Path of the vault. */
  readonly path?: string
  /** Where this machine remembers what it saw of vaults. */
  readonly stateDirectory?: string
}

/** The paths that the command uses in this environment. */
export function pathsOf(location: VaultLocation = {}): Paths {
  const paths = resolvePaths(process.env, homeOf(process), process.platform, location.path)
  return location.stateDirectory === undefined ? paths : { ...paths, stateDirectory: location.stateDirectory }
}

/** The same; undefined where neither a home directory nor variables say where anything is. */
export function pathsIfAny(location: VaultLocation = {}): Paths | undefined {
  try {
    return pathsOf(location)
  } catch (error) {
    if (homeOf(process) === undefined && error instanceof CrmError) return undefined
    throw error
  }
}

/** This process as a vault sees it. */
export function vaultWorld(location: VaultLocation = {}): VaultWorld {
  return {
    clock: Date.now,
    stateDirectory: pathsOf(location).stateDirectory,
    actor: () => actorOf(process),
    holder: () => ({ host: hostOf(process), pid: process.pid, processStarted: startOfProcess(process, process.pid) ?? '' }),
    isAlive: ({ pid, processStarted }) => {
      const started = startOfProcess(process, pid)
      return started !== undefined && (processStarted === '' || started === processStarted)
    },
    uid: process.getuid?.(),
    allowUnsafeFile: process.env.CRM_ALLOW_UNSAFE_FILE === '1',
  }
}

/** Every kind of CRM that the command knows in this environment: those of ours, and those that were added as data. */
export async function providersIn(location: VaultLocation = {}): Promise<readonly Provider[]> {
  const paths = pathsIfAny(location)
  const { definitions } = paths === undefined ? {} : readConfig(paths.configFile)
  if (paths === undefined || definitions === undefined) return providers
  const { withAdded } = await import('../usecases/added-definitions.ts')
  return withAdded(providers, { configDirectory: paths.configDirectory, owner: { uid: process.getuid?.() } }, definitions)
}

/** The variables of this process. */
export function environment(): Readonly<Record<string, string>> {
  return variablesOf(process)
}

/** A key of 32 bytes, as hex or base64, a passphrase, or the text of an age identity file, of a member of the profile. */
export type Key = { readonly key: string } | { readonly passphrase: string } | { readonly identity: string }

/** A key in the form that `vault.createProfile` and `addKeySlot` take. @throws {CrmError} `usage` for a malformed key. */
export function unlockKeyOf(key: Exclude<Key, { readonly identity: string }>): OwnKey {
  if ('passphrase' in key) return { type: 'passphrase', passphrase: new Secret(key.passphrase).reveal() }
  return { type: 'raw', key: parseRawKey(new Secret(key.key).reveal(), 'the key') }
}

/** Keys for {@link import('../vault/vault.ts').Vault.unlock}, given by the program. @throws {CrmError} `usage` for a malformed key, once it is used. */
export function keysOf(...keys: readonly Key[]): KeySources {
  return {
    raw: async () =>
      keys.flatMap((entry) =>
        'key' in entry ? [{ key: parseRawKey(new Secret(entry.key).reveal(), 'the key'), from: 'the program' }] : [],
      ),
    passphrase: async () => keys.flatMap((entry) => ('passphrase' in entry ? [entry.passphrase] : []))[0],
    identities: async () => {
      const text = keys.flatMap((entry) => ('identity' in entry ? [entry.identity] : [])).join('\n')
      if (text === '') return undefined
      const { readIdentities } = await import('../crypto/age.ts')
      return { identities: await readIdentities(text), from: 'the program' }
    },
  }
}

/** The key of `INTEGRATION_ENCRYPTION_KEY`, which stays in the environment of the program. */
export function keysFromEnvironment(): KeySources {
  const key = process.env.INTEGRATION_ENCRYPTION_KEY
  return {
    raw: async () =>
      key ? [{ key: parseRawKey(new Secret(key.trim()).reveal(), 'INTEGRATION_ENCRYPTION_KEY'), from: 'INTEGRATION_ENCRYPTION_KEY' }] : [],
    passphrase: async () => undefined,
  }
}

async function ownHttp(): Promise<HttpClient> {
  const [{ createHttp }, { proxyRules }] = await Promise.all([import('../http/http.ts'), import('../http/proxy-rules.ts')])
  return createHttp({ clock: Date.now, proxies: proxyRules(environment()) })
}

/** Runs work with a network client of its own, which uses the proxy that the variables name, or with the one given. */
export async function withHttp<Result>(http: HttpClient | undefined, work: (http: HttpClient) => Promise<Result>): Promise<Result> {
  const client = http ?? (await ownHttp())
  try {
    return await work(client)
  } finally {
    if (http === undefined) await client.close()
  }
}

/** A signal that never aborts, for calls without one. */
export function signalOf(signal: AbortSignal | undefined): AbortSignal {
  return signal ?? new AbortController().signal
}
