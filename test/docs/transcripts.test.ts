import { describe, expect, test } from 'vitest'
import { readDocument } from './document.ts'
import { newReader, type Start } from './reader.ts'
import { exchangesOf, perform, settled } from './transcript.ts'

const transcripts = ['README.md', 'docs/guide.md'].flatMap((path) =>
  readDocument(path)
    .blocks.filter(({ language }) => language === 'console')
    .map((block) => [`${path}:${block.line}`, block] as const),
)

describe.concurrent('what the documents show of a terminal', () => {
  test.each(transcripts)('%s is what a terminal shows', async (_where, { note, text }) => {
    const reader = await newReader((note === '' ? 'one' : note) as Start)
    for (const { command, output } of exchangesOf(text)) {
      const screen = await perform(reader, command)
      expect(settled(screen, reader.home)).toBe(settled(output, reader.home))
      expect(screen).not.toContain(reader.sandbox.administratorToken)
    }
  })
})

test('the README shows adding, testing and a demo', () => {
  const commands = exchangesOf(transcripts[0]?.[1].text ?? '').map(({ command }) => command.split(' ')[1])
  expect(commands).toEqual(['init', 'add', 'test', 'demo-create'])
})
