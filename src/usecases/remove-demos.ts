import { type Client, createClient } from '../chatwoot/client.ts'
import { accountUrl, connectionOf } from '../chatwoot/connection.ts'
import { allOf, findDemo, knownOf } from '../chatwoot/demo-find.ts'
import { Ledger } from '../chatwoot/demo-journal.ts'
import { removeObjects } from '../chatwoot/demo-remove.ts'
import { cancellation, DEMO_LIMITS, type DemoEvent, type DemoLimits, type DemoObject } from '../chatwoot/demo-run.ts'
import { type DemoTarget, errorFor, otherAccount } from '../chatwoot/demo-target.ts'
import type { Answer, DemoRemoval, DemoRemoveAnswer } from '../core/answers.ts'
import type { DemoJournal, DemoRecord } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
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
  /** The journal of this very demo; an empty one in memory finds its objects by their marks. */
  readonly journal: DemoJournal
  readonly target: DemoTarget
}

/** The schema of the answer. */
export const REMOVE_DEMOS_SCHEMA = 'crm.demo-remove/1'

/**
 * Removes demos, one after the other: takes their bots off, deletes inboxes and bots, and waits up to 30 s for Chatwoot to carry that out.
 * Only what a journal knows or a mark names is touched. A demo that was removed before is nothing to do. Yields what happens; with several
 * demos the answer names the outcome of each, and its `error` the cause if they share one.
 *
 * @throws {CrmError} with a single demo, whatever stops it before the first write: `not_found` for a slug that nobody has ever seen.
 */
export async function* removeDemos(
  deps: RemoveDemosDeps,
  demos: readonly DoomedDemo[],
): AsyncGenerator<DemoEvent, Answer<DemoRemoveAnswer>> {
  const removals: (DemoRemoval & { readonly hasChanged: boolean })[] = []
  const warnings: Warning[] = []
  const errors: CrmError[] = []
  for (const demo of demos) {
    if (cancellation(deps.signal) !== undefined) break
    try {
      const { removal, warning, error } = yield* removeOne(deps, demo)
      removals.push(removal)
      if (warning !== undefined) warnings.push(warning)
      if (error !== undefined) errors.push(errorFor(demo.target, error) as CrmError)
    } catch (thrown) {
      const error = errorFor(demo.target, thrown)
      if (demos.length === 1 || !(error instanceof CrmError)) throw error
      errors.push(error)
      removals.push({
        slug: demo.slug,
        integration: demo.target.name,
        source: demo.target.source,
        outcome: 'partial',
        left: [],
        hasChanged: false,
      })
    }
  }
  const stopped = cancellation(deps.signal)
  if (stopped !== undefined && removals.length === 0) throw stopped
  const error = removals.length < demos.length ? stopped : combined(errors, demos.length)
  const changed = removals.some(({ hasChanged }) => hasChanged)
  const data = { changed, demos: removals.map(({ hasChanged: _hasChanged, ...removal }) => removal) }
  return { schema: REMOVE_DEMOS_SCHEMA, data, warnings, ...(error === undefined ? {} : { error }) }
}

/** One failure is its own cause; several are theirs if they agree. */
function combined(errors: readonly CrmError[], total: number): CrmError | undefined {
  const [first] = errors
  if (first === undefined || total === 1) return first
  const isShared = errors.every(({ code }) => code === first.code)
  const message = `${errors.length} of ${total} demos could not be removed`
  const options = { reason: first.message, hint: first.hint ?? 'run the same command again', cause: first }
  return new CrmError(isShared ? first.code : 'partial', message, options)
}

interface Removed {
  readonly removal: DemoRemoval & { readonly hasChanged: boolean }
  readonly warning?: Warning
  readonly error?: CrmError
}

async function* removeOne(deps: RemoveDemosDeps, { slug, journal, target }: DoomedDemo): AsyncGenerator<DemoEvent, Removed> {
  const connection = connectionOf(target.values)
  const account = accountUrl(connection)
  const kept = await journal.read()
  const { name = slug, channel = 'web' } = kept?.record ?? {}
  const seed = { slug, name, integration: target.name, account, channel }
  const ledger = await Ledger.open(journal, seed, deps)
  const client = createClient(deps.http, connection, { signal: deps.signal })
  const found = await find(client, slug, kept?.record, account)
  const { inboxes, botIds } = found
  const subject = { slug, integration: target.name, source: target.source }
  if (inboxes.length === 0 && botIds.length === 0) {
    if (kept === undefined) throw neverSeen(slug, target)
    if (kept.record.account !== account && kept.record.status !== 'removed') throw otherAccount(kept.record, account)
    // Deleted by the server in the meantime, or by somebody in the dashboard.
    const wasThere = kept.record.status !== 'removed'
    if (wasThere) await ledger.update(goneFrom(ledger))
    return { removal: { ...subject, outcome: kept.record.status === 'deleting' ? 'removed' : 'gone', left: [], hasChanged: wasThere } }
  }
  const objects = [...inboxes.map(({ id }) => ({ kind: 'inbox' as const, id })), ...botIds.map((id) => ({ kind: 'bot' as const, id }))]
  yield { type: 'remove', objects }
  const limits = { ...DEMO_LIMITS, ...deps.limits }
  const { pending, left, obstacle } = await removeObjects({ ledger, limits }, client, { slug, inboxes, botIds }, limits.deletionMs)
  if (left.length > 0) {
    await ledger.update({ status: 'partial', ...stillThere(ledger.record, left, pending) })
    const error = notRemoved(slug, left, obstacle, cancellation(deps.signal))
    return { removal: { ...subject, outcome: 'partial', left, hasChanged: left.length < objects.length }, error }
  }
  if (pending.length === 0) {
    await ledger.update(goneFrom(ledger))
    return { removal: { ...subject, outcome: 'removed', left: [], hasChanged: true } }
  }
  await ledger.update({ ...goneFrom(ledger), status: 'deleting', inboxId: pending[0] ?? null })
  return { removal: { ...subject, outcome: 'pending', left: [], hasChanged: true }, warning: deletionPending(slug, pending) }
}

/** A demo's objects. An agent's token would not see all inboxes, and take what it does not see for gone: so the role is asked as well. */
async function find(client: Client, slug: string, record: DemoRecord | undefined, account: string): Promise<ReturnType<typeof allOf>> {
  const [inboxes, bots] = await Promise.all([client.listInboxes(), client.listBots(), client.probeAdministrator()])
  const found = findDemo(slug, client.connection.accountId, knownOf(record, account), { inboxes, bots })
  const all = allOf(found)
  return { inboxes: [...all.inboxes, ...found.deleting], botIds: all.botIds }
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

function notRemoved(slug: string, left: readonly DemoObject[], obstacle: CrmError | undefined, stopped: CrmError | undefined): CrmError {
  const names = left.map(({ kind, id }) => `${kind} ${id}`).join(', ')
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
