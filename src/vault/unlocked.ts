import { hash } from 'node:crypto'
import type { DemoJournal, DemoRecord, DemoSecrets } from '../core/demo.ts'
import { CrmError, unreachable } from '../core/errors.ts'
import type { StoredValues } from '../core/field.ts'
import type { IssuedTokens } from '../core/grant.ts'
import { type Integration, parseName } from '../core/integration.ts'
import type { JsonObject } from '../core/json.ts'
import type { Secret } from '../core/secret.ts'
import { toTimestamp } from '../core/time.ts'
import { prepareKey } from '../crypto/chunked.ts'
import { type KeySlot, type OwnKey, type OwnKeyKind, parseKdf, type UnlockKey, wrapDataKey } from '../crypto/key-slot.ts'
import type { AuditEntry, AuditEvent, AuditLog, AuditReplay } from './audit-log.ts'
import type { Database } from './database.ts'
import { countDemos, endRun, forgetDemosOf, forgetRemovedDemos, renewRun, takeRun } from './demos.ts'
import { type IntegrationFilter, listIntegrations } from './integrations.ts'
import {
  insertSlot,
  type KeySlotInfo,
  MOST_KEY_SLOTS,
  type OpenedSlot,
  opensSlot,
  proveSlot,
  readSlots,
  rewriteSlot,
  slotOfRawKey,
  toSlotInfo,
} from './key-slots.ts'
import type { KeptSlot, Rotation } from './rotate.ts'
import { INTEGRATION_COLUMNS, type SealedIntegrationRow } from './rows.ts'
import { openDemo, writeDemo } from './sealed-demos.ts'
import {
  type IntegrationChange,
  insertRow,
  type NewIntegration,
  type OpenedRow,
  openedRow,
  type ProfileKeys,
  requireRow,
  updateRow,
} from './sealed-integrations.ts'
import type { VaultState } from './state.ts'
import { insertTestResult, newestTestResult, type TestRecord, testHistory } from './test-results.ts'
import { releaseTokenLock, takeTokenLock } from './token-locks.ts'
import { rebindTokens, type StoredTokens, type TokenOwner, tokensOf, type WrittenTokens, writeTokens } from './tokens.ts'
import { standingWords, type VaultReport, verifyProfile } from './verify.ts'
import type { VaultWorld } from './world.ts'

/** How long a demo run is held without a sign of life, and how often it is renewed, in milliseconds. */
const LEASE_MS = 60_000
/** How long a journal entry waits for those of other demos, to go with them in one wait for the disk, in milliseconds. */
const JOURNAL_WAIT_MS = 2
/** How long the record of a removed demo is kept. */
const REMOVED_DEMO_MS = 30 * 86_400_000

/** An integration with its values. Plaintext leaves the vault here and in {@link UnlockedVault.reveal}, nowhere else. */
export interface OpenedIntegration {
  readonly integration: Integration
  /** SHA-256 of the provider definition it was saved under, hex; empty for built-in providers. */
  readonly definition: string
  readonly values: StoredValues
}

/** A held demo run; see `security.md` section 12. */
export interface DemoRun {
  readonly runId: string
  readonly journal: DemoJournal
  /** Says that the run is alive. Call it at least every 20 s. @throws CrmError `conflict` when another run has taken over. */
  renew(): Promise<void>
  /** Gives the run back; the journal stays. */
  end(): Promise<void>
}

/** Demo runs that are held together. */
export interface DemoRuns extends Pick<DemoRun, 'runId' | 'renew' | 'end'> {
  /** In the order in which they were asked for: the journal of each, or the `conflict` that keeps it from being held. */
  readonly journals: readonly (DemoJournal | CrmError)[]
}

/** The right to renew the tokens of one integration. */
export interface TokenLock {
  release(): Promise<void>
}

/** Why tokens are stored, for the audit log. */
export type TokenEvent = 'token.refresh' | 'token.sign-in'

/**
 * A vault with the key of one profile. What it returns about integrations is verified. Every change is one durable
 * transaction that holds its audit row; every method may throw `damaged`, `busy` and `io_failed`.
 */
export interface UnlockedVault {
  readonly profile: string
  /** The slot that opened the profile. */
  readonly openedBy: KeySlotInfo
  /** Names the profile for its life, whatever its keys: 20 hex digits that only a holder of its key can compute. */
  readonly fingerprint: string
  /** @throws CrmError `not_found`. */
  open(name: string): Promise<OpenedIntegration>
  /** Every integration that matches, opened one by one, by name. */
  openAll(filter?: IntegrationFilter): Iterable<OpenedIntegration>
  /** The secrets of an integration, or one of them, for showing or handing over; the audit row is committed first. */
  reveal(name: string, field?: string): Promise<{ readonly integration: Integration; readonly secrets: Readonly<Record<string, Secret>> }>
  /**
   * Integrations with their values, for handing over: those named, or all by name. The audit rows are committed first.
   * @param how what the audit log says of it besides the names: who can open what is made of them.
   * @throws CrmError `not_found`.
   */
  handOver(names: readonly string[] | 'all', how: JsonObject): Promise<readonly OpenedIntegration[]>
  /** Stores what was handed over, all or none. @throws CrmError `conflict` when something is not any more as it was planned with. */
  takeOver(taken: TakenOver, how: JsonObject): Promise<void>
  /** Adds all or none. @throws CrmError `conflict` when a name is taken. */
  add(drafts: readonly NewIntegration[]): Promise<readonly Integration[]>
  /** Changes what is given. @param revision the one that the change is based on. @throws CrmError `conflict` when it is not today's. */
  update(name: string, revision: number, change: IntegrationChange): Promise<Integration>
  /** Switches an integration; `changed` is false when it was so already. */
  setActive(name: string, active: boolean): Promise<{ readonly integration: Integration; readonly changed: boolean }>
  /** @throws CrmError `conflict` while demos made with it exist, unless forced (then their records go too). */
  remove(name: string, options?: { readonly force?: boolean }): Promise<void>
  /** Adds test results and their audit rows. A result whose integration was changed or removed meanwhile is left out. */
  recordTests(results: readonly ({ readonly name: string } & TestRecord)[]): Promise<void>
  newestTest(name: string): Promise<TestRecord | undefined>
  testHistory(name: string): Promise<readonly TestRecord[]>
  /** The tokens of an integration; undefined when it has none. */
  readTokens(name: string): Promise<StoredTokens | undefined>
  /** Takes the lock under which tokens are renewed; undefined while another thread or process holds it. */
  lockTokens(name: string): Promise<TokenLock | undefined>
  /**
   * Stores tokens, unless others were stored since.
   * @param basedOn the revision that the caller has read; undefined when there were none, `any` to replace whatever is there.
   * @returns what is stored now.
   */
  saveTokens(name: string, issued: IssuedTokens, basedOn: number | undefined | 'any', event: TokenEvent): Promise<StoredTokens>
  /** Takes the one active run of a demo. @throws CrmError `conflict` while another one is active. */
  startDemoRun(integration: string, slug: string, runId: string): Promise<DemoRun>
  /** Takes the active runs of several demos in one transaction; those that another run holds are left out. */
  startDemoRuns(demos: readonly { readonly integration: string; readonly slug: string }[], runId: string): Promise<DemoRuns>
  readDemo(integration: string, slug: string): Promise<{ readonly record: DemoRecord; readonly secrets: DemoSecrets } | undefined>
  /** The secrets of a demo for showing; the audit row is committed first. */
  revealDemo(integration: string, slug: string): Promise<DemoSecrets>
  /**
   * Removes the records of a demo that do not open, and nothing else. The objects on the server keep their marks, by which they are
   * found without a record. @returns how many there were, and how many that open were left alone.
   */
  forgetDamagedDemos(slug: string): Promise<{ readonly forgotten: number; readonly whole: number }>
  keySlots(): Promise<readonly KeySlotInfo[]>
  /** Adds a slot, proven to open. @throws CrmError `conflict` at 8 slots or when the same key has one already. */
  addKeySlot(kind: OwnKeyKind, label: string, key: OwnKey): Promise<KeySlotInfo>
  /** Wraps the data key for the holder of an age identity. @throws CrmError `conflict` when it is shared with them already. */
  share(recipient: string, label: string): Promise<KeySlotInfo>
  /** The slots for recipients that a holder of the profile's key has not written as they are. */
  alteredMembers(): Promise<readonly KeySlotInfo[]>
  /** @throws CrmError `not_found`, `conflict` for the last one. */
  removeKeySlot(id: string): Promise<void>
  /** Puts a slot with another key into the place of one, in one transaction. @throws CrmError `not_found` when it is gone. */
  replaceKeySlot(id: string, label: string, key: OwnKey): Promise<KeySlotInfo>
  /** The data key, for whoever keeps the profile open for a while; the audit row is committed first. */
  keepOpen(until: string): Promise<{ dataKey: Buffer; slotId: string; slotCheck: string; generation: number; profileId: string }>
  /** Whether a key opens a slot. */
  opensSlot(id: string, key: UnlockKey): Promise<boolean>
  /**
   * Gives the profile a new data key: every row sealed anew, every slot wrapped anew or dropped, in one transaction. The keys held
   * here are locked then; unlock again.
   * @throws CrmError `conflict` when a slot is neither kept nor dropped, or none is kept.
   */
  rotate(keep: readonly KeptSlot[], drop: readonly string[]): Promise<Rotation>
  rename(profile: string): Promise<void>
  audit(): Promise<readonly AuditEvent[]>
  replayAudit(): Promise<AuditReplay>
  /**
   * Drops the beginning of the audit log: rows older than a time, all but the newest `keep`. What the log knows of rows that are there
   * is said again first. How many rows were dropped. @throws CrmError `damaged` when the log is not whole.
   */
  pruneAudit(what: { readonly before?: string | undefined; readonly keep?: number | undefined }): Promise<number>
  /** Adds an event of a command that changes nothing in the vault. */
  record(event: string, details: JsonObject, outcome?: string): Promise<void>
  /** Opens every row and replays the audit log. */
  verify(): Promise<VaultReport>
  /** Zero-fills the keys. Nothing else works afterwards. */
  lock(): void
}

/** What an import stores. */
export interface TakenOver {
  readonly added: readonly NewIntegration[]
  /** In the place of what is stored under that name, of the same provider, as long as it is at that revision. */
  readonly replaced: readonly { readonly revision: number; readonly by: NewIntegration }[]
}

/** A slot wrapped again at today's cost, and the digest of what it replaces. */
export interface SlotRenewal {
  readonly slot: KeySlot
  readonly before: Buffer
}

/** One profile of an SQLite vault, unlocked. */
export class UnlockedProfile implements UnlockedVault {
  readonly openedBy: KeySlotInfo
  readonly #dataKey: Buffer
  #renewal: SlotRenewal | undefined
  readonly #journalWrites: { readonly save: () => AuditEntry; readonly resolve: () => void; readonly reject: (error: unknown) => void }[] =
    []

  constructor(
    readonly database: Database,
    readonly world: VaultWorld,
    readonly state: VaultState,
    readonly keys: ProfileKeys & { readonly rowKey: Buffer },
    opened: OpenedSlot,
    readonly log: AuditLog,
    renewal?: SlotRenewal,
  ) {
    this.openedBy = opened.slot
    this.#dataKey = opened.dataKey
    this.#renewal = renewal
  }

  get fingerprint(): string {
    return this.log.fingerprint()
  }

  get profile(): string {
    return this.keys.profile
  }

  async open(name: string): Promise<OpenedIntegration> {
    return this.#openRow(name)
  }

  #openRow(name: string): OpenedRow {
    return this.#read(() => openedRow(this.keys, requireRow(this.database, this.keys.profileId, name)))
  }

  /** A row does not open when another process has rotated the data key since; that is no damage. @throws {CrmError} `conflict`. */
  #read<Result>(read: () => Result): Result {
    try {
      return read()
    } catch (error) {
      if (error instanceof CrmError && error.code === 'damaged') this.#refuseIfRotated()
      throw error
    }
  }

  #refuseIfRotated(): void {
    const row = this.database.get<{ generation: number }>('SELECT generation FROM profiles WHERE id = ?', this.keys.profileId)
    if (row?.generation === this.keys.generation) return
    throw new CrmError(
      'conflict',
      `the data key of the profile ${this.profile} was ${row === undefined ? 'removed' : 'rotated'} meanwhile`,
      {
        hint: 'run the command again',
        retryable: true,
      },
    )
  }

  *openAll(filter: IntegrationFilter = {}): Generator<OpenedIntegration> {
    for (const { name } of listIntegrations(this.database, this.keys.profileId, this.profile, filter)) {
      yield this.#openRow(name)
    }
  }

  async reveal(name: string, field?: string): Promise<{ integration: Integration; secrets: Readonly<Record<string, Secret>> }> {
    const { id, integration, values } = this.#openRow(name)
    if (field !== undefined && values.secrets[field] === undefined) {
      const known = Object.keys(values.secrets)
      throw new CrmError('not_found', `${name} has no secret named ${field}`, {
        hint: known.length === 0 ? `it has no secrets; see: crm show ${name}` : `it has: ${known.join(', ')}`,
      })
    }
    const fields = field === undefined ? Object.keys(values.secrets) : [field]
    this.#change('record the reveal', () => [{ event: 'integration.reveal', details: { id: id.toString('hex'), name, fields } }])
    const secrets: Record<string, Secret> = Object.create(null)
    for (const key of fields) if (values.secrets[key] !== undefined) secrets[key] = values.secrets[key]
    return { integration, secrets }
  }

  async handOver(names: readonly string[] | 'all', how: JsonObject): Promise<readonly OpenedIntegration[]> {
    const all = names === 'all' ? listIntegrations(this.database, this.keys.profileId, this.profile, {}) : undefined
    const opened = (all?.map(({ name }) => name) ?? (names as readonly string[])).map((name) => this.#openRow(name))
    this.#change('record the export', () =>
      opened.map(({ id, integration, values }) => ({
        event: 'integration.export',
        details: { ...how, id: id.toString('hex'), name: integration.name, fields: Object.keys(values.secrets) },
      })),
    )
    return opened
  }

  async takeOver(taken: TakenOver, how: JsonObject): Promise<void> {
    this.#withRowKey((keys) => this.#change('import the integrations', (at) => this.#takeOver(taken, how, keys, at)))
  }

  *#takeOver({ added, replaced }: TakenOver, how: JsonObject, keys: ProfileKeys, at: string): Generator<AuditEntry> {
    yield { event: 'integration.import', details: { ...how, added: added.length, replaced: replaced.length } }
    yield* this.#insert(added, keys, at)
    for (const { revision, by } of replaced) {
      const { name, active, definition, values } = by
      yield* this.#replace(name, revision, { active, definition, values }, at)
    }
  }

  async add(drafts: readonly NewIntegration[]): Promise<readonly Integration[]> {
    const added: Integration[] = []
    this.#withRowKey((keys) => this.#change('save the integration', (at) => this.#insert(drafts, keys, at, (row) => added.push(row))))
    return added
  }

  /** The row key made ready once, for many rows. */
  #withRowKey(work: (keys: ProfileKeys) => void): void {
    const rowKey = prepareKey(this.keys.rowKey)
    try {
      work({ ...this.keys, rowKey })
    } finally {
      rowKey.clear()
    }
  }

  /** Inserts each row just before its audit row: ten thousand entries are never held at once. */
  *#insert(drafts: readonly NewIntegration[], keys: ProfileKeys, at: string, tell?: (added: Integration) => void): Generator<AuditEntry> {
    for (const draft of drafts) {
      const name = parseName(draft.name, 'integration')
      const row = insertRow(this.database, keys, { ...draft, name }, at)
      tell?.(row.integration())
      yield { event: 'integration.add', details: { ...rowDetails(row), name, provider: draft.provider } }
      const { tokens } = draft
      if (tokens !== undefined) yield tokenEntry('token.sign-in', name, writeTokens(this.database, keys, { ...row, name }, tokens, at))
    }
  }

  async update(name: string, revision: number, change: IntegrationChange): Promise<Integration> {
    const next = change.name === undefined ? name : parseName(change.name, 'integration')
    this.#change('save the integration', (at) => this.#replace(name, revision, { ...change, name: next }, at))
    return (await this.open(next)).integration
  }

  #replace(name: string, revision: number, change: IntegrationChange, at: string): readonly AuditEntry[] {
    const next = change.name ?? name
    const row = requireRow(this.database, this.keys.profileId, name)
    if (row.revision !== revision) throw this.#changedMeanwhile(row)
    const before = openedRow(this.keys, row).values
    const changed = updateRow(this.database, this.keys, row, change, at)
    const fields = change.values === undefined ? [] : changedFields(before, change.values)
    return [
      { event: 'integration.edit', details: { ...rowDetails(changed), name: next, ...(next === name ? {} : { from: name }), fields } },
      ...this.#keepTokens(row, { ...changed, name: next }, change, at),
    ]
  }

  async setActive(name: string, active: boolean): Promise<{ integration: Integration; changed: boolean }> {
    const changed = this.#change('save the integration', (at) => {
      const row = requireRow(this.database, this.keys.profileId, name)
      if ((row.active === 1) === active) return []
      const changed = updateRow(this.database, this.keys, row, { active }, at)
      return [
        { event: 'integration.toggle', details: { ...rowDetails(changed), name, active } },
        ...this.#keepTokens(row, { ...changed, name }, {}, at),
      ]
    })
    return { integration: (await this.open(name)).integration, changed }
  }

  /** The tokens of a changed integration: those that came with the change, or its own, bound to its new revision. */
  #keepTokens(before: TokenOwner, after: TokenOwner, { values, tokens }: IntegrationChange, at: string): readonly AuditEntry[] {
    if (tokens !== undefined) return [tokenEntry('token.sign-in', after.name, writeTokens(this.database, this.keys, after, tokens, at))]
    const rebound = rebindTokens(this.database, this.keys, before, after, values !== undefined, at)
    return rebound === undefined ? [] : [tokenEntry('token.rebind', after.name, rebound)]
  }

  async readTokens(name: string): Promise<StoredTokens | undefined> {
    // Both rows of one moment: an edit in between would bind the tokens to another revision.
    return this.database.read(() => tokensOf(this.database, this.keys, requireRow(this.database, this.keys.profileId, name)))
  }

  async lockTokens(name: string): Promise<TokenLock | undefined> {
    const { id } = requireRow(this.database, this.keys.profileId, name)
    const held = this.database.write('take the lock of the tokens', () =>
      takeTokenLock(this.database, id, this.world.holder(), this.world.clock(), this.world.isAlive),
    )
    if (held === undefined) return undefined
    return {
      release: async () => this.database.write('give the lock of the tokens back', () => releaseTokenLock(this.database, id, held)),
    }
  }

  async saveTokens(name: string, issued: IssuedTokens, basedOn: number | undefined | 'any', event: TokenEvent): Promise<StoredTokens> {
    let stored: StoredTokens | undefined
    this.#change('save the tokens', (at) => {
      const row = requireRow(this.database, this.keys.profileId, name)
      if (basedOn !== 'any') {
        const today = tokensOf(this.database, this.keys, row)
        stored = today
        if (today?.revision !== basedOn) return []
      }
      const written = writeTokens(this.database, this.keys, row, issued, at)
      stored = { ...issued, revision: written.revision }
      return [tokenEntry(event, name, written)]
    })
    if (stored === undefined)
      throw new CrmError('conflict', `the tokens of ${name} were removed meanwhile`, { hint: `sign in again: crm login ${name}` })
    return stored
  }

  async remove(name: string, options: { readonly force?: boolean } = {}): Promise<void> {
    this.#change('remove the integration', () => {
      const row = requireRow(this.database, this.keys.profileId, name)
      const demos = countDemos(this.database, { integrationId: row.id })
      if (demos > 0 && options.force !== true) {
        throw new CrmError('conflict', `${name} still has ${demos} ${demos === 1 ? 'demo' : 'demos'}`, {
          reason: 'without it they could not be removed from the server any more',
          hint: `remove them first with: crm demo-remove --all --integration ${name}`,
        })
      }
      const forgotten = forgetDemosOf(this.database, row.id).map((demo) => forgetting(demo))
      this.database.run('DELETE FROM integrations WHERE id = ?', row.id)
      return [...forgotten, { event: 'integration.remove', details: { id: row.id.toString('hex'), name, provider: row.provider } }]
    })
  }

  async recordTests(results: readonly ({ readonly name: string } & TestRecord)[]): Promise<void> {
    this.#change('save the test results', () =>
      results.flatMap(({ name, ...record }) => {
        const row = this.database.get<SealedIntegrationRow>(
          `SELECT ${INTEGRATION_COLUMNS} FROM integrations WHERE profile_id = ? AND name = ? AND revision = ?`,
          this.keys.profileId,
          name,
          record.revision,
        )
        if (row === undefined) return []
        insertTestResult(this.database, row.id, record)
        return [{ event: 'integration.test', outcome: record.outcome, details: { id: row.id.toString('hex'), name, cause: record.cause } }]
      }),
    )
  }

  async newestTest(name: string): Promise<TestRecord | undefined> {
    return newestTestResult(this.database, requireRow(this.database, this.keys.profileId, name).id)
  }

  async testHistory(name: string): Promise<readonly TestRecord[]> {
    return testHistory(this.database, requireRow(this.database, this.keys.profileId, name).id)
  }

  async startDemoRun(integration: string, slug: string, runId: string): Promise<DemoRun> {
    const { journals, renew, end } = await this.startDemoRuns([{ integration, slug }], runId)
    const [journal] = journals
    if (journal === undefined || journal instanceof CrmError) throw journal
    return { runId, journal, renew, end }
  }

  async startDemoRuns(demos: readonly { readonly integration: string; readonly slug: string }[], runId: string): Promise<DemoRuns> {
    const ids = new Map<string, Buffer>()
    for (const { integration } of demos) {
      if (!ids.has(integration)) ids.set(integration, requireRow(this.database, this.keys.profileId, integration).id)
    }
    const asked = demos.map((demo) => ({ ...demo, id: ids.get(demo.integration) ?? unreachable('integration of a demo') }))
    const refused = new Map<(typeof asked)[number], CrmError>()
    this.#change('begin the demo run', (at) => {
      const nowMs = this.world.clock()
      const holder = this.world.holder()
      for (const demo of asked) {
        try {
          takeRun(this.database, demo.id, demo.slug, { ...holder, runId, nowMs, leaseMs: LEASE_MS }, this.world.isAlive)
        } catch (error) {
          if (!(error instanceof CrmError) || error.code !== 'conflict') throw error
          refused.set(demo, error)
        }
      }
      const begun = asked.filter((demo) => !refused.has(demo))
      return [
        ...begun.map(({ slug, integration }) => ({ event: 'demo.run', details: { slug, integration, runId } })),
        ...forgetRemovedDemos(this.database, this.keys.profileId, toTimestamp(Date.parse(at) - REMOVED_DEMO_MS)).map(forgetting),
      ]
    })
    const held = asked.filter((demo) => !refused.has(demo))
    return {
      runId,
      journals: asked.map((demo) => refused.get(demo) ?? this.#journal(demo.id, demo.integration, demo.slug, runId)),
      renew: async () => {
        if (held.length === 0) return
        const untilMs = this.world.clock() + LEASE_MS
        const lost = this.database.write('renew the demo run', () =>
          held.filter(({ id, slug }) => !renewRun(this.database, id, slug, runId, untilMs)),
        )
        if (lost[0] !== undefined) throw takenOver(lost[0].slug)
      },
      end: async () =>
        this.database.write('end the demo run', () => {
          for (const { id, slug } of held) endRun(this.database, id, slug, runId)
        }),
    }
  }

  #journal(integrationId: Buffer, integration: string, slug: string, runId: string): DemoJournal {
    return {
      read: async () => this.#read(() => openDemo(this.database, this.keys, integrationId, slug)),
      write: (record, secrets) =>
        this.#saveJournal(() => {
          if (!renewRun(this.database, integrationId, slug, runId, this.world.clock() + LEASE_MS)) throw takenOver(slug)
          const row = writeDemo(this.database, this.keys, integrationId, record, secrets)
          const details = { ...rowDetails(row), slug, integration, runId, status: record.status, steps: row.steps }
          return { event: 'demo.step', details }
        }),
    }
  }

  /** Resolves once the entry is on disk. Entries that many demos have at the same time are committed together: one write, one wait for the disk. */
  #saveJournal(save: () => AuditEntry): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#journalWrites.push({ save, resolve, reject })
      if (this.#journalWrites.length === 1) setTimeout(() => this.#commitJournals(), JOURNAL_WAIT_MS)
    })
  }

  #commitJournals(): void {
    const writes = this.#journalWrites.splice(0)
    const lost = new Map<(typeof writes)[number], CrmError>()
    try {
      this.#change('save the demo journal', () =>
        writes.flatMap((write) => {
          try {
            return [write.save()]
          } catch (error) {
            // Another run has this one demo: nothing of it was written, and the others go on.
            if (!(error instanceof CrmError) || error.code !== 'conflict') throw error
            lost.set(write, error)
            return []
          }
        }),
      )
    } catch (error) {
      for (const { reject } of writes) reject(error)
      return
    }
    for (const write of writes) {
      const error = lost.get(write)
      if (error === undefined) write.resolve()
      else write.reject(error)
    }
  }

  async readDemo(integration: string, slug: string): Promise<{ record: DemoRecord; secrets: DemoSecrets } | undefined> {
    return this.#read(() => openDemo(this.database, this.keys, requireRow(this.database, this.keys.profileId, integration).id, slug))
  }

  async revealDemo(integration: string, slug: string): Promise<DemoSecrets> {
    const demo = await this.readDemo(integration, slug)
    if (demo === undefined) throw new CrmError('not_found', `no demo is named ${slug}`, { hint: 'see the demos with: crm demo-list' })
    await this.record('demo.reveal', { slug, integration, fields: Object.keys(demo.secrets) })
    return demo.secrets
  }

  async forgetDamagedDemos(slug: string): Promise<{ forgotten: number; whole: number }> {
    const rows = this.database.all<{ id: Buffer; integration_id: Buffer; slug: string }>(
      'SELECT id, integration_id, slug FROM demos WHERE profile_id = ? AND slug = ?',
      this.keys.profileId,
      slug,
    )
    const damaged = rows.filter((row) => !this.#opens(row))
    this.#change('forget the damaged demo', () =>
      damaged.map((row) => {
        this.database.run('DELETE FROM demos WHERE id = ?', row.id)
        return forgetting(row)
      }),
    )
    return { forgotten: damaged.length, whole: rows.length - damaged.length }
  }

  #opens(row: { readonly integration_id: Buffer; readonly slug: string }): boolean {
    try {
      return openDemo(this.database, this.keys, row.integration_id, row.slug) !== undefined
    } catch (error) {
      if (error instanceof CrmError && error.code === 'damaged') return false
      throw error
    }
  }

  async keySlots(): Promise<readonly KeySlotInfo[]> {
    return readSlots(this.database, this.keys.profileId).map(toSlotInfo)
  }

  async addKeySlot(kind: OwnKeyKind, label: string, key: OwnKey): Promise<KeySlotInfo> {
    const { profileId, generation } = this.keys
    await this.#refuseSameRawKey(key)
    const slot: KeySlot = await wrapDataKey(this.#dataKey, { profileId, kind, label, generation }, key, this.world.scryptCost)
    await proveSlot(slot, profileId, key, this.#dataKey)
    let createdAt = ''
    this.#change('add the key slot', (at) => {
      createdAt = at
      const taken = readSlots(this.database, profileId).length
      if (taken >= MOST_KEY_SLOTS) throw tooManySlots(this.profile)
      insertSlot(this.database, profileId, slot, at)
      return [{ event: 'key.add', details: { id: slot.slotId.toString('hex'), kind, label } }]
    })
    return toSlotInfo({ ...slot, createdAt })
  }

  async #refuseSameRawKey(key: UnlockKey): Promise<void> {
    if (key.type !== 'raw' || (await slotOfRawKey(this.database, this.keys.profileId, key.key)) === undefined) return
    throw new CrmError('conflict', `this key opens the profile ${this.profile} already`, { hint: 'see its slots with: crm key list' })
  }

  async share(recipient: string, label: string): Promise<KeySlotInfo> {
    const { profileId, generation } = this.keys
    const { isProven, wrapForRecipient } = await import('../crypto/recipient-slot.ts')
    const slot = await wrapForRecipient(this.#dataKey, { profileId, label, recipient, generation })
    if (!isProven(slot, profileId, this.#dataKey)) throw new CrmError('internal', 'a new slot for a recipient does not prove itself')
    let createdAt = ''
    this.#change('share the profile', (at) => {
      createdAt = at
      const slots = readSlots(this.database, profileId)
      if (slots.some(({ kdf }) => kdf === slot.kdf)) {
        throw new CrmError('conflict', `the profile ${this.profile} is shared with this recipient already`, {
          hint: 'see whom it is shared with: crm profile members',
        })
      }
      if (slots.some((other) => other.kind === 'recipient' && other.label === label)) {
        throw new CrmError('conflict', `another member is called ${label}`, { hint: 'give another name: --label <name>' })
      }
      if (slots.length >= MOST_KEY_SLOTS) throw tooManySlots(this.profile)
      insertSlot(this.database, profileId, slot, at)
      return [{ event: 'profile.share', details: { id: slot.slotId.toString('hex'), label, recipient } }]
    })
    return toSlotInfo({ ...slot, createdAt })
  }

  async alteredMembers(): Promise<readonly KeySlotInfo[]> {
    const members = readSlots(this.database, this.keys.profileId).filter(({ kdf }) => parseKdf(kdf)?.type === 'age')
    if (members.length === 0) return []
    const { isProven } = await import('../crypto/recipient-slot.ts')
    return members.filter((slot) => !isProven(slot, this.keys.profileId, this.#dataKey)).map(toSlotInfo)
  }

  async removeKeySlot(id: string): Promise<void> {
    this.#change('remove the key slot', () => {
      const slots = readSlots(this.database, this.keys.profileId)
      const matches = slots.filter((slot) => slot.slotId.toString('hex').startsWith(id.toLowerCase()))
      const [slot] = matches
      if (slot === undefined || id === '') throw slotNotFound()
      if (matches.length > 1)
        throw new CrmError('usage', `${matches.length} key slots begin with this id`, { hint: 'give more of the id; see: crm key list' })
      if (slots.length === 1) {
        throw new CrmError('conflict', 'the last key slot cannot be removed', {
          reason: 'nothing could open the profile any more',
          hint: 'add another key first with: crm key add',
        })
      }
      const left = slots.filter((other) => other !== slot)
      if (this.openedBy.kind !== 'recipient' && left.every(({ kind }) => kind === 'recipient')) {
        throw new CrmError('conflict', 'the last key of your own cannot be removed', {
          reason: 'only the members that the profile is shared with could open it',
          hint: 'add another key first with: crm key add',
        })
      }
      this.database.run('DELETE FROM key_slots WHERE id = ?', slot.slotId)
      return [{ event: 'key.remove', details: { id: slot.slotId.toString('hex'), kind: slot.kind, label: slot.label } }]
    })
  }

  async replaceKeySlot(id: string, label: string, key: OwnKey): Promise<KeySlotInfo> {
    const { profileId, generation } = this.keys
    const old = readSlots(this.database, profileId).find((slot) => slot.slotId.toString('hex') === id)
    if (old === undefined) throw slotNotFound()
    const slot = await wrapDataKey(this.#dataKey, { profileId, kind: old.kind, label, generation }, key, this.world.scryptCost)
    await proveSlot(slot, profileId, key, this.#dataKey)
    let createdAt = ''
    this.#change('replace the key slot', (at) => {
      createdAt = at
      if (this.database.run('DELETE FROM key_slots WHERE id = ? AND digest = ?', old.slotId, old.check) === 0) throw slotNotFound()
      insertSlot(this.database, profileId, slot, at)
      const details = { id: slot.slotId.toString('hex'), kind: slot.kind, label, replaces: id }
      return [{ event: 'key.replace', details }]
    })
    return toSlotInfo({ ...slot, createdAt })
  }

  async keepOpen(until: string): Promise<{ dataKey: Buffer; slotId: string; slotCheck: string; generation: number; profileId: string }> {
    const { id: slotId } = this.openedBy
    await this.record('profile.keep-open', { until, slot: slotId })
    // After the write, which may have wrapped the slot anew.
    const slot = readSlots(this.database, this.keys.profileId).find((candidate) => candidate.slotId.toString('hex') === slotId)
    if (slot === undefined) throw slotNotFound()
    return {
      dataKey: this.#dataKey,
      slotId,
      slotCheck: slot.check.toString('hex'),
      generation: this.keys.generation,
      profileId: this.keys.profileId.toString('hex'),
    }
  }

  async opensSlot(id: string, key: UnlockKey): Promise<boolean> {
    const slot = readSlots(this.database, this.keys.profileId).find(({ slotId }) => slotId.toString('hex') === id)
    return slot !== undefined && opensSlot(slot, this.keys.profileId, key)
  }

  async rotate(keep: readonly KeptSlot[], drop: readonly string[]): Promise<Rotation> {
    const { rotateDataKey } = await import('./rotate.ts')
    this.#refuseIfRotated()
    const { sequence, ...rotation } = await rotateDataKey(
      this.database,
      this.world,
      this.keys,
      this.#dataKey,
      this.log.keyGeneration,
      keep,
      drop,
    )
    this.state.rememberSequence(this.keys.profileId, sequence)
    this.lock()
    return rotation
  }

  async rename(profile: string): Promise<void> {
    const name = parseName(profile, 'profile')
    this.#change('rename the profile', () => {
      if (this.database.get('SELECT 1 FROM profiles WHERE name = ?', name) !== undefined) {
        throw new CrmError('conflict', `the profile ${name} exists already`, { hint: 'see the profiles with: crm profile list' })
      }
      this.database.run('UPDATE profiles SET name = ? WHERE id = ?', name, this.keys.profileId)
      return [{ event: 'profile.rename', details: { from: this.profile, name } }]
    })
  }

  async audit(): Promise<readonly AuditEvent[]> {
    return [...this.log.events()]
  }

  async replayAudit(): Promise<AuditReplay> {
    return this.database.read(() => this.log.replay(this.#auditCount()))
  }

  async pruneAudit({ before, keep }: { readonly before?: string | undefined; readonly keep?: number | undefined }): Promise<number> {
    let dropped = 0
    this.#change('prune the audit log', (at) => {
      const replay = this.log.replay(this.#auditCount())
      if (replay.firstBad !== null) {
        throw new CrmError('damaged', `the audit log is not whole: row ${replay.firstBad} is missing, altered or out of order`, {
          reason: 'what is wrong with it must not be dropped',
          hint: 'see what is affected with: crm vault verify',
        })
      }
      const through = this.#lastToDrop(replay, before, keep)
      if (through <= replay.dropped) return []
      const words = standingWords(this.log, this.profile, through)
      dropped = this.log.drop(through, at)
      return [...words, { event: 'audit.prune', details: { through, dropped } }]
    })
    return dropped
  }

  /** Whole prefixes go, and one row always stays: a clock that jumped back ends the prefix. */
  #lastToDrop({ sequence, dropped }: AuditReplay, before: string | undefined, keep: number | undefined): number {
    let through = Math.min(sequence - 1, keep === undefined ? sequence : sequence - keep)
    if (before === undefined) return through
    let old = dropped
    for (const event of this.log.events()) {
      if (event.at >= before) break
      old = event.sequence
    }
    through = Math.min(through, old)
    return through
  }

  async record(event: string, details: JsonObject, outcome = 'ok'): Promise<void> {
    this.#change('write the audit log', () => [{ event, outcome, details }])
  }

  async verify(): Promise<VaultReport> {
    const report = this.database.read(() => verifyProfile(this.database, this.keys, this.log, this.#auditCount()))
    const seen = this.state.highestSequence(this.keys.profileId)
    const count = this.#auditCount()
    if (count >= seen) return report
    const older = {
      table: 'audit',
      name: String(count + 1),
      code: 'older',
      message: `this machine has seen the log up to row ${seen}, it ends at ${count}`,
      hint: 'put the newer vault back, or accept this one: crm vault accept-older',
    }
    return { ...report, problems: [...report.problems, older] }
  }

  lock(): void {
    this.log.lock()
    this.keys.rowKey.fill(0)
    this.#dataKey.fill(0)
  }

  /** A whole older copy of the file verifies in itself; what this machine saw last tells it. @throws {CrmError} `damaged`. */
  checkAge(): void {
    // In this order: another command may commit and remember its end at any moment.
    const seen = this.state.highestSequence(this.keys.profileId)
    const count = this.#auditCount()
    if (count < seen) {
      throw new CrmError('damaged', 'this vault is older than the last one used here', {
        reason: `its audit log ends at ${count}, this machine has seen ${seen}: changes since then are missing`,
        hint: 'restore the newer one, or accept this one with: crm vault accept-older',
      })
    }
    this.state.rememberSequence(this.keys.profileId, count)
  }

  /** Makes this copy the newest one known here, and says so in the audit log. */
  acceptOlder(): void {
    const seen = this.state.highestSequence(this.keys.profileId)
    this.#change('write the audit log', () => [{ event: 'vault.accept-older', details: { seen, accepted: this.#auditCount() } }])
    this.state.rememberSequence(this.keys.profileId, this.#auditCount(), true)
  }

  /** Takes into the log what happened while the profile was locked: attempts that failed, a migration. */
  foldNotes(): void {
    const notes = this.state.notes(this.keys.profileId)
    if (notes.length === 0) return
    this.#change('write the audit log', () =>
      notes.map(({ event, outcome, at, actor, reason }) => ({ event, outcome, details: { at, actor, reason } })),
    )
    this.state.forgetNotes(this.keys.profileId)
  }

  /** The entries, and that of a slot that is renewed with them. */
  *#withRenewal(entries: Iterable<AuditEntry>): Generator<AuditEntry> {
    let some = false
    for (const entry of entries) {
      some = true
      yield entry
    }
    if (some) yield* this.#renewSlot()
  }

  /** One transaction: the change and its audit rows. False when the change had nothing to record. */
  #change(what: string, change: (at: string) => Iterable<AuditEntry>): boolean {
    const at = toTimestamp(this.world.clock())
    const { end, added } = this.database.write(what, () => {
      this.#refuseIfRotated()
      return this.log.append(this.#withRenewal(change(at)), at, this.world.actor())
    })
    if (added === 0) return false
    this.#renewal = undefined
    this.state.rememberSequence(this.keys.profileId, end)
    return true
  }

  #renewSlot(): AuditEntry[] {
    if (this.#renewal === undefined || !rewriteSlot(this.database, this.#renewal.slot, this.#renewal.before)) return []
    const { slotId, kdf } = this.#renewal.slot
    return [{ event: 'key.renew', details: { id: slotId.toString('hex'), cost: kdf.split('$')[1] ?? '' } }]
  }

  #auditCount(): number {
    return (
      this.database.get<{ audit_count: number }>('SELECT audit_count FROM profiles WHERE id = ?', this.keys.profileId)?.audit_count ?? 0
    )
  }

  #changedMeanwhile(row: SealedIntegrationRow): CrmError {
    const id = row.id.toString('hex')
    const last = [...this.log.events()].findLast((event) => event.details.id === id)
    return new CrmError('conflict', `${row.name} was changed meanwhile`, {
      reason: last === undefined ? `it is at revision ${row.revision}` : `by ${last.actor} at ${last.at}`,
      hint: `look at it with: crm show ${row.name}, then run the command again`,
    })
  }
}

/** The fields whose value is not what it was. */
function changedFields(before: StoredValues, after: StoredValues): string[] {
  const keys = new Set([before, after].flatMap(({ settings, secrets }) => [...Object.keys(settings), ...Object.keys(secrets)]))
  const textOf = ({ settings, secrets }: StoredValues, key: string) => secrets[key]?.reveal() ?? settings[key]
  return [...keys].filter((key) => textOf(before, key) !== textOf(after, key)).sort()
}

/** What the audit log says of a sealed row: enough to notice one that is missing, brought back or older. */
function rowDetails(row: { readonly id: Buffer; readonly revision: number; readonly sealed: Buffer }): {
  id: string
  revision: number
  sha256: string
} {
  return { id: row.id.toString('hex'), revision: row.revision, sha256: hash('sha256', row.sealed, 'hex') }
}

function tokenEntry(event: TokenEvent | 'token.rebind', name: string, { integration, revision, sealed }: WrittenTokens): AuditEntry {
  return { event, details: { integration, name, revision, sha256: hash('sha256', sealed, 'hex') } }
}

function forgetting(demo: { readonly id: Buffer; readonly slug: string }): AuditEntry {
  return { event: 'demo.forget', details: { id: demo.id.toString('hex'), slug: demo.slug } }
}

function tooManySlots(profile: string): CrmError {
  return new CrmError('conflict', `the profile ${profile} has ${MOST_KEY_SLOTS} key slots, which is the most`, {
    hint: 'remove one with: crm key remove <id>',
  })
}

function slotNotFound(): CrmError {
  return new CrmError('not_found', 'no key slot has this id', { hint: 'see the ids with: crm key list' })
}

function takenOver(slug: string): CrmError {
  return new CrmError('conflict', `another run has taken over the demo ${slug}`, {
    reason: 'this run showed no sign of life for 60 s',
    hint: `see what is there with: crm demo-show ${slug}`,
  })
}
