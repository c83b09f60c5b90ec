import { chmodSync, lstatSync, statSync } from 'node:fs'
import { enableCompileCache, getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'
import { createPrivateDirectory, type FileOwner } from './private.ts'

/**
 * Has Node keep in this directory what it compiles from here on; code that was changed since is compiled anew. Whoever writes into it says
 * what runs, so it is left out where the directory is not ours alone.
 */
export function keepCompiled(directory: string, owner: FileOwner): void {
  if (!madeForUsAlone(directory, owner)) return
  enableCompileCache(directory)
  const inside = getCompileCacheDir()
  // Node follows the umask. What `NODE_COMPILE_CACHE` names is none of ours.
  if (inside !== undefined && dirname(inside) === directory) chmodSync(inside, 0o700)
}

/** Makes the directory; false where nobody else can be kept out of it, or where the platform has no owners to tell that by. */
function madeForUsAlone(path: string, { uid }: FileOwner): boolean {
  if (uid === undefined) return false
  try {
    createPrivateDirectory(path)
    const [own, parent] = [lstatSync(path), statSync(dirname(path))]
    return own.isDirectory() && own.uid === uid && (own.mode & 0o077) === 0 && parent.uid === uid && (parent.mode & 0o022) === 0
  } catch {
    return false
  }
}
