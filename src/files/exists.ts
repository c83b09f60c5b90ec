import { statSync } from 'node:fs'

/** Whether there is something at `path` to open as a vault, or to refuse as one. Loads nothing of the vault. */
export function vaultExists(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat !== undefined && (stat.size > 0 || !stat.isFile())
}
