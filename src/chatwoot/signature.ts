/**
 * What Chatwoot signs on the way to bots, webhooks and API inboxes (contract section 11.2): `X-Chatwoot-Signature` is `sha256=` and the
 * HMAC-SHA-256, in hex, of the `X-Chatwoot-Timestamp`, a dot and the exact body; its key is the text of the secret.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../core/secret.ts'

/** How old a delivery may be, and how far ahead its clock, in milliseconds: what Chatwoot's authors advise. */
export const MOST_AGE_MS = 300_000

/**
 * `valid`: signed with the secret, and fresh. `stale`: signed, but more than five minutes away from now. `invalid`: the signature does
 * not fit. `missing`: not signed at all, as by servers before 4.13 (account webhooks: 4.12). `unchecked`: no secret to check it with.
 */
export type SignatureState = 'valid' | 'stale' | 'invalid' | 'missing' | 'unchecked'

/** A delivery as it arrived. */
export interface SignedDelivery {
  /** `X-Chatwoot-Signature`; undefined when there is none. */
  readonly signature: string | undefined
  /** `X-Chatwoot-Timestamp`: Unix seconds, decimal. */
  readonly timestamp: string | undefined
  readonly body: Buffer
}

/** Checks a delivery, in constant time. @param nowMs the receiver's clock, Unix milliseconds. */
export function checkSignature(delivery: SignedDelivery, secret: Secret | undefined, nowMs: number): SignatureState {
  const { signature, timestamp, body } = delivery
  if (signature === undefined && timestamp === undefined) return 'missing'
  if (secret === undefined) return 'unchecked'
  if (signature === undefined || timestamp === undefined || !/^\d{1,15}$/.test(timestamp)) return 'invalid'
  const expected = Buffer.from(signatureOf(secret, timestamp, body))
  const given = Buffer.from(signature.toLowerCase())
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'invalid'
  return Math.abs(nowMs - Number(timestamp) * 1_000) <= MOST_AGE_MS ? 'valid' : 'stale'
}

/** The signature that a delivery must carry: `sha256=` and 64 hex digits. @param timestamp Unix seconds, decimal. */
export function signatureOf(secret: Secret, timestamp: string, body: Buffer): string {
  return `sha256=${createHmac('sha256', secret.reveal()).update(`${timestamp}.`).update(body).digest('hex')}`
}
