import type { Command } from 'commander'
import { memoryJournal } from '../chatwoot/demo-journal.ts'
import type { DemoRemoveAnswer } from '../core/answers.ts'
import type { DemoSummary } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import { parseName } from '../core/integration.ts'
import { visible } from '../core/text.ts'
import { parseDuration } from '../core/time.ts'
import { holdRuns } from '../usecases/hold-runs.ts'
import { findMarkedDemos } from '../usecases/list-demos.ts'
import { namedDemos } from '../usecases/named-demos.ts'
import { type DoomedDemo, removeDemos } from '../usecases/remove-demos.ts'
import type { DemoRun } from '../vault/unlocked.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { confirmByName } from './confirm-name.ts'
import { knownDemo } from './demo-show.ts'
import { follow, newRunId, type OpenTarget, openTarget, storedTarget } from './demo-target.ts'
import { setExamples, setStatuses } from './help-format.ts'

interface DemoRemoveFlags {
  readonly integration?: string
  readonly all?: boolean
  readonly olderThan?: number
  readonly forget?: boolean
  readonly confirm?: string
}

/** A demo that is to go, and where it lives. */
interface Chosen {
  readonly slug: string
  readonly open: OpenTarget
}

export function define(command: Command, app: App): void {
  command
    .argument('[slug...]', 'demos')
    .option('--integration <name>', 'the Chatwoot they are in')
    .option('--all', 'all demos')
    .option('--older-than <duration>', 'all demos made longer ago than this, such as 7d', parseDuration)
    .option('--confirm <profile>', 'with --all and --older-than: the typed confirmation, for scripts')
    .option('--forget', 'forget a record that was damaged; the server is not touched')
  setExamples(command, [
    { line: 'crm demo-remove acme-dental --yes', what: 'without asking' },
    { line: 'crm demo-remove --older-than 7d --confirm default', what: 'old ones; --yes is not enough' },
  ])
  setStatuses(command, [3, 4, 5, 6, 7, 8, 9, 10, 11])
  command.action(action(app, 'demo-remove', (slugs: string[], flags: DemoRemoveFlags) => demoRemove(app, slugs, flags)))
}

async function demoRemove(app: App, slugs: readonly string[], flags: DemoRemoveFlags): Promise<Outcome> {
  const several = flags.all === true || flags.olderThan !== undefined
  if (several === slugs.length > 0) {
    throw new CrmError('usage', several ? 'name demos, or use --all or --older-than, not both' : 'which demo?', {
      hint: 'see the demos with: crm demo-list',
    })
  }
  if (flags.forget === true) return forget(app, slugs)
  app.integration = flags.integration
  const chosen = several ? await chooseMany(app, flags) : await chooseNamed(app, slugs, flags)
  const living = chosen.filter(({ gone }) => !gone)
  const doomedNames = living.map(({ slug }) => slug)
  if (several) await confirmMany(app, doomedNames, flags.confirm)
  else await confirmNamed(app, doomedNames)
  const runId = newRunId()
  const http = await app.http()
  const runs: DemoRun[] = []
  const doomed: DoomedDemo[] = []
  for (const { slug, open } of chosen) {
    const run = await open.unlocked?.startDemoRun(open.target.name, slug, runId)
    if (run !== undefined) runs.push(run)
    doomed.push({ slug, target: open.target, journal: run?.journal ?? memoryJournal() })
  }
  const held = holdRuns({ clock: app.world.clock, signal: app.signal, deadlineMs: app.deadlineMs, limitMs: app.limitMs }, runs)
  try {
    const events = removeDemos({ http: http.request, clock: app.world.clock, signal: held.signal, runId }, doomed)
    const answer = await follow(app, events, `crm demo-remove ${doomed.map(({ slug }) => slug).join(' ')}`)
    return { answer, view: (async () => (await import('../terminal/views/demo-remove.ts')).demoRemoveView) as Outcome['view'] }
  } finally {
    await held.end()
  }
}

/**
 * Takes the damaged records of a demo out of the vault: no other command can work with one. What stands on the server is found by its
 * mark from then on. A record that opens and is as the audit log knows it is never forgotten.
 */
async function forget(app: App, slugs: readonly string[]): Promise<Outcome> {
  const [slug] = slugs
  if (slug === undefined || slugs.length > 1)
    throw new CrmError('usage', '--forget takes the name of one demo', { hint: 'see which are damaged with: crm vault verify' })
  const unlocked = await app.unlock()
  if (!(await app.ui.confirm(`Forget the damaged record of ${visible(slug, 64)}? What the server holds of it stays.`)))
    throw new CrmError('cancelled', 'Cancelled. Nothing was changed.')
  app.throwIfStopped()
  const { forgotten, whole } = await unlocked.forgetDamagedDemos(slug)
  if (forgotten === 0 && whole > 0)
    throw new CrmError('conflict', `the record of the demo ${slug} is not damaged`, {
      hint: `remove the demo with: crm demo-remove ${slug}`,
    })
  if (forgotten === 0)
    throw new CrmError('not_found', `the vault has no record of a demo ${visible(slug, 64)}`, { hint: 'see the demos with: crm demo-list' })
  const data: DemoRemoveAnswer = { changed: true, demos: [{ slug, integration: '', source: 'vault', outcome: 'forgotten', left: [] }] }
  return done('crm.demo-remove/1', data, async () => (await import('../terminal/views/demo-remove.ts')).demoRemoveView, {
    warnings: [
      { code: 'marks_remain', message: `to remove what the server holds of it by its marks: crm demo-remove ${visible(slug, 64)}` },
    ],
  })
}

/** Demos that were named one by one: a question is enough. */
async function confirmNamed(app: App, slugs: readonly string[]): Promise<void> {
  if (slugs.length === 0) return
  if (!(await app.ui.confirm(`Remove ${namedDemos(slugs)} from the server?`)))
    throw new CrmError('cancelled', 'Cancelled. Nothing was changed.')
}

/** Whatever matches, which nobody has named: the profile's name is typed, or given with `--confirm`. */
async function confirmMany(app: App, slugs: readonly string[], confirmed: string | undefined): Promise<void> {
  if (slugs.length === 0) return
  const what = namedDemos(slugs)
  const { value: name } = await app.profile()
  await confirmByName(app, { name, confirmed, to: `remove ${what} from the server`, subject: `removing ${what}`, of: 'the profile' })
}

async function chooseNamed(app: App, slugs: readonly string[], flags: DemoRemoveFlags): Promise<(Chosen & { readonly gone: boolean })[]> {
  const targets = new Map<string | undefined, OpenTarget>()
  const chosen: (Chosen & { gone: boolean })[] = []
  for (const text of new Set(slugs)) {
    const slug = parseName(text, 'demo')
    const known = await knownDemo(app, slug, flags.integration)
    const open = await opened(app, targets, known?.integration, flags)
    chosen.push({ slug, open, gone: known?.status === 'removed' })
  }
  return chosen
}

/** All that match: from the vault, or by their marks where the variables stand in for a stored Chatwoot. */
async function chooseMany(app: App, flags: DemoRemoveFlags): Promise<(Chosen & { readonly gone: boolean })[]> {
  const targets = new Map<string | undefined, OpenTarget>()
  const before = app.world.clock() - (flags.olderThan ?? 0)
  const chosen: (Chosen & { gone: boolean })[] = []
  for (const demo of await allDemos(app, flags)) {
    if (demo.status === 'removed' || (flags.olderThan !== undefined && Date.parse(demo.createdAt) >= before)) continue
    const open = await opened(app, targets, demo.integration.startsWith('env:') ? undefined : demo.integration, flags)
    chosen.push({ slug: demo.slug, open, gone: false })
  }
  return chosen
}

async function allDemos(app: App, flags: DemoRemoveFlags): Promise<readonly DemoSummary[]> {
  const profile = (await app.profile()).value
  const vault = await app.vaultIfThere()
  const known = vault !== undefined && (await vault.hasProfile(profile)) ? await vault.demos(profile) : []
  const wanted = known.filter((demo) => flags.integration === undefined || demo.integration === flags.integration.toLowerCase())
  if (wanted.length > 0) return wanted
  const { target, unlocked } = await openTarget(app, flags.integration)
  if (unlocked !== undefined) return []
  const http = await app.http()
  return findMarkedDemos({ http: http.request, clock: app.world.clock, signal: app.signal, target })
}

/** Each integration is opened once. */
async function opened(
  app: App,
  targets: Map<string | undefined, OpenTarget>,
  integration: string | undefined,
  flags: DemoRemoveFlags,
): Promise<OpenTarget> {
  const known = targets.get(integration)
  if (known !== undefined) return known
  const open = integration === undefined ? await openTarget(app, flags.integration) : await openStored(app, integration)
  targets.set(integration, open)
  return open
}

async function openStored(app: App, integration: string): Promise<OpenTarget> {
  const unlocked = await app.unlock()
  return { target: await storedTarget(unlocked, integration), unlocked }
}
