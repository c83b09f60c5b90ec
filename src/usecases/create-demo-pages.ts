import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
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
    prepare: () => named(directory, mkdir(directory, { recursive: true })),
    write: async (files) => {
      for (const [name, text] of Object.entries(files)) await named(join(directory, name), replaceFile(join(directory, name), text))
    },
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`
  try {
    await writeFile(temporary, text)
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
