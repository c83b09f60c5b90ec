import { describe, expect, test } from 'vitest'
import { ANSWER_SCHEMAS } from '../../src/core/answer-schemas.ts'
import { emptyHome, run } from '../support/cli.ts'
import { allCommands } from './all-commands.ts'

const commands = await allCommands()
const home = emptyHome()
const COLUMNS = 80

test('the program has the commands of the design', () => {
  const words = commands.map((command) => command.words.join(' '))
  const promised =
    'init, add, list, show, test, edit, toggle, remove, stats, providers, profile list, profile create, profile use, profile rename, profile remove, which, key generate, key list, key add, key remove, demo-create, demo-list, demo-show, demo-remove, demo-apply, demo-destroy, demo-sweep, demo-extend, demo-export, vault verify, vault path, audit, audit verify, audit head, sandbox, tour, help'
  expect(words).toEqual(expect.arrayContaining(promised.split(', ')))
})

test('the aliases are the two that are promised', () => {
  expect(commands.flatMap(({ words, aliases }) => aliases.map((alias) => `${alias} = ${words.join(' ')}`))).toEqual([
    'ls = list',
    'rm = remove',
  ])
})

describe.concurrent.each(commands.map((command) => [command.words.join(' '), command] as const))('crm %s --help', (name, command) => {
  test('prints at most 80 columns with its examples, ends with 0, and is what crm help prints, too', async () => {
    const [long, help] = await Promise.all([run([...command.words, '--help'], { home }), run(['help', ...command.words], { home })])
    expect(help).toEqual(long)
    expect(long).toMatchObject({ status: 0, stderr: '' })
    expect(long.stdout.split('\n').filter((line) => line.length > COLUMNS)).toEqual([])
    expect(long.stdout).not.toMatch(/ $/m)
    expect(long.stdout).toMatch(/^Usage: crm .*^Examples:$.*^Exit statuses: 0 done/ms)
    const shown = long.stdout.replaceAll(/ \\\n +/g, ' ')
    for (const { line } of command.examples) expect(shown).toContain(`  ${line}`)
  })

  test('has examples of just this command', () => {
    expect(command.examples.length).toBeGreaterThan(0)
    for (const { line } of command.examples) expect(` ${line} `).toContain(` ${name} `)
  })
})

test('crm --help names every command and every global flag within 80 columns', async () => {
  const { status, stdout, stderr } = await run(['--help'], { home })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout.split('\n').filter((line) => line.length > COLUMNS)).toEqual([])
  for (const { words } of commands) if (words.length === 1) expect(stdout).toMatch(new RegExp(`^  ${words[0]} `, 'm'))
  for (const flag of '--profile, --vault, --json, --fields, --quiet, --verbose, --no-input, --no-color, --yes, --timeout'.split(', '))
    expect(stdout).toContain(flag)
})

test.each(['exit-codes', 'environment', 'ci', 'demo-file', 'hand-over'])('crm help %s fits into 80 columns', async (topic) => {
  const { status, stdout, stderr } = await run(['help', topic], { home })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout.split('\n').filter((line) => line.length > COLUMNS)).toEqual([])
})

test('help is the same in colour terminals, wide terminals and CI', async () => {
  const plain = await run(['test', '--help'], { home })
  for (const env of [{ FORCE_COLOR: '1' }, { COLUMNS: '200' }, { COLUMNS: '20' }, { CI: '1' }, { LANG: 'de_DE.UTF-8' }])
    expect(await run(['test', '--help'], { home, env })).toEqual(plain)
})

test('crm help json holds the JSON Schema of every answer', async () => {
  const { status, stdout } = await run(['help', 'json'], { home })
  expect(status).toBe(0)
  const schemas = JSON.parse(stdout.slice(stdout.indexOf('\n{\n')))
  expect(Object.keys(schemas)).toEqual(Object.keys(ANSWER_SCHEMAS))
  const prose = stdout.slice(0, stdout.indexOf('\n{\n'))
  expect(prose.split('\n').filter((line) => line.length > COLUMNS)).toEqual([])
})

test('crm help of something that is no topic names those that are', async () => {
  const { status, stderr } = await run(['help', 'everything'], { home })
  expect(status).toBe(2)
  for (const topic of ['exit-codes', 'environment', 'json', 'ci']) expect(stderr).toContain(topic)
})

test('-h is --help', async () => {
  expect(await run(['list', '-h'], { home })).toEqual(await run(['list', '--help'], { home }))
})

test('help needs no vault and makes none', async () => {
  const untouched = emptyHome()
  await run(['add', '--help'], { home: untouched })
  const { stdout } = await run(['list', '--json'], { home: untouched })
  expect(JSON.parse(stdout).warnings).toMatchObject([{ code: 'no_vault' }])
})
