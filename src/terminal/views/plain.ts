import type { HelpAnswer, RemovedAnswer, SandboxAnswer, VaultPathAnswer } from '../../core/answers.ts'
import { next, shown, type View, whole } from '../view.ts'

/**
 * What was removed, and one useful next command.
 * @param what `integration`, `profile`, `key slot`.
 */
export function removedView(what: string, nextCommand: string): View<RemovedAnswer> {
  return ({ removed }, style) =>
    `${style.ok(style.symbols.ok)} removed ${what} ${style.accent(shown(removed, style))}${next(nextCommand, style)}`
}

/** `crm vault path`: the path and nothing else. */
export const vaultPathView: View<VaultPathAnswer> = ({ path }) => whole(path)

/** `crm help <topic>`. */
export const helpView: View<HelpAnswer> = ({ text }) => text.trimEnd()

/** `crm sandbox`: lines for a shell to evaluate. */
export const sandboxView: View<SandboxAnswer> = ({ environment }) =>
  Object.entries(environment)
    .map(([name, value]) => `export ${name}='${whole(value).replaceAll("'", "'\\''")}'`)
    .join('\n')
