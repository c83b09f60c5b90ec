import type { Command } from 'commander'
import type { DemoRecord, DemoSummary } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import { parseName } from '../core/integration.ts'
import { nameForCommand } from '../usecases/find-target.ts'
import { type ShownDemo, showDemo } from '../usecases/show-demo.ts'
import { type App, action, type Outcome } from './app.ts'
import { type OpenTarget, openTarget, storedTarget } from './demo-target.ts'
import { setExamples, setStatuses } from './help-format.ts'

interface DemoShowFlags {
  readonly integration?: string
  readonly reveal?: boolean
}

export function define(command: Command, app: App): void {
  command
    .argument('<slug>', 'a demo')
    .option('--integration <name>', 'where several have a demo of this name')
    .option('--reveal', 'print the secrets that Chatwoot returned; the audit log keeps it')
  setExamples(command, [
    { line: 'crm demo-show acme-dental', what: 'what it is made of, and what the server says' },
    { line: 'crm demo-show acme-dental --reveal --json', what: "with the bot's token" },
  ])
  setStatuses(command, [3, 4, 5, 6, 7, 8, 9])
  command.action(action(app, 'demo-show', (slug: string, flags: DemoShowFlags) => demoShow(app, slug, flags)))
}

async function demoShow(app: App, text: string, flags: DemoShowFlags): Promise<Outcome> {
  const slug = parseName(text, 'demo')
  const reveal = flags.reveal === true
  if (reveal && app.world.stdout.isTTY && !app.ui.flags.json && !(await app.ui.confirm(`Show the secrets of ${slug} on this terminal?`))) {
    throw new CrmError('cancelled', 'Cancelled. Nothing was shown.')
  }
  const known = await knownDemo(app, slug, flags.integration)
  const { target, unlocked } = known === undefined ? await openTarget(app, flags.integration) : await storedDemo(app, known)
  const kept = unlocked === undefined ? undefined : await unlocked.readDemo(target.name, slug)
  if (reveal && kept !== undefined) await unlocked?.revealDemo(target.name, slug)
  const shown: ShownDemo = { slug, reveal, ...(kept === undefined ? {} : { kept }) }
  const http = await app.httpInTime()
  const answer = await showDemo({ http, clock: app.world.clock, signal: app.signal, target }, shown)
  const reveals =
    reveal && answer.data !== null ? Object.values(answer.data.secrets).flatMap(({ value }) => (value === undefined ? [] : [value])) : []
  return { answer, view: (async () => (await import('../terminal/views/demo-show.ts')).demoShowView) as Outcome['view'], reveals }
}

/** The integration of a demo that the vault knows, opened. */
export async function storedDemo(app: App, demo: DemoSummary): Promise<OpenTarget> {
  const unlocked = await app.unlock()
  return { target: await storedTarget(unlocked, demo.integration), unlocked }
}

/** The demo of this slug that the vault knows. @throws {CrmError} `usage` when several integrations have one. */
export async function knownDemo(app: App, slug: string, integration: string | undefined): Promise<DemoSummary | undefined> {
  const profile = (await app.profile()).value
  const vault = await app.vaultIfThere()
  if (vault === undefined || !(await vault.hasProfile(profile)) || integration?.startsWith('env:') === true) return undefined
  const named = (await vault.demos(profile)).filter(
    (demo) => demo.slug === slug && (integration === undefined || demo.integration === integration.toLowerCase()),
  )
  const living = named.filter((demo) => demo.status !== 'removed')
  const candidates = living.length > 0 ? living : named
  if (candidates.length <= 1) return candidates[0]
  throw new CrmError('usage', `${candidates.length} integrations have a demo named ${slug}`, {
    reason: candidates.map((demo) => demo.integration).join(', '),
    hint: `say which with: --integration ${nameForCommand(candidates.map(({ integration: name }) => name))}`,
  })
}

/** A demo that is there, with what the vault or else its marks know of it. */
export interface LocatedDemo {
  readonly slug: string
  readonly name: string
  readonly inboxId: string | null
  readonly botId: string | null
  /** Left out where there is no vault that knows it. */
  readonly record?: DemoRecord
}

/** The demo of the vault, else the one that its marks show on the server. @throws {CrmError} `not_found`, and as {@link knownDemo}. */
export async function locateDemo(
  app: App,
  slug: string,
  integration: string | undefined,
): Promise<{ readonly opened: OpenTarget; readonly demo: LocatedDemo }> {
  const known = await knownDemo(app, slug, integration)
  const opened = known === undefined ? await openTarget(app, integration) : await storedDemo(app, known)
  const kept = await opened.unlocked?.readDemo(opened.target.name, slug)
  if (kept !== undefined && kept.record.status !== 'removed') {
    const { name, inboxId, botId } = kept.record
    return { opened, demo: { slug, name, inboxId, botId, record: kept.record } }
  }
  const http = await app.httpInTime()
  const { findMarkedDemos } = await import('../usecases/list-demos.ts')
  const marked = await findMarkedDemos({ http, clock: app.world.clock, signal: app.signal, target: opened.target })
  const demo = marked.find((one) => one.slug === slug)
  if (demo === undefined) throw new CrmError('not_found', `no demo is named ${slug}`, { hint: 'see the demos with: crm demo-list' })
  return { opened, demo: { slug, name: demo.name, inboxId: demo.inboxId, botId: demo.botId } }
}
