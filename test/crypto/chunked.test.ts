import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OpenError, open, prepareKey, SEAL_OVERHEAD_BYTES, seal, sealAll } from '../../src/crypto/chunked.ts'
import { encodeContext } from '../../src/crypto/context.ts'

const bytes = (max: number) => fc.uint8Array({ maxLength: max })
const key = fc.uint8Array({ minLength: 32, maxLength: 32 })

test('open inverts seal for every key, context and text', () => {
  fc.assert(
    fc.property(key, bytes(200), bytes(40_000), (k, context, text) => {
      const sealed = seal(k, context, text)
      expect(open(k, context, sealed).equals(text)).toBe(true)
      if (text.length < 16_384) expect(sealed.length).toBe(text.length + SEAL_OVERHEAD_BYTES)
    }),
    { numRuns: 60 },
  )
})

test('messages that are sealed together are each what one alone is', () => {
  const messages = fc.array(fc.record({ context: bytes(200), plaintext: bytes(40_000) }), { maxLength: 8 })
  fc.assert(
    fc.property(key, messages, (k, all) => {
      const prepared = prepareKey(k)
      const sealed = sealAll(prepared, all)
      prepared.clear()
      for (const [index, { context, plaintext }] of all.entries()) {
        expect(open(k, context, sealed[index] as Buffer).equals(plaintext)).toBe(true)
        expect(sealed[index]).toHaveLength(seal(k, context, plaintext).length)
      }
      expect(new Set(sealed.map((one) => one.toString('hex', 0, 24))).size).toBe(all.length)
    }),
    { numRuns: 60 },
  )
})

test('P02 any flipped bit of a sealed message fails', () => {
  fc.assert(
    fc.property(key, bytes(50), bytes(100), fc.nat(), (k, context, text, position) => {
      const sealed = seal(k, context, text)
      const bit = position % (sealed.length * 8)
      sealed[bit >> 3]! ^= 1 << (bit & 7)
      expect(() => open(k, context, sealed)).toThrow(OpenError)
    }),
    { numRuns: 500 },
  )
})

test('P02 every single byte of a sealed message matters', () => {
  const k = Buffer.alloc(32, 7)
  const sealed = seal(k, Buffer.from('context'), Buffer.from('token'))
  for (let index = 0; index < sealed.length; index += 1) {
    const changed = Buffer.from(sealed)
    changed[index]! ^= 0xff
    expect(() => open(k, Buffer.from('context'), changed), `byte ${index}`).toThrow(OpenError)
    expect(() => open(k, Buffer.from('context'), sealed.subarray(0, index)), `cut to ${index}`).toThrow(OpenError)
  }
  expect(() => open(k, Buffer.from('context'), Buffer.concat([sealed, Buffer.of(0)]))).toThrow(OpenError)
})

test('P03 another context fails at the commitment, before anything is decrypted', () => {
  fc.assert(
    fc.property(key, bytes(50), bytes(50), bytes(50), (k, context, other, text) => {
      fc.pre(!Buffer.from(context).equals(other))
      const sealed = seal(k, context, text)
      expect(() => open(k, other, sealed)).toThrow(expect.objectContaining({ stage: 'commitment' }))
    }),
  )
})

test('two seals of the same text share no bytes that an observer could compare', () => {
  const k = Buffer.alloc(32, 9)
  const first = seal(k, Buffer.alloc(0), Buffer.from('same'))
  const second = seal(k, Buffer.alloc(0), Buffer.from('same'))
  expect(first.subarray(0, 24).equals(second.subarray(0, 24))).toBe(false)
  expect(first.subarray(56).equals(second.subarray(56))).toBe(false)
})

test('a key of another length is refused', () => {
  expect(() => seal(Buffer.alloc(31), Buffer.alloc(0), Buffer.alloc(0))).toThrow(RangeError)
  expect(() => open(Buffer.alloc(33), Buffer.alloc(0), Buffer.alloc(80))).toThrow(RangeError)
})

test('no two different lists encode to the same context', () => {
  const part = fc.oneof(fc.string(), fc.nat(), bytes(12))
  const list = fc.array(part, { maxLength: 5 })
  const asBytes = (parts: (string | number | Uint8Array)[]) =>
    parts.map((entry) => {
      if (typeof entry === 'string') return Buffer.from(entry).toString('hex')
      if (typeof entry !== 'number') return Buffer.from(entry).toString('hex')
      return entry.toString(16).padStart(16, '0')
    })
  fc.assert(
    fc.property(list, list, (a, b) => {
      const same = JSON.stringify(asBytes(a)) === JSON.stringify(asBytes(b))
      expect(encodeContext(...a).equals(encodeContext(...b))).toBe(same)
    }),
  )
})

test('a context is what its definition says, whatever its parts hold and however long they are', () => {
  const part = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ minLength: 4_000, maxLength: 9_000 }),
    fc.string({ unit: 'grapheme-ascii', maxLength: 60 }),
    fc.maxSafeNat(),
    bytes(6_000),
  )
  // LP of `security.md` section 4.3, written as it stands there.
  const defined = (parts: readonly (string | number | Uint8Array)[]) =>
    Buffer.concat(
      parts.flatMap((one) => {
        const number = Buffer.alloc(8)
        if (typeof one === 'number') number.writeBigUInt64BE(BigInt(one))
        const content = typeof one === 'number' ? number : Buffer.from(one as string)
        const length = Buffer.alloc(4)
        length.writeUInt32BE(content.length)
        return [length, content]
      }),
    )
  fc.assert(fc.property(fc.array(part, { maxLength: 6 }), (parts) => encodeContext(...parts).equals(defined(parts))))
})

test.each([-1, 1.5, 2 ** 53, Number.NaN])('a context holds no %s', (number) => {
  expect(() => encodeContext('text', number)).toThrow(RangeError)
  // What was begun leaves nothing behind.
  expect(encodeContext('a').toString('latin1')).toBe('\0\0\0\x01a')
})
