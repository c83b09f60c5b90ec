import { expect, test } from 'vitest'
import { account, ask, openSandbox, WEB_INBOX } from './support/sandbox.ts'

const DEFAULTS = [
  'conversation_status_changed',
  'conversation_updated',
  'conversation_created',
  'contact_created',
  'contact_updated',
  'message_created',
  'message_updated',
  'webwidget_triggered',
]

test('webhooks are nested in payload, and their default is the list of eight events', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  const made = await admin.post('/webhooks', { webhook: { url: 'https://w.example/1' } })
  expect(made.status).toBe(200)
  const webhook = made.json.payload.webhook
  expect(webhook).toEqual({
    id: 1,
    name: null,
    url: 'https://w.example/1',
    account_id: 1,
    subscriptions: DEFAULTS,
    secret: expect.stringMatching(/^\w{24}$/),
  })
  expect((await admin.get('/webhooks')).json).toEqual({ payload: { webhooks: [webhook] } })
})

test('webhooks are for administrators only, reading included', async () => {
  const sandbox = await openSandbox()
  const agent = account(sandbox, sandbox.agentToken)
  const calls = [agent.get('/webhooks'), agent.post('/webhooks', {}), agent.patch('/webhooks/999', {}), agent.delete('/webhooks/999')]
  for (const answer of await Promise.all(calls)) {
    expect([answer.status, answer.json]).toEqual([401, { error: 'You are not authorized to do this action' }])
  }
})

test('parameters may be nested or, in JSON, flat; a flat form is a missing wrapper', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  expect((await admin.post('/webhooks', { url: 'https://w.example/1', name: 'Flat' })).json.payload.webhook.name).toBe('Flat')
  expect((await admin.post('/webhooks', { webhook: { url: 'https://w.example/2', name: 'Nested' } })).json.payload.webhook.name).toBe(
    'Nested',
  )
  const form = (raw: string) =>
    ask(sandbox, 'POST', '/api/v1/accounts/1/webhooks', {
      token: sandbox.administratorToken,
      raw,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
  expect(
    (await form('webhook[url]=https://w.example/3&webhook[subscriptions][]=message_created')).json.payload.webhook.subscriptions,
  ).toEqual(['message_created'])
  const flat = await form('url=https://w.example/4')
  expect([flat.status, flat.json]).toEqual([422, { error: 'param is missing or the value is empty: webhook' }])
})

test.each([
  ['not a URL', { url: 'nothing' }, 'Url is invalid', 'url'],
  ['no known event', { subscriptions: ['moon_rise'] }, 'Subscriptions Invalid events', 'subscriptions'],
  ['no event at all', { subscriptions: [] }, 'Subscriptions Invalid events', 'subscriptions'],
])('422 for %s', async (_what, change, message, attribute) => {
  const sandbox = await openSandbox()
  const answer = await account(sandbox).post('/webhooks', { url: 'https://w.example', ...change })
  expect([answer.status, answer.json]).toEqual([422, { message, attributes: [attribute] }])
})

test('an address is unique in its account, and free in the other', async () => {
  const sandbox = await openSandbox()
  const body = { url: 'https://w.example' }
  expect((await account(sandbox).post('/webhooks', body)).status).toBe(200)
  expect((await account(sandbox).post('/webhooks', body)).json).toEqual({ message: 'Url has already been taken', attributes: ['url'] })
  expect((await account(sandbox, sandbox.administratorToken, 2).post('/webhooks', body)).status).toBe(200)
})

test('a URL somewhere in the text is enough, up to the length of the release', async () => {
  const sandbox = await openSandbox()
  expect((await account(sandbox).post('/webhooks', { url: 'see https://w.example/x for more' })).status).toBe(200)
  const long = { url: `https://w.example/${'x'.repeat(300)}` }
  expect((await account(sandbox).post('/webhooks', long)).status).toBe(200)
  expect((await account(await openSandbox({ version: '4.9.0' })).post('/webhooks', long)).status).toBe(422)
})

test('there is no route that shows one webhook', async () => {
  const sandbox = await openSandbox()
  await account(sandbox).post('/webhooks', { url: 'https://w.example' })
  const answer = await ask(sandbox, 'GET', '/api/v1/accounts/1/webhooks/1', {
    token: sandbox.administratorToken,
    headers: { accept: 'application/json' },
  })
  expect([answer.status, answer.json]).toEqual([404, { status: 404, error: 'Not Found' }])
})

test('a webhook is changed and deleted, the delete empty', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  const { webhook } = (await admin.post('/webhooks', { url: 'https://w.example' })).json.payload
  const changed = (await admin.patch(`/webhooks/${webhook.id}`, { subscriptions: ['message_created'] })).json.payload.webhook
  expect(changed).toEqual({ ...webhook, subscriptions: ['message_created'] })
  const deleted = await admin.delete(`/webhooks/${webhook.id}`)
  expect([deleted.status, deleted.text]).toEqual([200, ''])
  expect((await admin.delete(`/webhooks/${webhook.id}`)).json).toEqual({ error: 'Resource could not be found' })
})

test('inbox_id is echoed with the name of the inbox', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  const inbox = (await admin.post('/inboxes', WEB_INBOX)).json
  const { webhook } = (await admin.post('/webhooks', { url: 'https://w.example', inbox_id: inbox.id })).json.payload
  expect(webhook.inbox).toEqual({ id: inbox.id, name: 'Website' })
})

test('name since 4.8, secret since 4.11.2', async () => {
  const keys = async (version: string) => {
    return Object.keys((await account(await openSandbox({ version })).post('/webhooks', { url: 'https://w.example' })).json.payload.webhook)
  }
  expect(await keys('4.7.0')).toEqual(['id', 'url', 'account_id', 'subscriptions'])
  expect(await keys('4.11.1')).toEqual(['id', 'name', 'url', 'account_id', 'subscriptions'])
  expect(await keys('4.12.0')).toEqual(['id', 'name', 'url', 'account_id', 'subscriptions', 'secret'])
})
