import jsQR from 'jsqr'

/** Pixels for each module; a reader needs a few. */
const SCALE = 4

/** What a QR code says, read by another library than the one that drew it; null when it cannot be read. `rows`: true is dark. */
export function readQr(rows: readonly (readonly boolean[])[]): string | null {
  const width = (rows[0]?.length ?? 0) * SCALE
  const height = rows.length * SCALE
  const pixels = new Uint8ClampedArray(width * height * 4).fill(255)
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (rows[Math.floor(y / SCALE)]?.[Math.floor(x / SCALE)] === true) pixels.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3)
    }
  }
  return jsQR(pixels, width, height)?.data ?? null
}

/** The modules of half blocks. `inked`: whether ink is dark, as on a light ground. */
export function modulesOfBlocks(lines: readonly string[], inked: 'dark' | 'light'): boolean[][] {
  const rows = lines.flatMap((line) => {
    const cells = Array.from(line)
    return [cells.map((cell) => '▀█'.includes(cell)), cells.map((cell) => '▄█'.includes(cell))]
  })
  return rows.map((row) => row.map((isInked) => isInked === (inked === 'dark')))
}

/** The modules of `##` for light and two spaces for dark. */
export function modulesOfSigns(lines: readonly string[]): boolean[][] {
  const width = Math.max(...lines.map((line) => line.length))
  return lines.map((line) => Array.from({ length: width / 2 }, (_, column) => line.slice(2 * column, 2 * column + 2) !== '##'))
}
