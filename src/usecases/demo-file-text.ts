/** The texts that demos are read from: YAML and JSON, which is YAML as well, and CSV. Each value knows its line. */
import { CsvError, parse as parseCsv } from 'csv-parse/sync'
import { isNode, LineCounter, parseDocument, stringify } from 'yaml'
import type { Problem } from '../core/errors.ts'

/** A parsed text. */
export interface ParsedText {
  readonly value: unknown
  /** The line of a value, from 1; of the nearest one around it where it is not written down itself. */
  lineOf(path: readonly (string | number)[]): number
  /** What keeps it from being read. */
  readonly problems: readonly Problem[]
}

/** Most aliases (`*name`) that one text may make use of. */
const MOST_ALIASES = 1_000

/** Reads YAML or JSON. */
export function parseYaml(text: string): ParsedText {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const lineOf = (path: readonly (string | number)[]): number => {
    for (let length = path.length; length > 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true)
      if (isNode(node) && node.range !== undefined && node.range !== null) return lines.linePos(node.range[0]).line
    }
    return 1
  }
  const problems = document.errors.map(({ pos, message }) => ({ field: `line ${lines.linePos(pos[0]).line}`, message }))
  if (problems.length > 0) return { value: undefined, lineOf, problems }
  try {
    return { value: document.toJS({ maxAliasCount: MOST_ALIASES }), lineOf, problems }
  } catch (error) {
    return { value: undefined, lineOf, problems: [{ field: 'the text', message: (error as Error).message }] }
  }
}

/** One row of a CSV text: its cells by column, trimmed, without the empty ones. */
export interface CsvRow {
  readonly line: number
  readonly cells: Readonly<Record<string, string>>
}

const COLUMN = '"?[A-Za-z]\\w*"?'
const COLUMNS = new RegExp(`^\\uFEFF?\\s*${COLUMN}(?:\\s*[,;\\t]\\s*${COLUMN})+\\s*$`)

/** Whether a text is a table: its first line is nothing but names of columns, with which neither YAML of demos nor JSON begins. */
export function isTable(text: string): boolean {
  return COLUMNS.test(firstLine(text))
}

function firstLine(text: string): string {
  return text.slice(0, text.search(/[\r\n]|$/))
}

/** Reads CSV (RFC 4180) whose first line names the columns; a semicolon or a tab may stand for the comma. */
export function parseTable(text: string): { readonly rows: readonly CsvRow[]; readonly problems: readonly Problem[] } {
  const first = firstLine(text)
  const delimiter = [',', ';', '\t'].toSorted((one, other) => first.split(other).length - first.split(one).length)[0] ?? ','
  let columns: readonly string[] = []
  const named = (names: string[]): string[] => {
    columns = names
    return names
  }
  try {
    const records = parseCsv(text, { bom: true, columns: named, delimiter, info: true, skip_empty_lines: true, trim: true })
    const rows = (
      records as unknown as readonly { readonly record: Record<string, string>; readonly info: { readonly lines: number } }[]
    ).map(
      ({ record, info }): CsvRow => ({
        line: info.lines,
        cells: Object.fromEntries(Object.entries(record).filter(([, cell]) => cell !== '')),
      }),
    )
    const problems = repeated(columns)
    return { rows: problems.length === 0 ? rows : [], problems }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const line = (error as unknown as { readonly lines?: number }).lines
    return { rows: [], problems: [{ field: line === undefined ? 'the table' : `line ${line}`, message: error.message }] }
  }
}

/** Columns of one name: a row keeps the cell of the last one alone. Spreadsheets leave columns without a name, which hold nothing. */
function repeated(columns: readonly string[]): readonly Problem[] {
  return [...new Set(columns)].flatMap((name) => {
    const times = columns.filter((column) => column === name).length
    return name === '' || times === 1 ? [] : [{ field: `column ${name}`, message: `is there ${times === 2 ? 'twice' : `${times} times`}` }]
  })
}

/** A value as YAML. */
export function writeYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0 })
}
