import { expect, test } from 'vitest'
import { demo, Visitor } from './support/customer.ts'
import { openReceiver, type Received, signatureOf } from './support/receiver.ts'
import { API_INBOX, account, ask, type Json, openSandbox, until } from './support/sandbox.ts'

const ALL_EVENTS = [
  'conversation_status_changed',
  'conversation_updated',
  'conversation_created',
  'contact_created',
  'contact_updated',
  'message_created',
  'message_updated',
  'webwidget_triggered',
  'inbox_created',
  'inbox_updated',
  'conversation_typing_on',
  'conversation_typing_off',
]

const header = (received: Received | undefined, name: string) => received?.headers[`x-chatwoot-${name}`]

test('a customer writes, the bot is called with a signed event, and what it answers with its own token shows up for the customer', async () => {
  const sandbox = await openSandbox()
  const receiver = await openReceiver()
  const { inbox, bot } = await demo(sandbox, receiver.url)
  receiver.answer = ({ body }, response) => {
    response.writeHead(200).end('{"ignored":true}')
    if (body.event !== 'message_created' || body.message_type !== 'incoming') return
    const path = `/api/v1/accounts/${body.account.id}/conversations/${body.conversation.id}/messages`
    ask(sandbox, 'POST', path, { token: bot.access_token, body: { content: `You said: ${body.content}`, message_type: 'outgoing' } })
  }
  const visitor = await Visitor.enter(sandbox, inbox.website_token)
  await visitor.say('hello')
  const answer = await visitor.sees((message) => message.message_type === 1, 'the answer of the bot')
  expect(answer).toMatchObject({ content: 'You said: hello', sender: { id: bot.id, name: 'Helper', type: 'agent_bot' } })
  expect(await visitor.status()).toBe('pending')
})

test('a delivery is a POST of JSON, and its signature covers the time stamp and the exact body', async () => {
  const sandbox = await openSandbox({ clock: () => 1_781_697_600_123 })
  const receiver = await openReceiver()
  const { inbox, bot } = await demo(sandbox, receiver.url)
  await (await Visitor.enter(sandbox, inbox.website_token)).say('ä "quoted" \u2028')
  await sandbox.deliveriesDone()
  const [delivery] = receiver.received
  expect(delivery).toMatchObject({
    method: 'POST',
    path: '/hook',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
  })
  expect(header(delivery, 'timestamp')).toBe('1781697600')
  expect(header(delivery, 'delivery')).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/)
  expect(header(delivery, 'signature')).toBe(signatureOf(bot.secret, delivery as Received))
})

test.each([
  ['4.11.1', { bot: [], webhook: [], inbox: [] }],
  ['4.12.0', { bot: [], webhook: ['delivery', 'timestamp', 'signature'], inbox: ['delivery'] }],
  [
    '4.13.0',
    {
      bot: ['delivery', 'timestamp', 'signature'],
      webhook: ['delivery', 'timestamp', 'signature'],
      inbox: ['delivery', 'timestamp', 'signature'],
    },
  ],
])('headers by receiver on %s', async (version, expected) => {
  const sandbox = await openSandbox({ version })
  const [bot, webhook, api] = [await openReceiver(), await openReceiver(), await openReceiver()]
  const channel = { type: 'api', webhook_url: api.url }
  const { admin, inbox } = await demo(sandbox, bot.url, { channel })
  await admin.post('/webhooks', { url: webhook.url })
  const base = `/public/api/v1/inboxes/${inbox.inbox_identifier}`
  await ask(sandbox, 'POST', `${base}/contacts`, { body: { source_id: 's' } })
  const { id } = (await ask(sandbox, 'POST', `${base}/contacts/s/conversations`, { body: {} })).json
  await ask(sandbox, 'POST', `${base}/contacts/s/conversations/${id}/messages`, { body: { content: 'x' } })
  await sandbox.deliveriesDone()
  const names = (received: readonly Received[]) =>
    ['delivery', 'timestamp', 'signature'].filter((name) => header(received.at(-1), name) !== undefined)
  expect({ bot: names(bot.received), webhook: names(webhook.received), inbox: names(api.received) }).toEqual(expected)
})

test('each attempt has a new time stamp and signature, all have the same delivery id', async () => {
  let now = 1_781_697_600_000
  const sandbox = await openSandbox({
    clock: () => {
      now += 1_000
      return now
    },
  })
  const receiver = await openReceiver()
  receiver.answer = (_received, response) => response.writeHead(receiver.received.length < 3 ? 500 : 200).end()
  const { inbox, bot } = await demo(sandbox, receiver.url)
  await (await Visitor.enter(sandbox, inbox.website_token)).say('hello')
  await sandbox.deliveriesDone()
  const { received } = receiver
  expect(received).toHaveLength(3)
  expect(new Set(received.map((one) => header(one, 'delivery'))).size).toBe(1)
  expect(new Set(received.map((one) => header(one, 'timestamp'))).size).toBe(3)
  for (const one of received) expect(header(one, 'signature')).toBe(signatureOf(bot.secret, one))
  expect(sandbox.state.deliveries).toMatchObject([{ state: 'delivered', attempts: [{ status: 500 }, { status: 500 }, { status: 200 }] }])
})

test('bots hear of all messages, their own and private ones included, and of status changes, but never of conversation_created', async () => {
  const sandbox = await openSandbox()
  const receiver = await openReceiver()
  const { admin, inbox, bot } = await demo(sandbox, receiver.url)
  const visitor = await Visitor.enter(sandbox, inbox.website_token)
  await visitor.call('POST', '/events', { name: 'webwidget.triggered', event_info: { initiated_at: 'now' } })
  const { conversation_id: id } = await visitor.say('hello')
  const path = `/conversations/${id}`
  await ask(sandbox, 'POST', `/api/v1/accounts/1${path}/messages`, { token: bot.access_token, body: { content: 'own' } })
  await admin.post(`${path}/messages`, { content: 'note', private: true })
  await admin.post(`${path}/messages`, { content: 'human' })
  await admin.post(`${path}/toggle_status`, { status: 'resolved' })
  await admin.post(`${path}/toggle_status`, { status: 'open' })
  await sandbox.deliveriesDone()
  const messages = receiver.received
    .filter(({ body }) => body.event === 'message_created')
    .map(({ body }) => [body.content, body.private, body.sender.type])
  expect(messages).toEqual([
    ['hello', false, undefined],
    ['own', false, 'agent_bot'],
    ['note', true, 'user'],
    ['human', false, 'user'],
  ])
  const others = receiver.events().filter((event) => event !== 'message_created')
  expect(others.sort()).toEqual([
    'conversation_opened',
    'conversation_resolved',
    'conversation_status_changed',
    'conversation_status_changed',
    'conversation_updated',
    'conversation_updated',
    'webwidget_triggered',
  ])
})

test('before 4.13 bots hear of no status changes but opened and resolved', async () => {
  const sandbox = await openSandbox({ version: '4.12.0' })
  const receiver = await openReceiver()
  const { admin, inbox } = await demo(sandbox, receiver.url)
  const { conversation_id: id } = await (await Visitor.enter(sandbox, inbox.website_token)).say('hello')
  await admin.post(`/conversations/${id}/toggle_status`, { status: 'resolved' })
  await sandbox.deliveriesDone()
  expect(receiver.events()).toEqual(['message_created', 'conversation_resolved'])
})

test('account webhooks hear what they subscribed to, of every inbox, whatever their inbox_id', async () => {
  const sandbox = await openSandbox()
  const [all, some] = [await openReceiver(), await openReceiver()]
  const { admin, inbox, bot } = await demo(sandbox, '')
  await admin.post('/webhooks', { url: all.url, subscriptions: ALL_EVENTS, inbox_id: sandbox.fixtures.foreignInboxes[0]?.id })
  await admin.post('/webhooks', { url: some.url, subscriptions: ['conversation_created'] })
  const visitor = await Visitor.enter(sandbox, inbox.website_token)
  const { conversation_id: id } = await visitor.say('hello')
  await visitor.call('POST', '/conversations/toggle_typing', { typing_status: 'on' })
  await ask(sandbox, 'POST', `/api/v1/accounts/1/conversations/${id}/toggle_status`, { token: bot.access_token, body: { status: 'open' } })
  await sandbox.deliveriesDone()
  expect(some.events()).toEqual(['conversation_created'])
  expect(all.events().sort()).toEqual([
    'contact_created',
    'conversation_created',
    'conversation_status_changed',
    'conversation_typing_on',
    'conversation_updated',
    'message_created',
  ])
  const changed = all.received.find(({ body }) => body.event === 'conversation_status_changed')
  expect(changed?.body.changed_attributes).toEqual([{ status: { previous_value: 'pending', current_value: 'open' } }])
  expect(changed?.body.id).toBe(id)
})

test('in the payload types differ by place: names and ISO times at the top, numbers and Unix seconds inside, display ids throughout', async () => {
  const sandbox = await openSandbox({ clock: () => Date.UTC(2026, 5, 17, 12, 0, 0) })
  const receiver = await openReceiver()
  const { inbox } = await demo(sandbox, receiver.url)
  const other = await Visitor.enter(sandbox, sandbox.fixtures.foreignInboxes[1]?.publicToken ?? '')
  await other.say('a conversation of another account, which counts on its own')
  const visitor = await Visitor.enter(sandbox, inbox.website_token)
  await visitor.say('hello')
  await sandbox.deliveriesDone()
  const payload: Json = receiver.received[0]?.body
  expect(payload).toMatchObject({
    event: 'message_created',
    content: 'hello',
    content_type: 'text',
    message_type: 'incoming',
    private: false,
    created_at: '2026-06-17T12:00:00.000Z',
    account: { id: 1, name: 'Sandbox One' },
    inbox: { id: inbox.id, name: 'Website' },
    sender: { name: expect.any(String), email: null, blocked: false },
  })
  expect(payload.sender).not.toHaveProperty('type')
  expect(payload.conversation).toMatchObject({
    id: 1,
    status: 'pending',
    channel: 'Channel::WebWidget',
    created_at: 1_781_697_600,
    timestamp: 1_781_697_600,
    contact_inbox: { source_id: expect.any(String), pubsub_token: expect.any(String) },
    messages: [{ message_type: 0, created_at: 1_781_697_600, conversation_id: 1, sender: { type: 'contact' } }],
    meta: { sender: { type: 'contact' }, assignee: null, team: null },
    account: { id: 1 },
  })
})

test.each([429, 500])(
  '%i is tried three times for a bot, and then a pending conversation is opened with an activity message',
  async (status) => {
    const sandbox = await openSandbox({ retryDelayMs: 1 })
    const receiver = await openReceiver()
    receiver.answer = (_received, response) => response.writeHead(status).end()
    const { admin, inbox } = await demo(sandbox, receiver.url)
    const visitor = await Visitor.enter(sandbox, inbox.website_token)
    const { conversation_id: id } = await visitor.say('hello')
    expect(await visitor.status()).toBe('pending')
    await sandbox.deliveriesDone()
    expect(receiver.events().filter((event) => event === 'message_created')).toHaveLength(3)
    expect(await visitor.status()).toBe('open')
    const messages = (await admin.get(`/conversations/${id}/messages`)).json.payload
    expect(messages.map((message: Json) => message.message_type)).toEqual([0, 2])
    expect(await visitor.messages()).toHaveLength(1)
  },
)

test.each([400, 404, 502, 503])('%i is tried once', async (status) => {
  const sandbox = await openSandbox()
  const receiver = await openReceiver()
  receiver.answer = (_received, response) => response.writeHead(status).end()
  const { inbox } = await demo(sandbox, receiver.url)
  await (await Visitor.enter(sandbox, inbox.website_token)).say('hello')
  await sandbox.deliveriesDone()
  expect(receiver.events().filter((event) => event === 'message_created')).toHaveLength(1)
})

test('a bot that does not answer in time is given up on after one try', async () => {
  const sandbox = await openSandbox({ deliveryTimeoutMs: 30 })
  const receiver = await openReceiver()
  receiver.answer = () => undefined
  const { inbox } = await demo(sandbox, receiver.url)
  const visitor = await Visitor.enter(sandbox, inbox.website_token)
  await visitor.say('hello')
  await sandbox.deliveriesDone()
  const [first] = sandbox.state.deliveries
  expect(first).toMatchObject({ event: 'message_created', state: 'failed', attempts: [{ status: null }] })
  expect(await visitor.status()).toBe('open')
})

test('before 4.11.2 a refused delivery is tried once, and before 4.7 the conversation stays pending', async () => {
  for (const [version, status] of [
    ['4.11.1', 'open'],
    ['4.6.0', 'pending'],
  ] as const) {
    const sandbox = await openSandbox({ version })
    const receiver = await openReceiver()
    receiver.answer = (_received, response) => response.writeHead(500).end()
    const { inbox } = await demo(sandbox, receiver.url)
    const visitor = await Visitor.enter(sandbox, inbox.website_token)
    await visitor.say('hello')
    await sandbox.deliveriesDone()
    expect(receiver.events().filter((event) => event === 'message_created')).toHaveLength(1)
    expect(await visitor.status(), version).toBe(status)
  }
})

test('an address that is no URL, or that nobody listens on, is saved, and fails at delivery', async () => {
  for (const url of ['not a url', 'http://127.0.0.1:1/hook']) {
    const sandbox = await openSandbox()
    const { inbox } = await demo(sandbox, url)
    const visitor = await Visitor.enter(sandbox, inbox.website_token)
    await visitor.say('hello')
    await sandbox.deliveriesDone()
    expect(sandbox.state.deliveries[0], url).toMatchObject({ state: 'failed', attempts: [{ status: null, error: expect.any(String) }] })
    expect(await visitor.status()).toBe('open')
  }
})

test.each([
  ['4.13.0', false, 'pending'],
  ['4.14.0', true, 'open'],
  ['4.14.0', false, 'open'],
  ['4.14.1', false, 'open'],
  ['4.14.1', true, 'pending'],
  ['4.15.1', true, 'pending'],
])('on %s with private addresses allowed: %s, a bot on loopback leaves the conversation %s', async (version, allowPrivateBots, status) => {
  const sandbox = await openSandbox({ version, allowPrivateBots })
  const receiver = await openReceiver()
  const { inbox } = await demo(sandbox, receiver.url)
  const visitor = await Visitor.enter(sandbox, inbox.website_token)
  await visitor.say('hello')
  await sandbox.deliveriesDone()
  expect(await visitor.status()).toBe(status)
  expect(receiver.received.length > 0).toBe(status === 'pending')
})

test('in the duplicate mode every delivery arrives twice, and neighbours in the wrong order', async () => {
  const sandbox = await openSandbox({ duplicateDelivery: true })
  const receiver = await openReceiver()
  const { admin, inbox } = await demo(sandbox, receiver.url)
  const { conversation_id: id } = await (await Visitor.enter(sandbox, inbox.website_token)).say('hello')
  await sandbox.deliveriesDone()
  await admin.post(`/conversations/${id}/toggle_status`, { status: 'resolved' })
  await sandbox.deliveriesDone()
  const backwards = ['conversation_updated', 'conversation_status_changed', 'conversation_resolved']
  expect(receiver.events()).toEqual(['message_created', 'message_created', ...backwards, ...backwards])
  expect(new Set(receiver.received.map((one) => header(one, 'delivery'))).size).toBe(4)
})

test('fifty deliveries under way at once draw no warning of a leak, and end with the sandbox', async () => {
  const warnings: Error[] = []
  const keep = (warning: Error) => warnings.push(warning)
  process.on('warning', keep)
  const sandbox = await openSandbox()
  const receiver = await openReceiver()
  receiver.answer = () => undefined
  const { inbox } = await demo(sandbox, receiver.url)
  const visitor = await Visitor.enter(sandbox, inbox.website_token)
  for (let index = 0; index < 50; index++) await visitor.say(`m${index}`)
  await until(() => receiver.received.length >= 32, 'as many as the client has connections')
  await sandbox.close()
  process.off('warning', keep)
  expect(warnings).toEqual([])
})

test('redirects of a delivery are followed with another POST since 4.14, and are failures before', async () => {
  for (const [version, state] of [
    ['4.13.0', 'failed'],
    ['4.15.1', 'delivered'],
  ] as const) {
    const sandbox = await openSandbox({ version })
    const receiver = await openReceiver()
    receiver.answer = ({ path }, response) => {
      if (path === '/hook') response.writeHead(302, { location: '/moved' }).end()
      else response.writeHead(200).end()
    }
    const { inbox } = await demo(sandbox, receiver.url)
    await (await Visitor.enter(sandbox, inbox.website_token)).say('hello')
    await sandbox.deliveriesDone()
    expect(sandbox.state.deliveries[0]?.state, version).toBe(state)
    if (state === 'delivered')
      expect(receiver.received.map(({ path, method }) => `${method} ${path}`)).toEqual(['POST /hook', 'POST /moved'])
  }
})

test('a message that an API inbox could not pass on is marked failed, with the reason', async () => {
  const sandbox = await openSandbox()
  const receiver = await openReceiver()
  receiver.answer = (_received, response) => response.writeHead(503).end()
  const admin = account(sandbox)
  const inbox = (await admin.post('/inboxes', { ...API_INBOX, channel: { type: 'api', webhook_url: receiver.url } })).json
  const base = `/public/api/v1/inboxes/${inbox.inbox_identifier}/contacts`
  await ask(sandbox, 'POST', base, { body: { source_id: 's' } })
  const { id } = (await ask(sandbox, 'POST', `${base}/s/conversations`, { body: {} })).json
  const { id: messageId } = (await admin.post(`/conversations/${id}/messages`, { content: 'to the customer' })).json
  await until(() => sandbox.state.messages.get(messageId)?.status === 'failed', 'the message is marked')
  await sandbox.deliveriesDone()
  expect(sandbox.state.messages.get(messageId)?.contentAttributes.external_error).toMatch(/503/)
  expect(receiver.events()).toEqual(['conversation_created', 'message_created', 'message_updated'])
})

test('on a Cloud plan without the API account webhooks hear nothing', async () => {
  const sandbox = await openSandbox({ cloudWithoutApi: true })
  const receiver = await openReceiver()
  sandbox.state.webhooks.insert((id) => ({ id, accountId: 1, secret: 's', columns: { url: receiver.url, subscriptions: ALL_EVENTS } }))
  await (await Visitor.enter(sandbox, sandbox.fixtures.foreignInboxes[0]?.publicToken ?? '')).say('hello')
  await sandbox.deliveriesDone()
  expect(receiver.received).toEqual([])
})
