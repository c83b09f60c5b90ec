import { setTimeout as sleep } from 'node:timers/promises'
import { CrmError } from '../core/errors.ts'
import type { Clock, Http, HttpRequest, HttpResponse } from '../core/ports.ts'
import { backoffMs, retryAfterMs } from './retry.ts'

/** How many requests go to one origin. */
export interface Pace {
  readonly clock: Clock
  /** Most requests under way at a time. */
  readonly concurrency: number
  /** Most requests in any minute. */
  readonly perMinute: number
  /** Called when an origin asks for a pause, with its length in milliseconds. */
  readonly onPause?: (origin: string, waitMs: number) => void
  /** When everything must be done, in Unix milliseconds: a pause beyond it is not waited for, and the refusal is the answer. */
  readonly deadlineMs?: number
  /** Upper end of the first pause, in milliseconds; doubled for the next. Default 1,000. */
  readonly pauseBaseMs?: number
}

const MINUTE_MS = 60_000
/** Tries of a request that is answered with 429: their pauses reach over a window of one minute. */
const TRIES = 9
const LONGEST_PAUSE_MS = 15_000

/**
 * A network client that keeps to a pace at each origin. An answer 429 pauses everything to its origin: as long as `Retry-After` says, else
 * longer each time; then the request is sent again, a write, too: it was refused before anything was done. A `Retry-After` above 30 s is
 * not waited for.
 */
export function paced(http: Http, pace: Pace): Http {
  const gates = new Map<string, Gate>()
  return (request) => {
    const gate = gates.get(request.url.origin) ?? new Gate(http, pace, request.url.origin)
    gates.set(request.url.origin, gate)
    return gate.send(request)
  }
}

/** Longest `Retry-After` that is waited for, in milliseconds. */
const MAX_RETRY_AFTER_MS = 30_000

class Gate {
  readonly #http: Http
  readonly #pace: Pace
  readonly #origin: string
  readonly #waiting: (() => void)[] = []
  /** When the requests of the last minute were sent. */
  readonly #sent: number[] = []
  #running = 0
  #pausedUntil = 0

  constructor(http: Http, pace: Pace, origin: string) {
    this.#http = http
    this.#pace = pace
    this.#origin = origin
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    let refused: HttpResponse | undefined
    for (let tried = 1; ; tried += 1) {
      const response = await this.#sendOnce(request).catch((error: unknown) => this.#overtaken(error, refused))
      const wait = response.status === 429 && tried < TRIES ? this.#waitAfter(response, tried) : undefined
      if (wait === undefined) return response
      refused = response
      const until = this.#pace.clock() + wait
      if (until > (this.#pace.deadlineMs ?? Number.POSITIVE_INFINITY)) return response
      if (until > this.#pausedUntil) {
        this.#pausedUntil = until
        this.#pace.onPause?.(this.#origin, wait)
      }
    }
  }

  /** The time of the command may end while a limit is waited out: then the limit is what kept the request from being answered. */
  #overtaken(error: unknown, refused: HttpResponse | undefined): HttpResponse {
    const isOver = this.#pace.clock() >= (this.#pace.deadlineMs ?? Number.POSITIVE_INFINITY)
    if (refused === undefined || !isOver || !(error instanceof CrmError) || error.code !== 'unreachable') throw error
    return refused
  }

  async #sendOnce(request: HttpRequest): Promise<HttpResponse> {
    await this.#enter(request.signal)
    try {
      await this.#untilAllowed(request.signal)
      return await this.#http(request)
    } finally {
      this.#running -= 1
      this.#waiting.shift()?.()
    }
  }

  #waitAfter(response: HttpResponse, tried: number): number | undefined {
    const asked = retryAfterMs(response, this.#pace.clock())
    if (asked !== undefined) return asked > MAX_RETRY_AFTER_MS ? undefined : asked
    const base = this.#pace.pauseBaseMs ?? 1_000
    // Never less than half of it: a limit of requests in a minute is not over at once.
    return Math.min(LONGEST_PAUSE_MS, base * 2 ** (tried - 1)) / 2 + Math.min(LONGEST_PAUSE_MS / 2, backoffMs(tried, base / 2))
  }

  /** Takes one of the places. */
  async #enter(signal: AbortSignal | undefined): Promise<void> {
    while (this.#running >= this.#pace.concurrency) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          signal?.removeEventListener('abort', wake)
          const index = this.#waiting.indexOf(wake)
          if (index >= 0) this.#waiting.splice(index, 1)
          resolve()
        }
        this.#waiting.push(wake)
        signal?.addEventListener('abort', wake, { once: true })
      })
      if (signal?.aborted === true) {
        // The place that was offered goes to the next one.
        if (this.#running < this.#pace.concurrency) this.#waiting.shift()?.()
        throw endedBy(signal)
      }
    }
    this.#running += 1
  }

  /** Waits for the end of a pause, and for room in the minute. */
  async #untilAllowed(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      const now = this.#pace.clock()
      const { perMinute } = this.#pace
      const oldest = this.#sent.length >= perMinute ? (this.#sent[this.#sent.length - perMinute] ?? 0) : 0
      const wait = Math.max(this.#pausedUntil - now, oldest === 0 ? 0 : oldest + MINUTE_MS - now)
      if (wait <= 0) {
        this.#sent.push(now)
        if (this.#sent.length > 2 * perMinute) this.#sent.splice(0, this.#sent.length - perMinute)
        return
      }
      await sleep(wait, undefined, signal === undefined ? {} : { signal }).catch(() => {
        throw signal === undefined ? new CrmError('cancelled', 'the request was cancelled') : endedBy(signal)
      })
    }
  }
}

function endedBy(signal: AbortSignal): CrmError {
  if (signal.reason instanceof CrmError) return signal.reason
  return new CrmError('unreachable', 'the time for the request was over before it could be sent', { cause: signal.reason })
}
