/** Taking back what a run has made (`security.md` section 12): in reverse, each call journalled, "already gone" counted as done. */
import { type DemoStepKind, demoMark } from '../core/demo.ts'
import { TakenOverError } from '../core/taken-over.ts'
import { type Client, type WriteRequest, writes } from './client.ts'
import { botBody, inboxBody, inverse, webhookBody } from './demo-body.ts'
import { digestOf } from './demo-journal.ts'
import { markOf } from './demo-marks.ts'
import type { DemoObserved, DemoPlan } from './demo-plan.ts'
import { type Removal, type RemovalTargets, removeObjects } from './demo-remove.ts'
import { attempt, type DemoObject, type DemoRun, type Track, undoClient } from './demo-run.ts'

/** What a run has made, and what was there before. */
export interface Unfinished {
  readonly plan: DemoPlan
  readonly observed: DemoObserved
  readonly tracks: readonly Track[]
}

/** What an undo left behind. */
export interface Undone {
  /** What is still there and could not be removed or set back, or whose existence is not known (with an empty id). */
  readonly left: readonly DemoObject[]
  /** Inboxes that the server is still deleting. */
  readonly pending: readonly string[]
}

/**
 * Undoes a run. What stands in the way is in the result, and in the outcome of each step.
 * @throws {TakenOverError} when another run has the demo by now, and nothing else.
 */
export async function undo(run: DemoRun, unfinished: Unfinished, wasCancelled: boolean): Promise<Undone> {
  const client = undoClient(run, wasCancelled)
  const { plan, tracks } = unfinished
  await Promise.all(tracks.map((track) => findUnknown(run, client, plan.slug, track)))
  for (const group of restorations(unfinished, client.connection.accountId)) {
    await Promise.all(group.map(({ track, request }) => restore(run, client, track, request)))
  }
  const limit = wasCancelled ? Math.min(run.limits.undoCancelledMs, run.limits.deletionMs) : run.limits.deletionMs
  const removal = await removeCreated(run, client, unfinished, limit)
  concludeCreated(tracks, removal.left)
  const left = tracks.filter(({ outcome }) => outcome === 'left' || outcome === 'unknown')
  return { left: left.map(({ step, id }) => ({ kind: step.kind, id: id ?? '' })), pending: removal.pending }
}

/** Looks once more for an object of which nobody knows whether it was made. */
async function findUnknown(run: DemoRun, client: Client, slug: string, track: Track): Promise<void> {
  const { step, position } = track
  if (track.outcome !== 'unknown' || step.action !== 'create' || track.id !== null || position === undefined) return
  const isOurs = (text: string | null | undefined) => markOf(text, slug)?.runId === run.ledger.runId
  try {
    const found =
      step.kind === 'bot'
        ? (await client.listBots()).find(({ description }) => isOurs(description))
        : step.kind === 'webhook'
          ? (await client.listWebhooks()).find(({ name, url }) => isOurs(name) || (name === undefined && url === step.name))
          : (await client.listInboxes()).find(({ outOfOffice }) => isOurs(outOfOffice))
    track.id = found?.id ?? null
    if (found === undefined) track.outcome = 'failed'
    track.touched = found !== undefined
    const change = found === undefined ? {} : step.kind === 'bot' ? { botId: found.id } : step.kind === 'inbox' ? { inboxId: found.id } : {}
    await run.ledger.settle(position, found === undefined ? 'failed' : 'done', track.id, change)
  } catch (error) {
    // It stays unknown, here and in the journal; the next run looks again.
    stopIfTakenOver(error)
  }
}

function stopIfTakenOver(error: unknown): void {
  if (error instanceof TakenOverError) throw error
}

interface Restoration {
  readonly track: Track
  readonly request: WriteRequest
}

/** The requests that set back what was there before, in the order in which they have to go out: each group at once. */
function restorations({ plan, observed, tracks }: Unfinished, account: string): readonly (readonly Restoration[])[] {
  const requestFor = ({ step, id }: Track): WriteRequest | undefined => {
    if (id === null) return undefined
    const changes = inverse(step.changes)
    if (step.kind === 'bot') return step.action === 'update' ? writes.updateBot(account, id, botBody(changes)) : undefined
    if (step.kind === 'inbox') return step.action === 'update' ? writes.updateInbox(account, id, inboxBody(changes)) : undefined
    if (step.kind === 'webhook') return step.action === 'update' ? writes.updateWebhook(account, id, webhookBody(changes)) : undefined
    // Link, hours and members of an inbox that this run made go with the inbox.
    if (observed.inbox === null) return undefined
    if (step.kind === 'hours') return writes.updateInbox(account, id, inboxBody(changes))
    if (step.kind === 'link') return writes.setBot(account, id, observed.linkedBotId)
    return writes.removeMembers(
      account,
      id,
      plan.newMembers.map((agent) => agent.id),
    )
  }
  const group = (...kinds: readonly DemoStepKind[]) =>
    tracks.flatMap((track) => {
      const request = track.touched && kinds.includes(track.step.kind) ? requestFor(track) : undefined
      return request === undefined ? [] : [{ track, request }]
    })
  return [group('link', 'agents', 'hours'), group('bot', 'inbox', 'webhook')]
}

async function restore({ ledger, limits }: DemoRun, client: Client, track: Track, request: WriteRequest): Promise<void> {
  const intent = { kind: track.step.kind, action: 'update', digest: digestOf(request), remoteId: track.id } as const
  // A journal that cannot be written is no reason to leave the server half-changed.
  const [position] = await ledger.intend([intent]).catch((error: unknown) => {
    stopIfTakenOver(error)
    return []
  })
  const obstacle = await attempt(limits, () => client.write(request))
  track.outcome = obstacle === undefined ? 'undone' : 'left'
  if (position !== undefined) await ledger.settle(position, obstacle === undefined ? 'done' : 'failed', null).catch(() => {})
}

async function removeCreated(run: DemoRun, client: Client, { plan, tracks }: Unfinished, waitMs: number): Promise<Removal> {
  const created = tracks.filter(({ step, touched, id }) => step.action === 'create' && touched && id !== null)
  const idsOf = (kind: DemoStepKind) => created.flatMap(({ step, id }) => (step.kind === kind && id !== null ? [id] : []))
  const outOfOffice = demoMark(plan.slug)
  const targets: RemovalTargets = {
    slug: plan.slug,
    inboxes: idsOf('inbox').map((id) => ({ id, outOfOffice })),
    botIds: idsOf('bot'),
    webhookIds: idsOf('webhook'),
  }
  try {
    return await removeObjects(run, client, targets, waitMs)
  } catch (error) {
    stopIfTakenOver(error)
    // The journal failed. What is gone already is no obstacle to removing it again.
    return await removeObjects({ ...run, ledger: run.ledger.detached() }, client, targets, waitMs)
  }
}

/** Says of each object that this run made, and of what goes with it, whether it is gone. */
function concludeCreated(tracks: readonly Track[], left: readonly DemoObject[]): void {
  for (const track of tracks) {
    const isConcluded = track.outcome === 'undone' || track.outcome === 'left'
    if (track.step.action !== 'create' || !track.touched || track.id === null || isConcluded) continue
    // Link and members are of an inbox that this run made; the link was taken off first.
    const kind = track.step.kind === 'bot' || track.step.kind === 'webhook' ? track.step.kind : 'inbox'
    const isLeft = track.step.kind !== 'link' && left.some((object) => object.kind === kind && object.id === track.id)
    track.outcome = isLeft ? 'left' : 'undone'
  }
}
