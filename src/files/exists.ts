import { statSync } from 'node:fs'

/** Whether there is something at `path` to open as a vault. Loads nothing of the vault. */
export function vaultExists(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0
}
