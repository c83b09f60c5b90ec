import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { chatwootVariables, emptyHome, type Home, homeWithChatwoot, openSandbox, run, succeed } from '../support/cli.ts'
import { documentOf, failureOf, type Json } from './document.ts'

const FILE = `defaults: { botUrl: "https://bot.example.com/{{slug}}" }
templates: { dental: { name: "{{company}} Dental", greeting: "Welcome to {{company}}!" } }
demos:
  - name: Acme
  - { template: dental, each: [{ company: Alpha }, { company: Beta }] }
`

function write(home: Home, text = FILE, name = 'demos.yaml'): void {
  writeFileSync(join(home.path, name), text)
}

/** A sandbox and a home of their own, since tests look at what is on the server. */
async function place(): Promise<{ readonly sandbox: Sandbox; readonly home: Home }> {
  const sandbox = await openSandbox()
  const home = await homeWithChatwoot(sandbox)
  write(home)
  return { sandbox, home }
}

const apply = (...flags: readonly string[]) => ['demo-apply', 'demos.yaml', ...flags, '--json']

describe.concurrent('crm demo-apply', () => {
  test('plans, applies, and changes nothing the second time; --detailed-exitcode tells what is pending', async () => {
    const { home } = await place()
    expect((await run(apply('-n', '--detailed-exitcode'), { home })).status).toBe(11)
    const planned = documentOf('demo-apply', await run(apply('-n'), { home }))
    expect(planned.data).toMatchObject({ dryRun: true, changed: true, summary: { create: 3 } })
    const made = documentOf('demo-apply', await run(apply(), { home }))
    expect(made.data).toMatchObject({ changed: true, summary: { create: 3, failed: 0 } })
    const again = await run(apply('-n', '--detailed-exitcode'), { home })
    expect(again.status).toBe(0)
    expect(documentOf('demo-apply', again).data).toMatchObject({ changed: false, summary: { keep: 3 } })
    const list = documentOf('demo-list', await run(['demo-list', '--json'], { home }))
    expect(list.data.demos.map(({ slug, status }: Json) => [slug, status])).toEqual([
      ['acme', 'ready'],
      ['alpha-dental', 'ready'],
      ['beta-dental', 'ready'],
    ])
  })

  test('--prune needs the typed name, --yes is not enough, and removes what the file does not name', async () => {
    const { home, sandbox } = await place()
    succeed(await run(apply(), { home }))
    write(home, FILE.replace('  - name: Acme\n', ''))
    expect(documentOf('demo-apply', await run(apply(), { home })).data.summary).toMatchObject({ keep: 2, delete: 0 })
    for (const flags of [['--prune'], ['--prune', '--yes'], ['--prune', '--confirm', 'other']])
      failureOf('demo-apply', 'usage', await run(apply(...flags), { home }))
    const pruned = documentOf('demo-apply', await run(apply('--prune', '--confirm', 'default'), { home }))
    expect(pruned.data).toMatchObject({ changed: true, summary: { keep: 2, delete: 1 } })
    sandbox.finishDeletions()
    expect(sandbox.state.bots.filter(({ accountId }) => accountId === sandbox.accounts[0]?.id).length).toBe(2)
    expect(documentOf('demo-apply', await run(apply('--prune'), { home })).data.changed).toBe(false)
  })

  test('some fail: the others are made, the failed ones are named, and only they are done by the next run', async () => {
    const { home, sandbox } = await place()
    const fault = sandbox.faults.add('POST /inboxes:500#1')
    const { error, data } = failureOf('demo-apply', 'provider_error', await run(apply('--concurrency', '1'), { home }))
    expect(error.message).toBe('1 of 3 demos failed')
    expect(data).toMatchObject({ summary: { create: 2, failed: 1 } })
    fault.remove()
    expect(documentOf('demo-apply', await run(apply(), { home })).data.summary).toMatchObject({ create: 1, keep: 2 })
  })

  test('a file with mistakes is told whole, with lines, before anything is asked or sent', async () => {
    const { home, sandbox } = await place()
    write(home, 'demos:\n  - name: Acme\n  - { name: Beta, botUrl: nonsense, color: red }\n')
    sandbox.forgetRequests()
    const { stderr, status } = await run(['demo-apply', 'demos.yaml'], { home })
    expect(status).toBe(2)
    expect(stderr).toContain('demos.yaml is not a file of demos: 3 values are not valid')
    expect(stderr).toContain('line 2, demos[0].botUrl  is missing')
    expect(sandbox.requests).toEqual([])
    failureOf('demo-apply', 'usage', await run(['demo-apply', 'nowhere.yaml', '--json'], { home }))
    failureOf('demo-apply', 'usage', await run([...apply(), '--concurrency', '0'], { home }))
  })

  test('reads standard input, JSON and tables; one line for each demo on standard error', async () => {
    const { home } = await place()
    const json = JSON.stringify({ demos: [{ name: 'One', botUrl: 'https://bot.example/1' }] })
    expect(documentOf('demo-apply', await run(['demo-apply', '-', '--json'], { home, input: json })).data.summary.create).toBe(1)
    write(home, 'name,botUrl\nTwo,https://bot.example/2\nThree,https://bot.example/3\n', 'demos.csv')
    const { stderr, stdout } = succeed(await run(['demo-apply', 'demos.csv'], { home, env: { CI: 'true' } }))
    expect(stderr).toMatch(/^\[1\/2\] (?:two|three) created$/m)
    expect(stderr).toMatch(/^\[2\/2\] (?:two|three) created$/m)
    expect(stdout).toContain('Demos: 2 created, 0 updated, 0 kept, 0 removed')
    const input = readFileSync(join(home.path, 'demos.csv'), 'utf8')
    expect(documentOf('demo-apply', await run(['demo-apply', '-', '--json'], { home, input })).data.summary.keep).toBe(2)
    const planned = documentOf('demo-destroy', await run(['demo-destroy', '-f', '-', '-n', '--json'], { home, input }))
    expect(planned.data.demos.map(({ slug }: Json) => slug)).toEqual(['two', 'three'])
  })

  test('without a vault: variables are enough, marks tell what is there and what is surplus', async () => {
    const sandbox = await openSandbox()
    const env = chatwootVariables(sandbox)
    const first = emptyHome()
    write(first)
    succeed(await run(apply(), { home: first, env }))
    const second = emptyHome()
    write(second, FILE.replace('  - name: Acme\n', ''))
    expect(documentOf('demo-apply', await run(apply(), { home: second, env })).data.changed).toBe(false)
    const pruned = documentOf('demo-apply', await run(apply('--prune', '--confirm', 'default'), { home: second, env }))
    expect(pruned.data.summary).toMatchObject({ keep: 2, delete: 1 })
  })

  test('two at once: each demo is made once, and the one that is late says that another run holds it', async () => {
    const { home, sandbox } = await place()
    sandbox.faults.add('POST /inboxes:slow=300ms')
    const both = await Promise.all([run(apply(), { home }), run(apply(), { home })])
    for (const result of both.filter(({ status }) => status !== 0)) failureOf('demo-apply', 'conflict', result)
    sandbox.faults.clear()
    expect(documentOf('demo-apply', await run(apply(), { home })).data.changed).toBe(false)
    expect(sandbox.state.bots.filter(({ accountId }) => accountId === sandbox.accounts[0]?.id).length).toBe(3)
  })
})

test.each([
  ['demo-create', ['--name', 'Acme', '--bot-url', 'https://bot.example.com/hook']],
  ['demo-export', []],
  ['export', ['--all', '--plaintext', '--yes']],
  ['providers export', ['close']],
] as const)('crm %s --output takes no empty name, such as that of a variable that is not set', async (command, words) => {
  const { error } = failureOf(command, 'usage', await run([...command.split(' '), ...words, '--output', '', '--json']))
  expect(error.message).toBe('--output is empty')
})

test('crm demo-export --output replaces a file only for those who say so, and asks nothing of the server before', async () => {
  const { home, sandbox } = await place()
  sandbox.forgetRequests()
  const write = (...flags: string[]) => run(['demo-export', '--output', ...flags, '--json'], { home })
  expect(failureOf('demo-export', 'usage', await write('demos.yaml')).error).toMatchObject({ reason: 'Replace demos.yaml?' })
  failureOf('demo-export', 'usage', await write('.', '--yes'))
  expect(sandbox.requests).toEqual([])
  expect(readFileSync(join(home.path, 'demos.yaml'), 'utf8')).toBe(FILE)
  for (const flags of [['demos.yaml', '--yes'], ['new.yaml']]) {
    expect(documentOf('demo-export', await write(...flags)).data.path).toBe(flags[0])
    expect(readFileSync(join(home.path, String(flags[0])), 'utf8')).toContain('demos: []')
  }
  expect(documentOf('demo-export', await write('-')).data.path).toBe(null)
})

describe('crm demo-destroy', () => {
  let home: Home
  beforeAll(async () => {
    ;({ home } = await place())
    succeed(await run(apply(), { home }))
  })

  test('shows, asks for the name, removes; what is gone already is fine', async () => {
    const destroy = (...flags: readonly string[]) => run(['demo-destroy', '-f', 'demos.yaml', ...flags, '--json'], { home })
    expect(documentOf('demo-destroy', await destroy('-n')).data.demos.map(({ outcome }: Json) => outcome)).toEqual([
      'planned',
      'planned',
      'planned',
    ])
    failureOf('demo-destroy', 'usage', await destroy('--yes'))
    failureOf('demo-destroy', 'usage', await run(['demo-destroy', '--json'], { home }))
    expect(documentOf('demo-destroy', await destroy('--confirm', 'default')).data).toMatchObject({ changed: true })
    const again = documentOf('demo-destroy', await destroy('--confirm', 'default'))
    expect(again.data.changed).toBe(false)
    expect(again.data.demos.map(({ outcome }: Json) => outcome)).toEqual(['gone', 'gone', 'gone'])
  })
})
