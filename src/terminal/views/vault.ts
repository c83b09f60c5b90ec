import type { VaultAcceptedAnswer, VaultCopyAnswer, VaultPathAnswer, VaultRestoreAnswer, VaultVerifyAnswer } from '../../core/answers.ts'
import { counted, shown, type View, whole } from '../view.ts'

/** `crm vault path`: the path and nothing else. */
export const vaultPathView: View<VaultPathAnswer> = ({ path }) => whole(path)

/** `crm vault accept-older`: what is the newest from now on. */
export const vaultAcceptedView: View<VaultAcceptedAnswer> = ({ path, profile, changed }, style) =>
  changed
    ? `${style.ok(style.symbols.ok)} accepted ${whole(path)}: the profile ${shown(profile, style)} goes on as it is there`
    : `nothing to accept: ${whole(path)} is the newest that this machine has seen of the profile ${shown(profile, style)}`

/** `crm vault verify`: what was opened, and each thing that is wrong. */
export const vaultVerifyView: View<VaultVerifyAnswer> = ({ rows, verified, unverified, problems }, style) => {
  const { symbols } = style
  const isOne = new Set([...verified, ...unverified, ...problems.map(({ profile }) => profile)]).size === 1
  const checked = isOne ? counted(rows, 'row') : `${counted(rows, 'row')} of ${counted(verified.length, 'profile')}`
  if (problems.length === 0) return `${style.ok(symbols.ok)} ${checked} opened and checked, no problems`
  const each = problems.map(({ profile, table, name, code, message, hint }) => {
    const place = `${isOne ? '' : `${shown(profile, style)}: `}${shown(table, style)} ${shown(name, style)}`
    return `  ${style.error(symbols.failed)} ${place}: ${whole(message)} (${shown(code, style)})\n    ${symbols.arrow} ${whole(hint)}`
  })
  return [`${counted(problems.length, 'problem')} in ${checked}:`, ...each].join('\n')
}

/** `crm vault backup`. */
export const vaultBackupView: View<VaultCopyAnswer> = ({ file, rows }, style) =>
  `${style.ok(style.symbols.ok)} wrote ${whole(file)}: ${counted(rows, 'row')} read back and opened. It opens with the keys of today.`

/** `crm vault restore`. */
export const vaultRestoredView: View<VaultRestoreAnswer> = ({ file, rows, previous }, style) =>
  `${style.ok(style.symbols.ok)} restored ${whole(file)}: ${counted(rows, 'row')} opened and checked\n  What was there before lies in ${whole(previous)}`
