import type { Command } from 'commander'
import type { DemoRemoveAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { namedDemos } from '../usecases/named-demos.ts'
import type { DoomedDemo } from '../usecases/remove-demos.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { confirmByName } from './confirm-name.ts'
import { addFleetOptions, type FleetFlags, openDemoFile, openFleet } from './demo-fleet.ts'
import { followRemovals } from './demo-target.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { paceOf } from './pace.ts'

interface DemoDestroyFlags extends FleetFlags {
  readonly file?: string
  readonly integration?: string
}

export function define(command: Command, app: App): void {
  command
    .option('-f, --file <file>', 'YAML, JSON or CSV (crm help demo-file)')
    .option('--integration <name>', 'the Chatwoot of demos that name none')
  addFleetOptions(command)
  setExamples(command, [
    { line: 'crm demo-destroy -f demos.yaml --dry-run', what: 'what would be removed' },
    { line: 'crm demo-destroy -f demos.yaml --confirm default', what: 'for scripts; what is gone already is fine' },
  ])
  setStatuses(command, [3, 4, 5, 6, 7, 8, 9, 10, 11])
  command.action(action(app, 'demo-destroy', (flags: DemoDestroyFlags) => demoDestroy(app, flags)))
}

async function demoDestroy(app: App, flags: DemoDestroyFlags): Promise<Outcome> {
  paceOf(flags)
  if (flags.file === undefined) throw new CrmError('usage', 'which demos?', { hint: 'name their file: crm demo-destroy -f demos.yaml' })
  const { demos } = await openDemoFile(app, flags.file, flags.integration)
  const places = demos.map(({ open, target, input }) => ({ open, target, slug: input.slug }))
  if (flags.dryRun === true) {
    const planned = places.map(({ slug, target: { name, source } }) => ({
      slug,
      integration: name,
      source,
      outcome: 'planned' as const,
      left: [],
    }))
    return done('crm.demo-destroy/1', { changed: planned.length > 0, demos: planned } satisfies DemoRemoveAnswer, removalView)
  }
  await confirmAll(
    app,
    places.map(({ slug }) => slug),
    flags.confirm,
  )
  const { atATime } = await import('../usecases/apply-demos.ts')
  const { removeDemos } = await import('../usecases/remove-demos.ts')
  const fleet = await openFleet(app, flags, places)
  try {
    const doomed = places.map(({ target, slug }): DoomedDemo => ({ target, slug, journal: fleet.journal(target, slug) }))
    const answer = await followRemovals(
      app,
      doomed.length,
      removeDemos(fleet, doomed, { concurrency: atATime(fleet.concurrency), missingIsGone: true }),
    )
    return { answer: { ...answer, schema: 'crm.demo-destroy/1' }, view: removalView as Outcome['view'] }
  } finally {
    await fleet.end()
  }
}

async function removalView() {
  return (await import('../terminal/views/demo-remove.ts')).demoRemoveView
}

async function confirmAll(app: App, slugs: readonly string[], confirmed: string | undefined): Promise<void> {
  if (slugs.length === 0) return
  const what = namedDemos(slugs)
  const { value: name } = await app.profile()
  await confirmByName(app, { name, confirmed, to: `remove ${what} from the server`, subject: `removing ${what}`, of: 'the profile' })
}
