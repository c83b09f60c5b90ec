import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import Agent from 'undici/lib/dispatcher/agent.js'
import { CrmError } from '../core/errors.ts'
import type { Clock, Http, HttpRequest, HttpResponse } from '../core/ports.ts'
import { Breach } from './breach.ts'
import { createConnector, type Resolve } from './connect.ts'
import { exchange, type Outcome } from './exchange.ts'
import { type Deadlines, describeFailure, type Failure } from './failure.ts'
import { refuseAddress, refuseHeaders } from './guard.ts'
import type { ProxyRules, TunnelProxy } from './proxy-rules.ts'
import { backoffMs, isRead, waitAfter } from './retry.ts'
import type { Tls } from './tls.ts'

/** Bytes of headers that are read of one answer. */
const MAX_HEADER_BYTES = 32 * 1024

const DEFAULT_TRIES = 3

const DEFAULT_DEADLINES: Deadlines = { connectMs: 10_000, headersMs: 15_000, idleMs: 10_000, requestMs: 30_000 }

/** How the network client works. Every value is optional but the clock; nothing is read from the environment. */
export interface HttpOptions {
  readonly clock: Clock
  /** Most connections to one origin at a time; default 32. */
  readonly connections?: number
  /** PEM certificates trusted besides those that Node trusts, which include the file of `NODE_EXTRA_CA_CERTS`. */
  readonly extraCa?: string
  /** Which proxy leads to a server; default: none does. See `proxyRules`. */
  readonly proxies?: ProxyRules
  /** Deadlines to use instead of the defaults. */
  readonly deadlines?: Partial<Deadlines>
  /** Upper end of the first wait before a repeated read, in milliseconds; doubled for the next. Default 500. */
  readonly retryBaseMs?: number
  /** How names are resolved; default: as the operating system does. */
  readonly resolve?: Resolve
  /** Sent as `user-agent`, such as `crm/1.2.0`; default `crm`. */
  readonly userAgent?: string
  /** Gets one line for each try: method, address without query, status or failure, time. Never a header, a query or a body. */
  readonly log?: (line: string) => void
}

/** The network client of one run. */
export interface HttpClient {
  readonly request: Http
  /** Closes all connections. What is still under way fails. */
  close(): Promise<void>
}

/** Opens the network client. Connections are kept and reused until {@link HttpClient.close}. */
export function createHttp(options: HttpOptions): HttpClient {
  const client = new NetworkClient(options)
  return { request: (request) => client.send(request), close: () => client.close() }
}

/** How one try ended, in words. */
type Result = { readonly response: HttpResponse } | (Failure & { readonly sent: boolean })

class NetworkClient {
  readonly #options: HttpOptions
  readonly #deadlines: Deadlines
  readonly #agents = new Map<string, Agent>()
  readonly #sockets = new Set<Socket>()
  readonly #runs = new Set<AbortController>()
  #createTls: typeof import('./tls.ts').createTls | undefined
  /** By the certificates that are trusted besides those of the client, empty where there are none. */
  readonly #tls = new Map<string, Tls>()
  #openTunnel: typeof import('./tunnel.ts').openTunnel | undefined

  constructor(options: HttpOptions) {
    this.#options = options
    this.#deadlines = { ...DEFAULT_DEADLINES, ...options.deadlines }
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    refuseAddress(request)
    refuseHeaders(request)
    if (request.url.protocol === 'https:') this.#createTls ??= (await import('./tls.ts')).createTls
    if (this.#proxyTo(request.url) !== undefined) this.#openTunnel ??= (await import('./tunnel.ts')).openTunnel
    if (request.signal?.aborted === true) throw this.#describe(endedBy(request.signal), request.url, this.#deadlines).error
    const deadlines = { ...this.#deadlines, requestMs: request.timeoutMs ?? this.#deadlines.requestMs }
    const run = new AbortController()
    const cancel = () => run.abort(endedBy(request.signal))
    this.#runs.add(run)
    const timer = setTimeout(() => run.abort(new Breach('request')), deadlines.requestMs)
    request.signal?.addEventListener('abort', cancel, { once: true })
    try {
      return await this.#sendUntilDone(request, deadlines, run.signal)
    } finally {
      clearTimeout(timer)
      this.#runs.delete(run)
      request.signal?.removeEventListener('abort', cancel)
    }
  }

  async close(): Promise<void> {
    for (const run of this.#runs) run.abort(new CrmError('cancelled', 'the network client was closed'))
    const agents = [...this.#agents.values()]
    this.#agents.clear()
    // undici waits for a connection that is still being opened, up to its deadline; its socket is closed here.
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(agents.map((agent) => agent.destroy()))
  }

  async #sendUntilDone(request: HttpRequest, deadlines: Deadlines, signal: AbortSignal): Promise<HttpResponse> {
    const endsAt = this.#options.clock() + deadlines.requestMs
    const tries = request.tries ?? DEFAULT_TRIES
    let earlier: Failure | undefined
    for (let tried = 1; ; tried++) {
      const result = await this.#tryOnce(request, deadlines, signal, earlier)
      const wait = tried < tries ? this.#waitAfter(result, request, tried) : undefined
      if (wait === undefined || this.#options.clock() + wait >= endsAt) {
        if ('error' in result) throw result.error
        return this.#withIssuer(result.response, request)
      }
      earlier = 'error' in result ? result : undefined
      this.#options.log?.(`repeat in ${wait} ms (try ${tried + 1} of ${tries})`)
      await sleep(wait, undefined, { signal }).catch(() => {
        throw this.#judge(signal.reason, request, deadlines, earlier).error
      })
    }
  }

  #withIssuer(response: HttpResponse, { url, ca = '' }: HttpRequest): HttpResponse {
    const tlsIssuer = this.#tls.get(ca)?.issuers.get(url.origin)
    return tlsIssuer === undefined ? response : { ...response, tlsIssuer }
  }

  async #tryOnce(request: HttpRequest, deadlines: Deadlines, signal: AbortSignal, earlier: Failure | undefined): Promise<Result> {
    const { clock, log, userAgent = 'crm' } = this.#options
    const startedAt = clock()
    const outcome = await exchange(this.#agent(request), { request, userAgent, deadlines, clock, signal })
    log?.(logLine(request, outcome, clock() - startedAt))
    return 'cause' in outcome ? { ...this.#judge(outcome.cause, request, deadlines, earlier), sent: outcome.sent } : outcome
  }

  /** The failure to report. When the time for all tries is over, the failure of an earlier try says more than the clock. */
  #judge(cause: unknown, request: HttpRequest, deadlines: Deadlines, earlier: Failure | undefined): Failure {
    const timeIsOver = cause instanceof Breach && cause.limit === 'request'
    if (timeIsOver && earlier !== undefined) return { ...earlier, passing: false }
    const failure = this.#describe(cause, request.url, deadlines)
    return timeIsOver ? { ...failure, passing: false } : failure
  }

  /** Milliseconds until the next try; undefined when there is to be none. */
  #waitAfter(result: Result, request: HttpRequest, tried: number): number | undefined {
    const base = this.#options.retryBaseMs ?? 500
    const reads = isRead(request.method)
    if ('response' in result) return reads ? waitAfter(result.response, tried, base, this.#options.clock()) : undefined
    return result.passing && (reads || !result.sent) ? backoffMs(tried, base) : undefined
  }

  #describe(cause: unknown, url: URL, deadlines: Deadlines): Failure {
    return describeFailure(cause, url, deadlines, this.#proxyTo(url))
  }

  /** @throws {CrmError} `usage` when the rules name something that is no proxy. */
  #proxyTo(url: URL): TunnelProxy | undefined {
    return url.protocol === 'https:' ? this.#options.proxies?.(url) : undefined
  }

  /**
   * One agent for each address rule and each set of authorities: a connection that was opened without the check of private networks,
   * or on the word of an authority that another integration trusts, is not used where that is not so.
   */
  #agent({ publicOnly = false, ca = '' }: HttpRequest): Agent {
    const key = `${publicOnly} ${ca}`
    const existing = this.#agents.get(key)
    if (existing !== undefined) return existing
    const connect = createConnector({
      tls: () => this.#openTls(ca),
      proxies: (url) => this.#proxyTo(url),
      proxyTls: () => this.#openTls(''),
      tunnel: () => this.#openTunnel ?? missing('a tunnel'),
      connectMs: this.#deadlines.connectMs,
      publicOnly,
      ...(this.#options.resolve === undefined ? {} : { resolve: this.#options.resolve }),
      onSocket: (socket) => {
        this.#sockets.add(socket)
        socket.once('close', () => this.#sockets.delete(socket))
      },
    })
    const agent = new Agent({
      connect,
      connections: this.#options.connections ?? 32,
      allowH2: false,
      maxHeaderSize: MAX_HEADER_BYTES,
      // The deadlines are kept by the exchange, which counts them from the right moment and to the millisecond.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    this.#agents.set(key, agent)
    return agent
  }

  #openTls(ca: string): Tls {
    const existing = this.#tls.get(ca)
    if (existing !== undefined) return existing
    const trusted = [this.#options.extraCa ?? '', ca].filter((pem) => pem !== '').join('\n')
    const tls = (this.#createTls ?? missing('TLS'))(trusted === '' ? undefined : trusted)
    this.#tls.set(ca, tls)
    return tls
  }
}

function missing(what: string): never {
  throw new CrmError('internal', `${what} was asked for before it was loaded`)
}

/** The error of a request that was ended from outside. An error of ours that ended it is passed on as it is. */
function endedBy(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason
  if (reason instanceof CrmError) return reason
  if (reason instanceof Error && reason.name === 'TimeoutError') return new Breach('request')
  return new CrmError('cancelled', 'the request was cancelled')
}

/** `GET https://host/path?… -> 200, 1234 bytes in 53 ms`. */
function logLine({ method, url }: HttpRequest, outcome: Outcome, milliseconds: number): string {
  const address = `${url.origin}${url.pathname}${url.search === '' ? '' : '?…'}`
  const result = 'response' in outcome ? `${outcome.response.status}, ${outcome.response.body.length} bytes` : failureName(outcome.cause)
  return `${method} ${address} -> ${result} in ${Math.round(milliseconds)} ms`
}

function failureName(cause: unknown): string {
  if (cause instanceof CrmError) return cause.code
  if (cause instanceof Breach) return `time-out (${cause.limit})`
  const code = (cause as { readonly code?: unknown } | null)?.code
  return typeof code === 'string' ? code : 'failed'
}
