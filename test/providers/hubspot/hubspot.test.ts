import { describe, expect, it } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { hubspot } from '../../../src/providers/hubspot.ts'
import type { Seen } from '../answering-server.ts'
import { simulate } from '../simulate.ts'
import {
  ACCOUNT,
  accept,
  CONTACTS,
  DAY_OVER,
  DETAILS,
  EXPIRED,
  GRANTED,
  hubspotFixtures,
  INTROSPECT,
  MOVING,
  NO_SCOPE,
  NO_TOKEN,
  REFRESH,
  TOKEN,
  TOKEN_INFO,
  TOKEN_PATH,
  TOO_FAST,
  UNKNOWN,
} from './fixtures.ts'

const [token, browser, refresh] = hubspotFixtures as [never, never, never]

describe('a service key', () => {
  it('brings account, region, scopes and what is left of the day', async () => {
    const { result } = await simulate(token, accept)
    expect(result).toMatchObject({
      outcome: 'connected',
      identity: { accountId: '62515', accountName: null },
      server: { version: '2026-03' },
      checks: [
        { name: 'token', passed: true, detail: 'scopes oauth crm.objects.contacts.read' },
        { name: 'account', passed: true, detail: 'STANDARD, USD, US/Eastern, hosted in na1' },
        { name: 'contacts', passed: true },
        { name: 'limits', passed: true, detail: '249000 of 250000 requests of the day are left' },
      ],
    })
  })

  it('passes where HubSpot does not say what the token is', async () => {
    const { result } = await simulate(token, (request) => (request.path === TOKEN_INFO ? { status: 404, body: {} } : accept(request)))
    expect(result).toMatchObject({ outcome: 'connected', checks: [{ name: 'token', detail: 'accepted' }, {}, {}, {}] })
  })

  it('that may not read contacts passes with a warning that names the scope, any one of which suffices', async () => {
    const { result, warnings } = await simulate(token, (request) => (request.path === CONTACTS ? NO_SCOPE : accept(request)))
    expect(result.outcome).toBe('connected')
    expect(result.checks).toContainEqual({ name: 'contacts', passed: false, detail: 'the token lacks a scope' })
    expect(warnings).toEqual([
      {
        code: 'scope_missing',
        message: 'the token lacks a scope; add crm.objects.deals.read to the scopes of the service key or app, then: crm test acme',
      },
    ])
  })

  it.each([
    [NO_TOKEN, 'this is no access token: a personal access key, a client secret, or a typing error'],
    [EXPIRED, 'the access token has expired: it is one of an OAuth app, which lasts half an hour'],
    [UNKNOWN, 'HubSpot does not know the token: it was revoked, or the app was uninstalled'],
  ])('that is refused with %j says what it is, and where to get another', async (answer, message) => {
    const { result, seen } = await simulate(token, () => answer)
    expect(result).toMatchObject({ cause: 'auth_rejected', message, hint: expect.stringContaining('crm edit acme --access-token-stdin') })
    expect(seen.some(({ path }) => path === TOKEN_PATH)).toBe(false)
  })

  it('tells the quota of a day from the limit of some seconds, and a move from both', async () => {
    const told = await Promise.all([DAY_OVER, TOO_FAST, MOVING].map(async (answer) => (await simulate(token, () => answer)).result))
    expect(told.map(({ message }) => message)).toEqual([
      'the account has used up its requests of the day',
      'HubSpot wants fewer requests for some seconds (429)',
      'HubSpot is moving this account to another data centre',
    ])
    expect(told[2]?.hint).toContain('wait 3600 s')
  })

  it.each([
    ['canary00-aaaa-bbbb-cccc-ddddeeeeffff'.replaceAll(/[^0-9a-f-]/g, '0'), 'looks_like_client_secret'],
    [`CiRu${'A'.repeat(120)}`, 'looks_like_personal_key'],
    [TOKEN, undefined],
    ['a-token-of-a-new-form', undefined],
  ])('of the form %s is warned of as %s, and never refused for it', (text, code) => {
    const warnings = hubspot.cautions?.({ auth: 'token', accessToken: new Secret(text) } as never) ?? []
    expect(warnings.map((warning) => warning.code)).toEqual(code === undefined ? [] : [code])
  })
})

describe('an OAuth app', () => {
  it('is asked on the endpoints of 2026-03 alone, all parameters in the body', async () => {
    const { result, seen } = await simulate(refresh, (request) =>
      new URL(request.path, 'https://x').search === '' || request.path === CONTACTS ? accept(request) : { status: 400 },
    )
    expect(result).toMatchObject({
      outcome: 'connected',
      identity: { accountId: '62515', accountName: 'acme.com', userEmail: 'ann@acme.com' },
    })
    expect(seen.filter(({ path }) => path.startsWith('/oauth')).map(({ path }) => path)).toEqual([TOKEN_PATH, INTROSPECT])
    const form = new URLSearchParams(seen[0]?.body)
    expect(Object.fromEntries(form)).toMatchObject({ grant_type: 'refresh_token', refresh_token: REFRESH, client_id: expect.any(String) })
  })

  it('renews once what HubSpot calls expired, and nothing else', async () => {
    const mints = (seen: readonly Seen[]) => seen.filter(({ path }) => path === TOKEN_PATH).length
    const stale = await simulate(refresh, (request, count) =>
      request.path === DETAILS && count(DETAILS) === 1 ? EXPIRED : accept(request),
    )
    expect([stale.result.outcome, mints(stale.seen)]).toEqual(['connected', 2])
    const dead = await simulate(refresh, (request) => (request.path === DETAILS ? EXPIRED : accept(request)))
    expect([dead.result.cause, mints(dead.seen)]).toEqual(['auth_rejected', 2])
    for (const answer of [NO_SCOPE, UNKNOWN, NO_TOKEN]) {
      const refused = await simulate(refresh, (request) => (request.path === TOKEN_PATH ? accept(request) : answer))
      expect([refused.result.outcome, mints(refused.seen)]).toEqual(['failed', 1])
    }
  })

  it('keeps a refresh token that comes back changed', async () => {
    const { tokens } = await simulate(refresh, (request) =>
      request.path === TOKEN_PATH ? { status: 200, body: { ...GRANTED, refresh_token: 'rotated' } } : accept(request),
    )
    expect(tokens?.refreshToken?.reveal()).toBe('rotated')
    expect(ACCOUNT.status).toBe(200)
  })

  it('asks the browser for the scopes, without a challenge, and comes back to the registered address', () => {
    const values = { auth: 'oauth_browser', clientId: 'id', scopes: 'oauth crm.objects.contacts.read', redirectPort: 3000 }
    expect(hubspot.authorization?.(values as never)).toMatchObject({
      scope: 'oauth crm.objects.contacts.read',
      pkce: false,
      redirect: { port: 3000, path: '/oauth-callback' },
    })
    expect(hubspot.authorization?.({ auth: 'token' } as never)).toBeUndefined()
  })

  it('that is signed in and refused says to sign in again, or to give the token anew', async () => {
    const dead = { status: 400, body: { status: 'BAD_REFRESH_TOKEN', error: 'invalid_grant' } }
    const refuse = (request: Seen) => (request.path === TOKEN_PATH ? dead : accept(request))
    expect((await simulate(browser, refuse)).result.hint).toBe('sign in again: crm login acme')
    expect((await simulate(refresh, refuse)).result.hint).toContain('crm edit acme --refresh-token-stdin')
  })
})
