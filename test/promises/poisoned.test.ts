/** P10: whatever a server says, and however, none of it reaches the terminal as anything but text. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { CRM, type Home, homeWithVault, NODE, openSandbox, run, succeed } from '../support/cli.ts'
import { runInTerminal } from '../support/pty.ts'
import { FORBIDDEN, HOSTILE, startBetween, withoutTabs } from './hostile.ts'

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

/** A Chatwoot that poisons all it says. */
const startPoisoner = (sandbox: Sandbox): Promise<string> =>
  startBetween(sandbox, { change: (body) => JSON.stringify(poisoned(JSON.parse(body))) })

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
