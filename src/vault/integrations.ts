import { Buffer } from 'node:buffer'
import { CrmError } from '../core/errors.ts'
import type { Integration, LastTest } from '../core/integration.ts'
import type { Database } from './database.ts'
import { changedOutside, INTEGRATION_COLUMNS, type SealedIntegrationRow } from './rows.ts'

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

/** A page of a list. */
interface Page {
  /** The totals of this page alone; the sum over all pages is that of the list as it was printed. */
  readonly totals: IntegrationTotals
}

/**
 * A page of a list as JSON in UTF-8, as it stands in the vault (it is escaped when it is printed): items joined with `,` and a newline,
 * two-space indented to stand six deep. Bytes, since nobody but the stream that they go to looks at them.
 */
export interface IntegrationPage<Item extends Integration = Integration> extends Page {
  readonly items: Uint8Array
  /** The same as values. */
  read(): Item[]
}

/** What a table shows of an integration. */
export type TableRow = Pick<Integration, 'name' | 'provider' | 'active' | 'settings' | 'lastTest' | 'verified'>

/** A page of a table. */
export interface TablePage extends Page {
  /** Made when they are asked for: rows that are printed and forgotten cost nothing to collect. */
  rows(): readonly (TableRow & { readonly source: 'vault' })[]
}

/** A page of a table as text: a row a line, cells separated by tabs, as they stand in the vault. */
export interface LinePage extends Page {
  readonly text: string
}

/** How the cells of a line say what they have to say. */
export interface LineWords {
  readonly nothing: string
  readonly yes: string
  readonly no: string
  readonly never: string
  readonly connected: string
  readonly failed: string
  readonly unknown: string
}

const PAGE_ROWS = 150
const CACHE_KIB = 4096

/**
 * The condition of a filter. A parameter in an OR, or beside an ORDER BY, makes SQLite prepare the statement again whenever it is bound,
 * which for every page of a list is a quarter of the time: only what is asked for stands here, and the profile in a SELECT of its own.
 */
function matching({ provider, active }: IntegrationFilter): string {
  return `profile_id = (SELECT :profile)${provider === undefined ? '' : ' AND provider = :provider'}${active === undefined ? '' : ' AND active = :active'}`
}

/**
 * Whether a column holds a text from `from` on and before `to`. All texts sort after numbers and before bytes, and to compare takes a
 * third of what `typeof` does. The plus keeps the column from making a text of a number to compare it as one.
 */
const isText = (column: string, from = "''", to = "x''"): string => `+${column} >= ${from} AND +${column} < ${to}`
/** An object in JSON, or one and something after a zero byte. */
const isMembers = (column: string): string => `${isText(column, "'{'", "'|'")} AND json_valid(${column})`
/** A zero byte ends a text for most of SQLite's functions, and not for whoever prints it. */
const isWhole = (column: string): string => `(length(${column}) = octet_length(${column}) OR instr(${column}, char(0)) = 0)`

/** What tells a row that can be printed as it stands, but for its name and for zero bytes: pages are looked at for those as a whole. */
const FORMED = [
  ...['provider', 'created_at', 'updated_at'].map((column) => isText(column)),
  ...['settings', 'secrets_set'].map(isMembers),
  "active IN (0, 1) AND typeof(revision) = 'integer'",
  `(last_outcome IS NULL OR last_outcome IN ('connected', 'failed') AND ${isText('last_checked_at')} AND typeof(last_latency_ms) = 'integer' AND (last_cause IS NULL OR ${isText('last_cause')}))`,
].join(' AND ')
/** The same for a table, which does not print what tells of secrets. */
const FORMED_CELLS = `${FORMED} AND ${isWhole('secrets_set')}`

/** Whether a row is of the form in which rows are written. */
const SOUND = `(${isText('name')} AND ${FORMED} AND ${isWhole('settings')} AND ${isWhole('secrets_set')}) IS TRUE`

const NAME = `ifnull(CAST(name AS TEXT), '?')`
/** The name of a row that is not as a condition says. */
const nameUnless = (condition: string): string => `iif(${condition}, NULL, ${NAME})`

/** Names go by their bytes, which those of a damaged one are not any more once they were a string of JavaScript. */
const AFTER = 'name > CAST(:after AS TEXT)'

/** The first row after a name that is not sound. */
const unsoundIn = (filter: IntegrationFilter): string =>
  `SELECT min(${NAME}) FROM integrations WHERE ${matching(filter)} AND ${AFTER} AND NOT ${SOUND}`

/** What SQLite makes of each row, and what stands between two. */
interface ItemForm {
  readonly item: string
  readonly between: string
  /** The name of a row that no item is made of, else NULL; left out where all rows are looked at before. */
  readonly unformed?: string
}

/** A page; of a row that is not formed, its name. */
const pageOf = (
  { item, between, unformed = 'NULL' }: ItemForm,
  filter: IntegrationFilter,
): string => `SELECT CAST(group_concat(item, ${between}) AS BLOB) AS items, CAST(max(name) AS BLOB) AS last, count(*) AS total, sum(active IS 1) AS active,
  sum(failing) AS failing, sum(untested) AS untested, min(unformed) AS unformed FROM (
  SELECT name, active, active AND last_outcome IS 'failed' AS failing, active AND last_outcome IS NULL AS untested, concat(${item}) AS item,
  ${unformed} AS unformed FROM integrations WHERE ${matching(filter)} AND ${AFTER} ORDER BY name LIMIT ${PAGE_ROWS})`

/** SQLite makes the text itself: ten times faster than a JavaScript object per row. Settings and secrets stand in it as they are stored. */
const JSON_ITEM: ItemForm = {
  between: "',' || char(10)",
  item: `'      {
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
          "latencyMs": ', json_quote(last_latency_ms), '
        }')), ',
        "verified": false', :more, '
      }'`,
}

/** A row of a table as a JSON array: {@link TableItem}. */
const TABLE_ITEM: ItemForm = {
  between: "','",
  item: `iif(${FORMED_CELLS}, concat('[', json_quote(name), ',', json_quote(provider), ',', active, ',', settings, ',', json_quote(last_outcome), ',',
  json_quote(last_cause), ',', json_quote(last_checked_at), ',', coalesce(last_latency_ms, 0), ']'), '')`,
  unformed: nameUnless(FORMED_CELLS),
}

const ADDRESS = `settings ->> '$.baseUrl'`
const ACCOUNT = `coalesce(settings ->> '$.accountId', '')`
const AFTER_SCHEME = `substr(${ADDRESS}, instr(${ADDRESS}, '://') + 3)`
/** Addresses are normalised when they are saved: a host ends at the first slash. */
const HOST = `substr(${AFTER_SCHEME}, 1, instr(${AFTER_SCHEME} || '/', '/') - 1)`

const atMostOnce = (name: string): string => `settings NOT GLOB '*"${name}"*"${name}"*'`

/**
 * Whether the row is formed, and SQLite finds in its settings what the seal binds: of a member that stands there twice, or spelt with
 * escapes, it takes the first, and whoever parses JSON the last.
 */
const PLAIN = `${FORMED_CELLS} AND ${isWhole('settings')} AND instr(settings, '\\') = 0 AND ${atMostOnce('baseUrl')} AND ${atMostOnce('accountId')}`

/** A row of a table as a line: name, provider, which account of which server, whether it is active, the last test; else nothing. */
const LINE_ITEM: ItemForm = {
  between: 'char(10)',
  item: `iif(${PLAIN}, concat(name, char(9), provider, char(9), CASE
      WHEN ${ACCOUNT} = '' THEN coalesce(${HOST}, :nothing)
      WHEN ${ADDRESS} IS NULL THEN ${ACCOUNT}
      ELSE concat(${ACCOUNT}, ' on ', ${HOST})
    END, char(9), iif(active, :yes, :no), char(9), CASE
      WHEN last_outcome IS NULL THEN :never
      ELSE concat(iif(last_outcome = 'connected', :connected, :failed || coalesce(last_cause, :unknown)), ', ', last_checked_at)
    END), '')`,
}

type TableItem = readonly [
  name: string,
  provider: string,
  active: number,
  settings: Integration['settings'],
  outcome: LastTest['outcome'] | null,
  cause: LastTest['cause'],
  checkedAt: string | null,
  latencyMs: number,
]

function bound(profileId: Buffer, filter: IntegrationFilter): Record<string, unknown> {
  return {
    profile: profileId,
    ...(filter.provider === undefined ? {} : { provider: filter.provider }),
    ...(filter.active === undefined ? {} : { active: Number(filter.active) }),
  }
}

interface PageRow {
  readonly items: Buffer | null
  readonly last: Buffer | null
  readonly total: number
  readonly active: number
  readonly failing: number
  readonly untested: number
  readonly unformed: string | null
}

/** A row that no page holds, since its name is none. */
const NAMELESS = `SELECT 1 FROM integrations WHERE profile_id = ? AND (${isText('name')} AND name <> '') IS NOT TRUE LIMIT 1`

/** Before every name. */
const FIRST = Buffer.alloc(0)

/** Which pages of a list. */
interface Part {
  /** The name after which they begin. */
  readonly after?: Uint8Array
  readonly most?: number
}

/** @throws {CrmError} `damaged`, naming a row that no item is made of. */
function* pagesOf(
  database: Database,
  form: ItemForm,
  profileId: Buffer,
  filter: IntegrationFilter,
  more: Readonly<Record<string, string>> = {},
  { after = FIRST, most = Number.POSITIVE_INFINITY }: Part = {},
): Generator<Page & { readonly items: Buffer; readonly last: Buffer }> {
  const sql = pageOf(form, filter)
  // Every page of the file is read once: to keep them costs memory and brings nothing.
  database.pragma(`cache_size = -${CACHE_KIB}`)
  const values = { ...bound(profileId, filter), ...more }
  if (after.length === 0 && database.get(NAMELESS, profileId) !== undefined) throw changedOutside('an integration')
  let before = after
  for (let count = 0; count < most; count += 1) {
    const page = database.get<PageRow>(sql, { ...values, after: before })
    if (page === undefined || page.items === null || page.last === null) return
    if (page.unformed !== null) throw changedOutside(`the integration ${page.unformed}`)
    const { items, last, total, active, failing, untested } = page
    yield { items, last, totals: { total, active, inactive: total - active, failing, untested } }
    if (total < PAGE_ROWS) return
    before = last
  }
}

/** The same of items in JSON, in which nothing is a zero byte. */
function* jsonPagesOf(...asked: Parameters<typeof pagesOf>): ReturnType<typeof pagesOf> {
  const [database, , profileId, filter, , { after = FIRST } = {}] = asked
  for (const page of pagesOf(...asked)) {
    if (page.items.includes(0)) refuseUnsound(database, profileId, filter, after)
    yield page
  }
}

/** @throws {CrmError} `damaged` where a row after a name is not sound. */
function refuseUnsound(database: Database, profileId: Buffer, filter: IntegrationFilter, after: Uint8Array): void {
  const [name] = database.column<string | null>(unsoundIn(filter), { ...bound(profileId, filter), after })
  if (typeof name === 'string') throw changedOutside(`the integration ${name}`)
}

/** How many pages are held back until all of them have been looked at: most lists are no longer. */
const HELD_PAGES = 8

/** A list in pages of JSON text, by name. No key is needed, and nothing sealed is read. @param more members that each item ends with. */
export function* jsonPages<Item extends Integration>(
  database: Database,
  profileId: Buffer,
  profile: string,
  filter: IntegrationFilter,
  more: Readonly<Record<string, string>> = {},
): Generator<IntegrationPage<Item>> {
  const members = Object.entries(more).map(([name, value]) => `,\n        ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
  const values = { quotedProfile: JSON.stringify(profile), more: members.join('') }
  const pages = function* (form: ItemForm, part: Part): Generator<IntegrationPage<Item> & { readonly last: Buffer }> {
    for (const page of jsonPagesOf(database, form, profileId, filter, values, part))
      yield { ...page, read: () => readItems<Item>(page.items) }
  }
  // Nothing is printed of a list that cannot be printed whole: a row that is not sound is found before the first page goes out.
  const held = Array.from(pages({ ...JSON_ITEM, unformed: nameUnless(FORMED) }, { most: HELD_PAGES }))
  const last = held.length < HELD_PAGES ? undefined : held.at(-1)?.last
  if (last !== undefined) refuseUnsound(database, profileId, filter, last)
  yield* held
  if (last !== undefined) yield* pages(JSON_ITEM, { after: last })
}

/** The rows of a table in pages, by name, as one view. No key is needed, and nothing sealed is read. */
export function tablePages(database: Database, profileId: Buffer, filter: IntegrationFilter): readonly TablePage[] {
  return database.read(() =>
    Array.from(jsonPagesOf(database, TABLE_ITEM, profileId, filter), ({ items, totals }) => ({
      rows: () => readItems<TableItem>(items).map(toTableRow),
      totals,
    })),
  )
}

/**
 * The same as lines, which take a fifth of the time. Nothing in them is escaped, and a row that no line can be made of is an empty one:
 * whoever prints them looks at them first, and asks for {@link tablePages} where a line is not as it should be.
 */
export function linePages(database: Database, profileId: Buffer, filter: IntegrationFilter, words: LineWords): readonly LinePage[] {
  return database.read(() =>
    Array.from(pagesOf(database, LINE_ITEM, profileId, filter, { ...words }), ({ items, totals }) => ({
      text: items.toString('utf8'),
      totals,
    })),
  )
}

function toTableRow([name, provider, active, settings, outcome, cause, checkedAt, latencyMs]: TableItem) {
  const lastTest = outcome === null ? null : { outcome, cause, checkedAt: checkedAt ?? '', latencyMs }
  return { name, provider, active: active === 1, settings, lastTest, verified: false, source: 'vault' } as const
}

/** One text for many rows: a value that SQLite hands over costs as much as many that are parsed. */
function readItems<Item>(items: Buffer): Item[] {
  return JSON.parse(`[${items.toString('utf8')}]`) as Item[]
}

/** A list as values, by name. */
export function listIntegrations(database: Database, profileId: Buffer, profile: string, filter: IntegrationFilter): Integration[] {
  // One view of them all: a row that is renamed meanwhile would be missed, or seen twice.
  return database.read(() => Array.from(jsonPages(database, profileId, profile, filter), (page) => page.read()).flat())
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

/** The names of rows that are not of the form in which rows are written. */
export function unsoundIntegrations(database: Database, profileId: Buffer): readonly string[] {
  return database.column<string>(`SELECT ${NAME} FROM integrations WHERE profile_id = ? AND NOT ${SOUND} ORDER BY 1`, profileId)
}

const ROW = `SELECT ${INTEGRATION_COLUMNS}, sealed FROM integrations WHERE profile_id = ? AND name = ?`

/** One row with its seal, by which whoever has the key proves it. */
export function findRow(database: Database, profileId: Buffer, name: string): SealedIntegrationRow | undefined {
  return database.get<SealedIntegrationRow>(ROW, profileId, name)
}

/** The error for a name that is not there. */
export function integrationNotFound(name: string): CrmError {
  return new CrmError('not_found', `no integration is named ${name}`, { hint: 'see the names with: crm list' })
}
