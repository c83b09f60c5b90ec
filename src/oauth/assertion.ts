import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { CrmError } from '../core/errors.ts'
import type { Assertion } from '../core/grant.ts'

/** Fewest bits of an RSA key that signs. */
const FEWEST_BITS = 2048

/** A signed statement (RFC 7523 section 3) for the token endpoint: RS256, valid from now for its lifetime. */
export function signAssertion({ key, issuer, subject, audience, lifetimeS }: Assertion, nowMs: number): string {
  const expires = Math.floor(nowMs / 1000) + lifetimeS
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ iss: issuer, sub: subject, aud: audience, exp: expires })}`
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), readPrivateKey(key.reveal())).toString('base64url')}`
}

/** @throws {CrmError} `usage` for a key that cannot sign; its text is not repeated. */
function readPrivateKey(pem: string): KeyObject {
  let key: KeyObject | undefined
  try {
    key = createPrivateKey(pem)
  } catch {
    // The reason that OpenSSL gives helps nobody, and may quote the key.
  }
  if (key?.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= FEWEST_BITS) return key
  throw new CrmError('usage', 'the private key cannot sign', {
    reason: `it must be an RSA key of at least ${FEWEST_BITS} bits in PEM, without a passphrase`,
    hint: 'give it again: crm edit {name} --private-key-file <path>',
  })
}
