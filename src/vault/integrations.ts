import { CrmError } from '../core/errors.ts'
import type { Integration } from '../core/integration.ts'
import type { Database } from './database.ts'
import { INTEGRATION_COLUMNS, type IntegrationRow, toIntegration } from './rows.ts'

/** Which integrations of a profile are meant. */
export interface IntegrationFilter {
  readonly provider?: string
  readonly active?: boolean
}

/** The totals of a list; `failing` and `untested` count active ones. */
export interface IntegrationTotals {
  readonly total: number
  readonly active: number
  readonly inactive: number
  readonly failing: number
  readonly untested: number
}

/** A page of a list as JSON text: items joined with `,` and a newline, two-space indented to stand six deep. */
export interface IntegrationPage {
  readonly items: Buffer
  /** The totals of this page alone; the sum over all pages is that of the list as it was printed. */
  readonly totals: IntegrationTotals
  /** Whether every byte is printable ASCII or a newline, so that nothing needs escaping. */
  readonly plain: boolean
}

const PAGE_ROWS = 1000
const MATCHES = `profile_id = :profile AND (:provider IS NULL OR provider = :provider) AND (:active IS NULL OR active = :active)`

/** Bytes that need escaping: not printable ASCII, and not the newline of an indented column. */
const ODD = `'*[^ -~\n]*'`

/** SQLite makes the text itself: ten times faster than a JavaScript object per row. Settings and secrets stand in it as they are stored. */
const PAGE = `SELECT CAST(group_concat(item, ',' || char(10)) AS BLOB) AS items, max(name) AS last, count(*) AS total, sum(active) AS active,
  sum(failing) AS failing, sum(untested) AS untested, sum(odd) AS odd FROM (
  SELECT name, active, active AND last_outcome IS 'failed' AS failing, active AND last_outcome IS NULL AS untested, settings GLOB ${ODD} OR secrets_set GLOB ${ODD} OR name GLOB ${ODD} OR provider GLOB ${ODD} AS odd, '      {
        "name": ' || json_quote(name) || ',
        "provider": ' || json_quote(provider) || ',
        "profile": ' || :quotedProfile || ',
        "active": ' || iif(active, 'true', 'false') || ',
        "settings": ' || settings || ',
        "secrets": ' || secrets_set || ',
        "revision": ' || revision || ',
        "createdAt": ' || json_quote(created_at) || ',
        "updatedAt": ' || json_quote(updated_at) || ',
        "lastTest": ' || iif(last_outcome IS NULL, 'null', '{
          "outcome": ' || json_quote(last_outcome) || ',
          "cause": ' || json_quote(last_cause) || ',
          "checkedAt": ' || json_quote(last_checked_at) || ',
          "latencyMs": ' || last_latency_ms || '
        }') || ',
        "verified": false,
        "source": "vault"
      }' AS item
  FROM integrations WHERE ${MATCHES} AND name > :after ORDER BY name LIMIT ${PAGE_ROWS})`

function bound(profileId: Buffer, filter: IntegrationFilter): Record<string, unknown> {
  return { profile: profileId, provider: filter.provider ?? null, active: filter.active === undefined ? null : Number(filter.active) }
}

interface PageRow {
  readonly items: Buffer | null
  readonly last: string | null
  readonly total: number
  readonly active: number
  readonly failing: number
  readonly untested: number
  readonly odd: number
}

/** A list in pages of JSON text, by name. No key is needed, and nothing sealed is read. */
export function* jsonPages(database: Database, profileId: Buffer, profile: string, filter: IntegrationFilter): Generator<IntegrationPage> {
  let after = ''
  for (;;) {
    const page = database.get<PageRow>(PAGE, { ...bound(profileId, filter), quotedProfile: JSON.stringify(profile), after })
    if (page === undefined || page.items === null || page.last === null) return
    const { total, active, failing, untested } = page
    yield { items: page.items, totals: { total, active, inactive: total - active, failing, untested }, plain: page.odd === 0 }
    if (total < PAGE_ROWS) return
    after = page.last
  }
}

/** A list as values, by name. */
export function listIntegrations(database: Database, profileId: Buffer, profile: string, filter: IntegrationFilter): Integration[] {
  const rows = database.all<IntegrationRow>(
    `SELECT ${INTEGRATION_COLUMNS} FROM integrations WHERE ${MATCHES} ORDER BY name`,
    bound(profileId, filter),
  )
  return rows.map((row) => toIntegration(row, profile, false))
}

/** The totals of a list. */
export function countIntegrations(database: Database, profileId: Buffer, filter: IntegrationFilter): IntegrationTotals {
  const totals = database.get<Record<keyof IntegrationTotals, number | null>>(
    `SELECT count(*) AS total, sum(active) AS active, sum(NOT active) AS inactive, sum(active AND last_outcome IS 'failed') AS failing,
     sum(active AND last_outcome IS NULL) AS untested FROM integrations WHERE ${MATCHES}`,
    bound(profileId, filter),
  )
  return {
    total: totals?.total ?? 0,
    active: totals?.active ?? 0,
    inactive: totals?.inactive ?? 0,
    failing: totals?.failing ?? 0,
    untested: totals?.untested ?? 0,
  }
}

/** One row, without its secrets. */
export function findRow(database: Database, profileId: Buffer, name: string): IntegrationRow | undefined {
  return database.get<IntegrationRow>(`SELECT ${INTEGRATION_COLUMNS} FROM integrations WHERE profile_id = ? AND name = ?`, profileId, name)
}

/** The error for a name that is not there. */
export function integrationNotFound(name: string): CrmError {
  return new CrmError('not_found', `no integration is named ${name}`, { hint: 'see the names with: crm list' })
}
