import type { DemoApplyAnswer, DemoApplyItem } from '../../core/answers.ts'
import type { Style } from '../style.ts'
import { padTo } from '../table.ts'
import { NOTHING, next, shown, type View } from '../view.ts'

const DONE: Readonly<Record<DemoApplyItem['action'], string>> = {
  create: 'created',
  update: 'updated',
  keep: 'kept',
  delete: 'removed',
  skip: 'over',
}

function mark({ action, outcome }: DemoApplyItem, style: Style): string {
  const { symbols } = style
  if (outcome === 'failed') return style.error(symbols.failed)
  if (action === 'create') return style.ok(symbols.create)
  if (action === 'update') return style.warn(symbols.update)
  return action === 'delete' ? style.error('-') : style.dim(symbols.skipped)
}

/** What differs of a demo, one line for each setting: what it is now, and what it is to be. */
function changeLines({ changes }: DemoApplyItem, style: Style): readonly string[] {
  const value = (text: string | null): string => (text === null ? NOTHING : JSON.stringify(shown(text, style)))
  return changes.map(
    ({ kind, field, from, to }) => `      ${kind} ${field}: ${style.error(value(from))} ${style.symbols.arrow} ${style.ok(value(to))}`,
  )
}

function itemLines(item: DemoApplyItem, style: Style): readonly string[] {
  const { action, outcome, error, slug, integration } = item
  const word = outcome === 'failed' ? 'failed' : outcome === 'planned' ? action : DONE[action]
  const line = `  ${mark(item, style)} ${padTo(word, 8)} ${shown(slug, style)} ${style.dim(`(${shown(integration, style)})`)}`
  if (error !== null) return [`${line}: ${shown(error.message, style)}`]
  return [line, ...changeLines(item, style)]
}

/** `crm demo-apply`: what is changed, each setting before and after; what stays as it is only as a number. */
export const demoApplyView: View<DemoApplyAnswer> = ({ dryRun, changed, demos, summary }, style) => {
  const told = demos.filter(({ action, outcome }) => outcome === 'failed' || (action !== 'keep' && action !== 'skip'))
  const { create, update, keep, delete: deleted, failed } = summary
  const counts = dryRun
    ? `${create} to create, ${update} to update, ${keep} to keep, ${deleted} to delete`
    : `${create} created, ${update} updated, ${keep} kept, ${deleted} removed`
  const all = failed === 0 ? counts : `${counts}, ${style.error(`${failed} failed`)}`
  const end = dryRun ? 'Nothing was changed.' : changed || failed > 0 ? '' : 'Nothing had to be changed.'
  const text = [...told.flatMap((item) => itemLines(item, style)), dryRun ? `Plan: ${all}` : `Demos: ${all}`, end].filter(
    (line) => line !== '',
  )
  return text.join('\n') + (dryRun && changed ? '' : next('crm demo-list', style))
}
