import { type Client, createClient } from '../chatwoot/client.ts'
import { accountUrl, type Connection, connectionOf, inboxDefaultsOf } from '../chatwoot/connection.ts'
import { askConnection } from '../chatwoot/connection-test.ts'
import { applyDemo } from '../chatwoot/demo-apply.ts'
import type { Applied } from '../chatwoot/demo-failure.ts'
import { allOf, type DemoFound, knownOf } from '../chatwoot/demo-find.ts'
import { Ledger } from '../chatwoot/demo-journal.ts'
import { untilOf } from '../chatwoot/demo-marks.ts'
import { observeDemo } from '../chatwoot/demo-observe.ts'
import { type DemoObserved, type DemoPlan, planDemo } from '../chatwoot/demo-plan.ts'
import { settleUnknown } from '../chatwoot/demo-recover.ts'
import { type Removal, removeObjects } from '../chatwoot/demo-remove.ts'
import { DEMO_LIMITS, type DemoEvent, type DemoLimits, type DemoObject, type DemoRun, stopIfCancelled } from '../chatwoot/demo-run.ts'
import { type DemoTarget, errorFor } from '../chatwoot/demo-target.ts'
import { warningsBefore } from '../chatwoot/demo-warnings.ts'
import type { AccountWebhook } from '../chatwoot/read.ts'
import type { Answer, DemoCreateAnswer } from '../core/answers.ts'
import type { DemoJournal } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import type { Clock, Http } from '../core/ports.ts'
import type { TestReport } from '../core/provider.ts'
import { answerOf, nothingApplied, type RunState, withPages } from './create-demo-answer.ts'
import { type CreateDemoInput, type CreateDemoRequest, readCreateDemo } from './create-demo-input.ts'
import type { DemoPages } from './create-demo-pages.ts'
import { refuseOtherAccount, refusePast, requireAdministrator } from './demo-guards.ts'
import { wantedOf } from './demo-wanted.ts'

/** What making a demo needs of the world. */
export interface CreateDemoDeps {
  readonly http: Http
  readonly clock: Clock
  /** The journal of this very demo: of the vault, or in memory where there is none. */
  readonly journal: DemoJournal
  readonly target: DemoTarget
  /** Ends the run; what was made is then undone. */
  readonly signal: AbortSignal
  /** 32 hex digits, new for each run. */
  readonly runId: string
  /** Where the pages go, if they are wanted. */
  readonly pages?: DemoPages
  readonly limits?: Partial<DemoLimits>
}

/**
 * Makes a demo, or what is missing of it: tests the connection, reads what is there, plans, applies, reads back (`design.md` section 5).
 * A second run with the same input writes nothing. Yields what happens; the answer of a run that failed after its first write has an
 * `error` besides its data.
 *
 * @throws {CrmError} for whatever stops it before the first write: `usage` with all problems, the cause of a failed connection test,
 *   `permission_denied` for a token that is not an administrator's, `conflict`.
 */
export async function* createDemo(deps: CreateDemoDeps, request: CreateDemoRequest): AsyncGenerator<DemoEvent, Answer<DemoCreateAnswer>> {
  const input = readCreateDemo(request)
  if (deps.pages !== undefined && input.channel === 'api') throw noPages()
  if (input.expires !== undefined && input.expires !== 'never') refusePast(input.expires, deps.clock())
  let version: string | null = null
  try {
    const connection = connectionOf(deps.target.values)
    yield { type: 'test', integration: deps.target.name }
    const { report, webhooks } = await askConnection(connection, deps)
    requireAdministrator(report, deps.target)
    version = report.server?.version ?? null
    const answer = yield* provision({ deps, input, connection, report, webhooks })
    return answer.error === undefined ? answer : { ...answer, error: errorFor(deps.target, answer.error, version) as CrmError }
  } catch (error) {
    throw errorFor(deps.target, error, version)
  }
}

function noPages(): CrmError {
  return new CrmError('usage', 'there is no page for a demo with channel api', { hint: 'leave --output away, or use --channel web' })
}

/** A run after its connection test. */
interface Provisioning {
  readonly deps: CreateDemoDeps
  readonly input: CreateDemoInput
  readonly connection: Connection
  readonly report: TestReport
  /** Those of the account. */
  readonly webhooks: readonly AccountWebhook[]
}

async function* provision(provisioning: Provisioning): AsyncGenerator<DemoEvent, Answer<DemoCreateAnswer>> {
  const { deps, input, connection, report } = provisioning
  const { http, clock, signal, runId, target } = deps
  const account = accountUrl(connection)
  const seed = { slug: input.slug, name: input.name, integration: target.name, account, channel: input.channel }
  const ledger = await Ledger.open(deps.journal, seed, { clock, runId })
  const client = createClient(http, connection, { signal })
  const wants = { agents: input.agents.length > 0, webhooks: provisioning.webhooks }
  const { observed, found } = await observeDemo(client, input.slug, knownOf(ledger.record, account), wants)
  refuseOtherAccount(ledger.record, account, found, true)
  const isThere = observed.inbox !== null || observed.bot !== null
  if (isThere && input.ifExists === 'fail') throw existsAlready(input.slug, observed)
  const replaces = isThere && input.ifExists === 'replace'
  const base = replaces ? withoutObjects(observed) : observed
  const wanted = wantedOf(input, {
    defaults: inboxDefaultsOf(target.values),
    runId,
    nowMs: clock(),
    until: replaces ? null : untilOf(found, input.slug),
  })
  const plan = planDemo(wanted, base)

  const before = { plan, found, botUrl: input.botUrl, webhookUrl: input.webhookUrl, version: report.server?.version ?? null, replaces }
  const warnings = [...report.warnings, ...warningsBefore(before)]
  yield { type: 'plan', plan, dryRun: input.dryRun }
  yield* warnings.map((warning): DemoEvent => ({ type: 'warning', warning }))
  const state: RunState = {
    integration: target.name,
    source: target.source,
    connection,
    input,
    report,
    ledger,
    plan,
    warnings,
    replaces,
    cleans: found.late.inboxes.length + found.late.bots.length > 0,
  }
  if (input.dryRun) return answerOf(state, { ...nothingApplied(plan), inbox: observed.inbox, bot: observed.bot })

  stopIfCancelled(signal)
  await deps.pages?.prepare()
  await settleUnknown(ledger, found, plan)
  const run: DemoRun = { http, connection, ledger, signal, limits: { ...DEMO_LIMITS, ...deps.limits } }
  const obstacle = yield* clearTheWay(run, state, client, found)
  if (obstacle !== undefined) return answerOf(state, obstacle)
  const applied = yield* applyDemo(run, plan, base, input)
  return withPages(answerOf(state, applied), deps.pages, state)
}

/**
 * Removes what is in the way of a plan: all of a demo that is to be replaced, else inboxes that an earlier run gave up and did not live
 * to delete, and what one that was cut off made too late. @returns how the run ends when the old demo cannot be removed.
 */
async function* clearTheWay(
  run: DemoRun,
  state: RunState,
  client: Client,
  found: DemoFound,
): AsyncGenerator<DemoEvent, Applied | undefined> {
  const { ledger, plan, input, replaces } = state
  const targets = { slug: input.slug, ...(replaces ? allOf(found) : remainsOf(found)) }
  const inboxes = targets.inboxes.map(({ id }): DemoObject => ({ kind: 'inbox', id }))
  const objects = [
    ...inboxes,
    ...targets.botIds.map((id): DemoObject => ({ kind: 'bot', id })),
    ...targets.webhookIds.map((id): DemoObject => ({ kind: 'webhook', id })),
  ]
  if (objects.length === 0) return undefined
  yield { type: 'remove', objects }
  const removal = await removeObjects(run, client, targets, 0)
  if (!replaces) return undefined
  if (removal.left.length > 0) return notReplaced(plan, input.slug, removal)
  const secrets = Object.fromEntries(Object.keys(ledger.secrets).map((name) => [name, null]))
  await ledger.update({ inboxId: null, botId: null, secrets })
  return undefined
}

/** What earlier runs have left that the demo does not need. */
function remainsOf({ givenUp, late }: DemoFound): ReturnType<typeof allOf> {
  return { inboxes: [...givenUp, ...late.inboxes], botIds: late.bots.map(({ id }) => id), webhookIds: [] }
}

function existsAlready(slug: string, { inbox, bot }: DemoObserved): CrmError {
  const there = [...(inbox === null ? [] : [`inbox ${inbox.id}`]), ...(bot === null ? [] : [`bot ${bot.id}`])]
  const hint = 'leave --if-exists away to bring it up to date, or use --if-exists replace to make it anew'
  return new CrmError('conflict', `the demo ${slug} exists already: ${there.join(', ')}`, { hint })
}

function withoutObjects(observed: DemoObserved): DemoObserved {
  return { ...observed, inbox: null, bot: null, adopted: { inbox: false, bot: false }, linkedBotId: null, members: [], webhooks: [] }
}

function notReplaced(plan: DemoPlan, slug: string, { left, pending, obstacle }: Removal): Applied {
  const names = left.map(({ kind, id }) => `${kind} ${id}`)
  const error = new CrmError('partial', `the demo ${slug} was not replaced: ${names.join(', ')} left of the old one`, {
    ...(obstacle === undefined ? {} : { reason: obstacle.message, cause: obstacle }),
    hint: `run the same command again to finish it, or: crm demo-remove ${slug}`,
  })
  return { ...nothingApplied(plan), error, left, pending }
}
