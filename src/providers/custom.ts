import { authMethodsOf } from '../core/auth-methods.ts'
import type { Problem } from '../core/errors.ts'
import type { Field } from '../core/field.ts'
import { isHeaderName } from '../core/header.ts'
import { isPrivateHost } from '../core/host.ts'
import { defineProvider, type Warning } from '../core/provider.ts'
import { Secret } from '../core/secret.ts'
import { caField } from './ca-field.ts'
import { authHeaders, authorizeUrl, DEFAULT_KEY_NAME, readHeaders } from './custom-auth.ts'

const SENDABLE = { re: /^[\x21-\x7e]+$/, says: 'must be visible ASCII characters without blanks' }

/** Most bytes of the answer to a test, of which nothing is read: a path of the user's own may be that of a list. */
const TEST_BYTES = 1024 * 1024

/** The fields of an ad hoc CRM. No vendor page: the user brings an address and a credential of any HTTP API. */
const fields = [
  {
    key: 'baseUrl',
    label: 'Base URL',
    kind: 'url',
    sensitivity: 'public',
    env: 'CUSTOM_BASE_URL',
    example: 'https://api.crm.example/v1',
    help: "The address under which the CRM's API answers; its documentation names it.",
  },
  {
    key: 'authType',
    label: 'Authentication',
    kind: 'choice',
    sensitivity: 'public',
    env: 'CUSTOM_AUTH_TYPE',
    example: 'bearer',
    help: "How the CRM wants its credential; look for 'authentication' in its API documentation.",
    choices: [
      { value: 'none', label: 'None' },
      { value: 'api-key', label: 'API key' },
      { value: 'bearer', label: 'Bearer token' },
      { value: 'basic', label: 'User name and password (basic)' },
      { value: 'headers', label: 'Headers as JSON' },
    ],
  },
  {
    key: 'apiKeyPlace',
    label: 'Place of the API key',
    kind: 'choice',
    sensitivity: 'public',
    env: 'CUSTOM_API_KEY_PLACE',
    fallback: 'header',
    example: 'header',
    help: 'Choose the query only when the CRM knows nothing else: addresses end up in the logs of servers.',
    choices: [
      { value: 'header', label: 'Header' },
      { value: 'query', label: 'Query of the address' },
    ],
    when: { field: 'authType', is: 'api-key' },
  },
  {
    key: 'apiKeyName',
    label: 'Name of the API key',
    kind: 'text',
    sensitivity: 'public',
    env: 'CUSTOM_API_KEY_NAME',
    fallback: DEFAULT_KEY_NAME,
    example: 'X-Api-Key',
    help: 'The header or query parameter that takes the key.',
    pattern: { re: /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, says: 'must be 1 to 64 letters, digits or hyphens' },
    when: { field: 'authType', is: 'api-key' },
  },
  {
    key: 'apiKey',
    label: 'API key',
    kind: 'text',
    sensitivity: 'secret',
    env: 'CUSTOM_API_KEY',
    example: 'k-0123456789abcdef',
    help: "Made in the CRM's settings, usually under API or integrations.",
    pattern: SENDABLE,
    when: { field: 'authType', is: 'api-key' },
  },
  {
    key: 'token',
    label: 'Bearer token',
    kind: 'text',
    sensitivity: 'secret',
    env: 'CUSTOM_TOKEN',
    example: 't-0123456789abcdef',
    help: 'The token alone, without the word Bearer.',
    pattern: SENDABLE,
    when: { field: 'authType', is: 'bearer' },
  },
  {
    key: 'username',
    label: 'User name',
    kind: 'text',
    sensitivity: 'public',
    env: 'CUSTOM_USERNAME',
    optional: true,
    example: 'api@acme.example',
    help: 'Stored readable. Where the CRM takes its key as the user name, choose headers as JSON instead.',
    pattern: { re: /^[^:\p{Cc}]{1,256}$/u, says: 'must not hold a colon or control characters' },
    when: { field: 'authType', is: 'basic' },
  },
  {
    key: 'password',
    label: 'Password',
    kind: 'text',
    sensitivity: 'secret',
    env: 'CUSTOM_PASSWORD',
    optional: true,
    example: 'correct horse battery',
    help: 'Leave it out where the CRM wants a user name alone.',
    pattern: { re: /^\P{Cc}+$/u, says: 'must not hold control characters' },
    when: { field: 'authType', is: 'basic' },
  },
  {
    key: 'headers',
    label: 'Headers',
    kind: 'json',
    sensitivity: 'secret',
    env: 'CUSTOM_HEADERS',
    example: '{"X-Access-Token": "...", "X-Application": "crm"}',
    help: 'All headers that the CRM wants, as a JSON object of names to values.',
    when: { field: 'authType', is: 'headers' },
  },
  {
    key: 'testPath',
    label: 'Test path',
    kind: 'text',
    sensitivity: 'public',
    env: 'CUSTOM_TEST_PATH',
    fallback: '/',
    example: '/users/me',
    help: 'Read by the connection test, below the base URL. Choose one that answers only to a valid credential.',
    pattern: {
      re: /^\/(?![/\\])(?!.*(?:\.|%2e){2})[^\\@#\s\p{Cc}]{0,1000}$/iu,
      says: 'must start with one slash and hold no "..", "@", "#", backslash or blank',
    },
  },
  {
    key: 'allowPrivateNetwork',
    label: 'Allow private networks',
    kind: 'flag',
    sensitivity: 'public',
    env: 'CUSTOM_ALLOW_PRIVATE_NETWORK',
    optional: true,
    fallback: 'false',
    example: 'true',
    help: 'Needed when the server is on this machine or in a private network.',
  },
  caField('CUSTOM_CA'),
] as const satisfies readonly Field[]

/**
 * An HTTP CRM that has no provider of its own: address, credential and one path to test. The ids of its authentication methods are
 * the choices of `authType`. How credentials are written: RFC 6750 (bearer), RFC 7617 (basic).
 */
export const custom = defineProvider({
  id: 'custom',
  title: 'Custom HTTP CRM',
  docs: 'https://developer.mozilla.org/docs/Web/HTTP/Guides/Authentication',
  methodField: 'authType',
  authMethods: authMethodsOf(fields, 'authType'),
  capabilities: ['test'],
  hosts: [],
  fields,

  check(values) {
    return [...addressProblems(values), ...credentialProblems(values)]
  },

  cautions(values) {
    const warnings: Warning[] = []
    if (values.authType === 'api-key' && values.apiKeyPlace === 'query') {
      const message = 'the API key travels in the address, which servers and proxies write to their logs; use a header if the CRM has one'
      warnings.push({ code: 'key_in_url', message })
    }
    if (values.authType !== 'none' && (values.testPath ?? '/') === '/') {
      const message =
        'the test reads the base URL itself, which may answer whatever the credential is; choose another path with --test-path'
      warnings.push({ code: 'weak_test_path', message })
    }
    return warnings
  },

  api(values) {
    const query = values.authType === 'api-key' && values.apiKeyPlace === 'query'
    return {
      baseUrl: values.baseUrl,
      headers: authHeaders(values),
      ...(query ? { query: { [values.apiKeyName ?? DEFAULT_KEY_NAME]: values.apiKey ?? new Secret('') } } : {}),
    }
  },

  async test(values, { http, signal }) {
    const baseUrl = new URL(values.baseUrl)
    const response = await http({
      method: 'GET',
      url: authorizeUrl(testUrl(baseUrl, values.testPath), values),
      origin: baseUrl.origin,
      headers: { accept: 'application/json, */*;q=0.8', ...authHeaders(values) },
      publicOnly: values.allowPrivateNetwork !== true,
      maxBytes: TEST_BYTES,
      signal,
    })
    const { reportAnswer } = await import('./custom-answer.ts')
    return reportAnswer(response, values.authType)
  },
})

/** The test path below the base URL. `/` alone is the base URL as it is. */
function testUrl(baseUrl: URL, testPath: string): URL {
  const url = new URL(baseUrl)
  const [path = '/', ...query] = testPath.split('?')
  // Set part by part on the saved origin: joined texts could name another host.
  if (path !== '/') url.pathname = baseUrl.pathname.replace(/\/+$/, '') + path
  url.search = query.join('?')
  return url
}

function addressProblems(values: Readonly<Record<string, unknown>>): readonly Problem[] {
  const url = typeof values.baseUrl === 'string' ? URL.parse(values.baseUrl) : null
  if (url === null || values.allowPrivateNetwork === true || !isPrivateHost(url.hostname)) return []
  return [{ field: 'baseUrl', message: 'is on this machine or in a private network, which needs --allow-private-network' }]
}

function credentialProblems(values: Readonly<Record<string, unknown>>): readonly Problem[] {
  if (values.authType === 'api-key' && values.apiKeyPlace !== 'query' && typeof values.apiKeyName === 'string') {
    return isHeaderName(values.apiKeyName) ? [] : [{ field: 'apiKeyName', message: 'is not a header that can be set' }]
  }
  if (values.authType === 'basic' && isEmpty(values.username) && isEmpty(values.password)) {
    return [{ field: 'username', message: 'or password is needed' }]
  }
  if (values.authType === 'headers' && !isEmpty(values.headers)) {
    return readHeaders(textOf(values.headers)).problems.map((message) => ({ field: 'headers', message }))
  }
  return []
}

function isEmpty(value: unknown): boolean {
  return textOf(value) === ''
}

function textOf(value: unknown): string {
  return value instanceof Secret ? value.reveal() : typeof value === 'string' ? value : ''
}
