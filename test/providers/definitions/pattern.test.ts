import { describe, expect, it } from 'vitest'
import { LONGEST_VALUE, readPattern } from '../../../src/providers/definition-pattern.ts'

describe('a pattern', () => {
  it.each([
    ['^[a-z0-9-]{1,40}$', 'acme-1', 'Acme'],
    ['^pat-(?:na1|eu1)-[0-9a-f]{8}$', 'pat-eu1-0123abcd', 'pat-us-0123abcd'],
    ['^\\d+\\.\\d+$', '1.25', '1,25'],
    ['^sk_(live|test)_\\w{24,99}$', `sk_live_${'a'.repeat(24)}`, 'sk_live_'],
    ['key', 'my key', 'my token'],
    ['^[^\\]\\s]+\\x21\\u0041?$', 'ab!A', 'ab'],
  ])('%s is one', (pattern, good, bad) => {
    const read = readPattern(pattern)
    expect(read).toHaveProperty('re')
    if (!('re' in read)) return
    expect(read.re.test(good)).toBe(true)
    expect(read.re.test(bad)).toBe(false)
  })

  it.each([
    ['^(a+)+$', 'repeats what repeats'],
    ['^(a|a)*$', 'repeats what repeats'],
    ['^(?:a{1,9}){1,9}$', 'repeats what repeats'],
    ['^((a)*b)*$', 'repeats what repeats'],
    ['(a)\\1', 'refers back'],
    ['(?<x>a)\\k<x>', 'no other group'],
    ['(?=a)b', 'no other group'],
    ['(?<!a)b', 'no other group'],
    ['^a*a*a*$', 'too long'],
    ['a+b+', 'too long'],
    ['^.{0,9999}.{0,9999}.{0,9999}$', 'too long'],
    ['^(a$', 'does not end'],
    ['a)', 'does not begin'],
    ['[a-z', 'does not end'],
    ['*a', 'nothing'],
    ['a**', 'nothing'],
    ['a{3,1}', 'not valid'],
    ['\\p{L}', 'escape'],
    ['\\cA', 'escape'],
  ])('%s is none', (pattern, problem) => {
    expect(readPattern(pattern)).toEqual({ problem: expect.stringContaining(problem) })
  })

  it('that is allowed ends soon on the longest value, whatever it is', () => {
    // Bounded by steps, not by a clock: what backtracks at worst is in the allowed set at its edge.
    for (const pattern of ['^[a-z]+[a-z]+$', '^\\w+@\\w+$', '(a|b)+c'.replace('+', '')]) {
      const read = readPattern(pattern)
      expect(read).toHaveProperty('re')
      if ('re' in read) expect(read.re.test(`${'a'.repeat(LONGEST_VALUE - 1)}!`)).toBe(false)
    }
  })
})
