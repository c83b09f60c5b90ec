/** Salesforce with an org that rotates refresh tokens and revokes everything when an old one comes back (contract section 0.4). */
import { expect, onTestFinished, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { createHttp } from '../../src/http/http.ts'
import { salesforce } from '../../src/providers/salesforce.ts'
import { SALESFORCE_HOSTS } from '../../src/providers/salesforce-hosts.ts'
import { fingerprint } from '../../src/usecases/stored-tokens.ts'
import { testValues } from '../../src/usecases/test-integrations.ts'
import { reaching, storedValues } from '../providers/reaching.ts'
import { APP, INSTANCE, type SimulatorOptions, startSalesforce } from '../providers/salesforce/simulator.ts'
import { newVault } from '../support/vault.ts'

async function setUp(values: Readonly<Record<string, unknown>>, options: SimulatorOptions = {}) {
  const simulator = await startSalesforce(options)
  const http = createHttp({ clock: Date.now })
  onTestFinished(async () => {
    await http.close()
    await simulator.close()
  })
  const { unlocked } = await newVault({ clock: Date.now })
  const stored = storedValues({
    clientId: APP.clientId,
    ...values,
    ...(values.auth === 'refresh_token' ? { refreshToken: new Secret(simulator.refreshToken) } : {}),
  })
  await unlocked.add([{ name: 'sf', provider: 'salesforce', definition: '', active: true, values: stored }])
  const deps = {
    providers: [salesforce],
    http: reaching(http.request, SALESFORCE_HOSTS, simulator.origin),
    clock: Date.now,
    signal: new AbortController().signal,
  }
  const about = { source: 'vault', name: 'sf', profile: 'default', provider: salesforce, values: stored, unlocked } as const
  return { simulator, unlocked, stored, test: async () => (await testValues(deps, about)).result }
}

const CLIENT = { auth: 'client_credentials', loginHost: 'acme.my.salesforce.com', clientSecret: new Secret(APP.clientSecret) }
const PASTED = { auth: 'refresh_token', environment: 'production' }

test('client credentials: one token serves many tests, and a new one is asked for when the org calls it expired', async () => {
  const { simulator, test: run } = await setUp(CLIENT)
  expect(await run()).toMatchObject({
    outcome: 'connected',
    identity: { accountId: '00Dxx0000001gPLEAY', accountName: 'Acme', userName: 'Ann Lee', userEmail: 'ann@acme.com', role: 'STANDARD' },
    server: { version: '66.0' },
    checks: [
      { name: 'token', passed: true },
      { name: 'identity', passed: true },
      { name: 'api', passed: true, detail: 'Enterprise Edition, NA139' },
      { name: 'limits', passed: true, detail: '99982 of 100000 requests of the day are left' },
    ],
  })
  await run()
  expect(simulator.tokenRequests).toHaveLength(1)
  simulator.expire()
  expect((await run()).outcome).toBe('connected')
  expect(simulator.tokenRequests).toHaveLength(2)
})

test('a fault of the org is asked about once more, and then told', async () => {
  const { simulator, test: run } = await setUp(CLIENT)
  const asked = () => simulator.asked.filter((path) => path.endsWith('/query')).length
  simulator.stumble(1)
  expect((await run()).checks).toContainEqual({ name: 'api', passed: true, detail: 'Enterprise Edition, NA139' })
  expect(asked()).toBe(2)
  simulator.stumble(2)
  expect(await run()).toMatchObject({ outcome: 'failed', cause: 'provider_error', message: 'Salesforce has a fault of its own' })
  expect([asked(), simulator.tokenRequests.length]).toEqual([4, 1])
})

test('a refresh adds one round trip and no more', async () => {
  const { simulator, test: run } = await setUp(CLIENT)
  await run()
  expect(simulator.asked[0]).toBe('/services/oauth2/token')
  expect([...simulator.asked.slice(1)].sort()).toEqual(['/services/data/', '/services/data/v62.0/query', '/services/oauth2/userinfo'])
})

test('a rotated refresh token is stored, and the pasted one is never sent again', async () => {
  const { simulator, unlocked, test: run } = await setUp(PASTED, { rotates: true })
  for (let round = 1; round <= 4; round += 1) {
    expect((await run()).outcome).toBe('connected')
    simulator.expire()
    expect(simulator.tokenRequests).toHaveLength(round)
  }
  expect(simulator.tokenRequests.every(({ error }) => error === null)).toBe(true)
  const stored = await unlocked.readTokens('sf')
  expect(stored?.tokens.refreshToken?.reveal()).not.toBe(simulator.refreshToken)
  expect(stored?.tokens.captured).toEqual({ instance_url: INSTANCE })
})

test('a refresh token that the answer leaves out is kept', async () => {
  const { simulator, unlocked, test: run } = await setUp(PASTED)
  await run()
  simulator.expire()
  expect((await run()).outcome).toBe('connected')
  expect(simulator.tokenRequests.map(({ error }) => error)).toEqual([null, null])
  expect((await unlocked.readTokens('sf'))?.tokens.refreshToken?.reveal()).toBe(simulator.refreshToken)
})

test('a replay revokes all; nothing is deleted, and the login to run is named', async () => {
  const { simulator, unlocked, stored, test: run } = await setUp(PASTED, { rotates: true })
  await run()
  const old = await unlocked.readTokens('sf')
  simulator.expire()
  await run()
  // Another program, or an older copy of the vault, comes with the token of before.
  if (old !== undefined) await unlocked.saveTokens('sf', { ...old, issuedFor: fingerprint(salesforce, stored) }, 'any', 'token.sign-in')
  simulator.expire()
  expect(await run()).toMatchObject({ outcome: 'failed', cause: 'auth_rejected', hint: 'sign in again: crm login sf' })
  expect((await unlocked.readTokens('sf'))?.tokens.refreshToken?.reveal()).toBe(old?.tokens.refreshToken?.reveal())
})

test('an answer that is about a scope, not about expiry, renews nothing', async () => {
  const { simulator, stored, unlocked } = await setUp(CLIENT)
  const http = createHttp({ clock: Date.now })
  onTestFinished(() => http.close())
  const reach = reaching(http.request, SALESFORCE_HOSTS, simulator.origin)
  const refusing: typeof reach = async (request) => {
    const response = await reach(request)
    if (!request.url.pathname.includes('/query')) return response
    const body = Buffer.from('[{"message":"This session is not valid for use with the REST API","errorCode":"INVALID_SESSION_ID"}]')
    return { ...response, status: 401, body }
  }
  const deps = { providers: [salesforce], http: refusing, clock: Date.now, signal: new AbortController().signal }
  const { result, warnings } = await testValues(deps, {
    source: 'vault',
    name: 'sf',
    profile: 'default',
    provider: salesforce,
    values: stored,
    unlocked,
  })
  expect(result).toMatchObject({
    outcome: 'connected',
    checks: expect.arrayContaining([expect.objectContaining({ name: 'api', passed: false })]),
  })
  expect(warnings.map(({ code }) => code)).toEqual(['api_scope_missing'])
  expect(simulator.tokenRequests).toHaveLength(1)
})
