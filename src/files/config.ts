import { CrmError } from '../core/errors.ts'
import { NAME_PATTERN } from '../core/integration.ts'
import { readOwnText } from './own-text.ts'
import { writePrivateFile } from './private.ts'

/** What `crm` remembers between commands. */
export interface Config {
  /** The profile that `crm profile use` chose. */
  readonly profile?: string
  /** Providers that are data and were confirmed: SHA-256 of each definition, hex, by id. */
  readonly definitions?: Readonly<Record<string, string>>
}

const DEFINITION_ID = /^[a-z][a-z0-9-]{1,39}$/
const DIGEST = /^[0-9a-f]{64}$/

/**
 * Reads the configuration file; a missing one is an empty one.
 * @throws {CrmError} `usage` for a file that is not what `crm` writes, `io_failed` when it cannot be read.
 */
export function readConfig(path: string): Config {
  let text: string
  try {
    text = readOwnText(path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return {}
    throw new CrmError('io_failed', `could not read the configuration ${path}`, { hint: `chmod 600 ${path}`, cause: error })
  }
  const value = parse(text)
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw notOurs(path)
  const { profile, definitions, ...rest } = value as { profile?: unknown; definitions?: unknown }
  if (Object.keys(rest).length > 0) throw notOurs(path)
  if (profile !== undefined && (typeof profile !== 'string' || !NAME_PATTERN.test(profile))) throw notOurs(path)
  if (definitions !== undefined && !isDigests(definitions)) throw notOurs(path)
  return { ...(profile === undefined ? {} : { profile }), ...(definitions === undefined ? {} : { definitions }) }
}

function isDigests(value: unknown): value is Readonly<Record<string, string>> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false
  return Object.entries(value).every(([id, digest]) => DEFINITION_ID.test(id) && typeof digest === 'string' && DIGEST.test(digest))
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
    reason: 'it holds at most "profile", the name of a profile, and "definitions", the digests of providers by id',
    hint: `correct it, or remove it: rm ${path}`,
  })
}
