/** HKDF of two of our HMACs against that of Node. */
import { hkdfSync } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hkdf } from '../../src/crypto/hkdf.ts'

const bytes = fc.uint8Array({ maxLength: 200 })

test('HKDF is that of Node, whatever the key, the salt, what it is for, and the length', () => {
  fc.assert(
    fc.property(bytes, bytes, bytes, fc.integer({ min: 1, max: 200 }), (key, salt, info, length) => {
      expect(hkdf(key, salt, info, length)).toEqual(Buffer.from(hkdfSync('sha256', key, salt, info, length)))
    }),
  )
  expect(hkdf(Buffer.of(1), Buffer.of(), Buffer.of(), 255 * 32)).toHaveLength(255 * 32)
  expect(() => hkdf(Buffer.of(1), Buffer.of(), Buffer.of(), 255 * 32 + 1)).toThrow(RangeError)
})
