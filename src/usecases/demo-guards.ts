/** What has to hold before a demo is made or changed, whichever command does it. */
import type { DemoFound } from '../chatwoot/demo-find.ts'
import { type DemoTarget, otherAccount } from '../chatwoot/demo-target.ts'
import type { DemoRecord } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import type { TestReport } from '../core/provider.ts'

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

/** Ids mean nothing in another account: the demo is there, or its integration was edited. @throws {CrmError} `conflict`. */
export function refuseOtherAccount(record: DemoRecord | undefined, account: string, { inbox, bot }: DemoFound): void {
  if (record === undefined || record.account === account || record.status === 'removed' || inbox !== null || bot !== null) return
  throw otherAccount(record, account)
}

const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/

/** Whether a text is an end that a demo may be given: a time with its zone, a date, or `never`. */
export function isEnd(text: string): boolean {
  return text === 'never' || (TIME.test(text) && !Number.isNaN(Date.parse(text)))
}

/** The next sweep would take a demo whose end is past. @throws {CrmError} `usage`. */
export function refusePast(expires: string, nowMs: number): void {
  if (Date.parse(expires) > nowMs) return
  throw new CrmError('usage', 'the demo would be over at once', {
    reason: `it would end at ${expires}`,
    hint: 'give a time to come, or a lifetime with --ttl 7d',
  })
}
