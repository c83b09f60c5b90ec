import { randomBytes } from 'node:crypto'
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { CrmError } from '../core/errors.ts'

/** Where the pages of a demo go. */
export interface DemoPages {
  /** Makes the place, before anything is made on the server. @throws CrmError `io_failed`. */
  prepare(): Promise<void>
  /** Writes texts by file name, replacing what was there. @throws CrmError `io_failed`. */
  write(files: Readonly<Record<string, string>>): Promise<void>
}

/** Pages in a directory, which is made where it is missing. Each file appears whole or not at all. */
export function pagesIn(directory: string): DemoPages {
  return {
    prepare: () => named(directory, makeDirectory(resolve(directory))),
    write: async (files) => {
      for (const [name, text] of Object.entries(files)) await named(join(directory, name), replaceFile(join(directory, name), text))
    },
  }
}

/** Step by step: Node's own recursion never ends where the system has no directory to give, as below /proc. */
async function makeDirectory(path: string, hasParent = false): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return
    if (code !== 'ENOENT' || hasParent || dirname(path) === path) throw error
    await makeDirectory(dirname(path))
    await makeDirectory(path, true)
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  // A name that nobody can have put a link under.
  const temporary = `${path}.${randomBytes(8).toString('hex')}`
  try {
    await writeFile(temporary, text, { flag: 'wx' })
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw error
  }
}

async function named(path: string, work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
    throw new CrmError('io_failed', `could not write ${path}`, { reason: code, hint: 'choose another directory with --output', cause })
  }
}
