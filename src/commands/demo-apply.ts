import type { Command } from 'commander'
import type { Answer, DemoApplyAnswer } from '../core/answers.ts'
import type { Progress } from '../terminal/progress.ts'
import type { FleetEvent } from '../usecases/apply-demos.ts'
import { namedDemos } from '../usecases/named-demos.ts'
import type { FleetPlan } from '../usecases/plan-demos.ts'
import { type App, action, type Outcome } from './app.ts'
import { confirmByName } from './confirm-name.ts'
import { addFleetOptions, type FleetFlags, openDemoFile, openFleet } from './demo-fleet.ts'
import type { OpenTarget } from './demo-target.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { paceOf } from './pace.ts'

interface DemoApplyFlags extends FleetFlags {
  readonly integration?: string
  readonly prune?: boolean
  readonly deep?: boolean
  readonly detailedExitcode?: boolean
  readonly keepOnFailure?: boolean
}

/** The exit status of a dry run that would change something, with `--detailed-exitcode`. */
const CHANGES_PENDING = 11

export function define(command: Command, app: App): void {
  command
    .argument('<file>', 'YAML, JSON or CSV (crm help demo-file); - reads standard input')
    .option('--integration <name>', 'the Chatwoot of demos that name none')
    .option('--prune', 'remove the demos that the file does not name')
    .option('--deep', 'ask each inbox for its bot and agents, too')
    .option('--detailed-exitcode', 'a dry run that would change something ends with 11')
    .option('--keep-on-failure', 'leave what a failed demo has made')
  addFleetOptions(command)
  setExamples(command, [
    { line: 'crm demo-apply demos.yaml --dry-run', what: 'what would be created, changed, kept' },
    { line: 'crm demo-apply demos.yaml', what: 'a second run changes nothing' },
    { line: 'crm demo-apply demos.yaml --prune --confirm default', what: 'the file, and nothing else' },
  ])
  setStatuses(command, [3, 4, 5, 6, 7, 8, 9, 10, 11])
  command.action(action(app, 'demo-apply', (path: string, flags: DemoApplyFlags) => demoApply(app, path, flags)))
}

async function demoApply(app: App, path: string, flags: DemoApplyFlags): Promise<Outcome> {
  paceOf(flags)
  const { demos, targets } = await openDemoFile(app, path, flags.integration)
  const known = flags.prune === true ? await knownDemos(app, targets) : new Map<string, readonly string[]>()
  const surplus = targets.flatMap((open) => (known.get(open.target.name) ?? []).map((slug) => ({ open, slug })))
  const named = new Set(demos.map(({ target, input }) => `${target.name} ${input.slug}`))
  const places = [
    ...demos.map(({ open, input }) => ({ open, slug: input.slug })),
    ...surplus.filter(({ open, slug }) => !named.has(`${open.target.name} ${slug}`)),
  ]
  const { applyDemos, hasChanges, planAnswer } = await import('../usecases/apply-demos.ts')
  const { planDemos } = await import('../usecases/plan-demos.ts')
  const fleet = await openFleet(app, flags, places)
  const view = (async () => (await import('../terminal/views/demo-apply.ts')).demoApplyView) as Outcome['view']
  try {
    const reading = app.ui.progress(`Reading what is there`)
    const plan = await planDemos(fleet, demos, {
      deep: flags.deep === true,
      targets: targets.map(({ target }) => target),
      ...(flags.prune === true ? { known: (target) => known.get(target.name) ?? null } : {}),
    }).finally(() => reading.end())
    for (const warning of plan.warnings) app.ui.warn(warning)
    if (flags.dryRun === true) {
      const status = flags.detailedExitcode === true && hasChanges(plan) ? { status: CHANGES_PENDING } : {}
      return { answer: planAnswer(plan), view, ...status }
    }
    const { create, update, keep, delete: remove } = planAnswer(plan).data?.summary ?? { create: 0, update: 0, keep: 0, delete: 0 }
    if (hasChanges(plan)) app.ui.note(`Plan: ${create} to create, ${update} to update, ${keep} to keep, ${remove} to delete`)
    await confirmDeletions(app, plan, flags.confirm)
    app.throwIfStopped()
    const answer = await followFleet(
      app,
      applyDemos(fleet, plan, { concurrency: fleet.concurrency, keepOnFailure: flags.keepOnFailure === true }),
    )
    return { answer, view }
  } finally {
    await fleet.end()
  }
}

/** The demos that the vault knows, by integration; without those that are gone. */
async function knownDemos(app: App, targets: readonly OpenTarget[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const vault = targets.some(({ unlocked }) => unlocked !== undefined) ? await app.vault() : undefined
  const all = vault === undefined ? [] : await vault.demos((await app.profile()).value)
  const stored = targets.filter(({ unlocked }) => unlocked !== undefined)
  return new Map(
    stored.map(({ target }) => [
      target.name,
      all.filter(({ integration, status }) => integration === target.name && status !== 'removed').map(({ slug }) => slug),
    ]),
  )
}

async function confirmDeletions(app: App, { surplus }: FleetPlan, confirmed: string | undefined): Promise<void> {
  if (surplus.length === 0) return
  const what = namedDemos(surplus.map(({ slug }) => slug))
  const { value: name } = await app.profile()
  await confirmByName(app, {
    name,
    confirmed,
    to: `remove ${what}, which the file does not name`,
    subject: `removing ${what}`,
    of: 'the profile',
  })
}

const WORDS = { create: 'created', update: 'updated', keep: 'kept', delete: 'removed', skip: 'left out' } as const

/** Walks through a run: one line for each demo as it ends, and how many are left. */
async function followFleet(app: App, run: AsyncGenerator<FleetEvent, Answer<DemoApplyAnswer>>): Promise<Answer<DemoApplyAnswer>> {
  let progress: Progress | undefined
  let ended = 0
  try {
    for (;;) {
      const next = await run.next()
      if (next.done === true) return next.value
      const { item, done, total } = next.value
      ended = done
      progress ??= app.ui.progress('Working on the demos')
      progress.update(`Working on the demos, ${done} of ${total}`)
      const what = item.outcome === 'failed' ? `failed: ${item.error?.message ?? 'unknown'}` : WORDS[item.action]
      app.ui.note(`[${done}/${total}] ${item.slug} ${what}`)
    }
  } finally {
    progress?.end(`${ended} done`)
  }
}
