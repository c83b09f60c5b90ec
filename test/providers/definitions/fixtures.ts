import { Secret } from '../../../src/core/secret.ts'
import type { Fixture } from '../fixtures.ts'

/** A key with the letters that keys have. */
export const KEY = 'canary-Key+with/chars=0123456789'
/** The key as a user name without a password. */
export const BASIC = `Basic ${Buffer.from(`${KEY}:`).toString('base64')}`

const REFUSALS: Fixture['refusals'] = [
  [{ status: 401, body: { error: 'unauthorized' } }, 'auth_rejected'],
  [{ status: 402, body: {} }, 'permission_denied'],
  [{ status: 403, body: { error: 'forbidden' } }, 'permission_denied'],
  [{ status: 404, body: '<h1>Not found</h1>' }, 'not_found'],
  [{ status: 200, body: { hello: 'from another product' } }, 'provider_error'],
  [{ status: 204 }, 'provider_error'],
]

interface Simulated {
  readonly method: string
  readonly host: string
  readonly path: string
  /** What the vendor's documentation shows of its answer. */
  readonly body: object
  readonly headers: Readonly<Record<string, string>>
  readonly values: Readonly<Record<string, unknown>>
  readonly refusals?: Fixture['refusals']
}

function fixture(provider: string, { method, host, path, body, headers, values, refusals = [] }: Simulated): Fixture {
  return {
    provider,
    method,
    values: () => values,
    secrets: [KEY, BASIC],
    hosts: [host],
    accept: (request) => (request.path === path ? { status: 200, body } : undefined),
    carries: (request) => Object.entries(headers).every(([name, value]) => request.headers[name] === value),
    refusals: [...REFUSALS, ...refusals],
  }
}

const apiKey = new Secret(KEY)
const bearer = { method: 'bearer', headers: { authorization: `Bearer ${KEY}` } }
const basic = { method: 'basic', headers: { authorization: BASIC } }

/** One for every CRM that is shipped as data. */
export const definitionFixtures: readonly Fixture[] = [
  fixture('freshsales', {
    method: 'api_key',
    host: 'acme.myfreshworks.com',
    path: '/crm/sales/api/selector/owners',
    body: { users: [{ id: 1, display_name: 'Ann Lee', email: 'ann@acme.example' }] },
    headers: { authorization: `Token token=${KEY}` },
    values: { bundle: 'acme', apiKey },
  }),
  fixture('close', {
    ...basic,
    host: 'api.close.com',
    path: '/api/v1/me/',
    body: { id: 'user_1', first_name: 'Ann', email: 'ann@acme.example', organizations: [{ id: 'orga_1', name: 'Acme' }] },
    values: { apiKey },
  }),
  fixture('copper', {
    method: 'headers',
    host: 'api.copper.com',
    path: '/developer_api/v1/account',
    body: { id: 18, name: 'Acme' },
    headers: { 'x-pw-accesstoken': KEY, 'x-pw-application': 'developer_api', 'x-pw-useremail': 'ann@acme.example' },
    values: { userEmail: 'ann@acme.example', apiKey },
  }),
  fixture('insightly', {
    ...basic,
    host: 'api.na1.insightly.com',
    path: '/v3.1/Users/Me',
    body: { USER_ID: 7, FIRST_NAME: 'Ann', LAST_NAME: 'Lee', EMAIL_ADDRESS: 'ann@acme.example' },
    values: { pod: 'na1', apiKey },
  }),
  fixture('activecampaign', {
    method: 'api_key',
    host: 'acme.api-us1.com',
    path: '/api/3/users/me',
    body: { user: { id: '1', username: 'admin', email: 'ann@acme.example' } },
    headers: { 'api-token': KEY },
    values: { account: 'acme', apiKey },
  }),
  fixture('zendesk-sell', {
    ...bearer,
    host: 'api.getbase.com',
    path: '/v2/users/self',
    body: { data: { id: 1, name: 'Ann Lee', email: 'ann@acme.example', role: 'admin' }, meta: { type: 'user' } },
    values: { accessToken: apiKey },
  }),
  fixture('intercom', {
    method: 'bearer',
    host: 'api.eu.intercom.io',
    path: '/me',
    body: { type: 'admin', id: '1', name: 'Ann Lee', email: 'ann@acme.example', app: { id_code: 'abc', name: 'Acme' } },
    headers: { ...bearer.headers, 'intercom-version': '2.11' },
    values: { region: 'api.eu', accessToken: apiKey },
  }),
  fixture('attio', {
    ...bearer,
    host: 'api.attio.com',
    path: '/v2/self',
    body: { active: true, workspace_id: 'w-1', workspace_name: 'Acme' },
    values: { accessToken: apiKey },
    refusals: [[{ status: 200, body: { active: false } }, 'auth_rejected']],
  }),
]
