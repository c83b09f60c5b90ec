import type { Database } from './database.ts'
import type { RunHolder } from './demo-runs.ts'

/** How long a refresh is held, in milliseconds: longer than the longest request. */
export const TOKEN_LEASE_MS = 45_000

interface LockRow {
  readonly host: string
  readonly pid: number
  readonly process_started: string
  readonly lease_until_ms: number
}

/** A held lock. */
export interface HeldLock {
  readonly holder: RunHolder
  /** Tells one lock of a process from the next one. */
  readonly leaseUntilMs: number
}

/**
 * Takes the lock of an integration's tokens; inside a transaction. Whoever holds it keeps it until its lease has run out; one whose
 * process is gone from this host loses it at once. Another thread of the same process is somebody else.
 * @returns undefined while somebody else holds it.
 */
export function takeTokenLock(
  database: Database,
  integrationId: Buffer,
  holder: RunHolder,
  nowMs: number,
  isAlive: (holder: RunHolder) => boolean,
): HeldLock | undefined {
  const held = database.get<LockRow>(
    'SELECT host, pid, process_started, lease_until_ms FROM token_locks WHERE integration_id = ?',
    integrationId,
  )
  if (held !== undefined && isHeld(held, holder.host, nowMs, isAlive)) return undefined
  const leaseUntilMs = nowMs + TOKEN_LEASE_MS
  database.run(
    `INSERT INTO token_locks (integration_id, host, pid, process_started, lease_until_ms) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (integration_id) DO UPDATE SET host = excluded.host, pid = excluded.pid, process_started = excluded.process_started,
     lease_until_ms = excluded.lease_until_ms`,
    integrationId,
    holder.host,
    holder.pid,
    holder.processStarted,
    leaseUntilMs,
  )
  return { holder, leaseUntilMs }
}

/** A lease further in the future than any that is given now was given by a clock that has been put back since. */
function isHeld(held: LockRow, host: string, nowMs: number, isAlive: (holder: RunHolder) => boolean): boolean {
  const leftMs = held.lease_until_ms - nowMs
  if (leftMs <= 0 || leftMs > TOKEN_LEASE_MS) return false
  return held.host !== host || isAlive({ host: held.host, pid: held.pid, processStarted: held.process_started })
}

/** Gives the lock back, unless somebody else has taken it over. */
export function releaseTokenLock(database: Database, integrationId: Buffer, { holder, leaseUntilMs }: HeldLock): void {
  database.run(
    'DELETE FROM token_locks WHERE integration_id = ? AND host = ? AND pid = ? AND process_started = ? AND lease_until_ms = ?',
    integrationId,
    holder.host,
    holder.pid,
    holder.processStarted,
    leaseUntilMs,
  )
}
