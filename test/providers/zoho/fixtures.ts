import type { Tokens } from '../../../src/core/grant.ts'
import { Secret } from '../../../src/core/secret.ts'
import { ACCOUNTS_HOSTS, API_HOSTS } from '../../../src/providers/zoho-centres.ts'
import type { Canned, Seen } from '../answering-server.ts'
import type { Fixture } from '../fixtures.ts'

/** Secrets of the tests, none of which may be told. */
export const ACCESS = '1000.canary8cb99.access-cabb'
export const REFRESH = '1000.canary3a6.refresh-c0f'
export const CODE = '1000.canary77.code-12'
const SECRET = 'canary0011223344556677889900aabbccddeeff'
export const TOKEN_PATH = '/oauth/v2/token'
export const ORG = '/crm/v8/org'
export const USERS = '/crm/v8/users?type=CurrentUser'

/** Contract section 3.2. */
export const GRANTED = {
  access_token: ACCESS,
  refresh_token: REFRESH,
  scope: 'ZohoCRM.users.READ ZohoCRM.org.READ',
  api_domain: 'https://www.zohoapis.eu',
  token_type: 'Bearer',
  expires_in: 3600,
}

/** Contract section 4.1. */
export const ORGANIZATION = {
  id: '111111000000000111',
  company_name: 'Acme BV',
  zgid: '694902300',
  domain_name: 'org694902300',
  type: 'production',
  primary_email: 'office@acme.eu',
  currency: 'Euro - EUR',
  time_zone: 'Europe/Amsterdam',
  license_details: { paid: true, paid_type: 'enterprise' },
}

export const USER = {
  id: '111111000000000222',
  full_name: 'Ann Lee',
  email: 'ann@acme.eu',
  role: { name: 'CEO', id: '1' },
  profile: { name: 'Administrator', id: '2' },
  status: 'active',
}

/** What a Zoho answers when all is well. */
export function accept({ path }: Seen): Canned | undefined {
  if (path === TOKEN_PATH) return { status: 200, body: GRANTED }
  if (path === ORG) return { status: 200, body: { org: [ORGANIZATION] }, headers: { 'x-api-credits-remaining': '4100' } }
  if (path === USERS) return { status: 200, body: { users: [USER], info: { count: 1, more_records: false } } }
  return undefined
}

/** Contract section 4.2. */
export const failure = (status: number, code: string, details: object = {}): Canned => ({
  status,
  body: { code, details, message: 'a message of theirs', status: 'error' },
})

export const INVALID_TOKEN = failure(401, 'INVALID_TOKEN')
export const NO_SCOPE = failure(401, 'OAUTH_SCOPE_MISMATCH')

const REFUSALS: Fixture['refusals'] = [
  [INVALID_TOKEN, 'auth_rejected'],
  [failure(401, 'AUTHENTICATION_FAILURE'), 'auth_rejected'],
  [NO_SCOPE, 'permission_denied'],
  [failure(200, 'OAUTH_SCOPE_MISMATCH'), 'permission_denied'],
  [failure(401, 'SOMETHING_NEW'), 'auth_rejected'],
  [failure(403, 'NO_PERMISSION', { permissions: ['Crm_Implied_Api_Access'] }), 'permission_denied'],
  [failure(403, 'FORBIDDEN'), 'permission_denied'],
  [failure(404, 'INVALID_URL_PATTERN'), 'provider_error'],
  [failure(400, 'API_NOT_SUPPORTED', { supported_version: 9 }), 'provider_error'],
  [failure(400, 'INVALID_DATA'), 'provider_error'],
  [failure(429, 'TOO_MANY_REQUESTS'), 'rate_limited'],
  [failure(500, 'INTERNAL_ERROR'), 'provider_error'],
  [failure(200, 'INTERNAL_ERROR'), 'provider_error'],
  [failure(200, 'SOMETHING_NEW'), 'provider_error'],
  [{ status: 502, body: '<html>maintenance</html>' }, 'provider_error'],
  [{ status: 200, body: { id: 1 } }, 'provider_error'],
]

const refused = (error: string, more: object = {}, status = 200): Canned => ({ status, body: { error, ...more } })
const TOO_MANY = { error_description: 'You have made too many requests continuously. Please try again after some time.', status: 'failure' }

/** Contract section 3.3: with status 200, all but one. */
const TOKEN_REFUSALS: NonNullable<Fixture['tokenRefusals']> = [
  [refused('invalid_code'), 'auth_rejected'],
  [refused('invalid_client'), 'auth_rejected'],
  [refused('invalid_client_secret'), 'auth_rejected'],
  [refused('invalid_redirect_uri'), 'permission_denied'],
  [refused('access_denied'), 'auth_rejected'],
  [refused('general_error'), 'provider_error'],
  [refused('server_error'), 'provider_error'],
  [refused('Access Denied', TOO_MANY, 400), 'rate_limited'],
  [refused('Access Denied', TOO_MANY), 'rate_limited'],
  [{ status: 200, body: {} }, 'provider_error'],
  [{ status: 503, body: '<html>' }, 'provider_error'],
  [{ status: 200, body: { ...GRANTED, api_domain: 'https://www.zohoapis.eu.evil.example' } }, 'provider_error'],
  [{ status: 200, body: { ...GRANTED, api_domain: 'https://evil.example' } }, 'provider_error'],
  [{ status: 200, body: { ...GRANTED, api_domain: 'https://www.zohoapis.eu:8443' } }, 'provider_error'],
]

/** Tokens of a sign-in that was made long ago. */
export const expired = (): Tokens => ({
  accessToken: new Secret('canary-old-access-token'),
  refreshToken: new Secret(REFRESH),
  expiresAtMs: 1,
  scope: null,
  captured: { api_domain: 'https://www.zohoapis.eu' },
})

/** The client of the tests, in Europe. */
export const app = { dataCentre: 'eu', environment: 'production', clientId: '1000.ABC', clientSecret: new Secret(SECRET) }

function fixture(method: string, values: Readonly<Record<string, unknown>>, more: Partial<Fixture> = {}): Fixture {
  return {
    provider: 'zoho',
    method,
    values: () => ({ auth: method, ...app, ...values }),
    secrets: [ACCESS, REFRESH, CODE, SECRET],
    accept,
    carries: ({ path, headers }) => path === TOKEN_PATH || headers.authorization === `Zoho-oauthtoken ${ACCESS}`,
    refusals: REFUSALS,
    hosts: [...API_HOSTS, ...ACCOUNTS_HOSTS],
    tokenPath: TOKEN_PATH,
    tokenRefusals: TOKEN_REFUSALS,
    ...more,
  }
}

/** One for each way to authenticate at Zoho. */
export const zohoFixtures: readonly Fixture[] = [
  fixture('self_client', { grantCode: new Secret(CODE) }),
  fixture('refresh_token', { refreshToken: new Secret(REFRESH) }),
  fixture('oauth_browser', {}, { tokens: expired }),
]
