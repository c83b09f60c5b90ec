import type { IntegrationAnswer, ListAnswer, ListSummary } from '../../core/answers.ts'
import type { Style } from '../style.ts'
import { type Cell, type Column, isTabbed, renderTable, tabbed } from '../table.ts'
import { CELL_WORDS, counted, lastTestText, next, shown, type View } from '../view.ts'

const COLUMNS: readonly Column[] = [
  { title: 'NAME', importance: 4 },
  { title: 'PROVIDER', importance: 2 },
  { title: 'ACCOUNT', importance: 0 },
  { title: 'ACTIVE', importance: 3 },
  { title: 'LAST TEST', importance: 1 },
]

type Row = Pick<IntegrationAnswer, 'name' | 'provider' | 'active' | 'settings' | 'lastTest' | 'verified' | 'source'>

/** What the view reads of an answer: the integrations, once, or the lines that stand for them where no person looks. */
export type ListTable = Pick<ListAnswer, 'profile' | 'summary'> &
  ({ readonly integrations: Iterable<Row> } | { readonly lines: readonly string[] })

/** Which account of which server: `3 on chat.example.com`. */
function accountOf({ settings }: Row): string {
  const { accountId, baseUrl } = settings
  // Addresses are normalised when they are saved; parsing a thousand of them again takes longer than printing them.
  const host = typeof baseUrl === 'string' ? /^https?:\/\/([^/?#]+)/.exec(baseUrl)?.[1] : undefined
  if (accountId === undefined || accountId === '') return host ?? ''
  return host === undefined ? String(accountId) : `${accountId} on ${host}`
}

function texts(integration: Row, style: Style): readonly [string, string, string, string, string] {
  return [
    shown(integration.name, style),
    shown(integration.provider, style),
    shown(accountOf(integration), style),
    integration.active ? CELL_WORDS.yes : CELL_WORDS.no,
    lastTestText(integration.lastTest, style),
  ]
}

/** How lines that are made elsewhere say what this view says. */
export const LINE_WORDS = CELL_WORDS

/** Whether text that was made elsewhere is what this view would print of so many integrations. */
export function areLines(text: string, count: number): boolean {
  return isTabbed(text, count, COLUMNS.length)
}

function row(integration: Row, style: Style): Cell[] {
  const [name, provider, account, active, test] = texts(integration, style)
  const { lastTest } = integration
  const testPaint = lastTest === null ? style.dim : lastTest.outcome === 'connected' ? style.ok : style.error
  return [
    { text: name },
    { text: provider },
    { text: account },
    { text: active, ...(integration.active ? {} : { paint: style.warn }) },
    { text: test, paint: testPaint },
  ]
}

function totals({ total, active, failing, untested }: ListSummary): string {
  return `${counted(total, 'integration')}: ${active} active, ${failing} failing, ${untested} never tested`
}

/** `crm list`: a table, and for people the totals under it. */
export const listView: View<ListTable> = async (data, style) => {
  if ('lines' in data) return data.lines.join('\n')
  if (!style.terminal) return Array.from(data.integrations, (integration) => tabbed(texts(integration, style))).join('\n')
  const integrations = [...data.integrations]
  const rows = integrations.map((integration) => row(integration, style))
  const profile = `profile ${shown(data.profile, style)}`
  if (rows.length === 0) return `No integrations in ${profile}.${next('crm add', style)}`
  const locked = integrations.some(({ source, verified }) => source === 'vault' && !verified)
  const note = locked ? style.dim(' (not verified: profile is locked)') : ''
  return `${await renderTable(COLUMNS, rows, style)}\n\n${profile}, ${totals(data.summary)}${note}`
}
