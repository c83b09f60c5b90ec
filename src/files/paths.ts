import { isAbsolute, join } from 'node:path'
import { CrmError } from '../core/errors.ts'

/** The parts of the environment that say where files are. Empty text counts as unset. */
export type PathVariables = Readonly<Record<string, string | undefined>>

/** Where `crm` keeps what. */
export interface Paths {
  readonly configDirectory: string
  readonly dataDirectory: string
  readonly stateDirectory: string
  /** What may be thrown away at any time. */
  readonly cacheDirectory: string
  readonly vault: string
  /** `--vault`, `CRM_VAULT`, `CRM_HOME`, `XDG_DATA_HOME` or `default`. */
  readonly vaultFrom: string
  readonly configFile: string
  readonly keyFile: string
  /** `CRM_KEY_FILE` or `default`. */
  readonly keyFileFrom: string
  /** An age identity of whoever runs this. */
  readonly identityFile: string
  /** `CRM_IDENTITY_FILE` or `default`. */
  readonly identityFileFrom: string
}

/**
 * Resolves every location: `CRM_HOME` holds everything, else the XDG base directories where set, on every system, else
 * `~/.config`, `~/.local/share`, `~/.local/state` and `~/.cache`; on Windows `%APPDATA%` and `%LOCALAPPDATA%`.
 * @param home undefined where there is none: the variables must then say where everything is.
 * @param vaultFlag the value of `--vault`, which wins over `CRM_VAULT`.
 * @throws {CrmError} `usage` for a place that only a home directory would give.
 */
export function resolvePaths(env: PathVariables, home: string | undefined, platform: string, vaultFlag?: string): Paths {
  const windows = platform === 'win32'
  const own = env.CRM_HOME || undefined
  const base = (xdg: string, unix: readonly string[], windowsVariable: string): string => {
    if (own !== undefined) return own
    const set = env[xdg]
    // The XDG specification: relative paths are invalid and ignored.
    if (set !== undefined && isAbsolute(set)) return join(set, 'crm')
    const local = windows ? env[windowsVariable] : undefined
    if (local) return join(local, 'crm')
    if (home === undefined) throw noHome()
    return join(home, ...unix, 'crm')
  }
  const configDirectory = base('XDG_CONFIG_HOME', ['.config'], 'APPDATA')
  const dataDirectory = base('XDG_DATA_HOME', ['.local', 'share'], 'LOCALAPPDATA')
  const stateDirectory = base('XDG_STATE_HOME', ['.local', 'state'], 'LOCALAPPDATA')
  const cacheDirectory = base('XDG_CACHE_HOME', ['.cache'], 'LOCALAPPDATA')
  const [vault, vaultFrom] = chooseVault(env, dataDirectory, vaultFlag)
  return {
    configDirectory,
    dataDirectory,
    stateDirectory,
    cacheDirectory: own === undefined ? cacheDirectory : join(own, 'cache'),
    vault,
    vaultFrom,
    configFile: join(configDirectory, 'config.json'),
    keyFile: env.CRM_KEY_FILE || join(configDirectory, 'key'),
    keyFileFrom: env.CRM_KEY_FILE ? 'CRM_KEY_FILE' : 'default',
    identityFile: env.CRM_IDENTITY_FILE || join(configDirectory, 'identity'),
    identityFileFrom: env.CRM_IDENTITY_FILE ? 'CRM_IDENTITY_FILE' : 'default',
  }
}

function noHome(): CrmError {
  return new CrmError('usage', 'there is no home directory to keep anything in', {
    reason: 'HOME is not set to one, and the system knows none of this user',
    hint: 'say where: export CRM_HOME=<directory>',
  })
}

function chooseVault(env: PathVariables, dataDirectory: string, flag: string | undefined): readonly [string, string] {
  if (flag !== undefined) return [flag, '--vault']
  if (env.CRM_VAULT) return [env.CRM_VAULT, 'CRM_VAULT']
  if (env.CRM_HOME) return [join(dataDirectory, 'vault.db'), 'CRM_HOME']
  const xdg = env.XDG_DATA_HOME
  return [join(dataDirectory, 'vault.db'), xdg !== undefined && isAbsolute(xdg) ? 'XDG_DATA_HOME' : 'default']
}
