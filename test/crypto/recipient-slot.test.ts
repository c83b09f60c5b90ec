import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { isSlotDamaged, type KeySlot, slotCheck } from '../../src/crypto/key-slot.ts'
import { isProven, openRecipientSlot, wrapForRecipient } from '../../src/crypto/recipient-slot.ts'
import { type Member, newMember } from '../support/members.ts'

const profileId = randomBytes(16)
const dataKey = randomBytes(32)
let ann: Member
let ben: Member
let slot: KeySlot

const opened = (one: KeySlot, { identity }: Member) => openRecipientSlot(one, profileId, [new Secret(identity)])
/** A slot whose unkeyed check fits whatever was changed, as anybody can make it. */
const withCheck = (changed: KeySlot): KeySlot => ({ ...changed, check: slotCheck(changed) })

beforeAll(async () => {
  ann = await newMember()
  ben = await newMember()
  slot = await wrapForRecipient(dataKey, { profileId, label: 'ann', recipient: ann.recipient, generation: 3 })
})

describe('a slot for a recipient', () => {
  it('opens with their identity, and with no other', async () => {
    expect(await opened(slot, ann)).toEqual({ dataKey })
    expect(await opened(slot, ben)).toEqual({ failure: 'wrong' })
    expect(await openRecipientSlot(slot, profileId, [new Secret(ben.identity), new Secret(ann.identity)])).toEqual({ dataKey })
    expect(await openRecipientSlot(slot, randomBytes(16), [new Secret(ann.identity)])).toEqual({ failure: 'damaged' })
  })

  it('is proven by the data key alone, and by no other', () => {
    expect(isProven(slot, profileId, dataKey)).toBe(true)
    expect(isProven(slot, profileId, randomBytes(32))).toBe(false)
    expect(isProven(slot, randomBytes(16), dataKey)).toBe(false)
  })

  it.each<[what: string, change: (slot: KeySlot) => KeySlot]>([
    ['another recipient', (one) => ({ ...one, kdf: `age$${ben.recipient}` })],
    ['another name', (one) => ({ ...one, label: 'bob' })],
    ['another id', (one) => ({ ...one, slotId: randomBytes(16) })],
    ['another generation', (one) => ({ ...one, generation: 4 })],
    ['another kind', (one) => ({ ...one, kind: 'passphrase' })],
    ['nothing in it', (one) => ({ ...one, wrapped: Buffer.alloc(0) })],
    [
      'a length that leads outside',
      (one) => ({ ...one, wrapped: Buffer.concat([Buffer.from('ffffffff', 'hex'), one.wrapped.subarray(4)]) }),
    ],
  ])('with %s is found out, whatever its check says', async (_what, change) => {
    const changed = withCheck(change(slot))
    expect(isSlotDamaged(changed)).toBe(false)
    expect(isProven(changed, profileId, dataKey)).toBe(false)
    expect(await opened(changed, ann)).toEqual({ failure: 'damaged' })
  })

  it('is found out with any byte of it flipped: it never gives another key', async () => {
    let cases = 0
    for (let at = 0; at < slot.wrapped.length; at += 1) {
      const wrapped = Buffer.from(slot.wrapped)
      wrapped[at] = (wrapped[at] ?? 0) ^ 0x01
      expect(await opened({ ...slot, wrapped }, ann)).toEqual({ failure: 'damaged' })
      const changed = withCheck({ ...slot, wrapped })
      expect(isProven(changed, profileId, dataKey)).toBe(false)
      expect(await opened(changed, ann)).toHaveProperty('failure')
      cases += 2
    }
    expect(cases).toBe(2 * slot.wrapped.length)
  })

  it('made by somebody without the data key is no slot of the profile', async () => {
    const theirs = randomBytes(32)
    const forged = await wrapForRecipient(theirs, { profileId, label: 'ann', recipient: ann.recipient, generation: 3 })
    expect(isProven(forged, profileId, dataKey)).toBe(false)
  })
})
