import { fstatSync, statSync, writeSync } from 'node:fs'
import { CrmError } from '../core/errors.ts'

/** Where text goes: standard output, standard error, or a buffer in a test. */
export interface OutputTarget {
  readonly isTTY: boolean
  /** Width of the terminal in columns; undefined where there is none. */
  readonly columns: number | undefined
  /** True once the reader has gone away; writing is then a no-op. */
  readonly closed: boolean
  /**
   * Writes every byte before it returns; the bytes are the caller's again then.
   * @throws {CrmError} `io_failed` when the bytes cannot be stored (full disk). A reader that has gone away is not an error.
   */
  write(bytes: Uint8Array): void
  /** The stream itself, for what needs one: prompts and the spinner. Opened only then, since opening it costs a start-up its `net`. */
  open(): NodeJS.WriteStream
}

/** Where input comes from. */
export interface InputSource {
  readonly isTTY: boolean
  /** The stream itself; opened only when something is read. */
  open(): NodeJS.ReadStream
}

/**
 * What standard input, or another pipe, brings until it ends. Whoever writes into the pipe may take for ever.
 * @throws the reason of `signal` once the command is told to stop.
 */
export async function* inputChunks(
  stdin: { open(): AsyncIterable<Uint8Array | string> & { destroy(): unknown } },
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  signal?.throwIfAborted()
  const stream = stdin.open()
  const stop = (): void => {
    stream.destroy()
  }
  signal?.addEventListener('abort', stop, { once: true })
  try {
    for await (const chunk of stream) yield Buffer.from(chunk)
    signal?.throwIfAborted()
  } catch (error) {
    // A stream that is destroyed tells its reader that it ended too early.
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

const FIRST_WAIT_MS = 1
const LONGEST_WAIT_MS = 25

/** Stops this thread: the writer is synchronous, so that nothing printed can be lost at exit. */
function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

function errorCodeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/**
 * Writes all bytes to a file descriptor, whatever it is. A pipe is non-blocking once anything in the process has opened it as
 * a stream: one `write` then takes 64 KiB and the next answers EAGAIN, so the rest is written when the reader has caught up.
 * @returns false when the reader has gone away (EPIPE).
 * @throws the error of the system for everything else.
 */
export function writeAll(fd: number, bytes: Uint8Array): boolean {
  let offset = 0
  let waitMs = FIRST_WAIT_MS
  while (offset < bytes.length) {
    try {
      offset += writeSync(fd, bytes, offset, bytes.length - offset)
      waitMs = FIRST_WAIT_MS
    } catch (error) {
      const code = errorCodeOf(error)
      if (code === 'EPIPE' || code === 'ECONNRESET' || code === 'EOF') return false
      if (code !== 'EAGAIN') throw error
      sleep(waitMs)
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
    }
  }
  return true
}

/** What a scheduler gives a command to read from: a character device too, and no terminal. */
const NULL_DEVICE = '/dev/null'

/** Only a character device can be a terminal; asking the stream itself would load `tty` and `net`, which a pipe never needs. */
function isTerminal(fd: number, open: () => { readonly isTTY?: boolean }): boolean {
  try {
    const device = fstatSync(fd)
    if (!device.isCharacterDevice() || device.rdev === statSync(NULL_DEVICE, { throwIfNoEntry: false })?.rdev) return false
    return open().isTTY === true
  } catch {
    // A closed descriptor (`crm list <&-`) is no terminal.
    return false
  }
}

/** Output to a file descriptor of this process, with its stream for those who need one: `fdOutput(1, () => process.stdout)`. */
export function fdOutput(fd: number, open: () => NodeJS.WriteStream): OutputTarget {
  let terminal: boolean | undefined
  let closed = false
  const isTTY = (): boolean => {
    terminal ??= isTerminal(fd, open)
    return terminal
  }
  return {
    get isTTY() {
      return isTTY()
    },
    get columns() {
      return isTTY() ? open().columns : undefined
    },
    get closed() {
      return closed
    },
    write(bytes) {
      if (closed) return
      try {
        closed = !writeAll(fd, bytes)
      } catch (error) {
        const code = errorCodeOf(error)
        closed = true
        // Nobody is left to tell: the descriptor was never open, or its terminal was closed.
        if (code === 'EBADF' || (code === 'EIO' && isTTY())) return
        throw new CrmError('io_failed', 'could not write the output', {
          reason: code === 'ENOSPC' ? 'no space left on the device (ENOSPC)' : `the system answered ${code || 'an error'}`,
          cause: error,
        })
      }
    },
    open,
  }
}

/** Input from a file descriptor of this process: `fdInput(0, () => process.stdin)`. */
export function fdInput(fd: number, open: () => NodeJS.ReadStream): InputSource {
  let terminal: boolean | undefined
  return {
    get isTTY() {
      terminal ??= isTerminal(fd, open)
      return terminal
    },
    open,
  }
}

/** Output to any stream that takes everything it is given, such as a `PassThrough` in a test. */
export function streamOutput(stream: NodeJS.WritableStream, terminal?: { readonly columns: number }): OutputTarget {
  return {
    isTTY: terminal !== undefined,
    columns: terminal?.columns,
    closed: false,
    write(bytes) {
      stream.write(Uint8Array.from(bytes))
    },
    open: () => stream as NodeJS.WriteStream,
  }
}
