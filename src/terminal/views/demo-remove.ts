import type { DemoRemoval, DemoRemoveAnswer } from '../../core/answers.ts'
import type { Style } from '../style.ts'
import { counted, listed, NOTHING, shown, type View } from '../view.ts'

function removalLine({ slug, outcome, left, error }: DemoRemoval, style: Style): string {
  const name = shown(slug, style)
  const { symbols } = style
  if (outcome === 'removed') return `${style.ok(symbols.ok)} removed demo ${name}`
  if (outcome === 'planned') return `${style.error('-')} remove demo ${name}`
  if (outcome === 'busy') return `${style.dim(symbols.skipped)} demo ${name} is left to another run, which is working on it`
  if (outcome === 'gone') return `${style.dim(symbols.skipped)} demo ${name} was removed before; nothing to do`
  if (outcome === 'forgotten')
    return `${style.ok(symbols.ok)} forgot the damaged record of demo ${name}; what the server holds of it was not touched`
  if (outcome === 'pending') return `${style.ok(symbols.ok)} removed demo ${name}; deletion pending, Chatwoot finishes it in the background`
  if (outcome === 'failed') return `${style.error(symbols.failed)} demo ${name} was not removed: ${shown(error?.message, style)}`
  const remains = left.map(({ kind, id }) => `${kind} ${shown(id, style)}`)
  return `${style.error(symbols.failed)} demo ${name} is partly removed; left: ${remains.length === 0 ? NOTHING : listed(remains)}`
}

/** `crm demo-remove` and its like: one line for each demo. */
export const demoRemoveView: View<DemoRemoveAnswer> = ({ demos }, style) => {
  if (demos.length === 0) return 'No demos to remove.'
  const each = demos.map((demo) => removalLine(demo, style))
  return demos.length === 1 ? each.join('\n') : [...each, counted(demos.length, 'demo')].join('\n')
}
