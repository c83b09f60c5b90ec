import type { WebhookListenAnswer, WebhookVerifyAnswer } from '../../core/answers.ts'
import { counted, type View, when } from '../view.ts'

/** `crm webhook verify`. */
export const webhookVerifyView: View<WebhookVerifyAnswer> = ({ signature, signedAt }, style) => {
  if (signature === 'invalid' || signature === 'missing') return style.error(`${style.symbols.failed} signature ${signature}`)
  return `${style.ok(`${style.symbols.ok} signature valid`)}, ${signedAt === null ? 'with a time that is no date' : `signed ${when(signedAt, style)}`}`
}

/** `crm webhook listen`, once it has ended: each delivery was printed as it came. */
export const webhookListenView: View<WebhookListenAnswer> = ({ deliveries }, style) =>
  style.terminal ? style.dim(counted(deliveries.length, 'delivery', 'deliveries')) : ''
