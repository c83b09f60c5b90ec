import { expect, test } from 'vitest'
import { ask, openSandbox } from './support/sandbox.ts'

test('a profile lists several accounts with their roles, a suspended one among them', async () => {
  const sandbox = await openSandbox()
  const profile = (await ask(sandbox, 'GET', '/api/v1/profile', { token: sandbox.agentToken })).json
  expect(profile.accounts).toMatchObject([
    { id: 1, status: 'active', role: 'agent', permissions: ['agent'] },
    { id: 3, status: 'suspended', role: 'administrator', permissions: ['administrator'] },
  ])
})

test('account_id and role at the top are those of the account used last, not of the one the client means', async () => {
  const sandbox = await openSandbox()
  const agent = (await ask(sandbox, 'GET', '/api/v1/profile', { token: sandbox.agentToken })).json
  expect([agent.account_id, agent.role]).toEqual([3, 'administrator'])
  const administrator = (await ask(sandbox, 'GET', '/api/v1/profile', { token: sandbox.administratorToken })).json
  expect([administrator.account_id, administrator.role]).toEqual([2, 'administrator'])
})

test('bot tokens and platform tokens are refused on the profile', async () => {
  const sandbox = await openSandbox()
  for (const token of [sandbox.fixtures.systemBot.accessToken, sandbox.fixtures.platformToken]) {
    const answer = await ask(sandbox, 'GET', '/api/v1/profile', { token })
    expect([answer.status, answer.json]).toEqual([401, { error: 'Access to this endpoint is not authorized for bots' }])
  }
})

test('keys of the profile come with their releases', async () => {
  const keys = async (version: string) => {
    const sandbox = await openSandbox({ version })
    const profile = (await ask(sandbox, 'GET', '/api/v1/profile', { token: sandbox.administratorToken })).json
    return [...Object.keys(profile), ...Object.keys(profile.accounts[0])]
  }
  const names = ['type', 'status', 'permissions', 'custom_role', 'onboarding_step', 'api_and_webhooks']
  const shown = async (version: string) => {
    const present = await keys(version)
    return names.filter((name) => present.includes(name))
  }
  expect(await shown('2.7.0')).toEqual([])
  expect(await shown('2.16.0')).toEqual(['type', 'status'])
  expect(await shown('3.13.0')).toEqual(['type', 'status', 'permissions', 'custom_role'])
  expect(await shown('4.15.1')).toEqual(['type', 'status', 'permissions', 'custom_role', 'onboarding_step'])
  expect(await shown('4.16.0')).toEqual(names)
})

test('an account is shown to its members, suspended or not', async () => {
  const sandbox = await openSandbox()
  const shown = (await ask(sandbox, 'GET', '/api/v1/accounts/3', { token: sandbox.administratorToken })).json
  expect(shown).toMatchObject({ id: 3, status: 'suspended', latest_chatwoot_version: '4.15.1', features: { agent_bots: true } })
})

test('agents of an account are a bare array', async () => {
  const sandbox = await openSandbox()
  const agents = (await ask(sandbox, 'GET', '/api/v1/accounts/1/agents', { token: sandbox.agentToken })).json
  expect(agents.map(({ name, role, account_id }: Record<string, unknown>) => [name, role, account_id])).toEqual([
    ['Ada Sandbox', 'administrator', 1],
    ['Ben Sandbox', 'agent', 1],
  ])
})

test('a Cloud plan without the API is 403 on account endpoints, while the profile answers with an empty token', async () => {
  const sandbox = await openSandbox({ cloudWithoutApi: true })
  const token = sandbox.administratorToken
  for (const path of ['/inboxes', '/agent_bots', '/webhooks', '']) {
    const answer = await ask(sandbox, 'GET', `/api/v1/accounts/1${path}`, { token })
    expect([answer.status, answer.json]).toEqual([403, { error: 'API access is not enabled for this account' }])
  }
  const profile = await ask(sandbox, 'GET', '/api/v1/profile', { token })
  expect([profile.status, profile.json.access_token]).toEqual([200, ''])
  expect(profile.json.accounts.every((place: Record<string, unknown>) => place.api_and_webhooks === false)).toBe(true)
})
