import type { LastTest } from '../core/integration.ts'
import { visible } from '../core/text.ts'
import { relativeTime } from './relative-time.ts'
import type { Style } from './style.ts'
import { displayWidth, padTo } from './table.ts'

/** Turns the data of an answer into text for people, without a newline at its end. Pure: the same data and style give the same text. */
export type View<T> = (data: T, style: Style) => string | Promise<string>

/** What stands where there is nothing. */
export const NOTHING = '-'

/** Text from outside, safe to print: cut for people, whole for programs. */
export function shown(text: string | null | undefined, style: Style): string {
  if (text === null || text === undefined || text === '') return NOTHING
  return style.terminal ? visible(text) : visible(text, Number.POSITIVE_INFINITY)
}

/** Text from outside that is of no use when cut: an address, a path, a command. */
export function whole(text: string): string {
  return visible(text, Number.POSITIVE_INFINITY)
}

/** Text of several lines from outside; its own line breaks stay. */
export function lines(text: string): string {
  return text
    .split('\n')
    .map((line) => whole(line))
    .join('\n')
}

/** A time: relative for people, as it is for programs and with `-v`. */
export function when(timestamp: string | null, style: Style): string {
  if (timestamp === null) return NOTHING
  return visible(style.terminal && !style.verbose ? relativeTime(timestamp, style.now) : timestamp)
}

/** What the cells of tables say. */
export const CELL_WORDS = {
  nothing: NOTHING,
  yes: 'yes',
  no: 'no',
  never: 'never',
  connected: 'connected',
  failed: 'failed: ',
  unknown: 'unknown',
} as const

/** The last test of an integration: `connected, 3 days ago`, `failed: auth_rejected, 2 hours ago`, `never`. */
export function lastTestText(lastTest: LastTest | null, style: Style): string {
  if (lastTest === null) return CELL_WORDS.never
  const outcome = lastTest.outcome === 'connected' ? CELL_WORDS.connected : CELL_WORDS.failed + (lastTest.cause ?? CELL_WORDS.unknown)
  return `${outcome}, ${when(lastTest.checkedAt, style)}`
}

/** `1 integration`, `2 integrations`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** `names, like, these and that`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

/** Lines of name and value, values aligned, indented by two. Text is printed as it is given. */
export function pairs(rows: readonly (readonly [name: string, value: string])[], style: Style): string {
  const width = Math.max(0, ...rows.map(([name]) => displayWidth(name)))
  return rows.map(([name, value]) => `  ${style.dim(padTo(name, width))}  ${value}`.trimEnd()).join('\n')
}

/** One useful next command, for people only. */
export function next(command: string, style: Style): string {
  return style.terminal ? `\n${style.dim('next:')} ${style.command(command)}` : ''
}
