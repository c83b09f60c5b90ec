import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createPrivateDirectory, createWorkplace, syncDirectory } from '../files/private.ts'
import { Database } from './database.ts'
import { createPrivateFile } from './file.ts'

/**
 * Writes a consistent copy of a vault to `file`, 0600: made beside it, synchronised, read back whole, renamed into its place. Where
 * it fails before it has its name, nothing is left and what was at `file` stays; after that, a new file is taken away again.
 * @param check looks at the copy before it gets its name, and throws when it is not good.
 * @throws {CrmError} `io_failed`, `damaged`, and whatever `check` throws.
 */
export function writeBackup(database: Database, file: string, check: (copy: Database) => void = () => {}): void {
  createPrivateDirectory(dirname(file))
  const workplace = createWorkplace(file)
  const fresh = join(workplace, 'new')
  try {
    createPrivateFile(fresh)
    database.copyInto(fresh)
    synchronise(fresh)
    const copy = Database.openCopy(fresh)
    try {
      check(copy)
    } finally {
      copy.close()
    }
    const isNew = !existsSync(file)
    renameSync(fresh, file)
    try {
      syncDirectory(dirname(file))
    } catch (error) {
      // A name that may be gone with the power is none: what is reported as failed is not there, and can be done again.
      if (isNew) rmSync(file, { force: true })
      throw error
    }
  } finally {
    rmSync(workplace, { recursive: true, force: true })
  }
}

/** Neither SQLite nor the system waits for the disk when it writes a copy. */
export function synchronise(file: string): void {
  const descriptor = openSync(file, 'r+')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
