import { lstatSync } from 'node:fs'
import { CrmError } from '../core/errors.ts'
import type { App } from './app.ts'

/** What `--output` names. A variable of the shell that is not set leaves it empty. @throws {CrmError} `usage` for nothing. */
export function parseOutput(text: string): string {
  if (text !== '') return text
  throw new CrmError('usage', '--output is empty', { hint: 'name where to write, or leave --output away' })
}

/**
 * The file that `--output` names; undefined for standard output, which `-` stands for as well. One that is there is replaced only by
 * whoever says so.
 * @throws {CrmError} `usage` for what is no file; what `confirm` throws.
 */
export async function outputFile(app: App, path: string | undefined): Promise<string | undefined> {
  if (path === undefined || path === '-') return undefined
  const entry = lstatSync(path, { throwIfNoEntry: false })
  if (entry === undefined) return path
  if (!entry.isFile()) throw new CrmError('usage', '--output names something that is no regular file', { hint: 'name a new file' })
  if (!(await app.ui.confirm(`Replace ${path}?`))) throw new CrmError('cancelled', 'Cancelled. Nothing was written.')
  return path
}
