import type { Command } from 'commander'
import type { DemoTarget } from '../chatwoot/demo-target.ts'
import type { DemoRemoveAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { namedDemos } from '../usecases/named-demos.ts'
import type { SweepPlan } from '../usecases/sweep-demos.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { confirmByName } from './confirm-name.ts'
import { addFleetOptions, type FleetFlags, openFleet, storedRecords } from './demo-fleet.ts'
import { followRemovals, type OpenTarget, openAllTargets, openTarget } from './demo-target.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { pacedHttp, paceOf } from './pace.ts'

interface DemoSweepFlags extends FleetFlags {
  readonly integration?: string
}

export function define(command: Command, app: App): void {
  command.option('--integration <name>', 'the Chatwoot to sweep (default: every active one)')
  addFleetOptions(command)
  setExamples(command, [
    { line: 'crm demo-sweep --dry-run', what: 'which demos are past their time' },
    { line: 'crm demo-sweep --confirm default', what: 'for cron and CI; may run twice at once' },
  ])
  setStatuses(command, [3, 4, 5, 6, 7, 8, 9, 10, 11])
  command.action(action(app, 'demo-sweep', (flags: DemoSweepFlags) => demoSweep(app, flags)))
}

async function demoSweep(app: App, flags: DemoSweepFlags): Promise<Outcome> {
  paceOf(flags)
  const opened = flags.integration === undefined ? await openAllTargets(app) : [await openTarget(app, flags.integration)]
  const { planSweep } = await import('../usecases/sweep-demos.ts')
  const byTarget = new Map<DemoTarget, OpenTarget>(opened.map((open) => [open.target, open]))
  const looking = app.ui.progress('Looking for demos that are over')
  const known = async (target: DemoTarget) => {
    const open = byTarget.get(target)
    return (open === undefined ? null : await storedRecords(app, open)) ?? []
  }
  const http = await pacedHttp(app, flags)
  const plan = await planSweep({ http, clock: app.world.clock, signal: app.signal, known }, [...byTarget.keys()]).finally(() =>
    looking.end(),
  )
  for (const warning of plan.warnings) app.ui.warn(warning)
  const failure = failureOf(plan, opened.length)
  if (plan.due.length === 0 || flags.dryRun === true) {
    const planned = plan.due.map(({ slug, target: { name, source } }) => ({
      slug,
      integration: name,
      source,
      outcome: 'planned' as const,
      left: [],
    }))
    const data = { changed: planned.length > 0, demos: planned } satisfies DemoRemoveAnswer
    return done('crm.demo-sweep/1', data, removalView, { error: failure })
  }
  await confirmSweep(app, plan, flags.confirm)
  const { atATime } = await import('../usecases/apply-demos.ts')
  const { removeDemos } = await import('../usecases/remove-demos.ts')
  const places = plan.due.flatMap(({ slug, target }) => {
    const open = byTarget.get(target)
    return open === undefined ? [] : [{ slug, open }]
  })
  const fleet = await openFleet(app, flags, places)
  try {
    const doomed = plan.due.map(({ slug, target }) => ({ slug, target, journal: fleet.journal(target, slug) }))
    const options = {
      concurrency: atATime(fleet.concurrency),
      onlyMarked: true,
      missingIsGone: true,
      busyIsFine: true,
      objects: plan.objects,
    }
    const answer = await followRemovals(app, doomed.length, removeDemos(fleet, doomed, options))
    const error = answer.error ?? failure
    const view = removalView as Outcome['view']
    return { answer: { ...answer, schema: 'crm.demo-sweep/1', ...(error === undefined ? {} : { error }) }, view }
  } finally {
    await fleet.end()
  }
}

async function removalView() {
  return (await import('../terminal/views/demo-remove.ts')).demoRemoveView
}

/** Accounts that could not be looked at: the only one is its own cause. */
function failureOf({ errors }: SweepPlan, total: number): CrmError | undefined {
  const [first] = errors
  if (first === undefined || total === 1) return first
  const isShared = errors.every(({ code }) => code === first.code)
  const options = { reason: first.message, cause: first, ...(first.hint === undefined ? {} : { hint: first.hint }) }
  return new CrmError(isShared ? first.code : 'partial', `${errors.length} of ${total} integrations could not be swept`, options)
}

async function confirmSweep(app: App, { due }: SweepPlan, confirmed: string | undefined): Promise<void> {
  const what = namedDemos(due.map(({ slug }) => slug))
  const { value: name } = await app.profile()
  await confirmByName(app, { name, confirmed, to: `remove ${what}, whose time is over`, subject: `removing ${what}`, of: 'the profile' })
}
