import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import { CrmError } from '../core/errors.ts'
import { isSlotDamaged } from '../crypto/key-slot.ts'
import type { AuditLog } from './audit-log.ts'
import type { Database } from './database.ts'
import { unsoundIntegrations } from './integrations.ts'
import { readSlots } from './key-slots.ts'
import { isNotStanding, type LastWord, lastWords, NOT_STANDING, type SlotWords, slotWords, tokenKey } from './last-words.ts'
import { INTEGRATION_COLUMNS, type SealedIntegrationRow } from './rows.ts'
import { openDemo } from './sealed-demos.ts'
import { openedRow, type ProfileKeys } from './sealed-integrations.ts'
import { readTokens } from './sealed-tokens.ts'
import { openTokensOf, type TokenOwner } from './tokens.ts'

/** One thing wrong in a vault. */
export interface VaultProblem {
  readonly table: string
  readonly name: string
  /** `damaged`, `missing`, `unexpected`, `older`. */
  readonly code: string
  readonly message: string
  /** One thing to do about it. */
  readonly hint: string
}

/** A problem without what to do about it, unless that does not follow from what it is. */
type Finding = Omit<VaultProblem, 'hint'> & Partial<Pick<VaultProblem, 'hint'>>

/** What `crm vault verify` found. */
export interface VaultReport {
  /** How many rows were opened. */
  readonly rows: number
  readonly problems: readonly VaultProblem[]
}

/**
 * Opens every sealed row of a profile, replays its audit chain, and compares the two: a row that is missing, was brought
 * back, or is older than the chain's last word about it is named (`security.md` section 4.5).
 */
export function verifyProfile(database: Database, keys: ProfileKeys, log: AuditLog, auditCount: number): VaultReport {
  const problems: Finding[] = []
  checkFile(database, problems)
  const audit = checkAudit(keys, log, auditCount, problems)
  const { words } = audit
  const rows =
    readable('key_slots', words, problems, () => checkSlots(database, keys, audit, problems)) +
    readable('integrations', words, problems, () => checkIntegrations(database, keys, words, problems)) +
    readable('demos', words, problems, () => checkDemos(database, keys, words, problems)) +
    readable('tokens', words, problems, () => checkTokens(database, keys, words, problems))
  // What a broken chain says about rows proves nothing.
  if (audit.isWhole)
    for (const word of words?.values() ?? [])
      problems.push({ table: word.table, name: word.name, code: 'missing', message: 'the audit log knows it, and it is not there' })
  return { rows: rows + audit.rows, problems: problems.map(withHint) }
}

/** What the audit log has to say. */
interface AuditFound {
  readonly rows: number
  readonly isWhole: boolean
  readonly words: Words
  readonly slots: SlotWords | undefined
}

/** The last words of the chain, taken from here as their rows are found; undefined where the log cannot be read through. */
type Words = Map<string, LastWord> | undefined

function checkAudit(keys: ProfileKeys, log: AuditLog, auditCount: number, problems: Finding[]): AuditFound {
  try {
    const { rows, firstBad } = log.replay(auditCount)
    if (firstBad !== null) {
      const message = `the audit log is not whole from row ${firstBad} on`
      problems.push({ table: 'audit', name: String(firstBad), code: 'damaged', message })
    }
    checkName(keys, log, problems)
    return { rows, isWhole: firstBad === null, words: lastWords(log), slots: slotWords(log) }
  } catch (error) {
    problems.push({ table: 'audit', name: '?', code: 'damaged', message: damageIn(error) })
    return { rows: 0, isWhole: false, words: undefined, slots: undefined }
  }
}

/** What is said of a table or a row that cannot be read. @throws what is not damage. */
function damageIn(error: unknown): string {
  if (!(error instanceof CrmError) || error.code !== 'damaged') throw error
  return error.reason ?? error.message
}

/** The count of a check; 0 where the table cannot be read through, which is a finding of its own, and no row of it is missing. */
function readable(table: string, words: Words, problems: Finding[], check: () => number): number {
  try {
    return check()
  } catch (error) {
    problems.push({ table, name: '?', code: 'damaged', message: damageIn(error) })
    forget(words, (word) => word.table === table)
    return 0
  }
}

function forget(words: Words, isForgotten: (word: LastWord) => boolean): void {
  for (const [key, word] of words ?? []) if (isForgotten(word)) words?.delete(key)
}

/**
 * The rows of a profile in a table, by name, and whether these are all. Where pages of the table cannot be read, an index that can be
 * knows the names; a row that is not to be had by its name is a finding.
 */
function rowsOf<Row>(
  database: Database,
  { table, select, name }: { readonly table: string; readonly select: string; readonly name: string },
  profileId: Buffer,
  words: Words,
  problems: Finding[],
): { readonly rows: readonly Row[]; readonly areAll: boolean } {
  try {
    return { rows: database.allAsStored<Row>(`${select} ORDER BY ${name}`, profileId), areAll: true }
  } catch (error) {
    damageIn(error)
  }
  const rows: Row[] = []
  for (const one of database.column<string>(`SELECT ${name} FROM ${table} WHERE profile_id = ? ORDER BY ${name}`, profileId)) {
    try {
      rows.push(...database.allAsStored<Row>(`${select} AND ${name} = ?`, profileId, one))
    } catch (error) {
      // Nor can it be removed, then.
      problems.push({ table, name: one, code: 'damaged', message: `it cannot be read: ${damageIn(error)}`, hint: RESTORE })
      forget(words, (word) => word.table === table && word.name === one)
    }
  }
  return { rows, areAll: false }
}

function checkFile(database: Database, problems: Finding[]): void {
  try {
    database.check('integrity_check')
  } catch (error) {
    if (!(error instanceof CrmError)) throw error
    problems.push({ table: 'file', name: database.path, code: error.code, message: error.reason ?? error.message })
  }
}

/** No seal holds the name of its profile: who trades the names of two in the file makes one stand for the other. */
function checkName(keys: ProfileKeys, log: AuditLog, problems: Finding[]): void {
  let known: string | undefined
  for (const { event, details } of log.events()) {
    if (NAMING.includes(event) && typeof details.name === 'string') known = details.name
  }
  if (known === undefined || known === keys.profile) return
  problems.push({ table: 'profiles', name: keys.profile, code: 'damaged', message: `the audit log knows it as ${known}` })
}

function checkSlots(database: Database, keys: ProfileKeys, { isWhole, slots: words }: AuditFound, problems: Finding[]): number {
  const slots = readSlots(database, keys.profileId)
  const missing = new Map(isWhole ? words?.standing : [])
  for (const slot of slots) {
    const name = slot.slotId.toString('hex')
    const check = words?.standing.get(name) ?? undefined
    missing.delete(name)
    if (isSlotDamaged(slot)) problems.push({ table: 'key_slots', name, code: 'damaged', message: 'the key slot was altered' })
    else if (words !== undefined && isNotStanding(words, name))
      problems.push({ table: 'key_slots', name, code: 'unexpected', message: NOT_STANDING, hint: `remove it: crm key remove ${name}` })
    else if (check !== undefined && check !== slot.check.toString('hex'))
      problems.push({ table: 'key_slots', name, code: 'older', message: 'it is not as the audit log knows it' })
  }
  for (const name of missing.keys())
    problems.push({ table: 'key_slots', name, code: 'missing', message: 'the audit log knows it, and it is not there' })
  return slots.length
}

const INTEGRATIONS = {
  table: 'integrations',
  select: `SELECT ${INTEGRATION_COLUMNS}, sealed FROM integrations WHERE profile_id = ?`,
  name: 'name',
}

function checkIntegrations(database: Database, keys: ProfileKeys, words: Words, problems: Finding[]): number {
  const { rows, areAll } = rowsOf<SealedIntegrationRow>(database, INTEGRATIONS, keys.profileId, words, problems)
  for (const row of rows) {
    compare('integrations', row.name, toCompare(database, INTEGRATIONS.select, row), words, problems, () => openedRow(keys, row))
  }
  if (areAll) checkLists(database, keys, problems)
  return rows.length
}

/** What lists print as it stands may be changed where no seal looks. */
function checkLists(database: Database, keys: ProfileKeys, problems: Finding[]): void {
  const known = new Set(problems.flatMap(({ table, name }) => (table === 'integrations' ? [name] : [])))
  for (const name of unsoundIntegrations(database, keys.profileId)) {
    if (!known.has(name))
      problems.push({ table: 'integrations', name, code: 'damaged', message: 'what lists show of it was changed outside of crm' })
  }
}

const DEMOS = {
  table: 'demos',
  select: 'SELECT id, integration_id, slug, revision, sealed FROM demos WHERE profile_id = ?',
  name: 'slug',
}

interface SealedDemoRow {
  readonly id: Buffer
  readonly integration_id: Buffer
  readonly slug: string
  readonly revision: number
  readonly sealed: Buffer
}

function checkDemos(database: Database, keys: ProfileKeys, words: Words, problems: Finding[]): number {
  const { rows } = rowsOf<SealedDemoRow>(database, DEMOS, keys.profileId, words, problems)
  for (const row of rows) {
    compare('demos', row.slug, toCompare(database, DEMOS.select, row), words, problems, () => requireDemo(database, keys, row))
  }
  return rows.length
}

/** OAuth tokens are told by the integration that they belong to. */
function checkTokens(database: Database, keys: ProfileKeys, words: Words, problems: Finding[]): number {
  const rows = readTokens(database, keys.profileId)
  for (const row of rows) {
    const id = row.integration_id.toString('hex')
    const owner = database.get<TokenOwner>('SELECT id, name, revision FROM integrations WHERE id = ?', row.integration_id)
    compare('tokens', owner?.name ?? id, { ...row, key: tokenKey(id) }, words, problems, () => {
      if (owner === undefined) throw new CrmError('damaged', 'the tokens belong to no integration of this vault')
      return openTokensOf(keys, row, owner)
    })
  }
  return rows.length
}

/** A sealed row, with what is known of it before it is opened. */
interface Compared {
  /** By which the audit log knows it. */
  readonly key: string
  readonly revision: number
  readonly sealed: Buffer
  /** A column whose value is of another kind than any that was written: such a row is not opened. */
  readonly odd?: string | undefined
}

/** A row as it is stored, ready to be compared. @param sql the query that it comes from. */
function toCompare(
  database: Database,
  sql: string,
  row: { readonly id: Buffer; readonly revision: number; readonly sealed: Buffer },
): Compared {
  return { ...row, key: Buffer.isBuffer(row.id) ? row.id.toString('hex') : '', odd: database.oddColumn(sql, row) }
}

/** A demo that hangs on no integration of the vault is on no list, and is not what was written. @throws {CrmError} `damaged`. */
function requireDemo(database: Database, keys: ProfileKeys, row: { readonly integration_id: Buffer; readonly slug: string }): void {
  if (openDemo(database, keys, row.integration_id, row.slug) === undefined)
    throw new CrmError('damaged', `the demo ${row.slug} belongs to no integration of this vault`)
}

function compare(table: string, stored: unknown, row: Compared, words: Words, problems: Finding[], open: () => unknown): void {
  const word = words?.get(row.key)
  words?.delete(row.key)
  const name = typeof stored === 'string' ? stored : '?'
  if (row.odd !== undefined) {
    problems.push({ table, name, code: 'damaged', message: `its ${row.odd} is none that was ever written` })
    return
  }
  try {
    open()
  } catch (error) {
    if (!(error instanceof CrmError)) throw error
    problems.push({ table, name, code: error.code, message: 'its seal does not fit its record' })
    return
  }
  if (words === undefined) return
  if (word === undefined) problems.push({ table, name, code: 'unexpected', message: NOT_STANDING })
  else if (word.sha256 !== hash('sha256', row.sealed, 'hex')) {
    problems.push({
      table,
      name,
      code: 'older',
      message: `it is at revision ${row.revision}, the audit log knows revision ${word.revision}`,
    })
  }
}

/** What to do about a finding, by where it is and what it is. */
function withHint(finding: Finding): VaultProblem {
  return { ...finding, hint: finding.hint ?? HINTS[`${finding.table} ${finding.code}`] ?? HINTS[finding.table] ?? RESTORE }
}

const RESTORE = 'put a backup back: crm vault restore <file>'
const HINTS: Readonly<Record<string, string>> = {
  'integrations damaged': 'remove it and add it again (crm remove, crm add), or put a backup back: crm vault restore <file>',
  'integrations unexpected': 'remove it: crm remove',
  'integrations older': 'remove it and add it again (crm remove, crm add), or put a newer backup back: crm vault restore <file>',
  'demos unexpected': 'take its record out: crm demo-remove <slug> --forget',
  'demos older': 'take its record out (crm demo-remove <slug> --forget), or put a newer backup back: crm vault restore <file>',
  'tokens damaged': 'sign in again: crm login',
  'tokens older': 'sign in again: crm login',
  'tokens unexpected': 'sign in again: crm login',
  'tokens missing': 'sign in again: crm login',
  'key_slots damaged': 'remove it and add its key again: crm key remove, crm key add',
  'key_slots older': 'remove it and add its key again: crm key remove, crm key add',
  'key_slots missing':
    'add its key again and make a new data key (crm key add, crm key rotate), or put a backup back: crm vault restore <file>',
  'profiles damaged': 'give the profile its name back: crm profile rename',
  'audit older': 'put the newer vault back, or accept this one: crm vault accept-older',
}

const NAMING = ['profile.create', 'profile.rename', 'profile.keep']
