import { CrmError } from '../core/errors.ts'
import type { StoredValues } from '../core/field.ts'
import type { IssuedTokens } from '../core/grant.ts'
import type { Integration } from '../core/integration.ts'
import { canonicalJson, membersInOrder } from '../core/json.ts'
import type { Secret } from '../core/secret.ts'
import type { SealKey } from '../crypto/chunked.ts'
import type { Hmac } from '../crypto/hmac.ts'
import { publicRandom } from '../crypto/public-random.ts'
import type { Database } from './database.ts'
import { findRow, integrationNotFound } from './integrations.ts'
import { listedJson, readMembers, type SealedIntegrationRow, type SecretsSet, toIntegration } from './rows.ts'
import { type BoundRecord, openIntegration, sealIntegration, sealIntegrations, type ToSeal } from './sealed.ts'

/**
 * An integration as it is about to be stored. A vault knows no provider and holds nothing against its fields: what stands in `settings` is
 * readable in the file, and what stands in `secrets` is sealed.
 */
export interface NewIntegration {
  readonly name: string
  readonly provider: string
  /** SHA-256 of the provider definition, hex; empty for built-in providers. */
  readonly definition: string
  readonly active: boolean
  readonly values: StoredValues
  /** Tokens that were obtained with the values. */
  readonly tokens?: IssuedTokens
}

/** The keys of one unlocked profile, as the tables need them. */
export interface ProfileKeys {
  readonly profileId: Buffer
  readonly profile: string
  readonly generation: number
  readonly rowKey: SealKey
}

/** The same with the row key made ready for many rows. */
export interface PreparedKeys extends ProfileKeys {
  readonly rowKey: Hmac
}

/** The row of a name. @throws {CrmError} `not_found`. */
export function requireRow(database: Database, profileId: Buffer, name: string): SealedIntegrationRow {
  const row = findRow(database, profileId, name)
  if (row === undefined) throw integrationNotFound(name)
  return row
}

/** An opened integration: its verified record, its id, and its values. */
export interface OpenedRow {
  readonly id: Buffer
  readonly integration: Integration
  readonly definition: string
  readonly values: StoredValues
}

/** Opens a row, which proves its whole record. @throws {CrmError} `damaged`. */
export function openedRow(keys: ProfileKeys, row: SealedIntegrationRow): OpenedRow {
  const secrets = openIntegration(keys.rowKey, keys.profileId, row)
  const integration = toIntegration(row, keys.profile, true)
  return {
    id: row.id,
    definition: row.definition,
    integration: { ...integration, secrets: provenSecrets(secrets, integration.secrets) },
    values: { settings: integration.settings, secrets },
  }
}

/** What is set follows from the opened seal; since when, from the column, which is display only. */
function provenSecrets(secrets: Readonly<Record<string, Secret>>, shown: Integration['secrets']): Integration['secrets'] {
  const proven: Record<string, { set: boolean; updatedAt: string | null }> = {}
  for (const key of Object.keys(secrets)) proven[key] = { set: true, updatedAt: shown[key]?.updatedAt ?? null }
  return proven
}

/** A row that was just written, with what the audit log says of it. */
export interface WrittenRow {
  readonly id: Buffer
  readonly revision: number
  readonly sealed: Buffer
}

const INSERT = `INSERT INTO integrations (id, profile_id, name, generation, revision, provider, definition, active, settings, secrets_set, created_at, updated_at, sealed)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (profile_id, name) DO NOTHING`

/** A new row as it will be stored, sealed. */
export interface NewRow extends WrittenRow {
  readonly record: BoundRecord
  readonly secretsSet: string
  /** The integration as it is then. */
  integration(): Integration
}

/** Makes and seals the rows of new integrations. @param at when they are added, RFC 3339. */
export function sealNewRows(keys: PreparedKeys, drafts: readonly NewIntegration[], at: string): NewRow[] {
  const setsOf = new Map<string, SetSecrets>()
  const rows = drafts.map((draft) => newRow(keys, draft, at, setSecrets(draft, at, setsOf)))
  const sealed = sealIntegrations(keys.rowKey, keys.profileId, rows)
  return rows.map((row, index): NewRow => ({ ...row, sealed: sealed[index] as Buffer }))
}

/** Which secrets are set, and how it is stored. */
interface SetSecrets {
  readonly set: SecretsSet
  readonly stored: string
}

/** The same for all rows with secrets of these names. */
function setSecrets({ values }: NewIntegration, at: string, known: Map<string, SetSecrets>): SetSecrets {
  const names = Object.keys(values.secrets)
  const key = JSON.stringify(names)
  let found = known.get(key)
  if (found === undefined) {
    const set: SecretsSet = {}
    for (const name of names) set[name] = { set: true, updatedAt: at }
    found = { set, stored: listedJson(set) }
    known.set(key, found)
  }
  return found
}

function newRow(keys: ProfileKeys, draft: NewIntegration, at: string, { set, stored }: SetSecrets): Omit<NewRow, 'sealed'> & ToSeal {
  const settings = membersInOrder(draft.values.settings)
  const record: BoundRecord = {
    id: publicRandom(16),
    name: draft.name,
    generation: keys.generation,
    revision: 1,
    provider: draft.provider,
    definition: draft.definition,
    active: Number(draft.active),
    settings: listedJson(settings),
  }
  return {
    id: record.id,
    revision: record.revision,
    record,
    secrets: draft.values.secrets,
    settings: canonicalJson(settings),
    secretsSet: stored,
    integration: () => ({
      name: record.name,
      provider: record.provider,
      profile: keys.profile,
      active: draft.active,
      settings,
      secrets: set,
      revision: record.revision,
      createdAt: at,
      updatedAt: at,
      lastTest: null,
      verified: true,
    }),
  }
}

/** Inserts a sealed row; inside a transaction. @throws {CrmError} `conflict` when the name is taken. */
export function insertRow(database: Database, keys: ProfileKeys, { record, secretsSet, sealed }: NewRow, at: string): void {
  const added = database.run(
    INSERT,
    record.id,
    keys.profileId,
    record.name,
    record.generation,
    record.revision,
    record.provider,
    record.definition,
    record.active,
    record.settings,
    secretsSet,
    at,
    at,
    sealed,
  )
  if (added === 0) throw nameTaken(record.name, '--name')
}

/** The error for a name in use. @param flag the one that gave it. */
function nameTaken(name: string, flag: '--name' | '--rename'): CrmError {
  return new CrmError('conflict', `an integration named ${name} exists already`, {
    hint: `choose another name with ${flag}, or change it with: crm edit ${name}`,
  })
}

/** What a change of an integration sets; what is left out stays. */
export interface IntegrationChange {
  readonly name?: string
  readonly active?: boolean
  readonly definition?: string
  readonly values?: StoredValues
  /** Tokens that were obtained with the new values. */
  readonly tokens?: IssuedTokens
}

/** Writes a changed row under the next revision; inside a transaction. */
export function updateRow(
  database: Database,
  keys: ProfileKeys,
  row: SealedIntegrationRow,
  change: IntegrationChange,
  at: string,
): WrittenRow {
  const before = openIntegration(keys.rowKey, keys.profileId, row)
  const secrets = change.values?.secrets ?? before
  const record: BoundRecord = {
    id: row.id,
    name: change.name ?? row.name,
    generation: keys.generation,
    revision: row.revision + 1,
    provider: row.provider,
    definition: change.definition ?? row.definition,
    active: change.active === undefined ? row.active : Number(change.active),
    settings: change.values === undefined ? row.settings : listedJson(change.values.settings),
  }
  if (record.name !== row.name && findRow(database, keys.profileId, record.name) !== undefined) throw nameTaken(record.name, '--rename')
  const sealed = sealIntegration(keys.rowKey, keys.profileId, record, secrets)
  database.run(
    `UPDATE integrations SET name = ?, generation = ?, revision = ?, definition = ?, active = ?, settings = ?, secrets_set = ?, updated_at = ?, sealed = ? WHERE id = ?`,
    record.name,
    record.generation,
    record.revision,
    record.definition,
    record.active,
    record.settings,
    listedJson(changedSecrets(before, secrets, readMembers<SecretsSet>(row, row.secrets_set), at)),
    at,
    sealed,
    record.id,
  )
  return { id: record.id, revision: record.revision, sealed }
}

function changedSecrets(
  before: Readonly<Record<string, Secret>>,
  after: Readonly<Record<string, Secret>>,
  set: SecretsSet,
  at: string,
): SecretsSet {
  const changed: SecretsSet = {}
  for (const [key, secret] of Object.entries(after)) {
    const same = before[key]?.reveal() === secret.reveal()
    changed[key] = { set: true, updatedAt: same ? (set[key]?.updatedAt ?? at) : at }
  }
  return changed
}
