/** A part of a context: text is UTF-8, a number is an 8-byte big-endian unsigned integer, bytes are taken as they are. */
export type ContextPart = string | number | Uint8Array

/**
 * The unambiguous encoding of a list: for each part a 4-byte big-endian length, then its bytes (`security.md` section 4.3).
 * No two different lists encode alike.
 * @throws {RangeError} for a number that is not a safe non-negative integer.
 */
export function encodeContext(...parts: readonly ContextPart[]): Buffer {
  const encoded: Buffer[] = []
  for (const part of parts) {
    const bytes = toBytes(part)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    encoded.push(length, bytes)
  }
  return Buffer.concat(encoded)
}

function toBytes(part: ContextPart): Buffer {
  if (typeof part === 'string') return Buffer.from(part, 'utf8')
  if (typeof part !== 'number') return Buffer.from(part.buffer, part.byteOffset, part.byteLength)
  if (!Number.isSafeInteger(part) || part < 0) throw new RangeError('a context holds safe non-negative integers only')
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(part))
  return bytes
}
