import { CrmError, type ErrorCode } from '../core/errors.ts'
import type { SettingValue, StoredValues } from '../core/field.ts'
import type { Integration } from '../core/integration.ts'
import { canonicalJson } from '../core/json.ts'
import { Secret } from '../core/secret.ts'
import { OpenError, open, seal } from '../crypto/chunked.ts'
import { encodeContext } from '../crypto/context.ts'

/** Most bytes of one secret, and of the settings of one integration. */
const SECRET_BYTES = 1_048_576
const SETTINGS_BYTES = 65_536

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

/** The columns of {@link IntegrationRow}, for a SELECT. */
export const INTEGRATION_COLUMNS =
  'id, name, generation, revision, provider, definition, active, settings, secrets_set, created_at, updated_at, last_outcome, last_cause, last_checked_at, last_latency_ms'

/** A row with its sealed secrets. */
export type SealedIntegrationRow = IntegrationRow & { readonly sealed: Buffer }

/** What the seal of an integration binds: its whole public record (`security.md` section 4.3). */
export type BoundRecord = Pick<
  IntegrationRow,
  'id' | 'name' | 'generation' | 'revision' | 'provider' | 'definition' | 'active' | 'settings'
>

function integrationContext(profileId: Buffer, row: BoundRecord): Buffer {
  return encodeContext(
    'crm-vault/v1/integration',
    profileId,
    row.id,
    row.generation,
    row.revision,
    row.provider,
    row.definition,
    row.name,
    row.active,
    row.settings,
  )
}

/** Seals the secrets of an integration for exactly this public record; an empty set too, since an unsealed one could be forged. */
export function sealIntegration(rowKey: Buffer, profileId: Buffer, row: BoundRecord, secrets: StoredValues['secrets']): Buffer {
  if (Buffer.byteLength(row.settings) > SETTINGS_BYTES) throw new CrmError('usage', `the settings of ${row.name} are larger than 64 KiB`)
  const values: Record<string, string> = Object.create(null)
  for (const [key, secret] of Object.entries(secrets)) {
    const value = secret.reveal()
    if (Buffer.byteLength(value) > SECRET_BYTES) throw new CrmError('usage', `the secret ${key} of ${row.name} is larger than 1 MiB`)
    values[key] = value
  }
  const plaintext = Buffer.from(canonicalJson(values), 'utf8')
  const sealed = seal(rowKey, integrationContext(profileId, row), plaintext)
  plaintext.fill(0)
  return sealed
}

/** Opens the secrets of a row, which proves every bound column. @throws {CrmError} `damaged`. */
export function openIntegration(rowKey: Buffer, profileId: Buffer, row: SealedIntegrationRow): Readonly<Record<string, Secret>> {
  const plaintext = openRow(rowKey, integrationContext(profileId, row), row.sealed, `the integration ${row.name}`)
  const values = JSON.parse(plaintext.toString('utf8')) as Record<string, string>
  plaintext.fill(0)
  const secrets: Record<string, Secret> = Object.create(null)
  for (const [key, value] of Object.entries(values)) secrets[key] = new Secret(value)
  return secrets
}

/** Opens a sealed row. @param what names it in the error. @throws {CrmError} `damaged`. */
export function openRow(rowKey: Buffer, context: Buffer, sealed: Buffer, what: string): Buffer {
  try {
    return open(rowKey, context, sealed)
  } catch (error) {
    if (!(error instanceof OpenError)) throw error
    throw new CrmError('damaged', `${what} was changed outside of crm`, {
      reason: 'its seal does not fit its record; nothing was sent',
      hint: 'see what is affected with: crm vault verify',
      cause: error,
    })
  }
}

/** A row as the domain knows it. */
export function toIntegration(row: IntegrationRow, profile: string, verified: boolean): Integration {
  return {
    name: row.name,
    provider: row.provider,
    profile,
    active: row.active === 1,
    settings: JSON.parse(row.settings) as Record<string, SettingValue>,
    secrets: JSON.parse(row.secrets_set) as SecretsSet,
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
