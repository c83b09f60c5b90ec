import { setTimeout as sleep } from 'node:timers/promises'
import type { DemoStepAnswer } from '../core/answers.ts'
import type { DemoStepKind } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import type { Http } from '../core/ports.ts'
import type { Warning } from '../core/provider.ts'
import { isMissing } from './answers.ts'
import { type Client, createClient } from './client.ts'
import type { Connection } from './connection.ts'
import type { Ledger } from './demo-journal.ts'
import type { DemoPlan, DemoPlanStep } from './demo-plan.ts'

/** What happens while a demo is made or removed, as it happens. */
export type DemoEvent =
  | { readonly type: 'test'; readonly integration: string }
  | { readonly type: 'plan'; readonly plan: DemoPlan; readonly dryRun: boolean }
  | { readonly type: 'warning'; readonly warning: Warning }
  | { readonly type: 'start'; readonly step: DemoStepAnswer }
  | { readonly type: 'end'; readonly step: DemoStepAnswer }
  /** Something failed; what this run made is being removed. */
  | { readonly type: 'undo'; readonly reason: string }
  | { readonly type: 'remove'; readonly objects: readonly DemoObject[] }

/** A remote object, for people and for the journal. */
export interface DemoObject {
  readonly kind: DemoStepKind
  readonly id: string
}

/** How long things may take, in milliseconds. */
export interface DemoLimits {
  /** For a deleted inbox to vanish. */
  readonly deletionMs: number
  /** For writes that are under way when the run is cancelled: cutting them off would leave their result unknown. */
  readonly settleMs: number
  /** For the effect of a write to show whose answer was lost. */
  readonly lookMs: number
  /** For undoing everything after a failure, and after a cancellation. */
  readonly undoMs: number
  readonly undoCancelledMs: number
  /** Before a call that undoes or removes something is tried once more. */
  readonly retryMs: number
}

/** The limits that hold where nothing else is asked for. */
export const DEMO_LIMITS: DemoLimits = {
  deletionMs: 30_000,
  settleMs: 5_000,
  lookMs: 3_000,
  undoMs: 30_000,
  undoCancelledMs: 10_000,
  retryMs: 300,
}

/** One run against one demo. */
export interface DemoRun {
  readonly http: Http
  readonly connection: Connection
  readonly ledger: Ledger
  /** Ends the run: what was made is then undone. */
  readonly signal: AbortSignal
  readonly limits: DemoLimits
}

/** A step of a plan while it is carried out. */
export interface Track {
  readonly step: DemoPlanStep
  outcome: DemoStepAnswer['outcome']
  /** The remote object, once it is known. */
  id: string | null
  /** Position of its entry in the journal, once there is one. */
  position: number | undefined
  /** Whether the server may hold something of this step that was not there before. */
  touched: boolean
  /** What a call ended with whose effect was still to be seen. */
  error?: unknown
}

/** Tracks for the steps of a plan. */
export function tracksOf(plan: DemoPlan): readonly Track[] {
  return plan.steps.map((step) => ({
    step,
    outcome: step.action === 'keep' ? 'done' : 'planned',
    id: step.id,
    position: undefined,
    touched: false,
  }))
}

/** A step as commands print it. */
export function stepAnswer({ step, outcome, id }: Track): DemoStepAnswer {
  const action = step.action === 'keep' && step.adopted ? 'adopt' : step.action
  const changes = step.action === 'update' ? step.changes.map(({ field }) => field) : []
  return { kind: step.kind, action, name: step.name, id, changes, outcome }
}

/** The reason of a cancelled run; undefined while it goes on. */
export function cancellation(signal: AbortSignal): CrmError | undefined {
  if (!signal.aborted) return undefined
  return signal.reason instanceof CrmError ? signal.reason : new CrmError('cancelled', 'cancelled')
}

/** @throws the reason of a cancelled run. */
export function stopIfCancelled(signal: AbortSignal): void {
  const reason = cancellation(signal)
  if (reason !== undefined) throw reason
}

/** A signal that follows another after a delay, so that what is under way can end by itself. Release it at the end. */
export function delayedSignal(signal: AbortSignal, delayMs: number): { readonly signal: AbortSignal; release(): void } {
  const late = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const begin = () => {
    timer = setTimeout(() => late.abort(signal.reason), delayMs)
  }
  if (signal.aborted) begin()
  else signal.addEventListener('abort', begin, { once: true })
  const release = () => {
    clearTimeout(timer)
    signal.removeEventListener('abort', begin)
  }
  return { signal: late.signal, release }
}

/** Longest wait for one answer while something is undone or removed. */
const UNDO_REQUEST_MS = 10_000

/** A client for undoing and removing, with a deadline of its own: the signal of a cancelled run must not stop its undoing. */
export function undoClient({ http, connection, limits }: Pick<DemoRun, 'http' | 'connection' | 'limits'>, wasCancelled: boolean): Client {
  const deadlineMs = wasCancelled ? limits.undoCancelledMs : limits.undoMs
  return createClient(http, connection, { signal: AbortSignal.timeout(deadlineMs), timeoutMs: Math.min(UNDO_REQUEST_MS, deadlineMs) })
}

const ATTEMPTS = 2

/**
 * Makes an idempotent call - a deletion by id, a setting - again when that may help. That the object is gone counts as done.
 * @param stopped what keeps it from being made again.
 * @returns undefined when it is done, else what stands in the way.
 */
export async function attempt(
  { retryMs }: Pick<DemoLimits, 'retryMs'>,
  call: () => Promise<unknown>,
  stopped: () => CrmError | undefined = () => undefined,
): Promise<CrmError | undefined> {
  for (let tried = 1; ; tried++) {
    try {
      await call()
      return undefined
    } catch (error) {
      if (isMissing(error)) return undefined
      const named = error instanceof CrmError ? error : new CrmError('internal', 'a request failed in an unexpected way', { cause: error })
      if (!named.retryable || tried >= ATTEMPTS || stopped() !== undefined) return named
      await sleep(retryMs)
    }
  }
}

const FIRST_LOOK_AFTER_MS = 50
const LONGEST_PAUSE_MS = 1_000

/**
 * Looks again and again, less and less often, until something is seen or the time is over. The last look's errors are thrown.
 * @param hurry.signal once it is aborted, no more than `hurry.patienceMs` are left.
 */
export async function lookUntil<T>(
  look: () => Promise<T | undefined>,
  patienceMs: number,
  hurry?: { readonly signal: AbortSignal; readonly patienceMs: number },
): Promise<T | undefined> {
  let endsAt = performance.now() + patienceMs
  let isHurried = false
  for (let pauseMs = FIRST_LOOK_AFTER_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    if (hurry?.signal.aborted === true && !isHurried) {
      isHurried = true
      endsAt = Math.min(endsAt, performance.now() + hurry.patienceMs)
    }
    const left = endsAt - performance.now()
    const seen = await look().catch((error: unknown) => {
      if (left <= 0) throw error
      return undefined
    })
    if (seen !== undefined || left <= 0) return seen
    await sleep(Math.min(pauseMs, left))
  }
}
