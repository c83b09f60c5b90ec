/**
 * Key slots for the holders of age identities (`age-encryption.org/v1`, X25519): the data key of a profile, wrapped for somebody of whom
 * the public key alone is known.
 *
 * An age file proves nothing about who made it. So the slot holds three parts: an age file with 32 random bytes for the recipient; the
 * data key, sealed under K("kek", those bytes) with the whole slot as its context, as in every other slot; and a proof, an empty text
 * sealed under K("recipient", data key) whose context is the slot, its label and the two parts before. Only a holder of the data key can
 * make the proof: whoever writes another recipient into the file is found out before a new data key is wrapped for them.
 */
import { randomBytes } from 'node:crypto'
import { CrmError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import { openAge, sealAge } from './age.ts'
import { OpenError, open, seal } from './chunked.ts'
import { encodeContext } from './context.ts'
import { deriveKey } from './derive.ts'
import { isSlotDamaged, type KeySlot, parseKdf, type SlotHeader, slotCheck, slotContext, type UnwrapResult } from './key-slot.ts'

const SECRET_BYTES = 32
const LENGTH_BYTES = 4
/** The data key, sealed: 32 bytes and 72 more. */
const WRAPPED_BYTES = 104
/** An empty text, sealed. */
const PROOF_BYTES = 72

/** What a slot for a recipient is made of. */
export interface RecipientSlot {
  readonly profileId: Buffer
  readonly label: string
  /** `age1...`, as `readRecipient` gives it. */
  readonly recipient: string
  readonly generation: number
  /** The slot that is wrapped anew; a new one without it. */
  readonly slotId?: Buffer
}

/** Wraps a data key for a recipient. Nobody here can open it again: the proof is what can be checked. */
export async function wrapForRecipient(dataKey: Buffer, slot: RecipientSlot): Promise<KeySlot> {
  const header: SlotHeader = {
    slotId: slot.slotId ?? randomBytes(16),
    kind: 'recipient',
    label: slot.label,
    kdf: `age$${slot.recipient}`,
    generation: slot.generation,
  }
  const secret = randomBytes(SECRET_BYTES)
  const file = await sealAge(secret, { recipients: [slot.recipient] })
  const key = seal(deriveKey('kek', secret, slot.profileId), slotContext(slot.profileId, header), dataKey)
  secret.fill(0)
  const parts = encodeContext(file, key)
  const proof = seal(proofKey(dataKey, slot.profileId), proofContext(slot.profileId, header, parts), Buffer.alloc(0))
  const wrapped = Buffer.concat([parts, proof])
  return { ...header, wrapped, check: slotCheck({ ...header, wrapped }) }
}

/** Opens a slot with age identities. `wrong`: it is for somebody else. */
export async function openRecipientSlot(
  slot: KeySlot,
  profileId: Buffer,
  identities: readonly [Secret, ...Secret[]],
): Promise<UnwrapResult> {
  const parts = isSlotDamaged(slot) ? undefined : partsOf(slot.wrapped)
  if (parts === undefined) return { failure: 'damaged' }
  try {
    const secret = await openAge(parts.file, { identities })
    if (secret.length !== SECRET_BYTES) return { failure: 'damaged' }
    const dataKey = open(deriveKey('kek', secret, profileId), slotContext(profileId, slot), parts.key)
    secret.fill(0)
    return isProven(slot, profileId, dataKey) ? { dataKey } : { failure: 'damaged' }
  } catch (error) {
    if (error instanceof CrmError) return { failure: error.code === 'wrong_key' ? 'wrong' : 'damaged' }
    if (error instanceof OpenError) return { failure: 'damaged' }
    throw error
  }
}

/** Whether a holder of this data key has made the slot, with this recipient and label. */
export function isProven(slot: KeySlot, profileId: Buffer, dataKey: Buffer): boolean {
  if (parseKdf(slot.kdf)?.type !== 'age' || isSlotDamaged(slot) || partsOf(slot.wrapped) === undefined) return false
  const end = slot.wrapped.length - PROOF_BYTES
  try {
    open(proofKey(dataKey, profileId), proofContext(profileId, slot, slot.wrapped.subarray(0, end)), slot.wrapped.subarray(end))
    return true
  } catch (error) {
    if (error instanceof OpenError) return false
    throw error
  }
}

function proofKey(dataKey: Buffer, profileId: Buffer): Buffer {
  return deriveKey('recipient', dataKey, profileId)
}

function proofContext(profileId: Buffer, { slotId, kind, label, kdf, generation }: SlotHeader, parts: Uint8Array): Buffer {
  return encodeContext('crm-vault/v1/recipient', profileId, slotId, kind, label, kdf, generation, parts)
}

/** The age file and the sealed data key; undefined where the lengths are impossible. */
function partsOf(wrapped: Buffer): { readonly file: Buffer; readonly key: Buffer } | undefined {
  const fixed = 2 * LENGTH_BYTES + WRAPPED_BYTES + PROOF_BYTES
  if (wrapped.length <= fixed) return undefined
  const length = wrapped.readUInt32BE(0)
  const keyAt = LENGTH_BYTES + length
  if (length !== wrapped.length - fixed || wrapped.readUInt32BE(keyAt) !== WRAPPED_BYTES) return undefined
  return { file: wrapped.subarray(LENGTH_BYTES, keyAt), key: wrapped.subarray(keyAt + LENGTH_BYTES, keyAt + LENGTH_BYTES + WRAPPED_BYTES) }
}
