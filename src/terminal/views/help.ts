import type { HelpAnswer } from '../../core/answers.ts'
import type { View } from '../view.ts'

/** `crm help <topic>`. */
export const helpView: View<HelpAnswer> = ({ text }) => text.trimEnd()
