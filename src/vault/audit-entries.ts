import { hash } from 'node:crypto'
import type { AuditEntry } from './audit-log.ts'
import type { WrittenTokens } from './tokens.ts'
import type { TokenEvent } from './unlocked.ts'

/** What the audit log says of a sealed row: enough to notice one that is missing, brought back or older. */
export function rowDetails(row: { readonly id: Buffer; readonly revision: number; readonly sealed: Buffer }): {
  id: string
  revision: number
  sha256: string
} {
  return { id: row.id.toString('hex'), revision: row.revision, sha256: hash('sha256', row.sealed, 'hex') }
}

/** What the audit log says of stored tokens. */
export function tokenEntry(event: TokenEvent | 'token.rebind', name: string, { integration, revision, sealed }: WrittenTokens): AuditEntry {
  return { event, details: { integration, name, revision, sha256: hash('sha256', sealed, 'hex') } }
}

/** What the audit log says of a demo whose record goes. */
export function forgetting(demo: { readonly id: Buffer; readonly slug: string }): AuditEntry {
  return { event: 'demo.forget', details: { id: demo.id.toString('hex'), slug: demo.slug } }
}
