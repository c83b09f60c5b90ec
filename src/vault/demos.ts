import type { DemoRecord, DemoStatus, DemoSummary } from '../core/demo.ts'
import type { Database } from './database.ts'

/** The columns of a demo that a list reads. */
export interface DemoRow {
  readonly id: Buffer
  readonly integration_id: Buffer
  readonly integration: string
  readonly slug: string
  readonly generation: number
  readonly revision: number
  readonly name: string
  readonly account: string
  readonly channel: DemoRecord['channel']
  readonly status: DemoStatus
  readonly inbox_id: string | null
  readonly bot_id: string | null
  readonly created_at: string
  readonly updated_at: string
  readonly expires_at: string | null
}

/** Those columns, for a SELECT. */
export const DEMO_COLUMNS =
  'd.id, d.integration_id, i.name AS integration, d.slug, d.generation, d.revision, d.name, d.account, d.channel, d.status, d.inbox_id, d.bot_id, d.created_at, d.updated_at, d.expires_at'
/** Where they are from. */
export const DEMO_FROM = 'FROM demos d JOIN integrations i ON i.id = d.integration_id'

/** The demos of a profile by slug, without secrets; no key is needed. */
export function listDemos(database: Database, profileId: Buffer): DemoSummary[] {
  return database
    .all<DemoRow>(`SELECT ${DEMO_COLUMNS} ${DEMO_FROM} WHERE d.profile_id = ? ORDER BY d.slug, i.name`, profileId)
    .map((row) => ({
      slug: row.slug,
      name: row.name,
      integration: row.integration,
      source: 'vault' as const,
      status: row.status,
      inboxId: row.inbox_id,
      botId: row.bot_id,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
    }))
}

/** How many demos of an integration are not removed. */
export function countDemos(database: Database, where: { readonly profileId: Buffer } | { readonly integrationId: Buffer }): number {
  const [column, id] = 'profileId' in where ? ['profile_id', where.profileId] : ['integration_id', where.integrationId]
  return database.get<{ count: number }>(`SELECT count(*) AS count FROM demos WHERE ${column} = ? AND status <> 'removed'`, id)?.count ?? 0
}

/** Removes the records of demos that were removed before `before` (RFC 3339); inside a transaction. What the audit log names. */
export function forgetRemovedDemos(database: Database, profileId: Buffer, before: string): { id: Buffer; slug: string }[] {
  const rows = database.all<{ id: Buffer; slug: string }>(
    "SELECT id, slug FROM demos WHERE profile_id = ? AND status = 'removed' AND updated_at < ?",
    profileId,
    before,
  )
  for (const row of rows) database.run('DELETE FROM demos WHERE id = ?', row.id)
  return rows
}

/** Removes all demo records of an integration; inside a transaction. */
export function forgetDemosOf(database: Database, integrationId: Buffer): { id: Buffer; slug: string }[] {
  const rows = database.all<{ id: Buffer; slug: string }>('SELECT id, slug FROM demos WHERE integration_id = ?', integrationId)
  for (const row of rows) database.run('DELETE FROM demos WHERE id = ?', row.id)
  return rows
}
