import { randomBytes } from 'node:crypto'
import type { DemoPlan } from '../chatwoot/demo-plan.ts'
import type { DemoEvent } from '../chatwoot/demo-run.ts'
import type { DemoTarget } from '../chatwoot/demo-target.ts'
import type { Answer, DemoCreateAnswer, DemoRemoveAnswer } from '../core/answers.ts'
import type { DemoJournal, DemoRequest } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import type { HttpClient } from '../http/http.ts'
import { type LibraryTarget, openChatwoot } from './targets.ts'
import { signalOf, withHttp } from './world.ts'

/** How a demo is made or removed. */
export interface DemoOptions {
  /** Ends the run; what it made is then undone. */
  readonly signal?: AbortSignal
  /** Limit of the whole call in milliseconds; default 120,000. */
  readonly timeoutMs?: number
  /** The network client to use; without one, each call opens and closes its own. */
  readonly http?: HttpClient
  /** The journal for a Chatwoot that is not stored; default one in memory. A stored one has its journal in its vault. */
  readonly journal?: DemoJournal
}

const LIMIT_MS = 120_000

/**
 * What {@link applyDemo} would do, as a value: tests the connection, reads what is there, and writes nothing.
 * @throws {CrmError} as {@link applyDemo} before its first write.
 */
export async function planDemo(target: LibraryTarget, request: DemoRequest, options: DemoOptions = {}): Promise<DemoPlan> {
  let plan: DemoPlan | undefined
  await run(target, { ...request, dryRun: true }, options, (event) => {
    if (event.type === 'plan') plan = event.plan
  })
  if (plan === undefined) throw new CrmError('internal', 'a dry run made no plan')
  return plan
}

/**
 * Makes a Chatwoot demo, or what is missing of it: an inbox, an agent bot and their link, read back before they are believed.
 * A second call with the same request writes nothing and answers `changed: false`.
 * @returns the answer. A run that failed after its first write has undone what it made, and has an `error` besides its data;
 *   `partial` names what could not be removed.
 * @throws {CrmError} for whatever stops it before the first write: `usage`, the cause of a failed connection test,
 *   `permission_denied`, `conflict` while another run works on the same demo, or for an integration that is inactive.
 */
export function applyDemo(target: LibraryTarget, request: DemoRequest, options: DemoOptions = {}): Promise<Answer<DemoCreateAnswer>> {
  return run(target, request, options, () => {})
}

async function run(
  target: LibraryTarget,
  request: DemoRequest,
  options: DemoOptions,
  tell: (event: DemoEvent) => void,
): Promise<Answer<DemoCreateAnswer>> {
  const { readCreateDemo } = await import('../usecases/create-demo-input.ts')
  const { slug, dryRun } = readCreateDemo(request)
  const { createDemo } = await import('../usecases/create-demo.ts')
  return withRun(target, slug, options, dryRun, async ({ http, journal, signal, runId, demoTarget }) => {
    const events = createDemo({ http: http.request, clock: Date.now, journal, target: demoTarget, signal, runId }, request)
    for (;;) {
      const next = await events.next()
      if (next.done === true) return next.value
      tell(next.value)
    }
  })
}

/**
 * Removes a demo from the server: only what its journal knows or its mark names. One that was removed before is nothing to do.
 * @throws {CrmError} `not_found` for a slug that nobody has ever seen, `conflict` for an integration that is inactive.
 */
export async function removeDemo(target: LibraryTarget, slug: string, options: DemoOptions = {}): Promise<Answer<DemoRemoveAnswer>> {
  const { removeDemos } = await import('../usecases/remove-demos.ts')
  const wanted = slug.toLowerCase()
  return withRun(target, wanted, options, false, async ({ http, journal, signal, runId, demoTarget }) => {
    const events = removeDemos({ http: http.request, clock: Date.now, signal, runId }, [{ slug: wanted, journal, target: demoTarget }])
    for (;;) {
      const next = await events.next()
      if (next.done === true) return next.value
    }
  })
}

interface OpenRun {
  readonly http: HttpClient
  readonly journal: DemoJournal
  readonly signal: AbortSignal
  readonly runId: string
  readonly demoTarget: DemoTarget
}

/** Opens the target, takes its one active run where it is stored, and gives everything back afterwards. */
async function withRun<Result>(
  target: LibraryTarget,
  slug: string,
  options: DemoOptions,
  readsOnly: boolean,
  work: (run: OpenRun) => Promise<Result>,
): Promise<Result> {
  const runId = randomBytes(16).toString('hex')
  const values = await openChatwoot(target)
  const stored = 'unlocked' in target ? { unlocked: target.unlocked, name: target.name.toLowerCase() } : undefined
  const demoTarget: DemoTarget = { name: stored?.name ?? 'env:chatwoot', source: stored === undefined ? 'environment' : 'vault', values }
  const held = stored === undefined || readsOnly ? undefined : await stored.unlocked.startDemoRun(stored.name, slug, runId)
  const { holdRuns } = await import('../usecases/hold-runs.ts')
  const limitMs = options.timeoutMs ?? LIMIT_MS
  const runs = holdRuns(
    { clock: Date.now, signal: signalOf(options.signal), deadlineMs: Date.now() + limitMs, limitMs },
    held === undefined ? [] : [held],
  )
  try {
    const reading: DemoJournal | undefined =
      stored === undefined
        ? undefined
        : {
            read: () => stored.unlocked.readDemo(stored.name, slug),
            write: () => Promise.reject(new CrmError('internal', 'a plan wrote to its journal')),
          }
    const journal = held?.journal ?? reading ?? options.journal ?? (await import('../chatwoot/demo-journal.ts')).memoryJournal()
    return await withHttp(options.http, (http) => work({ http, journal, signal: runs.signal, runId, demoTarget }))
  } finally {
    await runs.end()
  }
}
