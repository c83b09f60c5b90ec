import { Buffer } from 'node:buffer'
import type { Warning } from '../core/provider.ts'
import { printableJson } from './envelope.ts'
import type { OutputTarget } from './streams.ts'
import type { Writer } from './writer.ts'

/** An answer whose list comes in pages, so that it never has to be held whole. */
export interface PagedAnswer {
  readonly schema: string
  readonly warnings: readonly Warning[]
  /** Members of `data` before the list. */
  readonly head: Readonly<Record<string, unknown>>
  /** The member of `data` that holds the list. */
  readonly key: string
  /**
   * The items: each page one or more of them as JSON in UTF-8, laid out as `JSON.stringify(..., null, 2)` does at this depth (six
   * spaces), separated by a comma and a newline, with neither at the ends. No page is empty.
   */
  readonly pages: Iterable<Uint8Array>
  /** Members of `data` after the list; called when all pages were written. */
  readonly tail: () => Readonly<Record<string, unknown>>
}

/** JSON at a depth: every line but the first is indented. */
function nested(value: unknown, spaces: number): string {
  return JSON.stringify(value, null, 2).replaceAll('\n', `\n${' '.repeat(spaces)}`)
}

function members(record: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(record).map(([name, value]) => `    ${JSON.stringify(name)}: ${nested(value, 4)}`)
}

/**
 * Writes the answer as one JSON document, the same bytes as `JSON.stringify` of the whole would give, in constant memory. The first
 * page is fetched before anything is written, so that a list that cannot be read at all still ends in a proper failure. Stops
 * fetching when the reader has gone away.
 */
export function writePages(answer: PagedAnswer, out: Writer, target: OutputTarget): void {
  const document = out.document()
  const open = `{\n  "schema": ${JSON.stringify(answer.schema)},\n  "ok": true,\n  "data": {\n`
  const list = `    ${JSON.stringify(answer.key)}: [`
  let pages = 0
  for (const page of answer.pages) {
    document.text(pages === 0 ? printableJson(`${open}${[...members(answer.head), list].join(',\n')}\n`) : ',\n')
    document.items(page)
    release(page)
    pages += 1
    if (target.closed) return
  }
  if (pages === 0) document.text(printableJson(open + [...members(answer.head), list].join(',\n')))
  const close = [pages === 0 ? ']' : '\n    ]', ...members(answer.tail())].join(',\n')
  document.text(printableJson(`${close}\n  },\n  "warnings": ${nested(answer.warnings, 2)}\n}\n`))
  document.end()
}

/** Gives the memory of a page back at once: hundreds of them would wait for a collection that has no other reason to run. */
function release({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}

/** The answer with its list whole, for when it must be looked at as a value. */
export function readPages(answer: PagedAnswer): Record<string, unknown> {
  const items: unknown[] = []
  for (const page of answer.pages) items.push(...(JSON.parse(`[${Buffer.from(page).toString('utf8')}]`) as unknown[]))
  return { ...answer.head, [answer.key]: items, ...answer.tail() }
}
