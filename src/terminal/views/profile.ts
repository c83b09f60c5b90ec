import type { ProfileAnswer, ProfileListAnswer } from '../../core/answers.ts'
import { type Column, renderTable } from '../table.ts'
import { counted, next, shown, type View } from '../view.ts'

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

/** `crm profile create`, `use`, `rename`: the profile as it is now. */
export const profileView: View<ProfileAnswer> = ({ profile }, style) => {
  const { name, current, integrations, keySlots } = profile
  const use = current ? ', in use' : ''
  const state = `${counted(integrations, 'integration')}, ${counted(keySlots, 'key slot')}${use}`
  const nextCommand = current ? 'crm list' : `crm profile use ${shown(name, style)}`
  return `${style.ok(style.symbols.ok)} profile ${style.accent(shown(name, style))}: ${state}${next(nextCommand, style)}`
}
