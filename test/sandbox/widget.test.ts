import { expect, test } from 'vitest'
import { demo, Visitor } from './support/customer.ts'
import { account, ask, type Json, openSandbox, WEB_INBOX } from './support/sandbox.ts'

const NOT_FOUND = { error: 'Resource could not be found' }

async function website(options: Parameters<typeof openSandbox>[0] = {}, body: Record<string, unknown> = {}) {
  const sandbox = await openSandbox(options)
  const admin = account(sandbox)
  const inbox = (await admin.post('/inboxes', { ...WEB_INBOX, enable_email_collect: false, ...body })).json
  return { sandbox, admin, inbox }
}

test('the widget configuration gives a visitor a token and a name', async () => {
  const { sandbox, inbox } = await website({ frontendUrl: 'https://chat.example' })
  const answer = await ask(sandbox, 'POST', `/api/v1/widget/config?website_token=${inbox.website_token}`, { body: {} })
  expect(answer.json.website_channel_config).toMatchObject({
    auth_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    website_token: inbox.website_token,
    website_name: 'Website',
    locale: 'en',
    enabled_features: ['attachments', 'emoji_picker', 'end_conversation'],
    api_host: 'https://chat.example',
  })
  expect(answer.json.contact).toMatchObject({
    name: expect.stringMatching(/^[a-z]+-[a-z]+-\d+$/),
    email: null,
    pubsub_token: expect.any(String),
  })
})

test('a valid token resumes the same visitor, an altered or expired one makes a new one', async () => {
  let now = Date.UTC(2026, 0, 1)
  const { sandbox, inbox } = await website({ clock: () => now })
  const config = async (token?: string) => {
    const headers = token === undefined ? {} : { 'x-auth-token': token }
    return (await ask(sandbox, 'POST', `/api/v1/widget/config?website_token=${inbox.website_token}`, { body: {}, headers })).json
  }
  const first = await config()
  const token = first.website_channel_config.auth_token
  expect((await config(token)).contact.id).toBe(first.contact.id)
  expect((await config(`${token.slice(0, -3)}abc`)).contact.id).not.toBe(first.contact.id)
  now += 181 * 24 * 60 * 60 * 1_000
  expect((await config(token)).contact.id).not.toBe(first.contact.id)
})

test('a message begins a conversation, and the next one goes into the latest', async () => {
  const { sandbox, inbox } = await website()
  const visitor = await Visitor.enter(sandbox, inbox.website_token)
  expect((await visitor.call('GET', '/messages')).json).toEqual({ payload: [] })
  expect((await visitor.call('GET', '/conversations')).json).toEqual({})
  const first = await visitor.say('hello')
  expect(first).toMatchObject({ content: 'hello', inbox_id: inbox.id, message_type: 0, private: false, sender: { type: 'contact' } })
  const second = await visitor.say('again')
  expect(second.conversation_id).toBe(first.conversation_id)
  expect((await visitor.call('GET', '/conversations')).json).toEqual({
    id: first.conversation_id,
    inbox_id: inbox.id,
    contact_last_seen_at: 0,
    status: 'open',
  })
  expect((await visitor.call('POST', '/messages', {})).status).toBe(500)
})

test('polling: the latest 20 oldest first, after an id up to 100, before an id 20', async () => {
  const { sandbox, inbox } = await website()
  const visitor = await Visitor.enter(sandbox, inbox.website_token)
  const ids: number[] = []
  for (let index = 0; index < 45; index++) ids.push((await visitor.say(`m${index}`)).id)
  const seen = async (query: string) => (await visitor.messages(query)).map((message) => message.id)
  expect(await seen('')).toEqual(ids.slice(-20))
  expect(await seen(`?after=${ids[0]}`)).toEqual(ids.slice(1))
  expect(await seen(`?before=${ids[30]}`)).toEqual(ids.slice(10, 30))
  expect(await seen(`?after=${ids.at(-1)}`)).toEqual([])
})

test('private and activity messages are hidden from the visitor', async () => {
  const { sandbox, admin, inbox } = await website()
  const visitor = await Visitor.enter(sandbox, inbox.website_token)
  const { conversation_id: id } = await visitor.say('hello')
  await admin.post(`/conversations/${id}/messages`, { content: 'note', private: true })
  await admin.post(`/conversations/${id}/messages`, { content: 'answer' })
  await admin.post(`/conversations/${id}/toggle_status`, { status: 'resolved' })
  expect((await visitor.messages()).map((message) => [message.content, message.message_type, message.sender?.type])).toEqual([
    ['hello', 0, 'contact'],
    ['answer', 1, 'user'],
  ])
})

test('where emails are collected two templates follow the first message of a visitor without one', async () => {
  const { sandbox, inbox } = await website({}, { enable_email_collect: true })
  const visitor = await Visitor.enter(sandbox, inbox.website_token)
  await visitor.say('hello')
  await visitor.say('again')
  const templates = (await visitor.messages()).filter((message) => message.message_type === 3)
  expect(templates.map((message) => [message.content, message.content_type])).toEqual([
    ['Give the team a way to reach you.', 'text'],
    [expect.any(String), 'input_email'],
  ])
  const known = await Visitor.enter(sandbox, inbox.website_token)
  await known.call('POST', '/conversations', { contact: { email: 'x@example.com' }, message: { content: 'hello' } })
  expect((await known.messages()).every((message) => message.message_type === 0)).toBe(true)
})

test('greeting and out-of-office messages are templates, by the clock of the inbox', async () => {
  // Wednesday 2026-06-17, 08:30 UTC: before nine in UTC, after nine in Berlin.
  const away = { working_hours_enabled: true, out_of_office_message: 'We are away', greeting_enabled: true, greeting_message: 'Welcome' }
  const contents = async (timezone: string) => {
    const { sandbox, inbox } = await website({ clock: () => Date.UTC(2026, 5, 17, 8, 30) }, { ...away, timezone })
    const visitor = await Visitor.enter(sandbox, inbox.website_token)
    await visitor.say('hello')
    await visitor.say('again')
    return (await visitor.messages()).map((message) => message.content)
  }
  expect(await contents('UTC')).toEqual(['hello', 'We are away', 'Welcome', 'again'])
  expect(await contents('Europe/Berlin')).toEqual(['hello', 'Welcome', 'again'])
})

test('an unknown website token, and a missing or foreign visitor token, are 404', async () => {
  const { sandbox, admin, inbox } = await website()
  const other = (await admin.post('/inboxes', WEB_INBOX)).json
  const visitor = await Visitor.enter(sandbox, inbox.website_token)
  const answers = [
    await ask(sandbox, 'POST', '/api/v1/widget/config?website_token=nothing', { body: {} }),
    await ask(sandbox, 'GET', `/api/v1/widget/messages?website_token=${inbox.website_token}`),
    await ask(sandbox, 'GET', `/api/v1/widget/messages?website_token=${other.website_token}`, {
      headers: { 'x-auth-token': visitor.token },
    }),
    await ask(sandbox, 'GET', `/api/v1/widget/conversations?website_token=${inbox.website_token}`, {
      headers: { 'x-auth-token': 'a.b.c' },
    }),
  ]
  for (const answer of answers) expect([answer.status, answer.json]).toEqual([404, NOT_FOUND])
  const page = await ask(sandbox, 'GET', '/widget?website_token=nothing')
  expect([page.status, page.json]).toEqual([404, { error: 'web widget does not exist' }])
  expect((await ask(sandbox, 'GET', `/widget?website_token=${inbox.website_token}`)).text).toContain('window.authToken')
})

test('six new conversations in twelve hours, the seventh is 429', async () => {
  let now = Date.UTC(2026, 0, 1)
  const { sandbox, inbox } = await website({ rateLimit: 1_000, clock: () => now })
  const visitor = await Visitor.enter(sandbox, inbox.website_token)
  const begin = async () => (await visitor.call('POST', '/conversations', { message: { content: 'x' } })).status
  const statuses = []
  for (let index = 0; index < 7; index++) statuses.push(await begin())
  expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 429])
  now += 12 * 60 * 60 * 1_000
  expect(await begin()).toBe(200)
})

test('after 4.15.1 the limits of the widget are 30 conversations and 60 messages a minute', async () => {
  const { sandbox, inbox } = await website({ version: '4.16.2', rateLimit: 1_000, clock: () => Date.UTC(2026, 0, 1) })
  const visitor = await Visitor.enter(sandbox, inbox.website_token)
  const send = async (path: string, times: number) => {
    const statuses = []
    for (let index = 0; index < times; index++) statuses.push((await visitor.call('POST', path, { message: { content: 'x' } })).status)
    return statuses.indexOf(429)
  }
  expect(await send('/conversations', 31)).toBe(30)
  expect(await send('/messages', 61)).toBe(60)
})

test('with a bot new conversations are pending, without one open; those that exist do not change', async () => {
  const sandbox = await openSandbox()
  const { admin, inbox } = await demo(sandbox, '')
  const early = await Visitor.enter(sandbox, inbox.website_token)
  await early.say('hello')
  expect(await early.status()).toBe('pending')
  await admin.post(`/inboxes/${inbox.id}/set_agent_bot`, { agent_bot: null })
  expect(await early.status()).toBe('pending')
  const late = await Visitor.enter(sandbox, inbox.website_token)
  await late.say('hello')
  expect(await late.status()).toBe('open')
})

test('the visitor ends a conversation with a GET, and a new message wakes it for the bot', async () => {
  const sandbox = await openSandbox()
  const { inbox } = await demo(sandbox, '')
  const visitor = await Visitor.enter(sandbox, inbox.website_token)
  expect((await visitor.call('GET', '/conversations/toggle_status')).status).toBe(404)
  await visitor.say('hello')
  const ended = await visitor.call('GET', '/conversations/toggle_status')
  expect([ended.status, ended.text, await visitor.status()]).toEqual([200, '', 'resolved'])
  await visitor.say('once more')
  expect(await visitor.status()).toBe('pending')
})

test('where ending conversations is turned off the visitor gets an empty 403', async () => {
  const channel = { ...WEB_INBOX.channel, selected_feature_flags: ['attachments'] }
  const { sandbox, inbox } = await website({}, { channel })
  const visitor = await Visitor.enter(sandbox, inbox.website_token)
  await visitor.say('hello')
  const refused = await visitor.call('GET', '/conversations/toggle_status')
  expect([refused.status, refused.text]).toEqual([403, ''])
})

test('what the visitor told about themselves is kept with the new conversation', async () => {
  const { sandbox, inbox } = await website()
  const visitor = await Visitor.enter(sandbox, inbox.website_token)
  const contact = { name: 'Jo', email: 'jo@example.com', phone_number: '+491234567' }
  const answer: Json = (
    await visitor.call('POST', '/conversations', { contact, message: { content: 'hi' }, custom_attributes: { plan: 'a' } })
  ).json
  expect(answer).toMatchObject({
    inbox_id: inbox.id,
    status: 'open',
    messages: [{ content: 'hi' }],
    custom_attributes: { plan: 'a' },
    contact,
  })
})
