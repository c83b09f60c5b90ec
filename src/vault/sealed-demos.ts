import { randomBytes } from 'node:crypto'
import type { DemoRecord, DemoSecrets, JournalEntry } from '../core/demo.ts'
import { canonicalJson } from '../core/json.ts'
import { seal } from '../crypto/chunked.ts'
import { encodeContext } from '../crypto/context.ts'
import type { Database } from './database.ts'
import { DEMO_COLUMNS, DEMO_FROM, type DemoRow } from './demos.ts'
import type { RecentWords } from './last-words.ts'
import { openRow } from './sealed.ts'
import type { ProfileKeys } from './sealed-integrations.ts'

/** A demo with its secrets, opened, which proves record and journal. @throws {CrmError} `damaged`. */
export function openDemo(
  database: Database,
  keys: ProfileKeys,
  integrationId: Buffer,
  slug: string,
): { id: Buffer; revision: number; record: DemoRecord; secrets: DemoSecrets } | undefined {
  const row = database.get<DemoRow & { sealed: Buffer }>(
    `SELECT ${DEMO_COLUMNS}, d.sealed ${DEMO_FROM} WHERE d.integration_id = ? AND d.slug = ?`,
    integrationId,
    slug,
  )
  if (row === undefined) return undefined
  const record = toRecord(row, readSteps(database, row.id))
  const plaintext = openRow(
    keys.rowKey,
    () => demoContext(keys, row, record),
    row.sealed,
    `the demo ${slug}`,
    `restore the vault from a backup, or go on without the record: crm demo-remove ${slug} --forget`,
  )
  const secrets = JSON.parse(plaintext.toString('utf8')) as DemoSecrets
  plaintext.fill(0)
  return { id: row.id, revision: row.revision, record, secrets }
}

/**
 * Writes a demo, its whole journal and its secrets under the next revision; inside a transaction. What the audit log names.
 * @throws {CrmError} `damaged` when the row that it replaces is not the one that the audit log knows.
 */
export function writeDemo(
  database: Database,
  keys: ProfileKeys,
  integrationId: Buffer,
  record: DemoRecord,
  secrets: DemoSecrets,
  words: RecentWords,
): { id: Buffer; revision: number; sealed: Buffer; steps: readonly string[] } {
  const known = requireLastDemo(database, integrationId, record.slug, words)
  const row = {
    id: known?.id ?? randomBytes(16),
    integration_id: integrationId,
    slug: record.slug,
    generation: keys.generation,
    revision: (known?.revision ?? 0) + 1,
  }
  const plaintext = Buffer.from(canonicalJson(secrets), 'utf8')
  const sealed = seal(keys.rowKey, demoContext(keys, row, record), plaintext)
  plaintext.fill(0)
  database.run(
    `INSERT INTO demos (id, profile_id, integration_id, slug, generation, revision, name, account, channel, status, inbox_id, bot_id, created_at, updated_at, expires_at, sealed)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET generation = excluded.generation, revision = excluded.revision, name = excluded.name, account = excluded.account, channel = excluded.channel,
     status = excluded.status, inbox_id = excluded.inbox_id, bot_id = excluded.bot_id, created_at = excluded.created_at, updated_at = excluded.updated_at, expires_at = excluded.expires_at, sealed = excluded.sealed`,
    row.id,
    keys.profileId,
    integrationId,
    row.slug,
    row.generation,
    row.revision,
    record.name,
    record.account,
    record.channel,
    record.status,
    record.inboxId,
    record.botId,
    record.createdAt,
    record.updatedAt,
    record.expiresAt ?? null,
    sealed,
  )
  const steps = changedSteps(known === undefined ? [] : readSteps(database, known.id), record.journal)
  writeSteps(database, row.id, record.journal)
  words.noteDemo(row.id, sealed)
  return { id: row.id, revision: row.revision, sealed, steps }
}

/** The row of a demo, which is the one that the audit log knows; undefined when there is none. @throws {CrmError} `damaged`. */
export function requireLastDemo(
  database: Database,
  integrationId: Buffer,
  slug: string,
  words: RecentWords,
): { readonly id: Buffer; readonly revision: number } | undefined {
  const row = database.get<{ id: Buffer; revision: number; sealed: Buffer }>(
    'SELECT id, revision, sealed FROM demos WHERE integration_id = ? AND slug = ?',
    integrationId,
    slug,
  )
  if (row !== undefined) words.requireDemo(row, slug)
  return row
}

/** Seals an opened demo under another data key, its record and revision as they are; inside a transaction. */
export function resealDemo(
  database: Database,
  keys: ProfileKeys,
  integrationId: Buffer,
  demo: { readonly id: Buffer; readonly revision: number; readonly record: DemoRecord; readonly secrets: DemoSecrets },
): Buffer {
  const { id, revision, record } = demo
  const row = { id, integration_id: integrationId, slug: record.slug, generation: keys.generation, revision }
  const plaintext = Buffer.from(canonicalJson(demo.secrets), 'utf8')
  const sealed = seal(keys.rowKey, demoContext(keys, row, record), plaintext)
  plaintext.fill(0)
  database.run('UPDATE demos SET generation = ?, sealed = ? WHERE id = ?', keys.generation, sealed, id)
  return sealed
}

/** What a write says that the journal did not say before: `create bot done 7`. */
function changedSteps(before: readonly JournalEntry[], after: readonly JournalEntry[]): readonly string[] {
  const known = new Set(before.map(describeStep))
  return after.map(describeStep).filter((step) => !known.has(step))
}

function describeStep({ runId, action, kind, state, remoteId }: JournalEntry): string {
  return `${action} ${kind} ${state}${remoteId === null ? '' : ` ${remoteId}`} in run ${runId.slice(0, 8)}`
}

function writeSteps(database: Database, demoId: Buffer, journal: readonly JournalEntry[]): void {
  database.run('DELETE FROM demo_steps WHERE demo_id = ?', demoId)
  for (const [position, entry] of journal.entries()) {
    database.run(
      'INSERT INTO demo_steps (demo_id, position, run_id, kind, action, state, digest, remote_id, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      demoId,
      position,
      entry.runId,
      entry.kind,
      entry.action,
      entry.state,
      entry.digest,
      entry.remoteId,
      entry.at,
    )
  }
}

function readSteps(database: Database, demoId: Buffer): JournalEntry[] {
  return database.all<JournalEntry>(
    'SELECT run_id AS runId, kind, action, state, digest, remote_id AS remoteId, at FROM demo_steps WHERE demo_id = ? ORDER BY position',
    demoId,
  )
}

function toRecord(row: DemoRow, journal: readonly JournalEntry[]): DemoRecord {
  return {
    slug: row.slug,
    name: row.name,
    integration: row.integration,
    account: row.account,
    channel: row.channel,
    status: row.status,
    inboxId: row.inbox_id,
    botId: row.bot_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    expiresAt: row.expires_at,
    journal,
  }
}

/** The whole public record: the columns that `demo-list` shows stand inside the journal's JSON, so that none of them is free. */
function demoContext(
  keys: ProfileKeys,
  row: {
    readonly id: Buffer
    readonly integration_id: Buffer
    readonly slug: string
    readonly generation: number
    readonly revision: number
  },
  record: DemoRecord,
): Buffer {
  const { name, account, channel, status, inboxId, botId, createdAt, updatedAt, expiresAt, journal } = record
  const whole = canonicalJson({
    name,
    account,
    channel,
    status,
    inboxId,
    botId,
    createdAt,
    updatedAt,
    // Left out where there is none: so the seals of format 1 go on opening.
    ...(typeof expiresAt === 'string' ? { expiresAt } : {}),
    steps: journal.map((entry) => ({ ...entry })),
  })
  return encodeContext('crm-vault/v1/demo', keys.profileId, row.id, row.generation, row.revision, row.integration_id, row.slug, whole)
}
