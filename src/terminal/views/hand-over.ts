import type { ExportAnswer, ImportAnswer, ImportItem } from '../../core/answers.ts'
import type { Style } from '../style.ts'
import { counted, lines, next, shown, type View, whole } from '../view.ts'

/** `crm export`: where it was written and who can open it, or the file itself. */
export const exportView: View<ExportAnswer> = ({ format, recipients, integrations, path, text }, style) => {
  if (path === null) return lines((text ?? '').replace(/\n$/, ''))
  const what = counted(integrations.length, 'integration')
  if (format !== 'age') return `${style.ok(style.symbols.ok)} wrote ${what} to ${whole(path)}, readable by whoever has the file`
  const who = recipients.length === 0 ? 'opened by the passphrase' : `opened by ${recipients.map((each) => whole(each)).join(', ')}`
  const how = recipients.length === 0 ? '' : ' --identity <file>'
  return `${style.ok(style.symbols.ok)} sealed ${what} in ${whole(path)}, ${who}${next(`crm import ${whole(path)}${how}`, style)}`
}

/** Most integrations that are told one by one; the others are counted, and all stand in the answer of `--json`. */
const MOST_LINES = 100

function itemLines(items: readonly ImportItem[], planned: boolean, style: Style): readonly string[] {
  const told = items.slice(0, MOST_LINES).map((item) => itemLine(item, planned, style))
  return items.length <= MOST_LINES ? told : [...told, `  and ${items.length - MOST_LINES} more; all of them with --json`]
}

const DONE: Readonly<Record<ImportItem['action'], string>> = {
  add: 'added',
  keep: 'same',
  replace: 'replaced',
  skip: 'skipped',
  refuse: 'refused',
}

function itemLine({ name, provider, state, action, changes }: ImportItem, planned: boolean, style: Style): string {
  const { symbols } = style
  const mark =
    action === 'add'
      ? style.ok(symbols.create)
      : action === 'replace'
        ? style.warn(symbols.update)
        : action === 'refuse'
          ? style.error(symbols.failed)
          : style.dim(symbols.skipped)
  const differs = changes.length === 0 ? '' : `: ${changes.map((each) => shown(each, style)).join(', ')}`
  return `  ${mark} ${(planned ? state : DONE[action]).padEnd(8)} ${shown(name, style)} ${style.dim(`(${shown(provider, style)})`)}${differs}`
}

/** What an import is about to do, one line for each integration that is not the same already; values are never shown. */
export function importPlanText({ integrations, summary }: Pick<ImportAnswer, 'integrations' | 'summary'>, style: Style): string {
  const told = itemLines(
    integrations.filter(({ state }) => state !== 'same'),
    true,
    style,
  )
  return [...told, `Plan: ${summary.new} new, ${summary.differs} different, ${summary.same} the same`].join('\n')
}

/** `crm import`: the plan, or what was done. */
export const importView: View<ImportAnswer> = (answer, style) => {
  const { changed, dryRun, integrations } = answer
  if (dryRun || integrations.some(({ action }) => action === 'refuse')) return `${importPlanText(answer, style)}\nNothing was changed.`
  const told = itemLines(
    integrations.filter(({ action }) => action !== 'keep'),
    false,
    style,
  )
  const count = (action: ImportItem['action']): number => integrations.filter((item) => item.action === action).length
  const counts = `Imported: ${count('add')} added, ${count('replace')} replaced, ${count('skip')} skipped, ${count('keep')} the same`
  return [...told, counts].join('\n') + (changed ? next('crm test', style) : '')
}
