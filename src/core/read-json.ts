import { CrmError } from './errors.ts'
import type { Json } from './json.ts'
import type { HttpResponse } from './ports.ts'
import { visible } from './text.ts'

/** Deepest nesting of arrays and objects that is read. */
const MAX_DEPTH = 64

/** Most values in one document. 8 MiB of `[],[],...` would otherwise cost twenty times their size in memory. */
const MAX_VALUES = 500_000

/** Digits of the shortest integer that a double may round. */
const LONG_DIGITS = 16

const PROTO = '__proto__'

const CHECK_ADDRESS = 'check that the base URL is the address of the API: crm edit {name} --base-url <url>'

/**
 * The JSON of an answer. Objects have no prototype and no `__proto__` member, so that a name from the server finds nothing but data;
 * integers that a double would round come as text with all their digits.
 *
 * @param what Names the answer in errors: `the profile`, `the list of inboxes`.
 * @throws {CrmError} `provider_error`, with a message of its own for an HTML page, another content type, an empty answer, text
 *   that is not JSON, and JSON that is nested or split beyond reason.
 */
export function readJson(response: HttpResponse, { what }: { readonly what: string }): Json {
  const refuse = (message: string, reason: string): never => {
    throw new CrmError('provider_error', message, { reason, hint: CHECK_ADDRESS })
  }
  const type = mediaType(response)
  if (isHtml(response)) refuse(`${what} came as an HTML page instead of JSON`, 'the address belongs to a web page, a login or a proxy')
  if (!isJsonType(type)) refuse(`${what} came as ${type === '' ? 'untyped data' : visible(type, 60)} instead of JSON`, 'not an API answer')
  if (response.body.length === 0) refuse(`${what} came empty instead of as JSON`, `status ${response.status} without a body`)
  const shape = jsonShape(response.body)
  if (shape.depth > MAX_DEPTH) refuse(`${what} is nested too deeply`, `JSON is read up to ${MAX_DEPTH} levels deep`)
  if (shape.values > MAX_VALUES) refuse(`${what} has too many values`, `JSON is read up to ${MAX_VALUES} values`)
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(response.body)
    return withoutPrototypes(shape.longNumber ? JSON.parse(text, keepDigits) : JSON.parse(text))
  } catch {
    // The parser's own message quotes the body, which may hold a secret.
    return refuse(`${what} is not valid JSON`, 'the answer is cut off or damaged')
  }
}

/** Whether an answer is an HTML page, by its content type or, where that is missing or wrong, by its first characters. */
export function isHtml(response: HttpResponse): boolean {
  const type = mediaType(response)
  if (type === 'text/html' || type === 'application/xhtml+xml') return true
  if (isJsonType(type)) return false
  return /^\s*<(?:!doctype\s+html|html)\b/i.test(response.body.subarray(0, 256).toString('latin1'))
}

/** The content type in lower case, without parameters; empty when there is none. */
export function mediaType(response: HttpResponse): string {
  return (response.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase()
}

function isJsonType(type: string): boolean {
  return /^application\/(?:[a-z0-9.+-]+\+)?json$/.test(type) || type === 'text/json'
}

/** What is known of a JSON text before anything is built from it. */
interface Shape {
  readonly depth: number
  /** An upper bound: every value but the first of a list follows an opening bracket, a comma or a colon. */
  readonly values: number
  readonly longNumber: boolean
}

/** One pass over the bytes, before anything is built from them. All bytes that matter are ASCII, so UTF-8 needs no decoding. */
export function jsonShape(body: Buffer): Shape {
  let depth = 0
  let deepest = 0
  let values = 1
  let digits = 0
  let longNumber = false
  for (let index = 0; index < body.length; index++) {
    const byte = body[index]
    if (byte === 0x22) index = endOfString(body, index)
    else if (byte === 0x5b || byte === 0x7b) {
      values++
      deepest = Math.max(deepest, ++depth)
    } else if (byte === 0x5d || byte === 0x7d) depth--
    else if (byte === 0x2c) values++
    digits = byte !== undefined && byte >= 0x30 && byte <= 0x39 ? digits + 1 : 0
    if (digits >= LONG_DIGITS) longNumber = true
  }
  return { depth: deepest, values, longNumber }
}

/** Index of the quotation mark that ends the string which starts at `start`. */
function endOfString(body: Buffer, start: number): number {
  let index = start + 1
  while (index < body.length && body[index] !== 0x22) index += body[index] === 0x5c ? 2 : 1
  return index
}

/** Reviver of `JSON.parse` with source text access (ECMA-262, `JSON.parse` source text): keeps integers that a double would change. */
function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const source = context?.source
  return source !== undefined && /^-?\d+$/.test(source) ? source : value
}

/** Takes the prototype off every object, in place: copies would double the memory that a hostile answer can claim. */
function withoutPrototypes(root: unknown): Json {
  const open: unknown[] = [root]
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (value === null || typeof value !== 'object') continue
    if (Array.isArray(value)) {
      for (const item of value) if (item !== null && typeof item === 'object') open.push(item)
      continue
    }
    Object.setPrototypeOf(value, null)
    const record = value as Record<string, unknown>
    if (Object.hasOwn(record, PROTO)) delete record[PROTO]
    for (const key of Object.keys(record)) {
      const member = record[key]
      if (member !== null && typeof member === 'object') open.push(member)
    }
  }
  return root as Json
}
