import type { DemoStepAnswer } from '../core/answers.ts'
import type { DemoStatus } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import type { Warning } from '../core/provider.ts'
import { TakenOverError } from '../core/taken-over.ts'
import type { DemoObserved } from './demo-plan.ts'
import { cancellation, type DemoObject, type DemoRun, stepAnswer, type Track } from './demo-run.ts'
import { type Undone, type Unfinished, undo } from './demo-undo.ts'
import type { AgentBot, Inbox } from './read.ts'

/** How applying a plan ended. */
export interface Applied {
  /** Present when it failed: the failure itself when all was undone, `partial` when something is left. */
  readonly error: CrmError | undefined
  readonly steps: readonly DemoStepAnswer[]
  /** The demo's objects as they are now; null where there is none. */
  readonly inbox: Inbox | null
  readonly bot: AgentBot | null
  /** What is left of a failed run. */
  readonly left: readonly DemoObject[]
  /** Inboxes that the server is still deleting. */
  readonly pending: readonly string[]
  /** What has to be said about what was made. */
  readonly warnings: readonly Warning[]
}

/** Why a run is given up. */
export interface Failure {
  readonly failure: CrmError
  readonly keep: boolean
}

/** Undoes a run, or leaves it as it is, and says how the demo stands then. What another run has taken over is left to it. */
export async function giveUp(run: DemoRun, unfinished: Unfinished, { failure, keep }: Failure): Promise<Applied> {
  const { plan, observed, tracks } = unfinished
  const nothing = { inbox: null, bot: null, left: [], pending: [], warnings: [] }
  const leaveAll = (error: TakenOverError): Applied => ({ error, steps: tracks.map(stepAnswer), ...nothing })
  if (failure instanceof TakenOverError) return leaveAll(failure)
  const wasCancelled = cancellation(run.signal) !== undefined || failure.code === 'cancelled'
  const undone = keep ? kept(tracks) : await undo(run, unfinished, wasCancelled).catch(takenOver)
  if (undone instanceof TakenOverError) return leaveAll(undone)
  const { left, pending } = undone
  const inboxId = pending[0] ?? idAfter(tracks, 'inbox', observed.inbox)
  const botId = idAfter(tracks, 'bot', observed.bot)
  const status = left.length > 0 ? 'partial' : pending.length > 0 ? 'deleting' : statusAfter(observed, inboxId, botId)
  const secrets = status === 'removed' ? Object.fromEntries(Object.keys(run.ledger.secrets).map((name) => [name, null])) : {}
  if (run.ledger.record !== undefined) await run.ledger.update({ status, inboxId, botId, secrets }).catch(() => {})
  const error = left.length === 0 ? failure : leftBehind(plan.slug, left, failure, keep)
  return { ...nothing, error, steps: tracks.map(stepAnswer), left, pending }
}

function takenOver(error: unknown): TakenOverError {
  if (error instanceof TakenOverError) return error
  throw error
}

/** How a demo stands after all that a run has done to it was undone. */
function statusAfter({ inbox, bot, linkedBotId }: DemoObserved, inboxId: string | null, botId: string | null): DemoStatus {
  if (inboxId === null && botId === null) return 'removed'
  return inbox !== null && bot !== null && linkedBotId === bot.id ? 'ready' : 'partial'
}

/** What a run leaves that is not to be undone. */
function kept(tracks: readonly Track[]): Undone {
  const left = tracks.filter(({ touched, step }) => touched && step.action !== 'keep')
  return { left: left.map(({ step, id }) => ({ kind: step.kind, id: id ?? '' })), pending: [] }
}

function idAfter(tracks: readonly Track[], kind: 'bot' | 'inbox', was: { readonly id: string } | null): string | null {
  const track = tracks.find(({ step }) => step.kind === kind)
  const isGone = track?.step.action === 'create' && (track.outcome === 'undone' || track.outcome === 'failed')
  return isGone ? null : (track?.id ?? was?.id ?? null)
}

function leftBehind(slug: string, left: readonly DemoObject[], failure: CrmError, keep: boolean): CrmError {
  const names = left.map(({ kind, id }) => (id === '' ? `perhaps ${kind === 'inbox' ? 'an' : 'a'} ${kind}` : `${kind} ${id}`))
  const message = keep
    ? `the demo ${slug} is half made: ${names.join(', ')}`
    : `the demo ${slug} could not be undone: ${names.join(', ')} left`
  const hint = `run the same command again to finish it, or: crm demo-remove ${slug}`
  return new CrmError('partial', message, { reason: failure.message, hint, cause: failure })
}
