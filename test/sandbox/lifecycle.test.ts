import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { expect, test } from 'vitest'
import { createHttp } from '../../src/http/http.ts'
import { type SandboxLogEntry, startSandbox } from '../../src/sandbox/index.ts'
import { demo, Visitor } from './support/customer.ts'
import { openReceiver } from './support/receiver.ts'
import { account, ask, openSandbox, until, WEB_INBOX } from './support/sandbox.ts'

test('an inbox, a bot and their link are made, read back and removed', async () => {
  const sandbox = await openSandbox({ deletionDelayMs: 5 })
  const admin = account(sandbox)
  const inbox = (await admin.post('/inboxes', WEB_INBOX)).json
  const bot = (await admin.post('/agent_bots', { name: 'Helper', outgoing_url: 'https://b.example' })).json
  await admin.post(`/inboxes/${inbox.id}/set_agent_bot`, { agent_bot: bot.id })
  expect((await admin.get(`/inboxes/${inbox.id}/agent_bot`)).json.agent_bot).toMatchObject({ id: bot.id })
  await admin.delete(`/inboxes/${inbox.id}`)
  await admin.delete(`/agent_bots/${bot.id}`)
  await until(async () => (await admin.get(`/inboxes/${inbox.id}`)).status === 404, 'the inbox is gone')
  expect((await admin.get('/agent_bots')).json).toHaveLength(1)
})

test('it listens on loopback alone', async () => {
  const sandbox = await openSandbox()
  expect(sandbox.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  const others = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).filter(({ internal, family }) => !internal && family === 'IPv4'),
  )
  for (const { address } of others) {
    const outcome = await new Promise((resolve) => {
      const socket = connect(Number(new URL(sandbox.url).port), address)
      socket.on('connect', () => resolve('connected'))
      socket.on('error', () => resolve('refused'))
    })
    expect(outcome, address).toBe('refused')
  }
})

test('tokens are new at every start, 24 characters of base58', async () => {
  const [one, two] = [await openSandbox(), await openSandbox()]
  const tokens = [one, two].flatMap(({ administratorToken, agentToken, fixtures }) => [
    administratorToken,
    agentToken,
    fixtures.platformToken,
    fixtures.systemBot.accessToken,
  ])
  expect(new Set(tokens).size).toBe(8)
  for (const token of tokens) expect(token).toMatch(/^[1-9A-HJ-NP-Za-km-z]{24}$/)
})

test('every active account starts with one foreign inbox', async () => {
  const sandbox = await openSandbox()
  expect(sandbox.accounts.map(({ id, name }) => [id, name])).toEqual([
    [1, 'Sandbox One'],
    [2, 'Sandbox Two'],
  ])
  for (const { id } of sandbox.accounts) {
    expect((await account(sandbox, sandbox.administratorToken, id).get('/inboxes')).json.payload).toHaveLength(1)
  }
})

test('the log of requests tells writes from reads, and names no query', async () => {
  const entries: SandboxLogEntry[] = []
  const sandbox = await openSandbox({ clock: () => 42, log: (entry) => entries.push(entry) })
  await ask(sandbox, 'GET', '/api/?token=secret')
  await account(sandbox).post('/inboxes', {})
  expect(sandbox.requests).toEqual([
    { method: 'GET', path: '/api', status: 200, at: 42, write: false, round: 1, fault: null },
    { method: 'POST', path: '/api/v1/accounts/1/inboxes', status: 500, at: 42, write: true, round: 2, fault: null },
  ])
  expect(entries).toEqual([
    { method: 'GET', path: '/api', status: 200, fault: null },
    { method: 'POST', path: '/api/v1/accounts/1/inboxes', status: 500, fault: null },
  ])
  sandbox.forgetRequests()
  expect(sandbox.requests).toEqual([])
})

test('with a latency every answer waits, side by side, and rounds count the critical path', async () => {
  // Long beside what 40 connections take on a busy machine: whoever comes after the first answer is of another round.
  const latencyMs = 1_000
  const sandbox = await openSandbox({ latencyMs })
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: 40 }, () => ask(sandbox, 'GET', '/api')))
  const oneRound = performance.now() - startedAt
  expect(oneRound).toBeGreaterThan(latencyMs - 5)
  // One after the other they would take 40 times as long.
  expect(oneRound).toBeLessThan(40 * latencyMs)
  await Promise.all([account(sandbox).post('/agent_bots', {}), account(sandbox).post('/inboxes', WEB_INBOX)])
  await ask(sandbox, 'GET', '/api')
  expect(sandbox.requests.map(({ round }) => round)).toEqual([...Array.from({ length: 40 }, () => 1), 2, 2, 3])
})

test('closing is prompt with open connections, waiting answers, pending deletions and deliveries under way', async () => {
  const http = createHttp({ clock: Date.now })
  const receiver = await openReceiver()
  receiver.answer = () => undefined
  const sandbox = await startSandbox({
    http: http.request,
    clock: Date.now,
    deletionDelayMs: 60_000,
    faults: ['GET /health:hang', 'GET /app:slow=1m'],
  })
  const { admin, inbox } = await demo(sandbox, receiver.url)
  await (await Visitor.enter(sandbox, inbox.website_token)).say('hello')
  await admin.delete(`/inboxes/${inbox.id}`)
  await http.request({ method: 'GET', url: new URL(`${sandbox.url}/api`), origin: sandbox.url })
  const broken = Promise.allSettled([ask(sandbox, 'GET', '/health'), ask(sandbox, 'GET', '/app')])
  await until(() => receiver.received.length === 1 && sandbox.requests.some(({ path }) => path === '/app'), 'everything is under way')
  const startedAt = performance.now()
  await sandbox.close()
  await sandbox.close()
  expect(performance.now() - startedAt).toBeLessThan(1_000)
  expect((await broken).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await expect(ask(sandbox, 'GET', '/api')).rejects.toThrow('ECONNREFUSED')
  await http.close()
})

test('a port that is taken is a conflict, a version that is none is usage', async () => {
  const sandbox = await openSandbox()
  const start = (options: object) => startSandbox({ http: unused, clock: Date.now, ...options })
  await expect(start({ port: Number(new URL(sandbox.url).port) })).rejects.toMatchObject({ code: 'conflict' })
  for (const version of ['four', '1.22.0', '4', '']) await expect(start({ version }), version).rejects.toMatchObject({ code: 'usage' })
  for (const options of [{ latencyMs: -1 }, { rateLimit: 1.5 }, { faults: ['nonsense'] }]) {
    await expect(start(options)).rejects.toMatchObject({ code: 'usage' })
  }
})

/** A sandbox without receivers asks for nothing. */
async function unused(): Promise<never> {
  throw new Error('the sandbox opened a connection')
}

test('it opens no connection of its own', async () => {
  const sandbox = await openSandbox({ http: unused })
  const { inbox } = await demo(sandbox, '')
  await (await Visitor.enter(sandbox, inbox.website_token)).say('hello')
  expect(sandbox.state.deliveries).toEqual([])
})

test('the text of a fork stays in the version that is shown', async () => {
  const sandbox = await openSandbox({ version: '4.15.1-fork.2' })
  expect((await ask(sandbox, 'GET', '/api')).json.version).toBe('4.15.1-fork.2')
  expect((await account(sandbox).post('/agent_bots', {})).json).toHaveProperty('secret')
})

test('500 requests over kept connections, 32 at a time, all arrive', async () => {
  const sandbox = await openSandbox()
  const http = createHttp({ clock: Date.now })
  const url = new URL(`${sandbox.url}/api`)
  const answers = await Promise.all(Array.from({ length: 500 }, () => http.request({ method: 'GET', url, origin: url.origin })))
  expect(answers.every(({ status }) => status === 200)).toBe(true)
  expect(sandbox.requests).toHaveLength(500)
  await http.close()
})
