import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CrmError } from '../core/errors.ts'
import type { Clock } from '../core/ports.ts'

/** Most bytes of one delivery: Chatwoot's payloads are a few kilobytes, and up to 150,000 characters of a message. */
const MAX_BYTES = 1_048_576
/** A sender that does not get on is cut off after this time, in milliseconds. */
const REQUEST_MS = 10_000
/** How long answers that are under way may take once it closes, in milliseconds. */
const ANSWERING_MS = 1_000
const HOST = '127.0.0.1'

/** One request that a receiver got. */
export interface Delivery {
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** Names in lower case; repeated ones joined with `, `. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** When it had arrived whole, Unix milliseconds. */
  readonly atMs: number
}

/** Decides what a delivery is answered with: an HTTP status. What it throws is answered with 500. */
export type Handler = (delivery: Delivery) => number | Promise<number>

/** A running receiver on 127.0.0.1. */
export interface Receiver {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string
  readonly port: number
  /** Stops listening; what is being answered has a second to end. Resolves when the port is free. */
  close(): Promise<void>
}

/**
 * Starts a server on loopback that takes POST requests, whole and up to 1 MiB, and answers each with an empty body.
 * @param port 0 takes any free one.
 * @throws {CrmError} `conflict` when the port is taken, `io_failed` when listening fails otherwise.
 */
export async function startReceiver(options: {
  readonly port: number
  readonly clock: Clock
  readonly handle: Handler
}): Promise<Receiver> {
  const { clock, handle } = options
  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS }, (request, response) => {
    receive(request, response, clock, handle).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, options.port)))
    server.listen(options.port, HOST, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${HOST}:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        // Whoever is being answered gets the answer; nobody else is waited for.
        const late = setTimeout(() => server.closeAllConnections(), ANSWERING_MS)
        server.close(() => {
          clearTimeout(late)
          resolve()
        })
        server.closeIdleConnections()
      }),
  }
}

function listenError(error: NodeJS.ErrnoException, port: number): CrmError {
  if (error.code !== 'EADDRINUSE') return new CrmError('io_failed', `cannot listen on ${HOST}:${port}`, { cause: error })
  return new CrmError('conflict', `port ${port} is in use`, { hint: 'leave the port away to take any free one', cause: error })
}

async function receive(request: IncomingMessage, response: ServerResponse, clock: Clock, handle: Handler): Promise<void> {
  if (request.method !== 'POST') {
    response.writeHead(405, { allow: 'POST', connection: 'close' }).end()
    request.resume()
    return
  }
  const body = await readBody(request)
  if (body === undefined) {
    response.writeHead(413, { connection: 'close' }).end()
    return
  }
  const headers: Record<string, string> = Object.create(null)
  for (const [name, value] of Object.entries(request.headers)) if (value !== undefined) headers[name] = String(value)
  const delivery = { method: 'POST', path: request.url ?? '/', headers, body, atMs: clock() }
  const status = await Promise.resolve(handle(delivery)).catch(() => 500)
  response.writeHead(status, { connection: 'close' }).end()
}

/** The whole body; undefined for one that is too large. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
