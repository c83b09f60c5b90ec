import { createClient } from '../chatwoot/client.ts'
import { accountUrl, connectionOf } from '../chatwoot/connection.ts'
import { applyDemo } from '../chatwoot/demo-apply.ts'
import { knownOf } from '../chatwoot/demo-find.ts'
import { Ledger } from '../chatwoot/demo-journal.ts'
import { observeDemo } from '../chatwoot/demo-observe.ts'
import { planNewEnd } from '../chatwoot/demo-plan.ts'
import { DEMO_LIMITS, type DemoEvent, type DemoLimits } from '../chatwoot/demo-run.ts'
import { type DemoTarget, errorFor } from '../chatwoot/demo-target.ts'
import type { Answer, DemoExtendAnswer } from '../core/answers.ts'
import type { DemoJournal } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import type { Clock, Http } from '../core/ports.ts'
import { toTimestamp } from '../core/time.ts'
import { refuseOtherAccount, refusePast } from './demo-guards.ts'

/** The schema of the answer. */
export const EXTEND_DEMO_SCHEMA = 'crm.demo-extend/1'

/** What giving a demo another end needs of the world. */
export interface ExtendDemoDeps {
  readonly http: Http
  readonly clock: Clock
  readonly journal: DemoJournal
  readonly target: DemoTarget
  readonly signal: AbortSignal
  /** 32 hex digits, new for each run. */
  readonly runId: string
  readonly limits?: Partial<DemoLimits>
}

/**
 * Gives a demo another end: in its marks on the server, by which every machine sweeps, and in its journal. A failure sets back what was
 * changed.
 * @param expiresAt RFC 3339 UTC; null takes the end away.
 * @throws {CrmError} `usage` for an end that is past; `not_found`; `conflict` for a demo that is not whole.
 */
export async function* extendDemo(
  deps: ExtendDemoDeps,
  slug: string,
  expiresAt: string | null,
): AsyncGenerator<DemoEvent, Answer<DemoExtendAnswer>> {
  const { http, clock, signal, runId, target } = deps
  if (expiresAt !== null) refusePast(expiresAt, clock())
  try {
    const connection = connectionOf(target.values)
    const account = accountUrl(connection)
    const kept = await deps.journal.read()
    const client = createClient(http, connection, { signal })
    const webhooks = await client.listWebhooks()
    const { observed, found } = await observeDemo(client, slug, knownOf(kept?.record, account), { agents: false, webhooks })
    const { inbox, bot } = observed
    refuseOtherAccount(kept?.record, account, found)
    if (inbox === null && bot === null)
      throw new CrmError('not_found', `no demo is named ${slug}`, { hint: 'see the demos with: crm demo-list' })
    if (inbox === null || bot === null) {
      const hint = 'finish it with the command that made it, with --ttl or --expires'
      throw new CrmError('conflict', `the demo ${slug} is not whole: its ${inbox === null ? 'inbox' : 'bot'} is missing`, { hint })
    }
    const name = kept?.record.name ?? inbox.name ?? slug
    const seed = { slug, name, integration: target.name, account, channel: inbox.channel ?? 'web' }
    const ledger = await Ledger.open(deps.journal, seed, { clock, runId })
    const plan = planNewEnd({ slug, name, runId, madeAt: toTimestamp(clock()), expiresAt }, observed)
    const run = { http, connection, ledger, signal, limits: { ...DEMO_LIMITS, ...deps.limits } }
    const { error } = yield* applyDemo(run, plan, observed)
    const demo = { slug, name, integration: target.name, source: target.source, expiresAt }
    const data = { changed: error === undefined && plan.changed, demo }
    return {
      schema: EXTEND_DEMO_SCHEMA,
      data,
      warnings: [],
      ...(error === undefined ? {} : { error: errorFor(target, error) as CrmError }),
    }
  } catch (error) {
    throw errorFor(target, error)
  }
}
