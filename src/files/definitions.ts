import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { CrmError } from '../core/errors.ts'
import { checkPrivateFile, type FileOwner, writePrivateFile } from './private.ts'

/** Where the definition of a provider lies: one file for each, as it was given. */
export function definitionPath(configDirectory: string, id: string): string {
  return join(configDirectory, 'providers', `${id}.json`)
}

/**
 * The text of a definition; undefined where its file is gone.
 * @throws {CrmError} `unsafe_file` for one that others may change, `io_failed` when it cannot be read.
 */
export function readDefinitionFile(configDirectory: string, id: string, owner: FileOwner): string | undefined {
  const path = definitionPath(configDirectory, id)
  try {
    checkPrivateFile(path, owner, 'the definition')
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof CrmError) throw error
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new CrmError('io_failed', `could not read the definition ${path}`, { hint: `chmod 600 ${path}`, cause: error })
  }
}

/** Keeps a definition. @throws {CrmError} `io_failed`. */
export function writeDefinitionFile(configDirectory: string, id: string, text: string): void {
  const path = definitionPath(configDirectory, id)
  try {
    writePrivateFile(path, text)
  } catch (error) {
    throw new CrmError('io_failed', `could not write the definition ${path}`, { reason: 'nothing was changed', cause: error })
  }
}

/** Takes a definition away; one that is gone already is as well. @throws {CrmError} `io_failed`. */
export function removeDefinitionFile(configDirectory: string, id: string): void {
  const path = definitionPath(configDirectory, id)
  try {
    rmSync(path, { force: true })
  } catch (error) {
    throw new CrmError('io_failed', `could not remove the definition ${path}`, { cause: error })
  }
}
