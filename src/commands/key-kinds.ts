import { CrmError } from '../core/errors.ts'

/** The kinds of key slot that can be made. */
export const KEY_KINDS = ['env', 'file', 'keychain', 'passphrase'] as const

/** One of {@link KEY_KINDS}. */
export type KeyKind = (typeof KEY_KINDS)[number]

/** Reads `--key` and the like. @param how what stands before a kind. @throws {CrmError} `usage` naming the kinds. */
export function parseKeyKind(text: string, how = '--key'): KeyKind {
  const kind = KEY_KINDS.find((candidate) => candidate === text)
  if (kind !== undefined) return kind
  throw new CrmError('usage', 'no such kind of key', {
    reason: `there are: ${KEY_KINDS.join(', ')}`,
    hint: `for CI: ${how} env, on your own machine: ${how} passphrase`,
  })
}
