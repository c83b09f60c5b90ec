import type { ErrorCode } from '../../src/core/errors.ts'
import type { Tokens } from '../../src/core/grant.ts'
import { Secret } from '../../src/core/secret.ts'
import type { Canned, Seen } from './answering-server.ts'
import { definitionFixtures } from './definitions/fixtures.ts'
import { hubspotFixtures } from './hubspot/fixtures.ts'
import { pipedriveFixtures } from './pipedrive/fixtures.ts'
import { salesforceFixtures } from './salesforce/fixtures.ts'
import { zohoFixtures } from './zoho/fixtures.ts'

/** What the conformance suite needs to know of a provider. */
export interface Fixture {
  readonly provider: string
  /** Which way to authenticate it shows. */
  readonly method: string
  /** Values that pass every rule, for a server at this origin. */
  values(origin: string): Readonly<Record<string, unknown>>
  /** Every text that must stay secret, derived ones included. */
  readonly secrets: readonly string[]
  /** What a server answers when all is well; undefined for a path it does not have. */
  accept(request: Seen): Canned | undefined
  /** Whether a request carries the credential as it must. */
  carries(request: Seen): boolean
  /** Answers to a request with a credential, and the cause each must lead to. */
  readonly refusals: readonly (readonly [answer: Canned, cause: ErrorCode])[]
  /** Hosts that the server stands for, where a provider pins its own: suffixes with a leading dot, or whole hosts. */
  readonly hosts?: readonly string[]
  /** Path of the token endpoint on one of them. */
  readonly tokenPath?: string
  /** Paths of reads that the vendor wants by POST. */
  readonly readByPost?: readonly string[]
  /** Answers of the token endpoint, and the cause each must lead to. */
  readonly tokenRefusals?: readonly (readonly [answer: Canned, cause: ErrorCode])[]
  /** Tokens of a sign-in that was made before. */
  tokens?(): Tokens
}

const KEY = 'canary-Key+with/chars=0123456789'

const chatwoot: Fixture = {
  provider: 'chatwoot',
  method: 'token',
  values: (origin) => ({ baseUrl: origin, accountId: '3', apiKey: new Secret(KEY) }),
  secrets: [KEY],
  accept: ({ path }) => {
    const account = { id: 3, name: 'Acme', status: 'active', role: 'administrator' }
    if (path === '/api') return { status: 200, body: { version: '4.15.1', queue_services: 'ok', data_services: 'ok' } }
    if (path === '/api/v1/profile') return { status: 200, body: { id: 7, name: 'Ann', email: 'ann@example.com', accounts: [account] } }
    return path.startsWith('/api/v1/accounts/3/webhooks') ? { status: 200, body: { payload: { webhooks: [] } } } : undefined
  },
  carries: ({ path, headers }) => path === '/api' || headers['api-access-token'] === KEY,
  refusals: [
    [{ status: 401, body: { error: 'Invalid Access Token' } }, 'auth_rejected'],
    [{ status: 401, body: { errors: ['You need to sign in or sign up before continuing.'] } }, 'auth_rejected'],
    [{ status: 401, body: { error: 'Access to this endpoint is not authorized for bots' } }, 'permission_denied'],
  ],
}

const STATUSES: Fixture['refusals'] = [
  [{ status: 401 }, 'auth_rejected'],
  [{ status: 402 }, 'permission_denied'],
  [{ status: 403, body: '<h1>Forbidden</h1>' }, 'permission_denied'],
  [{ status: 404 }, 'not_found'],
  [{ status: 405 }, 'provider_error'],
]

function custom(
  authType: string,
  values: Readonly<Record<string, unknown>>,
  secrets: readonly string[],
  carries: Fixture['carries'],
): Fixture {
  return {
    provider: 'custom',
    method: authType,
    values: (origin) => ({ baseUrl: origin, authType, testPath: '/me', allowPrivateNetwork: true, ...values }),
    secrets,
    accept: () => ({ status: 200, body: { id: 1 } }),
    carries,
    refusals: STATUSES,
  }
}

const BASIC = `Basic ${Buffer.from(`ann:${KEY}`).toString('base64')}`

/** One for each way to authenticate of each provider. */
export const fixtures: readonly Fixture[] = [
  chatwoot,
  custom('none', {}, [], () => true),
  custom(
    'api-key',
    { apiKeyPlace: 'header', apiKeyName: 'X-Key', apiKey: new Secret(KEY) },
    [KEY],
    ({ headers }) => headers['x-key'] === KEY,
  ),
  custom('bearer', { token: new Secret(KEY) }, [KEY], ({ headers }) => headers.authorization === `Bearer ${KEY}`),
  custom('basic', { username: 'ann', password: new Secret(KEY) }, [KEY, BASIC], ({ headers }) => headers.authorization === BASIC),
  custom('headers', { headers: new Secret(JSON.stringify({ 'X-A': KEY, 'X-B': 'canary-second' })) }, [KEY, 'canary-second'], (request) => {
    return request.headers['x-a'] === KEY && request.headers['x-b'] === 'canary-second'
  }),
  ...salesforceFixtures,
  ...hubspotFixtures,
  ...pipedriveFixtures,
  ...zohoFixtures,
  ...definitionFixtures,
]
