import { applyDemo } from '../chatwoot/demo-apply.ts'
import type { Applied } from '../chatwoot/demo-failure.ts'
import type { FieldChange } from '../chatwoot/demo-plan.ts'
import { settleUnknown } from '../chatwoot/demo-recover.ts'
import { removeObjects } from '../chatwoot/demo-remove.ts'
import { cancellation, DEMO_LIMITS, type DemoLimits, type DemoRun } from '../chatwoot/demo-run.ts'
import { errorFor } from '../chatwoot/demo-target.ts'
import type { Answer, DemoApplyAnswer, DemoApplyItem } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { pooled } from '../core/pool.ts'
import type { Warning } from '../core/provider.ts'
import { type FleetDeps, type FleetPlan, isPlanned, type PlannedDemo, type Surplus, type UnplannedDemo } from './plan-demos.ts'
import { removeDemos } from './remove-demos.ts'

/**
 * Demos under way for each request that may be: while one waits for the disk, another one's request is on its way. What bounds the
 * requests is the network client.
 */
const DEMOS_PER_REQUEST = 3

/** The schema of the answer. */
export const APPLY_DEMOS_SCHEMA = 'crm.demo-apply/1'

/** How a plan for many demos is carried out. */
export interface ApplyDemosOptions {
  /** Requests under way at a time, to which the network client keeps; with 1, demos are made one after the other. */
  readonly concurrency: number
  readonly limits?: Partial<DemoLimits>
  /** Leave what a failed demo has made. */
  readonly keepOnFailure?: boolean
}

/** One demo is done with: how it ended, and how many of how many are. */
export interface FleetEvent {
  readonly item: DemoApplyItem
  readonly done: number
  readonly total: number
}

/** A plan as an answer, before anything is done. */
export function planAnswer(plan: FleetPlan): Answer<DemoApplyAnswer> {
  const items = [...plan.demos.map((demo) => itemOf(demo, 'planned')), ...plan.surplus.map((demo) => deletion(demo, 'planned'))]
  return answerOf(items, { dryRun: true, warnings: plan.warnings, errors: errorsOf(plan) })
}

/** Whether a plan has anything to change. */
export function hasChanges({ demos, surplus }: FleetPlan): boolean {
  return surplus.length > 0 || demos.some((demo) => isPlanned(demo) && (demo.action === 'create' || demo.action === 'update'))
}

/**
 * Carries out a plan for many demos: first what is surplus is removed, then demos are made and changed, so many at a time, each with its
 * journal and undone by itself when it fails. One that fails does not keep the others. A cancellation undoes what is under way and leaves
 * what is done; the same plan, made anew, does the rest.
 *
 * Yields each demo as it ends. The answer has an `error` when any failed: their cause if they share one, else `partial`.
 */
export async function* applyDemos(
  deps: FleetDeps,
  plan: FleetPlan,
  options: ApplyDemosOptions,
): AsyncGenerator<FleetEvent, Answer<DemoApplyAnswer>> {
  const isWork = (demo: PlannedDemo): boolean =>
    demo.action === 'create' || demo.action === 'update' || (demo.action === 'keep' && demo.hasNews)
  const works = plan.demos.filter(isPlanned).filter(isWork)
  const total = works.length + plan.surplus.length
  let done = 0
  const removed = yield* removeSurplus(deps, plan.surplus, options)
  for (const item of removed.items) yield { item, done: ++done, total }
  const results = new Map<PlannedDemo, Ending>()
  yield* pooled(works, atATime(options.concurrency), async function* (demo): AsyncGenerator<FleetEvent, void> {
    if (cancellation(deps.signal) !== undefined) return
    const ending = await applyOne(deps, demo, options)
    results.set(demo, ending)
    yield { item: endedItem(demo, ending), done: ++done, total }
  })
  const items = plan.demos.map((demo) => {
    if (!isPlanned(demo)) return itemOf(demo, 'failed')
    const ending = results.get(demo)
    if (ending !== undefined) return endedItem(demo, ending)
    return itemOf(demo, isWork(demo) ? 'planned' : 'done')
  })
  const failures = [...results.values()].flatMap(({ error }) => (error === undefined ? [] : [error]))
  const errors = [...errorsOf(plan), ...failures, ...removed.errors]
  const warnings = [...plan.warnings, ...removed.warnings, ...[...results.values()].flatMap((ending) => ending.warnings)]
  const isCut = done < total || errors.some(({ code }) => code === 'cancelled')
  const stopped = isCut ? cancellation(deps.signal) : undefined
  return answerOf([...items, ...removed.items], { dryRun: false, warnings, errors, stopped })
}

/** Demos under way at a time, where so many requests may be. */
export function atATime(concurrency: number): number {
  return concurrency === 1 ? 1 : DEMOS_PER_REQUEST * concurrency
}

interface Ending {
  readonly applied: Applied | undefined
  readonly error: CrmError | undefined
  readonly warnings: readonly Warning[]
}

async function applyOne(deps: FleetDeps, demo: PlannedDemo, options: ApplyDemosOptions): Promise<Ending> {
  const { client, ledger, plan, found, observed, proofs, target } = demo
  const { keepOnFailure = false } = options
  const run: DemoRun = {
    http: deps.http,
    connection: client.connection,
    ledger,
    signal: deps.signal,
    limits: { ...DEMO_LIMITS, ...options.limits },
  }
  try {
    await settleUnknown(ledger, found, plan)
    // Inboxes that an earlier run gave up and did not live to delete.
    await removeObjects(run, client, { slug: plan.slug, inboxes: found.givenUp, botIds: [], webhookIds: [] }, 0)
    const events = applyDemo(run, plan, observed, { keepOnFailure, proofs })
    for (;;) {
      const next = await events.next()
      if (next.done !== true) continue
      const applied = next.value
      const error = applied.error === undefined ? undefined : (errorFor(target, applied.error) as CrmError)
      return { applied, error, warnings: [...applied.warnings, ...pendingWarning(plan.slug, applied.pending)] }
    }
  } catch (thrown) {
    const error = errorFor(target, thrown)
    const named = error instanceof CrmError ? error : new CrmError('internal', `making the demo ${plan.slug} failed`, { cause: thrown })
    return { applied: undefined, error: named, warnings: [] }
  }
}

function pendingWarning(slug: string, pending: readonly string[]): readonly Warning[] {
  if (pending.length === 0) return []
  const message = `deletion pending: Chatwoot still lists the inbox ${pending.join(', ')} of the demo ${slug}, which it deletes in the background`
  return [{ code: 'deletion_pending', message }]
}

interface Removed {
  readonly items: readonly DemoApplyItem[]
  readonly errors: readonly CrmError[]
  readonly warnings: readonly Warning[]
}

async function* removeSurplus(
  deps: FleetDeps,
  surplus: readonly Surplus[],
  options: ApplyDemosOptions,
): AsyncGenerator<FleetEvent, Removed> {
  const doomed = surplus.map((demo) => ({ ...demo, journal: deps.journal(demo.target, demo.slug) }))
  if (doomed.length === 0) return { items: [], errors: [], warnings: [] }
  const { limits } = options
  const run = removeDemos({ ...deps, ...(limits === undefined ? {} : { limits }) }, doomed, {
    concurrency: atATime(options.concurrency),
    missingIsGone: true,
  })
  for (;;) {
    const next = await run.next()
    if (next.done !== true) continue
    const { data, error, warnings } = next.value
    const items = doomed.map((demo) => {
      const removal = data?.demos.find(({ slug, integration }) => slug === demo.slug && integration === demo.target.name)
      const outcome = removal === undefined ? 'planned' : removal.outcome === 'partial' || removal.outcome === 'failed' ? 'failed' : 'done'
      return deletion(demo, outcome, outcome === 'failed' ? error : undefined)
    })
    return { items, errors: error === undefined ? [] : [error], warnings }
  }
}

function errorsOf(plan: FleetPlan): readonly CrmError[] {
  return plan.demos.flatMap((demo) => (isPlanned(demo) ? [] : [demo.error]))
}

function endedItem(demo: PlannedDemo, { applied, error }: Ending): DemoApplyItem {
  const item = itemOf(demo, error === undefined ? 'done' : 'failed', error)
  const { inbox, bot } = applied ?? {}
  return {
    ...item,
    inboxId: inbox?.id ?? (error === undefined ? item.inboxId : null),
    botId: bot?.id ?? (error === undefined ? item.botId : null),
  }
}

function itemOf(demo: PlannedDemo | UnplannedDemo, outcome: DemoApplyItem['outcome'], error?: CrmError): DemoApplyItem {
  const { slug, name } = demo.input
  const subject = { slug, name, integration: demo.target.name, source: demo.target.source }
  if (!isPlanned(demo)) {
    return { ...subject, action: 'create', outcome: 'failed', inboxId: null, botId: null, changes: [], error: errorAnswer(demo.error) }
  }
  const { action, plan, observed } = demo
  const changes =
    action === 'update' ? plan.steps.flatMap(({ kind, changes: each }) => each.map((change) => ({ kind, ...textual(change) }))) : []
  const ids = { inboxId: observed.inbox?.id ?? null, botId: observed.bot?.id ?? null }
  return { ...subject, action, outcome: action === 'skip' ? 'done' : outcome, ...ids, changes, error: errorAnswer(error) }
}

function textual({ field, from, to }: FieldChange): Pick<DemoApplyItem['changes'][number], 'field' | 'from' | 'to'> {
  return { field, from: from === null ? null : String(from), to: to === null ? null : String(to) }
}

function deletion({ slug, target }: Surplus, outcome: DemoApplyItem['outcome'], error?: CrmError): DemoApplyItem {
  const subject = { slug, name: slug, integration: target.name, source: target.source }
  return { ...subject, action: 'delete', outcome, inboxId: null, botId: null, changes: [], error: errorAnswer(error) }
}

function errorAnswer(error: CrmError | undefined): DemoApplyItem['error'] {
  return error === undefined ? null : { code: error.code, message: error.message, hint: error.hint ?? null }
}

function answerOf(
  items: readonly DemoApplyItem[],
  {
    dryRun,
    warnings,
    errors,
    stopped,
  }: { dryRun: boolean; warnings: readonly Warning[]; errors: readonly CrmError[]; stopped?: CrmError | undefined },
): Answer<DemoApplyAnswer> {
  const count = (action: DemoApplyItem['action']): number =>
    items.filter((item) => item.action === action && (item.outcome === 'done' || (dryRun && item.outcome === 'planned'))).length
  const failed = items.filter(({ outcome }) => outcome === 'failed').length
  const summary = { create: count('create'), update: count('update'), keep: count('keep') + count('skip'), delete: count('delete'), failed }
  const isChange = ({ action, outcome }: DemoApplyItem) =>
    (action === 'create' || action === 'update' || action === 'delete') && outcome === (dryRun ? 'planned' : 'done')
  const data = { changed: items.some(isChange), dryRun, demos: items, summary }
  // What is half done has to be finished, whoever stopped it.
  const isHalfDone = errors.some(({ code }) => code === 'partial')
  const error = isHalfDone ? combined(errors, items.length) : (stopped ?? combined(errors, items.length))
  return { schema: APPLY_DEMOS_SCHEMA, data, warnings, ...(error === undefined ? {} : { error }) }
}

/** One failure of one demo is its own; several are their shared cause, or `partial`. */
function combined(errors: readonly CrmError[], total: number): CrmError | undefined {
  const [first] = errors
  if (first === undefined || total === 1) return first
  const isShared = errors.every(({ code }) => code === first.code)
  const hint = 'mend the cause, then run the same command again: it does the rest'
  const options = { reason: first.message, hint: isShared ? (first.hint ?? hint) : hint, cause: first }
  return new CrmError(isShared ? first.code : 'partial', `${errors.length} of ${total} demos failed`, options)
}
