/** HMAC of two calls of `hash` against that of Node. */
import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Hmac } from '../../src/crypto/hmac.ts'

const bytes = (maxLength: number) => fc.uint8Array({ maxLength })

test.each(['sha256', 'sha512'] as const)('HMAC with %s is that of Node, whatever the key, the message and its parts', (algorithm) => {
  fc.assert(
    fc.property(bytes(200), fc.array(fc.array(bytes(300), { maxLength: 4 }), { minLength: 1, maxLength: 3 }), (key, messages) => {
      const ours = new Hmac(algorithm, key)
      for (const parts of messages) {
        const theirs = createHmac(algorithm, key).update(Buffer.concat(parts)).digest()
        expect(ours.digest(...parts)).toEqual(theirs)
      }
    }),
  )
})

test('a cleared key is gone', () => {
  const cleared = new Hmac('sha512', Uint8Array.of(1, 2, 3))
  cleared.clear()
  expect(() => cleared.digest(Uint8Array.of(4))).toThrow('cleared')
  expect(() => cleared.publicDigest(Uint8Array.of(4))).toThrow('cleared')
})
