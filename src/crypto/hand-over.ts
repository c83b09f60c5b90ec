import { createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { open, seal } from './chunked.ts'
import { hkdf } from './hkdf.ts'

const KEY_BYTES = 32
const INFO = Buffer.from('crm-vault/v1/hand-over')

/** One end of a hand-over: whoever has the public key can seal a message that only this process opens. Used once, never stored. */
export interface HandOver {
  /** X25519, 32 bytes. */
  readonly publicKey: Buffer
  /** Opens a message of {@link sealFor}. @throws {OpenError} when it was altered, or is for another hand-over. */
  open(message: Buffer, context: Buffer): Buffer
}

/** Begins a hand-over with a fresh key pair. */
export function beginHandOver(): HandOver {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  const own = rawOf(publicKey)
  return {
    publicKey: own,
    open: (message, context) => {
      const theirs = message.subarray(0, KEY_BYTES)
      return open(sharedKey(privateKey, theirs, [theirs, own]), context, message.subarray(KEY_BYTES))
    },
  }
}

/**
 * Seals a message for the holder of a public key: an ephemeral X25519 key (32 bytes), then the message sealed under
 * HKDF-SHA-256(shared secret, salt = both public keys).
 * @throws {RangeError} for a key that is not 32 bytes, or of low order.
 */
export function sealFor(publicKey: Buffer, context: Buffer, message: Buffer): Buffer {
  const ephemeral = generateKeyPairSync('x25519')
  const own = rawOf(ephemeral.publicKey)
  return Buffer.concat([own, seal(sharedKey(ephemeral.privateKey, publicKey, [own, publicKey]), context, message)])
}

function sharedKey(privateKey: KeyObject, theirs: Buffer, publicKeys: readonly [Buffer, Buffer]): Buffer {
  if (theirs.length !== KEY_BYTES) throw new RangeError('an X25519 key has 32 bytes')
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: theirs.toString('base64url') }, format: 'jwk' })
  const shared = diffieHellman({ privateKey, publicKey })
  // RFC 7748 section 6.1: what a point of low order gives is no secret.
  if (shared.every((byte) => byte === 0)) throw new RangeError('the X25519 key is of low order')
  return hkdf(shared, Buffer.concat(publicKeys), INFO, KEY_BYTES)
}

function rawOf(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url')
}
