import { type CrmError, unreachable } from '../core/errors.ts'
import { isMissing, mayStillHappen } from './answers.ts'
import { type Client, type WriteRequest, writes } from './client.ts'
import { digestOf } from './demo-journal.ts'
import { withMarkRemoved } from './demo-marks.ts'
import { attempt, cancellation, type DemoObject, type DemoRun, lookUntil } from './demo-run.ts'
import type { Inbox } from './read.ts'

/** What is to be removed: objects of one demo, and nothing else. */
export interface RemovalTargets {
  readonly slug: string
  readonly inboxes: readonly Pick<Inbox, 'id' | 'outOfOffice'>[]
  readonly botIds: readonly string[]
  /** Account webhooks. */
  readonly webhookIds: readonly string[]
}

/** What became of them. */
export interface Removal {
  /** Inboxes whose deletion the server has accepted and not carried out yet. */
  readonly pending: readonly string[]
  /** What could not be removed, with the first thing that stood in the way. */
  readonly left: readonly DemoObject[]
  /** Those of {@link left} whose deletion was not answered: they may be gone. */
  readonly unclear: readonly DemoObject[]
  readonly obstacle: CrmError | undefined
}

/** One thing to take away. */
interface Deletion extends DemoObject {
  readonly request: WriteRequest
}

/**
 * Removes a demo's objects, as {@link deleteObjects} does, and waits for its inboxes to vanish.
 *
 * @param waitMs longest wait for Chatwoot's background deletion; 0 does not wait.
 */
export async function removeObjects(
  run: Pick<DemoRun, 'ledger' | 'limits'>,
  client: Client,
  targets: RemovalTargets,
  waitMs: number,
): Promise<Removal> {
  const { accepted, ...deleted } = await deleteObjects(run, client, targets)
  return { pending: await waitUntilGone(client, accepted, waitMs), ...deleted }
}

/** What became of a demo's objects before anybody waited for them. */
export interface Deleted extends Omit<Removal, 'pending'> {
  /** Inboxes whose deletion the server has accepted: it carries it out at some time. */
  readonly accepted: readonly string[]
  /** Whether any call has had an effect. */
  readonly hasChanged: boolean
}

/**
 * Deletes a demo's objects: takes the bot off its inboxes, so that no conversation waits for it, and marks them as given up; then deletes
 * inboxes, bots and webhooks. Every call is journalled first. "Already gone" is what was wanted.
 *
 * @param stop once it is aborted, nothing more is sent; what is under way may end.
 */
export async function deleteObjects(
  run: Pick<DemoRun, 'ledger' | 'limits'>,
  client: Client,
  targets: RemovalTargets,
  stop?: AbortSignal,
): Promise<Deleted> {
  const account = client.connection.accountId
  const { slug, inboxes, botIds, webhookIds } = targets
  if (inboxes.length + botIds.length + webhookIds.length === 0)
    return { accepted: [], left: [], unclear: [], obstacle: undefined, hasChanged: false }
  const unlinks = inboxes.map(({ id }): Deletion => ({ kind: 'link', id, request: writes.setBot(account, id, null) }))
  const deletions = [
    ...inboxes.map(({ id }): Deletion => ({ kind: 'inbox', id, request: writes.deleteInbox(account, id) })),
    ...botIds.map((id): Deletion => ({ kind: 'bot', id, request: writes.deleteBot(account, id) })),
    ...webhookIds.map((id): Deletion => ({ kind: 'webhook', id, request: writes.deleteWebhook(account, id) })),
  ]
  const all = [...unlinks, ...deletions]
  const positions = await run.ledger.intend(
    all.map(({ kind, id, request }) => ({ kind, action: 'delete' as const, digest: digestOf(request), remoteId: id })),
  )
  const stopReason = () => (stop === undefined ? undefined : cancellation(stop))
  const unwritten: unknown[] = []
  const carryOut = async (deletion: Deletion) => {
    const stopped = stopReason()
    const obstacle = stopped ?? (await attempt(run.limits, () => client.write(deletion.request), stopReason))
    const position = positions[all.indexOf(deletion)] ?? unreachable('deletion without an entry in the journal')
    // A journal that fails half-way must not keep the rest from being removed: it is reported at the end.
    const settled = run.ledger.settle(position, obstacle === undefined ? 'done' : 'failed', null)
    await settled.catch((error: unknown) => unwritten.push(error))
    const isUnclear = obstacle !== undefined && stopped === undefined && mayStillHappen(obstacle)
    return { kind: deletion.kind, id: deletion.id, obstacle, isUnclear }
  }
  // Only a courtesy to runs without a journal: the deletion counts.
  const giveUp = async (inbox: RemovalTargets['inboxes'][number]) => {
    if (stopReason() !== undefined) return
    const text = withMarkRemoved(inbox.outOfOffice, slug)
    await client.write(writes.updateInbox(account, inbox.id, { out_of_office_message: text })).catch(() => {})
  }
  const [unlinked] = await Promise.all([Promise.all(unlinks.map(carryOut)), ...inboxes.map(giveUp)])
  const results = await Promise.all(deletions.map(carryOut))
  const failed = results.filter(({ obstacle }) => obstacle !== undefined)
  const accepted = results.filter(({ kind, obstacle }) => kind === 'inbox' && obstacle === undefined).map(({ id }) => id)
  if (unwritten.length > 0) throw unwritten[0]
  const hasChanged = [...unlinked, ...results].some(({ obstacle }) => obstacle === undefined)
  const unclear = failed.filter(({ isUnclear }) => isUnclear)
  return { accepted, left: objectsOf(failed), unclear: objectsOf(unclear), obstacle: failed[0]?.obstacle, hasChanged }
}

function objectsOf(results: readonly DemoObject[]): readonly DemoObject[] {
  return results.map(({ kind, id }) => ({ kind, id }))
}

/**
 * Waits for deleted inboxes to vanish: one is asked for by its id, several are looked for in the list.
 * @param hurry shortens the wait once a signal is aborted.
 * @returns those that are still there.
 */
export async function waitUntilGone(
  client: Client,
  ids: readonly string[],
  waitMs: number,
  hurry?: Parameters<typeof lookUntil>[2],
): Promise<readonly string[]> {
  if (ids.length > 1) return waitForList(client, ids, waitMs, hurry)
  const isGone = async (id: string) => {
    try {
      await client.getInbox(id)
      return undefined
    } catch (error) {
      return isMissing(error) ? true : undefined
    }
  }
  const gone = await Promise.all(ids.map((id) => lookUntil(() => isGone(id), waitMs, hurry)))
  return ids.filter((_id, index) => gone[index] !== true)
}

async function waitForList(
  client: Client,
  ids: readonly string[],
  waitMs: number,
  hurry: Parameters<typeof lookUntil>[2],
): Promise<readonly string[]> {
  let pending = ids
  const look = async () => {
    const listed = new Set((await client.listInboxes()).map(({ id }) => id))
    pending = pending.filter((id) => listed.has(id))
    return pending.length === 0 ? true : undefined
  }
  await lookUntil(look, waitMs, hurry).catch(() => undefined)
  return pending
}
