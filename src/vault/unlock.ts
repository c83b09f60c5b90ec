import { CrmError } from '../core/errors.ts'
import { toTimestamp } from '../core/time.ts'
import { deriveKey } from '../crypto/derive.ts'
import { isBelowTodaysCost, parseKdf, wrapDataKey } from '../crypto/key-slot.ts'
import { AuditLog } from './audit-log.ts'
import type { Database } from './database.ts'
import { type KeySources, type OpenedSlot, openAnySlot, proveSlot, readSlots } from './key-slots.ts'
import { OpenProfile, type SlotRenewal } from './open-profile.ts'
import { findProfile, type ProfileRow } from './profiles.ts'
import type { VaultState } from './state.ts'
import { UnlockedProfile } from './unlocked-profile.ts'
import type { VaultWorld } from './world.ts'

/**
 * Opens a profile with the first source that fits, and checks the end of its audit log.
 * @param end `any end` leaves that check out, for whoever verifies the log as a whole.
 * @throws {CrmError} `locked`, `wrong_key`, `damaged`.
 */
export async function unlockProfile(
  database: Database,
  world: VaultWorld,
  state: VaultState,
  row: ProfileRow,
  sources: KeySources,
  end: 'its own end' | 'any end' = 'its own end',
): Promise<UnlockedProfile> {
  for (;;) {
    const opened = await openSlot(database, world, state, row, sources)
    const rowKey = deriveKey('row', opened.dataKey, row.id)
    // The profile is read again with its log: another command may have committed since.
    const result = database.read(() => {
      const now = findProfile(database, row.name)
      if (now !== undefined && now.generation !== opened.stored.generation) return undefined
      const audit = AuditLog.open(database, row.id, now?.audit_key ?? row.audit_key, rowKey)
      if (end === 'its own end') audit.verifyLast(now?.audit_count ?? 0)
      return audit
    })
    if (result !== undefined) {
      if (opened.key.type === 'identity') pinFingerprint(state, row, result.fingerprint())
      const keys = { profileId: row.id, profile: row.name, generation: opened.stored.generation, rowKey }
      return new UnlockedProfile(new OpenProfile(database, world, state, keys, opened, result, await renewal(world, row.id, opened)))
    }
    // The data key was rotated between the slot and the log.
    opened.dataKey.fill(0)
    rowKey.fill(0)
  }
}

/**
 * Whoever knows the public key of a member can make a vault for them. A member's machine remembers the profile that it opened first, and
 * opens no other in its place: what is added to it would be readable to whoever made it.
 */
function pinFingerprint(state: VaultState, row: ProfileRow, fingerprint: string): void {
  const known = state.knownFingerprint(row.id)
  if (known === undefined) state.rememberFingerprint(row.id, fingerprint)
  else if (known !== fingerprint) {
    throw new CrmError('damaged', `the profile ${row.name} is not the one that was opened here before`, {
      reason: `its fingerprint is ${fingerprint}, and was ${known}: somebody else has made this vault for your identity`,
      hint: 'use nothing of it, and ask who shared it with you',
    })
  }
}

/** A passphrase slot that costs less than today's, wrapped again: it is stored with the next write. */
async function renewal(world: VaultWorld, profileId: Buffer, { stored, key, dataKey }: OpenedSlot): Promise<SlotRenewal | undefined> {
  const kdf = parseKdf(stored.kdf)
  // A profile that was unlocked before was opened without its passphrase.
  if (kdf === undefined || key.type !== 'passphrase' || !isBelowTodaysCost(kdf, world.scryptCost)) return undefined
  const { slotId, kind, label, generation } = stored
  const slot = await wrapDataKey(dataKey, { profileId, slotId, kind, label, generation }, key, world.scryptCost)
  await proveSlot(slot, profileId, key, dataKey)
  return { slot, before: stored.check }
}

async function openSlot(
  database: Database,
  world: VaultWorld,
  state: VaultState,
  row: ProfileRow,
  sources: KeySources,
): Promise<OpenedSlot> {
  try {
    // One view: a rotation changes the generation of the profile and of its slots together.
    const { profile, slots } = database.read(() => ({
      profile: findProfile(database, row.name) ?? row,
      slots: readSlots(database, row.id),
    }))
    return await openAnySlot(slots, profile, sources)
  } catch (error) {
    // The vault itself is not touched by a wrong key; the attempt is taken up into its log at the next unlock.
    if (error instanceof CrmError && error.code === 'wrong_key') {
      state.note(row.id, {
        event: 'profile.unlock',
        at: toTimestamp(world.clock()),
        actor: world.actor(),
        outcome: 'failed',
        reason: error.code,
      })
    }
    throw error
  }
}
