/** The steps of a plan that write: each announced in the journal, sent once, and looked at where its result is not known. */
import { CrmError, unreachable } from '../core/errors.ts'
import { isKind, mayHaveHappened, mayStillHappen } from './answers.ts'
import { type Client, type WriteRequest, writes } from './client.ts'
import { botBody, inboxBody, newInboxBody, webhookBody } from './demo-body.ts'
import type { AccountObjects } from './demo-find.ts'
import { digestOf, type Intent, type RecordChange } from './demo-journal.ts'
import { markOf } from './demo-marks.ts'
import { type DemoPlan, hasChanges } from './demo-plan.ts'
import { attempt, type DemoRun, lookUntil, type Track } from './demo-run.ts'
import type { AccountWebhook, AgentBot, Inbox } from './read.ts'

/** A step that is ready to go: what the journal is told, and the call. */
export interface Work {
  readonly track: Track
  readonly intent: Intent
  /** Sends the request and puts its result into the journal. @throws what stopped it. */
  readonly perform: () => Promise<void>
}

/** Where steps leave what they made. */
export interface Made {
  bot: AgentBot | null
  inbox: Inbox | null
}

/** What steps share. */
export interface StepTools {
  readonly run: DemoRun
  readonly plan: DemoPlan
  /** Sends writes, and looks after them; outlives a cancellation for a moment. */
  readonly client: Client
  readonly made: Made
  /** What the account had when it was looked at last. */
  readonly listed: AccountObjects
}

/** The secrets of a bot, by the names under which they are kept. */
export function botSecrets(bot: AgentBot): Readonly<Record<string, string>> {
  return named({ botAccessToken: bot.accessToken?.reveal(), botSecret: bot.secret?.reveal() })
}

/** The secrets of an inbox, by the names under which they are kept. */
export function inboxSecrets(inbox: Inbox): Readonly<Record<string, string>> {
  return named({ inboxHmacToken: inbox.hmacToken?.reveal(), inboxSecret: inbox.secret?.reveal() })
}

/** The secret of a webhook, by the name under which it is kept. */
export function webhookSecrets({ id, secret }: AccountWebhook): Readonly<Record<string, string>> {
  return named({ [`webhookSecret${id}`]: secret?.reveal() })
}

function named(secrets: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(secrets).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** The work of making or changing the bot. */
export function botWork(tools: StepTools, track: Track): Work {
  const { run, plan, client, made, listed } = tools
  const { id, changes } = track.step
  const account = client.connection.accountId
  const body = botBody(changes)
  const request = id === null ? writes.createBot(account, body) : writes.updateBot(account, id, body)
  const find = async () => {
    if (id !== null) return ifChanged(await client.getBot(id), track)
    return (await client.listBots()).find((bot) => markOf(bot.description, plan.slug)?.runId === run.ledger.runId)
  }
  const send = async () => requireOwn(tools, track, listed.bots, await client.writeBot(request), ({ description }) => description)
  const keep = (bot: AgentBot): RecordChange => {
    made.bot = bot
    return { botId: bot.id, secrets: botSecrets(bot) }
  }
  return {
    track,
    intent: intentOf(track, request),
    perform: () => perform(run, track, { send, find, keep }),
  }
}

/** The work of making or changing the inbox. */
export function inboxWork(tools: StepTools, track: Track): Work {
  const { run, plan, client, made, listed } = tools
  const { id, changes } = track.step
  const account = client.connection.accountId
  const request =
    id === null ? writes.createInbox(account, newInboxBody(changes, plan.channel)) : writes.updateInbox(account, id, inboxBody(changes))
  const find = async () => {
    if (id !== null) return ifChanged(await client.getInbox(id), track)
    return (await client.listInboxes()).find((inbox) => markOf(inbox.outOfOffice, plan.slug)?.runId === run.ledger.runId)
  }
  const send = async () => requireOwn(tools, track, listed.inboxes, await client.writeInbox(request), ({ outOfOffice }) => outOfOffice)
  const keep = (inbox: Inbox): RecordChange => {
    made.inbox = inbox
    return { inboxId: inbox.id, secrets: inboxSecrets(inbox) }
  }
  return {
    track,
    intent: intentOf(track, request),
    perform: () => perform(run, track, { send, find, keep }),
  }
}

/**
 * What a server answers to the making of an object is believed to be that object only while nothing speaks against it: whatever is taken
 * for the demo's is changed and deleted later.
 * @throws {CrmError} `provider_error` for one that was there before, or that carries no mark of this run although it has a text for it.
 */
function requireOwn<T extends { readonly id: string }>(
  { run, plan }: StepTools,
  { step, id }: Track,
  listed: readonly { readonly id: string }[],
  object: T,
  markedText: (object: T) => string | null | undefined,
): T {
  const noun = step.kind === 'hours' ? 'inbox' : step.kind
  const text = markedText(object)
  const isOwn = text === undefined || markOf(text, plan.slug)?.runId === run.ledger.runId
  const wasThere = listed.some((one) => one.id === object.id)
  // A change is answered with the object that was changed.
  if (id === null ? isOwn && !wasThere : id === object.id) return object
  throw new CrmError('provider_error', `Chatwoot answered with the ${noun} ${object.id}, which is not the one that it was asked for`, {
    reason: id !== null ? `the one to be changed was ${id}` : wasThere ? 'it was there before' : 'it does not carry the mark of this demo',
    hint: 'run the same command again; if it fails again, look at what stands in front of the Chatwoot',
  })
}

function ifChanged<T extends AgentBot | Inbox | AccountWebhook>(object: T, { step }: Track): T | undefined {
  return hasChanges(object, step.changes) ? object : undefined
}

/** The work of making or changing a webhook of the account. */
export function webhookWork(tools: StepTools, track: Track): Work {
  const { run, plan, client, listed } = tools
  const { id, changes, name: url } = track.step
  const account = client.connection.accountId
  const body = webhookBody(changes)
  const request = id === null ? writes.createWebhook(account, body) : writes.updateWebhook(account, id, body)
  const find = async () => {
    const webhooks = await client.listWebhooks()
    const there = webhooks.find((webhook) => (id === null ? webhook.url === url : webhook.id === id))
    if (there === undefined) return undefined
    if (id !== null) return ifChanged(there, track)
    // Before 4.8 a webhook has no name, and nothing tells whose it is; the address was free a moment ago.
    return there.name === undefined || markOf(there.name, plan.slug)?.runId === run.ledger.runId ? there : undefined
  }
  const send = async () => requireOwn(tools, track, listed.webhooks ?? [], await client.writeWebhook(request), ({ name }) => name)
  const keep = (webhook: AccountWebhook): RecordChange => ({ secrets: webhookSecrets(webhook) })
  return {
    track,
    intent: intentOf(track, request),
    perform: () => perform(run, track, { send, find, keep }),
  }
}

/** The work of deleting a webhook that is not wanted any more. That it is gone already is what was wanted. */
export function webhookDeletion({ run, client }: StepTools, track: Track): Work {
  const id = track.step.id ?? unreachable('webhook to delete without an id')
  const request = writes.deleteWebhook(client.connection.accountId, id)
  return {
    track,
    intent: { kind: 'webhook', action: 'delete', digest: digestOf(request), remoteId: id },
    perform: async () => {
      const obstacle = await attempt(run.limits, () => client.write(request))
      track.outcome = obstacle === undefined ? 'done' : 'failed'
      const forgotten = obstacle === undefined ? { secrets: { [`webhookSecret${id}`]: null } } : {}
      await run.ledger.settle(positionOf(track), obstacle === undefined ? 'done' : 'failed', null, forgotten)
      if (obstacle !== undefined) throw obstacle
    },
  }
}

/** The work of setting the business hours: the answer is the inbox as it is then. */
export function hoursWork(tools: StepTools, track: Track, inboxId: string): Work {
  const { run, client, made, listed } = tools
  const request = writes.updateInbox(client.connection.accountId, inboxId, inboxBody(track.step.changes))
  track.id = inboxId
  const find = async () => ifChanged(await client.getInbox(inboxId), track)
  const send = async () => requireOwn(tools, track, listed.inboxes, await client.writeInbox(request), ({ outOfOffice }) => outOfOffice)
  const keep = (inbox: Inbox): RecordChange => {
    made.inbox = inbox
    return {}
  }
  return {
    track,
    intent: intentOf(track, request),
    perform: () => perform(run, track, { send, find, keep }),
  }
}

/** The work of letting the bot serve the inbox. Its result is believed only once it has been read back. */
export function linkWork({ run, client }: StepTools, track: Track, inboxId: string, botId: string): Work {
  const request = writes.setBot(client.connection.accountId, inboxId, botId)
  track.id = inboxId
  return { track, intent: intentOf(track, request), perform: () => send(run, track, () => client.write(request)) }
}

/** The work of adding agents to the inbox. Like the link, it is read back. */
export function agentsWork({ run, client, plan }: StepTools, track: Track, inboxId: string): Work {
  const ids = plan.newMembers.map(({ id }) => id)
  const request = writes.addMembers(client.connection.accountId, inboxId, ids)
  track.id = inboxId
  return { track, intent: intentOf(track, request), perform: () => send(run, track, () => client.write(request)) }
}

function intentOf({ step, id }: Track, request: WriteRequest): Intent {
  return { kind: step.kind, action: step.action === 'update' ? 'update' : 'create', digest: digestOf(request), remoteId: id }
}

interface Call<T> {
  readonly send: () => Promise<T>
  /** Looks whether the effect is there. */
  readonly find: () => Promise<T | undefined>
  /** Keeps the object, and says what the record learns from it. */
  readonly keep: (made: T) => RecordChange
}

/** Makes a call whose answer is the object. */
async function perform<T extends { readonly id: string }>(run: DemoRun, track: Track, { send, find, keep }: Call<T>): Promise<void> {
  const object = await send().catch((error: unknown) => recover(run, track, find, error))
  track.touched = true
  track.id = object.id
  track.outcome = 'done'
  run.ledger.note(positionOf(track), 'done', object.id, keep(object))
}

/**
 * What is there after a call that failed: the object, if the call has worked all the same. A lost answer is looked for, never asked for
 * by sending again.
 * @throws the error of the call; the track then says whether its effect is known.
 */
async function recover<T>(run: DemoRun, track: Track, find: () => Promise<T | undefined>, error: unknown): Promise<T> {
  if (mayHaveHappened(error)) {
    track.touched = true
    track.outcome = 'unknown'
    const found = await lookUntil(find, patience(run, error)).catch(() => {
      // Nothing can be seen either: the entry stays open in the journal.
      throw error
    })
    if (found !== undefined) return found
  }
  track.outcome = 'failed'
  // A change may have been saved in part (contract section 6.6); an object is there or not.
  track.touched = (track.step.action === 'update' || track.step.kind === 'hours') && (mayHaveHappened(error) || isKind(error, 'invalid'))
  await run.ledger.settle(positionOf(track), 'failed', null)
  throw error
}

/** Makes a call without an answer. Whether an unclear one has worked shows when it is read back. */
async function send(run: DemoRun, track: Track, call: () => Promise<void>): Promise<void> {
  track.touched = true
  try {
    await call()
    track.outcome = 'done'
  } catch (error) {
    track.error = error
    track.outcome = mayHaveHappened(error) ? 'unknown' : 'failed'
    if (track.outcome === 'unknown') return
    track.touched = false
    await run.ledger.settle(positionOf(track), 'failed', null)
    throw error
  }
}

/** How long to look for the effect of a call that failed: longer when the server may still be at it. */
export function patience({ limits }: Pick<DemoRun, 'limits'>, error: unknown): number {
  return mayStillHappen(error) ? limits.lookMs : 0
}

function positionOf({ position }: Track): number {
  return position ?? unreachable('step without an entry in the journal')
}
