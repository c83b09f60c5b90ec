import type { Origin, WhichAnswer } from '../../core/answers.ts'
import type { Style } from '../style.ts'
import { pairs, type View, whole } from '../view.ts'

function originText({ value, from }: Origin, style: Style): string {
  return `${value === null ? 'none' : style.accent(whole(value))}  ${style.dim(`from ${whole(from)}`)}`
}

/** `crm which`: what is in use, and why. */
export const whichView: View<WhichAnswer> = ({ profile, vault, keySource }, style) =>
  pairs(
    [
      ['profile', originText(profile, style)],
      ['vault', originText(vault, style)],
      ['key source', originText(keySource, style)],
    ],
    style,
  )
