import { accessSync, constants, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { CrmError } from '../core/errors.ts'
import { modeText } from '../files/private.ts'

/** What SQLite says where it was refused a file: no more of a mode than of a disk that takes nothing. */
const REFUSALS: readonly string[] = ['SQLITE_READONLY', 'SQLITE_CANTOPEN', 'SQLITE_PERM']

/**
 * An error of the disk about a vault with the mode that is its cause, and the `chmod` that mends it; every other one unchanged. A file
 * that SQLite keeps beside a vault has the mode that the vault had when it was made, whatever the vault has today.
 */
export function withForbiddenMode(error: unknown, path: string): unknown {
  if (!isRefusal(error, path)) return error
  const refused = forbiddenPlace(path)
  if (refused === undefined) return error
  const { place, chmod } = refused
  const done = error instanceof CrmError && isRefusal(error.cause, path, 'SQLite') ? error.message.replace(/: [^:]*$/, '') : undefined
  return new CrmError('io_failed', `${done ?? `could not open the vault ${path}`}: permission was denied`, {
    reason: `the mode of ${place} is ${modeText(statSync(place).mode)}; nothing was changed`,
    hint: `${chmod} ${place}`,
    cause: error,
  })
}

/** Whether this user was refused something of the vault, by SQLite or, unless it alone is meant, by the system. */
function isRefusal(error: unknown, path: string, by: 'SQLite' | 'either' = 'either'): boolean {
  if (error instanceof CrmError) return error.code === 'io_failed' && isRefusal(error.cause, path, by)
  if (!(error instanceof Error) || !('code' in error)) return false
  const { code = '', path: place = '' } = error as NodeJS.ErrnoException
  if (REFUSALS.some((prefix) => code.startsWith(prefix))) return true
  return by === 'either' && (code === 'EACCES' || code === 'EPERM') && (place.startsWith(path) || place === dirname(path))
}

/** The first of the directories above a vault, its own, its file and those beside it that this user may not use as a command must. */
function forbiddenPlace(path: string): { readonly place: string; readonly chmod: string } | undefined {
  const { R_OK, W_OK, X_OK } = constants
  const above: string[] = []
  for (let place = dirname(dirname(path)); place !== dirname(place); place = dirname(place)) above.unshift(place)
  return [
    // Whoever may not enter a directory cannot see what is wrong below it.
    ...above.map((place) => ({ place, wanted: X_OK, chmod: 'chmod u+x' })),
    { place: dirname(path), wanted: R_OK | W_OK | X_OK, chmod: 'chmod u+rwx' },
    ...['', '-wal', '-shm'].map((suffix) => ({ place: `${path}${suffix}`, wanted: R_OK | W_OK, chmod: 'chmod 600' })),
  ].find(({ place, wanted }) => isForbidden(place, wanted))
}

function isForbidden(place: string, wanted: number): boolean {
  try {
    accessSync(place, wanted)
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM')
  }
}
