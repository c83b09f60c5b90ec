import { CrmError, type ErrorCode } from '../core/errors.ts'
import type { Integration } from '../core/integration.ts'
import type { Database } from './database.ts'
import { INTEGRATION_COLUMNS, type IntegrationRow } from './rows.ts'

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

/** A page of a list as JSON text, as it stands in the vault (it is escaped when it is printed): items joined with `,` and a newline, two-space indented to stand six deep. */
export interface IntegrationPage {
  readonly items: string
  /** The totals of this page alone; the sum over all pages is that of the list as it was printed. */
  readonly totals: IntegrationTotals
}

const PAGE_ROWS = 150
const CACHE_KIB = 1024

/**
 * The condition of a filter. A parameter in an OR, or beside an ORDER BY, makes SQLite prepare the statement again whenever it is bound,
 * which for every page of a list is a quarter of the time: only what is asked for stands here, and the profile in a SELECT of its own.
 */
function matching({ provider, active }: IntegrationFilter): string {
  return `profile_id = (SELECT :profile)${provider === undefined ? '' : ' AND provider = :provider'}${active === undefined ? '' : ' AND active = :active'}`
}

/** SQLite makes the text itself: ten times faster than a JavaScript object per row. Settings and secrets stand in it as they are stored. */
const pageOf = (
  filter: IntegrationFilter,
): string => `SELECT group_concat(item, ',' || char(10)) AS items, max(name) AS last, count(*) AS total, sum(active) AS active,
  sum(failing) AS failing, sum(untested) AS untested FROM (
  SELECT name, active, active AND last_outcome IS 'failed' AS failing, active AND last_outcome IS NULL AS untested, concat('      {
        "name": ', json_quote(name), ',
        "provider": ', json_quote(provider), ',
        "profile": ', :quotedProfile, ',
        "active": ', iif(active, 'true', 'false'), ',
        "settings": ', settings, ',
        "secrets": ', secrets_set, ',
        "revision": ', revision, ',
        "createdAt": ', json_quote(created_at), ',
        "updatedAt": ', json_quote(updated_at), ',
        "lastTest": ', iif(last_outcome IS NULL, 'null', concat('{
          "outcome": ', json_quote(last_outcome), ',
          "cause": ', json_quote(last_cause), ',
          "checkedAt": ', json_quote(last_checked_at), ',
          "latencyMs": ', last_latency_ms, '
        }')), ',
        "verified": false,
        "source": "vault"
      }') AS item
  FROM integrations WHERE ${matching(filter)} AND name > :after ORDER BY name LIMIT ${PAGE_ROWS})`

function bound(profileId: Buffer, filter: IntegrationFilter): Record<string, unknown> {
  return {
    profile: profileId,
    ...(filter.provider === undefined ? {} : { provider: filter.provider }),
    ...(filter.active === undefined ? {} : { active: Number(filter.active) }),
  }
}

interface PageRow {
  readonly items: string | null
  readonly last: string | null
  readonly total: number
  readonly active: number
  readonly failing: number
  readonly untested: number
}

/** A list in pages of JSON text, by name. No key is needed, and nothing sealed is read. */
export function* jsonPages(database: Database, profileId: Buffer, profile: string, filter: IntegrationFilter): Generator<IntegrationPage> {
  const sql = pageOf(filter)
  // Every page of the file is read once: to keep them costs memory and brings nothing.
  database.pragma(`cache_size = -${CACHE_KIB}`)
  let after = ''
  for (;;) {
    const page = database.get<PageRow>(sql, { ...bound(profileId, filter), quotedProfile: JSON.stringify(profile), after })
    if (page === undefined || page.items === null || page.last === null) return
    const { total, active, failing, untested } = page
    yield { items: page.items, totals: { total, active, inactive: total - active, failing, untested } }
    if (total < PAGE_ROWS) return
    after = page.last
  }
}

/** A row of a list as one JSON array: a value that SQLite hands over costs as much as many that are parsed. */
const listOf = (
  filter: IntegrationFilter,
): string => `SELECT concat('[', json_quote(name), ',', json_quote(provider), ',', active, ',', settings,
  ',', secrets_set, ',', revision, ',', json_quote(created_at), ',', json_quote(updated_at), ',', json_quote(last_outcome), ',',
  json_quote(last_cause), ',', json_quote(last_checked_at), ',', coalesce(last_latency_ms, 0), ']')
  FROM integrations WHERE ${matching(filter)} ORDER BY name`

type ListedRow = readonly [
  name: string,
  provider: string,
  active: number,
  settings: Integration['settings'],
  secrets: Integration['secrets'],
  revision: number,
  createdAt: string,
  updatedAt: string,
  outcome: 'connected' | 'failed' | null,
  cause: ErrorCode | null,
  checkedAt: string | null,
  latencyMs: number,
]

/** A list as values, by name. */
export function listIntegrations(database: Database, profileId: Buffer, profile: string, filter: IntegrationFilter): Integration[] {
  return database.column<string>(listOf(filter), bound(profileId, filter)).map((text) => {
    const [name, provider, active, settings, secrets, revision, createdAt, updatedAt, outcome, cause, checkedAt, latencyMs] = JSON.parse(
      text,
    ) as ListedRow
    return {
      name,
      provider,
      profile,
      active: active === 1,
      settings,
      secrets,
      revision,
      createdAt,
      updatedAt,
      lastTest: outcome === null ? null : { outcome, cause, checkedAt: checkedAt ?? '', latencyMs },
      verified: false,
    }
  })
}

/** The totals of a list. */
export function countIntegrations(database: Database, profileId: Buffer, filter: IntegrationFilter): IntegrationTotals {
  const totals = database.get<Record<keyof IntegrationTotals, number | null>>(
    `SELECT count(*) AS total, sum(active) AS active, sum(NOT active) AS inactive, sum(active AND last_outcome IS 'failed') AS failing,
     sum(active AND last_outcome IS NULL) AS untested FROM integrations WHERE ${matching(filter)}`,
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
