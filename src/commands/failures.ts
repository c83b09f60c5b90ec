import { CrmError } from '../core/errors.ts'

const DISK_ERRORS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
  EACCES: 'permission was denied',
  EPERM: 'permission was denied',
  EIO: 'the disk reported an error',
  ENOTDIR: 'a part of the path is not a directory',
  EISDIR: 'it is a directory',
  ENOENT: 'it does not exist',
  EMFILE: 'too many files are open',
}

/** Whatever was thrown, as an error of the one table. What nobody named is `internal`, without its text. */
export function toCrmError(thrown: unknown): CrmError {
  if (thrown instanceof CrmError) return thrown
  if (thrown instanceof Error) {
    const { code, syscall, path } = thrown as NodeJS.ErrnoException
    const disk = code === undefined ? undefined : (DISK_ERRORS[code] ?? (path === undefined ? undefined : `the system answered ${code}`))
    if (disk !== undefined && syscall !== undefined) {
      return new CrmError('io_failed', `could not ${syscall} ${path ?? 'a file'}: ${disk}`, { cause: thrown })
    }
  }
  return new CrmError('internal', 'crm met an error that it does not know', {
    reason: thrown instanceof Error ? thrown.name : typeof thrown,
    hint: 'run the command again with -v -v and report what it prints',
    cause: thrown,
  })
}
