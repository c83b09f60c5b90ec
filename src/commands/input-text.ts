import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { CrmError, missingFile } from '../core/errors.ts'
import { inputChunks } from '../terminal/streams.ts'
import type { App } from './app.ts'

/** Most bytes of a file that is read whole. */
const MOST_BYTES = 16 * 1024 * 1024
const CHUNK_BYTES = 64 * 1024

/** The text of a file, or of standard input for `-`. @throws {CrmError} `usage` when there is no such file, it is a terminal, or too large. */
export async function readInputText(app: App, path: string, flag: string): Promise<string> {
  return (await readInputBytes(app, path, flag)).toString('utf8')
}

/** The same, byte for byte. */
export async function readInputBytes(app: App, path: string, flag: string): Promise<Buffer> {
  const bytes = path === '-' ? await readStandardInput(app, flag) : readFile(path, flag)
  if (bytes.length > MOST_BYTES)
    throw new CrmError('usage', `${flag} gives more than 16 MiB`, { hint: 'check which file it is, or give it in parts' })
  return bytes
}

function readFile(path: string, flag: string): Buffer {
  try {
    return readLimited(path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const what = flag.startsWith('--') ? `file for ${flag}` : flag.replace(/^the /, '')
    if (code === 'ENOENT' || code === 'ENOTDIR') throw missingFile(what, path)
    if (code === 'EISDIR') throw new CrmError('usage', `the ${what} at ${path} is a directory`, { hint: 'name a file' })
    throw error
  }
}

/** Reads up to the end, or one byte past the limit: a device has no end. */
function readLimited(path: string): Buffer {
  const descriptor = openSync(path, 'r')
  try {
    const chunks: Buffer[] = []
    let length = 0
    while (length <= MOST_BYTES) {
      const room = Buffer.allocUnsafe(Math.min(MOST_BYTES + 1 - length, length === 0 ? sizeOf(descriptor) : CHUNK_BYTES))
      const read = readSync(descriptor, room)
      if (read === 0) break
      chunks.push(room.subarray(0, read))
      length += read
    }
    return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
  } finally {
    closeSync(descriptor)
  }
}

/** What a file is likely to hold: pipes do not say. */
function sizeOf(descriptor: number): number {
  return Math.max(CHUNK_BYTES, fstatSync(descriptor).size)
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
