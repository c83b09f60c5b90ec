import type { DoctorAnswer, DoctorFinding } from '../../core/answers.ts'
import { CrmError, type ErrorCode } from '../../core/errors.ts'

/** What one look at one thing found. */
export type Finding = DoctorFinding

/** It is as it should be. */
export function ok(id: string, detail: string): Finding {
  return { id, state: 'ok', detail, cause: null, fix: null }
}

/** Something that works and may surprise. */
export function warning(id: string, detail: string, fix: string): Finding {
  return { id, state: 'warning', detail, cause: null, fix }
}

/** Something that keeps commands from working. */
export function problem(id: string, cause: ErrorCode, detail: string, fix: string): Finding {
  return { id, state: 'problem', detail, cause, fix }
}

/** What could not be looked at, and why. */
export function skipped(id: string, detail: string): Finding {
  return { id, state: 'skipped', detail, cause: null, fix: null }
}

/** A failure that a command would end with, as a problem. Anything else is a bug, and thrown on. */
export function problemOf(id: string, thrown: unknown, fix = 'see what it means with: crm help exit-codes'): Finding {
  if (!(thrown instanceof CrmError) || thrown.code === 'cancelled') throw thrown
  const detail = thrown.reason === undefined ? thrown.message : `${thrown.message}: ${thrown.reason}`
  return problem(id, thrown.code, detail, thrown.hint ?? fix)
}

/** Runs a look that may fail as commands do. */
export async function look(id: string, act: () => Promise<Finding> | Finding): Promise<Finding> {
  try {
    return await act()
  } catch (error) {
    return problemOf(id, error)
  }
}

/** How many of each state. */
export function summaryOf(checks: readonly Finding[]): DoctorAnswer['summary'] {
  const count = (state: Finding['state']): number => checks.filter((check) => check.state === state).length
  return { ok: count('ok'), warnings: count('warning'), problems: count('problem'), skipped: count('skipped') }
}

/** The failure of the command: the cause that all problems share, else `checks_failed`; undefined when there is none. */
export function doctorError(checks: readonly Finding[]): CrmError | undefined {
  const problems = checks.filter(({ state }) => state === 'problem')
  const [first] = problems
  if (first === undefined) return undefined
  const causes = new Set(problems.map(({ cause }) => cause))
  const message = problems.length === 1 ? `${first.id}: ${first.detail}` : `${problems.length} checks found a problem`
  return new CrmError(causes.size === 1 ? (first.cause ?? 'checks_failed') : 'checks_failed', message, {
    ...(first.fix === null ? {} : { hint: first.fix }),
    retryable: false,
  })
}
