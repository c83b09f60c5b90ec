import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { closeAtEnd } from '../support/cli.ts'

/** A careless server, which sends back whatever it was sent. */
export interface Echo {
  readonly url: string
  /** In which of {@link ECHOES} it answers from now on. */
  answer: keyof typeof ECHOES
  /** Everything that was sent so far, as it came and decoded. */
  readonly seen: readonly string[]
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const json = (status: number, body: (everything: string) => unknown): Answer => {
  return (request, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body(everythingIn(request))))
}

const base64In = (request: IncomingMessage): string => Buffer.from(everythingIn(request)).toString('base64').slice(0, 2_000)

/** The answers: secrets in bodies of all kinds, in headers, in the status line, and in the address of a redirect. */
export const ECHOES = {
  refused: json(401, (everything) => ({ error: everything })),
  forbidden: json(403, (everything) => ({ message: everything, errors: [everything] })),
  invalid: json(422, (everything) => ({ message: everything, attributes: [everything] })),
  'a status line': (request, response) => response.writeHead(500, everythingIn(request).replace(/[^ -~]/g, '?')).end(),
  text: (request, response) => response.writeHead(503, { 'content-type': 'text/plain', 'retry-after': '99' }).end(everythingIn(request)),
  'a page': (request, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<html><title>${everythingIn(request)}</title></html>`),
  'JSON that is cut off': (request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(`{"version": ${JSON.stringify(everythingIn(request))}`),
  'a redirect': (request, response) => {
    const everything = encodeURIComponent(everythingIn(request)).slice(0, 8_000)
    response.writeHead(302, { location: `https://other.example/${everything}?token=${everything}` }).end()
  },
  'a pause': (request, response) => response.writeHead(429, { 'retry-after': base64In(request) }).end(),
  'a content type': (request, response) => response.writeHead(200, { 'content-type': base64In(request) }).end('{}'),
} satisfies Record<string, Answer>

/** What a request says, in the notations in which a server could write it down. */
function everythingIn(request: IncomingMessage): string {
  const values = [request.url ?? '', ...request.rawHeaders]
  const decoded = values.flatMap((value) => [withoutEscapes(value), Buffer.from(value.replace(/^Basic /, ''), 'base64').toString('utf8')])
  const encoded = values.flatMap((value) => [Buffer.from(value).toString('base64'), Buffer.from(value).toString('hex')])
  return [...values, ...decoded, ...encoded].join(' ')
}

function withoutEscapes(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Starts such a server, until the test file ends. */
export async function startEcho(): Promise<Echo> {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(everythingIn(request))
    ECHOES[echo.answer](request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closeAtEnd(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const echo: Echo = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, answer: 'refused', seen }
  return echo
}
