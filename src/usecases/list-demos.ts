import { createClient } from '../chatwoot/client.ts'
import { connectionOf } from '../chatwoot/connection.ts'
import { marksIn, untilOf } from '../chatwoot/demo-marks.ts'
import { type DemoTarget, errorFor } from '../chatwoot/demo-target.ts'
import type { AgentBot, Inbox } from '../chatwoot/read.ts'
import type { Answer, DemoListAnswer } from '../core/answers.ts'
import type { DemoSummary } from '../core/demo.ts'
import type { Source } from '../core/integration.ts'
import type { Clock, Http } from '../core/ports.ts'
import { toTimestamp } from '../core/time.ts'

/** The schema of the answer. */
export const LIST_DEMOS_SCHEMA = 'crm.demo-list/1'

/** The demos that a vault knows, as an answer: without those that are gone, by slug. */
export function listDemos(known: readonly DemoSummary[]): Answer<DemoListAnswer> {
  const demos = known.filter(({ status }) => status !== 'removed').toSorted(bySlug)
  return { schema: LIST_DEMOS_SCHEMA, data: { demos }, warnings: [] }
}

/** What looking for demos on a server needs of the world. */
export interface MarkedDemosDeps {
  readonly http: Http
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly target: DemoTarget
}

/**
 * The demos of an account by the marks on its inboxes and bots: what there is to list where there is no vault. Whether a bot is linked to
 * its inbox is not asked.
 * @throws {CrmError} of the network and of Chatwoot.
 */
export async function findMarkedDemos({ http, clock, signal, target }: MarkedDemosDeps): Promise<readonly DemoSummary[]> {
  const client = createClient(http, connectionOf(target.values), { signal })
  try {
    const [inboxes, bots] = await Promise.all([client.listInboxes(), client.listBots()])
    return summarize(inboxes, bots, { integration: target.name, source: target.source, now: toTimestamp(clock()) })
  } catch (error) {
    throw errorFor(target, error)
  }
}

interface Marked {
  inbox?: Inbox
  bot?: AgentBot
  isRemoved: boolean
  madeAt: string | null
}

/** Groups marked objects by slug; of several the one with the lowest id stands for the demo. */
function summarize(
  inboxes: readonly Inbox[],
  bots: readonly AgentBot[],
  { integration, source, now }: { readonly integration: string; readonly source: Source; readonly now: string },
): readonly DemoSummary[] {
  const bySlugs = new Map<string, Marked>()
  const note = (text: string | null | undefined, change: (demo: Marked) => void) => {
    for (const { slug, madeAt, isRemoved } of marksIn(text)) {
      const demo = bySlugs.get(slug) ?? { isRemoved: false, madeAt: null }
      demo.isRemoved ||= isRemoved
      demo.madeAt ??= madeAt
      change(demo)
      bySlugs.set(slug, demo)
    }
  }
  for (const inbox of inboxes.toSorted(byId)) {
    note(inbox.outOfOffice, (demo) => {
      demo.inbox ??= inbox
    })
  }
  for (const bot of bots.filter(({ isSystem }) => !isSystem).toSorted(byId)) {
    note(bot.description, (demo) => {
      demo.bot ??= bot
    })
  }
  const summaries = Array.from(bySlugs, ([slug, { inbox, bot, isRemoved, madeAt }]): DemoSummary => {
    const status = isRemoved ? 'deleting' : inbox !== undefined && bot !== undefined ? 'ready' : 'partial'
    const name = inbox?.name ?? bot?.name ?? slug
    const expiresAt = untilOf({ inbox: inbox ?? null, bot: bot ?? null }, slug)
    const ids = { inboxId: inbox?.id ?? null, botId: bot?.id ?? null }
    return { slug, name, integration, source, status, ...ids, createdAt: madeAt ?? now, expiresAt }
  })
  return summaries.sort(bySlug)
}

function byId(one: { readonly id: string }, other: { readonly id: string }): number {
  return Number(one.id) - Number(other.id)
}

function bySlug(one: DemoSummary, other: DemoSummary): number {
  return one.slug < other.slug ? -1 : one.slug > other.slug ? 1 : one.integration < other.integration ? -1 : 1
}
