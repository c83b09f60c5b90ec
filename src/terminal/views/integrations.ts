import type { IntegrationAnswer, IntegrationManyAnswer, IntegrationOneAnswer, ListAnswer, ListSummary } from '../../core/answers.ts'
import { SECRET_MASK } from '../../core/secret.ts'
import { showDuration } from '../relative-time.ts'
import type { Style } from '../style.ts'
import { type Cell, type Column, renderTable } from '../table.ts'
import { counted, lines, NOTHING, next, pairs, shown, type View, when } from '../view.ts'
import { checkLines, outcomeText } from './tests.ts'

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
  const host = typeof baseUrl === 'string' && URL.canParse(baseUrl) ? new URL(baseUrl).host : undefined
  if (accountId === undefined || accountId === '') return host ?? ''
  return host === undefined ? String(accountId) : `${accountId} on ${host}`
}

function lastTestText({ lastTest }: IntegrationAnswer, style: Style): string {
  if (lastTest === null) return 'never'
  const outcome = lastTest.outcome === 'connected' ? 'connected' : `failed: ${lastTest.cause ?? 'unknown'}`
  return `${outcome}, ${when(lastTest.checkedAt, style)}`
}

function row(integration: IntegrationAnswer, style: Style): Cell[] {
  const { lastTest } = integration
  const testPaint = lastTest === null ? style.dim : lastTest.outcome === 'connected' ? style.ok : style.error
  return [
    { text: shown(integration.name, style) },
    { text: shown(integration.provider, style) },
    { text: shown(accountOf(integration), style) },
    integration.active ? { text: 'yes' } : { text: 'no', paint: style.warn },
    { text: lastTestText(integration, style), paint: testPaint },
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

function secretText(secret: IntegrationAnswer['secrets'][string], style: Style): string {
  if (!secret.set) return 'not set'
  if (secret.value !== undefined) return lines(secret.value)
  return secret.updatedAt === null ? SECRET_MASK : `${SECRET_MASK}  ${style.dim(`set ${when(secret.updatedAt, style)}`)}`
}

function details(integration: IntegrationAnswer, style: Style): string {
  const settings = Object.entries(integration.settings).map(([key, value]) => [shown(key, style), shown(String(value), style)] as const)
  const secrets = Object.entries(integration.secrets).map(([key, secret]) => [shown(key, style), secretText(secret, style)] as const)
  const facts: (readonly [string, string])[] = [['last test', lastTestText(integration, style)]]
  if (integration.source === 'environment') facts.push(['source', 'variables of the environment'])
  else
    facts.push(
      ['changed', `${when(integration.updatedAt, style)}, revision ${integration.revision}`],
      ['created', when(integration.createdAt, style)],
    )
  return pairs([...settings, ...secrets, ...facts], style)
}

function headline({ name, provider, profile, active }: IntegrationAnswer, style: Style): string {
  const state = active ? style.ok('active') : style.warn('inactive')
  return `${style.accent(shown(name, style))} (${shown(provider, style)}, profile ${shown(profile, style)}, ${state})`
}

/** `crm show`: everything but the secrets, which are masked unless `--reveal` brought them. */
export const showView: View<IntegrationOneAnswer> = ({ integration }, style) => {
  const unverified = integration.source === 'vault' && !integration.verified ? `\n${style.dim('  not verified: profile is locked')}` : ''
  return `${headline(integration, style)}\n${details(integration, style)}${unverified}`
}

function changed(verb: string, nextCommand: (name: string) => string): View<IntegrationOneAnswer> {
  return ({ integration, test }, style) => {
    const name = shown(integration.name, style)
    const state = integration.active ? '' : ', inactive'
    const first = `${style.ok(style.symbols.ok)} ${verb} ${style.accent(name)} (${shown(integration.provider, style)}${state})`
    const tested =
      test === null
        ? []
        : [
            `  ${outcomeText(test, style)}${test.latencyMs === null ? '' : ` in ${showDuration(test.latencyMs)}`}`,
            ...checkLines(test, style),
          ]
    return [first, ...tested].join('\n') + next(nextCommand(name), style)
  }
}

/** `crm add`: what was saved, how its test went, and what to do next. */
export const addedView = changed('added', (name) => `crm show ${name}`)
/** `crm edit`. */
export const editedView = changed('changed', (name) => `crm test ${name}`)

/** `crm toggle`: the new state, and how to undo it. */
export const toggledView: View<IntegrationOneAnswer> = ({ integration }, style) => {
  const name = shown(integration.name, style)
  const state = integration.active ? style.ok('active') : style.warn('inactive')
  return `${style.accent(name)} is now ${state}${next(`crm toggle ${name} --${integration.active ? 'off' : 'on'} (to undo)`, style)}`
}

/** `crm add --from` with several: one line each. */
export const addedManyView: View<IntegrationManyAnswer> = ({ integrations }, style) => {
  const each = integrations.map(
    ({ integration }) => `${style.ok(style.symbols.ok)} added ${shown(integration.name, style)} (${shown(integration.provider, style)})`,
  )
  return `${each.join('\n')}${integrations.length === 0 ? NOTHING : next('crm test', style)}`
}
