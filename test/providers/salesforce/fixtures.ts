import { generateKeyPairSync } from 'node:crypto'
import type { Tokens } from '../../../src/core/grant.ts'
import { Secret } from '../../../src/core/secret.ts'
import { SALESFORCE_HOSTS } from '../../../src/providers/salesforce-hosts.ts'
import type { Canned, Seen } from '../answering-server.ts'
import type { Fixture } from '../fixtures.ts'

const SECRET = 'CANARY0123456789ABCDEF+/=client'
const TOKEN = '00Dxx0000001gPL!AR8AQcanary.token.0123456789'
const REFRESH = '5Aep861canary.refresh-0123456789'
const INSTANCE = 'https://acme.my.salesforce.com'
const TOKEN_PATH = '/services/oauth2/token'
const KEY = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

/** The body of contract section 3.3. */
const GRANTED = {
  access_token: TOKEN,
  signature: 'c2lnbmF0dXJl',
  scope: 'refresh_token api id',
  instance_url: INSTANCE,
  id: 'https://login.salesforce.com/id/00Dxx0000001gPLEAY/005xx000001Sv6AAAS',
  token_type: 'Bearer',
  issued_at: '1763798400000',
}

const USER = {
  user_id: '005xx000001Sv6AAAS',
  organization_id: '00Dxx0000001gPLEAY',
  preferred_username: 'ann@acme.com',
  name: 'Ann Lee',
  email: 'ann@acme.com',
  active: true,
  user_type: 'STANDARD',
}

const ORGANIZATION = {
  totalSize: 1,
  done: true,
  records: [{ Id: '00Dxx0000001gPLEAY', Name: 'Acme', OrganizationType: 'Enterprise Edition', IsSandbox: false, InstanceName: 'NA139' }],
}

function accept({ path }: Seen): Canned | undefined {
  if (path === TOKEN_PATH) return { status: 200, body: GRANTED }
  if (path === '/services/oauth2/userinfo') return { status: 200, body: USER }
  if (path === '/services/data/') return { status: 200, body: [{ label: "Spring '26", url: '/services/data/v66.0', version: '66.0' }] }
  if (/^\/services\/data\/v\d\d\.0\/query\?q=SELECT/.test(path))
    return { status: 200, body: ORGANIZATION, headers: { 'sforce-limit-info': 'api-usage=18/100000; per-app-api-usage=17/250(appName=x)' } }
  return undefined
}

const refused = (error: string, description = ''): Canned => ({ status: 400, body: { error, error_description: description } })

/** Contract section 3.4. */
const TOKEN_REFUSALS: NonNullable<Fixture['tokenRefusals']> = [
  [refused('invalid_grant', "user hasn't approved this consumer"), 'permission_denied'],
  [refused('invalid_grant', 'audience is invalid'), 'auth_rejected'],
  [refused('invalid_grant', 'invalid assertion'), 'auth_rejected'],
  [refused('invalid_grant', 'no client credentials user enabled'), 'permission_denied'],
  [refused('invalid_grant', 'request not supported on this domain'), 'provider_error'],
  [refused('invalid_grant', 'authentication failure'), 'auth_rejected'],
  [refused('invalid_grant', 'ip restricted'), 'permission_denied'],
  [refused('invalid_grant', 'inactive user'), 'permission_denied'],
  [refused('invalid_grant', 'expired access/refresh token'), 'auth_rejected'],
  [refused('invalid_client_id', 'client identifier invalid'), 'auth_rejected'],
  [refused('invalid_client', 'invalid client credentials'), 'auth_rejected'],
  [refused('invalid_app_access', 'user is not admin approved to access this app'), 'permission_denied'],
  [refused('unsupported_grant_type', 'grant type not supported'), 'permission_denied'],
  [refused('app_not_found'), 'provider_error'],
  [refused('inactive_org'), 'permission_denied'],
  [refused('rate_limit_exceeded'), 'rate_limited'],
  [refused('unknown_error', 'Data Not Available'), 'not_found'],
  [refused('something_new'), 'auth_rejected'],
  [{ status: 200, body: { ...GRANTED, instance_url: 'https://acme.my.salesforce.com.evil.example' } }, 'provider_error'],
  [{ status: 200, body: { ...GRANTED, instance_url: 'http://acme.my.salesforce.com' } }, 'provider_error'],
  [{ status: 200, body: { ...GRANTED, instance_url: undefined } }, 'provider_error'],
  [{ status: 200, body: { id: 1 } }, 'provider_error'],
]

const errors = (errorCode: string, message = ''): unknown => [{ message, errorCode }]

/** Contract sections 4.1 and 4.4, where both calls are refused in the same way. */
const REFUSALS: Fixture['refusals'] = [
  [{ status: 403, body: 'Bad_OAuth_Token', headers: { 'content-type': 'text/plain' } }, 'auth_rejected'],
  [{ status: 403, body: 'Missing_OAuth_Token', headers: { 'content-type': 'text/plain' } }, 'auth_rejected'],
  [{ status: 403, body: 'Wrong_Org', headers: { 'content-type': 'text/plain' } }, 'auth_rejected'],
  [{ status: 403, body: 'Inactive_User', headers: { 'content-type': 'text/plain' } }, 'permission_denied'],
  [{ status: 401, body: errors('INVALID_SESSION_ID', 'Session expired or invalid') }, 'auth_rejected'],
  [{ status: 401, body: errors('INVALID_SESSION_ID', 'This session is not valid for use with the REST API') }, 'permission_denied'],
  [{ status: 401, body: errors('X', 'Connected app is not attached to Agent') }, 'permission_denied'],
  [{ status: 401 }, 'auth_rejected'],
  [{ status: 403, body: errors('API_DISABLED_FOR_ORG') }, 'permission_denied'],
  [{ status: 403, body: errors('REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.') }, 'rate_limited'],
  [{ status: 404, body: errors('NOT_FOUND') }, 'provider_error'],
  [{ status: 410, body: errors('UNSUPPORTED_API_VERSION') }, 'provider_error'],
  [{ status: 420, body: '<html>' }, 'provider_error'],
  [{ status: 500, body: errors('UNKNOWN_EXCEPTION') }, 'provider_error'],
  [{ status: 200, body: '<html><body>Down for maintenance</body></html>' }, 'provider_error'],
]

function fixture(method: string, values: Readonly<Record<string, unknown>>, more: Partial<Fixture> = {}): Fixture {
  return {
    provider: 'salesforce',
    method,
    values: () => ({ auth: method, ...values }),
    secrets: [SECRET, TOKEN, REFRESH, KEY.split('\n')[1] ?? ''],
    accept,
    carries: ({ path, headers }) => path === '/services/data/' || path === TOKEN_PATH || headers.authorization === `Bearer ${TOKEN}`,
    refusals: REFUSALS,
    hosts: SALESFORCE_HOSTS,
    tokenPath: TOKEN_PATH,
    tokenRefusals: TOKEN_REFUSALS,
    ...more,
  }
}

const expired = (): Tokens => ({
  accessToken: new Secret('00Dxx!old'),
  refreshToken: new Secret(REFRESH),
  expiresAtMs: 1,
  scope: 'api',
  captured: { instance_url: INSTANCE },
})

/** One for each way to authenticate at Salesforce. */
export const salesforceFixtures: readonly Fixture[] = [
  fixture('client_credentials', { loginHost: 'acme.my.salesforce.com', clientId: '3MVG9x', clientSecret: new Secret(SECRET) }),
  fixture('jwt_bearer', { environment: 'sandbox', clientId: '3MVG9x', username: 'ann@acme.com.uat', privateKey: new Secret(KEY) }),
  fixture('oauth_browser', { environment: 'production', clientId: '3MVG9x' }, { tokens: expired }),
  fixture('refresh_token', { environment: 'production', clientId: '3MVG9x', refreshToken: new Secret(REFRESH) }),
  fixture('access_token', { accessToken: new Secret(TOKEN), instanceUrl: INSTANCE }, { tokenRefusals: [] }),
]
