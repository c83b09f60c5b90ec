/** Which of the objects on a server are those of a demo. Pure. */
import type { DemoRecord, JournalEntry } from '../core/demo.ts'
import { markOf } from './demo-marks.ts'
import type { AccountWebhook, AgentBot, Inbox } from './read.ts'

/** What the journal knows about a demo's objects in one account. */
export interface DemoKnown {
  readonly inboxId: string | null
  readonly botId: string | null
  /** Inboxes whose deletion was begun, with whether the server has accepted it. They vanish at some time, so they are never used again. */
  readonly deletedInboxes: ReadonlyMap<string, boolean>
  /** Runs that may have made objects without living to write down which. */
  readonly openRuns: ReadonlySet<string>
  /** What runs set out to make, by kind. */
  readonly creations: readonly Pick<JournalEntry, 'kind' | 'runId' | 'state' | 'remoteId'>[]
  /** Account webhooks that runs made. */
  readonly webhookIds: ReadonlySet<string>
}

/** The objects of a demo among all of an account. */
export interface DemoFound {
  readonly inbox: Inbox | null
  readonly bot: AgentBot | null
  /** Whether an object was found by its mark alone, without a journal that knows the run which made it. */
  readonly adopted: { readonly inbox: boolean; readonly bot: boolean }
  /** More objects that carry the demo's mark; but for the late ones, they are left alone until the demo is removed. */
  readonly doubles: { readonly inboxes: readonly Inbox[]; readonly bots: readonly AgentBot[] }
  /**
   * Those of the doubles that runs of this journal made without its learning of it: a request that was carried out only after its
   * run had died and the next one had made the object anew.
   */
  readonly late: { readonly inboxes: readonly Inbox[]; readonly bots: readonly AgentBot[] }
  /** Inboxes that a run gave up without the server's word that it deletes them. */
  readonly givenUp: readonly Inbox[]
  /** Inboxes that the server is deleting. */
  readonly deleting: readonly Inbox[]
  /** The demo's account webhooks, by id. */
  readonly webhooks: readonly AccountWebhook[]
  /** The addresses of the account's other webhooks, which cannot be used a second time (contract section 10). */
  readonly takenUrls: ReadonlySet<string>
}

/** All that an account has of what demos are made of. */
export interface AccountObjects {
  readonly inboxes: readonly Inbox[]
  readonly bots: readonly AgentBot[]
  /** Left out where nobody asked for them. */
  readonly webhooks?: readonly AccountWebhook[]
}

/** What a record knows about an account; nothing, if its ids belong to another one. */
export function knownOf(record: DemoRecord | undefined, account: string): DemoKnown {
  if (record === undefined || record.account !== account)
    return {
      inboxId: null,
      botId: null,
      deletedInboxes: new Map(),
      openRuns: openRuns(record),
      creations: [],
      webhookIds: new Set(),
    }
  const { inboxId, botId, journal } = record
  return {
    inboxId,
    botId,
    deletedInboxes: deletedInboxes(journal),
    openRuns: openRuns(record),
    creations: journal.filter(({ action }) => action === 'create'),
    webhookIds: new Set(madeWebhooks(journal)),
  }
}

/** The webhooks that a journal has made and not deleted. */
export function madeWebhooks(journal: readonly JournalEntry[]): readonly string[] {
  const made = new Set<string>()
  for (const { kind, action, state, remoteId } of journal) {
    if (kind !== 'webhook' || state !== 'done' || remoteId === null) continue
    if (action === 'delete') made.delete(remoteId)
    else made.add(remoteId)
  }
  return [...made]
}

function openRuns(record: DemoRecord | undefined): ReadonlySet<string> {
  const open = (record?.journal ?? []).filter(({ action, state }) => action === 'create' && state === 'intent')
  return new Set(open.map(({ runId }) => runId))
}

function deletedInboxes(journal: readonly JournalEntry[]): ReadonlyMap<string, boolean> {
  const deleted = new Map<string, boolean>()
  for (const { kind, action, state, remoteId } of journal) {
    if (kind !== 'inbox' || action !== 'delete' || remoteId === null) continue
    deleted.set(remoteId, state === 'done' || deleted.get(remoteId) === true)
  }
  return deleted
}

/**
 * Finds a demo's objects: by the journal, else by their mark. Of several marked ones the lowest id is taken. What carries no mark and
 * stands in no journal is never the demo's, whatever its name.
 */
export function findDemo(slug: string, accountId: string, known: DemoKnown, all: AccountObjects): DemoFound {
  const isKnownDeleted = ({ id }: Inbox) => known.deletedInboxes.has(id)
  const marked = all.inboxes.filter((inbox) => inbox.channel !== undefined && markOf(inbox.outOfOffice, slug) !== undefined)
  const isRemoved = (inbox: Inbox) => markOf(inbox.outOfOffice, slug)?.isRemoved === true
  const usable = marked.filter((inbox) => !isRemoved(inbox) && !isKnownDeleted(inbox)).sort(byId)
  const knownInbox = all.inboxes.find((inbox) => inbox.id === known.inboxId && !isKnownDeleted(inbox) && !isRemoved(inbox))
  const inbox = knownInbox ?? usable[0] ?? null

  const own = all.bots.filter((bot) => !bot.isSystem && (bot.accountId === undefined || bot.accountId === accountId))
  const markedBots = own.filter((bot) => markOf(bot.description, slug) !== undefined).sort(byId)
  const knownBot = own.find((bot) => bot.id === known.botId)
  const bot = knownBot ?? markedBots[0] ?? null

  const doubles = { inboxes: usable.filter((entry) => entry !== inbox), bots: markedBots.filter((entry) => entry !== bot) }
  const isLate = (kind: 'inbox' | 'bot', id: string, runId: string | null | undefined) =>
    known.creations.some((made) => made.kind === kind && made.runId === runId && (made.state !== 'done' || made.remoteId === id))
  const isOwn = ({ id, name }: AccountWebhook) => known.webhookIds.has(id) || markOf(name, slug) !== undefined
  const { webhooks: hooks = [] } = all
  const webhooks = hooks.filter(isOwn).sort(byId)

  const dying = all.inboxes.filter((entry) => isKnownDeleted(entry) || (marked.includes(entry) && isRemoved(entry)))
  return {
    inbox,
    bot,
    adopted: {
      inbox: inbox !== null && knownInbox === undefined && !known.openRuns.has(markOf(inbox.outOfOffice, slug)?.runId ?? ''),
      bot: bot !== null && knownBot === undefined && !known.openRuns.has(markOf(bot.description, slug)?.runId ?? ''),
    },
    doubles,
    late: {
      inboxes: doubles.inboxes.filter(({ id, outOfOffice }) => isLate('inbox', id, markOf(outOfOffice, slug)?.runId)),
      bots: doubles.bots.filter(({ id, description }) => isLate('bot', id, markOf(description, slug)?.runId)),
    },
    givenUp: dying.filter(({ id }) => known.deletedInboxes.get(id) !== true),
    deleting: dying.filter(({ id }) => known.deletedInboxes.get(id) === true),
    webhooks,
    takenUrls: new Set(hooks.filter((webhook) => !isOwn(webhook)).map(({ url }) => url)),
  }
}

function byId(one: { readonly id: string }, other: { readonly id: string }): number {
  return Number(one.id) - Number(other.id)
}

/** All that a demo has on the server: what a removal takes away. Inboxes that the server deletes already are not among them. */
export function allOf({ inbox, bot, doubles, givenUp, webhooks }: DemoFound): {
  readonly inboxes: readonly Inbox[]
  readonly botIds: readonly string[]
  readonly webhookIds: readonly string[]
} {
  const bots = [...(bot === null ? [] : [bot]), ...doubles.bots]
  return {
    inboxes: [...(inbox === null ? [] : [inbox]), ...doubles.inboxes, ...givenUp],
    botIds: bots.map(({ id }) => id),
    webhookIds: webhooks.map(({ id }) => id),
  }
}
