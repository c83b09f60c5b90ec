import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Json } from './sandbox.ts'

/** One delivery as it arrived. */
export interface Received {
  readonly path: string
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly raw: string
  readonly body: Json
}

/** A bot or webhook: a real server that keeps what it gets. */
export interface Receiver {
  readonly url: string
  readonly received: readonly Received[]
  /** The names of the events, in order of arrival. */
  events(): string[]
  /** What it answers from now on; default 200. `hang` never answers. */
  answer: (received: Received, response: ServerResponse) => void
}

/** Starts a receiver on loopback, closed when the test ends. */
export async function openReceiver(): Promise<Receiver> {
  const received: Received[] = []
  const receiver: Receiver = {
    url: '',
    received,
    events: () => received.map(({ body }) => body.event),
    answer: (_received, response) => response.writeHead(200).end(),
  }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const raw = Buffer.concat(chunks).toString('utf8')
      const entry = { path: request.url ?? '', method: request.method ?? '', headers: request.headers, raw, body: JSON.parse(raw) }
      received.push(entry)
      receiver.answer(entry, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return Object.assign(receiver, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` })
}

/** The signature that a delivery must carry. */
export function signatureOf(secret: string, { headers, raw }: Received): string {
  return `sha256=${createHmac('sha256', secret).update(`${headers['x-chatwoot-timestamp']}.${raw}`).digest('hex')}`
}
