import { CrmError } from './errors.ts'

/** A variable of a dotenv file. */
export interface DotenvLine {
  readonly name: string
  readonly value: string
}

/** The same of one that was read: on which line it stands. */
export interface ReadDotenvLine extends DotenvLine {
  readonly line: number
}

/** What every shell and every reader of such files takes for text as it stands. */
const BARE = /^[A-Za-z0-9_./:@%+,-]+$/
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/

/**
 * A line of a dotenv file that a POSIX shell, `node --env-file` and their like read alike: bare where nothing in it means anything,
 * else between single quotes, else between double ones. Line breaks become `\n`, which every field that may hold them takes.
 * @returns undefined for a text that no quotes can hold in all of them.
 */
export function dotenvLine({ name, value }: DotenvLine): string | undefined {
  const text = value.replace(/\n+$/, '').replaceAll('\n', '\\n')
  if (value.includes('\\n') && value.includes('\n')) return undefined
  if (BARE.test(text)) return `${name}=${text}`
  if (!text.includes("'")) return `${name}='${text}'`
  return /["$`\\]/.test(text) ? undefined : `${name}="${text}"`
}

/**
 * The variables of a dotenv file: `NAME=value`, with or without `export`; values bare up to a blank and `#`, or between single or double
 * quotes, on one line. Nothing is expanded: what stands there is the value.
 * @throws {CrmError} `usage` naming the first line that is none.
 */
export function readDotenv(text: string): readonly ReadDotenvLine[] {
  return text.split(/\r?\n/).flatMap((content, index) => {
    const line = index + 1
    if (/^\s*(?:#|$)/.test(content)) return []
    const [, name, rest] = /^\s*(?:export\s+)?([^\s=]+)\s*=\s*(.*)$/s.exec(content) ?? []
    const value = rest === undefined ? undefined : unquoted(rest)
    if (name === undefined || !NAME.test(name) || value === undefined) {
      throw new CrmError('usage', `line ${line} is no variable of a dotenv file`, {
        reason: 'a line is NAME=value, with the value between quotes where it has blanks',
        hint: 'see what is read with: crm help hand-over',
      })
    }
    return [{ name, value, line }]
  })
}

function unquoted(rest: string): string | undefined {
  const quoted = /^(?:'([^']*)'|"([^"]*)")\s*(?:#.*)?$/s.exec(rest)
  if (quoted !== null) return quoted[1] ?? quoted[2]
  return /^['"]/.test(rest) ? undefined : rest.replace(/\s+#.*$/s, '').trim()
}
