import { Buffer } from 'node:buffer'
import { randomFillSync } from 'node:crypto'

const POOL_BYTES = 4096
let pool: Buffer | undefined
let used = POOL_BYTES

/**
 * Random bytes for values that are no secret: salts, ids. Drawn in bulk, since a call of the system's generator costs more than what is
 * done with a salt. Keys come from `randomBytes`.
 */
export function publicRandom(length: number): Buffer {
  if (pool === undefined || used + length > POOL_BYTES) {
    pool ??= Buffer.allocUnsafeSlow(POOL_BYTES)
    randomFillSync(pool)
    used = 0
  }
  const bytes = Buffer.from(pool.subarray(used, used + length))
  used += length
  return bytes
}
