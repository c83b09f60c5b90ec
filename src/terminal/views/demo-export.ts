import type { DemoExportAnswer } from '../../core/answers.ts'
import { counted, lines, type View, whole } from '../view.ts'

/** `crm demo-export`: the file itself, or where it was written. */
export const demoExportView: View<DemoExportAnswer> = ({ demos, path, text }, style) => {
  if (path === null) return lines(text.replace(/\n$/, ''))
  return `${style.ok(style.symbols.ok)} wrote ${counted(demos, 'demo')} to ${whole(path)}`
}
