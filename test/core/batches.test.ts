import { expect, test } from 'vitest'
import { inBatches } from '../../src/core/batches.ts'

test('batches hold every item once, in order, and are no longer than they must be', () => {
  for (const count of [0, 1, 49, 50, 51, 100, 1234]) {
    const items = Array.from({ length: count }, (_, index) => index)
    const batches = [...inBatches(items)]
    expect(batches.flat()).toEqual(items)
    expect(batches.every(({ length }) => length > 0 && length <= 50)).toBe(true)
    expect(batches).toHaveLength(Math.ceil(count / 50))
  }
})

test('items are taken no earlier than their batch is asked for', () => {
  let taken = 0
  const items = (function* () {
    for (; taken < 1000; taken += 1) yield taken
  })()
  const batches = inBatches(items)
  batches.next()
  expect(taken).toBeLessThan(60)
})
