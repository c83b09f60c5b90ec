import { CrmError } from '../core/errors.ts'
import { type KeySlot, type OwnKey, type OwnKeyKind, parseKdf, type UnlockKey, wrapDataKey } from '../crypto/key-slot.ts'
import { refuseUnfitKey } from '../crypto/own-key.ts'
import { insertSlot, type KeySlotInfo, MOST_KEY_SLOTS, opensSlot, proveSlot, readSlots, slotOfRawKey, toSlotInfo } from './key-slots.ts'
import { isNotStanding, slotWords } from './last-words.ts'
import type { OpenProfile } from './open-profile.ts'
import type { KeptSlot, Rotation } from './rotate.ts'
import { rememberNewest } from './seen.ts'

/** The key slots of an open profile: the ways into it. */
export class ProfileSlots {
  constructor(readonly profile: OpenProfile) {}

  async keySlots(): Promise<readonly KeySlotInfo[]> {
    return readSlots(this.profile.database, this.profile.keys.profileId).map(toSlotInfo)
  }

  async addKeySlot(kind: OwnKeyKind, label: string, key: OwnKey): Promise<KeySlotInfo> {
    const { profileId, generation } = this.profile.keys
    refuseUnfitKey(kind, key)
    await this.#refuseSameKey(key)
    const slot: KeySlot = await wrapDataKey(
      this.profile.dataKey,
      { profileId, kind, label, generation },
      key,
      this.profile.world.scryptCost,
    )
    await proveSlot(slot, profileId, key, this.profile.dataKey)
    let createdAt = ''
    this.profile.change('add the key slot', (at) => {
      createdAt = at
      const taken = readSlots(this.profile.database, profileId).length
      if (taken >= MOST_KEY_SLOTS) throw tooManySlots(this.profile.name)
      insertSlot(this.profile.database, profileId, slot, at)
      return [{ event: 'key.add', details: { ...slotDetails(slot), kind, label } }]
    })
    return toSlotInfo({ ...slot, createdAt })
  }

  async #refuseSameKey(key: OwnKey): Promise<void> {
    const { database, keys, name } = this.profile
    if (key.type === 'raw') {
      if ((await slotOfRawKey(database, keys.profileId, key.key)) === undefined) return
      throw new CrmError('conflict', `this key opens the profile ${name} already`, { hint: 'see its slots with: crm key list' })
    }
    for (const slot of readSlots(database, keys.profileId)) {
      if (slot.kind !== 'passphrase' || !(await opensSlot(slot, keys.profileId, key))) continue
      throw new CrmError('conflict', `this passphrase opens the profile ${name} already`, {
        hint: 'give another one: crm key add passphrase --new-passphrase-file <path>',
      })
    }
  }

  async share(recipient: string, label: string): Promise<KeySlotInfo> {
    const { profileId, generation } = this.profile.keys
    const { isProven, wrapForRecipient } = await import('../crypto/recipient-slot.ts')
    const slot = await wrapForRecipient(this.profile.dataKey, { profileId, label, recipient, generation })
    if (!isProven(slot, profileId, this.profile.dataKey)) throw new CrmError('internal', 'a new slot for a recipient does not prove itself')
    let createdAt = ''
    this.profile.change('share the profile', (at) => {
      createdAt = at
      const slots = readSlots(this.profile.database, profileId)
      if (slots.some(({ kdf }) => kdf === slot.kdf)) {
        throw new CrmError('conflict', `the profile ${this.profile.name} is shared with this recipient already`, {
          hint: 'see whom it is shared with: crm profile members',
        })
      }
      if (slots.some((other) => other.kind === 'recipient' && other.label === label)) {
        throw new CrmError('conflict', `another member is called ${label}`, { hint: 'give another name: --label <name>' })
      }
      if (slots.length >= MOST_KEY_SLOTS) throw tooManySlots(this.profile.name)
      insertSlot(this.profile.database, profileId, slot, at)
      return [{ event: 'profile.share', details: { ...slotDetails(slot), label, recipient } }]
    })
    return toSlotInfo({ ...slot, createdAt })
  }

  async alteredMembers(): Promise<readonly KeySlotInfo[]> {
    const members = readSlots(this.profile.database, this.profile.keys.profileId).filter(({ kdf }) => parseKdf(kdf)?.type === 'age')
    if (members.length === 0) return []
    const { isProven } = await import('../crypto/recipient-slot.ts')
    const words = slotWords(this.profile.log)
    return members
      .filter(
        (slot) => !isProven(slot, this.profile.keys.profileId, this.profile.dataKey) || isNotStanding(words, slot.slotId.toString('hex')),
      )
      .map(toSlotInfo)
  }

  async removeKeySlot(id: string): Promise<void> {
    this.profile.change('remove the key slot', () => {
      const slots = readSlots(this.profile.database, this.profile.keys.profileId)
      const matches = slots.filter((slot) => slot.slotId.toString('hex').startsWith(id.toLowerCase()))
      const [slot] = matches
      if (slot === undefined || id === '') throw slotNotFound()
      if (matches.length > 1)
        throw new CrmError('usage', `${matches.length} key slots begin with this id`, { hint: 'give more of the id; see: crm key list' })
      if (slots.length === 1) {
        throw new CrmError('conflict', 'the last key slot cannot be removed', {
          reason: 'nothing could open the profile any more',
          hint: 'add another key first with: crm key add',
        })
      }
      const left = slots.filter((other) => other !== slot)
      if (this.profile.openedBy.kind !== 'recipient' && left.every(({ kind }) => kind === 'recipient')) {
        throw new CrmError('conflict', 'the last key of your own cannot be removed', {
          reason: 'only the members that the profile is shared with could open it',
          hint: 'add another key first with: crm key add',
        })
      }
      this.profile.database.run('DELETE FROM key_slots WHERE id = ?', slot.slotId)
      return [{ event: 'key.remove', details: { id: slot.slotId.toString('hex'), kind: slot.kind, label: slot.label } }]
    })
  }

  async replaceKeySlot(id: string, label: string, key: OwnKey): Promise<KeySlotInfo> {
    const { profileId, generation } = this.profile.keys
    const old = readSlots(this.profile.database, profileId).find((slot) => slot.slotId.toString('hex') === id)
    if (old === undefined || old.kind === 'recipient') throw slotNotFound()
    refuseUnfitKey(old.kind, key)
    const slot = await wrapDataKey(
      this.profile.dataKey,
      { profileId, kind: old.kind, label, generation },
      key,
      this.profile.world.scryptCost,
    )
    await proveSlot(slot, profileId, key, this.profile.dataKey)
    let createdAt = ''
    this.profile.change('replace the key slot', (at) => {
      createdAt = at
      if (this.profile.database.run('DELETE FROM key_slots WHERE id = ? AND digest = ?', old.slotId, old.check) === 0) throw slotNotFound()
      insertSlot(this.profile.database, profileId, slot, at)
      const details = { ...slotDetails(slot), kind: slot.kind, label, replaces: id }
      return [{ event: 'key.replace', details }]
    })
    return toSlotInfo({ ...slot, createdAt })
  }

  async keepOpen(until: string): Promise<{ dataKey: Buffer; slotId: string; slotCheck: string; generation: number; profileId: string }> {
    const { id: slotId } = this.profile.openedBy
    await this.profile.record('profile.keep-open', { until, slot: slotId })
    // After the write, which may have wrapped the slot anew.
    const slot = readSlots(this.profile.database, this.profile.keys.profileId).find(
      (candidate) => candidate.slotId.toString('hex') === slotId,
    )
    if (slot === undefined) throw slotNotFound()
    return {
      dataKey: this.profile.dataKey,
      slotId,
      slotCheck: slot.check.toString('hex'),
      generation: this.profile.keys.generation,
      profileId: this.profile.keys.profileId.toString('hex'),
    }
  }

  async opensSlot(id: string, key: UnlockKey): Promise<boolean> {
    const slot = readSlots(this.profile.database, this.profile.keys.profileId).find(({ slotId }) => slotId.toString('hex') === id)
    return slot !== undefined && opensSlot(slot, this.profile.keys.profileId, key)
  }

  async rotate(keep: readonly KeptSlot[], drop: readonly string[]): Promise<Rotation> {
    const { rotateDataKey } = await import('./rotate.ts')
    this.profile.refuseIfRotated()
    const { sequence, ...rotation } = await rotateDataKey(
      this.profile.database,
      this.profile.world,
      this.profile.keys,
      this.profile.dataKey,
      this.profile.log,
      keep,
      drop,
    )
    rememberNewest(this.profile.database, this.profile.state, this.profile.keys.profileId, sequence)
    this.profile.lock()
    return rotation
  }
}

/** What the audit log says of a slot that is there: enough to notice one that is missing, brought back or altered. */
function slotDetails({ slotId, check }: KeySlot): { id: string; check: string } {
  return { id: slotId.toString('hex'), check: check.toString('hex') }
}

function tooManySlots(profile: string): CrmError {
  return new CrmError('conflict', `the profile ${profile} has ${MOST_KEY_SLOTS} key slots, which is the most`, {
    hint: 'remove one with: crm key remove <id>',
  })
}

function slotNotFound(): CrmError {
  return new CrmError('not_found', 'no key slot has this id', { hint: 'see the ids with: crm key list' })
}
