/** A part of a context: text is UTF-8, a number is an 8-byte big-endian unsigned integer, bytes are taken as they are. */
export type ContextPart = string | number | Uint8Array

/**
 * The unambiguous encoding of a list: for each part a 4-byte big-endian length, then its bytes (`security.md` section 4.3).
 * No two different lists encode alike.
 * @throws {RangeError} for a number that is not a safe non-negative integer.
 */
export function encodeContext(...parts: readonly ContextPart[]): Buffer {
  let size = 0
  for (const part of parts) size += LENGTH_BYTES + lengthOf(part)
  const encoded = Buffer.allocUnsafe(size)
  let offset = 0
  for (const part of parts) {
    const length = lengthOf(part)
    offset = encoded.writeUInt32BE(length, offset)
    if (typeof part === 'string') encoded.write(part, offset, 'utf8')
    else if (typeof part === 'number') {
      encoded.writeUInt32BE(Math.floor(part / TWO_TO_32), offset)
      encoded.writeUInt32BE(part % TWO_TO_32, offset + NUMBER_BYTES / 2)
    } else encoded.set(part, offset)
    offset += length
  }
  return encoded
}

const LENGTH_BYTES = 4
const NUMBER_BYTES = 8
const TWO_TO_32 = 2 ** 32

function lengthOf(part: ContextPart): number {
  if (typeof part === 'string') return Buffer.byteLength(part, 'utf8')
  if (typeof part !== 'number') return part.byteLength
  if (!Number.isSafeInteger(part) || part < 0) throw new RangeError('a context holds safe non-negative integers only')
  return NUMBER_BYTES
}
