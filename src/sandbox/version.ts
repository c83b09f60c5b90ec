import { CrmError } from '../core/errors.ts'

/** Major, minor and patch number of a Chatwoot release. */
export type Version = readonly [major: number, minor: number, patch: number]

/** The oldest release whose differences are known (contract, section 0). */
const OLDEST: Version = [2, 4, 0]

/**
 * Reads `MAJOR.MINOR[.PATCH]`; text behind it, as forks append, is left out of comparisons.
 * @throws {CrmError} `usage` for anything else, and for releases before 2.4.
 */
export function parseVersion(text: string): Version {
  const match = /^(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?(?![\d.])/.exec(text)
  if (match === null) {
    throw new CrmError('usage', 'not a Chatwoot version', { hint: 'give a release, for example: --server-version 4.15.1' })
  }
  const version: Version = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)]
  if (compare(version, OLDEST) < 0) {
    throw new CrmError('usage', 'this Chatwoot version is too old for the sandbox', { hint: 'use 2.4 or later: --server-version 4.15.1' })
  }
  return version
}

/** Negative, zero or positive as the first release is older than, the same as or newer than the second. */
export function compare(left: Version, right: Version): number {
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2]
}
