import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { CrmError } from '../../src/core/errors.ts'
import { createDemo } from '../../src/usecases/create-demo.ts'
import { readCreateDemo } from '../../src/usecases/create-demo-input.ts'
import { pagesIn } from '../../src/usecases/create-demo-pages.ts'
import { aRun, openSandbox, remains, succeed, toEnd, writesOf } from '../chatwoot/support.ts'

function problemsOf(request: unknown): string[] {
  try {
    readCreateDemo(request)
    return []
  } catch (error) {
    expect((error as CrmError).code).toBe('usage')
    return (error as CrmError).problems.map(({ field, message }) => `${field} ${message}`)
  }
}

test('name and bot URL are enough, and the slug is made of the name', () => {
  expect(readCreateDemo({ name: ' Zürich Dental! ', botUrl: 'https://bot.example/hook' })).toEqual({
    name: 'Zürich Dental!',
    botUrl: 'https://bot.example/hook',
    slug: 'zurich-dental',
    channel: 'web',
    agents: [],
    ifExists: 'reuse',
    dryRun: false,
    keepOnFailure: false,
  })
})

test('what was read may be read again', () => {
  const once = readCreateDemo({ name: 'Acme', botUrl: 'https://b.example', slug: 'ACME-1', agents: ['A@b.example', 'a@b.example'] })
  expect(once).toMatchObject({ slug: 'acme-1', agents: ['a@b.example'] })
  expect(readCreateDemo(once)).toEqual(once)
})

test('all problems are told at once', () => {
  const problems = problemsOf({
    name: '',
    slug: 'No Slug',
    channel: 'fax',
    websiteUrl: 'example.com',
    webhookUrl: 'https://example.com/hook',
    color: 'red',
    agents: ['nobody'],
    ifExists: 'maybe',
    colour: '#ffffff',
  })
  expect(problems).toEqual(
    expect.arrayContaining([
      'name must not be empty',
      'botUrl is missing',
      'slug has 1 to 64 of a-z, 0-9, dot, underscore and hyphen, and starts with a letter or digit',
      'channel must be web or api',
      'websiteUrl must be a web address such as https://example.com',
      'webhookUrl is for channel api only',
      'color must be a colour such as #1f93ff',
      'agents.0 must be an e-mail address',
      'ifExists must be reuse, fail or replace',
      'colour is not a value of a demo',
    ]),
  )
  expect(problems).toHaveLength(10)
})

test('a name of which no slug can be made asks for one', () => {
  expect(problemsOf({ name: 'مرحبا', botUrl: 'https://b.example' })).toEqual([
    'slug has to be given, since the name has no letter a-z or digit to make one of',
  ])
  expect(readCreateDemo({ name: 'مرحبا', slug: 'hello', botUrl: 'https://b.example' }).slug).toBe('hello')
})

test('the fix fits the cause', () => {
  const good = { name: 'Acme', botUrl: 'https://b.example' }
  const fixOf = (request: unknown): unknown => {
    try {
      return readCreateDemo(request)
    } catch (error) {
      return (error as CrmError).hint
    }
  }
  const example = 'crm demo-create --name "Acme Dental" --bot-url https://bot.example/hook'
  expect(fixOf({})).toBe(example)
  expect(fixOf({ name: 'مرحبا' })).toBe(example)
  expect(fixOf({ ...good, name: 'مرحبا' })).toBe('give one of your own, for example: --slug acme-dental')
  expect(fixOf({ ...good, ttl: '7d', expires: 'never' })).toBe('leave --ttl or --expires away')
  expect(fixOf({ ...good, color: 'red' })).toBe('see what each of them takes: crm demo-create --help')
})

test('values that Chatwoot would refuse, or show wrongly, are refused before', () => {
  const good = { name: 'Acme', botUrl: 'https://b.example' }
  expect(problemsOf({ ...good, name: 'x'.repeat(256) })).toEqual(['name must have at most 255 characters'])
  expect(problemsOf({ ...good, name: '🦷'.repeat(255) })).toEqual(expect.arrayContaining([expect.stringContaining('slug')]))
  expect(problemsOf({ ...good, name: 'two\nlines' })).toEqual(['name must not hold control characters'])
  expect(problemsOf({ ...good, botUrl: 'ftp://b.example' })).toEqual(['botUrl must be a web address such as https://bot.example/hook'])
  expect(problemsOf({ ...good, botUrl: `https://b.example/${'x'.repeat(2_048)}` })).toEqual(['botUrl must have at most 2048 characters'])
  expect(problemsOf({ ...good, greeting: 'x'.repeat(10_001) })).toEqual(['greeting must have at most 10000 characters'])
  const none = 'must not be the word null, which Chatwoot reads as nothing'
  expect(problemsOf({ ...good, name: ' null', greeting: 'null' })).toEqual([`name ${none}`, `greeting ${none}`])
  expect(problemsOf({ ...good, name: 'Null', greeting: 'null.' })).toEqual([])
  expect(problemsOf({ ...good, channel: 'api', color: '#112233' })).toEqual(['color is for channel web only'])
  expect(problemsOf(null)).toHaveLength(1)
  expect(problemsOf([])).not.toEqual([])
})

test('wrong values reach neither the server nor the journal', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  await expect(succeed(createDemo({ http, target, ...aRun() }, { name: 'Acme', botUrl: 'nowhere' }))).rejects.toMatchObject({
    code: 'usage',
  })
  expect(sandbox.requests).toEqual([])
})

async function aDirectory(context: { onTestFinished(end: () => Promise<void>): void }): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'crm-demo-'))
  context.onTestFinished(() => rm(directory, { recursive: true }))
  return directory
}

test('--output writes the snippet and a page that needs no other file', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const directory = join(await aDirectory(context), 'deep', 'down')
  const input = { name: 'Acme <b>"Dental"</b>', slug: 'acme', botUrl: 'https://bot.example/hook' }
  const data = await succeed(createDemo({ http, target, ...aRun(), pages: pagesIn(directory) }, input))
  expect((await readdir(directory)).sort()).toEqual(['index.html', 'snippet.html'])
  expect(await readFile(join(directory, 'snippet.html'), 'utf8')).toBe(`${data.snippet}\n`)
  const page = await readFile(join(directory, 'index.html'), 'utf8')
  expect(page).toContain(remains(sandbox).inboxes[0]?.publicToken)
  expect(page).toContain('Acme &lt;b&gt;&quot;Dental&quot;&lt;/b&gt;')
  expect(page).not.toContain('<b>')
  await succeed(createDemo({ http, target, ...aRun(), pages: pagesIn(directory) }, input))
  expect((await readdir(directory)).sort(), 'a second run replaces them').toEqual(['index.html', 'snippet.html'])
})

test('a directory that cannot be written is told before anything is made', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const file = join(await aDirectory(context), 'file')
  await writeFile(file, '')
  const run = createDemo({ http, target, ...aRun(), pages: pagesIn(file) }, { name: 'Acme', botUrl: 'https://b.example' })
  await expect(toEnd(run)).rejects.toMatchObject({ code: 'io_failed', message: expect.stringContaining(file) })
  expect(writesOf(sandbox)).toEqual([])
})

test('there is no page for an API channel', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const pages = pagesIn(await aDirectory(context))
  const run = createDemo({ http, target, ...aRun(), pages }, { name: 'Acme', botUrl: 'https://b.example', channel: 'api' })
  await expect(toEnd(run)).rejects.toMatchObject({ code: 'usage' })
  expect(sandbox.requests).toEqual([])
})
