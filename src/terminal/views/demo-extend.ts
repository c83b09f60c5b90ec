import type { DemoExtendAnswer } from '../../core/answers.ts'
import { shown, type View } from '../view.ts'

/** `crm demo-extend`: when the demo ends now. */
export const demoExtendView: View<DemoExtendAnswer> = ({ changed, demo }, style) => {
  const { slug, expiresAt } = demo
  const end = expiresAt === null ? 'has no end' : `ends at ${shown(expiresAt, style)}`
  return `${style.ok(style.symbols.ok)} demo ${style.accent(shown(slug, style))} ${end}${changed ? '' : ', as before'}`
}
