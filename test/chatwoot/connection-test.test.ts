import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import type { Provider, TestReport } from '../../src/core/provider.ts'
import { Secret } from '../../src/core/secret.ts'
import { chatwoot } from '../../src/providers/chatwoot.ts'
import type { SandboxOptions } from '../../src/sandbox/index.ts'
import { noTokens } from '../support/no-tokens.ts'
import { together } from '../support/together.ts'
import { openHttp, openSandbox } from './support.ts'

type Context = Parameters<typeof openHttp>[0]
type Values = Parameters<Provider['test']>[0]

/** Tests against a sandbox, with other values where they are given. */
async function testAt(
  context: Context,
  options: Partial<SandboxOptions> = {},
  values: { accountId?: string; token?: string; path?: string } = {},
) {
  const { http, sandbox, target } = await openSandbox(context, options)
  const { accountId = '1', token = sandbox.administratorToken, path = '' } = values
  const merged = { ...target.values, accountId, apiKey: new Secret(token), baseUrl: `${sandbox.url}${path}` } as unknown as Values
  const report = await chatwoot.test(merged, { http, clock: Date.now, signal: new AbortController().signal, tokens: noTokens })
  return { report, sandbox }
}

const checksOf = (report: TestReport) => report.checks.map(({ name, passed }) => `${passed ? '+' : '-'}${name}`).join(' ')

test('an administrator is connected, in one round trip of three reads', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const door = await together(context, sandbox.url, [3])
  const values = { ...target.values, baseUrl: door.url } as unknown as Values
  const report = await chatwoot.test(values, { http, clock: Date.now, signal: new AbortController().signal, tokens: noTokens })
  expect(report).toMatchObject({
    outcome: 'connected',
    cause: null,
    message: null,
    hint: null,
    warnings: [],
    server: { version: '4.15.1' },
  })
  expect(checksOf(report)).toBe('+product +token +account +plan +administrator +version')
  expect(report.identity).toEqual({
    accountId: '1',
    accountName: 'Sandbox One',
    userName: 'Ada Sandbox',
    userEmail: 'ada@sandbox.example',
    role: 'administrator',
  })
  expect(door.groups).toEqual([['GET /api', 'GET /api/v1/accounts/1/webhooks', 'GET /api/v1/profile']])
  expect(sandbox.requests).toHaveLength(3)
})

test('an agent passes with a failed check and a warning, whatever role they have elsewhere', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const values = { ...target.values, apiKey: new Secret(sandbox.agentToken) } as unknown as Values
  const report = await chatwoot.test(values, { http, clock: Date.now, signal: new AbortController().signal, tokens: noTokens })
  expect(report).toMatchObject({ outcome: 'connected', cause: null, identity: { role: 'agent', accountName: 'Sandbox One' } })
  expect(checksOf(report)).toBe('+product +token +account +plan -administrator +version')
  expect(report.warnings.map(({ code }) => code)).toEqual(['not_administrator'])
})

test('a wrong token is rejected', async (context) => {
  const { report } = await testAt(context, {}, { token: 'nonsense' })
  expect(report).toMatchObject({
    outcome: 'failed',
    cause: 'auth_rejected',
    hint: expect.stringContaining('crm edit {name} --api-key-stdin'),
  })
  expect(checksOf(report)).toBe('+product -token')
})

test('a proxy that drops every token header is named with its fix', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const dropping: typeof http = ({ headers = {}, ...request }) => {
    const { 'Api-Access-Token': _dropped, ...rest } = headers
    return http({ ...request, headers: rest })
  }
  const report = await chatwoot.test(target.values as unknown as Values, {
    http: dropping,
    clock: Date.now,
    signal: new AbortController().signal,
    tokens: noTokens,
  })
  expect(report).toMatchObject({
    cause: 'auth_rejected',
    message: expect.stringContaining('proxy'),
    hint: expect.stringContaining('underscores_in_headers'),
  })
  expect(sandbox.requests.length).toBe(3)
})

test('a proxy that drops underscores alone does no harm', async (context) => {
  const { report } = await testAt(context, { dropUnderscoreHeaders: true })
  expect(report.outcome).toBe('connected')
})

test("a bot's and a platform app's token are no user's", async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  for (const token of [sandbox.fixtures.systemBot.accessToken, sandbox.fixtures.platformToken]) {
    const values = { ...target.values, apiKey: new Secret(token) } as unknown as Values
    const report = await chatwoot.test(values, { http, clock: Date.now, signal: new AbortController().signal, tokens: noTokens })
    expect(report).toMatchObject({ cause: 'permission_denied', message: expect.stringContaining('bot') })
  }
})

test('a wrong account is not found, and those of the token are listed', async (context) => {
  const { report } = await testAt(context, {}, { accountId: '99' })
  expect(report).toMatchObject({ outcome: 'failed', cause: 'not_found', hint: expect.stringContaining('--account-id') })
  expect(report.message).toContain('1 (Sandbox One), 2 (Sandbox Two)')
  expect(checksOf(report)).toBe('+product +token -account')
  expect(report.identity).toMatchObject({ accountId: null, userEmail: 'ada@sandbox.example' })
})

test('a suspended account and a plan without API are permissions that are missing', async (context) => {
  const { sandbox } = await openSandbox(context)
  const suspended = await testAt(context, {}, { accountId: String(sandbox.fixtures.suspendedAccount.id) })
  expect(suspended.report).toMatchObject({ cause: 'permission_denied', message: expect.stringContaining('suspended') })
  const cloud = await testAt(context, { cloudWithoutApi: true })
  expect(cloud.report).toMatchObject({ cause: 'permission_denied', message: expect.stringContaining('no API access') })
  expect(checksOf(cloud.report)).toBe('+product +token +account -plan')
})

test('a redirect is not followed, and the report names the corrected address', async (context) => {
  for (const forceSsl of [301, 308] as const) {
    const { report, sandbox } = await testAt(context, { forceSsl })
    const corrected = sandbox.url.replace('http:', 'https:')
    expect(report).toMatchObject({
      cause: 'provider_error',
      hint: expect.stringMatching(new RegExp(`crm edit \\{name\\} --base-url ${corrected}$`)),
    })
  }
})

test('a dashboard address is understood, and another path is corrected', async (context) => {
  expect((await testAt(context, {}, { path: '/app/accounts/1/dashboard' })).report.outcome).toBe('connected')
  const { report, sandbox } = await testAt(context, {}, { path: '/support' })
  expect(report).toMatchObject({
    cause: 'provider_error',
    hint: `use the address without a path: crm edit {name} --base-url ${sandbox.url}`,
  })
})

test('faults of the server are never called a wrong credential', async (context) => {
  const table = [
    ['GET /api:500', 'provider_error'],
    ['GET /profile:500', 'provider_error'],
    ['GET /webhooks:500', 'provider_error'],
    ['GET /profile:html', 'provider_error'],
    ['GET /api:html', 'provider_error'],
    ['GET /api:404', 'provider_error'],
    ['GET /profile:429', 'rate_limited'],
    ['GET /webhooks:429', 'rate_limited'],
    ['GET /webhooks:503', 'provider_error'],
  ] as const
  for (const [fault, cause] of table) {
    const { report } = await testAt(context, { faults: [fault] })
    expect(report, fault).toMatchObject({ outcome: 'failed', cause })
    expect(`${report.message} ${report.hint}`, fault).not.toMatch(/token/i)
  }
})

test('where no question could be put, the test throws', async (context) => {
  await expect(testAt(context, { faults: ['GET /profile:reset'] })).rejects.toMatchObject({ code: 'unreachable' })
  const { http, sandbox, target } = await openSandbox(context)
  await sandbox.close()
  const stop = new AbortController()
  const run = () => chatwoot.test(target.values as unknown as Values, { http, clock: Date.now, signal: stop.signal, tokens: noTokens })
  await expect(run()).rejects.toMatchObject({ code: 'unreachable' })
  stop.abort()
  await expect(run()).rejects.toMatchObject({ code: 'cancelled' })
})

test('another product at the address is told', async (context) => {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ path: request.url, version: 7 }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  context.onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())))
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const values = { baseUrl, accountId: '1', apiKey: new Secret('token') } as unknown as Values
  const report = await chatwoot.test(values, {
    http: openHttp(context),
    clock: Date.now,
    signal: new AbortController().signal,
    tokens: noTokens,
  })
  expect(report).toMatchObject({ cause: 'provider_error', message: expect.stringContaining('there is no Chatwoot') })
  expect(checksOf(report)).toBe('-product')
})

test('versions with trouble of their own come with a warning', async (context) => {
  const broken = await testAt(context, { version: '4.16.0' })
  expect(broken.report.outcome).toBe('connected')
  expect(broken.report.warnings.map(({ code }) => code)).toEqual(['agent_bots_broken'])
  expect(checksOf(broken.report)).toContain('-version')
  const old = await testAt(context, { version: '3.0.0' })
  expect(old.report.warnings.map(({ code }) => code)).toEqual(['used_bots_not_removable', 'deliveries_unsigned'])
})

test('services that stand still are a warning', async (context) => {
  const { http, target } = await openSandbox(context)
  const failing: typeof http = async (request) => {
    const response = await http(request)
    if (request.url.pathname !== '/api') return response
    return { ...response, body: Buffer.from(JSON.stringify({ version: '4.15.1', queue_services: 'failing', data_services: 'ok' })) }
  }
  const report = await chatwoot.test(target.values as unknown as Values, {
    http: failing,
    clock: Date.now,
    signal: new AbortController().signal,
    tokens: noTokens,
  })
  expect(report.warnings.map(({ code }) => code)).toEqual(['queue_failing'])
})

test('no report holds a token', async (context) => {
  for (const values of [{}, { accountId: '99' }, { token: 'CANARY-0b1c2d3e4f5a6b7c8d9e0f' }]) {
    const { report, sandbox } = await testAt(context, {}, values)
    for (const token of [sandbox.administratorToken, 'CANARY']) expect(JSON.stringify(report)).not.toContain(token)
  }
})
