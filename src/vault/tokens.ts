import { CrmError } from '../core/errors.ts'
import type { IssuedTokens } from '../core/grant.ts'
import { canonicalJson } from '../core/json.ts'
import { Secret } from '../core/secret.ts'
import type { Database } from './database.ts'
import type { ProfileKeys } from './sealed-integrations.ts'
import { openTokens, readTokensOf, type SealedTokenRow, sealTokens, type TokenRow } from './sealed-tokens.ts'

/** The integration that tokens belong to, at its revision. */
export interface TokenOwner {
  readonly id: Buffer
  readonly name: string
  readonly revision: number
}

/** Tokens as they are stored; the revision counts how often they were. */
export interface StoredTokens extends IssuedTokens {
  readonly revision: number
}

/** What is sealed of tokens. */
interface Sealed {
  readonly accessToken: string
  readonly refreshToken: string | null
  readonly scope: string | null
  readonly captured: Readonly<Record<string, string>>
  readonly issuedFor: string
}

/** The tokens of an integration, opened, which proves their record; undefined when there are none. @throws {CrmError} `damaged`. */
export function tokensOf(database: Database, keys: ProfileKeys, owner: TokenOwner): StoredTokens | undefined {
  const row = readTokensOf(database, owner.id)
  return row === undefined ? undefined : openTokensOf(keys, row, owner)
}

/** Opens a row of tokens for the integration at this revision. @throws {CrmError} `damaged`: also for tokens of another revision. */
export function openTokensOf(keys: ProfileKeys, row: SealedTokenRow, owner: TokenOwner): StoredTokens {
  const plaintext = openTokens(keys.rowKey, keys.profileId, row, owner.name)
  const sealed = JSON.parse(plaintext.toString('utf8')) as Sealed
  plaintext.fill(0)
  if (row.integration_revision !== owner.revision) throw ofAnotherRevision(owner, row)
  return {
    revision: row.revision,
    issuedFor: sealed.issuedFor,
    tokens: {
      accessToken: new Secret(sealed.accessToken),
      refreshToken: sealed.refreshToken === null ? null : new Secret(sealed.refreshToken),
      expiresAtMs: row.expires_at_ms,
      scope: sealed.scope,
      captured: Object.assign(Object.create(null), sealed.captured),
    },
  }
}

function ofAnotherRevision({ name, revision }: TokenOwner, row: SealedTokenRow): CrmError {
  return new CrmError('damaged', `the tokens of ${name} were changed outside of crm`, {
    reason: `they belong to revision ${row.integration_revision} of it, which is at ${revision}`,
    hint: 'see what is affected with: crm vault verify',
  })
}

/** What a write of tokens leaves for the audit log. */
export interface WrittenTokens {
  /** The id of the integration that they belong to, hex. */
  readonly integration: string
  readonly revision: number
  readonly sealed: Buffer
}

/** Writes tokens under their next revision; inside a transaction. */
export function writeTokens(database: Database, keys: ProfileKeys, owner: TokenOwner, issued: IssuedTokens, at: string): WrittenTokens {
  const known = database.get<{ revision: number }>('SELECT revision FROM tokens WHERE integration_id = ?', owner.id)
  const { accessToken, refreshToken, expiresAtMs, scope, captured } = issued.tokens
  const row: TokenRow = {
    integration_id: owner.id,
    generation: keys.generation,
    revision: (known?.revision ?? 0) + 1,
    integration_revision: owner.revision,
    expires_at_ms: expiresAtMs,
  }
  const content: Sealed = {
    accessToken: accessToken.reveal(),
    refreshToken: refreshToken?.reveal() ?? null,
    scope,
    captured,
    issuedFor: issued.issuedFor,
  }
  const plaintext = Buffer.from(canonicalJson(content), 'utf8')
  const sealed = sealTokens(keys.rowKey, keys.profileId, row, plaintext)
  plaintext.fill(0)
  database.run(
    `INSERT INTO tokens (integration_id, profile_id, generation, revision, integration_revision, expires_at_ms, updated_at, sealed)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (integration_id) DO UPDATE SET generation = excluded.generation, revision = excluded.revision,
     integration_revision = excluded.integration_revision, expires_at_ms = excluded.expires_at_ms, updated_at = excluded.updated_at,
     sealed = excluded.sealed`,
    owner.id,
    keys.profileId,
    row.generation,
    row.revision,
    row.integration_revision,
    row.expires_at_ms,
    at,
    sealed,
  )
  return { integration: owner.id.toString('hex'), revision: row.revision, sealed }
}

/**
 * Binds the tokens of an integration to its new revision; inside the transaction of its change. Where values have changed, the access
 * token may not fit them any more and counts as expired; the refresh token stays.
 */
export function rebindTokens(
  database: Database,
  keys: ProfileKeys,
  before: TokenOwner,
  after: TokenOwner,
  valuesChanged: boolean,
  at: string,
): WrittenTokens | undefined {
  const stored = tokensOf(database, keys, before)
  if (stored === undefined) return undefined
  const tokens = valuesChanged ? { ...stored.tokens, expiresAtMs: 0 } : stored.tokens
  return writeTokens(database, keys, after, { issuedFor: stored.issuedFor, tokens }, at)
}
