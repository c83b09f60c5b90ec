import { CrmError } from '../core/errors.ts'
import { TakenOverError } from '../core/taken-over.ts'
import type { Database } from './database.ts'

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

/** Extends the lease. @returns why that is not possible: another run has the demo, or nobody has, in a vault that was put in this one's place. */
export function renewRun(database: Database, integrationId: Buffer, slug: string, runId: string, untilMs: number): CrmError | undefined {
  const renewed = database.run(
    'UPDATE demo_runs SET lease_until_ms = ? WHERE integration_id = ? AND slug = ? AND run_id = ?',
    untilMs,
    integrationId,
    slug,
    runId,
  )
  if (renewed === 1) return undefined
  const other = database.get('SELECT 1 FROM demo_runs WHERE integration_id = ? AND slug = ?', integrationId, slug)
  return other === undefined ? runForgotten(slug) : new TakenOverError(slug)
}

function runForgotten(slug: string): CrmError {
  return new CrmError('conflict', `the vault knows nothing of this run of the demo ${slug} any more`, {
    reason: 'the vault was restored meanwhile, or the integration was removed',
    hint: 'run the command again',
    retryable: true,
  })
}

/** Gives the run back. */
export function endRun(database: Database, integrationId: Buffer, slug: string, runId: string): void {
  database.run('DELETE FROM demo_runs WHERE integration_id = ? AND slug = ? AND run_id = ?', integrationId, slug, runId)
}
