import type { InitAnswer, Origin, ProfileAnswer, ProfileListAnswer, WhichAnswer } from '../../core/answers.ts'
import type { Style } from '../style.ts'
import { type Column, renderTable } from '../table.ts'
import { counted, next, pairs, shown, type View, whole } from '../view.ts'

const COLUMNS: readonly Column[] = [
  { title: 'PROFILE', importance: 3 },
  { title: 'IN USE', importance: 2 },
  { title: 'INTEGRATIONS', importance: 1 },
  { title: 'KEY SLOTS', importance: 0 },
]

/** `crm profile list`. */
export const profileListView: View<ProfileListAnswer> = ({ profiles }, style) => {
  const rows = profiles.map(({ name, current, integrations, keySlots }) => [
    current ? { text: shown(name, style), paint: style.accent } : { text: shown(name, style) },
    { text: current ? 'yes' : 'no' },
    { text: String(integrations) },
    { text: String(keySlots) },
  ])
  if (rows.length === 0) return style.terminal ? `No profiles.${next('crm init', style)}` : ''
  return renderTable(COLUMNS, rows, style)
}

function profileView(verb: string): View<ProfileAnswer> {
  return ({ profile }, style) => {
    const { name, current, integrations, keySlots } = profile
    const counts = `${counted(integrations, 'integration')}, ${counted(keySlots, 'key slot')}`
    const useIt = current ? 'crm list' : `crm profile use ${shown(name, style)}`
    return `${style.ok(style.symbols.ok)} ${verb} profile ${style.accent(shown(name, style))} (${counts})${next(useIt, style)}`
  }
}

/** `crm profile create`. */
export const profileCreatedView = profileView('created')
/** `crm profile use`. */
export const profileUsedView = profileView('now using')
/** `crm profile rename`. */
export const profileRenamedView = profileView('renamed; it is now')

/** `crm init`. */
export const initView: View<InitAnswer> = ({ created, vault, profile, keySlot }, style) => {
  const name = style.accent(shown(profile, style))
  const key = `key: ${keySlot.kind} (${shown(keySlot.label, style)})`
  const first = created
    ? `${style.ok(style.symbols.ok)} created profile ${name} in ${whole(vault)}`
    : `profile ${name} is there already, in ${whole(vault)}`
  return `${first}\n  ${key}${next('crm add', style)}`
}

function originText({ value, from }: Origin, style: Style): string {
  return `${value === null ? 'none' : style.accent(whole(value))}  ${style.dim(`from ${whole(from)}`)}`
}

/** `crm which`: what is in use, and why. */
export const whichView: View<WhichAnswer> = ({ profile, vault, keySource }, style) =>
  pairs(
    [
      ['profile', originText(profile, style)],
      ['vault', originText(vault, style)],
      ['key source', originText(keySource, style)],
    ],
    style,
  )
