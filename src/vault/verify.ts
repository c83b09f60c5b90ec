import { createHash } from 'node:crypto'
import { CrmError } from '../core/errors.ts'
import { isSlotDamaged } from '../crypto/key-slot.ts'
import type { AuditLog } from './audit-log.ts'
import type { Database } from './database.ts'
import { readSlots } from './key-slots.ts'
import { INTEGRATION_COLUMNS, type SealedIntegrationRow } from './rows.ts'
import { openDemo } from './sealed-demos.ts'
import { openedRow, type ProfileKeys } from './sealed-integrations.ts'

/** One thing wrong in a vault. */
export interface VaultProblem {
  readonly table: string
  readonly name: string
  /** `damaged`, `missing`, `unexpected`, `older`. */
  readonly code: string
  readonly message: string
}

/** What `crm vault verify` found. */
export interface VaultReport {
  /** How many rows were opened. */
  readonly rows: number
  readonly problems: readonly VaultProblem[]
}

/** The chain's last word about a sealed row. */
interface LastWord {
  readonly name: string
  readonly table: string
  readonly revision: number
  readonly sha256: string
}

/**
 * Opens every sealed row of a profile, replays its audit chain, and compares the two: a row that is missing, was brought
 * back, or is older than the chain's last word about it is named (`security.md` section 4.5).
 */
export function verifyProfile(database: Database, keys: ProfileKeys, log: AuditLog, auditCount: number): VaultReport {
  const problems: VaultProblem[] = []
  checkFile(database, problems)
  const replay = log.replay(auditCount)
  if (replay.firstBad !== null) {
    problems.push({
      table: 'audit',
      name: String(replay.firstBad),
      code: 'damaged',
      message: `the audit log is not whole from row ${replay.firstBad} on`,
    })
  }
  checkName(keys, log, problems)
  const words = lastWords(log)
  const rows =
    checkSlots(database, keys, problems) + checkIntegrations(database, keys, words, problems) + checkDemos(database, keys, words, problems)
  // What a broken chain says about rows proves nothing.
  if (replay.firstBad === null)
    for (const word of words.values())
      problems.push({ table: word.table, name: word.name, code: 'missing', message: 'the audit log knows it, and it is not there' })
  return { rows: rows + replay.rows, problems }
}

function checkFile(database: Database, problems: VaultProblem[]): void {
  try {
    database.check('integrity_check')
  } catch (error) {
    if (!(error instanceof CrmError)) throw error
    problems.push({ table: 'file', name: database.path, code: error.code, message: error.reason ?? error.message })
  }
}

/** No seal holds the name of its profile: who trades the names of two in the file makes one stand for the other. */
function checkName(keys: ProfileKeys, log: AuditLog, problems: VaultProblem[]): void {
  let known: string | undefined
  for (const { event, details } of log.events()) {
    if ((event === 'profile.create' || event === 'profile.rename') && typeof details.name === 'string') known = details.name
  }
  if (known === undefined || known === keys.profile) return
  problems.push({ table: 'profiles', name: keys.profile, code: 'damaged', message: `the audit log knows it as ${known}` })
}

function checkSlots(database: Database, keys: ProfileKeys, problems: VaultProblem[]): number {
  const slots = readSlots(database, keys.profileId)
  for (const slot of slots) {
    if (isSlotDamaged(slot))
      problems.push({ table: 'key_slots', name: slot.slotId.toString('hex'), code: 'damaged', message: 'the key slot was altered' })
  }
  return slots.length
}

function checkIntegrations(database: Database, keys: ProfileKeys, words: Map<string, LastWord>, problems: VaultProblem[]): number {
  const rows = database.all<SealedIntegrationRow>(
    `SELECT ${INTEGRATION_COLUMNS}, sealed FROM integrations WHERE profile_id = ? ORDER BY name`,
    keys.profileId,
  )
  for (const row of rows) {
    compare('integrations', row.name, row, words, problems, () => openedRow(keys, row))
  }
  return rows.length
}

function checkDemos(database: Database, keys: ProfileKeys, words: Map<string, LastWord>, problems: VaultProblem[]): number {
  const rows = database.all<{ id: Buffer; integration_id: Buffer; slug: string; revision: number; sealed: Buffer }>(
    'SELECT id, integration_id, slug, revision, sealed FROM demos WHERE profile_id = ? ORDER BY slug',
    keys.profileId,
  )
  for (const row of rows) {
    compare('demos', row.slug, row, words, problems, () => requireDemo(database, keys, row))
  }
  return rows.length
}

/** A demo that hangs on no integration of the vault is on no list, and is not what was written. @throws {CrmError} `damaged`. */
function requireDemo(database: Database, keys: ProfileKeys, row: { readonly integration_id: Buffer; readonly slug: string }): void {
  if (openDemo(database, keys, row.integration_id, row.slug) === undefined)
    throw new CrmError('damaged', `the demo ${row.slug} belongs to no integration of this vault`)
}

function compare(
  table: string,
  name: string,
  row: { readonly id: Buffer; readonly revision: number; readonly sealed: Buffer },
  words: Map<string, LastWord>,
  problems: VaultProblem[],
  open: () => unknown,
): void {
  const id = row.id.toString('hex')
  const word = words.get(id)
  words.delete(id)
  try {
    open()
  } catch (error) {
    if (!(error instanceof CrmError)) throw error
    problems.push({ table, name, code: error.code, message: 'its seal does not fit its record' })
    return
  }
  if (word === undefined)
    problems.push({ table, name, code: 'unexpected', message: 'the audit log says that it was removed, or never knew it' })
  else if (word.sha256 !== createHash('sha256').update(row.sealed).digest('hex')) {
    problems.push({
      table,
      name,
      code: 'older',
      message: `it is at revision ${row.revision}, the audit log knows revision ${word.revision}`,
    })
  }
}

const TABLES: Readonly<Record<string, string>> = { integration: 'integrations', demo: 'demos' }
const ENDINGS = ['remove', 'forget']

function lastWords(log: AuditLog): Map<string, LastWord> {
  const words = new Map<string, LastWord>()
  for (const { event, details } of log.events()) {
    const [noun = '', verb = ''] = event.split('.')
    const table = TABLES[noun]
    const { id, revision, sha256 } = details
    if (table === undefined || typeof id !== 'string') continue
    if (ENDINGS.includes(verb)) words.delete(id)
    else if (typeof revision === 'number' && typeof sha256 === 'string')
      words.set(id, { table, name: String(details.name ?? details.slug), revision, sha256 })
  }
  return words
}
