/** The pace of commands that ask one server many things at once. */
import type { Http } from '../core/ports.ts'
import { paced } from '../http/pace.ts'
import type { App } from './app.ts'
import { parseWholeNumber } from './whole-number.ts'

/** Flags of a command that keeps to a pace. */
export interface PaceFlags {
  readonly concurrency?: string
  readonly rate?: string
}

/** Requests under way at a time, where nothing else is asked for. */
export const CONCURRENCY = 16
/** Requests in any minute to one server: what Chatwoot allows since 3.1 (contract section 3). */
export const PER_MINUTE = 3_000

/** Most time of a command that works on many demos: a server may allow 300 requests a minute and no more. */
export const LIMIT_MS = 30 * 60_000

/** What is kept of the time for saying how it ended: a pause that reaches into it is not waited for. */
const ENDING_MS = 1_000

/** The numbers among the flags. @throws {CrmError} `usage`. */
export function paceOf(flags: PaceFlags): { readonly concurrency: number; readonly perMinute: number } {
  const concurrency = flags.concurrency === undefined ? CONCURRENCY : parseWholeNumber(flags.concurrency, '--concurrency', 1, 256)
  const perMinute = flags.rate === undefined ? PER_MINUTE : parseWholeNumber(flags.rate, '--rate', 1, 1_000_000)
  return { concurrency, perMinute }
}

/**
 * The network at the pace that the flags ask for.
 * @param deadlineMs when everything must be done, in Unix milliseconds.
 */
export async function pacedHttp(app: App, flags: PaceFlags, deadlineMs = app.deadlineAfter(LIMIT_MS)): Promise<Http> {
  const { concurrency, perMinute } = paceOf(flags)
  const http = await app.http({ connections: Math.max(32, concurrency) })
  const onPause = (origin: string, waitMs: number): void => app.ui.step(`${origin} asks for a pause of ${Math.ceil(waitMs / 1000)} s`)
  return paced(http.request, { clock: app.world.clock, concurrency, perMinute, onPause, deadlineMs: deadlineMs - ENDING_MS })
}

/** The same for what only reads: its requests end with the time of the command. */
export async function pacedReads(app: App, flags: PaceFlags, deadlineMs = app.deadlineAfter(LIMIT_MS)): Promise<Http> {
  const { withDeadline } = await import('../http/deadline.ts')
  return withDeadline(await pacedHttp(app, flags, deadlineMs), app.world.clock, deadlineMs)
}
