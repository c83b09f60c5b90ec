import { hash } from 'node:crypto'
import type { DemoJournal, DemoRecord, DemoSecrets, JournalEntry } from '../core/demo.ts'
import { unreachable } from '../core/errors.ts'
import type { Clock } from '../core/ports.ts'
import { toTimestamp } from '../core/time.ts'
import type { WriteRequest } from './client.ts'
import { madeWebhooks } from './demo-find.ts'

/** A journal that lives as long as the process: for the environment, where there is no vault. */
export function memoryJournal(): DemoJournal {
  let kept: { readonly record: DemoRecord; readonly secrets: DemoSecrets } | undefined
  return {
    read: async () => kept,
    write: async (record, secrets) => {
      kept = { record, secrets }
    },
  }
}

/** SHA-256 of a request's method, path and body, hex. */
export function digestOf({ method, path, body }: Pick<WriteRequest, 'method' | 'path' | 'body'>): string {
  return hash('sha256', `${method} ${path}\n${body === null ? '' : JSON.stringify(body)}`, 'hex')
}

/** What is about to be done. */
export type Intent = Pick<JournalEntry, 'kind' | 'action' | 'digest' | 'remoteId'>

/** What was found instead of being made. */
export type Adopted = Pick<JournalEntry, 'kind' | 'remoteId'> & Partial<Pick<JournalEntry, 'digest'>>

/** What a demo is called and where it lives: what a first entry needs to make a record. */
export type DemoSeed = Pick<DemoRecord, 'slug' | 'name' | 'integration' | 'account' | 'channel'>

/** What changes in a record besides its journal. */
export type RecordChange = Partial<
  Pick<DemoRecord, 'name' | 'account' | 'channel' | 'status' | 'inboxId' | 'botId' | 'createdAt' | 'expiresAt'>
> & {
  /** New secrets; `null` forgets one. */
  readonly secrets?: Readonly<Record<string, string | null>>
}

/** Settled entries kept when a journal has grown beyond {@link MAX_ENTRIES}. */
const KEPT_ENTRIES = 100
const MAX_ENTRIES = 200

/**
 * The journal of one demo during one run: every intent is committed before the call that it announces, every result together with the
 * secrets that came with it (`security.md` section 12).
 */
export class Ledger {
  readonly #journal: DemoJournal
  readonly #seed: DemoSeed
  readonly #clock: Clock
  readonly #isNew: boolean
  #record: DemoRecord | undefined
  #secrets: DemoSecrets
  #isTrimmed = false
  /** Results on their way to the disk. */
  #noted: Promise<void>[] = []

  private constructor(
    journal: DemoJournal,
    seed: DemoSeed,
    clock: Clock,
    readonly runId: string,
    kept: Awaited<ReturnType<DemoJournal['read']>>,
  ) {
    this.#journal = journal
    this.#seed = seed
    this.#clock = clock
    this.#isNew = kept === undefined || kept.record.status === 'removed'
    this.#record = kept?.record
    this.#secrets = kept?.secrets ?? {}
  }

  /** Reads what earlier runs left. Nothing is written before the first intent. */
  static async open(
    journal: DemoJournal,
    seed: DemoSeed,
    { clock, runId }: { readonly clock: Clock; readonly runId: string },
  ): Promise<Ledger> {
    return new Ledger(journal, seed, clock, runId, await journal.read())
  }

  /** A copy that writes to memory alone: for undoing when the journal itself has failed. */
  detached(): Ledger {
    const kept = this.#record === undefined ? undefined : { record: this.#record, secrets: this.#secrets }
    return new Ledger(memoryJournal(), this.#seed, this.#clock, this.runId, kept)
  }

  /** The record as it stands; undefined before anything was ever written. */
  get record(): DemoRecord | undefined {
    return this.#record
  }

  get secrets(): DemoSecrets {
    return this.#secrets
  }

  /** Whether this run is the first that the journal has of the demo, or of its new life after a removal. */
  get isNew(): boolean {
    return this.#isNew
  }

  /** Entries of earlier runs whose result nobody knows, with their positions. */
  get unknown(): readonly { readonly position: number; readonly entry: JournalEntry }[] {
    const entries = this.#record?.journal ?? []
    return entries.flatMap((entry, position) => (entry.state === 'intent' && entry.runId !== this.runId ? [{ position, entry }] : []))
  }

  /** Commits what is about to be done, all in one write. @returns the positions of the entries. */
  async intend(intents: readonly Intent[]): Promise<readonly number[]> {
    const record = this.#begun()
    // Only before the first entry of a run: positions change.
    const journal = this.#isTrimmed ? record.journal : trimmed(record.journal)
    this.#isTrimmed = true
    const at = toTimestamp(this.#clock())
    const entries = intents.map((intent) => ({ runId: this.runId, ...intent, state: 'intent' as const, at }))
    // What is half done while this entry is open is `partial`, should the process end here; a removal goes on as the removal that it is.
    const isRemoval = record.status === 'deleting' && intents.every(({ action }) => action === 'delete')
    const status = isRemoval ? ('deleting' as const) : ('partial' as const)
    await this.#written(this.#write({ ...record, status, journal: [...journal, ...entries] }))
    return entries.map((_entry, index) => journal.length + index)
  }

  /** Commits the result of an entry, and in the same write what follows from it. */
  async settle(position: number, state: 'done' | 'failed', remoteId: string | null, change: RecordChange = {}): Promise<void> {
    const record = this.#begun()
    const entry = record.journal[position] ?? unreachable('position in a journal')
    const journal = record.journal.with(position, { ...entry, state, remoteId: remoteId ?? entry.remoteId, at: toTimestamp(this.#clock()) })
    await this.#write({ ...record, journal }, change)
  }

  /**
   * The same for a result that the next entry or the end of the run follows at once: both are committed together, and what comes next
   * fails when this did.
   */
  note(...result: Parameters<Ledger['settle']>): void {
    const written = this.settle(...result)
    // Whoever comes next hears of it.
    written.catch(() => {})
    this.#noted.push(written)
  }

  /** Resolves once a write, if there is one, and all results that were noted before it are committed. */
  async #written(write: Promise<void> | undefined): Promise<void> {
    await Promise.all([...this.#noted.splice(0), write])
  }

  /** Commits what a look has shown about entries whose result nobody knew, all in one write. */
  async resolve(
    results: readonly { readonly position: number; readonly state: 'done' | 'failed'; readonly remoteId: string | null }[],
    change: RecordChange = {},
  ): Promise<void> {
    const record = this.#begun()
    const journal = [...record.journal]
    for (const { position, state, remoteId } of results) {
      const entry = journal[position] ?? unreachable('position in a journal')
      journal[position] = { ...entry, state, remoteId: remoteId ?? entry.remoteId }
    }
    await this.#write({ ...record, journal }, change)
  }

  /** Commits a change that no call announces: an adopted object, the status at the end. Nothing is written when nothing differs. */
  async update(change: RecordChange, adopted: readonly Adopted[] = []): Promise<void> {
    const record = this.#begun()
    const at = toTimestamp(this.#clock())
    const entries = adopted.map(({ digest = '', ...entry }) => ({
      ...entry,
      runId: this.runId,
      action: 'adopt' as const,
      state: 'done' as const,
      digest,
      at,
    }))
    const { secrets = {}, ...fields } = change
    const isSame =
      entries.length === 0 &&
      Object.entries(fields).every(([key, value]) => (record[key as keyof DemoRecord] ?? null) === (value ?? null)) &&
      Object.entries(secrets).every(([key, value]) => (this.#secrets[key] ?? null) === value)
    const isWritten = !isSame || this.#record === undefined
    await this.#written(isWritten ? this.#write({ ...record, journal: [...record.journal, ...entries] }, change) : undefined)
  }

  /** The record to write to; a new life for a demo that was removed. */
  #begun(): DemoRecord {
    const now = toTimestamp(this.#clock())
    const { slug, name, integration, account, channel } = this.#seed
    const birth = {
      slug,
      name,
      integration,
      account,
      channel,
      status: 'partial',
      inboxId: null,
      botId: null,
      createdAt: now,
      updatedAt: now,
    } as const
    if (this.#record === undefined) return { ...birth, journal: [] }
    return this.#record.status === 'removed' ? { ...birth, journal: this.#record.journal } : this.#record
  }

  async #write(record: DemoRecord, { secrets = {}, ...fields }: RecordChange = {}): Promise<void> {
    const written = { ...record, ...fields, updatedAt: toTimestamp(this.#clock()) }
    const kept = Object.entries({ ...this.#secrets, ...secrets }).filter((entry): entry is [string, string] => entry[1] !== null)
    this.#record = written
    this.#secrets = Object.fromEntries(kept)
    await this.#journal.write(written, this.#secrets)
  }
}

/** A long journal without its oldest settled entries; what tells of a webhook that is there stays. */
function trimmed(journal: readonly JournalEntry[]): readonly JournalEntry[] {
  if (journal.length <= MAX_ENTRIES) return journal
  const from = journal.length - KEPT_ENTRIES
  const webhooks = new Set(madeWebhooks(journal))
  const isKept = ({ kind, state, remoteId }: JournalEntry) => state === 'intent' || (kind === 'webhook' && webhooks.has(remoteId ?? ''))
  return journal.filter((entry, position) => position >= from || isKept(entry))
}
