import { isAbsolute, join, resolve } from 'node:path'
import { CrmError } from '../core/errors.ts'
import { baseDirectory, type PathVariables } from './base-directories.ts'

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
 * Resolves every location, each below its {@link baseDirectory}.
 * @param home undefined where there is none: the variables must then say where everything is.
 * @param vaultFlag the value of `--vault`, which wins over `CRM_VAULT`.
 * @throws {CrmError} `usage` for a place that only a home directory would give, and for a vault that is no file.
 */
export function resolvePaths(env: PathVariables, home: string | undefined, platform: string, vaultFlag?: string): Paths {
  const base = (kind: Parameters<typeof baseDirectory>[0]): string => {
    const directory = baseDirectory(kind, env, home, platform)
    if (directory === undefined) throw noHome()
    return directory
  }
  const configDirectory = base('config')
  const dataDirectory = base('data')
  const [vault, vaultFrom] = chooseVault(env, dataDirectory, vaultFlag)
  return {
    configDirectory,
    dataDirectory,
    stateDirectory: base('state'),
    cacheDirectory: base('cache'),
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
  if (flag !== undefined) return [fileOf(flag), '--vault']
  if (env.CRM_VAULT) return [fileOf(env.CRM_VAULT), 'CRM_VAULT']
  if (env.CRM_HOME) return [join(dataDirectory, 'vault.db'), 'CRM_HOME']
  const xdg = env.XDG_DATA_HOME
  return [join(dataDirectory, 'vault.db'), xdg !== undefined && isAbsolute(xdg) ? 'XDG_DATA_HOME' : 'default']
}

/** A path as it was given, absolute: SQLite takes some names for no file. */
function fileOf(path: string): string {
  if (path === '') throw new CrmError('usage', 'the path of the vault is empty', { hint: 'name a file: crm --vault <path> ...' })
  if (/[/\\]$/.test(path))
    throw new CrmError('usage', `${path} is a directory, and a vault is a file`, {
      hint: `name one in it: crm --vault ${path}vault.db ...`,
    })
  return resolve(path)
}
