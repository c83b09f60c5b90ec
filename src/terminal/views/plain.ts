import type { HelpAnswer, SandboxAnswer, VaultPathAnswer } from '../../core/answers.ts'
import { type View, whole } from '../view.ts'

/** `crm vault path`: the path and nothing else. */
export const vaultPathView: View<VaultPathAnswer> = ({ path }) => whole(path)

/** `crm help <topic>`. */
export const helpView: View<HelpAnswer> = ({ text }) => text.trimEnd()

/** `crm sandbox`: lines for a shell to evaluate. */
export const sandboxView: View<SandboxAnswer> = ({ environment }) =>
  Object.entries(environment)
    .map(([name, value]) => `export ${name}='${whole(value).replaceAll("'", "'\\''")}'`)
    .join('\n')
