import {
  closeSync,
  existsSync,
  fchmodSync,
  constants as fs,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readSync,
  statfsSync,
  statSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { CrmError } from '../core/errors.ts'
import { checkPrivateFile, createPrivateDirectory, type FileOwner, modeText } from '../files/private.ts'
import { APPLICATION_ID, FORMAT_VERSION } from './schema.ts'

/** File system types (Linux `statfs`) that have no shared memory between hosts, which SQLite's WAL needs. */
export const NETWORK_FILE_SYSTEMS: Readonly<Record<number, string>> = {
  26985: 'NFS',
  20859: 'SMB',
  4283649346: 'CIFS',
  4266872130: 'SMB2',
  16914839: '9p',
}

/** What mends a damaged vault. */
export const RESTORE = 'restore the vault from a backup with: crm vault restore <backup>'

const HEADER_BYTES = 100
const MAGIC = Buffer.from('SQLite format 3\0', 'ascii')
const USER_VERSION_OFFSET = 60
const APPLICATION_ID_OFFSET = 68

/** What is where the vault should be. */
export type VaultFileState = 'absent' | 'present'

/**
 * Looks at the vault's file before SQLite touches it: its owner, type and mode (`security.md` section 5), then its header.
 * @throws {CrmError} `unsafe_file` with the `chmod` to run, `damaged` for a file that is not a vault, `newer_format`.
 */
export function inspectVaultFile(path: string, owner: FileOwner): VaultFileState {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return 'absent'
  checkVaultDirectory(dirname(path), owner)
  checkPrivateFile(path, owner, 'the vault')
  const descriptor = openSync(path, fs.O_RDONLY | (fs.O_NOFOLLOW ?? 0))
  try {
    const stat = fstatSync(descriptor)
    const entry = lstatSync(path)
    if (stat.ino !== entry.ino || stat.dev !== entry.dev) {
      throw new CrmError('unsafe_file', `the vault ${path} was replaced while it was opened`, { hint: 'run the command again' })
    }
    const header = Buffer.alloc(HEADER_BYTES)
    const length = readSync(descriptor, header, 0, HEADER_BYTES, 0)
    // A vault is made beside its place and renamed into it: no command of ours leaves nothing there.
    if (length === 0) throw emptyVault(path)
    checkHeader(path, header.subarray(0, length))
    return 'present'
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Creates the directory (0700) and an empty file (0600), whatever the umask, so that SQLite finds them already private.
 * Does nothing when the file is there.
 */
export function createPrivateFile(path: string): void {
  createPrivateDirectory(dirname(path))
  if (existsSync(path)) return
  const descriptor = openSync(path, fs.O_CREAT | fs.O_EXCL | fs.O_RDWR, 0o600)
  // An umask may take bits of the owner's, too.
  fchmodSync(descriptor, 0o600)
  fsyncSync(descriptor)
  closeSync(descriptor)
  refuseNetworkFileSystem(path)
}

/** The directory of a vault: ours, and nobody else can put another file in the vault's place. @throws {CrmError} `unsafe_file`. */
export function checkVaultDirectory(path: string, owner: FileOwner): void {
  const entry = statSync(path)
  if (owner.uid === undefined) return
  const refuse = (reason: string, hint: string): never => {
    throw new CrmError('unsafe_file', `the directory ${path} is not safe for a vault`, { reason, hint })
  }
  if (entry.uid !== owner.uid) refuse('it belongs to another user', `keep the vault in a directory of yours: crm --vault <path> ...`)
  if ((entry.mode & 0o1000) !== 0) refuse('it is shared by all users', 'keep the vault in a directory of yours: crm --vault <path> ...')
  if ((entry.mode & 0o022) !== 0) refuse(`its mode is ${modeText(entry.mode)}: others can replace the vault`, `chmod go-w ${path}`)
}

/** @throws {CrmError} `unsafe_file` on NFS, SMB and 9p, where two hosts cannot share a vault. */
export function refuseNetworkFileSystem(path: string): void {
  let kind: string | undefined
  try {
    kind = NETWORK_FILE_SYSTEMS[statfsSync(path).type]
  } catch {
    return // No statfs on this platform: SQLite's own locking decides.
  }
  if (kind === undefined) return
  throw new CrmError('unsafe_file', `the vault ${path} is on a network file system (${kind})`, {
    reason: 'its write-ahead log needs memory that all users share, which a network file system does not have',
    hint: 'keep the vault on a local disk: crm --vault <path> ...',
  })
}

function emptyVault(path: string): CrmError {
  return new CrmError('damaged', `the vault ${path} is an empty file`, {
    reason: 'what was in it is gone, or another program has made it',
    hint: `restore the vault from a backup, or begin anew: rm ${path}`,
  })
}

/** Reads format and version from the file itself, so that a vault from a newer version keeps every byte. */
function checkHeader(path: string, header: Buffer): void {
  if (header.length < HEADER_BYTES || !header.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new CrmError('damaged', `${path} is not a vault`, {
      reason: 'it does not begin like an SQLite database',
      hint: `${RESTORE}, or name another file: crm --vault <path> ...`,
    })
  }
  checkFormat(path, header.readUInt32BE(APPLICATION_ID_OFFSET), header.readUInt32BE(USER_VERSION_OFFSET))
}

const OF_ANOTHER_PROGRAM = 'it is an SQLite database of another program'

/** The error for a database that is none of ours. */
export function ofAnotherProgram(path: string): CrmError {
  return new CrmError('damaged', `${path} is not a vault`, {
    reason: OF_ANOTHER_PROGRAM,
    hint: 'name another file: crm --vault <path> ...',
  })
}

/** Whether a vault that cannot be opened may be replaced by a backup: it is damaged, and not the database of another program. */
export function isReplaceable(error: unknown): error is CrmError {
  return error instanceof CrmError && error.code === 'damaged' && error.reason !== OF_ANOTHER_PROGRAM
}

/** @throws {CrmError} `damaged` for a foreign database, `newer_format` for a version this program does not know. */
export function checkFormat(path: string, applicationId: number, version: number): void {
  // Zero: a database whose first transaction is still in the write-ahead log. What it holds is checked after opening.
  if (applicationId === 0 && version === 0) return
  if (applicationId !== APPLICATION_ID) throw ofAnotherProgram(path)
  if (version > FORMAT_VERSION) {
    throw new CrmError('newer_format', `the vault ${path} was written by a newer version of crm`, {
      reason: `its format is ${version}, this version reads up to ${FORMAT_VERSION}; the file was not changed`,
      hint: 'update crm: npm install --global crm-vault@latest',
    })
  }
}
