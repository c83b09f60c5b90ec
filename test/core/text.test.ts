import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeJson, SHOWN_CODE_POINTS, visible } from '../../src/core/text.ts'

const any = fc.string({ unit: 'binary', maxLength: 300 })
/** What no terminal may get from outside, written down a second time. */
const HOSTILE =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\ud800-\udfff]/u

describe('text for a terminal', () => {
  it.each([
    ['\u001b[31mred', '\\x1b[31mred'],
    ['a\nb\tc\rd', 'a\\x0ab\\x09c\\x0dd'],
    ['\u009b2J', '\\x9b2J'],
    ['abc\u202edef', 'abc\\u{202e}def'],
    ['zero\u200bwidth\ufeff', 'zero\\u{200b}width\\u{feff}'],
    ['tag\u{e0041}', 'tag\\u{e0041}'],
    ['lone\ud800', 'lone\\u{d800}'],
    ['äöü 日本語 👩 stays', 'äöü 日本語 👩 stays'],
  ])('%j is shown as %s', (text, expected) => {
    expect(visible(text)).toBe(expected)
  })

  it('holds nothing hostile, whatever it was (property)', () => {
    fc.assert(
      fc.property(any, (text) => {
        expect(visible(text)).not.toMatch(HOSTILE)
      }),
    )
  })

  it('is left as it is when there is nothing hostile in it and it is short (property)', () => {
    fc.assert(
      fc.property(any, (text) => {
        fc.pre(!HOSTILE.test(text) && Array.from(text).length <= SHOWN_CODE_POINTS)
        expect(visible(text)).toBe(text)
      }),
    )
  })

  it('is cut at code points, not within a character', () => {
    expect(visible('👩'.repeat(201))).toBe(`${'👩'.repeat(200)}…`)
    expect(visible('x'.repeat(200))).toBe('x'.repeat(200))
    expect(visible('x'.repeat(201))).toBe(`${'x'.repeat(200)}…`)
    expect(visible('x'.repeat(5_000), Number.POSITIVE_INFINITY)).toHaveLength(5_000)
  })
})

describe('text for JSON', () => {
  it('reads the same once parsed, and holds nothing hostile (property)', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const text = escapeJson(JSON.stringify(value, null, 2))
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(text.replaceAll('\n', '')).not.toMatch(HOSTILE)
      }),
    )
  })

  it('what stands between the parts of JSON stays white space', () => {
    const text = escapeJson('{\t"a":\r[1,\t2]\n}')
    expect(JSON.parse(text)).toEqual({ a: [1, 2] })
    expect(text).not.toMatch(/[\t\r]/)
  })
})
