import type { Database } from './database.ts'

/** A profile's row. */
export interface ProfileRow {
  readonly id: Buffer
  readonly name: string
  readonly generation: number
  /** The generation of the audit key that signs new audit rows. */
  readonly audit_key: number
  readonly audit_count: number
}

/** A profile by name, matched without regard to case. */
export function findProfile(database: Database, name: string): ProfileRow | undefined {
  return database.get<ProfileRow>('SELECT id, name, generation, audit_key, audit_count FROM profiles WHERE name = ?', name.toLowerCase())
}
