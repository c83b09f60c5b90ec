import { describe, expect, it } from 'vitest'
import { pipedrive } from '../../../src/providers/pipedrive.ts'
import type { Seen } from '../answering-server.ts'
import { simulate } from '../simulate.ts'
import {
  API_TOKEN,
  accept,
  BASIC,
  DAY_OVER,
  expired,
  GATEWAY,
  GRANTED,
  NO_SCOPE,
  pipedriveFixtures,
  SHUT_OUT,
  TOKEN_PATH,
  TOO_FAST,
  USER,
} from './fixtures.ts'

const [token, browser, refresh] = pipedriveFixtures as [never, never, never]
const user = (more: object): ReturnType<typeof accept> => ({ status: 200, body: { success: true, data: { ...USER, ...more } } })

describe('an API token', () => {
  it('goes into its header, to the company, and brings company, user, role and what is left of the day', async () => {
    const { result, seen, hosts } = await simulate(token, accept)
    expect(hosts).toEqual(['acme.pipedrive.com'])
    expect(seen.map(({ path, headers }) => [path, headers['x-api-token'], headers.authorization])).toEqual([
      ['/api/v1/users/me', API_TOKEN, undefined],
    ])
    expect(result).toMatchObject({
      outcome: 'connected',
      identity: {
        accountId: '9876543',
        accountName: 'Acme',
        userName: 'Ann Lee',
        userEmail: 'ann@acme.com',
        role: 'administrator of sales, global',
      },
      checks: [
        { name: 'token', detail: 'accepted' },
        { name: 'user' },
        { name: 'company', detail: 'acme.pipedrive.com, EUR, Europe/Amsterdam, en_US' },
        { name: 'limits', detail: '29998 of 30000 rate-limit tokens of the day are left' },
      ],
    })
  })

  it('without a company domain goes to the common host', async () => {
    const { result, seen, hosts } = await simulate(token, accept, { values: { companyDomain: undefined } })
    expect([hosts, seen[0]?.path, result.outcome]).toEqual([['api.pipedrive.com'], '/v1/users/me', 'connected'])
  })

  it('that the gateway refuses is not called wrong where the company may be', async () => {
    const { result } = await simulate(token, () => GATEWAY)
    expect(result.message).toContain('the same way to a wrong company domain')
    expect(result.hint).toBe('check both: crm edit acme --company-domain <text> --api-token-stdin')
    const common = await simulate(token, () => GATEWAY, { values: { companyDomain: undefined } })
    expect(common.result).toMatchObject({
      message: 'Pipedrive does not know the API token',
      hint: expect.stringContaining('--api-token-stdin'),
    })
  })

  it('tells a budget of the day, a limit of seconds and being shut out apart, and asks twice at most', async () => {
    const told = await Promise.all([DAY_OVER, TOO_FAST, SHUT_OUT].map((answer) => simulate(token, () => answer)))
    expect(told.map(({ result }) => [result.cause, result.message])).toEqual([
      ['rate_limited', 'the company has used up its API budget of the day'],
      ['rate_limited', 'Pipedrive wants fewer requests for some seconds (429)'],
      ['rate_limited', 'Pipedrive has shut this address out after too many requests'],
    ])
    for (const { seen } of told) expect(seen.length).toBeLessThanOrEqual(2)
  })

  it('warns of a company that has another name now', async () => {
    const { warnings } = await simulate(token, () => user({ company_domain: 'acme2' }))
    expect(warnings).toEqual([
      { code: 'other_company_domain', message: 'the company is now acme2.pipedrive.com; crm edit acme --company-domain acme2' },
    ])
  })

  it.each([
    [{ active_flag: false }, 'failed', undefined],
    [{ activated: '0' }, 'failed', undefined],
    [{ active_flag: 1, access: [] }, 'connected', 'regular user'],
    [{ access: undefined }, 'connected', null],
  ])('understands a user with %j', async (more, outcome, role) => {
    const { result } = await simulate(token, () => user(more))
    expect(result.outcome).toBe(outcome)
    if (role !== undefined) expect(result.identity?.role).toBe(role)
  })

  it.each([
    ['https://acme.pipedrive.com/api/v1', 'acme'],
    ['Acme.pipedrive.com/settings/api', 'acme'],
    ['https://api.pipedrive.com/v1', undefined],
    ['https://acme.example', undefined],
    ['acme', undefined],
  ])('takes the company from %s as %s', (text, company) => {
    expect(pipedrive.readPasted?.('companyDomain', text) ?? {}).toEqual(company === undefined ? {} : { companyDomain: company })
  })
})

describe('an OAuth app', () => {
  it('proves itself by Basic alone, and goes to the host that the answer names', async () => {
    const { result, seen, hosts } = await simulate(refresh, (request) =>
      request.path === TOKEN_PATH && request.headers.authorization !== BASIC ? GATEWAY : accept(request),
    )
    expect(result).toMatchObject({ outcome: 'connected', checks: [{ detail: 'scopes base,contacts:read,webhooks:read' }, {}, {}, {}] })
    expect(hosts).toEqual(['oauth.pipedrive.com', 'acme.pipedrive.com'])
    expect(seen[0]?.body).not.toMatch(/client_secret|client_id/)
  })

  it('follows a company that was renamed, and keeps what an answer leaves out', async () => {
    const rename = (request: Seen) =>
      request.path === TOKEN_PATH ? { status: 200, body: { ...GRANTED, api_domain: 'https://acme2.pipedrive.com' } } : accept(request)
    expect((await simulate(browser, rename, { tokens: expired() })).hosts.at(-1)).toBe('acme2.pipedrive.com')
    const silent = (request: Seen) =>
      request.path === TOKEN_PATH ? { status: 200, body: { access_token: GRANTED.access_token, expires_in: 3599 } } : accept(request)
    const { hosts, tokens } = await simulate(browser, silent, { tokens: expired() })
    expect([hosts.at(-1), tokens?.refreshToken?.reveal()]).toEqual(['acme.pipedrive.com', GRANTED.refresh_token])
  })

  it('renews once after a 401, and never for a scope', async () => {
    const mints = (seen: readonly Seen[]) => seen.filter(({ path }) => path === TOKEN_PATH).length
    const dead = await simulate(refresh, (request) => (request.path === TOKEN_PATH ? accept(request) : GATEWAY))
    expect([dead.result.cause, mints(dead.seen)]).toEqual(['auth_rejected', 2])
    const narrow = await simulate(refresh, (request) => (request.path === TOKEN_PATH ? accept(request) : NO_SCOPE))
    expect([narrow.result.cause, mints(narrow.seen)]).toEqual(['permission_denied', 1])
    expect(narrow.result.hint).toContain('crm login acme')
  })

  it('sends the browser without scopes and challenge', () => {
    const asked = pipedrive.authorization?.({ auth: 'oauth_browser', clientId: 'id', redirectPort: 33333 } as never)
    expect(asked).toMatchObject({ pkce: false, redirect: { port: 33333, path: '/' } })
    expect(asked).not.toHaveProperty('scope')
  })
})
