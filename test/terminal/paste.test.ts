import fc from 'fast-check'
import { expect, it } from 'vitest'
import { hasControl } from '../../src/terminal/ask.ts'
import { createPasteFilter, pastedLine } from '../../src/terminal/paste.ts'

const marked = (text: string) => `\u001b[200~${text}\u001b[201~`

it('hands on keys as they are, a lone Escape at once', () => {
  const filter = createPasteFilter(false)
  expect(filter.push('abc\r\u001b[A\u0003\u001b')).toBe('abc\r\u001b[A\u0003\u001b')
  expect(filter.push('x')).toBe('x')
})

it.each(['\n', '\r\n', '\r'])('drops one line break at the end of a paste (%j), and refuses others', (newline) => {
  expect(pastedLine(`token${newline}`, false)).toBe('token')
  expect(hasControl(pastedLine(`token${newline}${newline}`, false))).toBe(true)
  expect(hasControl(pastedLine(`to${newline}ken`, false))).toBe(true)
})

it('joins the lines of pasted JSON', () => {
  expect(pastedLine('{\n\t"a": 1\n}\n', true)).toBe('{ "a": 1 }')
})

it('gives the same line however the terminal cuts the paste into pieces (property)', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      (typed, pasted, sizes) => {
        const clean = pasted.replaceAll('\u001b', '').replaceAll('\u0003', '')
        const keys = `${typed}${marked(clean)}${typed}`
        const whole = createPasteFilter(false).push(keys)
        const filter = createPasteFilter(false)
        let pieces = ''
        for (let at = 0, step = 0; at < keys.length; step++) {
          const size = sizes[step % sizes.length] ?? 1
          // A lone Escape is a key: a terminal never ends a piece behind the first byte of a mark.
          const end = keys[at + size - 1] === '\u001b' ? at + size + 1 : at + size
          pieces += filter.push(keys.slice(at, end))
          at = end
        }
        expect(pieces).toBe(whole)
        expect(whole).toBe(`${typed}${pastedLine(clean, false)}${typed}`)
      },
    ),
  )
})

it('never lets a control character of a paste through (property)', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(pastedLine(text, false)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
    }),
  )
})

it('is ended by Ctrl-C when the terminal never ends the paste', () => {
  const filter = createPasteFilter(false)
  expect(filter.push('\u001b[200~half of it')).toBe('')
  expect(filter.push('\u0003')).toBe('\u0003')
  expect(filter.push('next')).toBe('next')
})
