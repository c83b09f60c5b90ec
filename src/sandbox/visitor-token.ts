import { createHmac } from 'node:crypto'
import { isObject } from './input.ts'
import { sameText } from './tokens.ts'

const HEADER = encode({ alg: 'HS256', typ: 'JWT' })
const LIFETIME_S = 180 * 24 * 60 * 60

/** Whom a visitor's token stands for. */
export interface Visitor {
  readonly sourceId: string
  readonly inboxId: number
}

/** The JSON Web Token (RFC 7519, HS256) that a website visitor carries; valid 180 days. */
export function issueVisitorToken(key: Buffer, visitor: Visitor, nowMs: number): string {
  const issuedAt = Math.floor(nowMs / 1_000)
  const claims = { source_id: visitor.sourceId, inbox_id: visitor.inboxId, exp: issuedAt + LIFETIME_S, iat: issuedAt }
  const content = `${HEADER}.${encode(claims)}`
  return `${content}.${sign(key, content)}`
}

/** The visitor behind a token; undefined when it was not issued with this key, was altered, or has expired. */
export function readVisitorToken(key: Buffer, token: string, nowMs: number): Visitor | undefined {
  const [header = '', claims = '', signature = '', ...more] = token.split('.')
  if (header !== HEADER || more.length > 0 || !sameText(signature, sign(key, `${header}.${claims}`))) return undefined
  const read: unknown = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8'))
  if (!isObject(read) || typeof read.source_id !== 'string' || typeof read.inbox_id !== 'number') return undefined
  if (typeof read.exp !== 'number' || read.exp * 1_000 <= nowMs) return undefined
  return { sourceId: read.source_id, inboxId: read.inbox_id }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function sign(key: Buffer, content: string): string {
  return createHmac('sha256', key).update(content).digest('base64url')
}
