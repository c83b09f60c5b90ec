import { Buffer } from 'node:buffer'
import { CrmError } from '../core/errors.ts'
import type { StoredValues } from '../core/field.ts'
import { canonicalJson } from '../core/json.ts'
import { Secret } from '../core/secret.ts'
import { OpenError, open, type SealKey, seal, sealAll } from '../crypto/chunked.ts'
import { encodeContext } from '../crypto/context.ts'
import type { Hmac } from '../crypto/hmac.ts'
import { changedOutside, type IntegrationRow, type SealedIntegrationRow } from './rows.ts'

/** Most bytes of one secret, and of the settings of one integration. */
const SECRET_BYTES = 1_048_576
const SETTINGS_BYTES = 65_536

/** What the seal of an integration binds: its whole public record (`security.md` section 4.3). */
export type BoundRecord = Pick<
  IntegrationRow,
  'id' | 'name' | 'generation' | 'revision' | 'provider' | 'definition' | 'active' | 'settings'
>

function canonicalSettings(text: string): string {
  try {
    return canonicalJson(JSON.parse(text))
  } catch {
    return text // Not what was written: the seal will not open.
  }
}

function integrationContext(profileId: Buffer, row: BoundRecord, settings: string): Buffer {
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
    // The text in the column is laid out for lists; its meaning is what is bound.
    settings,
  )
}

/**
 * Seals the secrets of an integration for exactly this public record; an empty set too, since an unsealed one could be forged.
 * @param settings those of the record as canonical JSON, from who has them so.
 */
export function sealIntegration(rowKey: SealKey, profileId: Buffer, row: BoundRecord, secrets: StoredValues['secrets']): Buffer {
  const { context, plaintext } = messageOf(profileId, row, secrets, canonicalSettings(row.settings))
  const sealed = seal(rowKey, context, plaintext)
  plaintext.fill(0)
  return sealed
}

/** A record and what is to be sealed for it. `settings` are those of the record as canonical JSON. */
export interface ToSeal {
  readonly record: BoundRecord
  readonly secrets: StoredValues['secrets']
  readonly settings: string
}

/** The same for many. */
export function sealIntegrations(rowKey: Hmac, profileId: Buffer, all: readonly ToSeal[]): Buffer[] {
  const messages = all.map(({ record, secrets, settings }) => messageOf(profileId, record, secrets, settings))
  const sealed = sealAll(rowKey, messages)
  for (const { plaintext } of messages) plaintext.fill(0)
  return sealed
}

function messageOf(
  profileId: Buffer,
  row: BoundRecord,
  secrets: StoredValues['secrets'],
  settings: string,
): { readonly context: Buffer; readonly plaintext: Buffer } {
  if (isLongerThan(SETTINGS_BYTES, row.settings)) throw new CrmError('usage', `the settings of ${row.name} are larger than 64 KiB`)
  const values: Record<string, string> = Object.create(null)
  for (const [key, secret] of Object.entries(secrets)) {
    const value = secret.reveal()
    if (isLongerThan(SECRET_BYTES, value)) throw new CrmError('usage', `the secret ${key} of ${row.name} is larger than 1 MiB`)
    values[key] = value
  }
  return { context: integrationContext(profileId, row, settings), plaintext: Buffer.from(canonicalJson(values), 'utf8') }
}

/** Whether a text takes more bytes; they are counted only where its length does not tell. */
function isLongerThan(bytes: number, text: string): boolean {
  return text.length * 3 > bytes && Buffer.byteLength(text) > bytes
}

/** Opens the secrets of a row, which proves every bound column. @throws {CrmError} `damaged`. */
export function openIntegration(rowKey: SealKey, profileId: Buffer, row: SealedIntegrationRow): Readonly<Record<string, Secret>> {
  const plaintext = openRow(
    rowKey,
    () => integrationContext(profileId, row, canonicalSettings(row.settings)),
    row.sealed,
    `the integration ${row.name}`,
  )
  const values = JSON.parse(plaintext.toString('utf8')) as Record<string, string>
  plaintext.fill(0)
  const secrets: Record<string, Secret> = Object.create(null)
  for (const [key, value] of Object.entries(values)) secrets[key] = new Secret(value)
  return secrets
}

/**
 * Opens a sealed row.
 * @param context of the record as it stands in the file. What we never write in it, such as a number below zero, has none.
 * @param what names it in the error. @param hint how to go on without it.
 * @throws {CrmError} `damaged`.
 */
export function openRow(rowKey: SealKey, context: () => Buffer, sealed: Buffer, what: string, hint?: string): Buffer {
  const record = encodedOrNot(context)
  if (record === undefined || !Buffer.isBuffer(sealed)) throw changedOutside(what, undefined, hint)
  try {
    return open(rowKey, record, sealed)
  } catch (error) {
    if (!(error instanceof OpenError)) throw error
    throw changedOutside(what, error, hint)
  }
}

function encodedOrNot(context: () => Buffer): Buffer | undefined {
  try {
    return context()
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return undefined
    throw error
  }
}
