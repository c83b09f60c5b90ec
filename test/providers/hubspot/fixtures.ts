import type { Tokens } from '../../../src/core/grant.ts'
import { Secret } from '../../../src/core/secret.ts'
import type { Canned, Seen } from '../answering-server.ts'
import type { Fixture } from '../fixtures.ts'

/** Secrets of the tests, none of which may be told. */
export const TOKEN = 'pat-eu1-canary00-1111-2222-3333-444455556666'
const SECRET = 'canary00-aaaa-bbbb-cccc-ddddeeeeffff'
export const REFRESH = '4f90c8canary-refresh-0123456789'
export const TOKEN_PATH = '/oauth/2026-03/token'
export const INTROSPECT = '/oauth/2026-03/token/introspect'
export const TOKEN_INFO = '/oauth/v2/private-apps/get/access-token-info'
export const DETAILS = '/account-info/2026-03/details'
export const CONTACTS = '/crm/objects/2026-03/contacts?limit=1'

/** The body of contract section 3.1, with the headers of section 3.5. */
export const ACCOUNT: Canned = {
  status: 200,
  body: {
    portalId: 62515,
    accountType: 'STANDARD',
    timeZone: 'US/Eastern',
    companyCurrency: 'USD',
    additionalCurrencies: [],
    utcOffset: '-05:00',
    utcOffsetMilliseconds: -18000000,
    uiDomain: 'app.hubspot.com',
    dataHostingLocation: 'na1',
  },
  headers: { 'x-hubspot-ratelimit-daily': '250000', 'x-hubspot-ratelimit-daily-remaining': '249000' },
}

const SCOPES = ['oauth', 'crm.objects.contacts.read']

/** Contract section 4.1. */
export const GRANTED = {
  access_token: TOKEN,
  refresh_token: REFRESH,
  token_type: 'bearer',
  expires_in: 1800,
  hub_id: 62515,
  user_id: 42,
  scopes: SCOPES,
  token_use: 'access_token',
  id_token: null,
}

/** Contract section 3.2. The token in it is never shown. */
const INTROSPECTED = {
  active: true,
  token_use: 'access_token',
  token_type: 'access',
  token: TOKEN,
  app_id: 123,
  hub_id: 62515,
  hub_domain: 'acme.com',
  user: 'ann@acme.com',
  user_id: 42,
  scopes: SCOPES,
  expires_in: 1754,
  signed_access_token: { signature: SECRET, userId: 42 },
}

/** What a HubSpot answers when all is well. */
export function accept({ path }: Seen): Canned | undefined {
  if (path === TOKEN_PATH) return { status: 200, body: GRANTED }
  if (path === DETAILS) return ACCOUNT
  if (path === CONTACTS) return { status: 200, body: { results: [] } }
  if (path === INTROSPECT) return { status: 200, body: INTROSPECTED }
  if (path === TOKEN_INFO) return { status: 200, body: { userId: 42, hubId: 62515, appId: 123, scopes: SCOPES } }
  return undefined
}

/** An error in the envelope of contract section 3.4. */
export const failure = (status: number, category: string, message: string, more: object = {}): Canned => ({
  status,
  body: { status: 'error', message, correlationId: '8f3c', category, ...more },
})

export const EXPIRED = failure(401, 'EXPIRED_AUTHENTICATION', 'The OAuth token used to make this call expired 25 minute(s) ago.', {
  context: { 'expire time': ['2026-11-27T15:00:00.000Z'] },
})
export const NO_TOKEN = failure(401, 'EXPIRED_AUTHENTICATION', 'The OAuth token used to make this call expired 20591 day(s) ago.', {
  context: { 'expire time': ['1970-01-01T00:00:00.000Z'] },
})
export const UNKNOWN = failure(401, 'INVALID_AUTHENTICATION', 'Authentication credentials not found. This API supports OAuth 2.0.')
export const NO_SCOPE = failure(403, 'MISSING_SCOPES', "This app hasn't been granted all required scopes to make this call.", {
  errors: [
    { message: 'One or more of the following scopes are required.', context: { requiredGranularScopes: ['crm.objects.deals.read'] } },
  ],
})
export const DAY_OVER: Canned = {
  status: 429,
  body: { status: 'error', message: 'You have reached your daily limit.', errorType: 'RATE_LIMIT', policyName: 'DAILY' },
}
export const TOO_FAST: Canned = {
  status: 429,
  body: {
    status: 'error',
    message: 'You have reached your ten_secondly_rolling limit.',
    errorType: 'RATE_LIMIT',
    policyName: 'TEN_SECONDLY_ROLLING',
  },
}
export const MOVING: Canned = { status: 477, body: { status: 'error' }, headers: { 'retry-after': '3600' } }

const CLOUDFLARE = '<!DOCTYPE html><html><title>api.hubapi.com | 525: SSL handshake failed</title></html>'

/** Contract section 3.4. */
const REFUSALS: Fixture['refusals'] = [
  [UNKNOWN, 'auth_rejected'],
  [EXPIRED, 'auth_rejected'],
  [NO_TOKEN, 'auth_rejected'],
  [{ status: 401 }, 'auth_rejected'],
  [NO_SCOPE, 'permission_denied'],
  [failure(403, 'GATED', 'gated'), 'permission_denied'],
  [failure(403, 'BANNED', 'the app was uninstalled'), 'permission_denied'],
  [failure(404, 'OBJECT_NOT_FOUND', 'resource not found'), 'provider_error'],
  [{ status: 404, body: CLOUDFLARE }, 'provider_error'],
  [{ status: 423, body: {} }, 'provider_error'],
  [DAY_OVER, 'rate_limited'],
  [TOO_FAST, 'rate_limited'],
  [MOVING, 'provider_error'],
  [{ status: 525, body: CLOUDFLARE }, 'provider_error'],
  [{ status: 200, body: { id: 1 } }, 'provider_error'],
]

const refused = (status: string, error?: string, description = ''): Canned => ({
  status: 400,
  body: { status, message: description, error, error_description: description, correlationId: '8f3c' },
})

/** Contract section 4.2. */
const TOKEN_REFUSALS: NonNullable<Fixture['tokenRefusals']> = [
  [refused('BAD_REFRESH_TOKEN', 'invalid_grant', 'refresh token is invalid, expired or revoked'), 'auth_rejected'],
  [refused('BAD_REFRESH_TOKEN'), 'auth_rejected'],
  [refused('BAD_AUTH_CODE'), 'auth_rejected'],
  [refused('BAD_CLIENT_ID', 'invalid_client'), 'auth_rejected'],
  [refused('BAD_CLIENT_SECRET'), 'auth_rejected'],
  [refused('MISMATCH_REDIRECT_URI_AUTH_CODE'), 'permission_denied'],
  [{ status: 404, body: '<html>' }, 'provider_error'],
  [{ status: 200, body: {} }, 'provider_error'],
]

/** Tokens of a sign-in that was made long ago. */
export const expired = (): Tokens => ({
  accessToken: new Secret('canary-old-access-token'),
  refreshToken: new Secret(REFRESH),
  expiresAtMs: 1,
  scope: null,
  captured: {},
})

const app = { clientId: '01234567-89ab-cdef-0123-456789abcdef', clientSecret: new Secret(SECRET) }

function fixture(method: string, values: Readonly<Record<string, unknown>>, more: Partial<Fixture> = {}): Fixture {
  return {
    provider: 'hubspot',
    method,
    values: () => ({ auth: method, ...values }),
    secrets: [TOKEN, SECRET, REFRESH],
    accept,
    carries: ({ path, headers }) => path === TOKEN_PATH || headers.authorization === `Bearer ${TOKEN}`,
    refusals: REFUSALS,
    hosts: ['api.hubapi.com'],
    tokenPath: TOKEN_PATH,
    readByPost: [INTROSPECT, TOKEN_INFO],
    tokenRefusals: TOKEN_REFUSALS,
    ...more,
  }
}

/** One for each way to authenticate at HubSpot. */
export const hubspotFixtures: readonly Fixture[] = [
  fixture('token', { accessToken: new Secret(TOKEN) }, { tokenRefusals: [] }),
  fixture('oauth_browser', app, { tokens: expired }),
  fixture('refresh_token', { ...app, refreshToken: new Secret(REFRESH) }),
]
