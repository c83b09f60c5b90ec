/** P01 and P08 at a server that is a Chatwoot and passes every test, and whose names of users and accounts are what it was sent. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { Secret, testIntegration } from '../../src/index.ts'
import { CRM, closeAtEnd, type Home, homeWithVault, NODE, run, succeed } from '../support/cli.ts'
import { runInTerminal } from '../support/pty.ts'
import { draft, newVault } from '../support/vault.ts'
import { Canaries } from './canary.ts'

/** How every token begins: no more than three characters of it may be left where a text was cut. */
const BEGINNING = 'S3CR'
const tokenOf = (padding: number): string => `S3CRETtok8K2mQ7vXz4Lp9RwT-${padding}`

/** The account of integrations, the number of which is how much stands before the token in every name. */
const names = (padding: number, token: string): string => `${'n'.repeat(padding)}${token}`

async function startFlatterer(): Promise<string> {
  const server = createServer((request, response) => {
    const token = String(request.headers['api-access-token'] ?? request.headers.api_access_token ?? '')
    const padding = Number(token.split('-')[1] ?? 0)
    const text = names(padding, token)
    const account = { id: 1, name: text, status: 'active', role: 'administrator' }
    const answers: Record<string, unknown> = {
      '/me': { name: text },
      '/api': { version: '4.15.1', timestamp: '2026-11-28 00:00:00', queue_services: 'ok', data_services: 'ok' },
      '/api/v1/profile': { id: 1, name: text, email: `${text}@example.com`, accounts: [account] },
      '/api/v1/accounts/1/webhooks': { payload: { webhooks: [] } },
    }
    const answer = answers[request.url ?? '']
    const head = { 'content-type': 'application/json', 'x-left': text }
    response.writeHead(answer === undefined ? 404 : 200, head).end(JSON.stringify(answer ?? {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closeAtEnd(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const terminalOf = (home: Home): Record<string, string> => ({
  ...home.env,
  HOME: home.path,
  LANG: 'C.UTF-8',
  INTEGRATION_ENCRYPTION_KEY: home.key,
})

async function homeWith(url: string, paddings: readonly number[]): Promise<Home> {
  const home = await homeWithVault()
  const answers = paddings.map((padding) => {
    const name = `n${padding}`
    return { provider: 'chatwoot', name, baseUrl: url, accountId: '1', apiKey: tokenOf(padding) }
  })
  succeed(await run(['add', '--from', '-', '--no-test'], { home, input: JSON.stringify(answers) }))
  return home
}

// A table of at most a hundred rows and a longer one are laid out in ways of their own.
test.each([60, 101])(
  'P01 P08 a token that comes back as the name of each of %i users is in no file, and no beginning of it is printed',
  async (count) => {
    const url = await startFlatterer()
    const paddings = Array.from({ length: count }, (_, index) => index)
    const home = await homeWith(url, paddings)
    const fresh = ['test', '--fresh', '--timeout', '100s']
    for (const [argv, env] of [
      [fresh, {}],
      [[...fresh, '-v', '-v'], { CI: 'true' }],
      [[...fresh, '--json', '-v', '-v'], {}],
    ] as const) {
      const { status, stdout, stderr } = await run(argv, { home, env })
      expect(status, stderr).toBe(0)
      expect(stdout, argv.join(' ')).toContain('[redacted]')
      expect(stdout + stderr, argv.join(' ')).not.toContain(BEGINNING)
    }
    const terminal = runInTerminal({ command: [NODE, CRM, ...fresh], env: terminalOf(home), columns: 100 })
    expect(await terminal.exited).toBe(0)
    expect(terminal.text()).toContain('nn[redacted')
    expect(terminal.text()).not.toContain(BEGINNING)
    expect(new Canaries().plant('the beginning', 'S3CRETto').findBelow(home.path)).toEqual([])
  },
)

test('P08 nor in the result of a single test', async () => {
  const url = await startFlatterer()
  const paddings = [0, 150, ...Array.from({ length: 7 }, (_, index) => 172 + 4 * index)]
  const home = await homeWith(url, paddings)
  for (const padding of paddings) {
    const terminal = runInTerminal({ command: [NODE, CRM, 'test', `n${padding}`, '--fresh'], env: terminalOf(home), columns: 100 })
    expect(await terminal.exited).toBe(0)
    expect(terminal.text()).toContain('[red')
    expect(terminal.text()).not.toContain(BEGINNING)
  }
})

test('P01 P08 nor where a definition cuts what the server said', async () => {
  const url = await startFlatterer()
  const home = await homeWithVault()
  const definition = {
    format: 1,
    id: 'acme-crm',
    name: 'Acme CRM',
    baseUrl: url,
    fields: [{ name: 'apiKey', label: 'API key', kind: 'secret', required: true }],
    auth: { type: 'api_key', value: '{{fields.apiKey}}', place: { in: 'header', name: 'api-access-token' } },
    test: { request: { path: '/me' }, expect: { status: [200] }, identity: { userName: '/name' }, rate: { remainingHeader: 'x-left' } },
  }
  succeed(await run(['providers', 'add', '-', '--yes'], { home, input: JSON.stringify(definition) }))
  // Where the limit passes for a check, and where that for a name does.
  const paddings = [...Array.from({ length: 30 }, (_, index) => 32 + index), ...Array.from({ length: 30 }, (_, index) => 172 + index)]
  const answers = paddings.map((padding) => ({
    provider: 'acme-crm',
    name: `n${padding}`,
    apiKey: tokenOf(padding),
    allowPrivateNetwork: true,
  }))
  succeed(await run(['add', '--from', '-', '--no-test'], { home, input: JSON.stringify(answers) }))
  for (const format of [[], ['--json'], ['-v', '-v']]) {
    const { status, stdout, stderr } = await run(['test', '--fresh', ...format], { home })
    expect(status, stderr).toBe(0)
    expect(stdout + stderr).not.toContain(BEGINNING)
    if (format.includes('--json')) expect(stdout).toContain('[redacted]…')
  }
  const canaries = new Canaries().plant('the beginning', 'S3CRETto')
  expect(canaries.findBelow(home.path)).toEqual([])
})

test('P08 nor in the results and the history of a program', async () => {
  const url = await startFlatterer()
  const { unlocked } = await newVault({ clock: Date.now })
  for (const padding of [0, 7]) {
    const values = { settings: { baseUrl: url, accountId: '1' }, secrets: { apiKey: new Secret(tokenOf(padding)) } }
    await unlocked.add([draft(`n${padding}`, { values })])
    const stored = await testIntegration({ unlocked, name: `n${padding}` })
    const given = await testIntegration({ provider: 'chatwoot', values: { baseUrl: url, accountId: '1', apiKey: tokenOf(padding) } })
    const history = await unlocked.testHistory(`n${padding}`)
    expect(stored.identity?.userName).toBe(`${'n'.repeat(padding)}[redacted]`)
    expect(given.identity?.userEmail).toBe(`${'n'.repeat(padding)}[redacted]@example.com`)
    expect(JSON.stringify([stored, given, history])).not.toContain(BEGINNING)
  }
})
