import type { Tokens } from '../../../src/core/grant.ts'
import { Secret } from '../../../src/core/secret.ts'
import type { Canned, Seen } from '../answering-server.ts'
import type { Fixture } from '../fixtures.ts'

/** Secrets of the tests, none of which may be told. */
export const API_TOKEN = 'canary0123456789abcdef0123456789abcdef01'
export const ACCESS = 'v1u:AQIBAHcanary-access'
export const REFRESH = '53:179:canary-refresh'
const SECRET = 'canaryfedcba9876543210fedcba9876543210fe'
const CLIENT = '0123456789abcdef'
export const BASIC = `Basic ${Buffer.from(`${CLIENT}:${SECRET}`).toString('base64')}`
export const TOKEN_PATH = '/oauth/token'

/** The user of contract section 3. */
export const USER = {
  id: 12345678,
  name: 'Ann Lee',
  email: 'ann@acme.com',
  default_currency: 'EUR',
  locale: 'en_US',
  activated: true,
  active_flag: true,
  timezone_name: 'Europe/Amsterdam',
  access: [
    { app: 'sales', admin: true, permission_set_id: 'uuid' },
    { app: 'global', admin: true, permission_set_id: 'uuid' },
  ],
  company_id: 9876543,
  company_name: 'Acme',
  company_domain: 'acme',
}

/** Contract section 4.1. */
export const GRANTED = {
  access_token: ACCESS,
  token_type: 'Bearer',
  expires_in: 3599,
  refresh_token: REFRESH,
  scope: 'base,contacts:read,webhooks:read',
  api_domain: 'https://acme.pipedrive.com',
}

/** What a Pipedrive answers when all is well. */
export function accept({ path }: Seen): Canned | undefined {
  if (path === TOKEN_PATH) return { status: 200, body: GRANTED }
  if (!/^\/(?:api\/)?v1\/users\/me$/.test(path)) return undefined
  const headers = { 'x-daily-ratelimit-token-limit': '30000', 'x-daily-ratelimit-token-remaining': '29998' }
  return { status: 200, body: { success: true, data: USER, additional_data: null, related_objects: null }, headers }
}

const failure = (status: number, error: string, more: object = {}): Canned => ({
  status,
  body: { success: false, error, errorCode: status, error_info: 'Please check developers.pipedrive.com', ...more },
})

/** What the gateway says to everything that it does not know (contract section 3.1). */
export const GATEWAY = failure(401, 'unauthorized access')
export const NO_SCOPE = failure(403, 'Scope and URL mismatch')
export const TOO_FAST = failure(429, 'request over limit')
export const DAY_OVER: Canned = { ...TOO_FAST, headers: { 'x-daily-ratelimit-token-remaining': '0' } }
export const SHUT_OUT: Canned = { status: 403, body: '<!DOCTYPE html><html><title>Access denied | Cloudflare</title></html>' }

/** Contract section 3.1. */
const REFUSALS: Fixture['refusals'] = [
  [GATEWAY, 'auth_rejected'],
  [failure(401, 'Invalid token: access token is invalid'), 'auth_rejected'],
  [failure(402, 'Required suites missing'), 'permission_denied'],
  [NO_SCOPE, 'permission_denied'],
  [failure(403, 'Limit reached', { code: 'feature_capping_deals' }), 'permission_denied'],
  [failure(403, 'Forbidden'), 'permission_denied'],
  [SHUT_OUT, 'rate_limited'],
  [failure(404, 'Not found'), 'provider_error'],
  [failure(405, 'Method not allowed'), 'provider_error'],
  [failure(410, 'Gone'), 'provider_error'],
  [failure(422, 'Unprocessable'), 'provider_error'],
  [TOO_FAST, 'rate_limited'],
  [DAY_OVER, 'rate_limited'],
  [{ status: 503, body: '<html>maintenance' }, 'provider_error'],
  [{ status: 200, body: { success: false, error: 'no' } }, 'provider_error'],
  [{ status: 200, body: { success: true, data: null } }, 'provider_error'],
  [{ status: 200, body: { success: true, data: { ...USER, active_flag: 0 } } }, 'permission_denied'],
]

const refused = (error: string, message = ''): Canned => ({ status: 400, body: { success: false, error, message } })

/** Contract section 4.2. */
const TOKEN_REFUSALS: NonNullable<Fixture['tokenRefusals']> = [
  [refused('invalid_grant', 'Invalid grant: refresh_token is invalid'), 'auth_rejected'],
  [refused('Invalid grant: refresh_token is invalid'), 'auth_rejected'],
  [refused('invalid_grant', 'Invalid grant: authorization_code has expired'), 'auth_rejected'],
  [refused('Invalid client: client is invalid'), 'auth_rejected'],
  [refused('invalid_request', 'Invalid request: redirect_uri is not registered'), 'permission_denied'],
  [refused('something_new'), 'auth_rejected'],
  [{ status: 200, body: { ...GRANTED, api_domain: 'https://acme.pipedrive.com.evil.example' } }, 'provider_error'],
  [{ status: 200, body: { ...GRANTED, api_domain: 'http://acme.pipedrive.com' } }, 'provider_error'],
]

/** Tokens of a sign-in that was made long ago. */
export const expired = (): Tokens => ({
  accessToken: new Secret('canary-old-access-token'),
  refreshToken: new Secret(REFRESH),
  expiresAtMs: 1,
  scope: 'base',
  captured: { api_domain: 'https://acme.pipedrive.com' },
})

const app = { clientId: CLIENT, clientSecret: new Secret(SECRET) }

function fixture(method: string, values: Readonly<Record<string, unknown>>, more: Partial<Fixture> = {}): Fixture {
  return {
    provider: 'pipedrive',
    method,
    values: () => ({ auth: method, ...values }),
    secrets: [API_TOKEN, ACCESS, REFRESH, SECRET],
    accept,
    carries: ({ path, headers }) =>
      path === TOKEN_PATH || headers.authorization === `Bearer ${ACCESS}` || headers['x-api-token'] === API_TOKEN,
    refusals: REFUSALS,
    hosts: ['.pipedrive.com'],
    tokenPath: TOKEN_PATH,
    tokenRefusals: TOKEN_REFUSALS,
    ...more,
  }
}

/** One for each way to authenticate at Pipedrive. */
export const pipedriveFixtures: readonly Fixture[] = [
  fixture('api_token', { apiToken: new Secret(API_TOKEN), companyDomain: 'acme' }, { tokenRefusals: [] }),
  fixture('oauth_browser', app, { tokens: expired }),
  fixture('refresh_token', { ...app, refreshToken: new Secret(REFRESH) }),
]
