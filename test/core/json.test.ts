import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../src/core/json.ts'

/** Object keys of every kind that JavaScript orders by a rule of its own. */
const key = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.nat(200).map(String),
  fc.constantFrom('__proto__', 'constructor', '', '-0'),
)
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false, ''),
    fc.maxSafeInteger(),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 6, noNullPrototype: false }),
  ),
}))

/** The same value with the members of every object in another order. */
function reordered(given: unknown): unknown {
  if (Array.isArray(given)) return given.map(reordered)
  if (given === null || typeof given !== 'object') return given
  const copy: Record<string, unknown> = Object.create(null)
  for (const [name, member] of Object.entries(given).reverse()) copy[name] = reordered(member)
  return copy
}

/** The member names of the outermost object of a JSON text, as they stand there. */
function namesIn(text: string): string[] {
  const names: string[] = []
  let depth = 0
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"(:?)|[[\]{}]/g)) {
    if (match[0] === '{' || match[0] === '[') depth += 1
    else if (match[0] === '}' || match[0] === ']') depth -= 1
    else if (depth === 1 && match[1] === ':') names.push(JSON.parse(match[0].slice(0, -1)))
  }
  return names
}

describe('canonical JSON', () => {
  it.each([
    [{ b: 1, a: [true, null, 'x'] }, '{"a":[true,null,"x"],"b":1}'],
    [{ a: undefined, b: { d: undefined, c: 0 } }, '{"b":{"c":0}}'],
    [{}, '{}'],
    [{ 10: 'ten', 9: 'nine', 1: 'one' }, '{"1":"one","10":"ten","9":"nine"}'],
    [{ '\ud83d\ude00': 1, '\ufb33': 2 }, '{"\ud83d\ude00":1,"\ufb33":2}'],
    [{ text: 'a\n"ü"\u2028' }, '{"text":"a\\n\\"ü\\"\u2028"}'],
    [[undefined, -0], '[null,0]'],
  ])('of %j is %s', (given, expected) => {
    expect(canonicalJson(given)).toBe(expected)
  })

  it('reads as the same value (property)', () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(JSON.parse(canonicalJson(given))).toEqual(JSON.parse(JSON.stringify(given)))
      }),
    )
  })

  it('does not depend on the order in which an object was filled (property)', () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(canonicalJson(reordered(given))).toBe(canonicalJson(given))
      }),
    )
  })

  it('names members in the order of their code units (property)', () => {
    fc.assert(
      fc.property(fc.dictionary(key, fc.nat(), { noNullPrototype: false }), (given) => {
        const names = namesIn(canonicalJson(given))
        expect(names).toEqual(Object.keys(given).sort())
      }),
    )
  })
})
