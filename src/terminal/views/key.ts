import type { KeyAnswer, KeyListAnswer, KeySlotAddedAnswer } from '../../core/answers.ts'
import { type Column, renderTable } from '../table.ts'
import { next, shown, type View, when } from '../view.ts'

const COLUMNS: readonly Column[] = [
  { title: 'ID', importance: 3 },
  { title: 'KIND', importance: 2 },
  { title: 'LABEL', importance: 0 },
  { title: 'CREATED', importance: 1 },
]

/** `crm key generate`: the key and nothing else, so that it can be piped. */
export const keyView: View<KeyAnswer> = ({ key }) => key

/** `crm key list`, oldest first. */
export const keyListView: View<KeyListAnswer> = ({ slots }, style) => {
  const rows = slots.map(({ id, kind, label, createdAt }) => [
    { text: shown(id, style) },
    { text: kind },
    { text: shown(label, style) },
    { text: when(createdAt, style) },
  ])
  return renderTable(COLUMNS, rows, style)
}

/** `crm key add`. */
export const keyAddedView: View<KeySlotAddedAnswer> = ({ slot }, style) =>
  `${style.ok(style.symbols.ok)} added a key slot: ${slot.kind} (${shown(slot.label, style)}), id ${shown(slot.id, style)}${next('crm key list', style)}`
