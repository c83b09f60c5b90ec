import { readFileSync } from 'node:fs'
import { CrmError } from '../core/errors.ts'
import { NAME_PATTERN } from '../core/integration.ts'
import { writePrivateFile } from './private.ts'

/** What `crm` remembers between commands. */
export interface Config {
  /** The profile that `crm profile use` chose. */
  readonly profile?: string
}

/**
 * Reads the configuration file; a missing one is an empty one.
 * @throws {CrmError} `usage` for a file that is not what `crm` writes, `io_failed` when it cannot be read.
 */
export function readConfig(path: string): Config {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return {}
    throw new CrmError('io_failed', `could not read the configuration ${path}`, { hint: `chmod 600 ${path}`, cause: error })
  }
  const value = parse(text)
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw notOurs(path)
  const { profile, ...rest } = value as { profile?: unknown }
  if (Object.keys(rest).length > 0) throw notOurs(path)
  if (profile === undefined) return {}
  if (typeof profile !== 'string' || !NAME_PATTERN.test(profile)) throw notOurs(path)
  return { profile }
}

/** Replaces the configuration file. @throws {CrmError} `io_failed`. */
export function writeConfig(path: string, config: Config): void {
  try {
    writePrivateFile(path, `${JSON.stringify(config, null, 2)}\n`)
  } catch (error) {
    throw new CrmError('io_failed', `could not write the configuration ${path}`, { reason: 'nothing was changed', cause: error })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function notOurs(path: string): CrmError {
  return new CrmError('usage', `the configuration ${path} is not valid`, {
    reason: 'it holds at most one member, "profile", with the name of a profile',
    hint: `correct it, or remove it: rm ${path}`,
  })
}
