import type { DemoStepAnswer } from '../core/answers.ts'
import type { DemoStatus } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import { createClient } from './client.ts'
import { accountUrl } from './connection.ts'
import { type DemoObserved, type DemoPlan, missedChanges } from './demo-plan.ts'
import {
  cancellation,
  type DemoEvent,
  type DemoObject,
  type DemoRun,
  delayedSignal,
  lookUntil,
  stepAnswer,
  stopIfCancelled,
  type Track,
  tracksOf,
} from './demo-run.ts'
import {
  agentsWork,
  botSecrets,
  botWork,
  inboxSecrets,
  inboxWork,
  linkWork,
  type Made,
  patience,
  type StepTools,
  type Work,
} from './demo-steps.ts'
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
}

/** What to do when a step fails. */
export interface ApplyOptions {
  /** Leave what was made, for a look at it. Default: undo. */
  readonly keepOnFailure?: boolean
}

/**
 * Carries out a plan: bot and inbox at once, then link and agents at once, then a look whether both are there. Each call is journalled
 * first. On a failure, a cancellation, and when the caller stops pulling, everything this run made is undone.
 *
 * Three round trips. A failure of the demo is in the result; what is thrown is a failure of the journal.
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
  const tools: StepTools = { run, plan, client: createClient(run.http, run.connection, { signal: late.signal }), made }
  let isEnded = false
  try {
    yield* carryOut(tools, tracks)
    await finish(run, plan, observed, made)
    isEnded = true
    return { error: undefined, steps: tracks.map(stepAnswer), ...made, left: [], pending: [] }
  } catch (thrown) {
    const failure = thrown instanceof CrmError ? thrown : new CrmError('internal', `making the demo ${plan.slug} failed`, { cause: thrown })
    if (options.keepOnFailure !== true && tracks.some(({ touched }) => touched)) yield { type: 'undo', reason: failure.message }
    isEnded = true
    return await giveUp(run, { plan, observed, tracks }, { failure, keep: options.keepOnFailure === true })
  } finally {
    // The caller stopped pulling: the same as a cancellation.
    if (!isEnded) await giveUp(run, { plan, observed, tracks }, { failure: new CrmError('cancelled', 'cancelled'), keep: false })
    late.release()
  }
}

/** The steps that write, phase by phase, and the look at the end. */
async function* carryOut(tools: StepTools, tracks: readonly Track[]): AsyncGenerator<DemoEvent> {
  const { made } = tools
  const todo = (kind: Track['step']['kind']) => tracks.find(({ step }) => step.kind === kind && step.action !== 'keep')
  const [bot, inbox, link, agents] = [todo('bot'), todo('inbox'), todo('link'), todo('agents')]
  yield* phase(tools, [...(bot === undefined ? [] : [botWork(tools, bot)]), ...(inbox === undefined ? [] : [inboxWork(tools, inbox)])])
  if (made.bot === null || made.inbox === null) throw new CrmError('internal', 'a demo was made without bot or inbox')
  const [botId, inboxId] = [made.bot.id, made.inbox.id]
  const second = [
    ...(link === undefined ? [] : [linkWork(tools, link, inboxId, botId)]),
    ...(agents === undefined ? [] : [agentsWork(tools, agents, inboxId)]),
  ]
  yield* phase(tools, second)
  const looks = await Promise.allSettled([readBackLink(tools, link, inboxId, botId), readBackAgents(tools, agents, inboxId)])
  yield* second.map(({ track }): DemoEvent => ({ type: 'end', step: stepAnswer(track) }))
  throwFirst(looks)
  stopIfCancelled(tools.run.signal)
  for (const track of [bot, inbox]) {
    const object = track?.step.kind === 'bot' ? made.bot : made.inbox
    const missed = track === undefined ? [] : missedChanges(object, track.step.changes)
    if (track === undefined || missed.length === 0) continue
    const message = `Chatwoot did not keep every setting of the ${track.step.kind} ${object.id} as it was sent: ${missed.join(', ')}`
    yield { type: 'warning', warning: { code: 'settings_not_kept', message } }
  }
}

/** Announces steps, commits their intents in one write, and sends them at once. @throws the first failure, after all have ended. */
async function* phase({ run }: StepTools, works: readonly Work[]): AsyncGenerator<DemoEvent> {
  if (works.length === 0) return
  yield* works.map(({ track }): DemoEvent => ({ type: 'start', step: stepAnswer(track) }))
  stopIfCancelled(run.signal)
  const positions = await run.ledger.intend(works.map(({ intent }) => intent))
  for (const [index, { track }] of works.entries()) track.position = positions[index]
  const results = await Promise.allSettled(works.map(({ perform }) => perform()))
  // Link and agents end when they have been read back.
  const endings = works.filter(({ track }) => track.outcome === 'failed' || track.step.kind === 'bot' || track.step.kind === 'inbox')
  yield* endings.map(({ track }): DemoEvent => ({ type: 'end', step: stepAnswer(track) }))
  throwFirst(results)
  stopIfCancelled(run.signal)
}

function throwFirst(results: readonly PromiseSettledResult<void>[]): void {
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/** The link is only believed after `GET .../agent_bot`: the call that sets it answers 200 to nearly everything. */
async function readBackLink({ run, client }: StepTools, track: Track | undefined, inboxId: string, botId: string): Promise<void> {
  if (track === undefined) return
  const look = async () => ((await client.linkedBotId(inboxId)) === botId ? true : undefined)
  await conclude(run, track, (await lookUntil(look, patienceOf(run, track))) === true, () => {
    const options = { reason: 'it took the request and did not carry it out', hint: 'look at the bot of the inbox in the dashboard' }
    return new CrmError('provider_error', `Chatwoot did not link the bot ${botId} to the inbox ${inboxId}`, options)
  })
}

async function readBackAgents({ run, client, plan }: StepTools, track: Track | undefined, inboxId: string): Promise<void> {
  if (track === undefined) return
  const look = async () => {
    const members = await client.listMembers(inboxId)
    return plan.newMembers.every(({ id }) => members.some((member) => member.id === id)) ? true : undefined
  }
  await conclude(run, track, (await lookUntil(look, patienceOf(run, track))) === true, () => {
    const options = {
      reason: 'it took the request and did not carry it out',
      hint: 'look at the collaborators of the inbox in the dashboard',
    }
    return new CrmError('provider_error', `Chatwoot did not add all agents to the inbox ${inboxId}`, options)
  })
}

function patienceOf(run: DemoRun, { outcome, error }: Track): number {
  return outcome === 'unknown' ? patience(run, error) : 0
}

/** Commits what a look has shown. @throws what the call ended with, or what the look makes of it. */
async function conclude(run: DemoRun, track: Track, isThere: boolean, otherwise: () => CrmError): Promise<void> {
  const failure = isThere ? undefined : (track.error ?? otherwise())
  track.outcome = isThere ? 'done' : 'failed'
  if (track.position !== undefined) await run.ledger.settle(track.position, isThere ? 'done' : 'failed', track.id)
  if (failure !== undefined) throw failure
}

/** Commits the end of a run that has gone well: what was adopted, the status, and secrets that have changed since. */
async function finish(run: DemoRun, plan: DemoPlan, observed: DemoObserved, { inbox, bot }: Made): Promise<void> {
  const adopted = [
    ...(observed.adopted.bot ? [{ kind: 'bot' as const, remoteId: observed.bot?.id ?? null }] : []),
    ...(observed.adopted.inbox ? [{ kind: 'inbox' as const, remoteId: observed.inbox?.id ?? null }] : []),
  ]
  await run.ledger.update(
    {
      name: plan.name,
      account: accountUrl(run.connection),
      channel: plan.channel,
      status: 'ready',
      inboxId: inbox?.id ?? null,
      botId: bot?.id ?? null,
      secrets: { ...(bot === null ? {} : botSecrets(bot)), ...(inbox === null ? {} : inboxSecrets(inbox)) },
    },
    adopted,
  )
}

interface Failure {
  readonly failure: CrmError
  readonly keep: boolean
}

/** Undoes a run, or leaves it as it is, and says how the demo stands then. */
async function giveUp(run: DemoRun, unfinished: Unfinished, { failure, keep }: Failure): Promise<Applied> {
  const { plan, observed, tracks } = unfinished
  const nothing = { inbox: null, bot: null, left: [], pending: [] }
  // Only a journal says `conflict`: another run has taken over, and what is there is now its own.
  if (failure.code === 'conflict') return { error: failure, steps: tracks.map(stepAnswer), ...nothing }
  const wasCancelled = cancellation(run.signal) !== undefined || failure.code === 'cancelled'
  const { left, pending } = keep ? kept(tracks) : await undo(run, unfinished, wasCancelled)
  const inboxId = pending[0] ?? idAfter(tracks, 'inbox', observed.inbox)
  const botId = idAfter(tracks, 'bot', observed.bot)
  const status = left.length > 0 ? 'partial' : pending.length > 0 ? 'deleting' : statusAfter(observed, inboxId, botId)
  const secrets = status === 'removed' ? Object.fromEntries(Object.keys(run.ledger.secrets).map((name) => [name, null])) : {}
  if (run.ledger.record !== undefined) await run.ledger.update({ status, inboxId, botId, secrets }).catch(() => {})
  const error = left.length === 0 ? failure : leftBehind(plan.slug, left, failure, keep)
  return { ...nothing, error, steps: tracks.map(stepAnswer), left, pending }
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
