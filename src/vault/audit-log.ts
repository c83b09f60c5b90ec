import { randomBytes, timingSafeEqual } from 'node:crypto'
import { inBatches } from '../core/batches.ts'
import { CrmError } from '../core/errors.ts'
import { canonicalJson, type JsonObject } from '../core/json.ts'
import { OpenError, open, seal } from '../crypto/chunked.ts'
import { encodeContext } from '../crypto/context.ts'
import { Hmac } from '../crypto/hmac.ts'
import type { Database } from './database.ts'

/** One event of the audit log, oldest first by `sequence`, which has no gaps. */
export interface AuditEvent {
  readonly sequence: number
  /** RFC 3339 UTC; for display, order comes from the sequence. */
  readonly at: string
  /** `integration.add`, `profile.create`, ... */
  readonly event: string
  /** `user@host pid 123`. */
  readonly actor: string
  readonly outcome: string
  readonly details: JsonObject
}

/** What is about to be recorded. Details never hold a secret. */
export interface AuditEntry {
  readonly event: string
  readonly outcome?: string
  readonly details: JsonObject
}

/** The result of replaying a chain. */
export interface AuditReplay {
  /** How many rows are there. */
  readonly rows: number
  /** The sequence of the last row; 0 for an empty log. */
  readonly sequence: number
  /** How many rows retention has dropped from the beginning. */
  readonly dropped: number
  readonly firstAt: string | null
  readonly lastAt: string | null
  /** The MAC of the last row, hex; null for an empty log. */
  readonly head: string | null
  /** The first sequence that is missing, altered or out of order; null when the chain is whole. */
  readonly firstBad: number | null
}

interface AuditRow {
  readonly sequence: number
  readonly at: string
  readonly event: string
  readonly actor: string
  readonly outcome: string
  readonly details: string
  readonly key_generation: number
  readonly mac: Buffer
}

/** A row by which a log is known. */
interface End {
  readonly sequence: number
  readonly mac: Buffer
}

/** One of them. */
export interface AuditKeyRow {
  readonly key_generation: number
  readonly generation: number
  readonly sealed: Buffer
}

/** The sealed keys of a log. */
export const AUDIT_KEYS = 'SELECT key_generation, generation, sealed FROM audit_keys WHERE profile_id = ? ORDER BY key_generation'

interface Checkpoint {
  /** The last row that was dropped, and its MAC. */
  readonly sequence: number
  readonly last_mac: Buffer
  readonly key_generation: number
  readonly at: string
  readonly mac: Buffer
}

/** The event of a log that has lost its beginning; `through` is the last row of that. */
const PRUNE = 'audit.prune'
const FINGERPRINT_BYTES = 10
const FIRST_MAC = Buffer.alloc(32)
const ROWS = 'SELECT sequence, at, event, actor, outcome, details, key_generation, mac FROM audit WHERE profile_id = ?'

/**
 * The audit chain of one profile (`security.md` section 16): each row's MAC, HMAC-SHA-256 under the profile's audit key,
 * covers the row and the MAC before it. Every change writes its row in its own transaction.
 */
export class AuditLog {
  readonly #keys: ReadonlyMap<number, Hmac>
  #lastMac: Buffer | undefined
  #lastSequence: number | undefined

  private constructor(
    readonly database: Database,
    readonly profileId: Buffer,
    readonly keyGeneration: number,
    keys: ReadonlyMap<number, Hmac>,
  ) {
    this.#keys = keys
  }

  /** Seals a new audit key for a profile; inside the transaction that creates the profile. */
  static createKey(database: Database, profileId: Buffer, generation: number, keyGeneration: number, rowKey: Buffer): void {
    const sealed = seal(rowKey, keyContext(profileId, generation, keyGeneration), randomBytes(32))
    database.run(
      'INSERT INTO audit_keys (profile_id, key_generation, generation, sealed) VALUES (?, ?, ?, ?)',
      profileId,
      keyGeneration,
      generation,
      sealed,
    )
  }

  /** Opens the audit keys of an unlocked profile. @throws {CrmError} `damaged`. */
  static open(database: Database, profileId: Buffer, keyGeneration: number, rowKey: Buffer): AuditLog {
    const keys = new Map<number, Hmac>()
    for (const row of database.all<AuditKeyRow>(AUDIT_KEYS, profileId)) {
      const key = openAuditKey(rowKey, profileId, row)
      keys.set(row.key_generation, new Hmac('sha256', key))
      key.fill(0)
    }
    if (!keys.has(keyGeneration)) throw auditDamaged('its key is missing')
    return new AuditLog(database, profileId, keyGeneration, keys)
  }

  /**
   * What names a profile for its life: under its first audit key, which every rotation seals anew and none replaces. A vault that somebody
   * without the key has made has another one, whatever ids and names it bears.
   */
  fingerprint(): string {
    return this.#keyOf(1).digest(encodeContext('crm-vault/v1/fingerprint', this.profileId)).toString('hex', 0, FINGERPRINT_BYTES)
  }

  /** The same log in a copy of the vault, under the keys opened here. */
  of(copy: Database): AuditLog {
    return new AuditLog(copy, this.profileId, this.keyGeneration, this.#keys)
  }

  /**
   * The check of every unlock, at constant cost: the last row is authentic, and it is the one the profile counts as its last.
   * @throws {CrmError} `damaged`.
   */
  verifyLast(count: number): void {
    const [last, before] = this.database.all<AuditRow>(`${ROWS} ORDER BY sequence DESC LIMIT 2`, this.profileId)
    const sequence = last?.sequence ?? 0
    const checkpoint = before === undefined ? this.#checkpoint() : undefined
    if (checkpoint !== undefined && !this.#isCheckpointAuthentic(checkpoint)) throw auditDamaged('what was dropped from it was altered')
    if (sequence !== count) throw auditDamaged(`it ends at ${sequence}, the profile counts ${count}`)
    // A rotation writes the first row of its own key: whoever got hold of an old one cannot go on with the log.
    if (
      last !== undefined &&
      (last.key_generation !== this.keyGeneration || !this.#isAuthentic(last, before?.mac ?? checkpoint?.last_mac ?? FIRST_MAC))
    )
      throw auditDamaged(`row ${sequence} was altered`)
  }

  /** Appends events as they come; inside the transaction of the change itself. The sequence of the log's end, and how many came. */
  append(entries: Iterable<AuditEntry>, at: string, actor: string): { readonly end: number; readonly added: number } {
    this.#readEnd()
    const before = this.#lastSequence ?? 0
    let sequence = before
    let mac = this.#lastMac ?? FIRST_MAC
    const key = this.#keyOf(this.keyGeneration)
    for (const batch of inBatches(entries)) {
      const rows = batch.map((entry): AuditRow => {
        sequence += 1
        const { event, outcome = 'ok' } = entry
        const row = { sequence, at, event, actor, outcome, details: canonicalJson(entry.details), key_generation: this.keyGeneration }
        mac = this.#macOf(row, mac, key)
        return { ...row, mac }
      })
      for (const row of rows) this.#insert(row)
    }
    if (sequence === before) return { end: before, added: 0 }
    this.database.run('UPDATE profiles SET audit_count = ? WHERE id = ?', sequence, this.profileId)
    return { end: sequence, added: sequence - before }
  }

  #insert({ sequence, at, event, actor, outcome, details, key_generation, mac }: AuditRow): void {
    this.database.run(
      'INSERT INTO audit (profile_id, sequence, at, event, actor, outcome, details, key_generation, mac) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      this.profileId,
      sequence,
      at,
      event,
      actor,
      outcome,
      details,
      key_generation,
      mac,
    )
  }

  /** Every event, oldest first. */
  *events(): Generator<AuditEvent> {
    for (const row of this.database.all<AuditRow>(`${ROWS} ORDER BY sequence`, this.profileId)) yield toEvent(row)
  }

  /** The newest events before a sequence, newest first. */
  newest(limit: number, before: number): AuditEvent[] {
    return this.database
      .all<AuditRow>(`${ROWS} AND sequence < ? ORDER BY sequence DESC LIMIT ?`, this.profileId, before, limit)
      .map(toEvent)
  }

  /** The events after a sequence, oldest first. */
  after(sequence: number): AuditEvent[] {
    return this.database.all<AuditRow>(`${ROWS} AND sequence > ? ORDER BY sequence`, this.profileId, sequence).map(toEvent)
  }

  /** The MAC of a row, or of the last one, hex: whoever has seen it knows the log again. Undefined where there is none. */
  mark(sequence?: number): { readonly sequence: number; readonly mac: string } | undefined {
    const row =
      sequence === undefined
        ? this.#end()
        : this.database.get<End>('SELECT sequence, mac FROM audit WHERE profile_id = ? AND sequence = ?', this.profileId, sequence)
    return row === undefined ? undefined : { sequence: row.sequence, mac: row.mac.toString('hex') }
  }

  /** Replays the whole chain against the count that the profile keeps. */
  replay(count: number): AuditReplay {
    const checkpoint = this.#checkpoint()
    const dropped = checkpoint?.sequence ?? 0
    let mac: Buffer = checkpoint?.last_mac ?? FIRST_MAC
    let generation = 0
    let rows = dropped
    let firstBad: number | null = checkpoint === undefined || this.#isCheckpointAuthentic(checkpoint) ? null : dropped
    let pruned = 0
    let first: string | null = null
    let last: AuditRow | undefined
    for (const row of this.database.all<AuditRow>(`${ROWS} ORDER BY sequence`, this.profileId)) {
      if (firstBad === null && (row.sequence !== rows + 1 || row.key_generation < generation || !this.#isAuthentic(row, mac)))
        firstBad = Math.min(row.sequence, rows + 1)
      rows += 1
      if (row.event === PRUNE) pruned = prunedThrough(row)
      first ??= row.at
      last = row
      mac = row.mac
      generation = row.key_generation
    }
    if (firstBad === null && rows !== count) firstBad = Math.min(rows, count) + 1
    // A key of before a rotation still makes checkpoints: the chain itself, which it cannot go on with, must say how far it was dropped.
    if (firstBad === null && pruned < dropped) firstBad = pruned + 1
    return {
      rows: rows - dropped,
      sequence: last?.sequence ?? 0,
      dropped,
      firstAt: first,
      lastAt: last?.at ?? null,
      head: last?.mac.toString('hex') ?? null,
      firstBad,
    }
  }

  /**
   * Drops every row up to a sequence, and keeps the MAC of the last of them under a key of the log (`security.md` section 16); inside a
   * transaction that appends a row. How many were dropped.
   */
  drop(through: number, at: string): number {
    const end = this.database.get<{ mac: Buffer }>('SELECT mac FROM audit WHERE profile_id = ? AND sequence = ?', this.profileId, through)
    if (end === undefined) throw auditDamaged(`row ${through} is missing`)
    const checkpoint = { sequence: through, last_mac: end.mac, key_generation: this.keyGeneration, at }
    this.database.run(
      'INSERT OR REPLACE INTO audit_checkpoints (profile_id, sequence, key_generation, last_mac, at, mac) VALUES (?, ?, ?, ?, ?, ?)',
      this.profileId,
      through,
      this.keyGeneration,
      end.mac,
      at,
      this.#checkpointMac(checkpoint),
    )
    return this.database.run('DELETE FROM audit WHERE profile_id = ? AND sequence <= ?', this.profileId, through)
  }

  #checkpoint(): Checkpoint | undefined {
    return this.database.get<Checkpoint>(
      'SELECT sequence, last_mac, key_generation, at, mac FROM audit_checkpoints WHERE profile_id = ?',
      this.profileId,
    )
  }

  #isCheckpointAuthentic(checkpoint: Checkpoint): boolean {
    if (!this.#keys.has(checkpoint.key_generation) || !Number.isSafeInteger(checkpoint.sequence) || checkpoint.sequence < 0) return false
    return timingSafeEqual(this.#checkpointMac(checkpoint), checkpoint.mac)
  }

  #checkpointMac({ sequence, last_mac, key_generation, at }: Omit<Checkpoint, 'mac'>): Buffer {
    return this.#keyOf(key_generation).digest(
      encodeContext('crm-vault/v1/audit-checkpoint', this.profileId, key_generation, sequence, last_mac, at),
    )
  }

  /** Zero-fills the keys. */
  lock(): void {
    for (const key of this.#keys.values()) key.clear()
  }

  /** Another process may have written since, so the end of the chain is read inside the transaction. */
  #readEnd(): void {
    const end = this.#end()
    this.#lastSequence = end?.sequence
    this.#lastMac = end?.mac
  }

  #end(): End | undefined {
    return this.database.get<End>('SELECT sequence, mac FROM audit WHERE profile_id = ? ORDER BY sequence DESC LIMIT 1', this.profileId)
  }

  #isAuthentic(row: AuditRow, before: Buffer): boolean {
    // A number below zero is none that was ever written, and has no encoding.
    if (!this.#keys.has(row.key_generation) || !Number.isSafeInteger(row.sequence) || row.sequence < 1) return false
    const mac = this.#macOf(row, before)
    return mac.length === row.mac.length && timingSafeEqual(mac, row.mac)
  }

  #keyOf(generation: number): Hmac {
    const key = this.#keys.get(generation)
    if (key === undefined) throw auditDamaged('a key of it is missing')
    return key
  }

  #macOf(row: Omit<AuditRow, 'mac'>, before: Buffer, key = this.#keyOf(row.key_generation)): Buffer {
    return key.publicDigest(
      encodeContext(
        'crm-vault/v1/audit',
        this.profileId,
        row.key_generation,
        row.sequence,
        row.at,
        row.event,
        row.actor,
        row.outcome,
        row.details,
        before,
      ),
    )
  }
}

/** Opens a key of the log. @throws {CrmError} `damaged`. */
export function openAuditKey(rowKey: Buffer, profileId: Buffer, row: AuditKeyRow): Buffer {
  try {
    return open(rowKey, keyContext(profileId, row.generation, row.key_generation), row.sealed)
  } catch (error) {
    // A number that is never written has no encoding.
    if (error instanceof OpenError || error instanceof RangeError) throw auditDamaged('its key was altered', error)
    throw error
  }
}

/** What its seal binds. */
export function keyContext(profileId: Buffer, generation: number, keyGeneration: number): Buffer {
  return encodeContext('crm-vault/v1/audit-key', profileId, generation, keyGeneration)
}

function toEvent({ sequence, at, event, actor, outcome, details }: AuditRow): AuditEvent {
  return { sequence, at, event, actor, outcome, details: readDetails(details) }
}

/** Levels of what an event tells, more than ours have: what is nested deeper was altered, and could not be printed. */
const DEEPEST_DETAILS = 8

function isShallow(value: unknown, levels: number): boolean {
  if (value === null || typeof value !== 'object') return true
  return levels > 0 && Object.values(value).every((member) => isShallow(member, levels - 1))
}

function readDetails(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text)
    return value !== null && typeof value === 'object' && !Array.isArray(value) && isShallow(value, DEEPEST_DETAILS)
      ? (value as JsonObject)
      : {}
  } catch {
    return {} // An altered row; `verified` and `audit verify` say so.
  }
}

function prunedThrough({ details }: AuditRow): number {
  const { through } = readDetails(details)
  return typeof through === 'number' ? through : 0
}

function auditDamaged(reason: string, cause?: unknown): CrmError {
  return new CrmError('damaged', 'the audit log of the profile was changed', {
    reason,
    hint: 'see what is affected with: crm vault verify',
    ...(cause === undefined ? {} : { cause }),
  })
}
