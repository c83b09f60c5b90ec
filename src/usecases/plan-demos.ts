import { type Client, createClient } from '../chatwoot/client.ts'
import { accountUrl, type Connection, connectionOf, inboxDefaultsOf } from '../chatwoot/connection.ts'
import { askConnection } from '../chatwoot/connection-test.ts'
import { type AccountObjects, type DemoFound, findDemo, knownOf } from '../chatwoot/demo-find.ts'
import { type Adopted, Ledger } from '../chatwoot/demo-journal.ts'
import { marksIn, untilOf } from '../chatwoot/demo-marks.ts'
import { observeAmong } from '../chatwoot/demo-observe.ts'
import { type DemoObserved, type DemoPlan, planDemo } from '../chatwoot/demo-plan.ts'
import { agentsProof, isProven, linkProof } from '../chatwoot/demo-proof.ts'
import { type DemoTarget, errorFor } from '../chatwoot/demo-target.ts'
import { warningsBefore } from '../chatwoot/demo-warnings.ts'
import type { Agent } from '../chatwoot/read.ts'
import type { DemoJournal } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import type { Clock, Http } from '../core/ports.ts'
import type { TestReport, Warning } from '../core/provider.ts'
import type { CreateDemoInput } from './create-demo-input.ts'
import { refuseOtherAccount, requireAdministrator } from './demo-guards.ts'
import { wantedOf } from './demo-wanted.ts'

/** What planning and applying many demos needs of the world. */
export interface FleetDeps {
  /** Keeps to a pace by itself. */
  readonly http: Http
  readonly clock: Clock
  readonly signal: AbortSignal
  /** 32 hex digits, new for each run. */
  readonly runId: string
  /** The journal of a demo, or what keeps this run from working on it. */
  journal(target: DemoTarget, slug: string): DemoJournal | CrmError
}

/** A demo that is to be as a file has it. */
export interface FleetDemo {
  readonly target: DemoTarget
  readonly input: CreateDemoInput
}

/** A demo that no file names any more. */
export interface Surplus {
  readonly target: DemoTarget
  readonly slug: string
}

/** How demos are planned. */
export interface FleetOptions {
  /**
   * Ask each inbox for its bot and its agents, even where the journal knows: shows what was changed by hand, at the cost of one or two
   * requests for each demo.
   */
  readonly deep?: boolean
  /** The demos of an account that a vault knows; null where there is none, and marks have to tell. Left out: nothing is surplus. */
  readonly known?: (target: DemoTarget) => readonly string[] | null
  /** Integrations to look at although no demo is in them. */
  readonly targets?: readonly DemoTarget[]
}

/** A demo with what is to be done for it. */
export interface PlannedDemo extends FleetDemo {
  /** `skip`: over before it was ever made. */
  readonly action: 'create' | 'update' | 'keep' | 'skip'
  readonly plan: DemoPlan
  readonly found: DemoFound
  readonly observed: DemoObserved
  readonly ledger: Ledger
  readonly client: Client
  /** Whether there is something to write down although nothing is to be sent. */
  readonly hasNews: boolean
  readonly proofs: (made: { readonly inbox: { readonly id: string } | null }) => readonly Adopted[]
}

/** A demo that could not be planned. */
export interface UnplannedDemo extends FleetDemo {
  readonly error: CrmError
}

/** What is to be done, in the order of the file; deletions by slug. */
export interface FleetPlan {
  readonly demos: readonly (PlannedDemo | UnplannedDemo)[]
  readonly surplus: readonly Surplus[]
  readonly warnings: readonly Warning[]
}

/** Whether a demo has a plan. */
export function isPlanned(demo: PlannedDemo | UnplannedDemo): demo is PlannedDemo {
  return 'plan' in demo
}

/** An account as it is now. */
interface Account {
  readonly target: DemoTarget
  readonly connection: Connection
  readonly client: Client
  readonly report: TestReport
  readonly objects: AccountObjects
  /** Asked for once, when somebody needs them. */
  agents(): Promise<readonly Agent[]>
}

/**
 * Plans many demos. Each account is read once - inboxes, bots, webhooks, and agents where membership is not known - whatever the number of
 * its demos; a demo is asked about by itself only where its journal does not know how it stands. Writes nothing.
 *
 * @throws {CrmError} of the only account, when it cannot be worked with; with several, the demos of that account are without a plan.
 */
export async function planDemos(deps: FleetDeps, demos: readonly FleetDemo[], options: FleetOptions = {}): Promise<FleetPlan> {
  const targets = new Set([...demos.map(({ target }) => target), ...(options.known === undefined ? [] : (options.targets ?? []))])
  const accounts = new Map<DemoTarget, Account | CrmError>()
  await Promise.all(
    Array.from(targets, async (target) =>
      accounts.set(target, await openAccount(deps, target).catch((error) => asCrmError(target, error))),
    ),
  )
  const only = accounts.size === 1 ? accounts.values().next().value : undefined
  if (only instanceof CrmError) throw only
  const planned = await Promise.all(
    demos.map(async (demo): Promise<PlannedDemo | UnplannedDemo> => {
      const account = accounts.get(demo.target)
      if (account === undefined || account instanceof CrmError) return { ...demo, error: account ?? new CrmError('internal', 'no account') }
      const version = account.report.server?.version ?? null
      return planOne(deps, account, demo, options).catch((error) => ({ ...demo, error: asCrmError(demo.target, error, version) }))
    }),
  )
  const usable = [...accounts.values()].filter((account): account is Account => !(account instanceof CrmError))
  return {
    demos: planned,
    surplus: usable.flatMap((account) => surplusOf(account, demos, options)),
    warnings: warningsOf(usable, planned),
  }
}

async function openAccount(deps: FleetDeps, target: DemoTarget): Promise<Account> {
  const { http, signal } = deps
  const connection = connectionOf(target.values)
  const client = createClient(http, connection, { signal })
  const [{ report, webhooks }, inboxes, bots] = await Promise.all([
    askConnection(connection, deps),
    client.listInboxes().catch(asError),
    client.listBots().catch(asError),
  ])
  requireAdministrator(report, target)
  if (inboxes instanceof CrmError) throw inboxes
  if (bots instanceof CrmError) throw bots
  let agents: Promise<readonly Agent[]> | undefined
  const askAgents = (): Promise<readonly Agent[]> => {
    agents ??= client.listAgents()
    return agents
  }
  return { target, connection, client, report, objects: { inboxes, bots, webhooks }, agents: askAgents }
}

/** A list that was refused says less than the test of the connection, which is heard first. */
function asError(error: unknown): CrmError {
  if (error instanceof CrmError) return error
  throw error
}

function asCrmError(target: DemoTarget, error: unknown, version: string | null = null): CrmError {
  const named = errorFor(target, error, version)
  return named instanceof CrmError ? named : new CrmError('internal', 'planning a demo failed', { cause: error })
}

async function planOne(deps: FleetDeps, account: Account, demo: FleetDemo, { deep = false }: FleetOptions): Promise<PlannedDemo> {
  const { input, target } = demo
  const { client, connection, objects } = account
  const { slug, name, channel } = input
  const journal = deps.journal(target, slug)
  if (journal instanceof CrmError) throw journal
  const url = accountUrl(connection)
  const ledger = await Ledger.open(journal, { slug, name, integration: target.name, account: url, channel }, deps)
  const { record } = ledger
  const known = knownOf(record, url)
  const there = findDemo(slug, connection.accountId, known, objects)
  const link = there.inbox === null || there.bot === null ? undefined : linkProof(connection.accountId, there.inbox.id, there.bot.id)
  const members = there.inbox === null || input.agents.length === 0 ? undefined : agentsProof(there.inbox.id, input.agents)
  const isKnown = (proof: Required<Adopted> | undefined): boolean => !deep && proof !== undefined && isProven(record, proof)
  const hasAgents = isKnown(members)
  const asks = { link: !isKnown(link), members: input.agents.length > 0 && !hasAgents }
  const seen = await observeAmong(client, slug, known, { objects, agents: asks.members ? await account.agents() : [], asks })
  refuseOtherAccount(record, url, seen.found)
  const observed = { ...seen.observed, ...(isKnown(link) ? { linkedBotId: there.bot?.id ?? null } : {}) }
  const now = { runId: deps.runId, nowMs: deps.clock(), until: untilOf(seen.found, slug) }
  // Agents that are known to be there need no step, and nobody's number.
  const wanted = wantedOf(hasAgents ? { ...input, agents: [] } : input, { ...now, defaults: inboxDefaultsOf(target.values) })
  const plan = planDemo(wanted, observed)
  const proofs: PlannedDemo['proofs'] = ({ inbox }) => [
    ...(plan.steps.some(({ kind, action }) => kind === 'link' && action === 'keep') && link !== undefined && !isProven(record, link)
      ? [link]
      : []),
    ...(asks.members && inbox !== null && plan.unknownAgents.length === 0 && !isProven(record, agentsProof(inbox.id, input.agents))
      ? [agentsProof(inbox.id, input.agents)]
      : []),
  ]
  const isNew = observed.inbox === null && observed.bot === null
  const isOver = input.expires !== undefined && input.expires !== 'never' && Date.parse(input.expires) <= now.nowMs
  const action = isNew ? (isOver ? 'skip' : 'create') : plan.changed ? 'update' : 'keep'
  const hasAdopted = observed.adopted.inbox || observed.adopted.bot
  const hasNews =
    ledger.unknown.length > 0 ||
    hasAdopted ||
    seen.found.givenUp.length > 0 ||
    proofs(observed).length > 0 ||
    record?.status !== 'ready' ||
    (record.expiresAt ?? null) !== plan.expiresAt
  return { ...demo, action, plan, found: seen.found, observed, ledger, client, hasNews, proofs }
}

/** The demos of an account that nobody names any more: those of its vault, or where there is none, those whose marks stand on the server. */
function surplusOf({ target, objects }: Account, demos: readonly FleetDemo[], { known }: FleetOptions): readonly Surplus[] {
  if (known === undefined) return []
  const named = new Set(demos.filter((demo) => demo.target === target).map(({ input }) => input.slug))
  const slugs = known(target) ?? markedSlugs(objects)
  return [...new Set(slugs)]
    .filter((slug) => !named.has(slug))
    .toSorted()
    .map((slug) => ({ target, slug }))
}

/** The slugs of all marks among the objects of an account, without those that are being deleted. */
export function markedSlugs({ inboxes, bots, webhooks = [] }: AccountObjects): readonly string[] {
  const texts = [
    ...inboxes.map(({ outOfOffice }) => outOfOffice),
    ...bots.filter(({ isSystem }) => !isSystem).map(({ description }) => description),
  ]
  const marks = [...texts, ...webhooks.map(({ name }) => name)].flatMap((text) => marksIn(text))
  return [...new Set(marks.filter(({ isRemoved }) => !isRemoved).map(({ slug }) => slug))]
}

function warningsOf(accounts: readonly Account[], demos: readonly (PlannedDemo | UnplannedDemo)[]): readonly Warning[] {
  const byDemo = demos.flatMap((demo) => {
    const account = accounts.find(({ target }) => target === demo.target)
    if (!isPlanned(demo) || account === undefined || demo.action === 'keep' || demo.action === 'skip') return []
    const { plan, found, input } = demo
    const version = account.report.server?.version ?? null
    return warningsBefore({ plan, found, botUrl: input.botUrl, webhookUrl: input.webhookUrl, version, replaces: false })
  })
  const all = [...accounts.flatMap(({ report }) => report.warnings), ...byDemo]
  return [...new Map(all.map((warning) => [warning.message, warning])).values()]
}
