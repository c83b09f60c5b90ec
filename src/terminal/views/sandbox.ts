import type { SandboxAnswer } from '../../core/answers.ts'
import { type View, whole } from '../view.ts'

/** `crm sandbox`: lines for a shell to evaluate. */
export const sandboxView: View<SandboxAnswer> = ({ environment }) =>
  Object.entries(environment)
    .map(([name, value]) => `export ${name}='${whole(value).replaceAll("'", "'\\''")}'`)
    .join('\n')
