import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRedactor } from '../../src/core/redact.ts'
import { printableJson } from '../../src/terminal/envelope.ts'
import { streamOutput } from '../../src/terminal/streams.ts'
import { createWriter } from '../../src/terminal/writer.ts'

function written(pieces: readonly string[]): string {
  const stream = new PassThrough()
  const document = createWriter(streamOutput(stream), createRedactor(), false).document()
  for (const piece of pieces) document.items(Buffer.from(piece))
  document.end()
  return String(stream.read() ?? '')
}

test('items of a document are escaped like every other JSON, whatever they hold', () => {
  const text = fc.string({
    unit: fc.oneof({ weight: 20, arbitrary: fc.constantFrom('a', '"', '{', '\n') }, fc.string({ unit: 'binary', maxLength: 1 })),
  })
  fc.assert(
    fc.property(fc.array(text, { maxLength: 4 }), (pieces) => {
      expect(written(pieces)).toBe(pieces.map(printableJson).join(''))
    }),
  )
})

test('a control character in a long page is found at every place', () => {
  for (let code = 0; code < 0x80; code += 1) {
    for (let place = 0; place < 9; place += 1) {
      const page = `${'x'.repeat(place)}${String.fromCharCode(code)}${'y\n'.repeat(9 - place)}`
      expect(written([page])).toBe(printableJson(page))
    }
  }
})
