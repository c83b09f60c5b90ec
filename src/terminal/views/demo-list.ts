import type { DemoListAnswer } from '../../core/answers.ts'
import { type Column, renderTable } from '../table.ts'
import { next, shown, type View, when } from '../view.ts'

const COLUMNS: readonly Column[] = [
  { title: 'DEMO', importance: 5 },
  { title: 'NAME', importance: 0 },
  { title: 'INTEGRATION', importance: 1 },
  { title: 'STATUS', importance: 4 },
  { title: 'INBOX', importance: 3 },
  { title: 'BOT', importance: 3 },
  { title: 'CREATED', importance: 2 },
]

/** `crm demo-list`. */
export const demoListView: View<DemoListAnswer> = ({ demos }, style) => {
  const rows = demos.map((demo) => [
    { text: shown(demo.slug, style) },
    { text: shown(demo.name, style) },
    { text: shown(demo.integration, style) },
    { text: demo.status, paint: demo.status === 'ready' ? style.ok : style.warn },
    { text: shown(demo.inboxId, style) },
    { text: shown(demo.botId, style) },
    { text: when(demo.createdAt, style) },
  ])
  if (rows.length === 0) return style.terminal ? `No demos.${next('crm demo-create --name "Acme Dental" --bot-url <url>', style)}` : ''
  return renderTable(COLUMNS, rows, style)
}
