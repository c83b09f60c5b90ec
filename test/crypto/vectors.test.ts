import { createCipheriv, createDecipheriv, createHash, createHmac, scryptSync } from 'node:crypto'
import { inflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { open, sealWithSalt } from '../../src/crypto/chunked.ts'
import { derivePassphraseKey } from '../../src/crypto/derive.ts'
import { hkdf } from '../../src/crypto/hkdf.ts'
import { Hmac } from '../../src/crypto/hmac.ts'
import { sharedText } from '../support/shared.ts'

interface ChunkedCase {
  readonly tcId: number
  readonly comment: string
  readonly key: string
  readonly ctx: string
  readonly ct: string
  readonly msgLength?: number
  readonly msgSha512?: string
  readonly result: 'valid' | 'invalid'
}

const hex = (text: string) => Buffer.from(text, 'hex')

test('the 35 published cases of C2SP chunked encryption: 10 open, 25 fail', (context) => {
  const file = JSON.parse(sharedText(context, 'vectors/c2sp_chunked_encryption_aes_256_gcm_test.json'))
  const cases: ChunkedCase[] = file.testGroups.flatMap((group: { tests: ChunkedCase[] }) => group.tests)
  const outcome = { opened: 0, failed: 0 }
  for (const vector of cases) {
    const sealed = inflateVector(vector.ct)
    if (vector.result === 'invalid') {
      expect(() => open(hex(vector.key), hex(vector.ctx), sealed), `case ${vector.tcId}: ${vector.comment}`).toThrow()
      outcome.failed += 1
      continue
    }
    const message = open(hex(vector.key), hex(vector.ctx), sealed)
    expect(message.length, `case ${vector.tcId}`).toBe(vector.msgLength)
    expect(createHash('sha512').update(message).digest('hex'), `case ${vector.tcId}`).toBe(vector.msgSha512)
    const again = sealWithSalt(hex(vector.key), hex(vector.ctx), message, sealed.subarray(0, 24))
    expect(again.equals(sealed), `case ${vector.tcId} seals to the same bytes`).toBe(true)
    outcome.opened += 1
  }
  expect(outcome).toEqual({ opened: 10, failed: 25 })
})

/** The streams of the file end in a sync flush, not in a final block. */
function inflateVector(text: string): Buffer {
  return inflateSync(hex(text), { finishFlush: 2 })
}

test('the 66 Wycheproof cases of AES-256-GCM with a 96-bit nonce: 39 open, 27 fail', (context) => {
  const file = JSON.parse(sharedText(context, 'vectors/aes_gcm_test.json'))
  const outcome = { opened: 0, failed: 0 }
  for (const group of file.testGroups) {
    if (group.keySize !== 256 || group.ivSize !== 96) continue
    for (const vector of group.tests) {
      const opened = gcmOpen(vector)
      expect(opened !== undefined, `case ${vector.tcId}`).toBe(vector.result === 'valid')
      if (opened === undefined) {
        outcome.failed += 1
        continue
      }
      expect(opened.toString('hex')).toBe(vector.msg)
      outcome.opened += 1
      const cipher = createCipheriv('aes-256-gcm', hex(vector.key), hex(vector.iv), { authTagLength: 16 }).setAAD(hex(vector.aad))
      expect(Buffer.concat([cipher.update(hex(vector.msg)), cipher.final()]).toString('hex')).toBe(vector.ct)
      expect(cipher.getAuthTag().toString('hex')).toBe(vector.tag)
    }
  }
  expect(outcome).toEqual({ opened: 39, failed: 27 })
})

function gcmOpen(vector: { key: string; iv: string; aad: string; ct: string; tag: string }): Buffer | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', hex(vector.key), hex(vector.iv), { authTagLength: 16 })
    decipher.setAAD(hex(vector.aad)).setAuthTag(hex(vector.tag))
    return Buffer.concat([decipher.update(hex(vector.ct)), decipher.final()])
  } catch {
    return undefined
  }
}

test('Wycheproof HKDF-SHA-256 and HMAC-SHA-256 match ours, and the platform', (context) => {
  const derived = JSON.parse(sharedText(context, 'vectors/hkdf_sha256_test.json'))
  let compared = 0
  for (const group of derived.testGroups) {
    for (const vector of group.tests) {
      if (vector.result === 'invalid') {
        expect(() => hkdf(hex(vector.ikm), hex(vector.salt), hex(vector.info), vector.size)).toThrow(RangeError)
      } else {
        const key = hkdf(hex(vector.ikm), hex(vector.salt), hex(vector.info), vector.size)
        expect(key.toString('hex'), `hkdf ${vector.tcId}`).toBe(vector.okm)
      }
      compared += 1
    }
  }
  const hmac = JSON.parse(sharedText(context, 'vectors/hmac_sha256_test.json'))
  for (const group of hmac.testGroups) {
    for (const vector of group.tests) {
      const tag = createHmac('sha256', hex(vector.key))
        .update(hex(vector.msg))
        .digest('hex')
        .slice(0, group.tagSize / 4)
      expect(tag === vector.tag, `hmac ${vector.tcId}`).toBe(vector.result === 'valid')
      const ours = new Hmac('sha256', hex(vector.key)).digest(hex(vector.msg)).toString('hex')
      expect(ours.startsWith(tag), `ours ${vector.tcId}`).toBe(true)
      compared += 1
    }
  }
  expect(compared).toBe(86 + 174)
})

test('the three SHA-256 answers of RFC 5869 and the first three of RFC 7914', async (context) => {
  const derived = JSON.parse(sharedText(context, 'vectors/rfc5869_hkdf_sha256.json'))
  for (const vector of derived.tests) {
    const key = hkdf(hex(vector.ikm), hex(vector.salt), hex(vector.info), vector.L)
    expect(key.toString('hex'), vector.name).toBe(vector.okm)
  }
  const answers = JSON.parse(sharedText(context, 'vectors/rfc7914_scrypt.json'))
  // The fourth needs 1 GiB of memory.
  for (const vector of answers.tests.slice(0, 3)) {
    const key = scryptSync(vector.P, vector.S, vector.dkLen, { N: vector.N, r: vector.r, p: vector.p, maxmem: 64 * 1024 * 1024 })
    expect(key.toString('hex')).toBe(vector.dk)
    const ours = await derivePassphraseKey(vector.P, Buffer.from(vector.S), { logN: Math.log2(vector.N), r: vector.r, p: vector.p })
    expect(ours.toString('hex'), 'the same function cut to 32 bytes').toBe(vector.dk.slice(0, 64))
  }
})
