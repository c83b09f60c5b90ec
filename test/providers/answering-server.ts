import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** What a server answers: status, body (objects become JSON), and headers. */
export interface Canned {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A request as a provider's server sees it. */
export interface Seen {
  readonly method: string
  /** Path with query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A loopback server whose answers a test chooses. */
export interface AnsweringServer {
  /** `http://127.0.0.1:port`. */
  readonly origin: string
  readonly seen: readonly Seen[]
  close(): Promise<void>
}

/** Starts a server that answers each request as `answer` says; undefined leaves it without an answer. */
export async function answering(answer: (request: Seen) => Canned | undefined): Promise<AnsweringServer> {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: await text(request) }
    seen.push(one)
    const canned = answer(one)
    if (canned === undefined) return
    const content = typeof canned.body === 'string' ? canned.body : canned.body === undefined ? '' : JSON.stringify(canned.body)
    const type = typeof canned.body === 'string' ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8'
    response.writeHead(canned.status, { 'content-type': type, ...canned.headers }).end(content)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
