import { type SealKey, seal } from '../crypto/chunked.ts'
import { encodeContext } from '../crypto/context.ts'
import type { Database } from './database.ts'
import { openRow } from './sealed.ts'

/** The columns of a token row, which its seal binds. */
export interface TokenRow {
  readonly integration_id: Buffer
  readonly generation: number
  readonly revision: number
  /** The revision of the integration that the tokens were got with. */
  readonly integration_revision: number
  readonly expires_at_ms: number | null
}

/** A token row with its seal. */
export type SealedTokenRow = TokenRow & { readonly sealed: Buffer }

const COLUMNS = 'SELECT integration_id, generation, revision, integration_revision, expires_at_ms, sealed FROM tokens'

/** The token rows of a profile. */
export function readTokens(database: Database, profileId: Buffer): SealedTokenRow[] {
  return database.all<SealedTokenRow>(`${COLUMNS} WHERE profile_id = ? ORDER BY integration_id`, profileId)
}

/** The token row of an integration; undefined when it has none. */
export function readTokensOf(database: Database, integrationId: Buffer): SealedTokenRow | undefined {
  return database.get<SealedTokenRow>(`${COLUMNS} WHERE integration_id = ?`, integrationId)
}

/** Seals tokens for exactly this row. */
export function sealTokens(rowKey: SealKey, profileId: Buffer, row: TokenRow, plaintext: Buffer): Buffer {
  return seal(rowKey, tokenContext(profileId, row), plaintext)
}

/** Opens a token row, which proves every bound column. @throws {CrmError} `damaged`. */
export function openTokens(rowKey: SealKey, profileId: Buffer, row: SealedTokenRow, integration: string): Buffer {
  return openRow(rowKey, () => tokenContext(profileId, row), row.sealed, `the sign-in of ${integration}`)
}

/** -1 in eight bytes, which is no time: tokens without an end are not tokens that end at 0. */
const NO_END = Buffer.alloc(8, 0xff)

function tokenContext(profileId: Buffer, row: TokenRow): Buffer {
  return encodeContext(
    'crm-vault/v1/token',
    profileId,
    row.integration_id,
    row.generation,
    row.revision,
    row.integration_revision,
    row.expires_at_ms ?? NO_END,
  )
}
