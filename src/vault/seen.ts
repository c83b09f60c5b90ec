import type { Database } from './database.ts'
import type { Restored, VaultState } from './state.ts'

/**
 * The sequence that the log of a profile must reach to be the newest one known here: the highest that this machine has seen. After a
 * restoration it is the end of what was restored, even where another process, which still saw what was there before, remembered more.
 */
function newestKnown(
  database: Database,
  state: VaultState,
  profileId: Buffer,
): { readonly sequence: number; readonly isRestored: boolean; readonly restored: Restored | undefined } {
  const seen = state.highestSequence(profileId)
  const restored = state.restored(profileId)
  if (restored === undefined || seen > restored.replaced || seen <= restored.sequence)
    return { sequence: seen, isRestored: false, restored }
  const row = database.get<{ mac: Buffer }>('SELECT mac FROM audit WHERE profile_id = ? AND sequence = ?', profileId, restored.sequence)
  const isRestored = row?.mac.toString('hex') === restored.mac
  return { sequence: isRestored ? restored.sequence : seen, isRestored, restored }
}

/** How far a profile is, and was. */
export interface Progress {
  /** How many rows its audit log has ever had. */
  readonly count: number
  /** The count that it must have to be the newest one known here; a lower one is an older copy. */
  readonly seen: number
  /** Whether that is the end of what was restored here, though this machine has seen more before. */
  readonly isRestored: boolean
  /** The last restoration that is still remembered. */
  readonly restored: Restored | undefined
}

/** How many rows the audit log of a profile has ever had. */
export function auditCountOf(database: Database, profileId: Buffer): number {
  return database.get<{ audit_count: number }>('SELECT audit_count FROM profiles WHERE id = ?', profileId)?.audit_count ?? 0
}

/**
 * What is remembered of a profile against what is there, in this order: another command may commit and remember its end at any moment.
 * A restoration that is committed in between makes the count lower, and was noted before.
 */
export function progressOf(database: Database, state: VaultState, profileId: Buffer): Progress {
  for (;;) {
    const { sequence: seen, isRestored, restored } = newestKnown(database, state, profileId)
    const count = auditCountOf(database, profileId)
    if (count >= seen || newestKnown(database, state, profileId).sequence === seen) return { count, seen, isRestored, restored }
  }
}

/**
 * Remembers the end of the log as the newest that is known here; after the change was committed. Where a restoration is noted, the note
 * follows: an older copy of what came after it lacks the row that is noted now.
 */
export function rememberNewest(database: Database, state: VaultState, profileId: Buffer, sequence: number, force = false): void {
  state.rememberSequence(profileId, sequence, force)
  const restored = state.restored(profileId)
  if (restored !== undefined && sequence > restored.sequence) noteEnd(database, state, profileId, restored.replaced, restored.atMs)
}

/** What a restoration leaves behind, for {@link newestKnown}; inside its transaction. @param replaced the end of the log that it replaces. */
export function noteRestored(database: Database, state: VaultState, profileId: Buffer, replaced: number, atMs: number): void {
  const earlier = state.restored(profileId)?.replaced ?? 0
  noteEnd(database, state, profileId, Math.max(replaced, earlier, state.highestSequence(profileId)), atMs)
}

function noteEnd(database: Database, state: VaultState, profileId: Buffer, replaced: number, atMs: number): void {
  const end = database.get<{ sequence: number; mac: Buffer }>(
    'SELECT sequence, mac FROM audit WHERE profile_id = ? ORDER BY sequence DESC LIMIT 1',
    profileId,
  )
  if (end !== undefined) state.noteRestored(profileId, { replaced, sequence: end.sequence, mac: end.mac.toString('hex'), atMs })
}
