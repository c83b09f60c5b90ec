import { closeSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { CrmError } from '../core/errors.ts'
import type { Clock } from '../core/ports.ts'
import { vaultExists } from '../files/exists.ts'
import { createPrivateDirectory, syncDirectory } from '../files/private.ts'
import { Database } from './database.ts'
import { createPrivateFile, refuseNetworkFileSystem } from './file.ts'
import { setLogAside } from './left-log.ts'

/** How long another process may take to make the same vault, in milliseconds. */
const LONGEST_CREATION_MS = 10_000
const POLL_MS = 10

/**
 * Makes an empty vault at `path`: whole, or not at all. It is made beside its place and renamed into it, so that a full disk or a
 * killed process leaves nothing there that is not a vault; one process at a time makes it, and the others find it made.
 * @throws {CrmError} `busy` when another process takes longer than 10 s, `io_failed`, `unsafe_file` on a network file system.
 */
export function createVaultFile(path: string, clock: Clock): void {
  createPrivateDirectory(dirname(path))
  refuseNetworkFileSystem(dirname(path))
  const lock = `${path}.creating`
  const descriptor = takeLock(lock, path, clock)
  if (descriptor === undefined) return
  const fresh = `${path}.new`
  try {
    if (vaultExists(path)) return
    removeVaultFiles(fresh)
    createPrivateFile(fresh)
    Database.create(fresh).close()
    setLogAside(path)
    renameSync(fresh, path)
    syncDirectory(dirname(path))
  } finally {
    removeVaultFiles(fresh)
    closeSync(descriptor)
    rmSync(lock, { force: true })
  }
}

/** Takes the right to make the vault; undefined once somebody else has made it. */
function takeLock(lock: string, path: string, clock: Clock): number | undefined {
  for (let waitedMs = 0; waitedMs <= LONGEST_CREATION_MS; waitedMs += POLL_MS) {
    try {
      return openSync(lock, 'wx', 0o600)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    if (vaultExists(path)) return undefined
    if (isAbandoned(lock, clock())) rmSync(lock, { force: true })
    // This thread has nothing else to do: the command cannot go on without its vault.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS)
  }
  throw new CrmError('busy', `another command is making the vault ${path}`, { hint: 'run the command again' })
}

/** A lock that is older than any creation takes was left by a process that is gone. */
function isAbandoned(lock: string, nowMs: number): boolean {
  const stat = statSync(lock, { throwIfNoEntry: false })
  return stat !== undefined && nowMs - stat.mtimeMs > LONGEST_CREATION_MS
}

/** Removes a vault, and what SQLite keeps beside it. */
export function removeVaultFiles(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${suffix}`, { force: true })
}
