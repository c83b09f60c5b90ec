import { expect, test } from 'vitest'
import { account, ask, openSandbox, WEB_INBOX } from './support/sandbox.ts'

test('GET /api answers JSON with the version that was asked for, the time and the services', async () => {
  const sandbox = await openSandbox({ version: '4.13.2', clock: () => Date.UTC(2026, 5, 17, 12, 34, 56, 789) })
  const answer = await ask(sandbox, 'GET', '/api')
  expect(answer.headers['content-type']).toMatch(/^application\/json/)
  expect(answer.json).toEqual({ version: '4.13.2', timestamp: '2026-06-17 12:34:56', queue_services: 'ok', data_services: 'ok' })
})

test('before 2.14 the version answer has no service states', async () => {
  const sandbox = await openSandbox({ version: '2.13.1' })
  expect(Object.keys((await ask(sandbox, 'GET', '/api')).json)).toEqual(['version', 'timestamp'])
})

test('/health is there from 4.11 on', async () => {
  expect((await ask(await openSandbox({ version: '4.11.0' }), 'GET', '/health')).json).toEqual({ status: 'woot' })
  expect((await ask(await openSandbox({ version: '4.10.1' }), 'GET', '/health')).status).toBe(404)
})

test('the dashboard is a page for browsers and 406 for clients that want JSON, since 4.0.2', async () => {
  const sandbox = await openSandbox()
  for (const path of ['/', '/app', '/app/login', '/app/accounts/1/dashboard']) {
    const page = await ask(sandbox, 'GET', path, { headers: { accept: '*/*' } })
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    expect(page.text).toContain('window.chatwootConfig')
  }
  const refused = await ask(sandbox, 'GET', '/app/login', { headers: { accept: 'application/json' } })
  expect([refused.status, refused.json]).toEqual([406, { error: 'Please use API routes instead of dashboard routes for JSON requests' }])
  const older = await ask(await openSandbox({ version: '4.0.1' }), 'GET', '/app', { headers: { accept: 'application/json' } })
  expect(older.status).toBe(200)
})

test('a write to the dashboard has no route', async () => {
  const sandbox = await openSandbox()
  expect((await ask(sandbox, 'POST', '/app/login', { body: {} })).status).toBe(404)
})

test('an unmatched path is a 404 page, or the framework 404 as JSON for Accept: application/json and for .json', async () => {
  const sandbox = await openSandbox()
  const page = await ask(sandbox, 'GET', '/api/v1/nothing')
  expect([page.status, page.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8'])
  const asJson = { status: 404, error: 'Not Found' }
  expect((await ask(sandbox, 'GET', '/api/v1/nothing', { headers: { accept: 'application/json' } })).json).toEqual(asJson)
  expect((await ask(sandbox, 'GET', '/api/v1/nothing.json')).json).toEqual(asJson)
})

test('trailing and doubled slashes and a .json suffix reach the same route', async () => {
  const sandbox = await openSandbox()
  const token = sandbox.administratorToken
  for (const path of [
    '/api/v1/accounts/1/inboxes',
    '/api/v1/accounts/1/inboxes/',
    '//api//v1/accounts/1///inboxes',
    '/api/v1/accounts/1/inboxes.json',
  ]) {
    expect((await ask(sandbox, 'GET', path, { token })).json.payload, path).toHaveLength(1)
  }
})

test('malformed JSON is a 400 in the framework shape', async () => {
  const sandbox = await openSandbox()
  const answer = await ask(sandbox, 'POST', '/api/v1/accounts/1/inboxes', { token: sandbox.administratorToken, raw: '{"name":' })
  expect([answer.status, answer.json]).toEqual([400, { status: 400, error: 'Bad Request' }])
})

test('a body without the JSON content type is read as a form, with brackets', async () => {
  const sandbox = await openSandbox()
  const answer = await ask(sandbox, 'POST', '/api/v1/accounts/1/inboxes', {
    token: sandbox.administratorToken,
    raw: 'name=Form&greeting_enabled=true&channel%5Btype%5D=api&channel[webhook_url]=https%3A%2F%2Fw.example',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  expect(answer.json).toMatchObject({
    name: 'Form',
    greeting_enabled: true,
    channel_type: 'Channel::Api',
    webhook_url: 'https://w.example',
  })
})

test('a refused validation is 422 with a message and the attributes', async () => {
  const sandbox = await openSandbox()
  const answer = await account(sandbox).post('/inboxes', { ...WEB_INBOX, name: ' ', timezone: 'Mars/Base' })
  expect(answer.status).toBe(422)
  expect(answer.json).toEqual({ message: "Name can't be blank, Timezone is not included in the list", attributes: ['name', 'timezone'] })
})

test('a refused message and a missing wrapper are 422 with one error text', async () => {
  const sandbox = await openSandbox()
  const answer = await account(sandbox).post('/webhooks', {})
  expect([answer.status, answer.json]).toEqual([422, { error: 'param is missing or the value is empty: webhook' }])
})

test('an unhandled error is 500 in the framework shape', async () => {
  const sandbox = await openSandbox()
  const answer = await account(sandbox).post('/inboxes', { name: 'No channel' })
  expect([answer.status, answer.json]).toEqual([500, { status: 500, error: 'Internal Server Error' }])
})

test('over the limit the answer is plain text without Retry-After, until the next full minute', async () => {
  let now = Date.UTC(2026, 0, 1, 0, 0, 59)
  const sandbox = await openSandbox({ rateLimit: 2, clock: () => now })
  const statuses = []
  for (let index = 0; index < 3; index++) statuses.push((await ask(sandbox, 'GET', '/api')).status)
  expect(statuses).toEqual([200, 200, 429])
  const refused = await ask(sandbox, 'GET', '/api/v1/profile', { token: sandbox.administratorToken })
  expect([refused.status, refused.text, refused.headers['content-type']]).toEqual([429, 'Retry later\n', 'text/plain'])
  expect(refused.headers['retry-after']).toBeUndefined()
  expect((await ask(sandbox, 'GET', '/health')).status).toBe(200)
  now += 1_000
  expect((await ask(sandbox, 'GET', '/api')).status).toBe(200)
})

test('without a limit loopback is exempt, as on a real server', async () => {
  const sandbox = await openSandbox()
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(sandbox, 'GET', '/api')))
  expect(answers.every((answer) => answer.status === 200)).toBe(true)
})

test.each([301, 308] as const)('with https forced, reads are redirected with 301 and writes with %i', async (forceSsl) => {
  const sandbox = await openSandbox({ forceSsl })
  const host = new URL(sandbox.url).host
  const read = await ask(sandbox, 'GET', '/api/v1/profile?x=1', { token: sandbox.administratorToken })
  expect([read.status, read.headers.location, read.text]).toEqual([301, `https://${host}/api/v1/profile?x=1`, ''])
  const write = await ask(sandbox, 'POST', '/api/v1/accounts/1/agent_bots', { token: sandbox.administratorToken, body: {} })
  expect([write.status, write.headers.location]).toEqual([forceSsl, `https://${host}/api/v1/accounts/1/agent_bots`])
  const behindProxy = await ask(sandbox, 'GET', '/api', { headers: { 'x-forwarded-proto': 'https' } })
  expect(behindProxy.status).toBe(200)
})

test('every answer carries a request id and says sandbox', async () => {
  const sandbox = await openSandbox()
  const answers = await Promise.all(['/api', '/nothing', '/api/v1/profile', '/app'].map((path) => ask(sandbox, 'GET', path)))
  for (const { headers } of answers) {
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    expect(headers.server).toBe('crm sandbox')
  }
  expect(new Set(answers.map(({ headers }) => headers['x-request-id'])).size).toBe(4)
  expect(sandbox.accounts.every(({ name }) => name.includes('Sandbox'))).toBe(true)
})

test('HEAD answers like GET, without a body', async () => {
  const sandbox = await openSandbox()
  const answer = await ask(sandbox, 'HEAD', '/api')
  expect([answer.status, answer.text]).toEqual([200, ''])
})

test('empty successes have no body and no content type', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  const bot = (await admin.post('/agent_bots', {})).json
  const answer = await admin.delete(`/agent_bots/${bot.id}`)
  expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([200, '', undefined])
})
