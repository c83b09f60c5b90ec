import { CrmError, type ErrorCode } from '../core/errors.ts'
import type { Integration } from '../core/integration.ts'
import { keysInOrder } from '../core/json.ts'

/** The columns of an integration that a list reads. */
export interface IntegrationRow {
  readonly id: Buffer
  readonly name: string
  readonly generation: number
  readonly revision: number
  readonly provider: string
  readonly definition: string
  readonly active: number
  readonly settings: string
  readonly secrets_set: string
  readonly created_at: string
  readonly updated_at: string
  readonly last_outcome: 'connected' | 'failed' | null
  readonly last_cause: string | null
  readonly last_checked_at: string | null
  readonly last_latency_ms: number | null
}

/** Which secrets are set, and since when. Display only: the truth is inside the seal. */
export type SecretsSet = Record<string, { readonly set: true; readonly updatedAt: string }>

/** JSON as it is stored for lists: keys in order, and indented to stand eight deep in the document of `crm list --json`. */
export function listedJson(value: unknown, margin = '        '): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const inner = `${margin}  `
  const record = value as Readonly<Record<string, unknown>>
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  let members = ''
  const add = (member: string): void => {
    members += `${members === '' ? '' : ','}\n${inner}${member}`
  }
  if (Array.isArray(value)) for (const item of value) add(listedJson(item ?? null, inner))
  else
    for (const key of keysInOrder(record)) if (record[key] !== undefined) add(`${JSON.stringify(key)}: ${listedJson(record[key], inner)}`)
  return members === '' ? `${open}${close}` : `${open}${members}\n${margin}${close}`
}

/** The columns of {@link IntegrationRow}, for a SELECT. */
export const INTEGRATION_COLUMNS =
  'id, name, generation, revision, provider, definition, active, settings, secrets_set, created_at, updated_at, last_outcome, last_cause, last_checked_at, last_latency_ms'

/** A row with its sealed secrets. */
export type SealedIntegrationRow = IntegrationRow & { readonly sealed: Buffer }

/** The object in JSON that a column holds: SQLite looks at most whether it is JSON, and of a large vault not even that. */
export function readMembers<Members>({ name }: Pick<IntegrationRow, 'name'>, text: string): Members {
  let members: unknown
  try {
    members = JSON.parse(text)
  } catch (error) {
    throw changedOutside(`the integration ${name}`, error)
  }
  if (members === null || typeof members !== 'object' || Array.isArray(members)) throw changedOutside(`the integration ${name}`)
  return members as Members
}

/** A row as the domain knows it. @throws {CrmError} `damaged`. */
export function toIntegration(row: IntegrationRow, profile: string, verified: boolean): Integration {
  return {
    name: row.name,
    provider: row.provider,
    profile,
    active: row.active === 1,
    settings: readMembers(row, row.settings),
    secrets: readMembers(row, row.secrets_set),
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lastTest:
      row.last_outcome === null
        ? null
        : {
            outcome: row.last_outcome,
            cause: row.last_cause as ErrorCode | null,
            checkedAt: row.last_checked_at ?? '',
            latencyMs: row.last_latency_ms ?? 0,
          },
    verified,
  }
}

/** The error for a record that is not as it was written. @param what names it. @param hint how to go on without it. */
export function changedOutside(what: string, cause?: unknown, hint = 'see what is affected with: crm vault verify'): CrmError {
  return new CrmError('damaged', `${what} was changed outside of crm`, {
    reason: 'its seal does not fit its record; nothing was sent',
    hint,
    ...(cause === undefined ? {} : { cause }),
  })
}
