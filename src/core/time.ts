import { CrmError } from './errors.ts'

/** The last moment that RFC 3339, whose years have four digits, can name; Unix milliseconds. */
export const LAST_TIME_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** RFC 3339 in UTC with `Z` and milliseconds, from Unix milliseconds. */
export function toTimestamp(unixMs: number): string {
  return new Date(unixMs).toISOString()
}

/** A time of {@link toTimestamp} as a part of a file's name: `2026-11-27T15-30-00Z`. */
export function timeInName(at: string): string {
  return at.replace(/\.\d+Z$/, 'Z').replaceAll(':', '-')
}

/** A timer of more than 2^31 - 1 ms (24.8 days) would ring at once. */
export const LONGEST_TIMER_MS = 2_147_483_647

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * A duration as people type it (`500ms`, `90s`, `15m`, `2h`, `7d`) in milliseconds.
 * @throws {CrmError} `usage` for anything else, a bare number included: it names the units.
 */
export function parseDuration(text: string): number {
  const match = /^(\d+)(ms|s|m|h|d)$/.exec(text.trim())
  const unit = match?.[2] === undefined ? undefined : UNIT_MS[match[2]]
  if (match?.[1] === undefined || unit === undefined) {
    throw new CrmError('usage', 'a duration is a whole number with a unit', { hint: 'use one of: 500ms, 90s, 15m, 2h, 7d' })
  }
  if (match[1].length > 9) {
    throw new CrmError('usage', 'a duration has at most nine digits', { hint: 'use a larger unit: 500ms, 90s, 15m, 2h, 7d' })
  }
  return Number(match[1]) * unit
}

/** A limit for people, as exact as it was set: `60 ms`, `0.2 s`, `90 s`. */
export function inSeconds(ms: number): string {
  return ms < 100 ? `${Math.round(ms)} ms` : `${Number((ms / 1_000).toFixed(1))} s`
}
