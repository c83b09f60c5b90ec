import { expect, test } from 'vitest'
import { demo, Visitor } from './support/customer.ts'
import { account, ask, type Json, openSandbox } from './support/sandbox.ts'

async function pending(version = '4.15.1') {
  const sandbox = await openSandbox({ version })
  const { admin, inbox, bot } = await demo(sandbox, '')
  const visitor = await Visitor.enter(sandbox, inbox.website_token)
  const { conversation_id: id } = await visitor.say('hello')
  const call = (method: string, path: string, body?: unknown) =>
    ask(sandbox, method, `/api/v1/accounts/1/conversations${path}`, { token: bot.access_token, ...(body === undefined ? {} : { body }) })
  return { sandbox, admin, inbox, bot, visitor, id, call }
}

test.each([
  ['POST', '/1/messages', { content: 'x' }, '2.6.0', undefined],
  ['POST', '/1/toggle_status', { status: 'open' }, '2.6.0', undefined],
  ['POST', '/1/toggle_priority', { priority: 'high' }, '3.6.0', '3.5.0'],
  ['POST', '/1/assignments', { assignee_id: 1 }, '3.6.0', '3.5.0'],
  ['PATCH', '/1', { priority: 'low' }, '3.7.0', '3.6.0'],
  ['POST', '/1/custom_attributes', { custom_attributes: { a: 1 } }, '4.2.0', '4.1.0'],
  ['POST', '/1/toggle_typing_status', { typing_status: 'on' }, '4.11.2', '4.11.1'],
  ['GET', '/1', undefined, '4.15.0', '4.14.2'],
  ['GET', '/1/labels', undefined, '4.15.0', '4.14.2'],
  ['POST', '/1/labels', { labels: ['a'] }, '4.15.0', '4.14.2'],
])('bots may %s %s since their release', async (method, path, body, allowed, refused) => {
  const withIt = await pending(allowed)
  expect((await withIt.call(method, path, body)).status).toBe(200)
  if (refused === undefined) return
  const without = await (await pending(refused)).call(method, path, body)
  expect([without.status, without.json]).toEqual([401, { error: 'Access to this endpoint is not authorized for bots' }])
})

test.each([
  ['GET', '/api/v1/profile'],
  ['GET', '/api/v1/accounts/1/inboxes'],
  ['GET', '/api/v1/accounts/1/agent_bots'],
  ['GET', '/api/v1/accounts/1/conversations'],
  ['GET', '/api/v1/accounts/1/conversations/1/messages'],
  ['POST', '/api/v1/accounts/1/inboxes'],
])('bots may never %s %s', async (method, path) => {
  const { sandbox, bot } = await pending()
  const answer = await ask(sandbox, method, path, { token: bot.access_token })
  expect([answer.status, answer.json]).toEqual([401, { error: 'Access to this endpoint is not authorized for bots' }])
})

test('the reply of a bot is answered with its place, and a private one stays hidden from the customer', async () => {
  const { bot, visitor, id, inbox, call } = await pending()
  const answer = await call('POST', `/${id}/messages`, {
    content: 'hi',
    message_type: 'outgoing',
    private: false,
    content_attributes: { a: 1 },
  })
  expect([answer.status, answer.json]).toEqual([
    200,
    {
      id: expect.any(Number),
      content: 'hi',
      inbox_id: inbox.id,
      conversation_id: id,
      message_type: 1,
      content_type: 'text',
      status: 'sent',
      content_attributes: { a: 1 },
      created_at: expect.any(Number),
      private: false,
      source_id: null,
      sender: { id: bot.id, name: 'Helper', avatar_url: '', type: 'agent_bot' },
    },
  ])
  await call('POST', `/${id}/messages`, { content: 'note', private: true })
  expect((await visitor.messages()).map((message) => message.content)).toEqual(['hello', 'hi'])
})

test.each([
  ['too long', { content: 'x'.repeat(150_001) }, /too long/],
  ['of an unknown type', { message_type: 'shout' }, /message_type/],
  ['incoming outside of an API inbox', { content: 'x', message_type: 'incoming' }, /^Incoming messages are only allowed in Api inboxes$/],
])('a message that is %s is 422 with one error text', async (_what, body, text) => {
  const { id, call } = await pending()
  const answer = await call('POST', `/${id}/messages`, body)
  expect([answer.status, Object.keys(answer.json)]).toEqual([422, ['error']])
  expect(answer.json.error).toMatch(text)
})

test('more than 200 messages a minute in one conversation are refused', async () => {
  const { id, call } = await pending()
  const statuses: number[] = []
  for (let index = 0; index < 200; index++) statuses.push((await call('POST', `/${id}/messages`, { content: 'x' })).status)
  expect([statuses.filter((status) => status === 200).length, statuses.at(-1)]).toEqual([199, 422])
})

test('a bot hands a conversation over to people, and success is null', async () => {
  const { visitor, id, call } = await pending()
  const answer = await call('POST', `/${id}/toggle_status`, { status: 'open' })
  expect(answer.json).toEqual({ payload: { success: null, conversation_id: id, current_status: 'open', snoozed_until: null } })
  expect(await visitor.status()).toBe('open')
})

test('the harmless probe of a bot token: 404 is good, 401 is bad', async () => {
  const { sandbox, call } = await pending()
  expect((await call('GET', '/999')).status).toBe(404)
  expect((await ask(sandbox, 'GET', '/api/v1/accounts/1/conversations/999', { token: 'bad' })).status).toBe(401)
})

test('an administrator writes in the name of the customer in API inboxes', async () => {
  const sandbox = await openSandbox()
  const { admin, inbox } = await demo(sandbox, '', { channel: { type: 'api' } })
  const base = `/public/api/v1/inboxes/${inbox.inbox_identifier}/contacts`
  await ask(sandbox, 'POST', base, { body: { source_id: 's' } })
  const { id } = (await admin.post('/conversations', { source_id: 's', inbox_id: inbox.id })).json
  const message = (await admin.post(`/conversations/${id}/messages`, { content: 'as customer', message_type: 'incoming' })).json
  expect(message).toMatchObject({ message_type: 0, sender: { type: 'contact' } })
})

test('after 4.15.1 a new conversation is assigned to the bot, and assigning it to a person opens it', async () => {
  const { sandbox, admin, bot, visitor, id } = await pending('4.16.2')
  expect((await admin.get(`/conversations/${id}`)).json.meta.assignee).toMatchObject({ id: bot.id, type: 'agent_bot' })
  await admin.post(`/conversations/${id}/assignments`, { assignee_id: sandbox.fixtures.administrator.id })
  expect(await visitor.status()).toBe('open')
  const baseline = await pending()
  expect((await baseline.admin.get(`/conversations/${baseline.id}`)).json.meta).not.toHaveProperty('assignee')
})

test('deleting a bot keeps its messages, with the sender cleared; before 3.1 it fails once the bot has spoken', async () => {
  const now = await pending()
  await now.call('POST', `/${now.id}/messages`, { content: 'hi' })
  expect((await now.admin.delete(`/agent_bots/${now.bot.id}`)).status).toBe(200)
  const messages: Json[] = await now.visitor.messages()
  expect(messages.map((message) => [message.content, message.sender?.type])).toEqual([
    ['hello', 'contact'],
    ['hi', undefined],
  ])
  const before = await pending('3.0.0')
  await before.call('POST', `/${before.id}/messages`, { content: 'hi' })
  expect((await before.admin.delete(`/agent_bots/${before.bot.id}`)).status).toBe(500)
})

test('in 4.16.0 labels fail like the bots', async () => {
  const sandbox = await openSandbox({ version: '4.16.0' })
  await (await Visitor.enter(sandbox, sandbox.fixtures.foreignInboxes[0]?.publicToken ?? '')).say('hello')
  expect((await account(sandbox).get('/conversations/1/labels')).status).toBe(500)
  expect((await account(sandbox).get('/conversations/1')).status).toBe(200)
})
