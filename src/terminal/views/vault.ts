import type { VaultCopyAnswer, VaultPathAnswer, VaultRestoreAnswer, VaultVerifyAnswer } from '../../core/answers.ts'
import { counted, shown, type View, whole } from '../view.ts'

/** `crm vault path`: the path and nothing else. */
export const vaultPathView: View<VaultPathAnswer> = ({ path }) => whole(path)

/** `crm vault verify`: what was opened, and each thing that is wrong. */
export const vaultVerifyView: View<VaultVerifyAnswer> = ({ rows, problems }, style) => {
  const { symbols } = style
  if (problems.length === 0) return `${style.ok(symbols.ok)} ${counted(rows, 'row')} opened and checked, no problems`
  const each = problems.map(
    ({ table, name, code, message, hint }) =>
      `  ${style.error(symbols.failed)} ${shown(table, style)} ${shown(name, style)}: ${whole(message)} (${shown(code, style)})\n    ${style.symbols.arrow} ${whole(hint)}`,
  )
  return [`${counted(problems.length, 'problem')} in ${counted(rows, 'row')}:`, ...each].join('\n')
}

/** `crm vault backup`. */
export const vaultBackupView: View<VaultCopyAnswer> = ({ file, rows }, style) =>
  `${style.ok(style.symbols.ok)} wrote ${whole(file)}: ${counted(rows, 'row')} read back and opened. It opens with the keys of today.`

/** `crm vault restore`. */
export const vaultRestoredView: View<VaultRestoreAnswer> = ({ file, rows, previous }, style) =>
  `${style.ok(style.symbols.ok)} restored ${whole(file)}: ${counted(rows, 'row')} opened and checked\n  What was there before lies in ${whole(previous)}`
