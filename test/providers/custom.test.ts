import { afterEach, describe, expect, it } from 'vitest'
import { CrmError } from '../../src/core/errors.ts'
import type { TestReport } from '../../src/core/provider.ts'
import { Secret } from '../../src/core/secret.ts'
import { createHttp } from '../../src/http/http.ts'
import { custom } from '../../src/providers/custom.ts'
import { noTokens } from '../support/no-tokens.ts'
import { type AnsweringServer, answering, type Canned, type Seen } from './answering-server.ts'

const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

async function serve(canned: Canned = { status: 200, body: {} }): Promise<AnsweringServer> {
  const server = await answering(() => canned)
  open.push(server)
  return server
}

function run(values: Readonly<Record<string, unknown>>): Promise<TestReport> {
  const http = createHttp({ clock: Date.now, retryBaseMs: 1 })
  open.push(http)
  const all = { authType: 'none', testPath: '/', allowPrivateNetwork: true, ...values }
  return custom.test(all as never, { http: http.request, clock: Date.now, signal: new AbortController().signal, tokens: noTokens })
}

/** The one request that a test with these values sends. */
async function requestOf(values: Readonly<Record<string, unknown>>, basePath = ''): Promise<Seen> {
  const { origin, seen } = await serve()
  await run({ baseUrl: `${origin}${basePath}`, ...values })
  expect(seen).toHaveLength(1)
  return seen[0] as Seen
}

describe('the address', () => {
  it.each([
    ['', '/', '/'],
    ['/api/v1', '/', '/api/v1'],
    ['/api/v1/', '/', '/api/v1/'],
    ['', '/me', '/me'],
    ['/api/v1', '/me', '/api/v1/me'],
    ['/api/v1/', '/me', '/api/v1/me'],
    ['/api', '/me?fields=id&x=a?b', '/api/me?fields=id&x=a?b'],
    ['/api', '/a b', '/api/a%20b'],
  ])('base path %j and test path %j give %j', async (basePath, testPath, path) => {
    expect((await requestOf({ testPath }, basePath)).path).toBe(path)
  })

  it.each(['//evil.test/', '/\\evil.test', 'me', '/../x', '/a/%2E%2e/x', '/a@b', '/a#b', '/a b', '/a\nb', ''])(
    'the test path %j is refused',
    (path) => {
      const field = custom.fields.find(({ key }) => key === 'testPath')
      expect(field?.pattern?.re.test(path)).toBe(false)
    },
  )

  it('a test path never leaves the origin, even where no rule was asked', async () => {
    expect((await requestOf({ testPath: '//evil.test/x' })).headers.host).toMatch(/^127\.0\.0\.1:/)
  })
})

describe('authentication', () => {
  it('none sends no credential', async () => {
    const { headers } = await requestOf({ authType: 'none' })
    expect(Object.keys(headers).sort()).toEqual(['accept', 'accept-encoding', 'connection', 'host', 'user-agent'])
  })

  it('an API key goes into X-Api-Key where no other name is given', async () => {
    expect((await requestOf({ authType: 'api-key', apiKey: new Secret('k-1') })).headers['x-api-key']).toBe('k-1')
  })

  it('an API key goes into the query where the CRM knows nothing else, percent-encoded, and into no header', async () => {
    const values = {
      authType: 'api-key',
      apiKeyPlace: 'query',
      apiKeyName: 'api_token',
      apiKey: new Secret('k/1&x=ä'),
      testPath: '/me?a=1',
    }
    const { path, headers } = await requestOf(values)
    expect(path).toBe('/me?a=1&api_token=k%2F1%26x%3D%C3%A4')
    expect(headers['x-api-key']).toBeUndefined()
  })

  it('basic takes either half empty, and letters beyond ASCII', async () => {
    const decode = async (values: object) => {
      const { headers } = await requestOf({ authType: 'basic', ...values })
      return Buffer.from(headers.authorization?.replace(/^Basic /, '') ?? '', 'base64').toString('utf8')
    }
    expect(await decode({ username: 'ann', password: new Secret('pä:ss') })).toBe('ann:pä:ss')
    expect(await decode({ username: 'ann' })).toBe('ann:')
    expect(await decode({ password: new Secret('pw') })).toBe(':pw')
  })
})

describe('values that no single rule can judge', () => {
  const problems = (values: Readonly<Record<string, unknown>>) => custom.check?.({ baseUrl: 'https://crm.example', ...values }) ?? []

  it.each([
    ...['http://127.0.0.1:3000', 'https://localhost', 'http://[::1]/', 'https://a.localhost', 'https://metadata.google.internal'],
    ...[
      'https://10.1.2.3',
      'https://172.31.0.1',
      'https://192.168.1.1:8443',
      'https://169.254.169.254',
      'https://100.64.0.1',
      'https://0x7f.1',
    ],
    ...['https://[fe80::1]', 'https://[fd00::1]', 'https://[::ffff:10.0.0.1]', 'https://0.0.0.0'],
  ])('%s needs leave for private networks', (baseUrl) => {
    expect(problems({ authType: 'none', baseUrl })).toEqual([
      { field: 'baseUrl', message: expect.stringContaining('--allow-private-network') },
    ])
    expect(problems({ authType: 'none', baseUrl, allowPrivateNetwork: true })).toEqual([])
  })

  it.each(['https://172.32.0.1', 'https://11.0.0.1', 'https://[2606:4700::1111]', 'https://10.crm.example'])('%s needs none', (baseUrl) => {
    expect(problems({ authType: 'none', baseUrl })).toEqual([])
  })

  it.each(['Host', 'content-length', 'Proxy-Authorization'])('an API key cannot go into the header %s', (apiKeyName) => {
    expect(problems({ authType: 'api-key', apiKeyName })).toMatchObject([{ field: 'apiKeyName' }])
    expect(problems({ authType: 'api-key', apiKeyName, apiKeyPlace: 'query' })).toEqual([])
  })

  it('basic needs a user name or a password', () => {
    expect(problems({ authType: 'basic' })).toMatchObject([{ field: 'username' }])
    expect(problems({ authType: 'basic', password: new Secret('x') })).toEqual([])
  })

  it.each([
    ['no JSON', 'canary', 1],
    ['a list', '["canary"]', 1],
    ['an empty object', '{}', 1],
    ['a reserved name', '{"Host":"canary"}', 1],
    ['a name with a line break', '{"X-A\\r\\nX-B":"canary"}', 1],
    ['a value with a line break', '{"X-A":"canary\\r\\nX-B: 1"}', 1],
    ['a value that is no text', '{"X-A":7}', 1],
    ['the same name twice in other letters', '{"X-A":"canary","x-a":"canary"}', 1],
    ['two things that are wrong', '{"Host":"canary","X-A":""}', 2],
  ])('headers: %s is refused without showing a value', (_what, text, count) => {
    const found = problems({ authType: 'headers', headers: new Secret(text) })
    expect(found).toHaveLength(count)
    expect(JSON.stringify(found)).not.toContain('canary')
  })

  it('headers that are right have no problems', () => {
    expect(problems({ authType: 'headers', headers: new Secret('{"X-A":"1","Cookie":"a=b"}') })).toEqual([])
  })
})

describe('warnings at the start', () => {
  const codes = (values: Readonly<Record<string, unknown>>) => (custom.cautions?.(values as never) ?? []).map(({ code }) => code)

  it('a key in the address is warned of', () => {
    expect(codes({ authType: 'api-key', apiKeyPlace: 'query', testPath: '/me' })).toEqual(['key_in_url'])
  })

  it('a test path that may prove nothing is warned of, where there is a credential to prove', () => {
    expect(codes({ authType: 'bearer', testPath: '/' })).toEqual(['weak_test_path'])
    expect(codes({ authType: 'none', testPath: '/' })).toEqual([])
  })
})

describe('the report', () => {
  it('says what was answered', async () => {
    const { origin } = await serve({ status: 200, body: { id: 1 } })
    expect((await run({ baseUrl: origin })).checks).toEqual([
      { name: 'answer', passed: true, detail: 'status 200, application/json, 8 bytes' },
    ])
  })

  it.each([
    [{ status: 204 }, 'status 204'],
    [{ status: 200, body: 'plain', headers: { 'content-type': 'text/plain' } }, 'status 200, text/plain'],
  ])('any 2xx is connected: %j', async (canned, detail) => {
    const { origin } = await serve(canned)
    const report = await run({ baseUrl: origin })
    expect(report).toMatchObject({ outcome: 'connected', warnings: [] })
    expect(report.checks[0]?.detail).toContain(detail)
  })

  it('a web page without a password box is connected, with a warning', async () => {
    const { origin } = await serve({ status: 200, body: '<!doctype html><h1>Welcome</h1>' })
    expect(await run({ baseUrl: origin })).toMatchObject({ outcome: 'connected', warnings: [{ code: 'web_page' }] })
  })

  it('a content type that tries to write to the terminal is shown with escapes', async () => {
    const { origin } = await serve({ status: 200, body: '', headers: { 'content-type': 'text/\u009b2Jx' } })
    expect(JSON.stringify((await run({ baseUrl: origin })).checks)).not.toContain('\u009b')
  })

  it.each([
    ['none', 'crm edit {name} --auth-type bearer --token-stdin'],
    ['api-key', 'crm edit {name} --api-key-stdin'],
    ['bearer', 'crm edit {name} --token-stdin'],
    ['basic', 'crm edit {name} --username <name> --password-stdin'],
    ['headers', 'crm edit {name} --headers-stdin'],
  ])('a 401 with %s names the command that gives the credential anew', async (authType, command) => {
    const { origin } = await serve({ status: 401 })
    const secrets = { apiKey: new Secret('k'), token: new Secret('t'), headers: new Secret('{"X-A":"1"}') }
    expect((await run({ baseUrl: origin, authType, ...secrets })).hint).toContain(command)
  })

  it('a 429 tells how long to wait', async () => {
    const { origin } = await serve({ status: 429, headers: { 'retry-after': '120' } })
    expect(await run({ baseUrl: origin })).toMatchObject({ cause: 'rate_limited', hint: 'wait 120 s, then: crm test {name}' })
  })
})

describe('private networks', () => {
  it('are not asked without leave', async () => {
    const { origin, seen } = await serve()
    const error: unknown = await run({ baseUrl: origin, allowPrivateNetwork: false }).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(CrmError)
    expect(error).toMatchObject({ code: 'usage', hint: expect.stringContaining('--allow-private-network') })
    expect(seen).toHaveLength(0)
  })
})
