import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newDirectory } from '../support/cli.ts'
import { Canaries } from './canary.ts'

// The search itself: a search that finds nothing proves nothing until it has found something.

const SECRET = 'pa"ss\\wörd/+ 1%'
const canaries = new Canaries().plant('it', SECRET)

test.each<[string, string | Buffer]>([
  ['raw', SECRET],
  ['UTF-16', Buffer.from(SECRET, 'utf16le')],
  ['UTF-16', Buffer.from(SECRET, 'utf16le').swap16()],
  ['base64', Buffer.from(SECRET).toString('base64')],
  ['base64', Buffer.from(`user:${SECRET}`).toString('base64')],
  ['base64', Buffer.from(`u:${SECRET}:tail`).toString('base64')],
  ['base64url', Buffer.from(`${SECRET}\u{ff}>`).toString('base64url')],
  ['hex', Buffer.from(SECRET).toString('hex')],
  ['hex', Buffer.from(SECRET).toString('hex').toUpperCase()],
  ['percent-escaped', encodeURIComponent(SECRET)],
  ['percent-escaped', new URLSearchParams({ key: SECRET }).toString().replaceAll('+', '%20')],
  ['JSON-escaped', JSON.stringify({ password: SECRET })],
])('the search finds a secret as %s', (form, text) => {
  const around = Buffer.concat([Buffer.from('before '), Buffer.from(text), Buffer.from(' after')])
  expect(canaries.findIn(around)).toContain(`it as ${form}`)
  expect(canaries.findIn(around, ['it'])).toEqual([])
})

test('the search looks into every file and at every name, but for the inputs of a test', () => {
  const directory = newDirectory()
  writeFileSync(join(directory, 'a.db-wal'), `xxx${SECRET}`)
  writeFileSync(join(directory, 'input'), SECRET)
  const simple = new Canaries().plant('name', 'file-name-canary')
  writeFileSync(join(directory, 'file-name-canary'), '')
  expect(canaries.findBelow(directory, ['input']).join()).toContain('a.db-wal')
  expect(canaries.findBelow(directory, ['input']).join()).not.toContain('/input')
  expect(simple.findBelow(directory).join()).toContain('in the name of')
  expect(new Canaries().plant('other', 'something else').findIn(SECRET)).toEqual([])
})
