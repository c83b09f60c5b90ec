import {
  chmodSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { CrmError } from '../core/errors.ts'

/** Facts of the process that the file rules compare with; undefined where the platform has no owners. */
export interface FileOwner {
  readonly uid: number | undefined
}

/** Creates a directory with all its parents, 0700 each. */
export function createPrivateDirectory(path: string): void {
  makeStepByStep(resolve(path))
}

/**
 * Replaces a file in one step, 0600 whatever the umask: written beside it, synchronised, renamed over it. A reader sees the
 * old or the new content, and never half of one.
 * @param options.durable false leaves out the synchronisation, for what may be lost with the power.
 */
export function writePrivateFile(
  path: string,
  content: string | Uint8Array,
  { durable = true }: { readonly durable?: boolean } = {},
): void {
  const directory = dirname(path)
  createPrivateDirectory(directory)
  const workplace = createWorkplace(path)
  try {
    const temporary = join(workplace, 'new')
    const descriptor = openSync(temporary, 'wx', 0o600)
    try {
      // An umask may take bits of the owner's, too.
      fchmodSync(descriptor, 0o600)
      writeFileSync(descriptor, content)
      if (durable) fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(temporary, path)
    if (durable) syncDirectory(directory)
  } catch (error) {
    rmSync(workplace, { recursive: true, force: true })
    throw error
  }
  rmdirSync(workplace)
}

/**
 * A directory beside a file, 0700, that nothing else has: a file of the user's may have any name, and process ids are the same in two
 * containers with one volume.
 */
export function createWorkplace(path: string): string {
  const workplace = mkdtempSync(`${path}.`)
  chmodSync(workplace, 0o700)
  return workplace
}

/** A new name is on disk only once its directory is. */
export function syncDirectory(path: string): void {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch {
    return // Windows opens no directories, and needs no such call.
  }
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * A regular file of ours, with one name and no bits for group and others.
 * @param what names the file in the message: "the vault", "the key file".
 * @throws {CrmError} `unsafe_file` with the command that mends it.
 */
export function checkPrivateFile(path: string, owner: FileOwner, what: string): void {
  const entry = lstatSync(path)
  const refuse = (reason: string, hint: string): never => {
    throw new CrmError('unsafe_file', `${what} ${path} is not safe to use`, { reason, hint })
  }
  if (entry.isSymbolicLink()) refuse('it is a symbolic link', 'name the file itself')
  if (!entry.isFile()) refuse('it is not a regular file', 'name a regular file')
  if (entry.nlink > 1) {
    refuse('it has more than one name (hard links)', `keep one name of it, for example: cp ${path} ${path}.new && mv ${path}.new ${path}`)
  }
  if (owner.uid === undefined) return
  if (entry.uid !== owner.uid) refuse('it belongs to another user', `make it yours: chown ${owner.uid} ${path}`)
  if ((entry.mode & 0o077) !== 0) refuse(`its mode is ${modeText(entry.mode)}: others can reach it`, `chmod 600 ${path}`)
}

/** The permission bits of a mode as people write them: `0644`. */
export function modeText(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0')
}

/** Node's own recursion never ends where the system has no directory to give, as below /proc. */
function makeStepByStep(path: string, hasParent = false): void {
  try {
    mkdirSync(path, { mode: 0o700 })
    chmodSync(path, 0o700)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const parent = dirname(path)
    if (code === 'EEXIST' && statSync(path).isDirectory()) return
    if (code !== 'ENOENT' || hasParent || parent === path) throw error
    makeStepByStep(parent)
    // Another command may have made it in the meantime.
    makeStepByStep(path, true)
  }
}
