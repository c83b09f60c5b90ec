import { Buffer } from 'node:buffer'
import { Hmac } from './hmac.ts'

const HASH_BYTES = 32
const MOST_BLOCKS = 255

/**
 * HKDF-SHA-256 (RFC 5869): `length` bytes from a key, a salt and what they are for. By {@link Hmac}, since the `hkdfSync` of Node makes a
 * key object and a job of each call, which the start of a command feels.
 * @throws {RangeError} for more than 255 times 32 bytes, as section 2.3 has it.
 */
export function hkdf(key: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Buffer {
  const blocks = Math.ceil(length / HASH_BYTES)
  if (blocks > MOST_BLOCKS) throw new RangeError(`HKDF makes at most ${MOST_BLOCKS * HASH_BYTES} bytes`)
  const extract = new Hmac('sha256', salt, true)
  const pseudorandom = extract.digest(key)
  extract.clear()
  const expand = new Hmac('sha256', pseudorandom)
  pseudorandom.fill(0)
  const made = Buffer.alloc(blocks * HASH_BYTES)
  for (let index = 0; index < blocks; index += 1) {
    const before = made.subarray(Math.max(0, (index - 1) * HASH_BYTES), index * HASH_BYTES)
    const block = expand.digest(before, info, Buffer.of(index + 1))
    block.copy(made, index * HASH_BYTES)
    block.fill(0)
  }
  expand.clear()
  // What is cut off is no part of anything.
  made.fill(0, length)
  return made.subarray(0, length)
}
