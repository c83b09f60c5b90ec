import type { IntegrationAnswer, ListAnswer, ListSummary } from '../../core/answers.ts'
import type { Style } from '../style.ts'
import { type Cell, type Column, renderTable } from '../table.ts'
import { counted, lastTestText, next, shown, type View } from '../view.ts'

const COLUMNS: readonly Column[] = [
  { title: 'NAME', importance: 4 },
  { title: 'PROVIDER', importance: 2 },
  { title: 'ACCOUNT', importance: 0 },
  { title: 'ACTIVE', importance: 3 },
  { title: 'LAST TEST', importance: 1 },
]

/** Which account of which server: `3 on chat.example.com`. */
function accountOf({ settings }: IntegrationAnswer): string {
  const { accountId, baseUrl } = settings
  // Addresses are normalised when they are saved; parsing a thousand of them again takes longer than printing them.
  const host = typeof baseUrl === 'string' ? /^https?:\/\/([^/?#]+)/.exec(baseUrl)?.[1] : undefined
  if (accountId === undefined || accountId === '') return host ?? ''
  return host === undefined ? String(accountId) : `${accountId} on ${host}`
}

function row(integration: IntegrationAnswer, style: Style): Cell[] {
  const { lastTest } = integration
  const testPaint = lastTest === null ? style.dim : lastTest.outcome === 'connected' ? style.ok : style.error
  return [
    { text: shown(integration.name, style) },
    { text: shown(integration.provider, style) },
    { text: shown(accountOf(integration), style) },
    integration.active ? { text: 'yes' } : { text: 'no', paint: style.warn },
    { text: lastTestText(integration.lastTest, style), paint: testPaint },
  ]
}

function totals({ total, active, failing, untested }: ListSummary): string {
  return `${counted(total, 'integration')}: ${active} active, ${failing} failing, ${untested} never tested`
}

/** `crm list`: a table, and for people the totals under it. */
export const listView: View<ListAnswer> = async (data, style) => {
  const rows = data.integrations.map((integration) => row(integration, style))
  if (!style.terminal) return renderTable(COLUMNS, rows, style)
  const profile = `profile ${shown(data.profile, style)}`
  if (rows.length === 0) return `No integrations in ${profile}.${next('crm add', style)}`
  const locked = data.integrations.some(({ source, verified }) => source === 'vault' && !verified)
  const note = locked ? style.dim(' (not verified: profile is locked)') : ''
  return `${await renderTable(COLUMNS, rows, style)}\n\n${profile}, ${totals(data.summary)}${note}`
}
