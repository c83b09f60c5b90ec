/**
 * Collects a body into one block of memory, up to a limit. The chunks themselves are not kept: a hostile server may send
 * eight million chunks of one byte, and each would cost a hundred times its size.
 */
export class BodyCollector {
  #block: Buffer = Buffer.alloc(0)
  #length = 0

  /** @param maxBytes Most bytes taken. */
  constructor(readonly maxBytes: number) {}

  /** Adds a chunk; false when the body is longer than allowed. */
  add(chunk: Buffer): boolean {
    const length = this.#length + chunk.length
    if (length > this.maxBytes) return false
    if (length > this.#block.length) {
      const grown = Buffer.allocUnsafe(Math.min(this.maxBytes, Math.max(length, this.#block.length * 2, 4_096)))
      this.#block.copy(grown, 0, 0, this.#length)
      this.#block = grown
    }
    chunk.copy(this.#block, this.#length)
    this.#length = length
    return true
  }

  /** The bytes so far. */
  bytes(): Buffer {
    return this.#block.subarray(0, this.#length)
  }
}
