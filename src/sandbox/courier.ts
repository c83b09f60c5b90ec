import { randomUUID } from 'node:crypto'
import { CrmError } from '../core/errors.ts'
import type { Clock, Http } from '../core/ports.ts'
import type { Delivery, DeliveryAttempt } from './records.ts'
import type { SandboxSettings } from './settings.ts'
import type { Timers } from './timers.ts'
import { hmacHex } from './tokens.ts'
import { compare, type Version } from './version.ts'

/** One event for one receiver. */
export interface Parcel {
  readonly receiver: Delivery['receiver']
  readonly receiverId: number
  readonly event: string
  /** As it was saved: it may be no URL at all. */
  readonly url: string
  readonly body: string
  /** Key of the signature; null where this release does not sign for this receiver. */
  readonly secret: string | null
  /** Whether this release tells this receiver the delivery's id. */
  readonly showsId: boolean
  /** How often it is tried while the answer is 429 or 500. */
  readonly tries: number
  /** Told why, when the last try has failed. */
  onFailure(error: string): void
}

/** What a courier works with. */
export interface CourierOptions {
  readonly http: Http
  readonly clock: Clock
  readonly timers: Timers
  readonly settings: SandboxSettings
  readonly version: Version
  /** Where deliveries are noted. */
  readonly deliveries: Delivery[]
}

/** How long parcels are held back where they are to arrive in the wrong order. */
const SHUFFLE_MS = 20
const MAX_REDIRECTS = 10

type OpenDelivery = { -readonly [Key in keyof Delivery]: Delivery[Key] } & { readonly attempts: DeliveryAttempt[] }

/** Carries events to bots, webhooks and API inboxes (contract, sections 11.2 and 11.4). */
export class Courier {
  readonly #options: CourierOptions
  readonly #running = new Set<Promise<void>>()
  /** One per attempt under way: a signal that hundreds listen to makes Node warn of a leak. */
  readonly #attempts = new Set<AbortController>()
  #held: Parcel[] = []

  constructor(options: CourierOptions) {
    this.#options = options
  }

  /** Takes a parcel and returns at once; the delivery runs in the background. */
  deliver(parcel: Parcel): void {
    if (!this.#options.settings.duplicateDelivery) {
      this.#track(this.#run(parcel, randomUUID()))
      return
    }
    this.#held.push(parcel)
    if (this.#held.length === 1) this.#track(this.#options.timers.wait(SHUFFLE_MS).then(() => this.#release()))
  }

  /** Resolves when nothing is under way any more, deliveries that others have caused included. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /** Gives up everything under way. */
  async close(): Promise<void> {
    for (const attempt of this.#attempts) attempt.abort()
    await this.idle()
  }

  /** Sends the held parcels backwards, then all of them once more, one after the other so that they arrive like this. */
  async #release(): Promise<void> {
    const parcels = this.#held.reverse().map((parcel) => ({ parcel, id: randomUUID() }))
    this.#held = []
    for (const { parcel, id } of [...parcels, ...parcels]) await this.#run(parcel, id)
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#running.delete(tracked))
    this.#running.add(tracked)
  }

  /** Delivers a parcel, with its repetitions. */
  async #run(parcel: Parcel, id: string): Promise<void> {
    const { timers, settings, deliveries } = this.#options
    const { receiver, receiverId, event, url } = parcel
    const delivery: OpenDelivery = { id, receiver, receiverId, event, url, state: 'waiting', attempts: [] }
    deliveries.push(delivery)
    while (!timers.closed) {
      const attempt = await this.#attempt(parcel, id)
      if (timers.closed) return
      delivery.attempts.push(attempt)
      const { status } = attempt
      if (status !== null && status >= 200 && status < 300) {
        delivery.state = 'delivered'
        return
      }
      if ((status !== 429 && status !== 500) || delivery.attempts.length >= parcel.tries) {
        delivery.state = 'failed'
        parcel.onFailure(attempt.error ?? `the receiver answered ${status}`)
        return
      }
      await timers.wait(settings.retryDelayMs)
    }
  }

  /** One request, with a time stamp of its own. */
  async #attempt(parcel: Parcel, id: string): Promise<DeliveryAttempt> {
    const at = this.#options.clock()
    if (!URL.canParse(parcel.url)) return { at, status: null, error: 'the address is not a URL' }
    const abort = new AbortController()
    this.#attempts.add(abort)
    try {
      return { at, status: await this.#post(new URL(parcel.url), parcel, headersOf(parcel, id, at), abort.signal), error: null }
    } catch (error) {
      return { at, status: null, error: error instanceof CrmError ? error.message : 'the network client failed' }
    } finally {
      this.#attempts.delete(abort)
    }
  }

  /**
   * Follows redirects with another POST since 4.14, at most ten; a redirect was a failure before. Every address is checked anew.
   * (The client names a redirect's target without its query, so that a query is lost here.)
   */
  async #post(url: URL, parcel: Parcel, headers: Record<string, string>, signal: AbortSignal, redirects = 0): Promise<number> {
    const { http, settings } = this.#options
    try {
      const answer = await http({
        method: 'POST',
        url,
        origin: url.origin,
        headers,
        body: parcel.body,
        timeoutMs: settings.deliveryTimeoutMs,
        publicOnly: this.#publicOnly(),
        tries: 1,
        signal,
      })
      return answer.status
    } catch (error) {
      const target = error instanceof CrmError ? error.redirectTo : undefined
      if (target === undefined || redirects === MAX_REDIRECTS || compare(this.#options.version, [4, 14, 0]) < 0) throw error
      return await this.#post(new URL(target), parcel, headers, signal, redirects + 1)
    }
  }

  /** 4.14.0 brought the guard of private networks, 4.14.1 the way to turn it off. */
  #publicOnly(): boolean {
    const { version, settings } = this.#options
    if (compare(version, [4, 14, 0]) < 0) return false
    return compare(version, [4, 14, 0]) === 0 || !settings.allowPrivateBots
  }
}

/** The signature covers the time stamp, a dot and the exact body; its key is the text of the secret. */
function headersOf(parcel: Parcel, id: string, at: number): Record<string, string> {
  const timestamp = String(Math.floor(at / 1_000))
  return {
    'content-type': 'application/json',
    accept: 'application/json',
    ...(parcel.showsId ? { 'x-chatwoot-delivery': id } : {}),
    ...(parcel.secret === null
      ? {}
      : { 'x-chatwoot-timestamp': timestamp, 'x-chatwoot-signature': `sha256=${hmacHex(parcel.secret, `${timestamp}.${parcel.body}`)}` }),
  }
}
