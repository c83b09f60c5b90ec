import type { DemoFound } from './demo-find.ts'
import type { Ledger } from './demo-journal.ts'
import { markOf } from './demo-marks.ts'
import type { DemoPlan } from './demo-plan.ts'

/**
 * Settles what earlier runs began and did not live to write down, by what is on the server now (`security.md` section 12): an object
 * with the mark of that run was made, one that is still listed was not deleted, and a change that the plan has nothing to add to was
 * carried out. One write, and none when nothing is open.
 */
export async function settleUnknown(ledger: Ledger, found: DemoFound, plan: DemoPlan): Promise<void> {
  const results = ledger.unknown.map(({ position, entry }) => {
    const { action, kind, runId, remoteId } = entry
    if (action === 'create' && (kind === 'bot' || kind === 'inbox' || kind === 'webhook')) {
      const made = madeBy(found, plan.slug, kind, runId)
      return { position, state: made === undefined ? 'failed' : 'done', remoteId: made?.id ?? null } as const
    }
    if (action === 'delete') return { position, state: isListed(found, kind, remoteId) ? 'failed' : 'done', remoteId } as const
    const step = plan.steps.find((candidate) => candidate.kind === kind && (kind !== 'webhook' || candidate.id === remoteId))
    return { position, state: step?.action === 'keep' ? 'done' : 'failed', remoteId } as const
  })
  if (results.length === 0) return
  // Known from now on, should this run end early as well.
  await ledger.resolve(results, {
    ...(found.inbox === null ? {} : { inboxId: found.inbox.id }),
    ...(found.bot === null ? {} : { botId: found.bot.id }),
  })
}

function madeBy(
  { inbox, bot, doubles, webhooks }: DemoFound,
  slug: string,
  kind: 'bot' | 'inbox' | 'webhook',
  runId: string,
): { readonly id: string } | undefined {
  if (kind === 'webhook') return webhooks.find(({ name }) => markOf(name, slug)?.runId === runId)
  if (kind === 'bot') return [bot, ...doubles.bots].find((one) => markOf(one?.description, slug)?.runId === runId) ?? undefined
  return [inbox, ...doubles.inboxes].find((one) => markOf(one?.outOfOffice, slug)?.runId === runId) ?? undefined
}

function isListed({ inbox, bot, doubles, givenUp, deleting, webhooks }: DemoFound, kind: string, id: string | null): boolean {
  if (kind === 'webhook') return webhooks.some((webhook) => webhook.id === id)
  const listed = kind === 'bot' ? [bot, ...doubles.bots] : [inbox, ...doubles.inboxes, ...givenUp, ...deleting]
  return listed.some((one) => one?.id === id)
}
