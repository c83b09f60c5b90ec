const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Each unit up to where the next one begins. */
const UNITS: readonly (readonly [name: string, ms: number, below: number])[] = [
  ['second', SECOND_MS, MINUTE_MS],
  ['minute', MINUTE_MS, HOUR_MS],
  ['hour', HOUR_MS, DAY_MS],
  ['day', DAY_MS, 60 * DAY_MS],
  ['month', 30 * DAY_MS, 730 * DAY_MS],
  ['year', 365 * DAY_MS, Number.POSITIVE_INFINITY],
]

/**
 * How long ago a time was: `just now`, `3 minutes ago`, `2 days ago`. A time ahead of `now` by more than a minute, or one that
 * is not a time, comes back as it is: a clock was set back, and only the absolute form is true then.
 * @param timestamp RFC 3339.
 * @param now Unix milliseconds.
 */
export function relativeTime(timestamp: string, now: number): string {
  const age = now - Date.parse(timestamp)
  if (Number.isNaN(age) || age < -MINUTE_MS) return timestamp
  if (age < 5 * SECOND_MS) return 'just now'
  for (const [name, ms, below] of UNITS) {
    if (age >= below) continue
    const count = Math.floor(age / ms)
    return `${count} ${name}${count === 1 ? '' : 's'} ago`
  }
  return timestamp
}

/** A duration for people: `213 ms`, `1.4 s`, `2 min 5 s`. */
export function showDuration(ms: number): string {
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`
  if (ms < MINUTE_MS) return `${(ms / SECOND_MS).toFixed(1)} s`
  return `${Math.floor(ms / MINUTE_MS)} min ${Math.floor((ms % MINUTE_MS) / SECOND_MS)} s`
}
