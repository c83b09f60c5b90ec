import type { DemoJournal, DemoRecord, DemoSecrets } from '../core/demo.ts'
import type { CrmError } from '../core/errors.ts'
import type { StoredValues } from '../core/field.ts'
import type { IssuedTokens } from '../core/grant.ts'
import type { Integration } from '../core/integration.ts'
import type { JsonObject } from '../core/json.ts'
import type { Secret } from '../core/secret.ts'
import type { OwnKey, OwnKeyKind, UnlockKey } from '../crypto/key-slot.ts'
import type { AuditEvent, AuditReplay } from './audit-log.ts'
import type { IntegrationFilter } from './integrations.ts'
import type { KeySlotInfo } from './key-slots.ts'
import type { KeptSlot, Rotation } from './rotate.ts'
import type { IntegrationChange, NewIntegration } from './sealed-integrations.ts'
import type { TestRecord } from './test-results.ts'
import type { StoredTokens } from './tokens.ts'
import type { VaultReport } from './verify.ts'

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
  /**
   * Changes what is given; when nothing of it is different, nothing is written and the revision stays.
   * @param revision the one that the change is based on. @throws CrmError `conflict` when it is not today's.
   */
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
   * Removes the records of a demo that do not open or were put back, and nothing else. The objects on the server keep their marks, by which they are
   * found without a record. @returns how many there were, and how many that open were left alone.
   */
  forgetDamagedDemos(slug: string): Promise<{ readonly forgotten: number; readonly whole: number }>
  keySlots(): Promise<readonly KeySlotInfo[]>
  /**
   * Adds a slot, proven to open.
   * @throws CrmError `conflict` at 8 slots or when the same key has one already, `usage` for a key that does not fit its kind.
   */
  addKeySlot(kind: OwnKeyKind, label: string, key: OwnKey): Promise<KeySlotInfo>
  /** Wraps the data key for the holder of an age identity. @throws CrmError `conflict` when it is shared with them already. */
  share(recipient: string, label: string): Promise<KeySlotInfo>
  /** The slots for recipients that a holder of the profile's key has not written as they are, or has removed. */
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
