import { describe, expect, it } from 'vitest'
import type { HttpRequest, HttpResponse } from '../../../src/core/ports.ts'
import type { TestReport } from '../../../src/core/provider.ts'
import { Secret } from '../../../src/core/secret.ts'
import { createHttp } from '../../../src/http/http.ts'
import { providerOf } from '../../../src/providers/definition.ts'
import { accessOf } from '../../../src/providers/definition-auth.ts'
import type { Definition } from '../../../src/providers/definition-format.ts'
import { testDefined } from '../../../src/providers/definition-test.ts'
import { copper, freshsales, intercom } from '../../../src/providers/definitions.ts'
import type { Fixture } from '../fixtures.ts'
import { simulate } from '../simulate.ts'
import { definitionFixtures, KEY } from './fixtures.ts'

const apiKey = new Secret(KEY)
const of = (provider: string): Fixture => {
  const found = definitionFixtures.find((fixture) => fixture.provider === provider)
  if (found === undefined) throw new Error(`no fixture ${provider}`)
  return found
}

describe('who a CRM that is data says we are', () => {
  it.each([
    ['close', { accountId: 'orga_1', accountName: 'Acme', userName: 'Ann', userEmail: 'ann@acme.example', role: null }],
    ['copper', { accountId: '18', accountName: 'Acme', userName: null, userEmail: null, role: null }],
    ['zendesk-sell', { accountId: null, accountName: null, userName: 'Ann Lee', userEmail: 'ann@acme.example', role: 'admin' }],
    ['attio', { accountId: 'w-1', accountName: 'Acme', userName: null, userEmail: null, role: null }],
  ])('%s', async (provider, identity) => {
    const fixture = of(provider)
    const { result, hosts } = await simulate(fixture, fixture.accept)
    expect(result.identity).toEqual(identity)
    expect(hosts).toEqual(fixture.hosts)
  })

  it('is told without control characters, and never at length', async () => {
    const body = { id: 18, name: `Acme\u001b[31m${'x'.repeat(500)}` }
    const { result } = await simulate(of('copper'), () => ({ status: 200, body }))
    expect(result.identity?.accountName).not.toContain('\u001b')
    // The escape of the control character takes a few more.
    expect(result.identity?.accountName?.length).toBeLessThan(210)
  })
})

describe('a fix', () => {
  it('names the field of the credential, or that of the address', async () => {
    const refused = await simulate(of('freshsales'), () => ({ status: 401, body: {} }))
    expect(refused.result.hint).toBe('copy it again or create a new one in Freshsales, then: crm edit acme --api-key-stdin')
    const other = await simulate(of('freshsales'), () => ({ status: 404, body: {} }))
    expect(other.result.hint).toBe('correct the address: crm edit acme --bundle <text>')
  })
})

describe('a host that cannot be reached', () => {
  const failing = async (definition: Definition, values: Readonly<Record<string, unknown>>): Promise<unknown> => {
    const http = createHttp({
      clock: Date.now,
      retryBaseMs: 1,
      resolve: (_hostname, _options, callback) => callback(Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }), []),
    })
    const token = (): Promise<never> => Promise.reject(new Error('no token'))
    const tools = {
      http: http.request,
      clock: Date.now,
      signal: new AbortController().signal,
      tokens: { get: token, renew: token },
    }
    try {
      return await testDefined(definition, values, tools).catch((error: unknown) => error)
    } finally {
      await http.close()
    }
  }

  it('has a fix that names the field of the address', async () => {
    expect(await failing(freshsales, { bundle: 'acme', apiKey })).toMatchObject({
      code: 'unreachable',
      message: 'the host acme.myfreshworks.com does not exist',
      hint: 'correct the address: crm edit {name} --bundle <text>',
      retryable: true,
    })
  })

  it('has a fix without a flag where everybody has the same address', async () => {
    const error = await failing(copper, { userEmail: 'ann@acme.example', apiKey })
    expect(error).toMatchObject({ code: 'unreachable', hint: 'look for a proxy in between, then: crm test {name}' })
  })
})

describe('a value that may not stand where it would', () => {
  it.each([
    'evil.example/',
    'evil.example#',
    'a@evil.example',
    'a:1',
    '..',
    '.',
    '-a',
    'a%2e',
    'a\r\nb',
    '//evil',
    '',
    '{{fields.apiKey}}',
  ])('in a host: %j', (bundle) => {
    expect(() => accessOf(freshsales, { bundle, apiKey })).toThrow('may not stand')
    expect(providerOf(freshsales).destination?.({ bundle })).toBeUndefined()
  })

  it.each(['a\r\nX-Evil: 1', 'a\nb', 'a\0b', 'é', ''])('in a header: %j', (key) => {
    expect(() => accessOf(freshsales, { bundle: 'acme', apiKey: new Secret(key) })).toThrow('may not stand')
  })

  it('in a user name: a colon, which would end it', () => {
    const basic: Definition = { ...freshsales, auth: { type: 'basic', username: '{{fields.apiKey}}', password: '' } }
    expect(() => accessOf(basic, { bundle: 'acme', apiKey: new Secret('a:b') })).toThrow('may not stand')
  })

  it('is not taken from a prototype', () => {
    const inherited: unknown = Object.create({ bundle: 'acme', apiKey })
    expect(() => accessOf(freshsales, inherited as Readonly<Record<string, unknown>>)).toThrow('may not stand')
  })

  it('is a fault of the input, with the command that corrects it', () => {
    const refusal = (act: () => unknown): unknown => {
      try {
        return act()
      } catch (error) {
        return error
      }
    }
    expect(refusal(() => accessOf(freshsales, { bundle: 'a/b', apiKey }))).toMatchObject({
      name: 'CrmError',
      code: 'usage',
      hint: 'correct it: crm edit {name} --bundle <text>',
    })
    expect(refusal(() => accessOf(freshsales, { bundle: 'acme', apiKey: new Secret('') }))).toMatchObject({
      code: 'usage',
      reason: 'it is empty',
      hint: 'correct it: crm edit {name} --api-key-stdin',
    })
    expect(refusal(() => accessOf(intercom, { region: 'api.nowhere', accessToken: apiKey }))).toMatchObject({
      code: 'usage',
      hint: 'correct it: crm edit {name} --region <text>',
    })
  })

  it('is not told in the refusal', () => {
    expect(() => accessOf(freshsales, { bundle: 'acme', apiKey: new Secret('canary\nsecret') })).toThrow(/^(?!.*canary)/)
  })
})

describe('where a definition sends its secrets', () => {
  it('is one of its own hosts', () => {
    expect(() => accessOf({ ...freshsales, baseUrl: 'https://evil.example' }, { apiKey })).toThrow('not on a host')
    expect(() => accessOf({ ...freshsales, baseUrl: 'https://evilmyfreshworks.com' }, { apiKey })).toThrow('not on a host')
    expect(() => accessOf(intercom, { region: 'api.nowhere', accessToken: apiKey })).toThrow('not on a host')
  })

  it.each(['http://{{fields.bundle}}.myfreshworks.com', 'https://{{fields.bundle}}.myfreshworks.com:8443', 'https://u@a.myfreshworks.com'])(
    'is never %s',
    (baseUrl) => {
      expect(() => accessOf({ ...freshsales, baseUrl }, { bundle: 'acme', apiKey })).toThrow('not on a host')
    },
  )

  it('stays there whatever the path of its test', async () => {
    for (const path of ['//evil.example/x', '/\\evil.example', '/@evil.example']) {
      const asked: string[] = []
      const definition: Definition = { ...copper, test: { ...copper.test, request: { path } } }
      const answer = { status: 404, headers: {}, body: Buffer.from('{}'), latencyMs: 1 }
      const tools = {
        http: (request: { readonly url: URL }) => {
          asked.push(request.url.origin)
          return Promise.resolve(answer)
        },
        clock: () => 0,
        signal: new AbortController().signal,
        tokens: { get: () => Promise.reject(new Error('no token')), renew: () => Promise.reject(new Error('no token')) },
      }
      await testDefined(definition, { userEmail: 'ann@acme.example', apiKey }, tools as never)
      expect(asked).toEqual(['https://api.copper.com'])
      const leading: Definition = { ...copper, test: { ...copper.test, request: { path: '/../../x' } } }
      await expect(testDefined(leading, { userEmail: 'ann@acme.example', apiKey }, tools as never)).rejects.toThrow('out of its place')
    }
  })

  it.each(['Host', 'Content-Length', 'Transfer-Encoding', 'Proxy-Authorization', 'X\r\nEvil'])('and no header %j', (name) => {
    const definition: Definition = { ...freshsales, auth: { type: 'api_key', value: '{{fields.apiKey}}', place: { in: 'header', name } } }
    expect(() => accessOf(definition, { bundle: 'acme', apiKey })).toThrow('cannot be sent')
  })
})

describe('an answer', () => {
  const asked = async (definition: Definition, answer: Partial<HttpResponse>): Promise<{ report: TestReport; request: HttpRequest }> => {
    const requests: HttpRequest[] = []
    const token = (): Promise<never> => Promise.reject(new Error('no token'))
    const report = await testDefined(
      definition,
      { userEmail: 'ann@acme.example', apiKey },
      {
        http: (request) => {
          requests.push(request)
          const headers = { 'content-type': 'application/json' }
          return Promise.resolve({ status: 200, headers, body: Buffer.from('{"id":1}'), latencyMs: 1, ...answer } as HttpResponse)
        },
        clock: Date.now,
        signal: new AbortController().signal,
        tokens: { get: token, renew: token },
      },
    )
    const [request] = requests
    if (request === undefined) throw new Error('nothing was asked')
    return { report, request }
  }
  const withTest = (test: Partial<Definition['test']>): Definition => ({ ...copper, test: { ...copper.test, ...test } })

  it('of 200 that holds an error is none', async () => {
    const definition = withTest({ expect: { status: [200], none: [{ at: '/error', exists: true }] } })
    expect((await asked(definition, {})).report.outcome).toBe('connected')
    expect((await asked(definition, { body: Buffer.from('{"error":null}') })).report).toMatchObject({ cause: 'provider_error' })
  })

  it('means what the definition says first', async () => {
    const definition = withTest({
      errors: [
        { when: { header: 'X-Reason', contains: 'scope' }, class: 'scope_missing', hint: 'tick \u001bread' },
        { when: { at: '/code', equals: 7 }, class: 'plan_limited' },
        { when: { status: [403] }, class: 'auth_invalid' },
      ],
    })
    const { report } = await asked(definition, { status: 401, headers: { 'x-reason': 'no scope' } })
    expect(report).toMatchObject({ cause: 'permission_denied', hint: expect.stringMatching(/^tick .*read$/) })
    expect(report.hint).not.toContain('\u001b')
    expect((await asked(definition, { status: 403 })).report).toMatchObject({ cause: 'auth_rejected' })
    expect((await asked(definition, { body: Buffer.from('{"code":7}') })).report).toMatchObject({ cause: 'permission_denied' })
    expect((await asked(definition, { status: 429, headers: { 'retry-after': '9' } })).report).toMatchObject({
      cause: 'rate_limited',
      hint: 'wait 9 s, then: crm test {name}',
    })
  })

  it('is asked for with the key in the query, or without one', async () => {
    const inQuery = { ...copper, auth: { type: 'api_key', value: '{{fields.apiKey}}', place: { in: 'query', name: 'key' } } } as const
    const { request, report } = await asked(inQuery, {})
    expect(request.url.searchParams.get('key')).toBe(KEY)
    expect(request.headers).toEqual({ accept: 'application/json' })
    expect(JSON.stringify(report)).not.toContain(KEY)
    const open = await asked({ ...copper, auth: { type: 'none' } }, {})
    expect(open.request.url.search).toBe('')
    expect(open.report.outcome).toBe('connected')
  })
})
