import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CrmError } from '../../src/core/errors.ts'
import { type FaultEffect, parseFault } from '../../src/sandbox/index.ts'
import { account, ask, openSandbox, until, WEB_INBOX } from './support/sandbox.ts'

test.each<[string, FaultEffect, boolean, number, number]>([
  ['POST /inboxes:500', { kind: 'status', status: 500 }, false, 1, Number.POSITIVE_INFINITY],
  ['GET /api/v1/profile:429', { kind: 'status', status: 429 }, false, 1, Number.POSITIVE_INFINITY],
  ['POST /inboxes:500#2', { kind: 'status', status: 500 }, false, 2, 2],
  ['POST /inboxes:503#1-3', { kind: 'status', status: 503 }, false, 1, 3],
  ['POST /inboxes:503#2+', { kind: 'status', status: 503 }, false, 2, Number.POSITIVE_INFINITY],
  ['POST /agent_bots:hang', { kind: 'hang' }, false, 1, Number.POSITIVE_INFINITY],
  ['POST /agent_bots:hang-after#1', { kind: 'hang' }, true, 1, 1],
  ['* /**:reset', { kind: 'reset' }, false, 1, Number.POSITIVE_INFINITY],
  ['DELETE /inboxes/*:reset-after', { kind: 'reset' }, true, 1, Number.POSITIVE_INFINITY],
  ['POST /inboxes:500-after', { kind: 'status', status: 500 }, true, 1, Number.POSITIVE_INFINITY],
  ['GET /api:html', { kind: 'html' }, false, 1, Number.POSITIVE_INFINITY],
  ['GET /api:slow=200ms', { kind: 'slow', delayMs: 200 }, false, 1, Number.POSITIVE_INFINITY],
])('%s is read', (text, effect, afterEffect, from, to) => {
  expect(parseFault(text)).toMatchObject({ text, effect, afterEffect, from, to })
})

test.each([
  '',
  'POST /inboxes',
  'POST /inboxes:',
  'POST inboxes:500',
  '/inboxes:500',
  'FETCH /inboxes:500',
  'POST /inboxes:200',
  'POST /inboxes:600',
  'POST /inboxes:boom',
  'POST /inboxes:slow',
  'POST /inboxes:slow=fast',
  'POST /inboxes:slow=1s-after',
  'POST /inboxes:500#0',
  'POST /inboxes:500#3-2',
  'POST /inboxes:500#x',
])('"%s" is refused as usage, naming the forms', (text) => {
  expect(() => parseFault(text)).toThrow(expect.objectContaining({ code: 'usage', message: expect.stringContaining('not a fault') }))
})

test('any text is either a fault or a usage error', () => {
  const words = fc.constantFrom(
    'POST',
    'GET',
    '*',
    ' ',
    '/',
    '/inboxes',
    '/**',
    ':',
    '500',
    'hang',
    '-after',
    'slow=',
    '1ms',
    '#',
    '2',
    '-',
    '+',
    'é',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(words, { maxLength: 8 }).map((parts) => parts.join('')),
      ),
      (text) => {
        try {
          expect(parseFault(text).text).toBe(text)
        } catch (error) {
          expect(error).toBeInstanceOf(CrmError)
          expect(error).toMatchObject({ code: 'usage' })
        }
      },
    ),
    { numRuns: 2_000 },
  )
})

test('a fault hits the end of the path, whole segments, of its method', async () => {
  const sandbox = await openSandbox({ faults: ['POST /inboxes:503'] })
  const admin = account(sandbox)
  expect((await admin.post('/inboxes', WEB_INBOX)).status).toBe(503)
  expect((await admin.get('/inboxes')).status).toBe(200)
  expect((await admin.post('/inboxes/1/set_agent_bot', {})).status).toBe(200)
  expect((await admin.post('//inboxes/', WEB_INBOX)).status).toBe(503)
  expect(sandbox.state.inboxes.size).toBe(2)
})

test.each([
  ['POST /inboxes/*/set_agent_bot', true],
  ['POST /*/set_agent_bot', true],
  ['POST /accounts/**', true],
  ['* /**', true],
  ['POST /inboxes/*', false],
  ['POST /boxes/1/set_agent_bot', false],
  ['POST /inboxes/2/set_agent_bot', false],
])('%s hits POST .../inboxes/1/set_agent_bot: %s', async (pattern, hit) => {
  const sandbox = await openSandbox({ faults: [`${pattern}:503`] })
  expect((await account(sandbox).post('/inboxes/1/set_agent_bot', {})).status).toBe(hit ? 503 : 200)
})

test('only the requests that were named are hit, and they are counted', async () => {
  const sandbox = await openSandbox()
  const fault = sandbox.faults.add('GET /api:500#2-3')
  const statuses = []
  for (let index = 0; index < 5; index++) statuses.push((await ask(sandbox, 'GET', '/api')).status)
  expect(statuses).toEqual([200, 500, 500, 200, 200])
  expect(fault.matched).toBe(5)
})

test('faults can be taken away one by one and all at once', async () => {
  const sandbox = await openSandbox({ faults: ['GET /health:500'] })
  const fault = sandbox.faults.add('GET /api:500')
  expect(sandbox.faults.list().map(({ text }) => text)).toEqual(['GET /health:500', 'GET /api:500'])
  fault.remove()
  expect((await ask(sandbox, 'GET', '/api')).status).toBe(200)
  expect((await ask(sandbox, 'GET', '/health')).status).toBe(500)
  sandbox.faults.clear()
  expect((await ask(sandbox, 'GET', '/health')).status).toBe(200)
})

test.each([
  [401, '{"error":"Invalid Access Token"}'],
  [403, '{"error":"API access is not enabled for this account"}'],
  [404, '{"error":"Resource could not be found"}'],
  [429, 'Retry later\n'],
  [500, '{"status":500,"error":"Internal Server Error"}'],
])('status %i is answered in the shape of the contract', async (status, body) => {
  const sandbox = await openSandbox({ faults: [`GET /api:${status}`] })
  const answer = await ask(sandbox, 'GET', '/api')
  expect([answer.status, answer.text]).toEqual([status, body])
})

test('502 and html are pages, as of a proxy and of another web server', async () => {
  const sandbox = await openSandbox({ faults: ['GET /api:502', 'GET /health:html'] })
  const [bad, page] = [await ask(sandbox, 'GET', '/api'), await ask(sandbox, 'GET', '/health')]
  expect([bad.status, bad.headers['content-type']]).toEqual([502, 'text/html; charset=utf-8'])
  expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
})

test('reset breaks the connection before the effect, reset-after behind it', async () => {
  const sandbox = await openSandbox({ faults: ['POST /inboxes:reset#1', 'POST /inboxes:reset-after#2'] })
  const admin = account(sandbox)
  await expect(admin.post('/inboxes', WEB_INBOX)).rejects.toThrow(/hang up|ECONNRESET/)
  expect(sandbox.state.inboxes.size).toBe(2)
  await expect(admin.post('/inboxes', WEB_INBOX)).rejects.toThrow(/hang up|ECONNRESET/)
  expect(sandbox.state.inboxes.size).toBe(3)
  expect(sandbox.requests.map(({ status }) => status)).toEqual([null, null])
})

test('500-after answers an error although the effect stands', async () => {
  const sandbox = await openSandbox({ faults: ['POST /inboxes:500-after'] })
  expect((await account(sandbox).post('/inboxes', WEB_INBOX)).status).toBe(500)
  expect(sandbox.state.inboxes.size).toBe(3)
})

test.each([
  ['hang', 2],
  ['hang-after', 3],
])('%s never answers, and leaves %i inboxes', async (effect, inboxes) => {
  const sandbox = await openSandbox({ faults: [`POST /inboxes:${effect}`] })
  const outcome = account(sandbox)
    .post('/inboxes', WEB_INBOX)
    .then(
      () => 'answered',
      () => 'broken',
    )
  await until(() => sandbox.requests.length === 1, 'the request has arrived')
  await account(sandbox).get('/inboxes')
  expect(sandbox.state.inboxes.size).toBe(inboxes)
  expect(sandbox.requests[0]).toMatchObject({ status: null, fault: `POST /inboxes:${effect}` })
  await sandbox.close()
  expect(await outcome).toBe('broken')
})

test('slow only waits', async () => {
  const sandbox = await openSandbox({ faults: ['GET /api:slow=60ms'] })
  const startedAt = performance.now()
  expect((await ask(sandbox, 'GET', '/api')).status).toBe(200)
  expect(performance.now() - startedAt).toBeGreaterThan(55)
})
