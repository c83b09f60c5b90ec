import { hash } from 'node:crypto'
import { CrmError } from '../core/errors.ts'
import type { AuditEntry, AuditEvent, AuditLog } from './audit-log.ts'

/** The chain's last word about a sealed row. */
export interface LastWord {
  readonly sequence: number
  readonly id: string
  readonly name: string
  readonly table: string
  readonly revision: number
  readonly sha256: string
}

/** By which the log knows the tokens of an integration. */
export const tokenKey = (integration: string) => `token ${integration}`

/** What is said of a row that stands and is no row of the log's, by verify and by writes alike. */
export const NOT_STANDING = 'the audit log says that it was removed, or never knew it'

const TABLES: Readonly<Record<string, string>> = { integration: 'integrations', demo: 'demos' }
const ENDINGS = ['remove', 'forget']

/** What an event says of sealed rows: a word about one, or that it is there no more. */
function* saidBy({ sequence, event, details }: AuditEvent): Generator<readonly [key: string, word: LastWord | undefined]> {
  const [noun = '', verb = ''] = event.split('.')
  const { integration, id, revision, sha256 } = details
  const isEnding = ENDINGS.includes(verb)
  const hasWord = typeof revision === 'number' && typeof sha256 === 'string'
  if (noun === 'token' && typeof integration === 'string') {
    if (isEnding) yield [tokenKey(integration), undefined]
    // Logs of before hold words about tokens without a name.
    else if (hasWord)
      yield [tokenKey(integration), { sequence, id: integration, table: 'tokens', name: String(details.name ?? ''), revision, sha256 }]
  }
  const table = TABLES[noun]
  if (table === undefined || typeof id !== 'string') return
  if (isEnding) {
    yield [id, undefined]
    yield [tokenKey(id), undefined]
  } else if (hasWord) yield [id, { sequence, id, table, name: String(details.name ?? details.slug), revision, sha256 }]
}

/** The last words about all rows that the log says are there. */
export function lastWords(log: AuditLog): Map<string, LastWord> {
  const words = new Map<string, LastWord>()
  for (const event of log.events()) {
    for (const [key, word] of saidBy(event)) {
      if (word === undefined) words.delete(key)
      else words.set(key, word.name === '' ? { ...word, name: words.get(word.id)?.name ?? word.id } : word)
    }
  }
  return words
}

/** How many events are read from the end of the log at first, and at most at a time: what was changed a moment ago is changed again. */
const FIRST_EVENTS = 4
const MOST_EVENTS = 256

function* newestFirst(log: AuditLog, end: number): Generator<AuditEvent, undefined> {
  let count = FIRST_EVENTS
  let before = end + 1
  for (;;) {
    const page = log.newest(count, before)
    yield* page
    const last = page.at(-1)
    if (last === undefined) return
    before = last.sequence
    count = Math.min(count * 4, MOST_EVENTS)
  }
}

/**
 * What the log last says of rows, from its end on, and only as far back as it takes. What was read stays known from one transaction to the
 * next: a command that writes a hundred times would read the log a hundred times.
 */
export class KnownWords {
  /** The digest of each row; undefined for one that is there no more. */
  readonly #digests = new Map<string, string | undefined>()
  #older: Iterator<AuditEvent, undefined> | undefined
  /** The last row that was read, by which the log is known again. */
  #end: ReturnType<AuditLog['mark']>

  constructor(readonly log: AuditLog) {}

  /** Reads what others have added; begins anew with a log that is not the one of before. Inside the transaction that asks. */
  refresh(): void {
    const end = this.log.mark()
    if (this.#end !== undefined && end?.sequence === this.#end.sequence && end.mac === this.#end.mac) return
    const isLonger = this.#end !== undefined && this.log.mark(this.#end.sequence)?.mac === this.#end.mac
    if (isLonger) {
      for (const event of this.log.after(this.#end?.sequence ?? 0))
        for (const [about, word] of saidBy(event)) this.#digests.set(about, word?.sha256)
    } else {
      this.#digests.clear()
      this.#older = newestFirst(this.log, end?.sequence ?? 0)
    }
    this.#end = end
  }

  digestOf(key: string): string | undefined {
    while (!this.#digests.has(key)) {
      const event = this.#older?.next().value
      if (event === undefined) break
      for (const [about, word] of saidBy(event)) if (!this.#digests.has(about)) this.#digests.set(about, word?.sha256)
    }
    return this.#digests.get(key)
  }
}

/** The last words about some rows, for a write that makes new rows of theirs. Good for one transaction. */
export class RecentWords {
  /** The digests of rows that this transaction has written itself. */
  readonly #own = new Map<string, string>()
  readonly #known: KnownWords
  #isFresh = false

  constructor(known: KnownWords) {
    this.#known = known
  }

  /**
   * An earlier row with its own seal opens. What is made of it would be the log's last word, and nobody could tell any more.
   * @param what names the row in the error.
   * @throws {CrmError} `damaged` when the row is not the one that the log knows.
   */
  #require(key: string, what: string, sealed: Buffer): void {
    const digest = this.#digestOf(key)
    if (digest === hash('sha256', sealed, 'hex')) return
    throw new CrmError('damaged', `${what} was put back outside of crm`, {
      reason: digest === undefined ? NOT_STANDING : 'it is older than its last change in the audit log',
      hint: 'see what is affected with: crm vault verify',
    })
  }

  /** The same for an integration. @throws {CrmError} `damaged`. */
  requireIntegration({ id, name, sealed }: { readonly id: Buffer; readonly name: string; readonly sealed: Buffer }): void {
    this.#require(id.toString('hex'), `the integration ${name}`, sealed)
  }

  /** The same for a demo. @throws {CrmError} `damaged`. */
  requireDemo({ id, sealed }: { readonly id: Buffer; readonly sealed: Buffer }, slug: string): void {
    this.#require(id.toString('hex'), `the demo ${slug}`, sealed)
  }

  /** The same for the tokens of an integration, where there are any. @throws {CrmError} `damaged`. */
  requireTokens({ id, name }: { readonly id: Buffer; readonly name: string }, row: { readonly sealed: Buffer } | undefined): void {
    if (row !== undefined) this.#require(tokenKey(id.toString('hex')), `the sign-in of ${name}`, row.sealed)
  }

  /** A demo may be written again before the log has its entry. */
  noteDemo(id: Buffer, sealed: Buffer): void {
    this.#own.set(id.toString('hex'), hash('sha256', sealed, 'hex'))
  }

  #digestOf(key: string): string | undefined {
    const own = this.#own.get(key)
    if (own !== undefined) return own
    if (!this.#isFresh) this.#known.refresh()
    this.#isFresh = true
    return this.#known.digestOf(key)
  }
}

/** What the log says of the key slots. */
export interface SlotWords {
  /** Digest of each slot that is there, by id, hex; null where a log of before tells only that it is there. */
  readonly standing: ReadonlyMap<string, string | null>
  readonly removed: ReadonlySet<string>
  /** False where the beginning of the log was dropped by a build that did not say its slots again: of others it knows nothing. */
  readonly areAll: boolean
}

/** Replays what the log says of key slots. */
export function slotWords(log: AuditLog): SlotWords {
  let standing = new Map<string, string | null>()
  const removed = new Set<string>()
  let areAll = false
  const put = (id: unknown, check: unknown): void => {
    if (typeof id !== 'string') return
    standing.set(id, typeof check === 'string' ? check : null)
    removed.delete(id)
  }
  const take = (id: unknown): void => {
    if (typeof id !== 'string') return
    standing.delete(id)
    removed.add(id)
  }
  /** These, and no others. */
  const reset = (slots: readonly (readonly [unknown, unknown])[]): void => {
    for (const id of standing.keys()) removed.add(id)
    standing = new Map()
    for (const [id, check] of slots) put(id, check)
    areAll = true
  }
  for (const { event, details } of log.events()) {
    const { id, check } = details
    if (event === 'profile.create') reset([[details.keySlot, check]])
    else if (event === 'profile.keep' && isObject(details.slots)) reset(Object.entries(details.slots))
    else if (event === 'key.rotate' && Array.isArray(details.kept)) {
      const checks = isObject(details.checks) ? details.checks : {}
      reset(details.kept.map((slot) => [slot, checks[String(slot)]]))
      if (Array.isArray(details.dropped)) for (const slot of details.dropped) take(slot)
    } else if (event === 'key.add' || event === 'profile.share') put(id, check)
    else if (event === 'key.replace') {
      take(details.replaces)
      put(id, check)
    } else if (event === 'key.remove') take(id)
    // Done by itself with a write: it brings no slot back.
    else if (event === 'key.renew' && !removed.has(String(id)) && (standing.has(String(id)) || !areAll)) put(id, check)
  }
  return { standing, removed, areAll }
}

/** Whether the log says that there is no such slot. */
export function isNotStanding({ standing, removed, areAll }: SlotWords, id: string): boolean {
  return removed.has(id) || (areAll && !standing.has(id))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/**
 * What the log says of rows, key slots and of the profile's name up to a sequence, to be said again before those rows are dropped: a log
 * without its beginning must go on knowing everything that is there.
 * @param slots the digests of the slots that are there, by id: taken as they are where the log knows nothing of one.
 */
export function standingWords(log: AuditLog, profile: string, slots: ReadonlyMap<string, string>, through: number): AuditEntry[] {
  const entries: AuditEntry[] = [
    { event: 'profile.keep', details: { name: profile, slots: Object.fromEntries(standingSlots(log, slots)) } },
  ]
  for (const { sequence, id, table, name, revision, sha256 } of lastWords(log).values()) {
    if (sequence > through) continue
    if (table === 'tokens') entries.push({ event: 'token.keep', details: { integration: id, name, revision, sha256 } })
    else if (table === 'demos') entries.push({ event: 'demo.keep', details: { id, revision, sha256, slug: name } })
    else entries.push({ event: 'integration.keep', details: { id, revision, sha256, name } })
  }
  return entries
}

function standingSlots(log: AuditLog, slots: ReadonlyMap<string, string>): ReadonlyMap<string, string | null> {
  const words = slotWords(log)
  const unknown = [...slots].filter(([id]) => !words.standing.has(id) && !isNotStanding(words, id))
  return new Map([...words.standing, ...unknown])
}
