import type { ProfileMembersAnswer, ProfileRevokeAnswer, ProfileShareAnswer } from '../../core/answers.ts'
import { type Column, renderTable } from '../table.ts'
import { counted, next, shown, type View, when, whole } from '../view.ts'

const COLUMNS: readonly Column[] = [
  { title: 'MEMBER', importance: 3 },
  { title: 'RECIPIENT', importance: 2 },
  { title: 'SINCE', importance: 0 },
  { title: 'VERIFIED', importance: 1 },
]

/** `crm profile share`: what the member needs. */
export const sharedView: View<ProfileShareAnswer> = ({ profile, member, fingerprint }, style) =>
  [
    `${style.ok(style.symbols.ok)} ${style.accent(shown(member.name, style))} can open the profile ${shown(profile, style)}`,
    '  They need the vault, or a backup of it, and their identity: export CRM_IDENTITY_FILE=<path>',
    `  Fingerprint of the profile: ${fingerprint}. They compare it with what crm profile members says on their machine.`,
  ].join('\n')

/** `crm profile members`. */
export const membersView: View<ProfileMembersAnswer> = async ({ profile, members, fingerprint }, style) => {
  const rows = members.map(({ name, recipient, createdAt, verified }) => [
    { text: shown(name, style) },
    { text: whole(recipient) },
    { text: when(createdAt, style) },
    verified ? { text: 'yes' } : { text: 'no', paint: style.warn },
  ])
  if (!style.terminal) return renderTable(COLUMNS, rows, style)
  const own = fingerprint === null ? '' : `\nfingerprint of the profile: ${fingerprint}`
  if (rows.length === 0)
    return `The profile ${shown(profile, style)} is shared with nobody.${own}${next('crm profile share <recipient>', style)}`
  return `${await renderTable(COLUMNS, rows, style)}\n${own}`
}

/** `crm profile revoke`: what is done, and what only the CRMs can do. */
export const revokedView: View<ProfileRevokeAnswer> = ({ profile, revoked, generation, renew }, style) => {
  const name = style.accent(shown(revoked.name, style))
  const head = `${style.ok(style.symbols.ok)} ${name} opens the profile ${shown(profile, style)} no more (data key ${generation})`
  if (renew.length === 0) return `${head}\n  It holds no secret that they could have copied.`
  const each = renew.map(
    ({ name: integration, provider, secrets, docs }) =>
      `  ${shown(integration, style)} (${shown(provider, style)}): ${shown(secrets.join(', '), style)}${docs === '' ? '' : `  ${whole(docs)}`}`,
  )
  return [
    head,
    `  What they copied stays readable to them, and old backups open with their identity. Renew at the CRM, ${counted(renew.length, 'integration')}:`,
    ...each,
  ].join('\n')
}
