/** Why a profile does not open, and what would open it. */
import { CrmError } from '../core/errors.ts'
import { rawKeyId } from '../crypto/derive.ts'
import type { KeySlotKind } from '../crypto/key-slot.ts'
import { type StoredSlot, toSlotInfo } from './key-slots.ts'

/** No key is at hand that the profile takes. */
export function locked(profile: string, slots: readonly StoredSlot[]): CrmError {
  const kinds = [...new Set(slots.map((slot) => slot.kind))]
  return new CrmError('locked', `the profile ${profile} is locked and no key is at hand`, {
    reason: `it opens with: ${kinds.map((kind) => SOURCE_NAMES[kind]).join(', or ')}`,
    hint: kinds.map((kind) => SOURCE_HINTS[kind]).join(', or '),
  })
}

/** @param file where the passphrase was read; undefined where a person was asked. */
export function wrongPassphrase(profile: string, file: string | undefined): CrmError {
  return new CrmError('wrong_key', `the passphrase${file === undefined ? '' : ` in ${file}`} does not open the profile ${profile}`, {
    hint:
      file === undefined
        ? 'try again with the right passphrase'
        : `put the right passphrase into ${file}, or open the profile in another way: unset CRM_PASSPHRASE_FILE`,
  })
}

/** Keys are at hand, and none of them is wanted. */
export function wrongKey(
  profile: { readonly id: Buffer; readonly name: string },
  slots: readonly StoredSlot[],
  raw: readonly { readonly key: Buffer; readonly from: string }[],
): CrmError {
  const wanted = slots.map((slot) => toSlotInfo(slot).keyId ?? (slot.kind === 'recipient' ? 'an age identity' : 'a passphrase'))
  return new CrmError(
    'wrong_key',
    `the key from ${raw.map((source) => source.from).join(' and ')} does not open the profile ${profile.name}`,
    {
      reason: `it wants ${[...new Set(wanted)].join(' or ')}, and was given ${raw.map(({ key }) => rawKeyId(key, profile.id)).join(' and ')}; the vault was not changed`,
      hint: 'see which key is meant with: crm key list',
    },
  )
}

const SOURCE_NAMES: Readonly<Record<KeySlotKind, string>> = {
  recipient: 'the age identity of a member',
  env: 'the variable INTEGRATION_ENCRYPTION_KEY',
  file: 'its key file',
  keychain: 'the keychain of the operating system',
  passphrase: 'its passphrase',
}

const SOURCE_HINTS: Readonly<Record<KeySlotKind, string>> = {
  recipient: 'export CRM_IDENTITY_FILE=<path>',
  env: 'export INTEGRATION_ENCRYPTION_KEY=<key>',
  file: 'export CRM_KEY_FILE=<path>',
  keychain: 'unset CRM_KEYCHAIN',
  passphrase: 'run the command in a terminal, run crm unlock there first, or export CRM_PASSPHRASE_FILE=<path>',
}
