import { CrmError } from '../core/errors.ts'
import type { AuditEvent, AuditReplay } from './audit-log.ts'
import { readSlots } from './key-slots.ts'
import { standingWords } from './last-words.ts'
import type { OpenProfile } from './open-profile.ts'
import { progressOf } from './seen.ts'
import { type VaultReport, verifyProfile } from './verify.ts'

/** The audit log of an open profile, and what it tells of the vault. */
export class ProfileAudit {
  constructor(readonly profile: OpenProfile) {}

  async audit(): Promise<readonly AuditEvent[]> {
    return [...this.profile.log.events()]
  }

  async replayAudit(): Promise<AuditReplay> {
    return this.profile.database.read(() => this.profile.log.replay(this.profile.auditCount()))
  }

  async pruneAudit({ before, keep }: { readonly before?: string | undefined; readonly keep?: number | undefined }): Promise<number> {
    let dropped = 0
    this.profile.change('prune the audit log', (at) => {
      const replay = this.profile.log.replay(this.profile.auditCount())
      if (replay.firstBad !== null) {
        throw new CrmError('damaged', `the audit log is not whole: row ${replay.firstBad} is missing, altered or out of order`, {
          reason: 'what is wrong with it must not be dropped',
          hint: 'see what is affected with: crm vault verify',
        })
      }
      const through = this.#lastToDrop(replay, before, keep)
      if (through <= replay.dropped) return []
      const slots = readSlots(this.profile.database, this.profile.keys.profileId)
      const checks = new Map(slots.map(({ slotId, check }) => [slotId.toString('hex'), check.toString('hex')]))
      const words = standingWords(this.profile.log, this.profile.name, checks, through)
      dropped = this.profile.log.drop(through, at)
      return [...words, { event: 'audit.prune', details: { through, dropped } }]
    })
    return dropped
  }

  /** Whole prefixes go, and one row always stays: a clock that jumped back ends the prefix. */
  #lastToDrop({ sequence, dropped }: AuditReplay, before: string | undefined, keep: number | undefined): number {
    let through = Math.min(sequence - 1, keep === undefined ? sequence : sequence - keep)
    if (before === undefined) return through
    let old = dropped
    for (const event of this.profile.log.events()) {
      if (event.at >= before) break
      old = event.sequence
    }
    through = Math.min(through, old)
    return through
  }

  async verify(): Promise<VaultReport> {
    const report = this.profile.database.read(() =>
      verifyProfile(this.profile.database, this.profile.keys, this.profile.log, this.profile.auditCount()),
    )
    const { count, seen } = progressOf(this.profile.database, this.profile.state, this.profile.keys.profileId)
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
}
