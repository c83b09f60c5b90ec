import { chmodSync, lstatSync, statSync } from 'node:fs'
import { enableCompileCache, getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'
import { vaultExists } from './exists.ts'
import { type PathVariables, resolvePaths } from './paths.ts'
import { createPrivateDirectory, type FileOwner } from './private.ts'

/** What is asked of the world to find the place for compiled code. */
export interface CompiledWorld extends FileOwner {
  readonly env: PathVariables
  readonly home: string | undefined
  readonly platform: string
}

/**
 * Has Node keep what it compiles from here on, for the next run; code that was changed since is compiled anew. Whoever writes into the
 * directory says what runs, so it is left out where that is not ours alone. Whoever has no vault may be only looking: nothing is left then.
 */
export function keepCompiled({ env, home, platform, uid }: CompiledWorld): void {
  const directory = placeBesideVault(env, home, platform)
  if (directory === undefined || !madeForUsAlone(directory, uid)) return
  enableCompileCache(directory)
  const inside = getCompileCacheDir()
  // Node follows the umask. What `NODE_COMPILE_CACHE` names is none of ours.
  if (inside !== undefined && dirname(inside) === directory) chmodSync(inside, 0o700)
}

function placeBesideVault(env: PathVariables, home: string | undefined, platform: string): string | undefined {
  try {
    const { vault, cacheDirectory } = resolvePaths(env, home, platform)
    return vaultExists(vault) ? cacheDirectory : undefined
  } catch {
    return undefined // There is no home directory, or it cannot be read: what that means is said by what needs it.
  }
}

/** Makes the directory; false where nobody else can be kept out of it, or where the platform has no owners to tell that by. */
function madeForUsAlone(path: string, uid: number | undefined): boolean {
  if (uid === undefined) return false
  try {
    createPrivateDirectory(path)
    const [own, parent] = [lstatSync(path), statSync(dirname(path))]
    return own.isDirectory() && own.uid === uid && (own.mode & 0o077) === 0 && parent.uid === uid && (parent.mode & 0o022) === 0
  } catch {
    return false
  }
}
