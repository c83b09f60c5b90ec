import { describe, expect, it } from 'vitest'
import { CrmError } from '../../src/core/errors.ts'
import { shipped } from '../../src/providers/definitions.ts'
import { readDefinition } from '../../src/usecases/read-definition.ts'
import { ACME } from '../support/definitions.ts'

/** The same definition with other parts. */
type Parts = Readonly<Record<string, unknown>>
const withParts = (parts: Parts): object => ({ ...ACME, ...parts })
const withAuth = (auth: Parts, more: Parts = {}): object => withParts({ auth, ...more })
const withField = (field: Parts, more: Parts = {}): object =>
  withParts({ fields: [...ACME.fields, { name: 'extra', label: 'Extra', kind: 'text', ...field }], ...more })
const withRequest = (request: Parts): object => withParts({ test: { ...ACME.test, request: { path: '/me', ...request } } })
const withTest = (test: Parts): object => withParts({ test: { ...ACME.test, ...test } })

const TOKEN = { url: 'https://auth.acme.example/token', clientId: '{{fields.subdomain}}', clientSecret: '{{fields.apiKey}}' }
const CLIENT = { type: 'oauth2_client_credentials', token: TOKEN }
const HMAC = {
  type: 'hmac',
  key: '{{fields.apiKey}}',
  algorithm: 'sha256',
  encoding: 'hex',
  parts: ['timestamp', 'method', 'path', 'bodySha256Hex'],
  joiner: '\n',
  timestamp: { header: 'X-Timestamp', format: 'unix_s' },
  signature: { in: 'header', name: 'X-Signature' },
}

async function problems(definition: unknown): Promise<readonly string[]> {
  try {
    await readDefinition(typeof definition === 'string' ? definition : JSON.stringify(definition))
    return []
  } catch (error) {
    if (!(error instanceof CrmError)) throw error
    expect(error.code).toBe('usage')
    return error.problems.map(({ field, message }) => `${field} ${message}`)
  }
}

describe('a definition', () => {
  it.each([
    ['an API key', ACME],
    [
      'client credentials',
      withAuth({
        ...CLIENT,
        token: { ...TOKEN, clientAuth: 'basic', errorAt: '/error', capture: { region: '/region' } },
        scopes: ['read'],
      }),
    ],
    [
      'a sign-in',
      withAuth({
        type: 'oauth2_authorization_code',
        authorizeUrl: 'https://auth.acme.example/authorize',
        token: TOKEN,
        pkce: 'required',
        redirectPort: 17_171,
        redirectPath: '/back',
        refreshRotates: true,
        revokeUrl: 'https://auth.acme.example/revoke',
      }),
    ],
    ['a signature', withAuth({ ...HMAC, keyId: '{{fields.subdomain}}', keyIdHeader: 'X-Key-Id', nonceHeader: 'X-Nonce' })],
    ['a key as the user', withAuth({ type: 'basic', username: '{{fields.apiKey}}', password: '' })],
    [
      'headers from a field',
      withField(
        { kind: 'jsonHeaders' },
        { auth: { type: 'headers', jsonField: 'extra', headers: [{ name: 'Cookie', value: '{{fields.apiKey}}' }] } },
      ),
    ],
    ['a read by POST', withRequest({ method: 'POST', body: { query: '{ me { id } }', variables: { account: '{{fields.subdomain}}' } } })],
    [
      'a captured host',
      withAuth({ ...CLIENT, token: { ...TOKEN, capture: { apiHost: '/api_host' } } }, { baseUrl: 'https://{{auth.meta.apiHost}}/v1' }),
    ],
    [
      'a listing, for programs',
      withParts({
        capabilities: { contacts: { request: { path: '/contacts' }, itemsAt: '/data', paging: { type: 'none' } }, webhooks: 'none' },
      }),
    ],
  ])('with %s is read as it was written', async (_what, definition) => {
    expect(await readDefinition(JSON.stringify(definition))).toEqual(definition)
  })

  it.each(shipped.map((definition) => [definition.id, definition] as const))('of %s is one of format 1', async (_id, definition) => {
    expect(await readDefinition(JSON.stringify(definition))).toEqual(definition)
  })

  it('is told all its problems at once, each at its place', async () => {
    const [subdomain, apiKey] = ACME.fields
    const bad = { ...ACME, format: 2, color: 'red', fields: [subdomain, { ...apiKey, name: 'constructor', env: 'x' }] }
    expect(await problems(bad)).toEqual([
      '/format must be 1',
      '/fields/1/name is a name that every object has; take another',
      '/fields/1/env must be the name of a variable, such as ACME_API_KEY',
      '/color is not known in format 1',
    ])
  })

  it.each<[string, unknown, string]>([
    ['text that is no JSON', '{"secret', '/ is not valid JSON'],
    ['more than 64 KiB', `"${'x'.repeat(65_536)}"`, '/ is larger than 64 KiB'],
    ['no object', [], '/ must be a JSON object'],
    ['a prototype', JSON.stringify(ACME).replace('{', '{"__proto__":{"a":1},'), '/__proto__ is a name that every object has'],
    [
      'a prototype in a capture',
      JSON.stringify(withAuth(CLIENT)).replace('"token":{', '"token":{"capture":{"__proto__":"/a"},'),
      '/auth/token/capture/__proto__ is a name',
    ],
    ['an unknown key deep inside', withRequest({ retries: 3 }), '/test/request/retries is not known in format 1'],
    ['the name of a subcommand', withParts({ id: 'remove' }), '/id is a word that crm providers knows'],
    ['plain http', withParts({ baseUrl: 'http://x.acme.example' }), '/baseUrl must be https:// with a host'],
    ['a user in the address', withParts({ baseUrl: 'https://u@x.acme.example' }), '/baseUrl must be https:// with a host'],
    ['a query in the base URL', withParts({ baseUrl: 'https://x.acme.example/?a=1' }), '/baseUrl must be https:// with a host'],
    ['a secret in the host', withParts({ baseUrl: 'https://{{fields.apiKey}}.acme.example' }), '/baseUrl has apiKey in its host'],
    ['a foreign host', withParts({ hosts: ['evil.example', '*.other.example'] }), '/baseUrl is not on one of the hosts'],
    [
      'a field that could leave its hosts',
      withParts({ baseUrl: 'https://api.{{fields.subdomain}}', hosts: ['*.acme.example'] }),
      '/baseUrl is not on one of the hosts',
    ],
    [
      'a token endpoint elsewhere',
      withAuth({ ...CLIENT, token: { ...TOKEN, url: 'https://evil.example/token' } }),
      '/auth/token/url is not on one of the hosts',
    ],
    [
      'a host from a server and no list',
      withAuth(
        { ...CLIENT, token: { ...TOKEN, url: 'https://{{fields.subdomain}}/t', capture: { h: '/h' } } },
        { baseUrl: 'https://{{auth.meta.h}}', hosts: undefined },
      ),
      '/hosts',
    ],
    ['another port than is listed', withParts({ baseUrl: 'https://x.acme.example:8443' }), '/baseUrl is not on one of the hosts'],
    ['an unknown field', withAuth({ type: 'bearer', token: '{{fields.nothing}}' }), '/auth/token names the field nothing'],
    ['an expression', withAuth({ type: 'bearer', token: '{{env.HOME}}' }), '/auth/token may hold {{fields.<name>}}'],
    ['a function', withAuth({ type: 'bearer', token: '{{base64(fields.apiKey)}}' }), '/auth/token may hold {{fields.<name>}}'],
    ['a second line', withAuth({ type: 'bearer', token: 'a\r\nX-Evil: 1' }), '/auth/token holds the end of a line'],
    [
      'a header of the connection',
      withAuth({ type: 'headers', headers: [{ name: 'Host', value: '{{fields.apiKey}}' }] }),
      '/auth/headers/0/name is not a header',
    ],
    [
      'a proxy header',
      withRequest({ headers: [{ name: 'Proxy-Authorization', value: 'x' }] }),
      '/test/request/headers/0/name is not a header',
    ],
    [
      'a line in a header name',
      withRequest({ headers: [{ name: 'X\r\nEvil', value: 'x' }] }),
      '/test/request/headers/0/name is not a header',
    ],
    [
      'a cookie outside of auth',
      withRequest({ headers: [{ name: 'Cookie', value: 'x' }] }),
      '/test/request/headers/0/name belongs in the headers of auth',
    ],
    [
      'the header of the credential twice',
      withRequest({ headers: [{ name: 'x-api-key', value: 'x' }] }),
      '/test/request/headers/0/name is set already',
    ],
    ['an unknown way to authenticate', withAuth({ type: 'password' }), '/auth/type must be one of none, api_key'],
    [
      'a way that format 1 leaves out',
      withAuth({ type: 'aws_sigv4' }),
      '/auth/type must be one of none, api_key, bearer, basic, headers, oauth2_client_credentials, oauth2_authorization_code, hmac; format 1 does not have aws_sigv4',
    ],
    ['no headers at all', withAuth({ type: 'headers' }), '/auth has neither headers nor jsonField'],
    [
      'a jsonField of another kind',
      withAuth({ type: 'headers', jsonField: 'apiKey' }),
      '/auth/jsonField is not a field of the kind jsonHeaders',
    ],
    ['a signature over a key id that is not there', withAuth({ ...HMAC, parts: ['keyId'] }), '/auth/keyId is missing'],
    [
      'a token in its own request',
      withAuth({ ...CLIENT, token: { ...TOKEN, headers: [{ name: 'X-Token', value: '{{auth.accessToken}}' }] } }),
      '/auth/token/headers/0/value names auth.accessToken before',
    ],
    [
      'a token where none is obtained',
      withRequest({ query: [{ name: 'token', value: '{{auth.accessToken}}' }] }),
      '/test/request/query/0/value names auth.accessToken, and no token',
    ],
    [
      'a name that nothing captures',
      withParts({ auth: CLIENT, test: { ...ACME.test, request: { path: '/{{auth.meta.region}}' } } }),
      '/test/request/path names auth.meta.region, which no token call captures',
    ],
    [
      'a token in a body',
      withParts({ auth: CLIENT, test: { ...ACME.test, request: { path: '/me', method: 'POST', body: { t: '{{auth.accessToken}}' } } } }),
      '/test/request/body/t puts auth.accessToken into the body',
    ],
    ['a field that nothing uses', withField({}), '/fields/2/name is used nowhere'],
    ['an automated field that nothing fills', withField({ automated: true }), '/fields/2/automated is captured by no token call'],
    ['a name twice', withField({ name: 'apiKey' }), '/fields/2/name is the name of an earlier field'],
    ['a variable twice', withField({ env: 'ACME_CRM_API_KEY' }), '/fields/2/env is the variable of an earlier field'],
    ['a variable of the system', withField({ env: 'LD_PRELOAD' }), '/fields/2/env is a variable that means something else'],
    ['PATH', withField({ env: 'PATH' }), '/fields/2/env is a variable that means something else'],
    ['our own key', withField({ env: 'INTEGRATION_ENCRYPTION_KEY' }), '/fields/2/env is a variable that means something else'],
    ['a name that is a flag', withField({ name: 'profile' }), '/fields/2/name cannot be given as --profile'],
    ['a name that hides a form of another', withField({ name: 'apiKeyFile' }), '/fields/2/name cannot be given as --api-key-file'],
    ['a default for a secret', withField({ kind: 'secret', default: 'x' }), '/fields/2/default is not for a secret'],
    ['a default of another kind', withField({ kind: 'integer', default: 'x' }), '/fields/2/default must be a whole number'],
    ['a choice without choices', withField({ kind: 'choice' }), '/fields/2/choices is missing'],
    [
      'a default that is no choice',
      withField({ kind: 'choice', choices: [{ value: 'a' }], default: 'b' }),
      '/fields/2/default is not one of the choices',
    ],
    [
      'a condition on a later field',
      withParts({ fields: [{ ...ACME.fields[0], visibleWhen: { field: 'apiKey', equals: 'x' } }, ACME.fields[1]] }),
      '/fields/0/visibleWhen/field is not an earlier field',
    ],
    ['a pattern that repeats a repetition', withField({ pattern: '^(a+)+$' }), '/fields/2/pattern repeats what repeats already'],
    ['a pattern that refers back', withField({ pattern: '^(a)\\1$' }), '/fields/2/pattern refers back'],
    ['a test that may write', withRequest({ method: 'DELETE' }), '/test/request/method must be GET, HEAD or POST'],
    ['a body for a GET', withRequest({ body: {} }), '/test/request/body is for a POST alone'],
    ['a path to another host', withRequest({ path: '//evil.example/x' }), '/test/request/path must begin with one slash'],
    ['a path that climbs', withRequest({ path: '/a/../../b' }), '/test/request/path must begin with one slash'],
    ['a path that climbs in disguise', withRequest({ path: '/a/%2e%2e/b' }), '/test/request/path must begin with one slash'],
    ['a path with a user', withRequest({ path: '/@evil.example' }), '/test/request/path must begin with one slash'],
    ['no slash before the path', withRequest({ path: '.evil.example' }), '/test/request/path must begin with /'],
    ['a success that is none', withTest({ expect: { status: [302] } }), '/test/expect/status/0 must be a 2xx'],
    ['a check of nothing', withTest({ expect: { status: [200], all: [{ exists: true }] } }), '/test/expect/all/0 looks at nothing'],
    ['a check without a comparison', withTest({ expect: { status: [200], all: [{ at: '/id' }] } }), '/test/expect/all/0 compares nothing'],
    [
      'a comparison with an object',
      withTest({ expect: { status: [200], all: [{ at: '/id', equals: {} }] } }),
      '/test/expect/all/0/equals must be text',
    ],
    ['a look into the body of a HEAD', withTest({ request: { path: '/me', method: 'HEAD' } }), '/test/expect/all/0 looks into the body'],
    [
      'a class that is not one',
      withTest({ errors: [{ when: { status: [401] }, class: 'bad' }] }),
      '/test/errors/0/class is not a class of errors',
    ],
    ['a pointer that is none', withTest({ identity: { email: 'data.email' } }), '/test/identity/email must be a JSON pointer'],
    ['redirects', withParts({ limits: { maxRedirects: 3 } }), '/limits/maxRedirects must be 0'],
    ['no limit of time', withParts({ limits: { timeoutMs: 600_000 } }), '/limits/timeoutMs is more than 60000'],
    ['certificates that are not looked at', withParts({ tls: { verify: false } }), '/tls is not known in format 1'],
  ])('with %s is refused', async (_what, definition, problem) => {
    const found = await problems(definition)
    expect(
      found.some((one) => one.startsWith(problem)),
      found.join('\n'),
    ).toBe(true)
  })
})
