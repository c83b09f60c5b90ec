import { CrmError } from '../core/errors.ts'

/** Reads a whole number of a flag. @throws {CrmError} `usage` naming the range. */
export function parseWholeNumber(text: string, flag: string, least: number, most: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (number >= least && number <= most) return number
  throw new CrmError('usage', `${flag} takes a whole number from ${least} to ${most}`, { hint: `for example: ${flag} ${least}` })
}
