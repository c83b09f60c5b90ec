import type { KeyAnswer, KeyListAnswer, KeyRotateAnswer, KeySlotAddedAnswer } from '../../core/answers.ts'
import { type Column, renderTable } from '../table.ts'
import { counted, NOTHING, next, shown, type View, when } from '../view.ts'

const COLUMNS: readonly Column[] = [
  { title: 'ID', importance: 3 },
  { title: 'KIND', importance: 2 },
  { title: 'LABEL', importance: 0 },
  { title: 'KEY ID', importance: 1 },
  { title: 'CREATED', importance: 1 },
]

/** `crm key generate`: the key and nothing else, so that it can be piped. */
export const keyView: View<KeyAnswer> = ({ key }) => key

/** `crm key list`, oldest first. */
export const keyListView: View<KeyListAnswer> = ({ slots }, style) => {
  const rows = slots.map(({ id, kind, label, keyId, createdAt }) => [
    { text: shown(id, style) },
    { text: kind },
    { text: shown(label, style) },
    { text: keyId ?? NOTHING },
    { text: when(createdAt, style) },
  ])
  return renderTable(COLUMNS, rows, style)
}

/** `crm key add`. */
export const keyAddedView: View<KeySlotAddedAnswer> = ({ slot }, style) =>
  `${style.ok(style.symbols.ok)} added a key slot: ${slot.kind} (${shown(slot.label, style)}), id ${shown(slot.id, style)}${next('crm key list', style)}`

/** `crm passwd`. */
export const passphraseChangedView: View<KeySlotAddedAnswer> = ({ slot }, style) =>
  `${style.ok(style.symbols.ok)} changed the passphrase ${shown(slot.label, style)}; the old one opens nothing here any more${next('crm key list', style)}`

/** `crm key rotate`: what it did, and what it cannot undo. */
export const keyRotatedView: View<KeyRotateAnswer> = ({ generation, rows, kept, dropped }, style) =>
  [
    `${style.ok(style.symbols.ok)} made data key ${generation}: ${counted(rows, 'row')} sealed anew, ${counted(kept.length, 'key slot')} kept, ${dropped.length} dropped`,
    '  Backups made before open with the old keys. If a key leaked, renew the tokens at their CRM too:',
    '  what somebody copied stays readable to them.',
  ].join('\n')
