import { inspect } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { SECRET_MASK, Secret } from '../../src/core/secret.ts'

const VALUE = 'tok-canary-0123456789'

afterEach(() => Secret.observe(undefined))

test('P08 a secret that is printed by accident shows nothing of itself', () => {
  const secret = new Secret(VALUE)
  const holder = { secret, list: [secret], map: new Map([['key', secret]]) }
  const error = new Error(`with ${secret}`, { cause: holder })
  const prints = [
    `${secret}`,
    `${secret}`.concat(String(secret)),
    JSON.stringify(holder),
    JSON.stringify(holder, null, 2),
    inspect(holder, { depth: 9, showHidden: true, getters: true }),
    inspect(error, { depth: 9 }),
    String(error.stack),
    Object.entries(secret).join(),
    JSON.stringify(structuredClone({ ...secret })),
  ]
  for (const text of prints) expect(text).not.toContain('canary')
  expect(`${secret} ${inspect(secret)} ${JSON.stringify(secret)}`).toBe('[secret] [secret] "[secret]"')
  expect(secret.reveal()).toBe(VALUE)
})

test('a mask has the same width for every length; the last four characters follow from 24 on', () => {
  const masks = ['', 'x', 'x'.repeat(23)].map((text) => new Secret(text).masked())
  expect(new Set(masks)).toEqual(new Set([SECRET_MASK]))
  expect(new Secret(`${'x'.repeat(20)}last`).masked()).toBe(`${SECRET_MASK}last`)
  expect(new Secret('x'.repeat(1_000)).masked()).toHaveLength(SECRET_MASK.length + 4)
})

test('every secret is told to the observer when it is made, and only while there is one', () => {
  const told: string[] = []
  new Secret('before')
  Secret.observe((value) => told.push(value))
  new Secret('while')
  Secret.observe(undefined)
  new Secret('after')
  expect(told).toEqual(['while'])
})
