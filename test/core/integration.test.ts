import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NAME_PATTERN, nameFrom, parseName } from '../../src/core/integration.ts'

describe('a name', () => {
  it.each(['a', '0', 'acme', 'acme-prod', 'acme.eu_1', `a${'-'.repeat(63)}`])('may be %s', (name) => {
    expect(parseName(name, 'profile')).toBe(name)
  })

  it('is kept in lower case', () => {
    expect(parseName('Acme-EU', 'integration')).toBe('acme-eu')
  })

  it.each(['', '-a', '.a', '_a', 'a b', 'a/b', '../a', 'ä', 'a\n', `a${'b'.repeat(64)}`, 'a\u0000'])('may not be %j', (name) => {
    expect(() => parseName(name, 'integration')).toThrow(
      expect.objectContaining({ code: 'usage', message: 'not a valid integration name', reason: expect.stringContaining('1 to 64') }),
    )
  })
})

describe('a name made from free text', () => {
  it.each([
    ['Acme Dental GmbH', 'acme-dental-gmbh'],
    ['  Ünïcödé  &  Söhne!  ', 'unicode-sohne'],
    ['ﬁne №5', 'fine-no5'],
    ['日本語', ''],
    ['---', ''],
    ['', ''],
    ['x'.repeat(80), 'x'.repeat(64)],
    [`${'x'.repeat(63)} y`, 'x'.repeat(63)],
  ])('%j becomes %j', (text, name) => {
    expect(nameFrom(text)).toBe(name)
  })

  it('is a valid name that makes itself again, or nothing (property)', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 120 }), fc.string({ unit: 'grapheme', maxLength: 120 })), (text) => {
        const name = nameFrom(text)
        if (name !== '') expect(name).toMatch(NAME_PATTERN)
        expect(nameFrom(name)).toBe(name)
      }),
    )
  })

  it('keeps a name without dots and underscores as it is (property)', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9]{1,10}(-[a-z0-9]{1,10}){0,3}$/), (name) => {
        expect(nameFrom(name)).toBe(name)
      }),
    )
  })
})
