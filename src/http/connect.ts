import { type LookupAddress, type LookupAllOptions, lookup as systemLookup } from 'node:dns'
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net'
import { isLoopbackAddress, isPublicAddress } from '../core/address.ts'
import { CrmError } from '../core/errors.ts'
import { isPrivateName } from '../core/host.ts'
import { Breach } from './breach.ts'
import type { ProxyRules, TunnelProxy } from './proxy-rules.ts'
import type { Tls, TlsTarget } from './tls.ts'
import type { openTunnel } from './tunnel.ts'

/** What undici asks a connector for. */
export interface ConnectRequest {
  /** With the port where it is not the scheme's own. */
  readonly host?: string
  readonly hostname: string
  readonly protocol: string
  readonly port: string
}

/** Called once, with an error or with a connection that is ready for the request. */
export type ConnectCallback = (...result: [null, Socket] | [Error, null]) => void

/** Opens the connection that undici asks for. */
export type Connector = (request: ConnectRequest, callback: ConnectCallback) => Socket

/** Finds all addresses of a name. */
export type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/** What a connector needs to know. */
export interface ConnectorOptions {
  /** Opens TLS connections to servers; called for `https:` only. */
  readonly tls: () => Tls
  /** Which proxy leads to a server, how TLS is spoken to the proxy itself, and what asks it for a tunnel; called for `https:` only. */
  readonly proxies: ProxyRules
  readonly proxyTls: () => Tls
  readonly tunnel: () => typeof openTunnel
  /** Milliseconds until the connection, its TLS handshake included, must stand. */
  readonly connectMs: number
  /** Refuse addresses that are not public. */
  readonly publicOnly: boolean
  /** How names are resolved; default: as the operating system does. */
  readonly resolve?: Resolve
  /** Told of every socket, so that all can be closed at the end. */
  readonly onSocket: (socket: Socket) => void
}

/** Why an address may not be connected to; undefined when it may. */
type AddressRule = (address: string) => Error | undefined

/**
 * A connector that opens a connection only to addresses that the scheme and the integration allow. The resolved address is
 * checked and that very address is used, so a name that resolves differently a moment later gains nothing (DNS rebinding).
 * Through a proxy the proxy resolves the name, and only what is written in it can be checked (see {@link refuseHost}).
 */
export function createConnector(options: ConnectorOptions): Connector {
  return (request, callback) => {
    const secure = request.protocol === 'https:'
    const rule = addressRule(request, options.publicOnly)
    const target: TlsTarget = {
      origin: `${request.protocol}//${request.host ?? request.hostname}`,
      host: request.hostname.replace(/^\[|\]$/g, ''),
      port: request.port === '' ? (secure ? 443 : 80) : Number(request.port),
      lookup: checkedLookup(options.resolve ?? systemLookup, rule),
    }
    const proxy = secure ? options.proxies(new URL(target.origin)) : undefined
    const attempt = new Attempt(options, callback)
    if (proxy !== undefined) return connectThrough(proxy, target, options, attempt)
    const socket = secure ? options.tls().connect(target) : connectTcp(target)
    attempt.await(socket, secure ? 'secureConnect' : 'connect', () => rule?.(socket.remoteAddress ?? ''))
    return socket
  }
}

/** Goes to the proxy, asks it for a tunnel, and speaks TLS with the server through it. */
function connectThrough(proxy: TunnelProxy, target: TlsTarget, options: ConnectorOptions, attempt: Attempt): Socket {
  const { hostname: host, port } = proxy
  const lookup = checkedLookup(options.resolve ?? systemLookup, undefined)
  const origin = `${proxy.protocol}//${proxy.shown}`
  const socket =
    proxy.protocol === 'https:' ? options.proxyTls().connect({ origin, host, port, lookup }) : connectTcp({ host, port, lookup })
  attempt.watch(socket)
  const authority = `${isIP(target.host) === 6 ? `[${target.host}]` : target.host}:${target.port}`
  options.tunnel()(proxy, socket, authority, (failure, over) => {
    if (over === null) attempt.settle(failure, null)
    else attempt.await(options.tls().connect({ ...target, over }), 'secureConnect')
  })
  return socket
}

/** One connection in the making: its deadline runs from the first socket to the last handshake, and it settles once. */
class Attempt {
  readonly #options: ConnectorOptions
  readonly #callback: ConnectCallback
  readonly #deadline: NodeJS.Timeout
  #socket: Socket | undefined
  #settled = false

  constructor(options: ConnectorOptions, callback: ConnectCallback) {
    this.#options = options
    this.#callback = callback
    this.#deadline = setTimeout(() => this.#socket?.destroy(new Breach('connect')), options.connectMs)
  }

  /** Makes a socket the one that is closed when the time is over. */
  watch(socket: Socket): void {
    this.#socket = socket
    this.#options.onSocket(socket)
    socket.setNoDelay(true)
  }

  /** Settles when this last socket stands, fails, or is refused. */
  await(socket: Socket, ready: 'connect' | 'secureConnect', refuse?: () => Error | undefined): void {
    const fail = (error: Error) => this.settle(error, null)
    // Closed before it stood and without an error: by us, at the end of the run.
    const closed = () => fail(new Breach('connect'))
    this.watch(socket)
    socket.once('error', fail).once('close', closed)
    socket.once(ready, () => {
      const refusal = refuse?.()
      if (refusal !== undefined) return void socket.destroy(refusal)
      socket.off('error', fail).off('close', closed)
      this.settle(null, socket)
    })
  }

  settle(...result: Parameters<ConnectCallback>): void {
    clearTimeout(this.#deadline)
    if (!this.#settled) this.#callback(...result)
    this.#settled = true
  }
}

function addressRule(request: ConnectRequest, publicOnly: boolean): AddressRule | undefined {
  if (publicOnly) return (address) => (isPublicAddress(address) ? undefined : privateAddress(request.hostname))
  if (request.protocol === 'http:') return (address) => (isLoopbackAddress(address) ? undefined : notLoopback(request.hostname))
  return undefined
}

/** Looks a name up and gives all its addresses, or the refusal of the first that the rule refuses. */
function checkedLookup(resolve: Resolve, rule: AddressRule | undefined): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses = []) => {
      const [first] = addresses
      const refusal = error ?? addresses.map(({ address }) => rule?.(address)).find((refused) => refused !== undefined)
      if (refusal !== undefined) callback(refusal as NodeJS.ErrnoException, '', 0)
      else if (options.all === true) callback(null, addresses)
      else callback(null, first?.address ?? '', first?.family ?? 0)
    })
  }
}

/** The refusal of a host that is written as an address or a name which needs no look-up to be refused; undefined when it may be tried. */
export function refuseHost(hostname: string, publicOnly: boolean): CrmError | undefined {
  if (!publicOnly) return undefined
  const address = hostname.replace(/^\[|\]$/g, '')
  const refused = isIP(address) === 0 ? isPrivateName(hostname) : !isPublicAddress(address)
  return refused ? privateAddress(hostname) : undefined
}

function privateAddress(hostname: string): CrmError {
  return new CrmError('usage', `the host ${hostname} is not on the public internet`, {
    reason: 'its address is loopback, link-local, private or reserved, which this integration may not reach',
    hint: 'if the server is yours: crm edit {name} --allow-private-network',
  })
}

function notLoopback(hostname: string): CrmError {
  return new CrmError('usage', `the host ${hostname} does not lead to this machine`, {
    reason: 'http is spoken to this machine only, and the name resolves to another address',
    hint: 'use an https address: crm edit {name} --base-url https://<host>',
  })
}
