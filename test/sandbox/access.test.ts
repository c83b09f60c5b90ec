import { expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { account, ask, openSandbox } from './support/sandbox.ts'

const SIGN_IN = { errors: ['You need to sign in or sign up before continuing.'] }
const FOR_BOTS = { error: 'Access to this endpoint is not authorized for bots' }

function inboxes(sandbox: Sandbox, accountId: number | string, token?: string) {
  return ask(sandbox, 'GET', `/api/v1/accounts/${accountId}/inboxes`, { token })
}

test('the header is accepted as api_access_token and as Api-Access-Token, and not as a bearer token', async () => {
  const sandbox = await openSandbox()
  const token = sandbox.administratorToken
  for (const headers of [{ api_access_token: token }, { 'Api-Access-Token': token }]) {
    expect((await ask(sandbox, 'GET', '/api/v1/profile', { headers })).status).toBe(200)
  }
  const bearer = await ask(sandbox, 'GET', '/api/v1/profile', { headers: { authorization: `Bearer ${token}` } })
  expect([bearer.status, bearer.json]).toEqual([401, SIGN_IN])
})

test('behind a proxy that drops underscores the underscored header is the sign-in 401, the hyphenated one works', async () => {
  const sandbox = await openSandbox({ dropUnderscoreHeaders: true })
  const token = sandbox.administratorToken
  const dropped = await ask(sandbox, 'GET', '/api/v1/profile', { headers: { api_access_token: token } })
  expect([dropped.status, dropped.json]).toEqual([401, SIGN_IN])
  expect((await ask(sandbox, 'GET', '/api/v1/profile', { token })).status).toBe(200)
})

test('only a missing token is told in an errors array', async () => {
  const sandbox = await openSandbox()
  for (const token of [undefined, '']) {
    const answer = await inboxes(sandbox, 1, token)
    expect([answer.status, answer.json]).toEqual([401, SIGN_IN])
  }
})

test('the checks come in order: token, bot, account, suspension, membership, role', async () => {
  const sandbox = await openSandbox()
  const { administratorToken, agentToken, fixtures } = sandbox
  const suspended = fixtures.suspendedAccount.id
  const cases: [accountId: number | string, token: string | undefined, status: number, body: unknown][] = [
    [999, undefined, 401, SIGN_IN],
    [999, 'not-a-token', 401, { error: 'Invalid Access Token' }],
    [999, fixtures.systemBot.accessToken, 401, FOR_BOTS],
    [999, fixtures.platformToken, 401, FOR_BOTS],
    [999, administratorToken, 404, { error: 'Resource could not be found' }],
    ['one', administratorToken, 404, { error: 'Resource could not be found' }],
    [suspended, administratorToken, 401, { error: 'Account is suspended' }],
    [2, agentToken, 401, { error: 'You are not authorized to access this account' }],
    [1, administratorToken, 200, undefined],
  ]
  for (const [accountId, token, status, body] of cases) {
    const answer = await inboxes(sandbox, accountId, token)
    expect(answer.status, `account ${accountId}`).toBe(status)
    if (body !== undefined) expect(answer.json).toEqual(body)
  }
})

test('a role that is too low is 401, never 403', async () => {
  const sandbox = await openSandbox()
  const agent = account(sandbox, sandbox.agentToken)
  const own = sandbox.fixtures.foreignInboxes[0]?.id
  const refused = { error: 'You are not authorized to do this action' }
  const answers = await Promise.all([
    agent.post('/inboxes', {}),
    agent.patch(`/inboxes/${own}`, { name: 'x' }),
    agent.delete(`/inboxes/${own}`),
    agent.post(`/inboxes/${own}/set_agent_bot`, { agent_bot: sandbox.fixtures.systemBot.id }),
    agent.post('/inbox_members', { inbox_id: own, user_ids: [1] }),
    agent.post('/agent_bots', {}),
    agent.patch('/agent_bots/1', {}),
    agent.delete('/agent_bots/1'),
    agent.get('/webhooks'),
    agent.post('/webhooks', { url: 'https://w.example' }),
  ])
  for (const answer of answers) expect([answer.status, answer.json]).toEqual([401, refused])
})

test('an account that does not exist is 404 and a foreign one 401, but both are 404 where the account itself is shown', async () => {
  const sandbox = await openSandbox()
  const token = sandbox.agentToken
  expect((await inboxes(sandbox, 999, token)).status).toBe(404)
  expect((await inboxes(sandbox, 2, token)).status).toBe(401)
  for (const id of [999, 2, 'x']) {
    const answer = await ask(sandbox, 'GET', `/api/v1/accounts/${id}`, { token })
    expect([answer.status, answer.json]).toEqual([404, { error: 'Resource could not be found' }])
  }
})

test('the same token is refused after it was replaced', async () => {
  const sandbox = await openSandbox()
  const before = sandbox.administratorToken
  const answer = await ask(sandbox, 'POST', '/api/v1/profile/reset_access_token', { token: before })
  expect(answer.json.access_token).toBe(sandbox.administratorToken)
  expect(sandbox.administratorToken).not.toBe(before)
  expect((await ask(sandbox, 'GET', '/api/v1/profile', { token: before })).json).toEqual({ error: 'Invalid Access Token' })
})

test('a bot outside the account is told so, and one that is attached in it passes', async () => {
  const sandbox = await openSandbox()
  const { systemBot, foreignInboxes } = sandbox.fixtures
  const call = () => ask(sandbox, 'GET', '/api/v1/accounts/1/conversations/999', { token: systemBot.accessToken })
  expect((await call()).json).toEqual({ error: 'Bot is not authorized to access this account' })
  await account(sandbox).post(`/inboxes/${foreignInboxes[0]?.id}/set_agent_bot`, { agent_bot: systemBot.id })
  expect((await call()).json).toEqual({ error: 'Resource could not be found' })
})

test('before 4.8 a bot of the account passes only while it is attached', async () => {
  for (const [version, status] of [
    ['4.7.0', 401],
    ['4.8.0', 404],
  ] as const) {
    const sandbox = await openSandbox({ version })
    const bot = (await account(sandbox).post('/agent_bots', { name: 'Own' })).json
    const answer = await ask(sandbox, 'POST', '/api/v1/accounts/1/conversations/999/messages', { token: bot.access_token, body: {} })
    expect(answer.status, version).toBe(status)
  }
})

test('platform tokens work on the platform API alone, and user tokens do not', async () => {
  const sandbox = await openSandbox()
  const path = '/platform/api/v1/agent_bots'
  const token = sandbox.fixtures.platformToken
  expect((await ask(sandbox, 'GET', path, { token: sandbox.administratorToken })).json).toEqual({ error: 'Invalid access_token' })
  const made = (await ask(sandbox, 'POST', path, { token, body: { name: 'Global', outgoing_url: 'https://b.example' } })).json
  expect(made).toMatchObject({ name: 'Global', account_id: null, outgoing_url: 'https://b.example' })
  expect((await ask(sandbox, 'GET', path, { token })).json).toHaveLength(1)
  expect((await account(sandbox).get('/agent_bots')).json.find((bot: { id: number }) => bot.id === made.id)).toMatchObject({
    system_bot: true,
  })
  const other = await ask(sandbox, 'GET', `${path}/${sandbox.fixtures.systemBot.id}`, { token })
  expect([other.status, other.json]).toEqual([401, { error: 'Non permissible resource' }])
  expect((await ask(sandbox, 'GET', `${path}/999`, { token })).json).toEqual({ status: 404, error: 'Not Found' })
  expect((await ask(sandbox, 'DELETE', `${path}/${made.id}`, { token })).text).toBe('')
})
