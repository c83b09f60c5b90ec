import { describe, expect, it } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { zoho } from '../../../src/providers/zoho.ts'
import { API_HOSTS, apiOrigin, DATA_CENTRES, dataCentre } from '../../../src/providers/zoho-centres.ts'
import type { Canned, Seen } from '../answering-server.ts'
import { simulate } from '../simulate.ts'
import {
  ACCESS,
  accept,
  CODE,
  expired,
  GRANTED,
  INVALID_TOKEN,
  NO_SCOPE,
  ORG,
  ORGANIZATION,
  REFRESH,
  TOKEN_PATH,
  USER,
  USERS,
  zohoFixtures,
} from './fixtures.ts'

const [self, refresh, browser] = zohoFixtures as [never, never, never]
const mints = (seen: readonly Seen[]) => seen.filter(({ path }) => path === TOKEN_PATH).length
const granting = (more: object) => (request: Seen) =>
  request.path === TOKEN_PATH ? { status: 200, body: { ...GRANTED, ...more } } : accept(request)

describe('a Self Client', () => {
  it('exchanges its code once, without a redirect URI, and brings organisation, user, edition and credits', async () => {
    const { result, seen, hosts, tokens } = await simulate(self, accept)
    expect(hosts).toEqual(['accounts.zoho.eu', 'www.zohoapis.eu', 'www.zohoapis.eu'])
    const form = Object.fromEntries(new URLSearchParams(seen[0]?.body))
    expect(form).toMatchObject({ grant_type: 'authorization_code', code: CODE })
    expect(form).not.toHaveProperty('redirect_uri')
    expect(tokens?.refreshToken?.reveal()).toBe(REFRESH)
    expect(result).toMatchObject({
      outcome: 'connected',
      identity: {
        accountId: '694902300',
        accountName: 'Acme BV',
        userName: 'Ann Lee',
        userEmail: 'ann@acme.eu',
        role: 'CEO, Administrator',
      },
      server: { version: 'v8' },
      checks: [
        { name: 'token', detail: 'scopes ZohoCRM.users.READ ZohoCRM.org.READ' },
        { name: 'organisation', detail: 'enterprise, production, Euro - EUR, Europe/Amsterdam, www.zohoapis.eu' },
        { name: 'user', detail: 'ann@acme.eu, CEO, Administrator' },
        { name: 'limits', detail: '4100 API credits of the day are left' },
      ],
    })
  })

  it.each([`${CODE}\n`, CODE.replaceAll('.', '%2E')])('understands a code that was copied as %j', (text) => {
    expect(zoho.readPasted?.('grantCode', text)).toEqual({ grantCode: CODE })
  })

  it('that was too slow says to generate another code, at once', async () => {
    const { result } = await simulate(self, () => ({ status: 200, body: { error: 'invalid_code' } }))
    expect(result).toMatchObject({ cause: 'auth_rejected', hint: expect.stringContaining('crm edit acme --grant-code-stdin') })
  })
})

describe('data centres', () => {
  it('each have an accounts host and API hosts of their own', () => {
    expect(new Set(DATA_CENTRES.map(({ accounts }) => accounts)).size).toBe(DATA_CENTRES.length)
    expect(new Set(API_HOSTS).size).toBe(DATA_CENTRES.length * 3)
  })

  it.each([
    ['production', 'in', undefined, 'https://www.zohoapis.in'],
    ['sandbox', 'eu', undefined, 'https://sandbox.zohoapis.eu'],
    ['developer', 'us', 'https://www.zohoapis.eu', 'https://developer.zohoapis.eu'],
    ['sandbox', 'us', 'https://sandbox.zohoapis.jp', 'https://sandbox.zohoapis.jp'],
  ])('%s in %s, where the answer names %s, is %s', (environment, id, named, origin) => {
    expect(apiOrigin(environment, dataCentre(id), named)).toBe(origin)
  })

  it('the one that the callback named is where tokens come from', async () => {
    const captured = { 'accounts-server': 'https://accounts.zoho.in', api_domain: 'https://www.zohoapis.in' }
    const { hosts } = await simulate(browser, granting({ api_domain: 'https://www.zohoapis.in' }), { tokens: { ...expired(), captured } })
    expect(new Set(hosts)).toEqual(new Set(['accounts.zoho.in', 'www.zohoapis.in']))
  })

  it.each([
    ['invalid_client', 'this data centre does not know the client ID', '--data-centre'],
    ['invalid_code', 'the refresh token is not valid here', '--data-centre'],
    ['invalid_client_secret', 'the client secret is not the one of this data centre', '--client-secret-stdin'],
  ])('the wrong one gives %s, which names it', async (error, message, flag) => {
    const { result } = await simulate(refresh, () => ({ status: 200, body: { error } }))
    expect(result.message).toContain(message)
    expect(result.hint).toContain(flag)
  })

  it('a token of the sandbox is refused in production, which is said', async () => {
    const { result, hosts } = await simulate(refresh, (request) => (request.path === TOKEN_PATH ? accept(request) : INVALID_TOKEN), {
      values: { environment: 'sandbox' },
    })
    expect(hosts.slice(1)).toEqual(['sandbox.zohoapis.eu', 'sandbox.zohoapis.eu'])
    expect(result.hint).toContain('--environment')
  })
})

describe('the tokens that Zoho counts', () => {
  const cached = () => ({ ...expired(), accessToken: new Secret(ACCESS), expiresAtMs: Date.now() + 1_800_000 })

  it('are not asked for while one is valid', async () => {
    const { result, seen } = await simulate(browser, accept, { tokens: cached() })
    expect([result.outcome, mints(seen)]).toEqual(['connected', 0])
  })

  it('are renewed once when a cached one is refused', async () => {
    const once = await simulate(browser, (request, count) => (request.path === ORG && count(ORG) === 1 ? INVALID_TOKEN : accept(request)), {
      tokens: cached(),
    })
    expect([once.result.outcome, mints(once.seen)]).toEqual(['connected', 1])
  })

  it('are not renewed when a new one is refused, or a scope is missing', async () => {
    const refuse = (answer: Canned) => (request: Seen) => (request.path === TOKEN_PATH ? accept(request) : answer)
    const fresh = await simulate(refresh, refuse(INVALID_TOKEN))
    expect([fresh.result.cause, mints(fresh.seen)]).toEqual(['auth_rejected', 1])
    const narrow = await simulate(browser, refuse(NO_SCOPE), { tokens: cached() })
    expect([narrow.result.cause, mints(narrow.seen)]).toEqual(['permission_denied', 0])
    expect(narrow.result.message).toContain('ZohoCRM.org.READ')
  })

  it.each([
    [{ expires_in: 3600 }, 3600],
    [{ expires_in: 3_600_000 }, 3600],
    [{ expires_in: 3_600_000, expires_in_sec: 3600 }, 3600],
    [{ expires_in: undefined }, 3600],
  ])('live for an hour, however %j says it', async (more, seconds) => {
    const before = Date.now()
    const { tokens } = await simulate(refresh, granting(more))
    const lifetime = ((tokens?.expiresAtMs ?? 0) - before) / 1000
    expect(lifetime).toBeGreaterThanOrEqual(seconds)
    expect(lifetime).toBeLessThan(seconds + 60)
  })
})

describe('partial rights', () => {
  it.each([
    [ORG, 'organisation', 'ZohoCRM.org.READ', { userName: 'Ann Lee', accountName: null }],
    [USERS, 'user', 'ZohoCRM.users.READ', { userName: null, accountName: 'Acme BV' }],
  ])('a token that may not read %s passes, and says which scope is missing', async (path, check, scope, identity) => {
    const { result, warnings } = await simulate(refresh, (request) => (request.path === path ? NO_SCOPE : accept(request)))
    expect(result).toMatchObject({ outcome: 'connected', identity })
    expect(result.checks).toContainEqual({ name: check, passed: false, detail: `the token lacks the scope ${scope}` })
    expect(warnings).toMatchObject([{ code: 'scope_missing', message: expect.stringContaining('crm edit acme') }])
  })

  it('no content is no failure', async () => {
    const { result } = await simulate(refresh, (request) => (request.path === ORG ? { status: 204 } : accept(request)))
    expect(result).toMatchObject({ outcome: 'connected', identity: { userName: 'Ann Lee' } })
  })

  it.each([
    [{ company_name: '' }, 'org694902300'],
    [{ company_name: null, domain_name: null }, null],
  ])('an organisation with %j is called %s', async (more, name) => {
    const { result } = await simulate(refresh, (request) =>
      request.path === ORG ? { status: 200, body: { org: [{ ...ORGANIZATION, ...more }] } } : accept(request),
    )
    expect(result.identity?.accountName).toBe(name)
  })

  it('a user who is not active is told from a wrong token', async () => {
    const { result } = await simulate(refresh, (request) =>
      request.path === USERS ? { status: 200, body: { users: [{ ...USER, status: 'disabled' }] } } : accept(request),
    )
    expect(result).toMatchObject({ cause: 'permission_denied', message: 'the user is not active' })
  })
})

describe('the browser', () => {
  it('is sent to the chosen data centre, asks for a refresh token each time, and may name another accounts server of Zoho', () => {
    const values = { auth: 'oauth_browser', dataCentre: 'jp', clientId: 'id', scopes: 'ZohoCRM.org.READ', redirectPort: 8080 }
    const asked = zoho.authorization?.(values as never)
    expect(asked?.url.href).toBe('https://accounts.zoho.jp/oauth/v2/auth')
    expect(asked).toMatchObject({
      parameters: { access_type: 'offline', prompt: 'consent' },
      pkce: true,
      redirect: { port: 8080, path: '/callback' },
    })
    expect(asked?.captures?.['accounts-server']?.hosts).toContain('accounts.zoho.eu')
    expect(zoho.authorization?.({ ...values, auth: 'self_client' } as never)).toBeUndefined()
  })
})
