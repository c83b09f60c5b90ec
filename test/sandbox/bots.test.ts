import { expect, test } from 'vitest'
import { API_INBOX, account, ask, type Json, openSandbox, WEB_INBOX } from './support/sandbox.ts'

const TOKEN = /^[1-9A-HJ-NP-Za-km-z]{24}$/
const NOT_ROUTED = { status: 404, error: 'Not Found' }

test('the list is a bare array with the system bot, which hides its token and address', async () => {
  const sandbox = await openSandbox()
  const bots = (await account(sandbox).get('/agent_bots')).json
  expect(bots).toEqual([
    {
      id: sandbox.fixtures.systemBot.id,
      name: 'Sandbox system bot',
      description: expect.any(String),
      thumbnail: '',
      bot_type: 'webhook',
      bot_config: {},
      account_id: null,
      system_bot: true,
    },
  ])
})

test('a bot needs nothing: {} makes a nameless one, and any text is an address', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  const nameless = await admin.post('/agent_bots', {})
  expect([nameless.status, nameless.json.name, nameless.json.outgoing_url]).toEqual([200, null, null])
  for (const url of ['', 'not a url', 'http://127.0.0.1:1/x', 'ftp://x']) {
    expect((await admin.post('/agent_bots', { outgoing_url: url })).json.outgoing_url).toBe(url)
  }
})

test('name, description, address and configuration go through exactly, and names may repeat', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  const body = {
    name: 'Helper',
    description: 'ä [crm-demo:x]\n ',
    outgoing_url: 'https://b.example/h?a=1',
    bot_config: { a: [1, { b: null }] },
  }
  const [first, second] = [(await admin.post('/agent_bots', body)).json, (await admin.post('/agent_bots', body)).json]
  expect(first).toMatchObject({ ...body, bot_type: 'webhook', account_id: 1, system_bot: false })
  expect([first.access_token, first.secret]).toEqual([expect.stringMatching(TOKEN), expect.stringMatching(TOKEN)])
  expect(second.id).not.toBe(first.id)
  const renamed = (await admin.patch(`/agent_bots/${first.id}`, { name: 'Other' })).json
  expect(renamed).toEqual({ ...first, name: 'Other' })
})

test.each([
  ['name', 255, 'Name is too long (maximum is 255 characters)'],
  ['description', 255, 'Description is too long (maximum is 255 characters)'],
  ['outgoing_url', 2048, 'Outgoing url is too long (maximum is 2048 characters)'],
])('422 only for lengths: %s over %i', async (key, limit, message) => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  expect((await admin.post('/agent_bots', { [key]: 'x'.repeat(limit) })).status).toBe(200)
  const answer = await admin.post('/agent_bots', { [key]: 'x'.repeat(limit + 1) })
  expect([answer.status, answer.json]).toEqual([422, { message, attributes: [key] }])
})

test('an unknown bot_type is 500; webhook and 0 are shown as webhook', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  for (const type of ['webhook', 0]) expect((await admin.post('/agent_bots', { bot_type: type })).json.bot_type).toBe('webhook')
  for (const type of ['csml', 7, 'x']) expect((await admin.post('/agent_bots', { bot_type: type })).status, String(type)).toBe(500)
  expect((await account(await openSandbox({ version: '4.0.0' })).post('/agent_bots', { bot_type: 'csml' })).json.bot_type).toBe('csml')
})

test('an avatar that is text is 500', async () => {
  const sandbox = await openSandbox()
  expect((await account(sandbox).post('/agent_bots', { name: 'x', avatar: 'a.png' })).status).toBe(500)
})

test('on writes the role is checked before the record', async () => {
  const sandbox = await openSandbox()
  const agent = account(sandbox, sandbox.agentToken)
  expect((await agent.patch('/agent_bots/999', {})).status).toBe(401)
  expect((await agent.delete('/agent_bots/999')).status).toBe(401)
  expect((await account(sandbox).patch('/agent_bots/999', {})).json).toEqual({ error: 'Resource could not be found' })
})

test('system bots can be read, but are 404 on update and delete', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  const { id } = sandbox.fixtures.systemBot
  expect((await admin.get(`/agent_bots/${id}`)).status).toBe(200)
  expect((await admin.patch(`/agent_bots/${id}`, { name: 'x' })).status).toBe(404)
  expect((await admin.delete(`/agent_bots/${id}`)).status).toBe(404)
  expect((await admin.post(`/agent_bots/${id}/reset_secret`)).status).toBe(404)
})

test('a delete is 200 and empty, ends its links and its token', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  const bot = (await admin.post('/agent_bots', {})).json
  const inbox = (await admin.post('/inboxes', WEB_INBOX)).json
  await admin.post(`/inboxes/${inbox.id}/set_agent_bot`, { agent_bot: bot.id })
  const answer = await admin.delete(`/agent_bots/${bot.id}`)
  expect([answer.status, answer.text]).toEqual([200, ''])
  expect((await admin.get(`/inboxes/${inbox.id}/agent_bot`)).json).toEqual({})
  expect((await admin.get(`/agent_bots/${bot.id}`)).status).toBe(404)
  expect((await admin.delete(`/agent_bots/${bot.id}`)).status).toBe(404)
  expect((await ask(sandbox, 'GET', '/api/v1/accounts/1/conversations/1', { token: bot.access_token })).status).toBe(401)
})

test('reset_access_token ends the old token at once, since 4.3', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  const bot = (await admin.post('/agent_bots', {})).json
  const renewed = (await admin.post(`/agent_bots/${bot.id}/reset_access_token`)).json
  expect(renewed).toEqual({ ...bot, access_token: expect.stringMatching(TOKEN) })
  const probe = (token: string) => ask(sandbox, 'GET', '/api/v1/accounts/1/conversations/999', { token })
  expect((await probe(bot.access_token)).json).toEqual({ error: 'Invalid Access Token' })
  expect((await probe(renewed.access_token)).status).toBe(404)
})

test('reset_secret gives a new secret, since 4.13', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  const bot = (await admin.post('/agent_bots', {})).json
  expect((await admin.post(`/agent_bots/${bot.id}/reset_secret`)).json.secret).not.toBe(bot.secret)
})

test.each([
  ['reset_access_token', '4.2.0', '4.3.0'],
  ['reset_secret', '4.12.0', '4.13.0'],
])('%s is the framework 404 on %s and works on %s', async (path, without, withIt) => {
  const call = async (version: string) => {
    const sandbox = await openSandbox({ version })
    const bot = (await account(sandbox).post('/agent_bots', {})).json
    const sent = { token: sandbox.administratorToken, headers: { accept: 'application/json' } }
    return ask(sandbox, 'POST', `/api/v1/accounts/1/agent_bots/${bot.id}/${path}`, sent)
  }
  const missing = await call(without)
  expect([missing.status, missing.json]).toEqual([404, NOT_ROUTED])
  expect((await call(withIt)).status).toBe(200)
})

test('keys of the bot object come with their releases', async () => {
  const keys = async (version: string) => Object.keys((await account(await openSandbox({ version })).post('/agent_bots', {})).json)
  expect(await keys('2.6.0')).toEqual(['id', 'name', 'description', 'outgoing_url', 'account_id', 'access_token'])
  expect(await keys('3.9.0')).toEqual(['id', 'name', 'description', 'outgoing_url', 'bot_type', 'bot_config', 'account_id', 'access_token'])
  expect(await keys('4.12.0')).toEqual(expect.arrayContaining(['thumbnail', 'system_bot']))
  expect(await keys('4.12.0')).not.toContain('secret')
  expect(await keys('4.13.0')).toContain('secret')
})

test('agents see the token of a bot up to 4.15.1, and never its secret', async () => {
  for (const [version, shown] of [
    ['4.15.1', true],
    ['4.16.2', false],
  ] as const) {
    const sandbox = await openSandbox({ version })
    const bot = (await account(sandbox).post('/agent_bots', {})).json
    const seen = (await account(sandbox, sandbox.agentToken).get(`/agent_bots/${bot.id}`)).json
    expect([version, Object.hasOwn(seen, 'access_token'), Object.hasOwn(seen, 'secret')]).toEqual([version, shown, false])
  }
})

test('before 4.1 a system bot shows its address', async () => {
  const sandbox = await openSandbox({ version: '4.0.0' })
  expect((await account(sandbox).get('/agent_bots')).json[0]).toHaveProperty('outgoing_url')
})

test('set_agent_bot answers 200 and nothing; a number assigns, null, an absent and a misspelt key unassign', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  const inbox = (await admin.post('/inboxes', WEB_INBOX)).json
  const bot = (await admin.post('/agent_bots', {})).json
  const set = (body: unknown) => admin.post(`/inboxes/${inbox.id}/set_agent_bot`, body)
  const attached = async () => (await admin.get(`/inboxes/${inbox.id}/agent_bot`)).json.agent_bot?.id
  for (const unset of [{ agent_bot: null }, {}, { agent_bot_id: bot.id }]) {
    for (const body of [{ agent_bot: bot.id }, { agent_bot: bot.id }]) {
      const answer = await set(body)
      expect([answer.status, answer.text, await attached()]).toEqual([200, '', bot.id])
    }
    for (const body of [unset, unset]) {
      const answer = await set(body)
      expect([answer.status, answer.text, await attached()]).toEqual([200, '', undefined])
    }
  }
})

test('set_agent_bot with an empty text is 404, and changes nothing', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  const inbox = (await admin.post('/inboxes', WEB_INBOX)).json
  const bot = (await admin.post('/agent_bots', {})).json
  await admin.post(`/inboxes/${inbox.id}/set_agent_bot`, { agent_bot: bot.id })
  expect((await admin.post(`/inboxes/${inbox.id}/set_agent_bot`, { agent_bot: '' })).status).toBe(404)
  expect((await admin.get(`/inboxes/${inbox.id}/agent_bot`)).json.agent_bot.id).toBe(bot.id)
})

test('an inbox has one bot at most: another one takes its place; a bot may serve many inboxes', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  const [one, two] = [(await admin.post('/inboxes', WEB_INBOX)).json, (await admin.post('/inboxes', API_INBOX)).json]
  const [first, second] = [(await admin.post('/agent_bots', {})).json, (await admin.post('/agent_bots', {})).json]
  for (const inbox of [one, two]) await admin.post(`/inboxes/${inbox.id}/set_agent_bot`, { agent_bot: first.id })
  await admin.post(`/inboxes/${one.id}/set_agent_bot`, { agent_bot: second.id })
  expect((await admin.get(`/inboxes/${one.id}/agent_bot`)).json.agent_bot.id).toBe(second.id)
  expect((await admin.get(`/inboxes/${two.id}/agent_bot`)).json.agent_bot.id).toBe(first.id)
})

test('a wrong bot id is 404 before the role is looked at', async () => {
  const sandbox = await openSandbox()
  const agent = account(sandbox, sandbox.agentToken)
  const own = sandbox.fixtures.foreignInboxes[0]?.id
  expect((await agent.post(`/inboxes/${own}/set_agent_bot`, { agent_bot: 999 })).status).toBe(404)
  expect((await agent.post(`/inboxes/${own}/set_agent_bot`, { agent_bot: sandbox.fixtures.systemBot.id })).status).toBe(401)
  expect((await agent.post('/inboxes/999/set_agent_bot', { agent_bot: 999 })).status).toBe(404)
})

test('since 4.14 a bot of another account is 404; before, it was accepted', async () => {
  for (const [version, status] of [
    ['4.13.0', 200],
    ['4.14.0', 404],
  ] as const) {
    const sandbox = await openSandbox({ version })
    const foreign = (await account(sandbox, sandbox.administratorToken, 2).post('/agent_bots', {})).json
    const inbox = sandbox.fixtures.foreignInboxes[0]?.id
    expect((await account(sandbox).post(`/inboxes/${inbox}/set_agent_bot`, { agent_bot: foreign.id })).status, version).toBe(status)
  }
})

test('the bot of an inbox is {} when there is none, else nested, with its access token as an object', async () => {
  const sandbox = await openSandbox()
  const admin = account(sandbox)
  const inbox = (await admin.post('/inboxes', WEB_INBOX)).json
  const empty = await admin.get(`/inboxes/${inbox.id}/agent_bot`)
  expect([empty.status, empty.json]).toEqual([200, {}])
  const bot: Json = (await admin.post('/agent_bots', { name: 'Helper' })).json
  await admin.post(`/inboxes/${inbox.id}/set_agent_bot`, { agent_bot: bot.id })
  const { agent_bot: shown } = (await admin.get(`/inboxes/${inbox.id}/agent_bot`)).json
  expect(shown).toMatchObject({ id: bot.id, name: 'Helper' })
  expect(shown.access_token).toEqual({
    id: expect.any(Number),
    owner_type: 'AgentBot',
    owner_id: bot.id,
    token: bot.access_token,
    created_at: expect.stringMatching(/Z$/),
    updated_at: expect.stringMatching(/Z$/),
  })
})

test('4.16.0 answers 500 to every request for bots with a token, and the link still works', async () => {
  const sandbox = await openSandbox({ version: '4.16.0' })
  const admin = account(sandbox)
  const answers = await Promise.all([
    admin.get('/agent_bots'),
    admin.post('/agent_bots', {}),
    admin.get('/agent_bots/1'),
    admin.delete('/agent_bots/1'),
  ])
  for (const answer of answers) expect([answer.status, answer.json]).toEqual([500, { status: 500, error: 'Internal Server Error' }])
  expect((await ask(sandbox, 'GET', '/api/v1/accounts/1/agent_bots')).status).toBe(401)
  const inbox = sandbox.fixtures.foreignInboxes[0]?.id
  expect((await admin.post(`/inboxes/${inbox}/set_agent_bot`, { agent_bot: sandbox.fixtures.systemBot.id })).status).toBe(200)
  expect((await account(await openSandbox({ version: '4.16.2' })).get('/agent_bots')).status).toBe(200)
})
