import { randomBytes } from 'node:crypto'
import { CrmError } from '../core/errors.ts'
import { parseName } from '../core/integration.ts'
import { toTimestamp } from '../core/time.ts'
import { deriveKey } from '../crypto/derive.ts'
import { type OwnKey, type OwnKeyKind, wrapDataKey } from '../crypto/key-slot.ts'
import { refuseUnfitKey } from '../crypto/own-key.ts'
import { AuditLog } from './audit-log.ts'
import type { Database } from './database.ts'
import { insertSlot, type KeySlotInfo, proveSlot, toSlotInfo } from './key-slots.ts'
import { findProfile } from './profiles.ts'
import type { VaultState } from './state.ts'
import type { VaultWorld } from './world.ts'

/** The first key of a profile. */
export interface FirstKey {
  readonly kind: OwnKeyKind
  readonly label: string
  readonly key: OwnKey
}

/** Creates a profile with its data key, its first key slot and its audit key, in one transaction. @throws {CrmError} `conflict`, `usage` for a key that does not fit its kind. */
export async function createProfile(
  database: Database,
  world: VaultWorld,
  state: VaultState,
  profile: string,
  first: FirstKey,
): Promise<KeySlotInfo> {
  const name = parseName(profile, 'profile')
  refuseUnfitKey(first.kind, first.key)
  if (findProfile(database, name) !== undefined) throw profileExists(name)
  const profileId = randomBytes(16)
  const dataKey = randomBytes(32)
  const slot = await wrapDataKey(dataKey, { profileId, kind: first.kind, label: first.label, generation: 1 }, first.key, world.scryptCost)
  await proveSlot(slot, profileId, first.key, dataKey)
  const at = toTimestamp(world.clock())
  const rowKey = deriveKey('row', dataKey, profileId)
  const { end } = database.write('create the profile', () => {
    if (findProfile(database, name) !== undefined) throw profileExists(name)
    database.run(
      'INSERT INTO profiles (id, name, generation, audit_key, audit_count, created_at) VALUES (?, ?, 1, 1, 0, ?)',
      profileId,
      name,
      at,
    )
    insertSlot(database, profileId, slot, at)
    AuditLog.createKey(database, profileId, 1, 1, rowKey)
    const audit = AuditLog.open(database, profileId, 1, rowKey)
    return audit.append(
      [
        {
          event: 'profile.create',
          details: { name, keySlot: slot.slotId.toString('hex'), kind: slot.kind, check: slot.check.toString('hex') },
        },
      ],
      at,
      world.actor(),
    )
  })
  state.rememberSequence(profileId, end)
  dataKey.fill(0)
  rowKey.fill(0)
  return toSlotInfo({ ...slot, createdAt: at })
}

function profileExists(name: string): CrmError {
  return new CrmError('conflict', `the profile ${name} exists already`, { hint: 'see the profiles with: crm profile list' })
}
