import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  deriveUnlockKey,
  isBelowTodaysCost,
  isSlotDamaged,
  parseKdf,
  type UnlockKey,
  unwrapDataKey,
  wrapDataKey,
} from '../../src/crypto/key-slot.ts'
import { generateRawKey, parseRawKey } from '../../src/crypto/raw-key.ts'

const CHEAP = { logN: 15, r: 8, p: 1 }
const profileId = randomBytes(16)
const dataKey = randomBytes(32)

async function unwrap(slot: Parameters<typeof unwrapDataKey>[0], key: UnlockKey, id = profileId) {
  const kdf = parseKdf(slot.kdf)
  return unwrapDataKey(slot, id, kdf && (await deriveUnlockKey(kdf, key, id)))
}

test('a raw key and a passphrase each unwrap what they wrapped', async () => {
  const raw: UnlockKey = { type: 'raw', key: randomBytes(32) }
  const passphrase: UnlockKey = { type: 'passphrase', passphrase: 'correct horse battery' }
  for (const [kind, key] of [
    ['env', raw],
    ['passphrase', passphrase],
  ] as const) {
    const slot = await wrapDataKey(dataKey, { profileId, kind, label: 'first', generation: 1 }, key, CHEAP)
    expect(await unwrap(slot, key)).toEqual({ dataKey })
  }
})

test('a passphrase is the same in composed and decomposed form', async () => {
  const slot = await wrapDataKey(
    dataKey,
    { profileId, kind: 'passphrase', label: '', generation: 1 },
    { type: 'passphrase', passphrase: 'caf\u00e9 au lait!' },
    CHEAP,
  )
  expect(await unwrap(slot, { type: 'passphrase', passphrase: 'cafe\u0301 au lait!' })).toEqual({ dataKey })
})

test('P04 a wrong key is called wrong, an altered slot damaged', async () => {
  const raw: UnlockKey = { type: 'raw', key: randomBytes(32) }
  const slot = await wrapDataKey(dataKey, { profileId, kind: 'env', label: 'x', generation: 1 }, raw)
  expect(await unwrap(slot, { type: 'raw', key: randomBytes(32) })).toEqual({ failure: 'wrong' })
  expect(await unwrap(slot, { type: 'passphrase', passphrase: 'not a raw key' })).toEqual({ failure: 'wrong' })
  for (let index = 0; index < slot.wrapped.length; index += 1) {
    const wrapped = Buffer.from(slot.wrapped)
    wrapped[index]! ^= 1
    expect(await unwrap({ ...slot, wrapped }, raw), `byte ${index}`).toEqual({ failure: 'damaged' })
  }
  for (const change of [
    { label: 'y' },
    { kind: 'file' as const },
    { generation: 2 },
    { kdf: `raw$${'0'.repeat(16)}` },
    { check: Buffer.alloc(32) },
  ]) {
    expect(isSlotDamaged({ ...slot, ...change }), JSON.stringify(change)).toBe(true)
  }
  expect(await unwrap(slot, raw, randomBytes(16)), 'in another profile').toEqual({ failure: 'wrong' })
})

test('only kdf strings that crm writes are read', () => {
  const salt = 'ab'.repeat(16)
  expect(parseKdf(`scrypt$ln=17,r=8,p=1$${salt}`)).toMatchObject({ type: 'scrypt', cost: { logN: 17, r: 8, p: 1 } })
  const refused = [`ln=14,r=8,p=1`, `ln=21,r=8,p=1`, `ln=017,r=8,p=1`, `ln=17,r=9,p=1`, `ln=17,r=8,p=5`, `ln=17,r=8,p=0`, `ln=17,p=1,r=8`]
  for (const cost of refused) expect(parseKdf(`scrypt$${cost}$${salt}`), cost).toBeUndefined()
  expect(parseKdf(`scrypt$ln=17,r=8,p=1$${salt.slice(2)}`)).toBeUndefined()
  expect(parseKdf('raw$xyz')).toBeUndefined()
  expect(parseKdf('argon2id$m=65536,t=3,p=4$00')).toBeUndefined()
  const cheap = parseKdf(`scrypt$ln=16,r=8,p=1$${salt}`)
  const today = parseKdf(`scrypt$ln=17,r=8,p=1$${salt}`)
  expect(cheap && isBelowTodaysCost(cheap)).toBe(true)
  expect(today && isBelowTodaysCost(today)).toBe(false)
})

test('a key is read from hex, base64 and base64url, with white space around it, and from nothing else', () => {
  const key = randomBytes(32)
  for (const text of [key.toString('hex'), key.toString('base64'), key.toString('base64').replace('=', ''), key.toString('base64url')]) {
    expect(parseRawKey(` ${text}\r\n`, 'KEY').equals(key), text).toBe(true)
  }
  const refused = [
    '',
    'short',
    key.toString('hex').slice(1),
    `${key.toString('hex')}00`,
    `${key.toString('base64')}AAAA`,
    `!${key.toString('base64').slice(1)}`,
    key.subarray(1).toString('base64'),
    `${'A'.repeat(42)}B`,
    '\u00a0'.repeat(2) + key.toString('hex'),
  ]
  for (const text of refused) expect(() => parseRawKey(text, 'KEY'), text).toThrow(expect.objectContaining({ code: 'usage' }))
  expect(() => parseRawKey('ab'.repeat(32), 'KEY'), 'a key of one repeated byte').toThrow(expect.objectContaining({ code: 'usage' }))
})

test('an unreadable key is never repeated in the error', () => {
  try {
    parseRawKey('super-secret-but-wrong', 'INTEGRATION_ENCRYPTION_KEY')
    expect.unreachable()
  } catch (error) {
    expect(`${error} ${JSON.stringify(error)}`).not.toContain('super-secret')
    expect(String(error)).toContain('INTEGRATION_ENCRYPTION_KEY')
  }
})

test('a generated key is readable and new each time', () => {
  const first = generateRawKey()
  expect(parseRawKey(first, 'KEY')).toHaveLength(32)
  expect(generateRawKey()).not.toBe(first)
})
