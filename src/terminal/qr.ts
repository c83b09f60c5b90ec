import { encode } from 'uqr'
import type { Style } from './style.ts'

/** Light modules around the code, by which it stands out from what else is on the terminal. */
const MARGIN = 2

/** Half blocks by whether the upper and the lower module are inked. */
const BLOCKS = { neither: ' ', upper: '▀', lower: '▄', both: '█' } as const

/** A QR code as lines for a terminal. */
export interface QrDrawing {
  readonly lines: readonly string[]
  /** Columns that it takes; where there are fewer, nothing can read it. */
  readonly width: number
}

/**
 * Draws a text as a QR code. With colour it is dark on light whatever the terminal's ground; without, the light modules are inked, which
 * is right on a dark ground, and most readers take the opposite too. Half blocks where the locale shows them, else two columns a module.
 */
export function drawQr(text: string, { utf8, ground }: Pick<Style, 'utf8' | 'ground'>): QrDrawing {
  const { data, size } = encode(text, { ecc: 'L', border: MARGIN })
  const isDark = (row: number, column: number): boolean => data[row]?.[column] === true
  const columns = Array.from({ length: size }, (_, column) => column)
  if (!utf8) {
    const cell = (dark: boolean): string => (ground === undefined ? (dark ? '  ' : '##') : dark ? ground.dark('  ') : ground.light('  '))
    return { lines: columns.map((row) => columns.map((column) => cell(isDark(row, column))).join('')), width: 2 * size }
  }
  // An odd last row is completed by a row that is light.
  const isInked = (row: number, column: number): boolean => isDark(row, column) === (ground !== undefined)
  const half = (row: number, column: number): string => {
    const upper = isInked(row, column)
    const lower = isInked(row + 1, column)
    return BLOCKS[upper ? (lower ? 'both' : 'upper') : lower ? 'lower' : 'neither']
  }
  const rows = columns.filter((row) => row % 2 === 0)
  const line = (row: number): string => columns.map((column) => half(row, column)).join('')
  return { lines: rows.map((row) => ground?.light(line(row)) ?? line(row)), width: size }
}
