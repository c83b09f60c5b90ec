import type { ErrorCode } from '../core/errors.ts'
import { type Json, valueAt } from '../core/json.ts'
import type { HttpResponse } from '../core/ports.ts'
import type { Refusal } from '../core/provider.ts'
import { isHtml, readJson } from '../core/read-json.ts'
import { visible } from '../core/text.ts'

/** A row of a table of failures. The first that fits an answer is its meaning. */
export interface FailureRow {
  /** One status, or the first and the last of several. */
  readonly status: number | readonly [first: number, last: number]
  /** Searched for in the beginning of the body. What a server says is compared, and never repeated. */
  readonly says?: RegExp
  /** Whether the body must be a web page. */
  readonly page?: true
  /** The contract calls it expiry: a new token may help, once. */
  readonly expired?: true
  readonly cause: ErrorCode
  readonly message: string
  readonly hint: string
}

/** How the answers of one API are read. */
export interface AnswerTable {
  /** Names an answer in errors, such as `the answer of HubSpot`. */
  readonly what: string
  readonly rows: readonly FailureRow[]
  /** What an answer means that fits no row: another product, a proxy, a page. */
  readonly other: Refusal
  /** Whether the body of a 2xx says that it is a failure all the same. */
  readonly refuses?: (json: Json) => boolean
}

/** What one answer means. */
export type Meaning =
  | { readonly kind: 'data'; readonly json: Json }
  /** 204: the credential is good, and there is nothing to read. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'failed'; readonly refusal: Refusal; readonly expired: boolean }

/** How many bytes of a body are searched for a known word. */
const SEARCHED_BYTES = 4096

/** Reads an answer by the table of its API. */
export function readAnswer(response: HttpResponse, table: AnswerTable): Meaning {
  if (response.status === 204) return { kind: 'nothing' }
  const json = response.status < 300 && !isHtml(response) ? parse(response, table.what) : undefined
  if (json !== undefined && table.refuses?.(json) !== true) return { kind: 'data', json }
  const row = rowFor(response, table.rows)
  if (row === undefined) return { kind: 'failed', refusal: table.other, expired: false }
  const { cause, message, hint, expired = false } = row
  return { kind: 'failed', refusal: { cause, message, hint: hint.replace('<wait>', waitOf(response)) }, expired }
}

function parse(response: HttpResponse, what: string): Json | undefined {
  try {
    return readJson(response, { what })
  } catch {
    return undefined
  }
}

function rowFor(response: HttpResponse, rows: readonly FailureRow[]): FailureRow | undefined {
  const text = response.body.subarray(0, SEARCHED_BYTES).toString('latin1')
  const page = isHtml(response)
  return rows.find(({ status, says, page: wantsPage }) => {
    const [first, last] = typeof status === 'number' ? [status, status] : status
    if (response.status < first || response.status > last) return false
    return (says === undefined || says.test(text)) && (wantsPage === undefined || page)
  })
}

/**
 * `wait 120 s` where the server says so (RFC 9110 section 10.2.3), `wait a little` elsewhere.
 * @param header the one of a CRM that has another name for it.
 */
export function waitOf({ headers }: HttpResponse, header = 'retry-after'): string {
  const name = header.toLowerCase()
  const after = (Object.hasOwn(headers, name) ? headers[name] : undefined)?.trim() ?? ''
  return /^\d{1,9}$/.test(after) ? `wait ${after} s` : 'wait a little'
}

/** Text or a number at a pointer, as text; null where there is none. */
export function textAt(json: Json | undefined, pointer: string): string | null {
  const value = json === undefined ? undefined : valueAt(json, pointer)
  return typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : null
}

/** What is known of several texts, joined; null where nothing is. */
export function joined(...texts: readonly (string | null)[]): string | null {
  const known = texts.filter((text) => text !== null)
  return known.length === 0 ? null : visible(known.join(', '), 200)
}
