import { isAbsolute, join } from 'node:path'

/** The parts of the environment that say where files are. Empty text counts as unset. */
export type PathVariables = Readonly<Record<string, string | undefined>>

/** For each kind of files: the variable of the XDG base directory specification, what it stands for, and the variable of Windows. */
const BASES = {
  config: ['XDG_CONFIG_HOME', '.config', 'APPDATA'],
  data: ['XDG_DATA_HOME', '.local/share', 'LOCALAPPDATA'],
  state: ['XDG_STATE_HOME', '.local/state', 'LOCALAPPDATA'],
  cache: ['XDG_CACHE_HOME', '.cache', 'LOCALAPPDATA'],
} as const

/**
 * Where files of a kind lie: `CRM_HOME` holds everything, else the XDG base directories where set, on every system, else `~/.config`,
 * `~/.local/share`, `~/.local/state` and `~/.cache`; on Windows `%APPDATA%` and `%LOCALAPPDATA%`. Undefined for a place that only a home
 * directory would give where there is none.
 */
export function baseDirectory(
  kind: keyof typeof BASES,
  env: PathVariables,
  home: string | undefined,
  platform: string,
): string | undefined {
  const [xdg, unix, windows] = BASES[kind]
  if (env.CRM_HOME) return kind === 'cache' ? join(env.CRM_HOME, 'cache') : env.CRM_HOME
  const set = env[xdg]
  // The XDG specification: relative paths are invalid and ignored.
  if (set !== undefined && isAbsolute(set)) return join(set, 'crm')
  const local = platform === 'win32' ? env[windows] : undefined
  if (local) return join(local, 'crm')
  return home === undefined ? undefined : join(home, unix, 'crm')
}
