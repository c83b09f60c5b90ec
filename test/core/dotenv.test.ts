import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { dotenvLine, readDotenv } from '../../src/core/dotenv.ts'

const directory = mkdtempSync(join(tmpdir(), 'crm-dotenv-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** Any text of one line that a field may hold. */
const values = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((text) => !/\p{Cc}/u.test(text) && text.trim() === text)

test('reading is the inverse of writing, for every value that can be written', () => {
  fc.assert(
    fc.property(values, (value) => {
      const line = dotenvLine({ name: 'NAME', value })
      fc.pre(line !== undefined)
      expect(readDotenv(`# a comment\n\n${line}\n`)).toEqual([{ name: 'NAME', value, line: 3 }])
    }),
  )
})

test('a line ends where every reader ends it, and not at a separator of Unicode', () => {
  const value = '!\u2028!\u2029!'
  const line = dotenvLine({ name: 'NAME', value }) ?? ''
  expect(readDotenv(`${line} # \u2028\n`)).toEqual([{ name: 'NAME', value, line: 1 }])
})

test('a shell and node --env-file read what is written as it was meant', () => {
  const given = fc
    .sample(values, 300)
    .concat('plain', 'a b', 'a#b', '#', "it's", 'say "hi"', '$HOME', '`id`', 'back\\slash', '!', '~', '*', '=')
  const written = given.flatMap((value, index) => {
    const line = dotenvLine({ name: `V_${index}`, value })
    return line === undefined ? [] : [[`V_${index}`, value, line] as const]
  })
  expect(written.length).toBeGreaterThan(given.length * 0.8)
  const file = join(directory, 'values.env')
  writeFileSync(file, written.map(([, , line]) => `${line}\n`).join(''))
  const expected = Object.fromEntries(written.map(([name, value]) => [name, value]))
  const print =
    "process.stdout.write(JSON.stringify(Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('V_')))))"
  const node = (...words: string[]) => [process.execPath, ...words, '-e', print]
  const sourced = execFileSync('sh', ['-c', `set -a; . "${file}"; exec "$@"`, 'sh', ...node()], { encoding: 'utf8' })
  expect(JSON.parse(sourced)).toEqual(expected)
  const [program = '', ...words] = node(`--env-file=${file}`)
  expect(JSON.parse(execFileSync(program, words, { encoding: 'utf8' }))).toEqual(expected)
})

test('lines of a key stand behind each other, as variables hold them', () => {
  expect(dotenvLine({ name: 'KEY', value: '-----BEGIN KEY-----\nabc=\n-----END KEY-----\n' })).toBe(
    "KEY='-----BEGIN KEY-----\\nabc=\\n-----END KEY-----'",
  )
})

test('what readers understand differently is not written', () => {
  expect(dotenvLine({ name: 'NAME', value: `it's "both"` })).toBeUndefined()
  expect(dotenvLine({ name: 'NAME', value: "it's $HOME" })).toBeUndefined()
})

describe('files of others', () => {
  test.for([
    ['export NAME=value', 'value'],
    ['  NAME = value  ', 'value'],
    ['NAME="two words" # a comment', 'two words'],
    ["NAME='$NOT expanded'", '$NOT expanded'],
    ['NAME=value # a comment', 'value'],
    ['NAME=a#b', 'a#b'],
    ['NAME=', ''],
    ['NAME=""', ''],
  ])('%s', ([line, value]) => {
    expect(readDotenv(line ?? '')).toEqual([{ name: 'NAME', value, line: 1 }])
  })

  test.for(['NAME', 'NAME: value', "NAME='open", 'NAME="a" b', '1NAME=value', 'NA-ME=value', '=value'])(
    'refused, by its line: %s',
    (line) => {
      expect(() => readDotenv(`OTHER=x\r\n${line}`)).toThrow('line 2 is no variable of a dotenv file')
    },
  )
})
