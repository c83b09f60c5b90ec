import type { EnvAnswer } from '../../core/answers.ts'
import { pairs, shown, type View, whole } from '../view.ts'

/** What `crm env` hands over, without the secrets: they are printed as shell text or JSON alone. */
export const envView: View<EnvAnswer> = ({ name, provider, baseUrl, expiresAt, variables }, style) => {
  const rows: (readonly [string, string])[] = [
    ['base URL', whole(baseUrl)],
    ['token until', shown(expiresAt, style)],
    ['variables', Object.keys(variables).join(', ')],
  ]
  return `${style.accent(shown(name, style))} (${shown(provider, style)})\n${pairs(rows, style)}`
}
