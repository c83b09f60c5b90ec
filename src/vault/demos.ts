import { randomBytes } from 'node:crypto'
import type { DemoRecord, DemoSecrets, DemoStatus, DemoSummary, JournalEntry } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import { canonicalJson } from '../core/json.ts'
import { seal } from '../crypto/chunked.ts'
import { encodeContext } from '../crypto/context.ts'
import type { Database } from './database.ts'
import type { ProfileKeys } from './integrations.ts'
import { openRow } from './rows.ts'

interface DemoRow {
  readonly id: Buffer
  readonly integration_id: Buffer
  readonly integration: string
  readonly slug: string
  readonly generation: number
  readonly revision: number
  readonly name: string
  readonly account: string
  readonly channel: DemoRecord['channel']
  readonly status: DemoStatus
  readonly inbox_id: string | null
  readonly bot_id: string | null
  readonly created_at: string
  readonly updated_at: string
}

const COLUMNS =
  'd.id, d.integration_id, i.name AS integration, d.slug, d.generation, d.revision, d.name, d.account, d.channel, d.status, d.inbox_id, d.bot_id, d.created_at, d.updated_at'
const FROM = 'FROM demos d JOIN integrations i ON i.id = d.integration_id'

/** The demos of a profile by slug, without secrets; no key is needed. */
export function listDemos(database: Database, profileId: Buffer): DemoSummary[] {
  return database.all<DemoRow>(`SELECT ${COLUMNS} ${FROM} WHERE d.profile_id = ? ORDER BY d.slug, i.name`, profileId).map((row) => ({
    slug: row.slug,
    name: row.name,
    integration: row.integration,
    status: row.status,
    inboxId: row.inbox_id,
    botId: row.bot_id,
    createdAt: row.created_at,
  }))
}

/** How many demos of an integration are not removed. */
export function countDemos(database: Database, where: { readonly profileId: Buffer } | { readonly integrationId: Buffer }): number {
  const [column, id] = 'profileId' in where ? ['profile_id', where.profileId] : ['integration_id', where.integrationId]
  return database.get<{ count: number }>(`SELECT count(*) AS count FROM demos WHERE ${column} = ? AND status <> 'removed'`, id)?.count ?? 0
}

/** A demo with its secrets, opened, which proves record and journal. @throws {CrmError} `damaged`. */
export function openDemo(
  database: Database,
  keys: ProfileKeys,
  integrationId: Buffer,
  slug: string,
): { id: Buffer; revision: number; record: DemoRecord; secrets: DemoSecrets } | undefined {
  const row = database.get<DemoRow & { sealed: Buffer }>(
    `SELECT ${COLUMNS}, d.sealed ${FROM} WHERE d.integration_id = ? AND d.slug = ?`,
    integrationId,
    slug,
  )
  if (row === undefined) return undefined
  const record = toRecord(row, readSteps(database, row.id))
  const plaintext = openRow(keys.rowKey, demoContext(keys, row, record), row.sealed, `the demo ${slug}`)
  const secrets = JSON.parse(plaintext.toString('utf8')) as DemoSecrets
  plaintext.fill(0)
  return { id: row.id, revision: row.revision, record, secrets }
}

/** Writes a demo, its whole journal and its secrets under the next revision; inside a transaction. What the audit log names. */
export function writeDemo(
  database: Database,
  keys: ProfileKeys,
  integrationId: Buffer,
  record: DemoRecord,
  secrets: DemoSecrets,
): { id: Buffer; revision: number; sealed: Buffer } {
  const known = database.get<{ id: Buffer; revision: number }>(
    'SELECT id, revision FROM demos WHERE integration_id = ? AND slug = ?',
    integrationId,
    record.slug,
  )
  const row = {
    id: known?.id ?? randomBytes(16),
    integration_id: integrationId,
    slug: record.slug,
    generation: keys.generation,
    revision: (known?.revision ?? 0) + 1,
  }
  const plaintext = Buffer.from(canonicalJson(secrets), 'utf8')
  const sealed = seal(keys.rowKey, demoContext(keys, row, record), plaintext)
  plaintext.fill(0)
  database.run(
    `INSERT INTO demos (id, profile_id, integration_id, slug, generation, revision, name, account, channel, status, inbox_id, bot_id, created_at, updated_at, sealed)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET generation = excluded.generation, revision = excluded.revision, name = excluded.name, account = excluded.account, channel = excluded.channel,
     status = excluded.status, inbox_id = excluded.inbox_id, bot_id = excluded.bot_id, created_at = excluded.created_at, updated_at = excluded.updated_at, sealed = excluded.sealed`,
    row.id,
    keys.profileId,
    integrationId,
    row.slug,
    row.generation,
    row.revision,
    record.name,
    record.account,
    record.channel,
    record.status,
    record.inboxId,
    record.botId,
    record.createdAt,
    record.updatedAt,
    sealed,
  )
  writeSteps(database, row.id, record.journal)
  return { id: row.id, revision: row.revision, sealed }
}

/** Removes the records of demos that were removed before `before` (RFC 3339); inside a transaction. What the audit log names. */
export function forgetRemovedDemos(database: Database, profileId: Buffer, before: string): { id: Buffer; slug: string }[] {
  const rows = database.all<{ id: Buffer; slug: string }>(
    "SELECT id, slug FROM demos WHERE profile_id = ? AND status = 'removed' AND updated_at < ?",
    profileId,
    before,
  )
  for (const row of rows) database.run('DELETE FROM demos WHERE id = ?', row.id)
  return rows
}

/** Removes all demo records of an integration; inside a transaction. */
export function forgetDemosOf(database: Database, integrationId: Buffer): { id: Buffer; slug: string }[] {
  const rows = database.all<{ id: Buffer; slug: string }>('SELECT id, slug FROM demos WHERE integration_id = ?', integrationId)
  for (const row of rows) database.run('DELETE FROM demos WHERE id = ?', row.id)
  return rows
}

/** Who holds a run: this process, on this host. */
export interface RunHolder {
  readonly host: string
  readonly pid: number
  /** Tells a process from a later one with the same id; empty where the platform does not say. */
  readonly processStarted: string
}

interface RunRow {
  readonly run_id: string
  readonly host: string
  readonly pid: number
  readonly process_started: string
  readonly lease_until_ms: number
}

/**
 * Takes the one active run of a demo; inside a transaction.
 * @param isAlive whether a process of this host still runs.
 * @throws {CrmError} `conflict` while another run is active: its process lives on this host, or its lease on another has not run out.
 */
export function takeRun(
  database: Database,
  integrationId: Buffer,
  slug: string,
  run: RunHolder & { readonly runId: string; readonly nowMs: number; readonly leaseMs: number },
  isAlive: (holder: RunHolder) => boolean,
): void {
  const held = database.get<RunRow>(
    'SELECT run_id, host, pid, process_started, lease_until_ms FROM demo_runs WHERE integration_id = ? AND slug = ?',
    integrationId,
    slug,
  )
  if (held !== undefined && held.run_id !== run.runId) {
    const holder = { host: held.host, pid: held.pid, processStarted: held.process_started }
    const active = held.host === run.host ? isAlive(holder) : held.lease_until_ms > run.nowMs
    if (active) {
      throw new CrmError('conflict', `another run is working on the demo ${slug}`, {
        reason: `process ${held.pid} on ${held.host} holds it`,
        hint: 'wait for it to end, then run the command again',
        retryable: true,
      })
    }
  }
  database.run(
    `INSERT INTO demo_runs (integration_id, slug, run_id, host, pid, process_started, lease_until_ms) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (integration_id, slug) DO UPDATE SET run_id = excluded.run_id, host = excluded.host, pid = excluded.pid,
     process_started = excluded.process_started, lease_until_ms = excluded.lease_until_ms`,
    integrationId,
    slug,
    run.runId,
    run.host,
    run.pid,
    run.processStarted,
    run.nowMs + run.leaseMs,
  )
}

/** Extends the lease; false when the run is no longer ours. */
export function renewRun(database: Database, integrationId: Buffer, slug: string, runId: string, untilMs: number): boolean {
  return (
    database.run(
      'UPDATE demo_runs SET lease_until_ms = ? WHERE integration_id = ? AND slug = ? AND run_id = ?',
      untilMs,
      integrationId,
      slug,
      runId,
    ) === 1
  )
}

/** Gives the run back. */
export function endRun(database: Database, integrationId: Buffer, slug: string, runId: string): void {
  database.run('DELETE FROM demo_runs WHERE integration_id = ? AND slug = ? AND run_id = ?', integrationId, slug, runId)
}

function writeSteps(database: Database, demoId: Buffer, journal: readonly JournalEntry[]): void {
  database.run('DELETE FROM demo_steps WHERE demo_id = ?', demoId)
  for (const [position, entry] of journal.entries()) {
    database.run(
      'INSERT INTO demo_steps (demo_id, position, run_id, kind, action, state, digest, remote_id, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      demoId,
      position,
      entry.runId,
      entry.kind,
      entry.action,
      entry.state,
      entry.digest,
      entry.remoteId,
      entry.at,
    )
  }
}

function readSteps(database: Database, demoId: Buffer): JournalEntry[] {
  return database.all<JournalEntry>(
    'SELECT run_id AS runId, kind, action, state, digest, remote_id AS remoteId, at FROM demo_steps WHERE demo_id = ? ORDER BY position',
    demoId,
  )
}

function toRecord(row: DemoRow, journal: readonly JournalEntry[]): DemoRecord {
  return {
    slug: row.slug,
    name: row.name,
    integration: row.integration,
    account: row.account,
    channel: row.channel,
    status: row.status,
    inboxId: row.inbox_id,
    botId: row.bot_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    journal,
  }
}

/** The whole public record: the columns that `demo-list` shows stand inside the journal's JSON, so that none of them is free. */
function demoContext(
  keys: ProfileKeys,
  row: {
    readonly id: Buffer
    readonly integration_id: Buffer
    readonly slug: string
    readonly generation: number
    readonly revision: number
  },
  record: DemoRecord,
): Buffer {
  const { name, account, channel, status, inboxId, botId, createdAt, updatedAt, journal } = record
  const whole = canonicalJson({
    name,
    account,
    channel,
    status,
    inboxId,
    botId,
    createdAt,
    updatedAt,
    steps: journal.map((entry) => ({ ...entry })),
  })
  return encodeContext('crm-vault/v1/demo', keys.profileId, row.id, row.generation, row.revision, row.integration_id, row.slug, whole)
}
