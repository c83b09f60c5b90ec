import { type Client, createClient } from '../chatwoot/client.ts'
import { accountUrl, connectionOf } from '../chatwoot/connection.ts'
import { type AccountObjects, allOf, type DemoKnown, findDemo, knownOf } from '../chatwoot/demo-find.ts'
import { Ledger } from '../chatwoot/demo-journal.ts'
import { markOf } from '../chatwoot/demo-marks.ts'
import { type Deleted, deleteObjects, waitUntilGone } from '../chatwoot/demo-remove.ts'
import { cancellation, DEMO_LIMITS, type DemoEvent, type DemoLimits, type DemoObject, delayedSignal } from '../chatwoot/demo-run.ts'
import { type DemoTarget, errorFor, otherAccount } from '../chatwoot/demo-target.ts'
import type { Answer, DemoRemoval, DemoRemoveAnswer } from '../core/answers.ts'
import type { DemoJournal, DemoRecord } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import { pooled } from '../core/pool.ts'
import type { Clock, Http } from '../core/ports.ts'
import type { Warning } from '../core/provider.ts'

/** What removing demos needs of the world. */
export interface RemoveDemosDeps {
  readonly http: Http
  readonly clock: Clock
  readonly signal: AbortSignal
  /** 32 hex digits, new for each run. */
  readonly runId: string
  readonly limits?: Partial<DemoLimits>
}

/** One demo that is to go. */
export interface DoomedDemo {
  readonly slug: string
  /** The journal of this very demo - an empty one in memory finds its objects by their marks - or what keeps it from being worked on. */
  readonly journal: DemoJournal | CrmError
  readonly target: DemoTarget
}

/** The schema of the answer. */
export const REMOVE_DEMOS_SCHEMA = 'crm.demo-remove/1'

/** How demos are removed. */
export interface RemovalOptions {
  /** Demos under way at a time; default 8. */
  readonly concurrency?: number
  /** Whether only objects that carry a mark are touched, even of those that a journal knows. */
  readonly onlyMarked?: boolean
  /** Whether a demo that nobody has ever seen counts as gone. */
  readonly missingIsGone?: boolean
  /** Whether a demo that another run works on is left to it, without an error. */
  readonly busyIsFine?: boolean
  /** What the accounts hold, where it was read a moment ago. */
  readonly objects?: ReadonlyMap<DemoTarget, AccountObjects>
}

const CONCURRENCY = 8

/**
 * Removes demos: takes their bots off, deletes inboxes, bots and webhooks, and waits up to 30 s for Chatwoot to carry that out. Each
 * account is listed once, whatever the number of its demos. Only what a journal knows or a mark names is touched. A demo that was removed
 * before is nothing to do. Yields what happens; with several demos the answer names the outcome of each, and its `error` the cause if
 * they share one.
 *
 * @throws {CrmError} with a single demo, whatever stops it before the first write: `not_found` for a slug that nobody has ever seen.
 */
export async function* removeDemos(
  deps: RemoveDemosDeps,
  demos: readonly DoomedDemo[],
  options: RemovalOptions = {},
): AsyncGenerator<DemoEvent, Answer<DemoRemoveAnswer>> {
  const limits = { ...DEMO_LIMITS, ...deps.limits }
  // What is under way may end: cut off, it would leave nobody knowing what is there.
  const late = delayedSignal(deps.signal, limits.settleMs)
  const accounts = new Accounts(deps, late.signal, options.objects)
  try {
    return yield* removeAll(deps, accounts, demos, options)
  } finally {
    late.release()
  }
}

async function* removeAll(
  deps: RemoveDemosDeps,
  accounts: Accounts,
  demos: readonly DoomedDemo[],
  options: RemovalOptions,
): AsyncGenerator<DemoEvent, Answer<DemoRemoveAnswer>> {
  const begun = yield* pooled(demos, options.concurrency ?? CONCURRENCY, (demo) => attemptRemoval(deps, accounts, demo, options))
  const ends = begun.filter((end) => end !== undefined)
  const stopped = cancellation(deps.signal)
  if (stopped !== undefined && ends.length === 0) throw stopped
  const only = ends[0]
  if (demos.length === 1 && only?.thrown !== undefined) throw only.thrown
  await accounts.wait()
  const results = await Promise.all(ends.map((end) => conclude(accounts, end)))
  const errors = results.flatMap(({ error }) => (error === undefined ? [] : [error]))
  const isCut = ends.length < demos.length || errors.some(({ code }) => code === 'cancelled' || code === 'partial')
  const isStopped = stopped !== undefined && isCut
  const error = isStopped ? interrupted(stopped, results, demos.length) : combined(errors, demos.length)
  const data = { changed: results.some(({ hasChanged }) => hasChanged), demos: results.map(({ removal }) => removal) }
  const warnings = results.flatMap(({ warning }) => (warning === undefined ? [] : [warning]))
  return { schema: REMOVE_DEMOS_SCHEMA, data, warnings, ...(error === undefined ? {} : { error }) }
}

/** Most failures that the error of all names. */
const MOST_TOLD = 3

/** Of removals that were cut short: what is half removed has to be finished, what was not begun is as it was. */
function interrupted(stopped: CrmError, results: readonly Result[], total: number): CrmError {
  const halves = results.flatMap(({ removal, error }) => (removal.outcome === 'partial' && error !== undefined ? [error] : []))
  const [first] = halves
  if (first === undefined || total === 1) return first ?? stopped
  const reason = [stopped.message, ...told(halves)].join('; ')
  const message = `${halves.length} of ${total} demos ${halves.length === 1 ? 'is' : 'are'} only partly removed`
  return new CrmError('partial', message, { reason, hint: SAME_AGAIN, cause: first })
}

const SAME_AGAIN = 'run the same command again'

function told(errors: readonly CrmError[]): readonly string[] {
  const more = errors.length > MOST_TOLD ? [`and ${errors.length - MOST_TOLD} more`] : []
  return [...errors.slice(0, MOST_TOLD).map((error) => error.message), ...more]
}

/** One failure is its own cause; several are theirs if they agree. */
function combined(errors: readonly CrmError[], total: number): CrmError | undefined {
  const [first] = errors
  if (first === undefined || total === 1) return first
  const isShared = errors.every(({ code }) => code === first.code)
  const message = `${errors.length} of ${total} demos could not be removed`
  const isSameHint = errors.every(({ hint }) => hint === first.hint)
  const options = { reason: told(errors).join('; '), hint: (isSameHint ? first.hint : undefined) ?? SAME_AGAIN, cause: first }
  return new CrmError(isShared ? first.code : 'partial', message, options)
}

/** What the accounts of some demos hold, each listed once, and the inboxes that are waited for in each. */
class Accounts {
  readonly #deps: RemoveDemosDeps
  readonly #clients = new Map<DemoTarget, Client>()
  readonly #objects = new Map<DemoTarget, Promise<AccountObjects>>()
  readonly #accepted = new Map<DemoTarget, string[]>()
  readonly #pending = new Set<string>()

  /** @param late ends what is under way. */
  constructor(
    deps: RemoveDemosDeps,
    readonly late: AbortSignal,
    objects: ReadonlyMap<DemoTarget, AccountObjects> = new Map(),
  ) {
    this.#deps = deps
    for (const [target, known] of objects) this.#objects.set(target, Promise.resolve(known))
  }

  client(target: DemoTarget): Client {
    const { http, signal } = this.#deps
    const client = this.#clients.get(target) ?? createClient(http, connectionOf(target.values), { signal })
    this.#clients.set(target, client)
    return client
  }

  /** A client that writes. */
  writer(target: DemoTarget): Client {
    return createClient(this.#deps.http, connectionOf(target.values), { signal: this.late })
  }

  /** The objects of an account. An agent's token would not see all inboxes, and take what it does not see for gone: webhooks are for administrators. */
  objects(target: DemoTarget): Promise<AccountObjects> {
    const client = this.client(target)
    const list = async (): Promise<AccountObjects> => {
      const [inboxes, bots, webhooks] = await Promise.all([client.listInboxes(), client.listBots(), client.listWebhooks()])
      return { inboxes, bots, webhooks }
    }
    const objects = this.#objects.get(target) ?? list()
    this.#objects.set(target, objects)
    return objects
  }

  /** Notes inboxes whose deletion the server has accepted. */
  note(target: DemoTarget, ids: readonly string[]): void {
    this.#accepted.set(target, [...(this.#accepted.get(target) ?? []), ...ids])
  }

  /** Waits for them to vanish; after a cancellation only for a moment. */
  async wait(): Promise<void> {
    const { http, signal, limits: given } = this.#deps
    const limits = { ...DEMO_LIMITS, ...given }
    const hurry = { signal, patienceMs: limits.lookMs }
    const waits = Array.from(this.#accepted, async ([target, ids]) => {
      const client = createClient(http, connectionOf(target.values), { signal: AbortSignal.timeout(limits.deletionMs + limits.lookMs) })
      for (const id of await waitUntilGone(client, ids, limits.deletionMs, hurry)) this.#pending.add(this.#key(target, id))
    })
    await Promise.all(waits)
  }

  isPending(target: DemoTarget, id: string): boolean {
    return this.#pending.has(this.#key(target, id))
  }

  #key(target: DemoTarget, id: string): string {
    return `${accountUrl(this.client(target).connection)} ${id}`
  }
}

/** How far the removal of one demo got before it was waited for. */
interface Ending {
  readonly demo: DoomedDemo
  /** What stopped it before its first write. */
  readonly thrown?: unknown
  /** Nothing had to be deleted; how it stands. */
  readonly gone?: Result
  readonly ledger?: Ledger
  readonly deleted?: Deleted
}

interface Result {
  readonly removal: DemoRemoval
  readonly hasChanged: boolean
  readonly warning?: Warning
  readonly error?: CrmError
}

async function* attemptRemoval(
  deps: RemoveDemosDeps,
  accounts: Accounts,
  demo: DoomedDemo,
  options: RemovalOptions,
): AsyncGenerator<DemoEvent, Ending | undefined> {
  if (cancellation(deps.signal) !== undefined) return undefined
  try {
    return yield* removeOne(deps, accounts, demo, options)
  } catch (thrown) {
    const error = errorFor(demo.target, thrown)
    if (!(error instanceof CrmError)) throw error
    return { demo, thrown: error }
  }
}

async function* removeOne(
  deps: RemoveDemosDeps,
  accounts: Accounts,
  demo: DoomedDemo,
  { onlyMarked = false, missingIsGone = false, busyIsFine = false }: RemovalOptions,
): AsyncGenerator<DemoEvent, Ending> {
  const { slug, journal, target } = demo
  if (journal instanceof CrmError && busyIsFine) {
    const busy = { slug, integration: target.name, source: target.source, outcome: 'busy', left: [] } as const
    return { demo, gone: { removal: busy, hasChanged: false } }
  }
  if (journal instanceof CrmError) throw journal
  const account = accountUrl(connectionOf(target.values))
  const kept = await journal.read()
  const { name = slug, channel = 'web' } = kept?.record ?? {}
  const ledger = await Ledger.open(journal, { slug, name, integration: target.name, account, channel }, deps)
  const client = accounts.client(target)
  const all = find(await accounts.objects(target), slug, client, knownOf(kept?.record, account))
  const { inboxes, botIds, webhookIds } = onlyMarked ? markedAmong(await accounts.objects(target), slug, all) : all
  const subject = { slug, integration: target.name, source: target.source }
  if (inboxes.length + botIds.length + webhookIds.length === 0) {
    if (kept === undefined && missingIsGone)
      return { demo, gone: { removal: { ...subject, outcome: 'gone', left: [] }, hasChanged: false } }
    if (kept === undefined) throw neverSeen(slug, target)
    if (kept.record.account !== account && kept.record.status !== 'removed') throw otherAccount(kept.record, account)
    if (all.inboxes.length + all.botIds.length > 0) throw unmarked(slug)
    // Deleted by the server in the meantime, or by somebody in the dashboard.
    const wasThere = kept.record.status !== 'removed'
    if (wasThere) await ledger.update(goneFrom(ledger))
    const outcome = kept.record.status === 'deleting' ? 'removed' : 'gone'
    return { demo, gone: { removal: { ...subject, outcome, left: [] }, hasChanged: wasThere } }
  }
  const objects = [
    ...inboxes.map(({ id }) => ({ kind: 'inbox' as const, id })),
    ...botIds.map((id) => ({ kind: 'bot' as const, id })),
    ...webhookIds.map((id) => ({ kind: 'webhook' as const, id })),
  ]
  yield { type: 'remove', objects }
  const limits = { ...DEMO_LIMITS, ...deps.limits }
  const targets = { slug, inboxes, botIds, webhookIds }
  const deleted = await deleteObjects({ ledger, limits }, accounts.writer(target), targets, deps.signal)
  if (deleted.left.length > 0) {
    // Said at once: this one is not waited for.
    const stopped = cancellation(deps.signal)
    await ledger.update({ status: 'partial', ...stillThere(ledger.record, deleted.left, deleted.accepted) })
    const error = errorFor(target, notRemoved(slug, deleted, stopped)) as CrmError
    const removal = { ...subject, outcome: 'partial' as const, left: deleted.left }
    return { demo, gone: { removal, hasChanged: deleted.hasChanged, error } }
  }
  accounts.note(target, deleted.accepted)
  return { demo, ledger, deleted }
}

/** What the wait has shown about one demo, committed to its journal. */
async function conclude(accounts: Accounts, { demo, thrown, gone, ledger, deleted }: Ending): Promise<Result> {
  const { slug, target } = demo
  const subject = { slug, integration: target.name, source: target.source }
  if (gone !== undefined) return gone
  if (ledger === undefined || deleted === undefined) {
    const error = thrown instanceof CrmError ? thrown : new CrmError('internal', `removing the demo ${slug} failed`, { cause: thrown })
    const told = { code: error.code, message: error.message, hint: error.hint ?? null }
    return { removal: { ...subject, outcome: 'failed', left: [], error: told }, hasChanged: false, error }
  }
  const pending = deleted.accepted.filter((id) => accounts.isPending(target, id))
  if (pending.length === 0) {
    await ledger.update(goneFrom(ledger))
    return { removal: { ...subject, outcome: 'removed', left: [] }, hasChanged: true }
  }
  await ledger.update({ ...goneFrom(ledger), status: 'deleting', inboxId: pending[0] ?? null })
  return { removal: { ...subject, outcome: 'pending', left: [] }, hasChanged: true, warning: deletionPending(slug, pending) }
}

/** A demo's objects, those included that the server is deleting already. */
function find(objects: AccountObjects, slug: string, client: Client, known: DemoKnown): ReturnType<typeof allOf> {
  const found = findDemo(slug, client.connection.accountId, known, objects)
  const all = allOf(found)
  return { ...all, inboxes: [...all.inboxes, ...found.deleting] }
}

/** Those of a demo's objects that say themselves whose they are. */
function markedAmong({ bots, webhooks = [] }: AccountObjects, slug: string, all: ReturnType<typeof allOf>): ReturnType<typeof allOf> {
  const isMarked = (text: string | null | undefined) => markOf(text, slug) !== undefined
  return {
    inboxes: all.inboxes.filter(({ outOfOffice }) => isMarked(outOfOffice)),
    botIds: all.botIds.filter((id) => bots.some((bot) => bot.id === id && isMarked(bot.description))),
    // Before 4.8 a webhook has no name to carry a mark.
    webhookIds: all.webhookIds.filter((id) => webhooks.some((one) => one.id === id && (one.name === undefined || isMarked(one.name)))),
  }
}

function unmarked(slug: string): CrmError {
  return new CrmError('conflict', `the objects of the demo ${slug} do not carry its mark any more`, {
    reason: 'somebody has taken it off; what carries no mark is not swept',
    hint: `remove it by name: crm demo-remove ${slug}`,
  })
}

/** What a record says when nothing is left. */
function goneFrom(ledger: Ledger) {
  const secrets = Object.fromEntries(Object.keys(ledger.secrets).map((name) => [name, null]))
  return { status: 'removed', inboxId: null, botId: null, secrets } as const
}

function stillThere(record: DemoRecord | undefined, left: readonly DemoObject[], pending: readonly string[]) {
  const isLeft = (kind: DemoObject['kind'], id: string | null | undefined) =>
    left.some((object) => object.kind === kind && object.id === id)
  const inboxId = pending[0] ?? (isLeft('inbox', record?.inboxId) ? record?.inboxId : left.find(({ kind }) => kind === 'inbox')?.id)
  const botId = isLeft('bot', record?.botId) ? record?.botId : left.find(({ kind }) => kind === 'bot')?.id
  return { inboxId: inboxId ?? null, botId: botId ?? null }
}

function neverSeen(slug: string, { name }: DemoTarget): CrmError {
  return new CrmError('not_found', `no demo is named ${slug}`, {
    reason: `neither here nor in the account of ${name} is anything of it`,
    hint: 'see the demos with: crm demo-list',
  })
}

function notRemoved(slug: string, { left, unclear, obstacle }: Deleted, stopped: CrmError | undefined): CrmError {
  const isUnclear = (object: DemoObject) => unclear.some(({ kind, id }) => kind === object.kind && id === object.id)
  const names = left.map((object) => `${isUnclear(object) ? 'perhaps ' : ''}${object.kind} ${object.id}`).join(', ')
  const reason = (stopped ?? obstacle)?.message
  return new CrmError('partial', `the demo ${slug} is only partly removed: ${names} left`, {
    ...(reason === undefined ? {} : { reason }),
    ...(obstacle === undefined ? {} : { cause: obstacle }),
    hint: `run it again: crm demo-remove ${slug}`,
  })
}

function deletionPending(slug: string, pending: readonly string[]): Warning {
  const message = `deletion pending: Chatwoot still lists the inbox ${pending.join(', ')} of the demo ${slug}, which it deletes in the background`
  return { code: 'deletion_pending', message }
}
