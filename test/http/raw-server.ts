import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'

/** A server that speaks whatever a test tells it to, byte by byte. */
export interface RawServer {
  /** `http://127.0.0.1:port`, or `https://localhost:port` with TLS. */
  readonly origin: string
  readonly port: number
  /** The head of every request that came in, as it was on the wire. */
  readonly requests: readonly string[]
  /** Connections that were opened, used or not. */
  readonly connections: () => number
  /** Connections that are open now. */
  readonly open: () => number
  close(): Promise<void>
}

/** Answers the `index`-th request (from 0) on its connection. */
export type Answer = (socket: Socket, request: string, index: number) => void

/** Starts a server on loopback that hands every complete request head, body included, to `answer`. */
export async function startRaw(answer: Answer, tls?: TlsOptions): Promise<RawServer> {
  const requests: string[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const serve = (socket: Socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      for (let request = takeRequest(received); request !== undefined; request = takeRequest(received)) {
        received = received.slice(request.length)
        requests.push(request)
        answer(socket, request, requests.length - 1)
      }
    })
  }
  const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve)
  server.on('tlsClientError', () => {})
  const port = await listen(server)
  return {
    origin: tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    port,
    requests,
    connections: () => connections,
    open: () => sockets.size,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** Listens on a free port of 127.0.0.1. */
export function listen(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
}

/** The first whole request of what was received: head, and as much body as its content-length says. */
function takeRequest(received: string): string | undefined {
  const end = received.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(received.slice(0, end))?.[1] ?? 0)
  const total = end + 4 + length
  return received.length < total ? undefined : received.slice(0, total)
}

/** A complete HTTP/1.1 answer. `headers` are lines without line ends. */
export function answerText(status: number, headers: readonly string[] = [], body = ''): string {
  const lines = [`HTTP/1.1 ${status} X`, `content-length: ${Buffer.byteLength(body)}`, ...headers]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

/** Writes a head, then a block again and again, as fast as it is taken. */
export function flood(socket: Socket, head: string, block: Buffer): void {
  const pump = () => {
    while (!socket.destroyed && socket.write(block));
    if (!socket.destroyed) socket.once('drain', pump)
  }
  socket.write(head, pump)
}
