import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inSeconds, parseDuration, toTimestamp } from '../../src/core/time.ts'

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

describe('a duration', () => {
  it('that is only too long is told apart from what is none', () => {
    expect(() => parseDuration('1234567890ms')).toThrow('a duration has at most nine digits')
    expect(() => parseDuration('soon')).toThrow('a duration is a whole number with a unit')
  })

  it.each([
    ['500ms', 500],
    ['90s', 90_000],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['0s', 0],
    [' 5s ', 5_000],
  ])('%j is %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each(['', '5', '5 s', '-5s', '+5s', '1.5h', '5S', '5sec', 's', '1e3s', '5s5m', '٣s', '1234567890ms'])(
    '%j is refused, and the units are named',
    (text) => {
      expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'usage', hint: expect.stringContaining('90s') }))
    },
  )

  it('is its number times its unit (property)', () => {
    fc.assert(
      fc.property(fc.nat(99_999), fc.constantFrom('ms', 's', 'm', 'h', 'd'), (number, unit) => {
        expect(parseDuration(`${number}${unit}`)).toBe(number * UNITS[unit])
      }),
    )
  })

  it('is refused as usage, or a whole number of milliseconds, whatever is typed (property)', () => {
    const typed = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.tuple(fc.stringMatching(/^[-+.\d]{0,12}$/), fc.constantFrom('', 'ms', 's', 'd', 'x')).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(typed, (text) => {
        try {
          expect(Number.isInteger(parseDuration(text))).toBe(true)
        } catch (error) {
          expect(error).toMatchObject({ code: 'usage' })
        }
      }),
    )
  })
})

it('a time is RFC 3339 in UTC with milliseconds, whatever the zone of the machine (property)', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }), (date) => {
      const text = toTimestamp(date.getTime())
      expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      expect(Date.parse(text)).toBe(date.getTime())
    }),
  )
})

it.each([
  [0, '0 ms'],
  [60, '60 ms'],
  [200, '0.2 s'],
  [1_500, '1.5 s'],
  [90_000, '90 s'],
])('a limit of %i ms is told as %j', (ms, text) => {
  expect(inSeconds(ms)).toBe(text)
})
