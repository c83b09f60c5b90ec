import type { LockAnswer, UnlockAnswer } from '../../core/answers.ts'
import { next, shown, type View, when } from '../view.ts'

/** `crm unlock`: until when, and where the key is kept. */
export const unlockedView: View<UnlockAnswer> = ({ profile, until, place }, style) =>
  `${style.ok(style.symbols.ok)} unlocked ${shown(profile, style)} until ${when(until, style)}; its key is kept in ${place === 'keychain' ? 'the keychain' : 'memory'}${next('crm lock', style)}`

/** `crm lock`. */
export const lockedView: View<LockAnswer> = ({ profile, wasUnlocked }, style) =>
  `${style.ok(style.symbols.ok)} ${shown(profile, style)} ${wasUnlocked ? 'is locked' : 'was locked already'}`
