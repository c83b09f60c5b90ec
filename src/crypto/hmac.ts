import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'

const ALGORITHMS = { sha256: { block: 64, digest: 32 }, sha512: { block: 128, digest: 64 } } as const
const INNER = 0x36
const OUTER = 0x5c

/** Room for a message that most have: the contexts of our rows take 200 to 400 bytes. */
const USUAL_BYTES = 1024

/**
 * HMAC (RFC 2104) under one key, for many messages: the padded key is made once, and messages are put together in the same place.
 * `createHmac` makes an object for every message, which costs several times the hash itself; this is two calls of `hash`. Its bytes can be
 * zero-filled, which those of a key object cannot.
 */
export class Hmac {
  readonly #algorithm: keyof typeof ALGORITHMS
  readonly #block: number
  /** The inner block, with room for the message after it. */
  #inner: Buffer
  /** The outer block, with room for the inner digest after it. */
  readonly #outer: Buffer
  readonly #isKeyPublic: boolean
  #isCleared = false

  /** @param isKeyPublic what is secret is then the messages, as in HKDF-Extract: nothing of theirs is left behind. */
  constructor(algorithm: keyof typeof ALGORITHMS, key: Uint8Array, isKeyPublic = false) {
    this.#isKeyPublic = isKeyPublic
    const { block, digest } = ALGORITHMS[algorithm]
    this.#algorithm = algorithm
    this.#block = block
    this.#inner = Buffer.alloc(block + USUAL_BYTES, INNER)
    this.#outer = Buffer.alloc(block + digest, OUTER)
    // RFC 2104 section 2: of a longer key, its hash.
    for (const [index, byte] of (key.length > block ? hash(algorithm, key, 'buffer') : key).entries()) {
      this.#inner[index] = byte ^ INNER
      this.#outer[index] = byte ^ OUTER
    }
  }

  /** The code of a message that is given in parts. Its bytes are the caller's, to be zero-filled where they become a key. */
  digest(...parts: readonly Uint8Array[]): Buffer {
    this.#hashInner(parts)
    return hash(this.#algorithm, this.#outer, 'buffer')
  }

  /** The same for a code that is no secret: making a text of it and bytes of that takes half the time. */
  publicDigest(...parts: readonly Uint8Array[]): Buffer {
    this.#hashInner(parts)
    return Buffer.from(hash(this.#algorithm, this.#outer, 'binary'), 'latin1')
  }

  #hashInner(parts: readonly Uint8Array[]): void {
    if (this.#isCleared) throw new Error('the key of this code was cleared')
    let end = this.#block
    for (const { length } of parts) end += length
    if (end > this.#inner.length) this.#grow(end)
    let offset = this.#block
    for (const part of parts) {
      this.#inner.set(part, offset)
      offset += part.length
    }
    const message = this.#inner.subarray(0, end)
    if (this.#isKeyPublic) {
      const digest = hash(this.#algorithm, message, 'buffer')
      digest.copy(this.#outer, this.#block)
      digest.fill(0)
      return
    }
    // A text cannot be zero-filled, and is made in half the time: worth nothing to whoever does not know the outer block.
    this.#outer.write(hash(this.#algorithm, message, 'binary'), this.#block, 'latin1')
  }

  #grow(length: number): void {
    const larger = Buffer.alloc(length)
    this.#inner.copy(larger, 0, 0, this.#block)
    this.#inner.fill(0)
    this.#inner = larger
  }

  /** Zero-fills the key. Nothing else works afterwards. */
  clear(): void {
    this.#isCleared = true
    this.#inner.fill(0)
    this.#outer.fill(0)
  }
}
