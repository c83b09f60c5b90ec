import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildPackage } from './build.ts'
import type { Bench } from './measure.ts'
import type { Measured, Row } from './row.ts'

/**
 * `npm run bench`: builds the package and measures what its speed and size are held to, each a ratio within this one run.
 *
 *     npm run bench                                    # everything, 20 rounds
 *     npm run bench -- --row list-json --row show --rounds 40
 *
 * Exits with 1 when something is over its bar. To add a row, put it into the `rows` of a file in `rows/`, or of a new one there: a name, what is
 * measured, the bar, and how. `cases.ts` has the usual ones: `starting('which', ['which'], 2)`, `reading('stats', 1000, ['stats'], 2)`.
 */

const ROWS = await allRows()

async function allRows(): Promise<readonly Row[]> {
  const place = new URL('rows/', import.meta.url)
  const files = readdirSync(place).sort()
  const found = await Promise.all(files.map(async (file) => ((await import(new URL(file, place).href)) as { rows: readonly Row[] }).rows))
  const rows = found.flat()
  const twice = rows.find(({ name }, index) => rows.findIndex((row) => row.name === name) !== index)
  if (twice !== undefined) throw new Error(`two rows are named ${twice.name}`)
  return rows
}

const { values: flags } = parseArgs({
  options: { row: { type: 'string', multiple: true }, rounds: { type: 'string', default: '20' } },
})

function chosenRows(): readonly Row[] {
  const unknown = (flags.row ?? []).filter((name) => ROWS.every((row) => row.name !== name))
  if (unknown.length > 0) throw new Error(`no row is named ${unknown.join(', ')}; there are: ${ROWS.map((row) => row.name).join(', ')}`)
  return flags.row === undefined ? ROWS : ROWS.filter((row) => flags.row?.includes(row.name))
}

function print(columns: readonly string[]): void {
  const [name = '', measured = '', bar = '', verdict = '', cpu = '', rest = ''] = columns
  console.log(
    [name.padEnd(17), measured.padStart(8), bar.padStart(6), ` ${verdict.padEnd(5)}`, cpu.padStart(8), `  ${rest}`].join('').trimEnd(),
  )
}

function printRow(row: Row, { value, cpu, detail }: Measured): boolean {
  const isOk = value <= row.bar
  print([
    row.name,
    value.toFixed(2),
    String(row.bar),
    isOk ? 'ok' : 'over',
    cpu === undefined ? '' : cpu.toFixed(2),
    `${row.what} (${detail})`,
  ])
  return isOk
}

const rows = chosenRows()
const bench: Bench = { rounds: Math.max(1, Number.parseInt(flags.rounds, 10)), directory: mkdtempSync(join(tmpdir(), 'crm-bench-')) }
const built = await buildPackage()
try {
  console.log(`Node ${process.versions.node}, ${bench.rounds} rounds; "node" is node -e 0; cpu is the ratio of CPU times\n`)
  print(['row', 'measured', 'bar', '', 'cpu', 'what'])
  let over = 0
  for (const row of rows) if (!printRow(row, await row.measure(bench, built))) over += 1
  console.log(over === 0 ? '\nall within their bars' : `\n${over} over the bar`)
  process.exitCode = over === 0 ? 0 : 1
} finally {
  rmSync(bench.directory, { recursive: true, force: true })
  built.remove()
}
