import { isMissing } from './answers.ts'
import type { Client } from './client.ts'
import { type AccountObjects, type DemoFound, type DemoKnown, findDemo } from './demo-find.ts'
import type { DemoObserved } from './demo-plan.ts'
import type { AccountWebhook, Agent } from './read.ts'

/** What is there, and how it was found. */
export interface Observation {
  readonly observed: DemoObserved
  readonly found: DemoFound
}

/**
 * Reads what exists of a demo: all lists at once, then bot and members of its inbox at once, where there is one. Two round trips, one
 * for a demo that is new.
 *
 * @param wants.agents whether agents are wanted, so that those of the account and of the inbox have to be known.
 * @param wants.webhooks the webhooks of the account, where they are known.
 */
export async function observeDemo(
  client: Client,
  slug: string,
  known: DemoKnown,
  wants: { readonly agents: boolean; readonly webhooks: readonly AccountWebhook[] },
): Promise<Observation> {
  const [inboxes, bots, agents] = await Promise.all([client.listInboxes(), client.listBots(), wants.agents ? client.listAgents() : []])
  return observeAmong(client, slug, known, {
    objects: { inboxes, bots, webhooks: wants.webhooks },
    agents,
    asks: { link: true, members: wants.agents },
  })
}

/** What an account has, and what is to be asked of a demo's own inbox. */
export interface Among {
  readonly objects: AccountObjects
  readonly agents: readonly Agent[]
  /** Which bot serves the inbox, and who its members are. What is not asked counts as "none". */
  readonly asks: { readonly link: boolean; readonly members: boolean }
}

/** What exists of a demo among the objects of its account. One round trip where there is an inbox and something is to be asked, else none. */
export async function observeAmong(client: Client, slug: string, known: DemoKnown, { objects, agents, asks }: Among): Promise<Observation> {
  const none: readonly Agent[] = []
  const found = findDemo(slug, client.connection.accountId, known, objects)
  const { inbox, bot, adopted, webhooks, takenUrls } = found
  const shared = { bot, agents, webhooks, takenUrls, listed: objects }
  const nothing: DemoObserved = { ...shared, inbox: null, adopted: { ...adopted, inbox: false }, linkedBotId: null, members: none }
  if (inbox === null) return { observed: nothing, found }
  try {
    const [linkedBotId, members] = await Promise.all([
      asks.link ? client.linkedBotId(inbox.id) : null,
      asks.members ? client.listMembers(inbox.id) : none,
    ])
    return { observed: { ...shared, inbox, adopted, linkedBotId, members }, found }
  } catch (error) {
    // Somebody deleted it between the list and this look.
    if (isMissing(error)) return { observed: nothing, found: { ...found, inbox: null, adopted: { ...adopted, inbox: false } } }
    throw error
  }
}
