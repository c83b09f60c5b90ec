import { createClient } from '../chatwoot/client.ts'
import { accountUrl, connectionOf } from '../chatwoot/connection.ts'
import { type AccountObjects, allOf, findDemo, knownOf } from '../chatwoot/demo-find.ts'
import { markOf } from '../chatwoot/demo-marks.ts'
import { type DemoTarget, errorFor } from '../chatwoot/demo-target.ts'
import type { DemoRecord } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import type { Clock, Http } from '../core/ports.ts'
import type { Warning } from '../core/provider.ts'
import { demosElsewhere } from './demos-elsewhere.ts'
import { markedSlugs } from './plan-demos.ts'

/** What looking for demos that are over needs of the world. */
export interface SweepDeps {
  readonly http: Http
  readonly clock: Clock
  readonly signal: AbortSignal
  /** The records of an integration's demos, without those that are gone; none where there is no vault. */
  known(target: DemoTarget): Promise<readonly DemoRecord[]>
}

/** A demo whose time is over. */
export interface DueDemo {
  readonly target: DemoTarget
  readonly slug: string
}

/** What a sweep has to do. */
export interface SweepPlan {
  readonly due: readonly DueDemo[]
  /** What the accounts hold, for the removal. */
  readonly objects: ReadonlyMap<DemoTarget, AccountObjects>
  readonly warnings: readonly Warning[]
  /** Of accounts that could not be looked at. */
  readonly errors: readonly CrmError[]
}

/**
 * Looks for demos that are past their time, by journal and marks: three lists of each account, whatever the number of demos. The marks on
 * the server have the last word, since any machine may have put the end off. Objects without a mark are never due.
 */
export async function planSweep(deps: SweepDeps, targets: readonly DemoTarget[]): Promise<SweepPlan> {
  const objects = new Map<DemoTarget, AccountObjects>()
  const due: DueDemo[] = []
  const warnings: Warning[] = []
  const errors: CrmError[] = []
  await Promise.all(
    targets.map(async (target) => {
      try {
        const found = await lookInto(deps, target)
        objects.set(target, found.objects)
        due.push(...found.due)
        warnings.push(...found.warnings)
      } catch (thrown) {
        const error = errorFor(target, thrown)
        if (!(error instanceof CrmError) || error.code === 'cancelled') throw error
        errors.push(error)
      }
    }),
  )
  const inOrder = due.toSorted((one, other) => (`${one.target.name} ${one.slug}` < `${other.target.name} ${other.slug}` ? -1 : 1))
  return { due: inOrder, objects, warnings, errors }
}

async function lookInto({ http, clock, signal, known }: SweepDeps, target: DemoTarget) {
  const connection = connectionOf(target.values)
  const client = createClient(http, connection, { signal })
  const [inboxes, bots, webhooks] = await Promise.all([client.listInboxes(), client.listBots(), client.listWebhooks()])
  const objects: AccountObjects = { inboxes, bots, webhooks }
  const account = accountUrl(connection)
  const all = await known(target)
  const records = new Map(all.filter((record) => record.account === account).map((record) => [record.slug, record]))
  const now = clock()
  const due: DueDemo[] = []
  // What has no end is no business of a sweep.
  const ending = all.filter(({ expiresAt = null }) => expiresAt !== null)
  const warnings = [...demosElsewhere(target, ending, 'not swept')]
  for (const slug of new Set([...records.keys(), ...markedSlugs(objects)])) {
    const record = records.get(slug)
    const found = findDemo(slug, connection.accountId, knownOf(record, account), objects)
    const parts = allOf(found)
    const texts = [
      ...parts.inboxes.map(({ outOfOffice }) => outOfOffice),
      ...bots.filter(({ id }) => parts.botIds.includes(id)).map(({ description }) => description),
    ]
    const isOverHere = isPast(record?.expiresAt, now)
    const marks = texts.map((text) => markOf(text, slug))
    if (isOverHere && marks.some((mark) => mark === undefined)) {
      const message = `the demo ${slug} is over, and its objects do not all carry its mark any more: left alone; remove it with: crm demo-remove ${slug}`
      warnings.push({ code: 'mark_missing', message })
    }
    const ends = marks.flatMap((mark) => (mark === undefined ? [] : [mark.until]))
    // A mark without an end leaves the word to the journal.
    const isOver = ends.every((end) => (end === null ? isOverHere : isPast(end, now))) && (ends.length > 0 || isOverHere)
    const hasOnlyUnmarked = texts.length > 0 && ends.length === 0
    if (isOver && !hasOnlyUnmarked) due.push({ target, slug })
  }
  return { objects, due, warnings }
}

function isPast(time: string | null | undefined, nowMs: number): boolean {
  return typeof time === 'string' && Date.parse(time) <= nowMs
}
