import type { ErrorCode } from '../core/errors.ts'
import type { LastTest } from '../core/integration.ts'
import { canonicalJson, type JsonObject } from '../core/json.ts'
import { toTimestamp } from '../core/time.ts'
import type { Database } from './database.ts'

/** Results kept per integration. */
const KEPT_RESULTS = 1000

/** One connection test, as the history keeps it. Display only: not authenticated. */
export interface TestRecord {
  readonly revision: number
  /** Unix milliseconds. */
  readonly checkedAtMs: number
  readonly outcome: 'connected' | 'failed'
  readonly cause: ErrorCode | null
  readonly latencyMs: number
  /** What was found, for reuse within the cache time; kept for the newest result alone. Holds no secret. */
  readonly report: JsonObject | null
}

/** Adds a result and drops the oldest beyond 1,000; inside a transaction. */
export function insertTestResult(database: Database, integrationId: Buffer, record: TestRecord): void {
  database.run('UPDATE test_results SET report = NULL WHERE integration_id = ? AND report IS NOT NULL', integrationId)
  database.run(
    'INSERT INTO test_results (integration_id, revision, checked_at_ms, outcome, cause, latency_ms, report) VALUES (?, ?, ?, ?, ?, ?, ?)',
    integrationId,
    record.revision,
    record.checkedAtMs,
    record.outcome,
    record.cause,
    record.latencyMs,
    record.report === null ? null : canonicalJson(record.report),
  )
  database.run(
    `DELETE FROM test_results WHERE integration_id = :id AND sequence <=
     (SELECT sequence FROM test_results WHERE integration_id = :id ORDER BY sequence DESC LIMIT 1 OFFSET ${KEPT_RESULTS})`,
    { id: integrationId },
  )
  database.run(
    'UPDATE integrations SET last_outcome = ?, last_cause = ?, last_checked_at = ?, last_latency_ms = ? WHERE id = ?',
    record.outcome,
    record.cause,
    toTimestamp(record.checkedAtMs),
    record.latencyMs,
    integrationId,
  )
}

/** The newest result of an integration. */
export function newestTestResult(database: Database, integrationId: Buffer): TestRecord | undefined {
  return database.all<TestResultRow>(`${RESULTS} LIMIT 1`, integrationId).map(toRecord)[0]
}

/** The history of an integration, newest first. */
export function testHistory(database: Database, integrationId: Buffer): TestRecord[] {
  return database.all<TestResultRow>(RESULTS, integrationId).map(toRecord)
}

/** The newest test of any integration, by provider. */
export function newestTests(database: Database, profileId: Buffer): Map<string, LastTest> {
  const rows = database.all<{
    provider: string
    last_outcome: 'connected' | 'failed'
    last_cause: ErrorCode | null
    last: string
    last_latency_ms: number
  }>(
    `SELECT provider, last_outcome, last_cause, max(last_checked_at) AS last, last_latency_ms FROM integrations
     WHERE profile_id = ? AND last_checked_at IS NOT NULL GROUP BY provider`,
    profileId,
  )
  return new Map(
    rows.map((row) => [
      row.provider,
      { outcome: row.last_outcome, cause: row.last_cause, checkedAt: row.last, latencyMs: row.last_latency_ms },
    ]),
  )
}

interface TestResultRow {
  readonly revision: number
  readonly checked_at_ms: number
  readonly outcome: 'connected' | 'failed'
  readonly cause: ErrorCode | null
  readonly latency_ms: number
  readonly report: string | null
}

const RESULTS =
  'SELECT revision, checked_at_ms, outcome, cause, latency_ms, report FROM test_results WHERE integration_id = ? ORDER BY sequence DESC'

/** Results are display only: one that was altered in the file has no report. */
function readReport(text: string): JsonObject | null {
  try {
    return JSON.parse(text) as JsonObject
  } catch {
    return null
  }
}

function toRecord(row: TestResultRow): TestRecord {
  return {
    revision: row.revision,
    checkedAtMs: row.checked_at_ms,
    outcome: row.outcome,
    cause: row.cause,
    latencyMs: row.latency_ms,
    report: row.report === null ? null : readReport(row.report),
  }
}
