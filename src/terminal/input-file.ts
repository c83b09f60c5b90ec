import { Buffer } from 'node:buffer'
import { close, constants, open, openSync, read, statSync } from 'node:fs'
import { promisify } from 'node:util'
import { inputChunks } from './streams.ts'

const CHUNK_BYTES = 65_536

// Of the callbacks, since a device may take its time; `node:fs/promises` alone would cost a start 1.5 ms.
const file = { open: promisify(open), read: promisify(read), close: promisify(close) }

/** How a file is read that somebody has named. */
export interface InputFileOptions {
  /** Most bytes that are wanted. Where there are more, one more is read. */
  readonly limit: number
  /** Ends the wait for whoever writes into a pipe, with its reason. */
  readonly signal?: AbortSignal | undefined
  /** Throws for a file that must not be read. */
  readonly check?: (path: string) => void
}

/**
 * Reads a file up to its end, or one byte past the limit: pipes and devices have no size.
 * @throws the error of the system, the reason of `signal`, and what `check` throws.
 */
export async function readInputFile(path: string, { limit, signal, check = () => {} }: InputFileOptions): Promise<Buffer> {
  if (statSync(path).isFIFO()) {
    check(path)
    return readPipe(path, limit, signal)
  }
  const descriptor = await file.open(path, 'r')
  try {
    check(path)
    return await readOpen(descriptor, limit, signal)
  } finally {
    await file.close(descriptor)
  }
}

async function readOpen(descriptor: number, limit: number, signal: AbortSignal | undefined): Promise<Buffer> {
  const chunks: Buffer[] = []
  let total = 0
  while (total <= limit) {
    const room = Buffer.alloc(Math.min(limit + 1 - total, CHUNK_BYTES))
    const { bytesRead, buffer } = await file.read(descriptor, room, 0, room.length, null)
    signal?.throwIfAborted()
    if (bytesRead === 0) break
    chunks.push(buffer.subarray(0, bytesRead))
    total += bytesRead
  }
  return whole(chunks)
}

/** A pipe as a stream: to open or read it like a file would wait for its writer in a way that nothing ends. */
async function readPipe(path: string, limit: number, signal: AbortSignal | undefined): Promise<Buffer> {
  const { Socket } = await import('node:net')
  // Opened when it is about to be read: from then on it keeps the process.
  const open = () => new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false })
  const chunks: Buffer[] = []
  let total = 0
  for await (const chunk of inputChunks({ open }, signal)) {
    chunks.push(chunk)
    total += chunk.length
    if (total > limit) break
  }
  return whole(chunks)
}

function whole(chunks: readonly Buffer[]): Buffer {
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
}
