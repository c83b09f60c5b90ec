import { CrmError, missingFile } from '../core/errors.ts'
import { readInputFile } from '../terminal/input-file.ts'
import { inputChunks } from '../terminal/streams.ts'
import type { App } from './app.ts'

/** Most bytes of a file that is read whole. */
const MOST_BYTES = 16 * 1024 * 1024

/** The text of a file, or of standard input for `-`. @throws {CrmError} `usage` when there is no such file, it is a terminal, or too large. */
export async function readInputText(app: App, path: string, flag: string): Promise<string> {
  return (await readInputBytes(app, path, flag)).toString('utf8')
}

/** The same, byte for byte. */
export async function readInputBytes(app: App, path: string, flag: string): Promise<Buffer> {
  const bytes = path === '-' ? await readStandardInput(app, flag) : await readFile(app, path, flag)
  if (bytes.length > MOST_BYTES)
    throw new CrmError('usage', `${flag} gives more than 16 MiB`, { hint: 'check which file it is, or give it in parts' })
  return bytes
}

async function readFile(app: App, path: string, flag: string): Promise<Buffer> {
  try {
    return await readInputFile(path, { limit: MOST_BYTES, signal: app.signal })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const what = flag.startsWith('--') ? `file for ${flag}` : flag.replace(/^the /, '')
    if (code === 'ENOENT' || code === 'ENOTDIR') throw missingFile(what, path)
    if (code === 'EISDIR') throw new CrmError('usage', `the ${what} at ${path} is a directory`, { hint: 'name a file' })
    throw error
  }
}

async function readStandardInput(app: App, flag: string): Promise<Buffer> {
  if (app.world.stdin.isTTY)
    throw new CrmError('usage', `${flag} - reads standard input, which is a terminal`, { hint: `redirect a file: ${flag} - < file.json` })
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of inputChunks(app.world.stdin, app.signal)) {
    chunks.push(chunk)
    length += chunk.length
    if (length > MOST_BYTES) break
  }
  return Buffer.concat(chunks)
}
