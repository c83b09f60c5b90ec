/**
 * The marks by which a demo's objects are found on the server, from any machine. A bot carries its mark in the description. An inbox has
 * none; it carries the mark in `out_of_office_message`, which is shown to nobody while business hours are off and comes back as written
 * on web and API channels alike. Names prove nothing: Chatwoot's are not unique.
 */
import { demoMark } from '../core/demo.ts'

const ANY_MARK =
  /\[crm-demo(-removed)?:([a-z0-9][a-z0-9._-]{0,63})\](?: run ([0-9a-f]{32}))?(?: at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z))?/g

/** A mark as it stands in a text of the server. */
export interface Mark {
  readonly slug: string
  /** Whether the object was given up by a run that then asked for its deletion. */
  readonly isRemoved: boolean
  /** The run that made the object; null where somebody has cut the mark short. */
  readonly runId: string | null
  /** RFC 3339 UTC. */
  readonly madeAt: string | null
}

/** The text put into a new object: `[crm-demo:acme] run <run id> at <time>`. */
export function markText(slug: string, runId: string, madeAt: string): string {
  return `${demoMark(slug)} run ${runId} at ${madeAt}`
}

/** The marks in a text; usually none or one. */
export function marksIn(text: string | null | undefined): readonly Mark[] {
  return Array.from((text ?? '').matchAll(ANY_MARK), ([, removed, slug = '', runId = null, madeAt = null]) => ({
    slug,
    isRemoved: removed !== undefined,
    runId,
    madeAt,
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
