/**
 * The marks by which a demo's objects are found on the server, from any machine. A bot carries its mark in the description. An inbox has
 * none; it carries the mark in `out_of_office_message`, which is shown to nobody while business hours are off and comes back as written
 * on web and API channels alike. Names prove nothing: Chatwoot's are not unique.
 */
import { demoMark } from '../core/demo.ts'
import type { AgentBot, Inbox } from './read.ts'

const ANY_MARK =
  /\[crm-demo(-removed)?:([a-z0-9][a-z0-9._-]{0,63})\](?: run ([0-9a-f]{32}))?(?: at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z))?(?: until (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z))?/g

/** A mark as it stands in a text of the server. */
export interface Mark {
  readonly slug: string
  /** Whether the object was given up by a run that then asked for its deletion. */
  readonly isRemoved: boolean
  /** The run that made the object; null where somebody has cut the mark short. */
  readonly runId: string | null
  /** RFC 3339 UTC. */
  readonly madeAt: string | null
  /** When the demo may be swept, RFC 3339 UTC; null for one without an end. */
  readonly until: string | null
}

/** The text put into a new object: `[crm-demo:acme] run <run id> at <time>`, and ` until <time>` for a demo with an end. */
export function markText(slug: string, runId: string, madeAt: string, until: string | null = null): string {
  return `${demoMark(slug)} run ${runId} at ${madeAt}${until === null ? '' : ` until ${until}`}`
}

/** The marks in a text; usually none or one. */
export function marksIn(text: string | null | undefined): readonly Mark[] {
  return Array.from((text ?? '').matchAll(ANY_MARK), ([, removed, slug = '', runId = null, madeAt = null, until = null]) => ({
    slug,
    isRemoved: removed !== undefined,
    runId,
    madeAt,
    until,
  }))
}

/** The mark of one demo in a text; undefined when it carries none. An object given up before counts as such only while nothing else marks it. */
export function markOf(text: string | null | undefined, slug: string): Mark | undefined {
  const marks = marksIn(text).filter((mark) => mark.slug === slug)
  return marks.find(({ isRemoved }) => !isRemoved) ?? marks[0]
}

/**
 * A text with the mark of an object that is to be deleted. Chatwoot deletes inboxes in the background and lists them until then; without
 * this a run that has no journal would adopt an inbox that is about to vanish.
 */
export function withMarkRemoved(text: string | null | undefined, slug: string): string {
  const removed = `[crm-demo-removed:${slug}]`
  const replaced = (text ?? '').replaceAll(demoMark(slug), removed)
  return replaced.includes(removed) ? replaced : withMark(text, removed)
}

/** A text of somebody's with a mark put behind it. */
export function withMark(text: string | null | undefined, mark: string): string {
  return text === null || text === undefined || text.trim() === '' ? mark : `${text}\n${mark}`
}

/** A text without the marks of one demo: what somebody wrote besides. */
export function withoutMark(text: string | null | undefined, slug: string): string {
  return (text ?? '').replaceAll(ANY_MARK, (mark: string, _removed: unknown, name: string) => (name === slug ? '' : mark)).trim()
}

/** What the text of a demo's object is to be. */
export interface MarkedText {
  readonly slug: string
  /** The mark of an object that carries none. */
  readonly fresh: string
  /** The end of the demo; undefined leaves the one that is there. */
  readonly until: string | null | undefined
  /** What stands besides the mark; undefined leaves it. */
  readonly words?: string | undefined
}

/** A text as it has to be, with the mark that it carries or a fresh one; undefined when it is right as it is. */
export function remarked(text: string | null | undefined, { slug, fresh, until, words }: MarkedText): string | undefined {
  const mark = markOf(text, slug)
  const isMarked = mark !== undefined && !mark.isRemoved
  const said = withoutMark(text, slug)
  const isSaid = words === undefined || words === said
  if (isMarked && isSaid && (until === undefined || mark.until === until)) return undefined
  const { runId = null, madeAt = null } = isMarked ? mark : {}
  // Cut short by somebody: the fresh one says when, the old one cannot.
  const kept =
    runId === null || madeAt === null ? fresh : markText(slug, runId, madeAt, until === undefined ? (mark?.until ?? null) : until)
  return withMark(words ?? said, kept)
}

/** Those of a demo's objects that carry a mark, as far as marks are read. */
interface MarkedObjects {
  readonly inbox: Pick<Inbox, 'outOfOffice'> | null
  readonly bot: Pick<AgentBot, 'description'> | null
}

function marksOf({ inbox, bot }: MarkedObjects, slug: string): readonly Mark[] {
  return [markOf(inbox?.outOfOffice, slug), markOf(bot?.description, slug)].filter((mark) => mark !== undefined)
}

/** When a demo was made, as its marks have it: the inbox's, else the bot's; null where neither says a time. */
export function madeAtOf(objects: MarkedObjects, slug: string): string | null {
  const times = marksOf(objects, slug).flatMap(({ madeAt }) => (madeAt === null ? [] : [madeAt]))
  return times.find((time) => !Number.isNaN(Date.parse(time))) ?? null
}

/** The end of a demo as its marks have it: the later one, should they differ; null for none. */
export function untilOf(objects: MarkedObjects, slug: string): string | null {
  const ends = marksOf(objects, slug).flatMap(({ until }) => (until === null ? [] : [until]))
  return ends.toSorted((one, other) => Date.parse(one) - Date.parse(other)).at(-1) ?? null
}
