import type { DemoOpenAnswer } from '../../core/answers.ts'
import { type View, whole } from '../view.ts'

/** `crm demo-open`: the address alone, so that it can be passed on. */
export const demoOpenView: View<DemoOpenAnswer> = ({ address }) => whole(address)

/** The same with a drawing of the address below it. */
export function demoOpenDrawn(drawing: readonly string[]): View<DemoOpenAnswer> {
  return (data, style) => [demoOpenView(data, style), ...drawing].join('\n')
}
