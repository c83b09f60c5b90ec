import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainStyle } from '../../src/terminal/style.ts'
import {
  type Cell,
  type Column,
  columnWidths,
  cutTo,
  displayWidth,
  MOST_LAID_OUT_ROWS,
  renderTable,
  wrapped,
} from '../../src/terminal/table.ts'
import { NOW } from './captured.ts'

const COLUMNS: readonly Column[] = [
  { title: 'NAME', importance: 2 },
  { title: 'KIND', importance: 1 },
  { title: 'NOTE', importance: 0 },
]
const rowOf = (...texts: string[]): Cell[] => texts.map((text) => ({ text, paint: (inner) => `\u001b[32m${inner}\u001b[39m` }))
const pipe = plainStyle({ now: NOW })
const terminal = (columns: number) => plainStyle({ terminal: true, columns, now: NOW })

describe('away from a terminal', () => {
  it('is one row a line with tabs between cells, without heading and colour, and never cut', async () => {
    const long = 'x'.repeat(500)
    expect(await renderTable(COLUMNS, [rowOf('a', 'b', long), rowOf('c', 'd', 'e')], pipe)).toBe(`a\tb\t${long}\nc\td\te`)
  })
})

describe('on a terminal', () => {
  const many = Array.from({ length: MOST_LAID_OUT_ROWS + 1 }, (_, index) => rowOf(`name-${index}`, '日本語', 'z'.repeat(index)))

  it.each([40, 80, 200])('fits into %i columns, without trailing spaces, however many rows', async (columns) => {
    for (const rows of [many, many.slice(0, MOST_LAID_OUT_ROWS)]) {
      const lines = (await renderTable(COLUMNS, rows, terminal(columns))).split('\n')
      expect(lines).toHaveLength(rows.length + 1)
      for (const line of lines.map((each) => stripVTControlCharacters(each))) {
        expect(displayWidth(line)).toBeLessThanOrEqual(columns)
        expect(line).not.toMatch(/ $/)
      }
    }
  })

  it('looks the same above and below the limit of the table library', async () => {
    const below = (await renderTable(COLUMNS, many.slice(-MOST_LAID_OUT_ROWS), terminal(60))).split('\n')
    const above = (await renderTable(COLUMNS, many, terminal(60))).split('\n')
    const plain = (lines: string[]) => lines.slice(-MOST_LAID_OUT_ROWS).map((line) => stripVTControlCharacters(line))
    expect(plain(above)).toEqual(plain(below))
  })

  it('shrinks the least important column first', () => {
    const rows = [rowOf('a'.repeat(30), 'b'.repeat(30), 'c'.repeat(30))]
    expect(columnWidths(COLUMNS, rows, 94)).toEqual([30, 30, 30])
    expect(columnWidths(COLUMNS, rows, 80)).toEqual([30, 30, 16])
    expect(columnWidths(COLUMNS, rows, 60)).toEqual([30, 22, 4])
  })
})

it('cuts to the width that was given, and marks the cut (property)', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 4, max: 30 }), (text, width) => {
      const cut = cutTo(text, width, '…')
      expect(displayWidth(cut)).toBeLessThanOrEqual(width)
      expect(cut === text || cut.endsWith('…')).toBe(true)
    }),
  )
})

it('wraps prose without breaking words', () => {
  expect(wrapped('one two three four', 10, '  ')).toBe('  one two\n  three\n  four')
  expect(wrapped('https://a-very-long.example/path', 10, '')).toBe('https://a-very-long.example/path')
})
