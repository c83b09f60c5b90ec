/**
 * Removes secrets by value from everything printed, and from answers of servers that are kept (`security.md` section 7). What is known to
 * be secret is looked for in all the forms in which it could appear: as it is, in base64, base64url, hex, percent-encoded and JSON-escaped;
 * and as the beginning of one of them, where a text was cut.
 */
import { Buffer } from 'node:buffer'
import { escapeJson, visible } from './text.ts'

/** What stands where a secret stood. */
export const REDACTED = '[redacted]'

/** Values shorter than this many bytes are not looked for: they would be found everywhere. */
export const SHORTEST_REDACTED_BYTES = 6

/** A filter for text that comes in pieces: a secret that lies across a border is found too. */
export interface RedactionStream {
  /** Takes the next piece; gives back what is safe to print by now. */
  push(text: string): string
  /** Gives back what was held. */
  end(): string
}

/** Knows the secrets of this process and removes them from text. */
export interface Redactor {
  /** Adds a secret with all its forms. Short values (see {@link SHORTEST_REDACTED_BYTES}) are not added. */
  register(value: string): void
  /** The text without any registered secret. `shown` names values that are printed on purpose (`--reveal`). */
  redact(text: string, shown?: readonly string[]): string
  /** A filter for text in pieces. */
  stream(): RedactionStream
  /** Whether anything was registered: without it, text passes untouched. */
  readonly armed: boolean
}

/**
 * The base64 characters that these bytes give at each of the three places where they can begin inside a longer encoded text, such
 * as `user:token`. Characters shared with neighbouring bytes are left out.
 */
function base64Cores(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const first = before === 0 ? 0 : before + 1
    const partial = (before + bytes.length) % 3 === 0 ? 0 : 1
    return encoded.slice(first, encoded.length - partial)
  })
}

function toBase64Url(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_')
}

function percentForms(value: string): string[] {
  // Lone surrogates have no UTF-8 form and encodeURIComponent throws on them; the round trip replaces them.
  const encoded = encodeURIComponent(Buffer.from(value, 'utf8').toString('utf8'))
  const strict = encoded.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
  return [encoded, strict, strict.replaceAll('%20', '+')].flatMap((form) => [
    form,
    form.replace(/%[0-9A-F]{2}/g, (byte) => byte.toLowerCase()),
  ])
}

/** What JSON, percent-encoding and the sanitiser leave as it is: most tokens. */
const PLAIN = /^[A-Za-z0-9._~-]+$/
/** What JSON and the sanitiser leave as it is: those, keys in base64, and a header with its scheme before it. */
const SIMPLE = /^[A-Za-z0-9 ._~+/=-]+$/

/** The value as escaped text: JSON, our own escapes, percent-encoding, and its lines one by one. */
function escapedForms(value: string): string[] {
  if (PLAIN.test(value)) return [value]
  if (SIMPLE.test(value)) return [value, ...percentForms(value)]
  const json = JSON.stringify(value).slice(1, -1)
  const lines = value.includes('\n') ? value.split(/\r?\n/).filter((line) => line.length >= 16 && !line.startsWith('-----')) : []
  return [value, ...lines, json, escapeJson(json), visible(value, Number.POSITIVE_INFINITY), ...percentForms(value)]
}

/** Every form in which a secret is looked for, the value itself first. */
export function secretForms(value: string): readonly string[] {
  const bytes = Buffer.from(value, 'utf8')
  const padded = bytes.toString('base64')
  const base64 = [padded, padded.replace(/=+$/, ''), ...base64Cores(bytes)].filter((form) => form.length >= SHORTEST_REDACTED_BYTES)
  const hex = bytes.toString('hex')
  return [...new Set([...escapedForms(value), ...base64, ...base64.map(toBase64Url), hex, hex.toUpperCase()])]
}

/** Characters by which a form is known to begin somewhere: a shorter beginning of a secret is no secret. */
const HEAD = 4

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const HEX = '0123456789abcdef'

/** Six bits of four characters of base64 each. */
function inBase64(a: number, b: number, c: number, d: number): string {
  return `${BASE64[a & 63]}${BASE64[b & 63]}${BASE64[c & 63]}${BASE64[d & 63]}`
}

/**
 * The first characters of every form of a secret that is {@link SIMPLE}: enough to tell that none of them is in a text, at a fraction
 * of what the forms cost. Without a buffer: of ten thousand secrets that are imported, none is printed.
 */
export function headsOf(value: string): readonly string[] {
  const [a, b, c, d] = [value.charCodeAt(0), value.charCodeAt(1), value.charCodeAt(2), value.charCodeAt(3)] as const
  // Encoded as they stand, and behind one and two bytes of something else: the three places of base64.
  const base64 = [
    inBase64(a >> 2, (a << 4) | (b >> 4), (b << 2) | (c >> 6), c),
    inBase64((a << 2) | (b >> 6), b, c >> 2, (c << 4) | (d >> 4)),
    inBase64(a, b >> 2, (b << 4) | (c >> 4), (c << 2) | (d >> 6)),
  ]
  const hex = `${HEX[a >> 4]}${HEX[a & 15]}${HEX[b >> 4]}${HEX[b & 15]}`
  const url = base64.filter((head) => /[+/]/.test(head)).map(toBase64Url)
  // The first characters of a percent-encoded text come of as many characters of it at most.
  const percent = PLAIN.test(value) ? [] : percentForms(value.slice(0, HEAD)).map((form) => form.slice(0, HEAD))
  return [value.slice(0, HEAD), ...base64, ...url, hex, hex.toUpperCase(), ...percent]
}

const RADIX = 31
/** What the first character of a head counts for. */
const FIRST = (RADIX ** (HEAD - 1)) | 0

/** A head as one number. */
function headAt(text: string, index: number): number {
  let head = 0
  for (let place = index; place < index + HEAD; place += 1) head = (Math.imul(head, RADIX) + text.charCodeAt(place)) | 0
  return head
}

/** The number of the head that begins one place after `index`, from that of the one before (Rabin and Karp's search). */
function headAfter(head: number, text: string, index: number): number {
  return (Math.imul(head - Math.imul(text.charCodeAt(index), FIRST), RADIX) + text.charCodeAt(index + HEAD)) | 0
}

/** Secrets whose forms are not made yet, by the heads of those. */
class Waiting {
  readonly #byHead = new Map<number, string | Set<string>>()

  add(value: string): void {
    for (const head of headsOf(value)) {
      const key = headAt(head, 0)
      const known = this.#byHead.get(key)
      if (known === undefined) this.#byHead.set(key, value)
      else if (typeof known === 'string') this.#byHead.set(key, new Set([known, value]))
      else known.add(value)
    }
  }

  /** Takes out those that may be in a text; all of them where there is none. */
  *take(text: string | undefined): Generator<string> {
    if (this.#byHead.size === 0) return
    if (text === undefined) {
      for (const found of this.#byHead.values()) yield* typeof found === 'string' ? [found] : found
      this.#byHead.clear()
      return
    }
    let key = headAt(text, 0)
    for (let index = 0; index + HEAD <= text.length; index += 1) {
      if (index > 0) key = headAfter(key, text, index - 1)
      const found = this.#byHead.get(key)
      if (found === undefined) continue
      this.#byHead.delete(key)
      if (typeof found === 'string') yield found
      else yield* found
    }
  }
}

/** The shortest form has two UTF-16 units: six bytes can be two characters. */
const KEY_LENGTH = 2

/** The first characters of a form as one number, to look it up by. */
function keyAt(text: string, index: number): number {
  return (text.charCodeAt(index) * 0x101 + text.charCodeAt(index + 1)) & 0xffff
}

const FEW_KEYS = 64

function tableOf(keys: Iterable<number>): Uint8Array {
  const table = new Uint8Array(0x1_0000)
  for (const key of keys) table[key] = 1
  return table
}

/** What stands where a text was cut; a run of points is one at every place where three follow. */
const CUT = /\u2026|\.(?=\.\.)/g

/**
 * Finds the longest registered form at a place, in time that does not grow with the number of forms: tokens of one maker begin alike, so
 * that thousands of forms may have the same first characters, but they have few lengths.
 */
class FormIndex {
  /** Made for many forms: the redactor of one test has a few, and would spend more on its table than on its texts. */
  #seen: Uint8Array | undefined
  readonly #byKey = new Map<number, Map<number, Set<string>>>()
  readonly #byHead = new Map<string, string[]>()
  readonly #firstCharacters = new Set<string>()
  longest = 0

  add(form: string): void {
    const alike = this.#byHead.get(form.slice(0, HEAD))
    if (alike === undefined) this.#byHead.set(form.slice(0, HEAD), [form])
    else alike.push(form)
    const key = keyAt(form, 0)
    const byLength = this.#byKey.get(key) ?? new Map<number, Set<string>>()
    const forms = byLength.get(form.length) ?? new Set<string>()
    this.#byKey.set(key, byLength.set(form.length, forms.add(form)))
    if (this.#seen !== undefined) this.#seen[key] = 1
    else if (this.#byKey.size > FEW_KEYS) this.#seen = tableOf(this.#byKey.keys())
    this.#firstCharacters.add(form.slice(0, 1))
    this.longest = Math.max(this.longest, form.length)
  }

  /** Length of the longest form that stands at this place; 0 when none does. */
  lengthAt(text: string, index: number, except: ReadonlySet<string>): number {
    const key = keyAt(text, index)
    // Beyond the end of the text the key is NaN & 0xffff = 0; the lengths then decide.
    if (!this.#begins(key)) return 0
    let longest = 0
    for (const [length, forms] of this.#byKey.get(key) ?? []) {
      if (length <= longest || index + length > text.length) continue
      const found = text.slice(index, index + length)
      if (forms.has(found) && !except.has(found)) longest = length
    }
    return longest
  }

  /**
   * Length of the beginning of a form that stands at this place, up to one of these marks, which are in order, from the `next` on; 0 when
   * none does. Where a form has such marks of its own, the last one counts.
   */
  cutLengthAt(text: string, index: number, marks: readonly number[], next: number, except: ReadonlySet<string>): number {
    let end = index
    for (let at = next; at < marks.length && this.#continues(text, index, marks[at] ?? 0, except); at += 1) end = marks[at] ?? 0
    return end - index
  }

  /** Whether the text from this place to `end` is the beginning of a longer form. */
  mayContinue(text: string, index: number, end: number): boolean {
    const rest = end - index
    if (rest < KEY_LENGTH) return this.#firstCharacters.has(text.slice(index, end))
    return rest < HEAD ? this.#begins(keyAt(text, index)) : this.#continues(text, index, end, NOTHING)
  }

  /** Whether forms begin with this key. */
  #begins(key: number): boolean {
    return this.#seen === undefined ? this.#byKey.has(key) : this.#seen[key] === 1
  }

  #continues(text: string, index: number, end: number, except: ReadonlySet<string>): boolean {
    const length = end - index
    if (length >= this.longest) return false
    const alike = this.#byHead.get(text.slice(index, index + HEAD))
    const beginning = text.slice(index, end)
    return alike?.some((form) => form.length > length && form.startsWith(beginning) && !except.has(form)) === true
  }
}

const NOTHING: ReadonlySet<string> = new Set()

/** Makes an empty redactor. Register every secret the process opens: `Secret.observe((value) => redactor.register(value))`. */
export function createRedactor(): Redactor {
  const forms = new FormIndex()
  const registered = new Set<string>()
  // Forms are made when something is printed that may hold one, not when a secret is opened: most commands open many and print few.
  const waiting = new Waiting()

  function addForms(value: string): void {
    for (const form of secretForms(value)) forms.add(form)
  }

  /** Makes the forms that may be in a text; all of them for one that comes in pieces. */
  function settle(text: string | undefined): void {
    for (const value of waiting.take(text)) addForms(value)
  }

  return {
    get armed() {
      return registered.size > 0
    },
    register(value) {
      if (registered.has(value) || Buffer.byteLength(value) < SHORTEST_REDACTED_BYTES) return
      registered.add(value)
      if (SIMPLE.test(value)) waiting.add(value)
      else addForms(value)
    },
    redact(text, shown) {
      if (registered.size === 0) return text
      settle(text)
      if (forms.longest === 0) return text
      const scan = new Scan(forms, shown === undefined ? NOTHING : new Set(shown.flatMap(secretForms)))
      return scan.whole(text)
    },
    stream() {
      const scan = new Scan(forms, NOTHING)
      return {
        push(text) {
          settle(undefined)
          return scan.push(text)
        },
        end: () => scan.end(),
      }
    },
  }
}

/** One pass over a text. Secrets that overlap are covered together, so that no tail of one stays behind. */
class Scan implements RedactionStream {
  #held = ''
  /** How far into the held text the secret reaches that was found last. */
  #covered = 0
  readonly #forms: FormIndex
  readonly #except: ReadonlySet<string>

  constructor(forms: FormIndex, except: ReadonlySet<string>) {
    this.#forms = forms
    this.#except = except
  }

  /** A text that does not come in pieces. */
  whole(text: string): string {
    return this.#run(text, true)
  }

  push(piece: string): string {
    return this.#run(this.#held + piece, false)
  }

  end(): string {
    return this.#run(this.#held, true)
  }

  #run(text: string, final: boolean): string {
    let clean = ''
    let covered = this.#covered
    let from = covered
    let index = 0
    let next = 0
    const marks = Array.from(text.matchAll(CUT), (mark) => mark.index)
    // The points at the end of a piece may be the beginning of a mark.
    const end = final ? text.length : text.replace(/\.{1,2}$/, '').length
    for (; index < end; index++) {
      if (!final && this.#forms.mayContinue(text, index, end)) break
      while ((marks[next] ?? index + HEAD) < index + HEAD) next += 1
      const cut = next < marks.length ? this.#forms.cutLengthAt(text, index, marks, next, this.#except) : 0
      const length = Math.max(cut, this.#forms.lengthAt(text, index, this.#except))
      if (length === 0) continue
      if (index >= covered) clean += text.slice(from, index) + REDACTED
      covered = Math.max(covered, index + length)
      from = covered
    }
    clean += text.slice(from, index)
    this.#held = text.slice(index)
    this.#covered = Math.max(0, covered - index)
    return clean
  }
}
