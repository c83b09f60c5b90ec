import type { MemberAnswer, ProfileMembersAnswer, ProfileRevokeAnswer, ProfileShareAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import type { KeySlotInfo } from '../vault/key-slots.ts'
import type { UnlockedVault } from '../vault/unlocked.ts'
import { type App, done, type Outcome } from './app.ts'
import { confirmByName } from './confirm-name.ts'
import { keepingKeys } from './key-rotate.ts'
import { unlockedIfAtHand } from './open-for-use.ts'

const MOST_LABEL_CHARACTERS = 64
/** Characters of a recipient that tell it from others, at its beginning and its end. */
const SHOWN_CHARACTERS = 8

/** `crm profile share`: a way in for the holder of an age identity. */
export async function share(app: App, text: string, flags: { readonly label?: string }): Promise<Outcome> {
  const { readRecipient } = await import('../crypto/age.ts')
  const recipient = await readRecipient(text)
  const label = flags.label ?? `${recipient.slice(0, SHOWN_CHARACTERS)}...${recipient.slice(-SHOWN_CHARACTERS)}`
  if (label === '' || label.length > MOST_LABEL_CHARACTERS || /\p{Cc}/u.test(label)) {
    throw new CrmError('usage', `a name has 1 to ${MOST_LABEL_CHARACTERS} characters, none of them a control character`)
  }
  const unlocked = await app.unlock()
  app.throwIfStopped()
  const slot = await unlocked.share(recipient, label)
  const data: ProfileShareAnswer = { profile: unlocked.profile, member: memberOf(slot, true), fingerprint: unlocked.fingerprint }
  return done('crm.profile-share/1', data, async () => (await import('../terminal/views/members.ts')).sharedView)
}

/** `crm profile members`: whom the profile is shared with. Without a key nobody can say whether it is true. */
export async function members(app: App): Promise<Outcome> {
  const profile = (await app.profile()).value
  const slots = (await (await app.vault()).keySlots(profile)).filter(isMember)
  const unlocked = await unlockedIfAtHand(app, profile)
  const altered = new Set((await unlocked?.alteredMembers())?.map(({ id }) => id))
  const data: ProfileMembersAnswer = {
    profile,
    members: slots.map((slot) => memberOf(slot, unlocked !== undefined && !altered.has(slot.id))),
    fingerprint: unlocked?.fingerprint ?? null,
  }
  const warnings = [
    ...(unlocked === undefined && slots.length > 0 ? [{ code: 'not_verified', message: 'not verified: the profile is locked' }] : []),
    ...slots.filter(({ id }) => altered.has(id)).map(alteredWarning),
  ]
  return done('crm.profile-members/1', data, async () => (await import('../terminal/views/members.ts')).membersView, { warnings })
}

function alteredWarning({ id, label }: KeySlotInfo) {
  return {
    code: 'member_altered',
    message: `the slot of ${label} was not written by a holder of the key, or was removed since; take it out with: crm key remove ${id.slice(0, 8)}`,
  }
}

/** `crm profile revoke`: a new data key that the member does not get, and the list of what they may have copied. */
export async function revoke(
  app: App,
  text: string,
  flags: { readonly confirm?: string; readonly drop?: readonly string[] },
): Promise<Outcome> {
  const profile = (await app.profile()).value
  const slots = await (await app.vault()).keySlots(profile)
  const member = findMember(slots, text)
  const keys = await keepingKeys(app, profile, slots, [member.id.slice(0, 12), ...(flags.drop ?? [])], `crm profile revoke ${text}`)
  const { unlocked } = keys
  if (unlocked.openedBy.id === member.id) {
    throw new CrmError('conflict', 'you cannot take your own way in away', {
      reason: 'nobody who runs this would be left with a key',
      hint: 'let another member do it, or add a key of your own first: crm key add passphrase',
    })
  }
  const named = member.label
  await confirmByName(app, {
    name: named,
    confirmed: flags.confirm,
    to: 'take their way in away and make a new data key',
    subject: `revoking ${named}`,
    of: 'the member',
  })
  app.throwIfStopped()
  const renew = await toRenew(app, unlocked)
  const { generation, compacted } = await keys.rotate()
  const data: ProfileRevokeAnswer = { profile, revoked: memberOf(member, true), generation, renew }
  return done('crm.profile-revoke/1', data, async () => (await import('../terminal/views/members.ts')).revokedView, {
    warnings: compacted ? [] : [keys.leftovers],
  })
}

/** Everything that opened with the old key: what was readable may have been copied. */
async function toRenew(app: App, unlocked: UnlockedVault): Promise<ProfileRevokeAnswer['renew']> {
  const docs = new Map((await app.providers()).map((provider) => [provider.id, provider.docs]))
  return [...unlocked.openAll()]
    .filter(({ values }) => Object.keys(values.secrets).length > 0)
    .map(({ integration, values }) => ({
      name: integration.name,
      provider: integration.provider,
      secrets: Object.keys(values.secrets).sort(),
      docs: docs.get(integration.provider) ?? '',
    }))
}

function isMember({ kind, recipient }: KeySlotInfo): boolean {
  return kind === 'recipient' && recipient !== null
}

/** A member by name, recipient, or the beginning of the slot's id. @throws {CrmError} `not_found`, `usage` for several. */
function findMember(slots: readonly KeySlotInfo[], text: string): KeySlotInfo {
  const all = slots.filter(isMember)
  const exact = all.filter(({ label, recipient }) => label === text || recipient === text)
  const found = exact.length > 0 ? exact : text === '' ? [] : all.filter(({ id }) => id.startsWith(text.toLowerCase()))
  const [only, second] = found
  if (only !== undefined && second === undefined) return only
  if (only !== undefined) throw new CrmError('usage', `several members fit ${text}`, { hint: 'give the recipient: crm profile members' })
  const known = all.map(({ label }) => label).join(', ')
  throw new CrmError('not_found', `the profile is not shared with ${text.slice(0, 64)}`, {
    reason: known === '' ? 'it is shared with nobody' : `its members are: ${known}`,
    hint: 'see them with: crm profile members',
  })
}

function memberOf({ id, label, recipient, createdAt }: KeySlotInfo, verified: boolean): MemberAnswer {
  return { id, name: label, recipient: recipient ?? '', createdAt, verified }
}
