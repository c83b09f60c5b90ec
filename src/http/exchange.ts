import type Agent from 'undici/types/agent'
import type Dispatcher from 'undici/types/dispatcher'
import { CrmError } from '../core/errors.ts'
import type { Clock, HttpRequest, HttpResponse } from '../core/ports.ts'
import { Secret } from '../core/secret.ts'
import { BodyCollector } from './body.ts'
import { Breach } from './breach.ts'
import type { Deadlines } from './failure.ts'
import { redirectError } from './redirect.ts'

const DEFAULT_MAX_BYTES = 8 * 1024 * 1024

/** One try of a request: what to send and when to give up. */
export interface Try {
  readonly request: HttpRequest
  readonly userAgent: string
  readonly deadlines: Deadlines
  readonly clock: Clock
  /** Ends the try at once; its reason becomes the error. */
  readonly signal: AbortSignal
}

/** How a try ended: with an answer, or with what went wrong and whether a byte of the request may have been sent. */
export type Outcome = { readonly response: HttpResponse } | { readonly cause: unknown; readonly sent: boolean }

/** Sends a request once. Never rejects. */
export function exchange(agent: Agent, one: Try): Promise<Outcome> {
  if (one.signal.aborted) return Promise.resolve({ cause: one.signal.reason, sent: false })
  return new Promise((resolve) => {
    const handler = new Exchange(one, resolve)
    try {
      agent.dispatch(
        {
          origin: one.request.url.origin,
          path: one.request.url.pathname + one.request.url.search,
          method: one.request.method,
          headers: outgoingHeaders(one),
          body: one.request.body ?? null,
        },
        handler,
      )
    } catch (cause) {
      handler.fail(cause)
    }
  })
}

/** Names and values in turn. This is the one place where a secret becomes bytes for the wire. */
function outgoingHeaders({ request, userAgent }: Try): string[] {
  const headers = new Map([['user-agent', userAgent]])
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    headers.set(name.toLowerCase(), value instanceof Secret ? value.reveal() : value)
  }
  headers.set('accept-encoding', 'identity')
  return [...headers].flat()
}

/** What hands over the answers that have ended, the first of which has its turn next. */
const ended: (() => void)[] = []

/**
 * Hands over one answer in each turn of the event loop. undici takes a connection back in an immediate that it sets after an answer has
 * ended: a moment earlier, the next request would open a connection of its own. It looks at the connection once more in another immediate
 * before it writes: of many answers that came at once, all would be worked on before the first request that follows from them goes out.
 */
function handOver(settle: () => void): void {
  if (ended.push(settle) === 1) queueMicrotask(() => setImmediate(nextTurn))
}

function nextTurn(): void {
  const settle = ended.shift()
  if (ended.length > 0) setImmediate(nextTurn)
  settle?.()
}

/** Follows one exchange from the queue to its last byte, and settles once. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #try: Try
  readonly #resolve: (outcome: Outcome) => void
  readonly #body: BodyCollector
  readonly #cancel = () => this.fail(this.#try.signal.reason)
  #controller: Dispatcher.DispatchController | undefined
  #timer: NodeJS.Timeout | undefined
  #settled = false
  #sent = false
  #startedAt = 0
  #status = 0
  #headers: HttpResponse['headers'] = {}

  constructor(one: Try, resolve: (outcome: Outcome) => void) {
    this.#try = one
    this.#resolve = resolve
    this.#body = new BodyCollector(one.request.maxBytes ?? DEFAULT_MAX_BYTES)
    one.signal.addEventListener('abort', this.#cancel, { once: true })
  }

  /** Gives up: the connection is destroyed with whatever is still on its way. */
  fail(cause: unknown): void {
    this.#settle({ cause, sent: this.#sent })
    this.#controller?.abort(cause instanceof Error ? cause : new Error('given up'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Given up while it waited for a connection: aborting here keeps it from being sent.
    if (this.#settled) {
      controller.abort(new Error('given up'))
      return
    }
    this.#controller = controller
    this.#sent = true
    this.#startedAt = this.#try.clock()
    this.#arm('headers', this.#try.deadlines.headersMs)
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // An interim answer (1xx) does not extend the deadline of the final one.
    if (this.#settled || status < 200) return
    this.#status = status
    this.#headers = joinHeaders(headers)
    const refusal = this.#refusal()
    if (refusal === undefined) this.#arm('idle', this.#try.deadlines.idleMs)
    else this.fail(refusal)
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return
    if (this.#body.add(chunk)) this.#timer?.refresh()
    else this.fail(this.#tooLarge())
  }

  onResponseEnd(): void {
    const latencyMs = Math.max(0, Math.round(this.#try.clock() - this.#startedAt))
    const response = { status: this.#status, headers: this.#headers, body: this.#body.bytes(), latencyMs }
    clearTimeout(this.#timer)
    // It is whole: no deadline takes it away any more.
    this.#try.signal.removeEventListener('abort', this.#cancel)
    handOver(() => this.#settle({ response }))
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#settle({ cause: error, sent: this.#sent })
  }

  #settle(outcome: Outcome): void {
    if (this.#settled) return
    this.#settled = true
    clearTimeout(this.#timer)
    this.#try.signal.removeEventListener('abort', this.#cancel)
    this.#resolve(outcome)
  }

  #arm(limit: 'headers' | 'idle', milliseconds: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.fail(new Breach(limit)), milliseconds)
  }

  /** Why the answer is not read further, judged by its head. */
  #refusal(): CrmError | undefined {
    const { request } = this.#try
    if (this.#status >= 300 && this.#status < 400) return redirectError(request.url, this.#status, this.#headers.location)
    const encoding = this.#headers['content-encoding']?.trim().toLowerCase() ?? ''
    if (encoding !== '' && encoding !== 'identity') {
      return new CrmError('provider_error', `${request.url.host} sent a compressed answer`, {
        reason: 'it was asked for plain data only, and compressed data can grow a thousandfold',
        hint: 'turn off compression for this client on the server or the proxy in front of it',
      })
    }
    const announced = request.method === 'HEAD' ? 0 : Number(this.#headers['content-length'] ?? 0)
    return announced > this.#body.maxBytes ? this.#tooLarge() : undefined
  }

  #tooLarge(): CrmError {
    const { host } = this.#try.request.url
    return new CrmError('provider_error', `the answer of ${host} is too large`, {
      reason: `more than ${this.#body.maxBytes} bytes are not read`,
      hint: 'check that the base URL is the address of the API: crm edit {name} --base-url <url>',
    })
  }
}

/** Headers without a prototype, so that a name sent by the server finds nothing but headers. */
function joinHeaders(headers: Record<string, string | string[] | undefined>): HttpResponse['headers'] {
  const joined: Record<string, string> = Object.create(null)
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return joined
}
