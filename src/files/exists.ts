import { lstatSync } from 'node:fs'

/**
 * Whether there is something at `path` to open as a vault, or to refuse as one: a link that leads nowhere, an empty file, what nobody may
 * look at. Loads nothing of the vault.
 */
export function vaultExists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return true
    throw error
  }
}
