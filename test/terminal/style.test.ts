import { describe, expect, it } from 'vitest'
import { columnsOf, inCi, isUtf8, mayAsk, type TerminalFacts, wantsColour } from '../../src/terminal/facts.ts'
import { relativeTime, showDuration } from '../../src/terminal/relative-time.ts'
import { plainStyle, styleFor } from '../../src/terminal/style.ts'
import { NOW } from './captured.ts'

describe('colour is decided in the order flag, NO_COLOR, FORCE_COLOR, TERM, terminal', () => {
  const cases: [facts: TerminalFacts, flag: boolean, isTTY: boolean, expected: boolean][] = [
    [{}, false, true, true],
    [{}, false, false, false],
    [{}, true, true, false],
    [{ FORCE_COLOR: '1' }, true, true, false],
    [{ NO_COLOR: '1' }, false, true, false],
    [{ NO_COLOR: '' }, false, true, true],
    [{ NO_COLOR: '1', FORCE_COLOR: '1' }, false, true, false],
    [{ NO_COLOR: '', FORCE_COLOR: '1' }, false, false, true],
    [{ FORCE_COLOR: '1' }, false, false, true],
    [{ FORCE_COLOR: '3', TERM: 'dumb' }, false, false, true],
    [{ FORCE_COLOR: '0' }, false, true, false],
    [{ FORCE_COLOR: 'false' }, false, true, false],
    [{ FORCE_COLOR: '' }, false, true, true],
    [{ TERM: 'dumb' }, false, true, false],
    [{ TERM: 'xterm' }, false, true, true],
  ]
  it.each(cases)('%j, --no-color %s, terminal %s: %s', (facts, flag, isTTY, expected) => {
    expect(wantsColour(facts, flag, isTTY)).toBe(expected)
  })
})

describe('a person may be asked', () => {
  const tty = { isTTY: true }
  const pipe = { isTTY: false }
  const none = { json: false, noInput: false }
  it('when input and error output are terminals, whatever standard output is', () => {
    expect(mayAsk({}, none, tty, tty)).toBe(true)
  })
  it.each([
    ['input is no terminal', {}, none, pipe, tty],
    ['error output is no terminal', {}, none, tty, pipe],
    ['CI is set', { CI: 'true' }, none, tty, tty],
    ['the terminal is dumb', { TERM: 'dumb' }, none, tty, tty],
    ['--no-input is given', {}, { ...none, noInput: true }, tty, tty],
    ['--json is given', {}, { ...none, json: true }, tty, tty],
  ] as const)('never when %s', (_why, facts, flags, stdin, stderr) => {
    expect(mayAsk(facts, flags, stdin, stderr)).toBe(false)
  })
  it('when CI is set to nothing or to false', () => {
    expect([inCi({ CI: '' }), inCi({ CI: 'false' }), inCi({ CI: '0' })]).toEqual([false, false, false])
  })
})

describe('the locale', () => {
  it.each([
    [{}, false],
    [{ LANG: 'C' }, false],
    [{ LANG: 'de_DE.ISO-8859-1' }, false],
    [{ LANG: 'en_US.UTF-8' }, true],
    [{ LANG: 'C.utf8' }, true],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, false],
    [{ LANG: 'C', LC_CTYPE: 'en_US.UTF-8' }, true],
    [{ LANG: 'en_US.UTF-8', LC_ALL: '' }, true],
  ])('%j shows more than ASCII: %s', (facts, expected) => {
    expect(isUtf8(facts)).toBe(expected)
  })

  it('has ASCII stand-ins for every symbol where it shows nothing else', () => {
    const { symbols } = plainStyle({ now: NOW, utf8: false })
    for (const symbol of Object.values(symbols)) expect(symbol).toMatch(/^[\x20-\x7e]+$/)
  })
})

describe('the width', () => {
  it.each([
    [{ COLUMNS: '60' }, 100, 60],
    [{}, 100, 100],
    [{}, undefined, 80],
    [{ COLUMNS: 'wide' }, 100, 100],
    [{ COLUMNS: '' }, 100, 100],
    [{ COLUMNS: '1' }, 100, 20],
  ])('%j on a terminal of %s columns is %s', (facts, columns, expected) => {
    expect(columnsOf(facts, { columns })).toBe(expected)
  })
})

it('colours a role with one of sixteen colours, and only where colour is wanted', async () => {
  const options = { noColor: false, verbose: false, now: NOW }
  const coloured = await styleFor({ isTTY: true, columns: 80 }, {}, options)
  const plain = await styleFor({ isTTY: true, columns: 80 }, { NO_COLOR: '1' }, options)
  expect(coloured.error('x')).toBe('\u001b[31mx\u001b[39m')
  expect(plain.error('x')).toBe('x')
})

describe('a time is told relative to now', () => {
  it.each([
    [0, 'just now'],
    [4_999, 'just now'],
    [5_000, '5 seconds ago'],
    [60_000, '1 minute ago'],
    [59 * 60_000, '59 minutes ago'],
    [3_600_000, '1 hour ago'],
    [3 * 86_400_000, '3 days ago'],
    [59 * 86_400_000, '59 days ago'],
    [61 * 86_400_000, '2 months ago'],
    [800 * 86_400_000, '2 years ago'],
  ])('%i ms ago: %s', (ageMs, expected) => {
    expect(relativeTime(new Date(NOW - ageMs).toISOString(), NOW)).toBe(expected)
  })

  it('as it is when a clock was set back or it is no time', () => {
    expect(relativeTime('2030-01-01T00:00:00.000Z', NOW)).toBe('2030-01-01T00:00:00.000Z')
    expect(relativeTime('whenever', NOW)).toBe('whenever')
  })
})

it.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1_400, '1.4 s'],
  [125_000, '2 min 5 s'],
])('shows a duration of %i ms as %s', (ms, expected) => {
  expect(showDuration(ms)).toBe(expected)
})
