/** P10: whatever a server says, and however, none of it reaches the terminal as anything but text. */
import { createServer, request as forward, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { startRaw } from '../http/raw-server.ts'
import { CRM, closeAtEnd, type Home, homeWithVault, NODE, openSandbox, run, succeed } from '../support/cli.ts'
import { runInTerminal } from '../support/pty.ts'

/** Everything that a terminal or a CI system would obey. */
const HOSTILE = [
  '\u001b[2J\u001b[31mred\u001b]0;title\u0007',
  '\u009b2J\u0085',
  '\r\nerror: fake',
  '\u202eesrever\u2066\u200b\ufeff\u2028\u{e0041}',
  '\n::set-output name=x::y\n::add-mask::1',
  '\n##vso[task.setvariable variable=x]y',
  '\n##[command]x',
  '\u007f\u0000\b\b\b',
  '\tcell',
].join(' ')

/** Between the columns of a table that a program reads. */
const withoutTabs = (text: string): string => text.replaceAll('\t', '')

/** What may stand in no output: all controls but the newlines of our own lines, and all that turns or hides text. */
const FORBIDDEN =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}\ud800-\udfff]/u

/** Texts that a server sends and people read. */
const SAID = new Set([
  'name',
  'available_name',
  'display_name',
  'email',
  'version',
  'title',
  'welcome_title',
  'welcome_tagline',
  'greeting_message',
  'error',
  'message',
  'role',
  'provider',
  'channel_type',
  'timestamp',
])

/** A JSON value with the hostile text behind every text that is read by people. */
function poisoned(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => poisoned(item, key))
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, poisoned(member, name)]))
  // Roles and kinds of channel decide what is done; they stay as they are, so that something is done.
  return typeof value === 'string' && SAID.has(key) && !['role', 'channel_type', 'provider'].includes(key) ? value + HOSTILE : value
}

/** A Chatwoot that poisons all it says: it passes requests on to a sandbox, and changes the answers. */
async function startPoisoner(sandbox: Sandbox): Promise<string> {
  const server = createServer(async (incoming, outgoing) => {
    const { url, method, headers } = incoming
    const answer = await new Promise<IncomingMessage>((resolve) => {
      const passed = forward(`${sandbox.url}${url}`, { method, headers }, resolve)
      incoming.pipe(passed)
    })
    const text = await textOf(answer)
    const body = /json/.test(answer.headers['content-type'] ?? '') && text !== '' ? JSON.stringify(poisoned(JSON.parse(text))) : text
    outgoing.writeHead(answer.statusCode ?? 500, { 'content-type': answer.headers['content-type'] ?? 'text/plain' }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closeAtEnd(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function textOf(stream: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}

const DEMO = ['demo-create', '--name', 'Acme', '--bot-url', 'https://bot.example.com/hook']

const COMMANDS: readonly (readonly string[])[] = [
  ['test', '--fresh'],
  [...DEMO],
  ['demo-show', 'acme'],
  [...DEMO, '--dry-run', '--greeting', 'other'],
  ['demo-list'],
  ['list'],
  ['show', 'chatwoot'],
  ['stats'],
  ['audit'],
  ['edit', 'chatwoot', '--account-id', '2'],
  ['edit', 'chatwoot', '--account-id', '77'],
  ['demo-remove', 'acme', '--yes'],
]

describe('P10 of a server that poisons all its answers, nothing reaches the terminal as a control code', () => {
  let sandbox: Sandbox
  let url: string

  beforeAll(async () => {
    sandbox = await openSandbox({ deletionDelayMs: 20 })
    url = await startPoisoner(sandbox)
  })

  async function poisonedHome(): Promise<Home> {
    const home = await homeWithVault()
    const argv = ['add', 'chatwoot', '--base-url', url, '--account-id', '1', '--api-key-stdin']
    succeed(await run(argv, { home, input: `${sandbox.administratorToken}\n` }))
    return home
  }

  test.each([[[]], [['--json']], [['-v', '-v']], [['--json', '-v', '-v']]])('in a pipe, with %j', async (format) => {
    const home = await poisonedHome()
    for (const argv of COMMANDS) {
      const { stdout, stderr, status } = await run([...argv, ...format], { home, env: { CI: 'true', GITHUB_ACTIONS: 'true' } })
      const where = `${argv.join(' ')}: ${JSON.stringify(stdout + stderr)}`
      expect(status, where).not.toBe(1)
      expect(withoutTabs(stdout + stderr), where).not.toMatch(FORBIDDEN)
      expect(stdout + stderr, where).not.toContain('\tcell')
      for (const line of (stdout + stderr).split('\n')) expect(line, where).not.toMatch(/^\s*::|##\[|##vso\[|^error: fake/)
    }
  })

  test('on a terminal', async () => {
    const home = await poisonedHome()
    let seen = ''
    for (const argv of COMMANDS) {
      const terminal = runInTerminal({ command: [NODE, CRM, ...argv], env: { ...home.env, NO_COLOR: '1' }, cwd: home.path, columns: 300 })
      expect(await terminal.exited, terminal.text()).not.toBe(1)
      // What is left once our own cursor movements and line ends are taken away.
      expect(withoutTabs(terminal.text()), argv.join(' ')).not.toMatch(FORBIDDEN)
      expect(terminal.raw()).not.toMatch(/\u001b\[31m|\u001b\]|\u001b\[2J/)
      expect(terminal.text()).not.toMatch(/^error: fake/m)
      seen += terminal.text()
    }
    expect(seen, 'it was shown, as visible text').toContain('\\x1b[31mred')
  })
})

describe('P10 a server that', () => {
  test.each<[string, (send: (text: string) => void) => void]>([
    ['never ends its headers', (send) => send('HTTP/1.1 200 OK\r\n')],
    ['sends headers without end', (send) => send(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}`)],
    [
      'announces a body without end',
      (send) => send(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n${'[1,'.repeat(3_000_000)}`),
    ],
    ['speaks another language', (send) => send('SSH-2.0-OpenSSH_9.9\r\n')],
    [
      'sends compressed data unasked',
      (send) => send('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}'),
    ],
  ])('%s is given up on in time, with a cause', async (_what, answer) => {
    const raw = await startRaw((socket) => answer((text) => void socket.write(text)))
    closeAtEnd(() => raw.close())
    const home = await homeWithVault()
    const argv = ['add', 'chatwoot', '--base-url', raw.origin, '--account-id', '1', '--api-key-stdin', '--timeout', '2s', '--json']
    const { status, stdout } = await run(argv, { home, input: 'token' })
    expect([8, 9], stdout).toContain(status)
    expect(JSON.parse(stdout).error.code).toMatch(/^(?:unreachable|provider_error)$/)
  })
})
