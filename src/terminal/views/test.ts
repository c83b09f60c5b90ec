import type { TestAnswer, TestResult } from '../../core/answers.ts'
import { showDuration } from '../relative-time.ts'
import type { Style } from '../style.ts'
import { type Cell, type Column, renderTable } from '../table.ts'
import { counted, NOTHING, next, pairs, shown, type View, when, whole } from '../view.ts'

/** The outcome with its symbol: `✓ connected`, `✗ failed: auth_rejected`, `– skipped`. */
export function outcomeText(result: TestResult, style: Style): string {
  if (result.outcome === 'connected') return style.ok(`${style.symbols.ok} connected`)
  if (result.outcome === 'skipped') return style.dim(`${style.symbols.skipped} skipped`)
  return style.error(`${style.symbols.failed} failed: ${result.cause ?? 'internal'}`)
}

/** One line for each thing that the test looked at. */
export function checkLines(result: TestResult, style: Style): string[] {
  return result.checks.map(({ name, passed, detail }) => {
    const mark = passed ? style.ok(style.symbols.ok) : style.error(style.symbols.failed)
    return `  ${mark} ${shown(name, style)}${detail === null ? '' : `: ${shown(detail, style)}`}`
  })
}

function identityRows(result: TestResult, style: Style): (readonly [string, string])[] {
  const { identity, server } = result
  const rows: (readonly [string, string])[] = []
  const account = [
    identity?.accountName,
    identity?.accountId === undefined || identity?.accountId === null ? null : `(${identity.accountId})`,
  ]
  const user = [
    identity?.userName,
    identity?.userEmail,
    identity?.role === undefined || identity?.role === null ? null : `(${identity.role})`,
  ]
  for (const [name, parts] of [['account', account] as const, ['user', user] as const]) {
    const known = parts.filter((part) => part !== null && part !== undefined && part !== '')
    if (known.length > 0) rows.push([name, known.map((part) => shown(part, style)).join(' ')])
  }
  if (server?.version !== null && server?.version !== undefined) rows.push(['server', `version ${shown(server.version, style)}`])
  return rows
}

/** One result in full. The cause and the fix of a failure stand in the error below it. */
function oneResult(result: TestResult, style: Style): string {
  const timing = result.latencyMs === null ? '' : `, ${showDuration(result.latencyMs)}`
  const cached = result.cached ? `, tested ${when(result.checkedAt, style)} (--fresh asks again)` : ''
  const source = result.source === 'environment' ? ', from the environment' : ''
  const first = `${outcomeText(result, style)}  ${style.accent(shown(result.name, style))} (${shown(result.provider, style)}${source})${timing}${cached}`
  const rows = identityRows(result, style)
  const skipped = result.outcome === 'skipped' && result.message !== null ? [`  ${shown(result.message, style)}`] : []
  return [first, ...skipped, ...(rows.length === 0 ? [] : [pairs(rows, style)]), ...checkLines(result, style)].join('\n')
}

/** The test of values that are not saved yet: in full, with the cause and the fix, since no error follows. */
export const attemptView: View<TestResult> = (result, style) => {
  const cause = result.message === null ? [] : [`  cause: ${whole(result.message)}`]
  const fix = result.hint === null ? [] : [`  fix:   ${whole(result.hint)}`]
  return [oneResult(result, style), ...cause, ...fix].join('\n')
}

/** Where results are of several profiles. */
const PROFILE: Column = { title: 'PROFILE', importance: 4 }

const COLUMNS: readonly Column[] = [
  { title: 'NAME', importance: 4 },
  { title: 'PROVIDER', importance: 1 },
  { title: 'OUTCOME', importance: 3 },
  { title: 'TIME', importance: 2 },
  { title: 'ACCOUNT OR CAUSE', importance: 0 },
]

function row(result: TestResult, style: Style): Cell[] {
  const { outcome, identity, message, latencyMs } = result
  const symbol = outcome === 'connected' ? style.symbols.ok : outcome === 'failed' ? style.symbols.failed : style.symbols.skipped
  const paint = outcome === 'connected' ? style.ok : outcome === 'failed' ? style.error : style.dim
  const word = outcome === 'failed' && !style.terminal ? `failed: ${result.cause ?? 'internal'}` : outcome
  return [
    { text: shown(result.name, style) },
    { text: shown(result.provider, style) },
    { text: style.terminal ? `${symbol} ${word}` : word, paint },
    { text: latencyMs === null ? NOTHING : style.terminal ? showDuration(latencyMs) : String(latencyMs) },
    { text: shown(outcome === 'connected' ? (identity?.accountName ?? identity?.accountId) : message, style) },
  ]
}

function fixes(results: readonly TestResult[], style: Style): string[] {
  const failed = results.filter((result) => result.outcome === 'failed' && result.hint !== null)
  return failed.map((result) => `  ${shown(result.name, style)}: ${whole(result.hint ?? '')}`)
}

/** `crm test`: one result in full, several as a table with a summary and the fix of each failure. */
export const testView: View<TestAnswer> = async ({ results, summary }, style) => {
  const [only] = results
  if (only === undefined) return `Nothing to test.${next('crm add', style)}`
  if (results.length === 1) return oneResult(only, style)
  const isOfOne = results.every(({ profile }) => profile === only.profile)
  const table = await renderTable(
    isOfOne ? COLUMNS : [PROFILE, ...COLUMNS],
    results.map((result) => [...(isOfOne ? [] : [{ text: shown(result.profile, style) }]), ...row(result, style)]),
    style,
  )
  if (!style.terminal) return table
  const counts = `${counted(summary.total, 'integration')}: ${summary.connected} connected, ${summary.failed} failed, ${summary.skipped} skipped`
  const toFix = fixes(results, style)
  return [table, '', counts, ...(toFix.length === 0 ? [] : ['to fix:', ...toFix])].join('\n')
}
