import type { AuditAnswer, AuditHeadAnswer, AuditPruneAnswer, AuditVerifyAnswer } from '../../core/answers.ts'
import { canonicalJson } from '../../core/json.ts'
import { type Column, renderTable } from '../table.ts'
import { counted, NOTHING, pairs, shown, type View, when } from '../view.ts'

const COLUMNS: readonly Column[] = [
  { title: 'NO', importance: 5 },
  { title: 'TIME', importance: 3 },
  { title: 'EVENT', importance: 4 },
  { title: 'OUTCOME', importance: 2 },
  { title: 'ACTOR', importance: 1 },
  { title: 'DETAILS', importance: 0 },
]

/** `crm audit`: what was done, oldest first. */
export const auditView: View<AuditAnswer> = async ({ events, verified }, style) => {
  const rows = events.map(({ sequence, at, event, actor, outcome, details }) => [
    { text: String(sequence) },
    { text: when(at, style) },
    { text: shown(event, style) },
    { text: shown(outcome, style) },
    { text: shown(actor, style) },
    { text: Object.keys(details).length === 0 ? NOTHING : shown(canonicalJson(details), style) },
  ])
  const table = await renderTable(COLUMNS, rows, style)
  if (!style.terminal) return table
  return `${table}\n\n${counted(events.length, 'event')}, ${verified ? 'verified' : 'not verified: profile is locked'}`
}

/** `crm audit verify`: whether every row is as it was written, and the first that is not. */
export const auditVerifyView: View<AuditVerifyAnswer> = ({ rows, dropped, firstAt, lastAt, head, firstBad }, style) => {
  const { symbols } = style
  const first =
    firstBad === null
      ? `${style.ok(symbols.ok)} ${counted(rows, 'audit row')}, all as they were written`
      : `${style.error(symbols.failed)} audit row ${firstBad} is not as it was written`
  return `${first}\n${pairs(
    [
      ...(dropped === 0 ? [] : [['dropped before', String(dropped)] as const]),
      ['first', when(firstAt, style)],
      ['last', when(lastAt, style)],
      ['head', head ?? NOTHING],
    ],
    style,
  )}`
}

/** `crm audit head`: one line to keep elsewhere. */
export const auditHeadView: View<AuditHeadAnswer> = ({ sequence, mac }) => `${sequence} ${mac}`

/** `crm audit prune`: what went, and the anchor of what there was. */
export const auditPrunedView: View<AuditPruneAnswer> = ({ dropped, sequence, mac }, style) =>
  `${style.ok(style.symbols.ok)} dropped ${counted(dropped, 'event')}; the log before ended at ${sequence} ${mac}`
