import { createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const TOKEN_LENGTH = 24

/** A random token as Chatwoot makes them for users, bots, inboxes and secrets: 24 base58 characters. */
export function randomToken(): string {
  return Array.from({ length: TOKEN_LENGTH }, () => BASE58[randomInt(BASE58.length)]).join('')
}

/** 32 random bytes: the key with which one sandbox signs the tokens of its website visitors. */
export function randomKey(): Buffer {
  return randomBytes(32)
}

/** HMAC-SHA256 of a text in lower-case hex; the key is the text of the secret, not decoded. */
export function hmacHex(secret: string, message: string): string {
  return createHmac('sha256', secret).update(message).digest('hex')
}

/** Compares two texts in a time that depends on their lengths only. */
export function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}
