import { isMissing } from './answers.ts'
import type { Client } from './client.ts'
import { type DemoFound, type DemoKnown, findDemo } from './demo-find.ts'
import type { DemoObserved } from './demo-plan.ts'
import type { Agent } from './read.ts'

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
 */
export async function observeDemo(
  client: Client,
  slug: string,
  known: DemoKnown,
  wants: { readonly agents: boolean },
): Promise<Observation> {
  const none: readonly Agent[] = []
  const [inboxes, bots, agents] = await Promise.all([client.listInboxes(), client.listBots(), wants.agents ? client.listAgents() : none])
  const found = findDemo(slug, client.connection.accountId, known, { inboxes, bots })
  const { inbox, bot, adopted } = found
  const nothing: DemoObserved = { inbox: null, bot, adopted: { ...adopted, inbox: false }, linkedBotId: null, members: none, agents }
  if (inbox === null) return { observed: nothing, found }
  try {
    const [linkedBotId, members] = await Promise.all([client.linkedBotId(inbox.id), wants.agents ? client.listMembers(inbox.id) : none])
    return { observed: { inbox, bot, adopted, linkedBotId, members, agents }, found }
  } catch (error) {
    // Somebody deleted it between the list and this look.
    if (isMissing(error)) return { observed: nothing, found: { ...found, inbox: null, adopted: { ...adopted, inbox: false } } }
    throw error
  }
}
