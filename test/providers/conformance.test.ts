import { afterEach, describe, expect, it } from 'vitest'
import { flagName } from '../../src/core/field.ts'
import { createHttp } from '../../src/http/http.ts'
import { findProvider, providers } from '../../src/providers/index.ts'
import { testValues } from '../../src/usecases/test-integrations.ts'
import { type AnsweringServer, answering, type Canned, type Seen } from './answering-server.ts'
import { type Fixture, fixtures } from './fixtures.ts'
import { reaching, storedValues } from './reaching.ts'

describe('the registry', () => {
  it('is in the order of ids, which are unique', () => {
    const ids = providers.map(({ id }) => id)
    expect(ids).toEqual([...new Set(ids)].sort())
  })

  it('finds a provider by id, in any case, and nothing else', () => {
    for (const provider of providers) expect(findProvider(provider.id.toUpperCase())).toBe(provider)
    expect(findProvider('nobody')).toBeUndefined()
    expect(findProvider('__proto__')).toBeUndefined()
  })

  it('has a fixture for every way to authenticate of every provider', () => {
    const known = providers.flatMap(({ id, authMethods }) => authMethods.map((method) => `${id} ${method.id}`))
    expect(fixtures.map(({ provider, method }) => `${provider} ${method}`).sort()).toEqual(known.sort())
  })

  it('gives no two fields the same variable', () => {
    const variables = providers.flatMap(({ fields }) => fields.map(({ env }) => env))
    expect(new Set(variables).size).toBe(variables.length)
  })
})

describe.each(providers.map((provider) => [provider.id, provider] as const))('the definition of %s', (_id, provider) => {
  const keys = provider.fields.map(({ key }) => key)

  it('has an id, a title, a page about the credential, and can be tested', () => {
    expect(provider.id).toMatch(/^[a-z][a-z0-9-]{1,39}$/)
    expect(provider.title).not.toBe('')
    expect(new URL(provider.docs).protocol).toBe('https:')
    expect(provider.capabilities).toContain('test')
  })

  it('has field keys in camelCase, each once', () => {
    expect(new Set(keys).size).toBe(keys.length)
    for (const key of keys) expect(key).toMatch(/^[a-z][A-Za-z0-9]*$/)
  })

  it('has variables that a program may be given', () => {
    const refused =
      /^(?:PATH|HOME|SHELL|IFS|ENV|BASH_ENV|PYTHONPATH|PERL5OPT|RUBYOPT|JAVA_TOOL_OPTIONS|(?:LD|DYLD|NODE|NPM_CONFIG|GIT|SSL)_.*)$/
    for (const { env } of provider.fields) {
      expect(env).toMatch(/^[A-Z][A-Z0-9_]{0,63}$/)
      expect(env).not.toMatch(refused)
    }
  })

  it('says of every field what it is and where to find it', () => {
    for (const { label, help } of provider.fields) {
      expect(label).toMatch(/^\S.*\S$/)
      expect(help).toMatch(/^[A-Z].*\.$/)
    }
  })

  it('gives an example of every value that is typed and not secret', () => {
    const typed = provider.fields.filter(
      ({ kind, sensitivity }) => sensitivity === 'public' && (kind === 'text' || kind === 'url' || kind === 'number'),
    )
    for (const { key, example } of typed) expect([key, example]).not.toEqual([key, undefined])
  })

  it('has examples and fallbacks that keep its own rules', () => {
    for (const { key, example, fallback, pattern, choices } of provider.fields) {
      for (const text of [example, fallback].filter((value) => value !== undefined)) {
        if (pattern !== undefined) expect([key, text, pattern.re.test(text)]).toEqual([key, text, true])
        if (choices !== undefined) expect(choices.map(({ value }) => value)).toContain(text)
      }
    }
  })

  it('has patterns without state, for the whole text, with a sentence', () => {
    for (const { pattern } of provider.fields) {
      if (pattern === undefined) continue
      expect(pattern.re.flags).not.toMatch(/[gy]/)
      expect(pattern.re.source).toMatch(/^\^.*\$$/)
      expect(pattern.says).toMatch(/^must /)
    }
  })

  it('keeps secrets that look like secrets secret, and gives them no fallback', () => {
    for (const { key, sensitivity, fallback } of provider.fields) {
      if (/(?:token|password|secret|apiKey|headers)$/i.test(key)) expect([key, sensitivity]).toEqual([key, 'secret'])
      if (sensitivity === 'secret') expect(fallback).toBeUndefined()
    }
  })

  it('has choices where there is something to choose', () => {
    for (const { key, kind, choices } of provider.fields) expect([key, (choices?.length ?? 0) > 1]).toEqual([key, kind === 'choice'])
  })

  it('has conditions about an earlier field and values which that field can have', () => {
    for (const [index, { when }] of provider.fields.entries()) {
      if (when === undefined) continue
      const about = provider.fields.findIndex(({ key }) => key === when.field)
      expect(about).toBeGreaterThanOrEqual(0)
      expect(about).toBeLessThan(index)
      const values = provider.fields[about]?.choices?.map(({ value }) => value)
      if (values !== undefined) expect(values).toEqual(expect.arrayContaining(when.is.split('|')))
    }
  })

  it('has ways to authenticate that use known fields', () => {
    expect(provider.authMethods.length).toBeGreaterThan(0)
    for (const { fields } of provider.authMethods) expect(keys).toEqual(expect.arrayContaining([...fields]))
  })

  it('knows where its secrets go: to a base URL that was given, or to hosts of its own', () => {
    if (provider.destination === undefined) for (const { fields } of provider.authMethods) expect(fields).toContain('baseUrl')
    else expect(provider.hosts).not.toEqual([])
  })

  it('has one field that chooses among several ways, whose choices are their ids', () => {
    const { methodField, authMethods, fields } = provider
    expect(methodField === undefined).toBe(authMethods.length === 1)
    const choices = fields.find(({ key }) => key === methodField)?.choices ?? authMethods.map(({ id }) => ({ value: id }))
    expect(choices.map(({ value }) => value)).toEqual(authMethods.map(({ id }) => id))
  })

  it('has no required field outside of every way to authenticate', () => {
    const used = new Set(provider.authMethods.flatMap(({ fields }) => fields))
    for (const { key, optional } of provider.fields) if (optional !== true) expect(used).toContain(key)
  })
})

const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

/** What a user would be told: the report, or the error that was thrown instead. */
interface Told {
  readonly outcome: 'connected' | 'failed'
  readonly cause: string | null
  readonly message: string | null
  readonly hint: string | null
  /** All of it, as text. */
  readonly text: string
  /** The flags that `crm edit` has for this provider, whatever the form. */
  readonly flags: ReadonlySet<string>
}

async function serve(answer: (request: Seen) => Canned | undefined): Promise<AnsweringServer> {
  const server = await answering(answer)
  open.push(server)
  return server
}

async function run(fixture: Fixture, origin: string, headersMs = 5_000): Promise<Told> {
  const http = createHttp({ clock: Date.now, retryBaseMs: 1, deadlines: { headersMs } })
  open.push(http)
  const provider = findProvider(fixture.provider)
  if (provider === undefined) throw new Error(`no provider ${fixture.provider}`)
  const deps = {
    providers,
    http: reaching(http.request, fixture.hosts ?? [], origin),
    clock: Date.now,
    signal: new AbortController().signal,
  }
  const about = { source: 'vault', name: 'acme', profile: 'default', provider, values: storedValues(fixture.values(origin)) } as const
  const { result, warnings } = await testValues(deps, { ...about, ...(fixture.tokens === undefined ? {} : { tokens: fixture.tokens() }) })
  const { outcome, cause, message, hint } = result
  return {
    outcome: outcome === 'connected' ? outcome : 'failed',
    cause,
    message,
    hint,
    text: JSON.stringify({ ...result, warnings }),
    flags: new Set(provider.fields.map(({ key }) => flagName(key))),
  }
}

/** A secret as it may turn up: raw, base64, base64url, hex, percent-encoded, JSON-escaped, UTF-16. */
function forms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  const base64 = bytes.toString('base64').replace(/=+$/, '')
  return [
    secret,
    base64,
    bytes.toString('base64url'),
    bytes.toString('hex'),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
  ].concat(Buffer.from(secret, 'utf16le').toString('latin1'))
}

function expectFailure(told: Told, cause: string): void {
  expect(told).toMatchObject({ outcome: 'failed', cause })
  expect(told.message).toMatch(/^\S[^\n]*[^.\n]$/)
  expect(told.hint).toMatch(/\S/)
  // A fix that a person can run: no flag that this provider does not have.
  for (const [, flag = ''] of (told.hint ?? '').matchAll(/crm edit \S+ .*?--([a-z-]+)/g)) {
    expect([...told.flags], told.hint ?? '').toContain(flag.replace(/-(?:stdin|file|env)$/, ''))
  }
}

describe.each(fixtures.map((fixture) => [`${fixture.provider} (${fixture.method})`, fixture] as const))(
  'the test of %s',
  (_name, fixture) => {
    const refuseWith = (answer: Canned) => serve((request) => (isOpen(fixture, request) ? fixture.accept(request) : answer))

    it('accepts a good credential, which it sends as it must, by GET and HEAD alone but for a token', async () => {
      const { origin, seen } = await serve((request) => (fixture.carries(request) ? fixture.accept(request) : { status: 401 }))
      expect(await run(fixture, origin)).toMatchObject({ outcome: 'connected', cause: null, message: null, hint: null })
      expect(seen.length).toBeGreaterThan(0)
      const posts = [fixture.tokenPath, ...(fixture.readByPost ?? [])]
      expect(seen.every(({ method, path }) => method === 'GET' || method === 'HEAD' || (method === 'POST' && posts.includes(path)))).toBe(
        true,
      )
      expect(seen.every(({ path }) => fixture.secrets.every((secret) => !path.includes(encodeURIComponent(secret))))).toBe(true)
    })

    it.each(fixture.refusals)('reports the refusal %j as %s', async (answer, cause) => {
      const { origin } = await refuseWith(answer)
      expectFailure(await run(fixture, origin), cause)
    })

    it.each(fixture.tokenRefusals ?? [])('reports the refusal %j of a token as %s', async (answer, cause) => {
      const { origin } = await serve((request) => (request.path === fixture.tokenPath ? answer : fixture.accept(request)))
      expectFailure(await run(fixture, origin), cause)
    })

    it('does not take a login page for an answer', async () => {
      const page = '<!doctype html><title>Sign in</title><form><input name="p" type="password"></form>'
      const { origin } = await serve(() => ({ status: 200, body: page }))
      expectFailure(await run(fixture, origin), 'provider_error')
    })

    it('does not follow a redirect', async () => {
      const target = await serve(() => ({ status: 200, body: {} }))
      const { origin } = await serve(() => ({ status: 302, headers: { location: `${target.origin}/login?canary=1` } }))
      const told = await run(fixture, origin)
      expectFailure(told, 'provider_error')
      expect(told.text).toContain(target.origin)
      expect(target.seen).toHaveLength(0)
    })

    it.each([
      [429, 'rate_limited'],
      [500, 'provider_error'],
      [503, 'provider_error'],
    ])('does not blame the credential for a %i', async (status, cause) => {
      const { origin } = await serve(() => ({ status, body: 'no' }))
      expectFailure(await run(fixture, origin), cause)
    })

    it('gives up on a server that does not answer', async () => {
      const { origin } = await serve(() => undefined)
      expectFailure(await run(fixture, origin, 30), 'unreachable')
    })

    it('says that nobody listens', async () => {
      const gone = await answering(() => undefined)
      await gone.close()
      expectFailure(await run(fixture, gone.origin), 'unreachable')
    })

    it('P08 tells no secret, not even to a server that sends back all it was sent', async () => {
      const echoes: ((request: Seen) => Canned)[] = [200, 401, 403, 404, 422, 429, 500].flatMap((status) => [
        ({ headers, body }) => ({ status, body: { error: headers, errors: [headers], message: JSON.stringify(headers) + body } }),
        ({ headers, body }) => ({ status, body: { error: body || headers.authorization, error_description: body, scope: body } }),
        ({ headers, body }) => ({ status, body: `<html><title>${JSON.stringify(headers)}${body}</title>` }),
      ])
      echoes.push(({ headers }) => ({
        status: 302,
        headers: { location: `https://crm.example/?${new URLSearchParams(headers as Record<string, string>)}` },
      }))
      for (const echo of echoes) {
        const { origin } = await serve((request) => (isOpen(fixture, request) ? fixture.accept(request) : echo(request)))
        const { text } = await run(fixture, origin)
        for (const secret of fixture.secrets) for (const form of forms(secret)) expect(text).not.toContain(form)
      }
    })
  },
)

/** Whether a path is answered without a credential, as the fixture says by accepting a request that carries none. */
function isOpen(fixture: Fixture, request: Seen): boolean {
  return request.path === fixture.tokenPath || (fixture.secrets.length > 0 && fixture.carries({ ...request, headers: {} }))
}
