import { randomBytes } from 'node:crypto'
import { CrmError } from '../core/errors.ts'
import { KEY_BYTES } from './chunked.ts'

const FEWEST_DIFFERENT_BYTES = 8

/** A new 32-byte key in base64 (44 characters), for `INTEGRATION_ENCRYPTION_KEY` or a key file. */
export function generateRawKey(): string {
  return randomBytes(KEY_BYTES).toString('base64')
}

/**
 * Reads a raw key as people keep it (`security.md` section 4.7): 64 hex digits, or canonical base64 or base64url of
 * exactly 32 bytes. `Buffer.from` alone would skip junk and read 64 hex digits as base64.
 * @param where names the source in the error ("INTEGRATION_ENCRYPTION_KEY"); the value is never repeated.
 * @throws {CrmError} `usage` for anything else, and for a key with fewer than 8 different bytes.
 */
export function parseRawKey(text: string, where: string): Buffer {
  const key = decode(text.replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, ''))
  if (key === undefined) {
    throw new CrmError('usage', `${where} does not hold a key`, {
      reason: 'a key is 32 bytes, as 64 hex digits or as 43 or 44 characters of base64',
      hint: 'make one with: crm key generate',
    })
  }
  if (new Set(key).size < FEWEST_DIFFERENT_BYTES) {
    throw new CrmError('usage', `${where} holds a key that is not random`, {
      reason: `it has fewer than ${FEWEST_DIFFERENT_BYTES} different bytes`,
      hint: 'make one with: crm key generate',
    })
  }
  return key
}

function decode(text: string): Buffer | undefined {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, 'hex')
  const url = /[-_]/.test(text)
  if (!(url ? /^[A-Za-z0-9_-]{43}=?$/ : /^[A-Za-z0-9+/]{43}=?$/).test(text)) return undefined
  const key = Buffer.from(text, url ? 'base64url' : 'base64')
  // Only the canonical text: the last character holds two unused bits, which must be zero.
  const canonical = key.toString(url ? 'base64url' : 'base64').replace(/=$/, '')
  return key.length === KEY_BYTES && canonical === text.replace(/=$/, '') ? key : undefined
}
