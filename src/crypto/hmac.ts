import { hash } from 'node:crypto'

const ALGORITHMS = { sha256: { block: 64, digest: 32 }, sha512: { block: 128, digest: 64 } } as const
const INNER = 0x36
const OUTER = 0x5c

/**
 * HMAC (RFC 2104) under one key, for many messages: the padded key is made once. `createHmac` makes an object for every message, which
 * costs several times the hash itself; this is two calls of `hash`. Its bytes can be zero-filled, which those of a key object cannot.
 */
export class Hmac {
  readonly #algorithm: keyof typeof ALGORITHMS
  readonly #inner: Buffer
  /** The outer block, with room for the inner digest after it. */
  readonly #outer: Buffer

  /** @throws {RangeError} for a key longer than a block of the hash, which ours never are. */
  constructor(algorithm: keyof typeof ALGORITHMS, key: Uint8Array) {
    const { block, digest } = ALGORITHMS[algorithm]
    if (key.length > block) throw new RangeError(`a key of HMAC has at most ${block} bytes here`)
    this.#algorithm = algorithm
    this.#inner = Buffer.alloc(block, INNER)
    this.#outer = Buffer.alloc(block + digest, OUTER)
    for (const [index, byte] of key.entries()) {
      this.#inner[index] = byte ^ INNER
      this.#outer[index] = byte ^ OUTER
    }
  }

  /** The code of a message that is given in parts. */
  digest(...parts: readonly Uint8Array[]): Buffer {
    const message = Buffer.concat([this.#inner, ...parts])
    this.#outer.set(hash(this.#algorithm, message, 'buffer'), this.#inner.length)
    return hash(this.#algorithm, this.#outer, 'buffer')
  }

  /** Zero-fills the key. */
  clear(): void {
    this.#inner.fill(0)
    this.#outer.fill(0)
  }
}
