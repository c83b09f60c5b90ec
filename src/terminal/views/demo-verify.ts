import type { DemoVerification, DemoVerifyAnswer, ListenedDelivery, TakenDelivery } from '../../core/answers.ts'
import { showDuration } from '../relative-time.ts'
import type { Style } from '../style.ts'
import { NOTHING, shown, type View, whole } from '../view.ts'

/** The steps of a verification, with what `--listen` took. The cause of a silence stands in the error below them. */
export function verificationLines({ steps, reply, deliveries }: DemoVerification, style: Style): string[] {
  const stepLines = steps.map(({ name, passed, detail, latencyMs }) => {
    const mark = passed ? style.ok(style.symbols.ok) : style.error(style.symbols.failed)
    const time = latencyMs === null ? '' : ` ${style.dim(`(${showDuration(latencyMs)})`)}`
    return `  ${mark} ${name.padEnd(8)} ${detail === null ? NOTHING : whole(detail)}${time}`
  })
  const said = reply?.text === null || reply === null ? [] : [`  "${shown(reply.text, style)}"`]
  if (deliveries.length === 0) return [...stepLines, ...said]
  return [...stepLines, ...said, '', style.dim('Deliveries:'), ...deliveries.map((delivery) => deliveryLine(delivery, style))]
}

/** One delivery: when, what, and whether it is what it says. */
export function deliveryLine(delivery: TakenDelivery & Partial<Pick<ListenedDelivery, 'forwarded'>>, style: Style): string {
  const { at, event, messageType, conversationId, signature, forwarded } = delivery
  const paint = signature === 'valid' ? style.ok : signature === 'invalid' || signature === 'stale' ? style.error : style.warn
  const about = [messageType, conversationId === null ? null : `conversation ${shown(conversationId, style)}`].filter(
    (part) => part !== null,
  )
  return `  ${style.dim(at)}  ${shown(event, style)}${about.length === 0 ? '' : ` (${about.map((part) => shown(part, style)).join(', ')})`}  signature ${paint(signature)}${forwarded === undefined || forwarded === null ? '' : `  ${style.symbols.arrow} ${forwarded.status ?? 'no answer'}`}`
}

/** `crm demo-verify`. */
export const demoVerifyView: View<DemoVerifyAnswer> = (data, style) => {
  const { demo, answered, reply } = data
  const head = answered
    ? style.ok(`${style.symbols.ok} the bot of ${shown(demo.name, style)} answered after ${showDuration(reply?.latencyMs ?? 0)}`)
    : style.error(`${style.symbols.failed} the bot of ${shown(demo.name, style)} did not answer`)
  return [head, ...verificationLines(data, style)].join('\n')
}
