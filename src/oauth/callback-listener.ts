import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CrmError } from '../core/errors.ts'
import type { Authorization } from '../core/grant.ts'
import { callbackPage, PAGE_HEADERS, type PageKind } from './callback-page.ts'

/** Longest address of a callback. */
const LONGEST_ADDRESS = 16 * 1024

/** Waits on this machine for the browser to come back (RFC 8252 section 7.3). */
export interface CallbackListener {
  /** What is registered with the vendor, or chosen anew: `http://localhost:1717/OauthRedirect`. */
  readonly redirectUri: string
  /** The parameters of the one callback whose state is right. */
  readonly answer: Promise<URLSearchParams>
  close(): Promise<void>
}

/**
 * Listens on loopback alone. A fixed port is taken on 127.0.0.1 and on ::1, since a browser may know `localhost` as either; port 0
 * gives a port, a path with 128 random bits and the literal address. Requests for another host or path, or with another state, are
 * refused and do not end the wait: another page, or another user of this machine, cannot answer in the place of the server.
 * @throws {CrmError} `conflict` when the port is taken.
 */
export async function listenForCallback(
  { port, path }: Authorization['redirect'],
  state: string,
  onStranger: () => void,
): Promise<CallbackListener> {
  const isFixed = port !== 0
  const ownPath = isFixed ? path : `/${randomBytes(16).toString('hex')}`
  let accept: ((parameters: URLSearchParams) => void) | undefined
  const accepted = new Promise<URLSearchParams>((resolve) => {
    accept = resolve
  })
  const servers: Server[] = []
  const open = async (host: string): Promise<void> => {
    const server = createServer((request, response) => answer(request, response))
    server.headersTimeout = 10_000
    await listen(server, host, port)
    servers.push(server)
  }
  const close = async (): Promise<void> => {
    await Promise.all(servers.splice(0).map((server) => closed(server)))
  }
  try {
    await open('127.0.0.1')
    if (isFixed) await open('::1').catch(passMissingFamily)
  } catch (error) {
    await close()
    throw error
  }
  const [first] = servers
  const actual = (first?.address() as AddressInfo | undefined)?.port ?? port
  const host = `${isFixed ? 'localhost' : '127.0.0.1'}:${actual}`

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const address = request.url ?? ''
    const url = address.startsWith('/') && address.length <= LONGEST_ADDRESS ? URL.parse(address, `http://${host}`) : null
    // The Host header names what the browser thinks it talks to: a name that was bent to this machine is not ours (DNS rebinding).
    const isOurs = request.method === 'GET' && request.headers.host === host && url?.pathname === ownPath
    if (!isOurs || accept === undefined) send(response, 'not_here')
    else if (!isSame(url.searchParams.getAll('state'), state)) {
      onStranger()
      send(response, 'wrong_state')
    } else {
      const once = accept
      accept = undefined
      send(response, url.searchParams.has('error') ? 'refused' : 'received', () => once(url.searchParams))
    }
  }
  return { redirectUri: `http://${host}${ownPath}`, answer: accepted, close }
}

/** Compared in constant time; the lengths are no secret. */
function isSame(given: readonly string[], state: string): boolean {
  const [only = ''] = given
  const one = Buffer.from(only)
  const other = Buffer.from(state)
  return given.length === 1 && one.length === other.length && timingSafeEqual(one, other)
}

/** @param sent called once the page is on its way. */
function send(response: ServerResponse, kind: PageKind, sent?: () => void): void {
  const { status, html } = callbackPage(kind)
  response.writeHead(status, PAGE_HEADERS).end(html, sent)
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'EADDRINUSE' ? portTaken(port) : error))
    server.listen({ host, port, ipv6Only: host === '::1' }, resolve)
  })
}

/** A machine without IPv6 has no ::1. */
function passMissingFamily(error: unknown): void {
  const { code } = error as NodeJS.ErrnoException
  if (code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT') throw error
}

function portTaken(port: number): CrmError {
  return new CrmError('conflict', `port ${port} is in use on this machine`, {
    reason: 'the browser has to come back to it after the sign-in',
    hint: 'end the program that uses it, or choose a port that the app lists with --redirect-port <port>',
  })
}

/** The page was sent before; connections that a browser opened ahead of time are not waited for. */
function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
