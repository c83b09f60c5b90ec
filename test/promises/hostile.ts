import { readFileSync } from 'node:fs'
import { createServer, request as forward, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { closeAtEnd, type Result, type RunOptions, start } from '../support/cli.ts'

/** Everything that a terminal or a CI system would obey. */
export const HOSTILE = [
  '\u001b[2J\u001b[31mred\u001b]0;title\u0007',
  '\u009b2J\u0085',
  '\r\nerror: fake',
  '\u202eesrever\u2066\u200b\ufeff\u2028\u{e0041}',
  '\n::set-output name=x::y\n::add-mask::1',
  '\n##vso[task.setvariable variable=x]y',
  '\n##[command]x',
  '\u007f\u0000\b\b\b',
  '\tcell',
].join(' ')

/** What may stand in no output: all controls but the newlines of our own lines, and all that turns or hides text. */
export const FORBIDDEN =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}\ud800-\udfff]/u

/** Between the columns of a table that a program reads. */
export const withoutTabs = (text: string): string => text.replaceAll('\t', '')

/** What is done between a sandbox and the command. */
interface Between {
  /** What becomes of a JSON answer. */
  readonly change?: (body: string) => string
  /** Answers every POST in place of the sandbox. */
  readonly post?: (socket: Socket, path: string) => void
}

/** Passes requests on to a sandbox, but for what is done in between. @returns its base URL. */
export async function startBetween(sandbox: Sandbox, { change = (body) => body, post }: Between): Promise<string> {
  const server = createServer(async (incoming, outgoing) => {
    const { url = '', method, headers } = incoming
    if (post !== undefined && method === 'POST') {
      incoming.resume()
      return post(incoming.socket, url)
    }
    const answer = await new Promise<IncomingMessage>((resolve) => {
      const passed = forward(`${sandbox.url}${url}`, { method, headers }, resolve)
      incoming.pipe(passed)
    })
    const text = await textOf(answer)
    const body = /json/.test(answer.headers['content-type'] ?? '') && text !== '' ? change(text) : text
    outgoing.writeHead(answer.statusCode ?? 500, { 'content-type': answer.headers['content-type'] ?? 'text/plain' }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closeAtEnd(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function textOf(stream: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}

/** What an attack did to a command. */
export interface Attacked extends Result {
  readonly tookMs: number
  /** Most memory that it held at a time, in bytes. */
  readonly peakBytes: number
}

/** Runs the command to its end, and watches its time and memory from outside. */
export async function runWatched(argv: readonly string[], options: RunOptions): Promise<Attacked> {
  const startedAt = performance.now()
  const running = start(argv, options)
  let peakBytes = 0
  // The high-water mark only grows: what is read last, a moment before the end, is the peak up to there.
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, highWaterMark(running.process.pid))
  }, 5)
  try {
    const result = await running.ended
    return { ...result, tookMs: performance.now() - startedAt, peakBytes }
  } finally {
    clearInterval(watch)
  }
}

/** `VmHWM` of a process, in bytes; 0 when it has ended. */
function highWaterMark(pid: number | undefined): number {
  try {
    return Number(/^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1_024
  } catch {
    return 0
  }
}
