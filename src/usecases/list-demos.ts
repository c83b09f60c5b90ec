import { isMissing } from '../chatwoot/answers.ts'
import { type Client, createClient } from '../chatwoot/client.ts'
import { connectionOf } from '../chatwoot/connection.ts'
import { madeAtOf, marksIn, untilOf } from '../chatwoot/demo-marks.ts'
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
 * The demos of an account by their marks, as they stand: what there is to list where there is no vault. No list says which bot serves an
 * inbox (contract section 6), so that the inbox of each demo is asked, all at once.
 * @throws {CrmError} of the network and of Chatwoot.
 */
export async function listMarkedDemos(deps: MarkedDemosDeps): Promise<readonly DemoSummary[]> {
  const { http, signal, target } = deps
  const marked = await findMarkedDemos(deps)
  const client = createClient(http, connectionOf(target.values), { signal })
  try {
    return await Promise.all(marked.map((demo) => asItStands(client, demo)))
  } catch (error) {
    throw errorFor(target, error)
  }
}

/** A demo found by its marks as its inbox says that it stands: `partial` where its bot does not serve it. */
export async function asItStands(client: Client, demo: DemoSummary): Promise<DemoSummary> {
  if (demo.status !== 'ready' || demo.inboxId === null) return demo
  const linkedBotId = await client.linkedBotId(demo.inboxId).catch((error: unknown) => {
    // Somebody deleted the inbox between the list and this look.
    if (isMissing(error)) return null
    throw error
  })
  return linkedBotId === demo.botId ? demo : { ...demo, status: 'partial' }
}

/**
 * The demos of an account by the marks on its inboxes and bots: two lists, whatever their number. Whether a bot is linked to its inbox is
 * not asked: `ready` means that both are there ({@link listMarkedDemos} asks).
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
}

/** Groups marked objects by slug; of several the one with the lowest id stands for the demo. */
function summarize(
  inboxes: readonly Inbox[],
  bots: readonly AgentBot[],
  { integration, source, now }: { readonly integration: string; readonly source: Source; readonly now: string },
): readonly DemoSummary[] {
  const bySlugs = new Map<string, Marked>()
  const note = (text: string | null | undefined, change: (demo: Marked) => void) => {
    for (const { slug, isRemoved } of marksIn(text)) {
      const demo = bySlugs.get(slug) ?? { isRemoved: false }
      demo.isRemoved ||= isRemoved
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
  const summaries = Array.from(bySlugs, ([slug, { inbox = null, bot = null, isRemoved }]): DemoSummary => {
    const status = isRemoved ? 'deleting' : inbox !== null && bot !== null ? 'ready' : 'partial'
    const name = inbox?.name ?? bot?.name ?? slug
    const ids = { inboxId: inbox?.id ?? null, botId: bot?.id ?? null }
    const times = { createdAt: madeAtOf({ inbox, bot }, slug) ?? now, expiresAt: untilOf({ inbox, bot }, slug) }
    return { slug, name, integration, source, status, ...ids, ...times }
  })
  return summaries.sort(bySlug)
}

function byId(one: { readonly id: string }, other: { readonly id: string }): number {
  return Number(one.id) - Number(other.id)
}

function bySlug(one: DemoSummary, other: DemoSummary): number {
  return one.slug < other.slug ? -1 : one.slug > other.slug ? 1 : one.integration < other.integration ? -1 : 1
}
