import type { HttpMethod, HttpResponse } from '../core/ports.ts'

/** Longest `Retry-After` that is waited for, in milliseconds; a longer one ends the request with the answer at hand. */
const MAX_RETRY_AFTER_MS = 30_000

/** Statuses that ask to come back later. */
const COME_BACK = new Set([429, 503])

/** Whether a method only reads, so that doing it twice does no harm. */
export function isRead(method: HttpMethod): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** Milliseconds that `Retry-After` (RFC 9110 section 10.2.3: seconds or a date) asks to wait; undefined when there is none to read. */
export function retryAfterMs(response: HttpResponse, nowMs: number): number | undefined {
  const text = response.headers['retry-after']?.trim()
  if (text === undefined) return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000
  // Date.parse reads far more than HTTP's dates, which all end in GMT.
  const date = text.endsWith('GMT') ? Date.parse(text) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs)
}

/** Full jitter: any time up to the base delay, doubled with each try before. `tried` counts the tries so far, from 1. */
export function backoffMs(tried: number, baseMs: number): number {
  return Math.round(Math.random() * baseMs * 2 ** (tried - 1))
}

/** Milliseconds to wait before a read is repeated because of its answer; undefined when the answer stands. */
export function waitAfter(response: HttpResponse, tried: number, baseMs: number, nowMs: number): number | undefined {
  if (!COME_BACK.has(response.status)) return undefined
  const asked = retryAfterMs(response, nowMs)
  if (asked === undefined) return backoffMs(tried, baseMs)
  return asked > MAX_RETRY_AFTER_MS ? undefined : asked
}
