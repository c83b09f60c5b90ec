import type { DemoRecord, DemoStatus, DemoSummary } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import type { Database } from './database.ts'

/** The columns of a demo that a list reads. */
export interface DemoRow {
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
  readonly expires_at: string | null
}

/** Those columns, for a SELECT. */
export const DEMO_COLUMNS =
  'd.id, d.integration_id, i.name AS integration, d.slug, d.generation, d.revision, d.name, d.account, d.channel, d.status, d.inbox_id, d.bot_id, d.created_at, d.updated_at, d.expires_at'
/** Where they are from. */
export const DEMO_FROM = 'FROM demos d JOIN integrations i ON i.id = d.integration_id'

/** The demos of a profile by slug, without secrets; no key is needed. */
export function listDemos(database: Database, profileId: Buffer): DemoSummary[] {
  return database
    .all<DemoRow>(`SELECT ${DEMO_COLUMNS} ${DEMO_FROM} WHERE d.profile_id = ? ORDER BY d.slug, i.name`, profileId)
    .map((row) => ({
      slug: row.slug,
      name: row.name,
      integration: row.integration,
      source: 'vault' as const,
      status: row.status,
      inboxId: row.inbox_id,
      botId: row.bot_id,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
    }))
}

/** How many demos of an integration are not removed. */
export function countDemos(database: Database, where: { readonly profileId: Buffer } | { readonly integrationId: Buffer }): number {
  const [column, id] = 'profileId' in where ? ['profile_id', where.profileId] : ['integration_id', where.integrationId]
  return database.get<{ count: number }>(`SELECT count(*) AS count FROM demos WHERE ${column} = ? AND status <> 'removed'`, id)?.count ?? 0
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
