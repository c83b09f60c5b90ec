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
