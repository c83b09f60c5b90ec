import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Identity } from './certificates.ts'
import { listen } from './raw-server.ts'

/** What a proxy of the tests does with a CONNECT. */
export interface ProxyOptions {
  /** Port on 127.0.0.1 that stands in for a server: where the proxy connects to for an authority such as `crm.example:443`. */
  readonly route?: (authority: string) => number | undefined
  /** `user:password` that it wants. */
  readonly credentials?: string
  /** Answers in place of the proxy, byte by byte. */
  readonly answer?: (socket: Duplex) => void
  /** Speaks TLS to its clients. */
  readonly tls?: Identity
}

/** A CONNECT proxy on loopback. */
export interface ProxyServer {
  readonly port: number
  /** The authority of every CONNECT that came in. */
  readonly asked: readonly string[]
  /** The headers of each. */
  readonly headers: readonly IncomingMessage['headers'][]
  /** Requests that were no CONNECT. */
  readonly others: readonly string[]
  /** Connections that are open now. */
  readonly open: () => number
  close(): Promise<void>
}

/** Starts a proxy that opens tunnels with CONNECT and does nothing else. */
export async function startProxy(options: ProxyOptions = {}): Promise<ProxyServer> {
  const asked: string[] = []
  const headers: IncomingMessage['headers'][] = []
  const others: string[] = []
  const sockets = new Set<Duplex>()
  const keep = (socket: Duplex) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  }
  const server = options.tls === undefined ? createServer() : createSecureServer(options.tls)
  server.on('request', (request, response) => {
    others.push(`${request.method} ${request.url}`)
    response.writeHead(400).end()
  })
  server.on('connect', (request, client: Duplex) => {
    const authority = request.url ?? ''
    asked.push(authority)
    headers.push(request.headers)
    if (options.answer !== undefined) {
      // Servers of node:http keep their half of a connection open, and see its end only while they read.
      client.once('end', () => client.end()).resume()
      return options.answer(client)
    }
    const wanted = options.credentials
    if (wanted !== undefined && request.headers['proxy-authorization'] !== `Basic ${Buffer.from(wanted).toString('base64')}`)
      return void client.end('HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm="proxy"\r\n\r\n')
    const port = options.route?.(authority)
    if (port === undefined) return void client.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n')
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      client.pipe(upstream).pipe(client)
    })
    keep(upstream)
    upstream.once('error', () => client.destroy())
    client.once('close', () => upstream.destroy())
  })
  server.on(options.tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => keep(socket))
  server.on('clientError', (_error, socket) => socket.destroy())
  const port = await listen(server as Server)
  return {
    port,
    asked,
    headers,
    others,
    open: () => sockets.size,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
