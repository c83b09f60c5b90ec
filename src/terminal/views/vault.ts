import type { VaultPathAnswer, VaultVerifyAnswer } from '../../core/answers.ts'
import { counted, shown, type View, whole } from '../view.ts'

/** `crm vault path`: the path and nothing else. */
export const vaultPathView: View<VaultPathAnswer> = ({ path }) => whole(path)

/** `crm vault verify`: what was opened, and each thing that is wrong. */
export const vaultVerifyView: View<VaultVerifyAnswer> = ({ rows, problems }, style) => {
  const { symbols } = style
  if (problems.length === 0) return `${style.ok(symbols.ok)} ${counted(rows, 'row')} opened and checked, no problems`
  const each = problems.map(
    ({ table, name, code, message }) =>
      `  ${style.error(symbols.failed)} ${shown(table, style)} ${shown(name, style)}: ${whole(message)} (${shown(code, style)})`,
  )
  return [`${counted(problems.length, 'problem')} in ${counted(rows, 'row')}:`, ...each].join('\n')
}
