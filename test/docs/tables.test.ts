import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { EXIT_STATUS, SIGNAL_STATUS } from '../../src/core/errors.ts'
import { providers } from '../../src/providers/index.ts'
import { run } from '../support/cli.ts'
import { readSources } from '../support/sources.ts'
import { readDocument, sectionOf, tableIn } from './document.ts'

const readme = readDocument('README.md')
const guide = readDocument('docs/guide.md')
const documents = [readme, guide, readDocument('CHANGELOG.md')]

/** The rows of two columns that a help text has: a term, two blanks or more, and what it is. */
function rowsOf(text: string, term: RegExp): [string, string][] {
  return text.split('\n').flatMap((line): [string, string][] => {
    const [, name = '', what = ''] = /^ {1,6}(\S+(?: \S+)*?) {2,}(\S.*)$/.exec(line) ?? []
    return term.test(name) ? [[name, what]] : []
  })
}

async function help(...words: string[]): Promise<string> {
  const { status, stdout } = await run(words)
  expect(status).toBe(0)
  return stdout
}

/** The commands of the program with their summaries; those that only hold others give way to them. */
async function commandsOfProgram(): Promise<[string, string][]> {
  const own = rowsOf((await help('--help')).split('Flags of every command')[0] ?? '', /^[a-z][a-z-]*$/)
  const all = await Promise.all(own.map(([name = '', what = '']) => withInner([name], what)))
  return all.flat()
}

async function withInner(words: readonly string[], what: string): Promise<[string, string][]> {
  const text = await help(...words, '--help')
  const section = /\nCommands:\n([\s\S]*?)\n\n/.exec(text)?.[1] ?? ''
  const inner = await Promise.all(
    rowsOf(section, /^[a-z]/).map(([term = '', about = '']) => withInner([...words, term.split(' ')[0] ?? ''], about)),
  )
  const isGroup = /^Usage: crm [a-z -]+ \[flags\] <command>$/m.test(text) && words[0] !== 'audit'
  return [...(isGroup ? [] : [[`crm ${words.join(' ')}`, what] as [string, string]]), ...inner.flat()]
}

test('the table of commands is that of the program', async () => {
  expect(tableIn(sectionOf(readme, 'Commands'))).toEqual(await commandsOfProgram())
})

test('the table of exit statuses is that of the program, and its words are those of crm help exit-codes', async () => {
  const rows = tableIn(sectionOf(readme, 'Exit statuses')).map(([status, code, when]) => [Number(status), code, when])
  const codes = rows.filter(([, code]) => code !== '' && code !== 'cancelled').map(([status, code]) => [code, status])
  expect(Object.fromEntries(codes)).toEqual(Object.fromEntries(Object.entries(EXIT_STATUS).filter(([code]) => code !== 'cancelled')))
  expect(rows.filter(([, code]) => code === 'cancelled').map(([status]) => status)).toEqual(
    expect.arrayContaining(Object.values(SIGNAL_STATUS)),
  )
  const lines = (await help('help', 'exit-codes')).split('\n')
  const told = lines.flatMap((line) => {
    const match = /^ +(\d+) {2}([a-z_]*) +(\S.*)$/.exec(line)
    return match === null ? [] : [[Number(match[1]), match[2], match[3]]]
  })
  expect(rows).toEqual(told)
})

test('the tables of variables are those of crm help environment', async () => {
  const [own = '', fields = ''] = (await help('help', 'environment')).split('Fields of integrations')
  const { text } = sectionOf(readme, 'Environment variables')
  const second = text.indexOf('The fields of integrations')
  const section = (part: string) => ({ title: '', level: 2, anchor: '', text: part })
  expect(tableIn(section(text.slice(0, second)))).toEqual(rowsOf(own, /^[A-Z][A-Z0-9_]+$/))
  expect(tableIn(section(text.slice(second)))).toEqual(rowsOf(fields, /^[A-Z][A-Z0-9_]+$/))
})

test('crm help environment names every variable that the program reads', async () => {
  const text = await help('help', 'environment')
  const named = new Set(text.match(/\b[A-Z][A-Z0-9_]{1,}\b/g))
  const read = readSources('src').flatMap(({ path, text: source }) =>
    [...source.matchAll(/\b(?:env|facts|variables)\.([A-Z][A-Z0-9_]+)\b|\bbase\('([A-Z_]+)', \[[^\]]*\], '([A-Z]+)'\)/g)]
      .flatMap(([, ...names]) => names.filter((name) => name !== undefined))
      .map((name) => `${name} in ${path}`),
  )
  expect(read.length).toBeGreaterThan(20)
  expect(read.filter((entry) => !named.has(entry.split(' ')[0] ?? ''))).toEqual([])
  for (const { env } of providers.flatMap(({ fields }) => fields)) expect(named).toContain(env)
})

test('the guide has a section for every error code, in the order of the table, with its exit status', () => {
  const sections = guide.sections.filter(({ level, title }) => level === 4 && /^`[a-z_]+`$/.test(title))
  expect(sections.map(({ title }) => title.replaceAll('`', ''))).toEqual(Object.keys(EXIT_STATUS))
  for (const { title, text } of sections) {
    const status = EXIT_STATUS[title.replaceAll('`', '') as keyof typeof EXIT_STATUS]
    expect(text.trimStart()).toMatch(new RegExp(`^Exit ${status}\\b`))
  }
})

test('every error that names a code in the guide names one that exists', () => {
  const cells = ['What the test of a Chatwoot says', 'What the network says'].flatMap((title) => tableIn(sectionOf(guide, title)))
  for (const [, code = ''] of cells) expect(Object.keys(EXIT_STATUS)).toContain(code)
})

test.each(documents.map((document) => [document.path, document] as const))('the links of %s lead somewhere', (path, { links }) => {
  const broken = links.filter((link) => {
    if (/^https:\/\/[^\s]+$/.test(link)) return false
    const [file = '', anchor] = link.split('#')
    const target = file === '' ? path : new URL(file, `file:///${path}`).pathname.slice(1)
    if (!existsSync(fileURLToPath(new URL(`../../${target}`, import.meta.url)))) return true
    return anchor !== undefined && !readDocument(target).sections.some((section) => section.anchor === anchor)
  })
  expect(links.length).toBeGreaterThan(0)
  expect(broken).toEqual([])
})

test('every promise of the README has tests that bear its number', () => {
  const { text } = sectionOf(readme, 'Security')
  const promised = new Set(text.match(/\bP\d\d\b/g))
  expect([...promised].sort()).toEqual(['P01', 'P02', 'P03', 'P04', 'P05', 'P06', 'P07', 'P08', 'P09', 'P10', 'P11', 'P12'])
  const titles = readSources('test')
    .filter(({ path }) => !path.startsWith('test/docs/'))
    .map((source) => source.text)
    .join('\n')
  expect([...promised].filter((promise) => !new RegExp(`['"\`]${promise} `).test(titles))).toEqual([])
})

test('the documents speak of the release that package.json names', async () => {
  const version = (await help('--version')).trim()
  for (const { path, text } of documents) {
    const named = new Set(text.match(/(?<=crm-vault-|Version )\d+\.\d+\.\d+/g))
    expect([path, [...named].filter((other) => other !== version)]).toEqual([path, []])
  }
  expect(documents[2]?.sections.map(({ title }) => title)).toContain(`${version} - unreleased`)
})
