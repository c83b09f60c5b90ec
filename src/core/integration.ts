import { CrmError, type ErrorCode } from './errors.ts'
import type { SettingValue } from './field.ts'

/** What names of profiles, integrations and demos look like, after lower-casing. */
export const NAME_PATTERN = /^[a-z0-9][a-z0-9._-]{0,63}$/

/**
 * A name in its stored form: lower case.
 * @throws {CrmError} `usage`, with the rule.
 */
export function parseName(text: string, what: string): string {
  const name = text.toLowerCase()
  if (!NAME_PATTERN.test(name)) {
    throw new CrmError('usage', `not a valid ${what} name`, {
      reason: 'a name has 1 to 64 of a-z, 0-9, dot, underscore and hyphen, and starts with a letter or digit',
      hint: `choose another ${what} name, for example: acme-prod`,
    })
  }
  return name
}

/** A name made from free text: `Acme Dental GmbH` → `acme-dental-gmbh`; empty when nothing is left of it. */
export function nameFrom(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 64)
    .replace(/-+$/, '')
}

/** Where the values of an integration come from. */
export type Source = 'vault' | 'environment'

/** The last connection test of an integration. Display only: it is not authenticated. */
export interface LastTest {
  readonly outcome: 'connected' | 'failed'
  readonly cause: ErrorCode | null
  readonly checkedAt: string
  readonly latencyMs: number
}

/** The public record of an integration: `I` of the JSON contract. Times are RFC 3339 UTC. */
export interface Integration {
  readonly name: string
  readonly provider: string
  readonly profile: string
  readonly active: boolean
  readonly settings: Readonly<Record<string, SettingValue>>
  readonly secrets: Readonly<Record<string, { readonly set: boolean; readonly updatedAt: string | null }>>
  /** Counts the changes, from 1. */
  readonly revision: number
  /** Null for the one made of variables, which nobody created. */
  readonly createdAt: string | null
  readonly updatedAt: string | null
  readonly lastTest: LastTest | null
  /** Whether the row was opened with the profile's key, which proves every column of it. */
  readonly verified: boolean
}
