import type { Paint, Style } from './style.ts'

/** A column: its heading, and how willingly it gives up width (0 first). */
export interface Column {
  readonly title: string
  readonly importance: number
}

/** A cell: text that is already safe to print, and the colour it gets once it has been cut to its width. */
export interface Cell {
  readonly text: string
  readonly paint?: Paint
}

/** Above this many rows the table library is left out: its time grows with the square of them. */
export const MOST_LAID_OUT_ROWS = 100
const GAP = '  '
const FEWEST_COLUMN_WIDTH = 4

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
const ZERO = /[\p{Mn}\p{Me}]/u
const ASCII = /^[\x20-\x7e]*$/

/** How many columns of a terminal a text takes: two for wide East Asian characters and pictures, none for combining marks. */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length
  let width = 0
  for (const character of text) width += ZERO.test(character) ? 0 : WIDE.test(character) ? 2 : 1
  return width
}

/** The text cut to a width, with the mark that says so. */
export function cutTo(text: string, width: number, ellipsis: string): string {
  if (displayWidth(text) <= width) return text
  const room = width - displayWidth(ellipsis)
  let cut = ''
  let used = 0
  for (const character of text) {
    used += displayWidth(character)
    if (used > room) break
    cut += character
  }
  return cut + ellipsis
}

/** The text with spaces up to a width. */
export function padTo(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)))
}

/** Prose in lines of at most this width, each with the same indent; words are not broken. */
export function wrapped(text: string, width: number, indent: string): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && displayWidth(indent + longer) > width) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line].map((each) => indent + each).join('\n')
}

/** The width of each column, so that a line fits: the least important column shrinks first, never below what its heading needs. */
export function columnWidths(columns: readonly Column[], rows: readonly (readonly Cell[])[], available: number): number[] {
  const widths = columns.map((column, index) =>
    rows.reduce((widest, row) => Math.max(widest, displayWidth(row[index]?.text ?? '')), displayWidth(column.title)),
  )
  let excess = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (columns.length - 1) - available
  const leastImportantFirst = columns.map((_, index) => index).sort((a, b) => (columns[a]?.importance ?? 0) - (columns[b]?.importance ?? 0))
  for (const index of leastImportantFirst) {
    if (excess <= 0) break
    const width = widths[index] ?? 0
    const least = Math.min(width, Math.max(displayWidth(columns[index]?.title ?? ''), FEWEST_COLUMN_WIDTH))
    const given = Math.min(excess, width - least)
    widths[index] = width - given
    excess -= given
  }
  return widths
}

/**
 * Rows as text, without a newline at the end. On a terminal: a heading, columns aligned and cut to its width. Elsewhere: one row
 * a line, cells separated by tabs, no heading and nothing cut, so that other programs read it whole.
 */
export async function renderTable(columns: readonly Column[], rows: readonly (readonly Cell[])[], style: Style): Promise<string> {
  if (!style.terminal) return rows.map((row) => tabbed(row.map((cell) => cell.text))).join('\n')
  const widths = columnWidths(columns, rows, style.columns)
  if (rows.length <= MOST_LAID_OUT_ROWS) return layOut(columns, rows, widths, style)
  const titles = columns.map(({ title }): Cell => ({ text: title, paint: style.dim }))
  return [titles, ...rows].map((row) => paddedLine(row, widths, style)).join('\n')
}

/** A row for other programs: its cells separated by tabs. */
export function tabbed(cells: readonly string[]): string {
  return cells.join('\t')
}

/**
 * Whether a text is exactly so many rows of {@link tabbed} cells that need no escape: what was put together elsewhere may then be printed
 * as it is. A cell with a tab or a line break of its own shows as a row with too many cells, or as a row too many.
 */
export function isTabbed(text: string, rows: number, columns: number): boolean {
  const cell = '[\\x20-\\x7e]+'
  const row = `${cell}(?:\\t${cell}){${columns - 1}}`
  return text.split('\n').length === rows && new RegExp(`^${row}(?:\\n${row})*$`).test(text)
}

/** Nothing has no colour: an empty cell at the end of a line would leave its padding there. */
function painted({ paint }: Cell, text: string): string {
  return paint === undefined || text === '' ? text : paint(text)
}

function paddedLine(row: readonly Cell[], widths: readonly number[], style: Style): string {
  const cells = row.map((cell, index) => {
    const width = widths[index] ?? 0
    const text = cutTo(cell.text, width, style.symbols.ellipsis)
    const padding = ' '.repeat(Math.max(0, width - displayWidth(text)))
    return painted(cell, text) + padding
  })
  return cells.join(GAP).trimEnd()
}

const NO_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: GAP,
}

async function layOut(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  widths: readonly number[],
  style: Style,
): Promise<string> {
  const { default: Table } = await import('cli-table3')
  const table = new Table({
    head: columns.map((column) => style.dim(column.title)),
    colWidths: [...widths],
    chars: NO_BORDERS,
    truncate: style.symbols.ellipsis,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  })
  // The library would put the end of a colour between a text that it cuts and the mark of the cut.
  for (const row of rows)
    table.push(row.map((cell, column) => painted(cell, cutTo(cell.text, widths[column] ?? 0, style.symbols.ellipsis))))
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}
