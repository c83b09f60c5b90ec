import type { InitAnswer } from '../../core/answers.ts'
import { next, shown, type View, whole } from '../view.ts'

/** `crm init`. */
export const initView: View<InitAnswer> = ({ created, vault, profile, keySlot }, style) => {
  const name = style.accent(shown(profile, style))
  const key = `key: ${keySlot.kind} (${shown(keySlot.label, style)})`
  const first = created
    ? `${style.ok(style.symbols.ok)} created profile ${name} in ${whole(vault)}`
    : `profile ${name} is there already, in ${whole(vault)}`
  return `${first}\n  ${key}${next('crm add', style)}`
}
