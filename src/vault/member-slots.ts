import { CrmError } from '../core/errors.ts'
import type { UnlockKey } from '../crypto/key-slot.ts'
import { openRecipientSlot } from '../crypto/recipient-slot.ts'
import { isForRecipient, type KeySources, type OpenedSlot, type StoredSlot, slotsDamaged, toSlotInfo } from './key-slots.ts'

/** Opens the slot of whoever runs this; undefined where they have no identity, and the refusal for one that no slot is for. */
export async function openAsMember(
  slots: readonly StoredSlot[],
  profile: { readonly id: Buffer; readonly name: string },
  sources: KeySources,
): Promise<OpenedSlot | { readonly refusal: CrmError } | undefined> {
  const found = await sources.identities?.()
  if (found === undefined) return undefined
  const key: UnlockKey = { type: 'identity', identities: found.identities }
  for (const stored of slots.filter(isForRecipient)) {
    const result = await openRecipientSlot(stored, profile.id, found.identities)
    if ('dataKey' in result) return { dataKey: result.dataKey, slot: toSlotInfo(stored), stored, key }
    if (result.failure === 'damaged') throw slotsDamaged(profile.name)
  }
  return { refusal: notAMember(profile.name, found.from) }
}

function notAMember(profile: string, from: string): CrmError {
  return new CrmError('wrong_key', `the identity of ${from} does not open the profile ${profile}`, {
    reason: 'no slot of the profile is for it: it was never shared with this identity, or was taken back; the vault was not changed',
    hint: 'see whom it is shared with: crm profile members',
  })
}
