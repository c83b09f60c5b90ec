import { CrmError } from '../core/errors.ts'
import type { Warning } from '../core/provider.ts'
import { TakenOverError } from '../core/taken-over.ts'
import { createClient } from './client.ts'
import { accountUrl } from './connection.ts'
import { type Applied, giveUp } from './demo-failure.ts'
import type { Adopted } from './demo-journal.ts'
import { madeAtOf } from './demo-marks.ts'
import { type DemoObserved, type DemoPlan, missedChanges } from './demo-plan.ts'
import { readBackAgents, readBackLink } from './demo-read-back.ts'
import { type DemoEvent, type DemoRun, delayedSignal, stepAnswer, stopIfCancelled, type Track, tracksOf } from './demo-run.ts'
import {
  agentsWork,
  botSecrets,
  botWork,
  hoursWork,
  inboxSecrets,
  inboxWork,
  linkWork,
  type Made,
  type StepTools,
  type Work,
  webhookDeletion,
  webhookWork,
} from './demo-steps.ts'
import type { AgentBot, Inbox } from './read.ts'

/** What to do when a step fails. */
export interface ApplyOptions {
  /** Leave what was made, for a look at it. Default: undo. */
  readonly keepOnFailure?: boolean
  /** What was asked about a demo and found to be so, for the journal: later runs need not ask again. */
  readonly proofs?: (made: Readonly<Made>) => readonly Adopted[]
}

/**
 * Carries out a plan: bot, inbox and webhooks at once, then link, hours and agents at once, then a look whether they are there. Each call is journalled
 * first. On a failure, a cancellation, and when the caller stops pulling, everything this run made is undone.
 *
 * Three round trips. A failure is in the result, with what has become of each step.
 */
export async function* applyDemo(
  run: DemoRun,
  plan: DemoPlan,
  observed: DemoObserved,
  options: ApplyOptions = {},
): AsyncGenerator<DemoEvent, Applied> {
  const tracks = tracksOf(plan)
  const made: Made = { bot: observed.bot, inbox: observed.inbox }
  const late = delayedSignal(run.signal, run.limits.settleMs)
  const tools: StepTools = {
    run,
    plan,
    client: createClient(run.http, run.connection, { signal: late.signal }),
    made,
    listed: observed.listed,
  }
  let isEnded = false
  try {
    const warnings = yield* carryOut(tools, tracks)
    await finish(run, plan, observed, made, options.proofs?.(made))
    isEnded = true
    return { error: undefined, steps: tracks.map(stepAnswer), ...made, left: [], pending: [], warnings }
  } catch (thrown) {
    const failure = thrown instanceof CrmError ? thrown : new CrmError('internal', `making the demo ${plan.slug} failed`, { cause: thrown })
    const isUndone = options.keepOnFailure !== true && !(failure instanceof TakenOverError) && tracks.some(({ touched }) => touched)
    if (isUndone) yield { type: 'undo', reason: failure.message }
    isEnded = true
    return await giveUp(run, { plan, observed, tracks }, { failure, keep: options.keepOnFailure === true })
  } finally {
    // The caller stopped pulling: the same as a cancellation.
    if (!isEnded) await giveUp(run, { plan, observed, tracks }, { failure: new CrmError('cancelled', 'cancelled'), keep: false })
    late.release()
  }
}

/** The steps that write, phase by phase, and the look at the end. @returns what the server did differently. */
async function* carryOut(tools: StepTools, tracks: readonly Track[]): AsyncGenerator<DemoEvent, readonly Warning[]> {
  const { made } = tools
  const todo = (kind: Track['step']['kind']) => tracks.find(({ step }) => step.kind === kind && step.action !== 'keep')
  const [bot, inbox, link, hours, agents] = [todo('bot'), todo('inbox'), todo('link'), todo('hours'), todo('agents')]
  const webhooks = tracks.filter(({ step }) => step.kind === 'webhook' && step.action !== 'keep')
  yield* phase(tools, [
    ...(bot === undefined ? [] : [botWork(tools, bot)]),
    ...(inbox === undefined ? [] : [inboxWork(tools, inbox)]),
    ...webhooks.filter(({ step }) => step.action !== 'delete').map((track) => webhookWork(tools, track)),
  ])
  if (made.bot === null || made.inbox === null) throw new CrmError('internal', 'a demo was made without bot or inbox')
  const [botId, inboxId] = [made.bot.id, made.inbox.id]
  const second = [
    ...(link === undefined ? [] : [linkWork(tools, link, inboxId, botId)]),
    ...(hours === undefined ? [] : [hoursWork(tools, hours, inboxId)]),
    ...(agents === undefined ? [] : [agentsWork(tools, agents, inboxId)]),
  ]
  yield* phase(tools, second)
  const looks = await Promise.allSettled([readBackLink(tools, link, inboxId, botId), readBackAgents(tools, agents, inboxId)])
  yield* second.filter(isReadBack).map(({ track }): DemoEvent => ({ type: 'end', step: stepAnswer(track) }))
  throwFirst(looks)
  stopIfCancelled(tools.run.signal)
  // Last, when everything else is there: what is deleted does not come back.
  yield* phase(
    tools,
    webhooks.filter(({ step }) => step.action === 'delete').map((track) => webhookDeletion(tools, track)),
  )
  const written = [
    ...(bot === undefined ? [] : [notKept(bot, made.bot)]),
    ...(inbox === undefined ? [] : [notKept(inbox, made.inbox)]),
    ...(hours === undefined ? [] : [notKept(hours, made.inbox)]),
  ]
  return written.filter((warning) => warning !== undefined)
}

/** Link and agents end when they have been read back. */
function isReadBack({ track: { step } }: Work): boolean {
  return step.kind === 'link' || step.kind === 'agents'
}

/** Chatwoot answers with the object as it has saved it: a value that it has cut or left out would be sent again by every run. */
function notKept({ step }: Track, object: AgentBot | Inbox): Warning | undefined {
  const missed = missedChanges(object, step.changes)
  if (missed.length === 0) return undefined
  const message = `Chatwoot did not keep every setting of the ${step.kind} ${object.id} as it was sent: ${missed.join(', ')}`
  return { code: 'settings_not_kept', message }
}

/** Announces steps, commits their intents in one write, and sends them at once. @throws the first failure, after all have ended. */
async function* phase({ run }: StepTools, works: readonly Work[]): AsyncGenerator<DemoEvent> {
  if (works.length === 0) return
  yield* works.map(({ track }): DemoEvent => ({ type: 'start', step: stepAnswer(track) }))
  stopIfCancelled(run.signal)
  const positions = await run.ledger.intend(works.map(({ intent }) => intent))
  for (const [index, { track }] of works.entries()) track.position = positions[index]
  const results = await Promise.allSettled(works.map(({ perform }) => perform()))
  const endings = works.filter((work) => work.track.outcome === 'failed' || !isReadBack(work))
  yield* endings.map(({ track }): DemoEvent => ({ type: 'end', step: stepAnswer(track) }))
  throwFirst(results)
  stopIfCancelled(run.signal)
}

function throwFirst(results: readonly PromiseSettledResult<void>[]): void {
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/** Commits the end of a run that has gone well: what was adopted, the status, and secrets that have changed since. */
async function finish(
  run: DemoRun,
  plan: DemoPlan,
  observed: DemoObserved,
  { inbox, bot }: Made,
  proofs: readonly Adopted[] = [],
): Promise<void> {
  const adopted: Adopted[] = [
    ...(observed.adopted.bot ? [{ kind: 'bot' as const, remoteId: observed.bot?.id ?? null }] : []),
    ...(observed.adopted.inbox ? [{ kind: 'inbox' as const, remoteId: observed.inbox?.id ?? null }] : []),
    ...proofs,
  ]
  // The marks of a demo say when it was made, whoever made it: every machine tells the same time.
  const madeAt = run.ledger.isNew ? madeAtOf({ inbox, bot }, plan.slug) : null
  await run.ledger.update(
    {
      ...(madeAt === null ? {} : { createdAt: madeAt }),
      name: plan.name,
      account: accountUrl(run.connection),
      channel: plan.channel,
      status: 'ready',
      inboxId: inbox?.id ?? null,
      botId: bot?.id ?? null,
      expiresAt: plan.expiresAt,
      secrets: { ...(bot === null ? {} : botSecrets(bot)), ...(inbox === null ? {} : inboxSecrets(inbox)) },
    },
    adopted,
  )
}
