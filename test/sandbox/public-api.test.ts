import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { demo } from './support/customer.ts'
import { API_INBOX, account, ask, type Json, openSandbox } from './support/sandbox.ts'

const NOT_ROUTED = { status: 404, error: 'Not Found' }
const UUID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/

async function apiInbox(options: Parameters<typeof openSandbox>[0] = {}, body: Record<string, unknown> = {}) {
  const sandbox = await openSandbox(options)
  const inbox = (await account(sandbox).post('/inboxes', { ...API_INBOX, ...body })).json
  const call = (method: string, path: string, sent?: unknown) =>
    ask(sandbox, method, `/public/api/v1/inboxes/${inbox.inbox_identifier}${path}`, sent === undefined ? {} : { body: sent })
  return { sandbox, inbox, call }
}

test('the inbox is shown without its secrets', async () => {
  const { inbox, call } = await apiInbox()
  const shown = (await call('GET', '')).json
  expect(shown).toMatchObject({ identifier: inbox.inbox_identifier, name: 'Api', identity_validation_enabled: false, timezone: 'UTC' })
  expect(shown.working_hours).toHaveLength(7)
  expect(JSON.stringify(shown)).not.toContain(inbox.hmac_token)
})

test('a source_id is made where none is given, and a known one gives the same contact again', async () => {
  const { sandbox, call } = await apiInbox()
  const made = (await call('POST', '/contacts', { name: 'Jo' })).json
  expect(made).toEqual({
    source_id: expect.stringMatching(UUID),
    pubsub_token: expect.any(String),
    id: expect.any(Number),
    name: 'Jo',
    email: null,
    phone_number: null,
  })
  expect((await call('POST', '/contacts', { source_id: made.source_id, name: 'Other' })).json).toEqual(made)
  expect((await call('GET', `/contacts/${made.source_id}`)).json).toEqual(made)
  expect(sandbox.state.contacts.size).toBe(1)
})

test.each(['identifier', 'email', 'phone_number'])('a known %s reuses the contact under a new source_id', async (key) => {
  const { call } = await apiInbox()
  const first = (await call('POST', '/contacts', { [key]: 'known' })).json
  const second = (await call('POST', '/contacts', { [key]: 'known' })).json
  expect(second.id).toBe(first.id)
  expect(second.source_id).not.toBe(first.source_id)
})

test('a changed contact is answered whole', async () => {
  const { call } = await apiInbox()
  await call('POST', '/contacts', { source_id: 's', custom_attributes: { a: 1 } })
  const record = (await call('PATCH', '/contacts/s', { email: 'jo@example.com', custom_attributes: { b: 2 } })).json
  expect(record).toMatchObject({ email: 'jo@example.com', custom_attributes: { a: 1, b: 2 }, account_id: 1, blocked: false })
})

test('conversations and messages are bare arrays, with uuid and display id', async () => {
  const { call, inbox } = await apiInbox()
  await call('POST', '/contacts', { source_id: 's' })
  expect((await call('GET', '/contacts/s/conversations')).json).toEqual([])
  const conversation: Json = (await call('POST', '/contacts/s/conversations', { custom_attributes: { topic: 'x' } })).json
  expect(conversation).toMatchObject({ id: 1, uuid: expect.stringMatching(UUID), inbox_id: inbox.id, status: 'open', messages: [] })
  const path = '/contacts/s/conversations/1'
  const message = (await call('POST', `${path}/messages`, { content: 'hi', echo_id: 'e1' })).json
  expect(message).toMatchObject({ content: 'hi', message_type: 0, conversation_id: 1, sender: { type: 'contact' }, echo_id: 'e1' })
  expect((await call('GET', `${path}/messages`)).json.map((one: Json) => one.id)).toEqual([message.id])
  expect((await call('GET', '/contacts/s/conversations')).json).toHaveLength(1)
})

test('messages: the latest 20, before an id, and after is not read', async () => {
  const { call } = await apiInbox()
  await call('POST', '/contacts', { source_id: 's' })
  await call('POST', '/contacts/s/conversations', {})
  const path = '/contacts/s/conversations/1/messages'
  const ids: number[] = []
  for (let index = 0; index < 25; index++) ids.push((await call('POST', path, { content: `m${index}` })).json.id)
  const seen = async (query: string) => (await call('GET', `${path}${query}`)).json.map((one: Json) => one.id)
  expect(await seen('')).toEqual(ids.slice(-20))
  expect(await seen(`?after=${ids.at(-2)}`)).toEqual(ids.slice(-20))
  expect(await seen(`?before=${ids[5]}`)).toEqual(ids.slice(0, 5))
})

test('what is missing is the framework 404', async () => {
  const { sandbox, call } = await apiInbox()
  await call('POST', '/contacts', { source_id: 's' })
  const answers = [
    await ask(sandbox, 'GET', '/public/api/v1/inboxes/nothing'),
    await call('GET', '/contacts/nobody'),
    await call('GET', '/contacts/s/conversations/1/messages'),
    await call('POST', '/contacts/s/conversations/1/messages', { content: 'x' }),
  ]
  for (const answer of answers) expect([answer.status, answer.json]).toEqual([404, NOT_ROUTED])
})

test('a contact sees its own conversations only', async () => {
  const { call } = await apiInbox()
  for (const source_id of ['a', 'b']) {
    await call('POST', '/contacts', { source_id })
    await call('POST', `/contacts/${source_id}/conversations`, {})
  }
  expect((await call('GET', '/contacts/a/conversations/1/messages')).status).toBe(200)
  expect((await call('GET', '/contacts/a/conversations/2/messages')).status).toBe(404)
})

test('where identity must be proved a wrong or missing hash is 500, the right one passes', async () => {
  const { inbox, call } = await apiInbox({}, { channel: { type: 'api', hmac_mandatory: true } })
  const identifier_hash = createHmac('sha256', inbox.hmac_token).update('jo').digest('hex')
  for (const body of [{ identifier: 'jo' }, { identifier: 'jo', identifier_hash: 'wrong' }, { identifier: 'mo', identifier_hash }]) {
    const answer = await call('POST', '/contacts', body)
    expect([answer.status, answer.json]).toEqual([500, { status: 500, error: 'Internal Server Error' }])
  }
  expect((await call('POST', '/contacts', { identifier: 'jo', identifier_hash })).status).toBe(200)
})

test('an inbox with one conversation per contact gives the last one again', async () => {
  const { call } = await apiInbox({}, { lock_to_single_conversation: true })
  await call('POST', '/contacts', { source_id: 's' })
  const first = (await call('POST', '/contacts/s/conversations', {})).json
  expect((await call('POST', '/contacts/s/conversations', {})).json.uuid).toBe(first.uuid)
})

test('the inbox call and the uuid are missing before 2.18, showing one conversation before 3.7', async () => {
  const older = await apiInbox({ version: '2.16.0' })
  expect((await older.call('GET', '')).status).toBe(404)
  await older.call('POST', '/contacts', { source_id: 's' })
  expect((await older.call('POST', '/contacts/s/conversations', {})).json).not.toHaveProperty('uuid')
  expect((await older.call('GET', '/contacts/s/conversations/1')).status).toBe(404)
  expect((await older.call('POST', '/contacts/s/conversations/1/toggle_status')).status).toBe(404)
})

test('typing and last seen answer nothing, resolving answers the conversation', async () => {
  const { call } = await apiInbox({ clock: () => 1_781_697_600_000 })
  await call('POST', '/contacts', { source_id: 's' })
  await call('POST', '/contacts/s/conversations', {})
  const path = '/contacts/s/conversations/1'
  for (const end of ['/toggle_typing', '/update_last_seen']) {
    const answer = await call('POST', `${path}${end}`, { typing_status: 'on' })
    expect([answer.status, answer.text]).toEqual([200, ''])
  }
  expect((await call('POST', `${path}/toggle_status`)).json).toMatchObject({ status: 'resolved', contact_last_seen_at: 1_781_697_600 })
})

test('a bot in an API inbox answers the customer with its own token, and its private notes stay hidden', async () => {
  const sandbox = await openSandbox()
  const { inbox, bot } = await demo(sandbox, '', { channel: { type: 'api' } })
  const base = `/public/api/v1/inboxes/${inbox.inbox_identifier}/contacts`
  await ask(sandbox, 'POST', base, { body: { source_id: 's' } })
  const conversation = (await ask(sandbox, 'POST', `${base}/s/conversations`, { body: {} })).json
  expect(conversation.status).toBe('pending')
  const path = `/api/v1/accounts/1/conversations/${conversation.id}/messages`
  await ask(sandbox, 'POST', path, { token: bot.access_token, body: { content: 'secret', private: true } })
  await ask(sandbox, 'POST', path, { token: bot.access_token, body: { content: 'hello' } })
  const seen: Json[] = (await ask(sandbox, 'GET', `${base}/s/conversations/${conversation.id}/messages`)).json
  expect(seen.map((message) => [message.content, message.sender.type])).toEqual([['hello', 'agent_bot']])
})
