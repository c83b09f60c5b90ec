import { expect, type TestContext, test } from 'vitest'
import { sharedText } from '../support/shared.ts'
import { demo, Visitor } from './support/customer.ts'
import { OpenApi } from './support/openapi.ts'
import { API_INBOX, account, ask, type Json, openSandbox, WEB_INBOX } from './support/sandbox.ts'

/** The vendor's own description of its API. Where it contradicts the contract (its section 18), the tests say so. */
function published(context: TestContext): OpenApi {
  return new OpenApi(JSON.parse(sharedText(context, 'contracts/chatwoot-openapi.json')))
}

const BASE = '/api/v1/accounts/{account_id}'
const PUBLIC = '/public/api/v1/inboxes/{inbox_identifier}'

test('the validator refuses what does not fit: types, enums, missing and nested members', () => {
  const person = { type: 'object', required: ['id'], properties: { id: { type: 'integer' }, role: { enum: ['a', 'b'] } } }
  const api = new OpenApi({ components: { schemas: { person } } })
  const list = { type: 'array', items: { $ref: '#/components/schemas/person' } }
  expect(api.problems(list, [{ id: 1, role: 'a', more: true }])).toEqual([])
  expect(api.problems(list, [{ id: 1.5 }, { role: 'c' }, 'x'])).toEqual([
    '$[0].id: 1.5 is not integer',
    '$[1].id: missing',
    '$[1].role: "c" is none of a,b',
    '$[2]: "x" is not object',
  ])
  expect(api.problems({ allOf: [person, { type: 'object', additionalProperties: false }] }, { id: 1 })).toEqual(['$.id: unknown'])
  expect(api.problems({ oneOf: [person, { type: ['string', 'null'] }] }, null)).toEqual([])
})

test('profile, account and agents fit the published schemas', async (context) => {
  const api = published(context)
  const sandbox = await openSandbox()
  const profile = (await ask(sandbox, 'GET', '/api/v1/profile', { token: sandbox.administratorToken })).json
  expect(api.problems(api.answer('GET', '/api/v1/profile'), profile)).toEqual([])
  expect(api.absent(api.schema('user'), profile)).toEqual(['custom_attributes', 'hmac_identifier'])
  const shown = (await account(sandbox).get('')).json
  // The document forgets that an account may have no domain of its own.
  expect(api.problems(api.schema('account_show_response'), shown)).toEqual(['$.domain: null is not string'])
  expect(api.absent(api.schema('account_show_response'), shown)).toEqual(['custom_attributes'])
  const agents = (await account(sandbox).get('/agents')).json
  expect(api.problems(api.answer('GET', `${BASE}/agents`), agents)).toEqual([])
  expect(api.absent(api.schema('agent'), agents[0])).toEqual([])
})

test('inboxes fit the published schema, but for keys that do not apply to their channel', async (context) => {
  const api = published(context)
  const admin = account(await openSandbox())
  const web = (await admin.post('/inboxes', WEB_INBOX)).json
  expect(api.problems(api.answer('POST', `${BASE}/inboxes`), web)).toEqual([])
  const other = (await admin.post('/inboxes', API_INBOX)).json
  // Null by the contract (section 6.1), where the document gives the types of a web widget.
  const notApplicable = ['reply_time', 'web_widget_script', 'website_token', 'website_url', 'widget_color']
  expect(api.problems(api.schema('inbox'), other).sort()).toEqual(notApplicable.map((key) => `$.${key}: null is not string`))
  const list = (await admin.get('/inboxes')).json
  const webOnly = { payload: list.payload.filter((inbox: Json) => inbox.channel_type === 'Channel::WebWidget') }
  expect(api.problems(api.answer('GET', `${BASE}/inboxes`), webOnly)).toEqual([])
  // `medium` is of Twilio's channels.
  expect(api.absent(api.schema('inbox'), { ...web, ...other })).toEqual(['medium'])
})

test('bots fit the published schema', async (context) => {
  const api = published(context)
  const admin = account(await openSandbox())
  const bot = (await admin.post('/agent_bots', { name: 'Helper', description: 'd', outgoing_url: 'https://b.example' })).json
  for (const [method, path] of [
    ['POST', `${BASE}/agent_bots`],
    ['GET', `${BASE}/agent_bots/{id}`],
    ['PATCH', `${BASE}/agent_bots/{id}`],
  ] as const) {
    expect(api.problems(api.answer(method, path), bot)).toEqual([])
  }
  expect(api.absent(api.schema('agent_bot'), bot)).toEqual([])
  const own = (await admin.get('/agent_bots')).json.filter((one: Json) => !one.system_bot)
  expect(api.problems(api.answer('GET', `${BASE}/agent_bots`), own)).toEqual([])
})

test('a webhook fits the published schema; the document forgets that it is nested in payload', async (context) => {
  const api = published(context)
  const made = (await account(await openSandbox()).post('/webhooks', { url: 'https://w.example', name: 'Hook' })).json
  expect(api.problems(api.schema('webhook'), made.payload.webhook)).toEqual([])
  expect(api.absent(api.schema('webhook'), made.payload.webhook)).toEqual([])
})

test('members of an inbox fit the published schema', async (context) => {
  const api = published(context)
  const sandbox = await openSandbox()
  const inbox_id = sandbox.fixtures.foreignInboxes[0]?.id
  const answer = (await account(sandbox).post('/inbox_members', { inbox_id, user_ids: [1, 2] })).json
  expect(api.problems(api.answer('POST', `${BASE}/inbox_members`), answer)).toEqual([])
})

test('conversations and messages of an account fit the published schemas', async (context) => {
  const api = published(context)
  const sandbox = await openSandbox()
  const { admin, inbox } = await demo(sandbox, '')
  const { conversation_id: id } = await (await Visitor.enter(sandbox, inbox.website_token)).say('hello')
  const message = (await admin.post(`/conversations/${id}/messages`, { content: 'hi' })).json
  const toggled = (await admin.post(`/conversations/${id}/toggle_status`, { status: 'resolved' })).json
  expect(api.problems(api.answer('POST', `${BASE}/conversations/{conversation_id}/toggle_status`), toggled)).toEqual([])
  const path = `${BASE}/conversations/{conversation_id}`
  const found = {
    message: api.problems(api.answer('POST', `${path}/messages`), message),
    conversation: api.problems(api.answer('GET', path), (await admin.get(`/conversations/${id}`)).json),
    list: api.problems(api.answer('GET', `${BASE}/conversations`), (await admin.get('/conversations?status=all')).json),
    messages: api.problems(api.answer('GET', `${path}/messages`), (await admin.get(`/conversations/${id}/messages`)).json),
    labels: api.problems(api.answer('GET', `${path}/labels`), (await admin.get(`/conversations/${id}/labels`)).json),
  }
  expect(found).toEqual({ message: [], conversation: [], list: [], messages: [], labels: [] })
})

test('the public client API fits the published schemas', async (context) => {
  const api = published(context)
  const sandbox = await openSandbox()
  const inbox = (await account(sandbox).post('/inboxes', API_INBOX)).json
  const call = (method: string, path: string, body?: unknown) =>
    ask(sandbox, method, `/public/api/v1/inboxes/${inbox.inbox_identifier}${path}`, body === undefined ? {} : { body })
  const contact = '/contacts/{contact_identifier}'
  const conversation = `${contact}/conversations/{conversation_id}`
  const shown = (await call('GET', '')).json
  // The document says in words that the hours of a closed day can be null, and forgets it in their types.
  shown.working_hours = shown.working_hours.filter((day: Json) => !day.closed_all_day)
  const checks: [method: string, path: string, answer: Json][] = [
    ['GET', '', shown],
    ['POST', '/contacts', (await call('POST', '/contacts', { source_id: 's', email: 'x@example.com' })).json],
    ['GET', contact, (await call('GET', '/contacts/s')).json],
    ['PATCH', contact, (await call('PATCH', '/contacts/s', { name: 'Jo' })).json],
    ['POST', `${contact}/conversations`, (await call('POST', '/contacts/s/conversations', {})).json],
    ['POST', `${conversation}/messages`, (await call('POST', '/contacts/s/conversations/1/messages', { content: 'x' })).json],
    ['GET', `${contact}/conversations`, (await call('GET', '/contacts/s/conversations')).json],
    ['GET', conversation, (await call('GET', '/contacts/s/conversations/1')).json],
    ['GET', `${conversation}/messages`, (await call('GET', '/contacts/s/conversations/1/messages')).json],
    ['POST', `${conversation}/toggle_status`, (await call('POST', '/contacts/s/conversations/1/toggle_status')).json],
  ]
  const problems = checks.map(([method, path, answer]) => [
    `${method} ${path}`,
    api.problems(api.answer(method, `${PUBLIC}${path}`), answer),
  ])
  expect(problems.filter(([, found]) => found?.length !== 0)).toEqual([])
})

test('platform bots fit the published schema', async (context) => {
  const api = published(context)
  const sandbox = await openSandbox()
  const body = { name: 'P', description: 'd', outgoing_url: 'https://b.example', account_id: 1 }
  const bot = (await ask(sandbox, 'POST', '/platform/api/v1/agent_bots', { token: sandbox.fixtures.platformToken, body })).json
  expect(api.problems(api.answer('POST', '/platform/api/v1/agent_bots'), bot)).toEqual([])
})
