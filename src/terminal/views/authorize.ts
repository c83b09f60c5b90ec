import type { AuthorizeAnswer } from '../../core/answers.ts'
import { type View, whole } from '../view.ts'

/** `crm authorize`: the code, whole and alone on its line, to be pasted. */
export const authorizeView: View<AuthorizeAnswer> = ({ code }) => whole(code)
