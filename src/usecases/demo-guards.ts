/** What has to hold before a demo is made or changed, whichever command does it. */
import type { DemoFound } from '../chatwoot/demo-find.ts'
import { type DemoTarget, otherAccount } from '../chatwoot/demo-target.ts'
import type { DemoRecord } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import type { TestReport } from '../core/provider.ts'
import { LAST_TIME_MS, parseDuration, toTimestamp } from '../core/time.ts'

/** The token may make demos. @throws {CrmError} the cause of a failed test; `permission_denied` where nothing could be written. */
export function requireAdministrator(report: TestReport, target: DemoTarget): void {
  if (report.outcome === 'failed') {
    const hint = report.hint === null ? {} : { hint: report.hint }
    throw new CrmError(report.cause ?? 'provider_error', report.message ?? 'the connection test failed', hint)
  }
  if (report.checks.every(({ name, passed }) => name !== 'administrator' || passed)) return
  const role = report.identity?.role ?? 'not administrator'
  throw new CrmError('permission_denied', `the token of ${target.name} may not make demos`, {
    reason: `its user has the role ${role} in the account; inboxes and bots are made by administrators`,
    hint: 'use the token of an administrator: crm edit {name} --api-key-stdin',
  })
}

/**
 * Ids mean nothing in another account: the demo is there, or its integration was edited.
 * @param makes whether the demo is to be made.
 * @throws {CrmError} `conflict`.
 */
export function refuseOtherAccount(record: DemoRecord | undefined, account: string, { inbox, bot }: DemoFound, makes = false): void {
  if (record === undefined || record.account === account || record.status === 'removed' || inbox !== null || bot !== null) return
  throw otherAccount(record, account, makes)
}

const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/

/** What is wrong with a text as the end of a demo; undefined for one: a time with its zone, a date, or `never`. */
export function endProblem(text: string): string | undefined {
  if (text === 'never') return undefined
  if (!TIME.test(text)) return 'must be a time such as 2027-01-31T18:00:00Z, or never'
  const day = new Date(text.slice(0, 10))
  // `Date` takes 31 February for 3 March.
  const isDay = !Number.isNaN(day.getTime()) && toTimestamp(day.getTime()).startsWith(text.slice(0, 10))
  if (!isDay || Number.isNaN(Date.parse(text))) return 'must be a time that exists'
  return Date.parse(text) > LAST_TIME_MS ? 'must be before the year 10000' : undefined
}

/** What is wrong with a text as the lifetime of a demo, as far as it can be told without a clock; undefined for one. */
export function lifetimeProblem(text: string): string | undefined {
  try {
    const lifetimeMs = parseDuration(text)
    if (lifetimeMs === 0) return 'must be a duration such as 7d or 12h'
    return lifetimeMs > LAST_TIME_MS ? 'must end before the year 10000' : undefined
  } catch {
    return /\d{10}/.test(text) ? 'must be a duration of at most nine digits, such as 7d or 12h' : 'must be a duration such as 7d or 12h'
  }
}

/**
 * The end of a demo that lives so long from now, RFC 3339 UTC.
 * @throws {CrmError} `usage` for one that no time can name.
 */
export function endAfter(nowMs: number, lifetimeMs: number): string {
  if (nowMs + lifetimeMs <= LAST_TIME_MS) return toTimestamp(nowMs + lifetimeMs)
  throw new CrmError('usage', 'a demo has to end before the year 10000', { hint: 'give a shorter --ttl, or --expires never' })
}

/** The next sweep would take a demo whose end is past. @throws {CrmError} `usage`. */
export function refusePast(expires: string, nowMs: number): void {
  if (Date.parse(expires) > nowMs) return
  throw new CrmError('usage', 'the demo would be over at once', {
    reason: `it would end at ${expires}`,
    hint: 'give a time to come, or a lifetime with --ttl 7d',
  })
}
