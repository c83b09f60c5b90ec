import type { TourAnswer } from '../../core/answers.ts'
import { showDuration } from '../relative-time.ts'
import { counted, next, type View } from '../view.ts'

/** `crm tour`: the last line, after each step was printed as it ended. */
export const tourView: View<TourAnswer> = ({ steps, durationMs }, style) =>
  `\n${style.ok(style.symbols.ok)} ${counted(steps.length, 'command')} in ${showDuration(durationMs)}; vault and sandbox are gone${next('crm add chatwoot', style)}`
