import { CrmError } from '../core/errors.ts'
import type { OpenProfile } from './open-profile.ts'
import { progressOf, rememberNewest } from './seen.ts'

/** A command that began before a restoration has ended by then, and remembers nothing of what was there before. */
const LATE_MS = 60_000

/** What every command that opens a profile looks at first: is this copy the newest, and what happened while it was locked? */
export class ProfileAge {
  constructor(readonly profile: OpenProfile) {}

  /** A whole older copy of the file verifies in itself; what this machine saw last tells it. @throws {CrmError} `damaged`. */
  checkAge(): void {
    const { database, state, world, keys } = this.profile
    const { count, seen, isRestored, restored: before } = progressOf(database, state, keys.profileId)
    if (count < seen) {
      throw new CrmError('damaged', 'this vault is older than the last one used here', {
        reason: `its audit log ends at ${count}, this machine has seen ${seen}: changes since then are missing`,
        hint: 'restore the newer one, or accept this one with: crm vault accept-older',
      })
    }
    // Nothing new, as for most commands.
    if (count === seen && before === undefined) return
    rememberNewest(database, state, keys.profileId, count, isRestored)
    const restored = state.restored(keys.profileId)
    // Whichever way the clock was set: it decides nothing but how long a note stays.
    if (restored !== undefined && Math.abs(world.clock() - restored.atMs) > LATE_MS) state.forgetRestored(keys.profileId)
  }

  /** Makes this copy the newest one known here, and says so in the audit log. */
  acceptOlder(): void {
    const seen = this.profile.state.highestSequence(this.profile.keys.profileId)
    this.profile.change('write the audit log', () => [
      { event: 'vault.accept-older', details: { seen, accepted: this.profile.auditCount() } },
    ])
    this.profile.state.rememberSequence(this.profile.keys.profileId, this.profile.auditCount(), true)
  }

  /** Takes into the log what happened while the profile was locked: attempts that failed, a migration. */
  foldNotes(): void {
    const notes = this.profile.state.notes(this.profile.keys.profileId)
    if (notes.length === 0) return
    this.profile.change('write the audit log', () =>
      notes.map(({ event, outcome, at, actor, reason }) => ({ event, outcome, details: { at, actor, reason } })),
    )
    this.profile.state.forgetNotes(this.profile.keys.profileId)
  }
}
