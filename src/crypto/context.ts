import { Buffer } from 'node:buffer'

/** A part of a context: text is UTF-8, a number is an 8-byte big-endian unsigned integer, bytes are taken as they are. */
export type ContextPart = string | number | Uint8Array

/**
 * The unambiguous encoding of a list: for each part a 4-byte big-endian length, then its bytes (`security.md` section 4.3).
 * No two different lists encode alike.
 * @throws {RangeError} for a number that is not a safe non-negative integer.
 */
export function encodeContext(...parts: readonly ContextPart[]): Buffer {
  let end = 0
  for (const part of parts) end = encodePart(part, end)
  return Buffer.from(scratch.subarray(0, end))
}

const LENGTH_BYTES = 4
const NUMBER_BYTES = 8
const TWO_TO_32 = 2 ** 32
/** Most bytes that one UTF-16 unit takes in UTF-8. */
const UNIT_BYTES = 3
/** Contexts of our rows take 200 to 400 bytes. They are no secret. */
const USUAL_BYTES = 4096
/** Up to this length, characters are written one by one: to call what does it for long texts takes longer. */
const SHORT = 40

/** Where a context is put together. */
let scratch = Buffer.allocUnsafeSlow(USUAL_BYTES)

/** Writes a part with its length before it, and returns where it ends. */
function encodePart(part: ContextPart, at: number): number {
  const begin = at + LENGTH_BYTES
  const most = typeof part === 'string' ? part.length * UNIT_BYTES : typeof part === 'number' ? NUMBER_BYTES : part.byteLength
  if (begin + most > scratch.length) grow(begin + most)
  if (typeof part === 'string') return writeText(part, at)
  if (typeof part === 'number') {
    if (!Number.isSafeInteger(part) || part < 0) throw new RangeError('a context holds safe non-negative integers only')
    writeUint32(NUMBER_BYTES, at)
    writeUint32(Math.floor(part / TWO_TO_32), begin)
    writeUint32(part % TWO_TO_32, begin + NUMBER_BYTES / 2)
    return begin + NUMBER_BYTES
  }
  writeUint32(part.byteLength, at)
  scratch.set(part, begin)
  return begin + part.byteLength
}

function writeText(text: string, at: number): number {
  const begin = at + LENGTH_BYTES
  const length = (text.length <= SHORT && writeAscii(text, begin)) || scratch.write(text, begin, 'utf8')
  writeUint32(length, at)
  return begin + length
}

/** How many bytes were written; 0 for a text that is not in ASCII, or empty. */
function writeAscii(text: string, begin: number): number {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index)
    if (unit > 0x7f) return 0
    scratch[begin + index] = unit
  }
  return text.length
}

function writeUint32(value: number, at: number): void {
  scratch[at] = value >>> 24
  scratch[at + 1] = value >>> 16
  scratch[at + 2] = value >>> 8
  scratch[at + 3] = value
}

function grow(length: number): void {
  const larger = Buffer.allocUnsafeSlow(length * 2)
  scratch.copy(larger)
  scratch = larger
}
