/** The sign-in in a browser, against an authorization server that nobody here wrote. */
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { CrmError } from '../../src/core/errors.ts'
import type { Tokens } from '../../src/core/grant.ts'
import { Secret } from '../../src/core/secret.ts'
import { createHttp } from '../../src/http/http.ts'
import { signInWithBrowser } from '../../src/usecases/sign-in.ts'
import { testValues } from '../../src/usecases/test-integrations.ts'
import { memoryTokens } from '../../src/usecases/token-source.ts'
import { storedValues } from '../providers/reaching.ts'
import { type AuthorizationServer, type ServerOptions, startAuthorizationServer } from './authorization-server.ts'
import { browse, get, type Page } from './browser.ts'
import { oidcCrm } from './oidc-crm.ts'

/** A port that was free a moment ago, on both loopback addresses. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { readonly port: number }
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return port
}

interface Attempt {
  readonly server: AuthorizationServer
  readonly values: ReturnType<typeof storedValues>
  readonly port: number
  readonly strangers: () => number
  /** Signs in; `person` does what the person at the browser does with the address. */
  signIn(person: (address: URL) => unknown, options?: { readonly limitMs?: number; readonly signal?: AbortSignal }): Promise<Tokens>
  readonly deps: { readonly http: ReturnType<typeof createHttp>['request']; readonly clock: () => number; readonly signal: AbortSignal }
}

async function attempt(options: Partial<ServerOptions> = {}, changes: Readonly<Record<string, unknown>> = {}): Promise<Attempt> {
  const port = await freePort()
  const server = await startAuthorizationServer({ redirectUris: [`http://localhost:${port}/callback`], ...options })
  const http = createHttp({ clock: Date.now })
  onTestFinished(async () => {
    await http.close()
    await server.close()
  })
  const { clientId, clientSecret, issuer } = server
  const secret = options.clientAuth === 'none' ? {} : { clientSecret: new Secret(clientSecret) }
  const values = storedValues({ baseUrl: issuer, clientId, ...secret, redirectPort: port, ...changes })
  const deps = { http: http.request, clock: Date.now, signal: new AbortController().signal }
  let strangers = 0
  const onStranger = (): void => {
    strangers += 1
  }
  const signIn: Attempt['signIn'] = (person, more = {}) =>
    signInWithBrowser({ ...deps, show: (address) => void person(address), onStranger, limitMs: 20_000, ...more }, oidcCrm, values)
  return { server, values, port, strangers: () => strangers, signIn, deps }
}

const failure = (promise: Promise<unknown>): Promise<CrmError> =>
  promise.then(
    () => {
      throw new Error('expected a failure')
    },
    (error: unknown) => {
      if (error instanceof CrmError) return error
      throw error
    },
  )

test.each(['client_secret_post', 'client_secret_basic', 'none'] as const)('code and PKCE, with the client as %s', async (clientAuth) => {
  const { server, values, signIn, deps } = await attempt({ clientAuth }, { basic: clientAuth === 'client_secret_basic' })
  let address: URL | undefined
  let page: Promise<Page> | undefined
  const tokens = await signIn((shown) => {
    address = shown
    page = browse(shown)
  })
  expect(address?.searchParams.get('code_challenge_method')).toBe('S256')
  expect(Buffer.from(address?.searchParams.get('state') ?? '', 'base64url')).toHaveLength(32)
  expect(tokens.refreshToken).not.toBeNull()
  expect(tokens.expiresAtMs).toBeGreaterThan(Date.now() + 3_000_000)
  expect(server.tokenRequests).toEqual([{ grantType: 'authorization_code', status: 200 }])
  const about = { source: 'vault', name: 'acme', profile: 'default', provider: oidcCrm, values, tokens } as const
  expect((await testValues({ ...deps, providers: [oidcCrm] }, about)).result.outcome).toBe('connected')

  const shown = await page
  expect(shown?.text).toContain('You may close this window')
  expect(shown?.headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
  const told = `${shown?.text}${JSON.stringify(shown?.headers)}`
  for (const secret of [new URL(shown?.url ?? '').searchParams.get('code') ?? '', tokens.accessToken.reveal()]) {
    expect(secret).not.toBe('')
    expect(told).not.toContain(secret)
  }
})

test('a refresh rotates the token, which is what the next one uses; the old one is refused and says whom to ask', async () => {
  const { server, values, signIn, deps } = await attempt()
  const tokens = await signIn(browse)
  const source = memoryTokens(deps, oidcCrm, values, { ...tokens, expiresAtMs: 1 })
  const next = await source.get()
  expect(next.accessToken.reveal()).not.toBe(tokens.accessToken.reveal())
  expect(next.refreshToken?.reveal()).not.toBe(tokens.refreshToken?.reveal())
  expect(await source.get()).toBe(next)
  expect((await source.renew())?.accessToken.reveal()).not.toBe(next.accessToken.reveal())
  expect(await source.renew()).toBeUndefined()
  const error = await failure(memoryTokens(deps, oidcCrm, values, { ...tokens, expiresAtMs: 1 }).get())
  expect(error).toMatchObject({ code: 'auth_rejected', exitStatus: 4, hint: 'sign in again: crm login {name}' })
  expect(server.tokenRequests.map(({ grantType, status }) => `${grantType} ${status}`)).toEqual([
    'authorization_code 200',
    'refresh_token 200',
    'refresh_token 200',
    'refresh_token 400',
  ])
})

test('a token is renewed 60 s before it ends, and not before', async () => {
  const { values, signIn, deps, server } = await attempt({ lifetimeS: 300 })
  const tokens = await signIn(browse)
  const at = (leftMs: number) => memoryTokens({ ...deps, clock: () => (tokens.expiresAtMs ?? 0) - leftMs }, oidcCrm, values, tokens)
  expect(await at(60_001).get()).toBe(tokens)
  expect(server.tokenRequests).toHaveLength(1)
  expect(await at(60_000).get()).not.toBe(tokens)
})

test('whoever does not want to sign in is believed', async () => {
  const { signIn } = await attempt({ refuses: true })
  let page: Promise<Page> | undefined
  const error = await failure(
    signIn((address) => {
      page = browse(address)
    }),
  )
  expect(error).toMatchObject({ code: 'auth_rejected', message: 'the sign-in was refused' })
  expect((await page)?.text).toContain('refused')
  expect((await page)?.text).not.toContain('Ann does not want to')
})

test('the answer of another sign-in is refused, and the right one is still waited for', async () => {
  const { signIn, port, strangers } = await attempt()
  const callback = `http://localhost:${port}/callback`
  let refused: Page | undefined
  const tokens = await signIn(async (address) => {
    refused = await get(new URL(`${callback}?code=stolen&state=${'A'.repeat(43)}`))
    await get(new URL(`${callback}?code=stolen`))
    await browse(address)
  })
  expect(tokens.accessToken.reveal()).not.toBe('')
  expect(refused).toMatchObject({ status: 400, text: expect.stringContaining('belongs to another sign-in') })
  expect(strangers()).toBe(2)
})

test('another host, path or method is not answered; both loopback addresses are, and only until the callback has come', async () => {
  const { signIn, port } = await attempt()
  const statuses: number[] = []
  await signIn(async (address) => {
    const state = address.searchParams.get('state') ?? ''
    const path = `/callback?code=x&state=${state}`
    const hosts = { host: `localhost:${port}` }
    statuses.push((await get(new URL(`http://127.0.0.1:${port}${path}`), new Map(), { host: `rebound.example:${port}` })).status)
    statuses.push((await get(new URL(`http://127.0.0.1:${port}/other?code=x&state=${state}`), new Map(), hosts)).status)
    statuses.push((await get(new URL(`http://127.0.0.1:${port}/favicon.ico`), new Map(), hosts)).status)
    statuses.push((await get(new URL(`http://[::1]:${port}/`), new Map(), hosts)).status)
    await browse(address)
  })
  expect(statuses).toEqual([404, 404, 404, 404])
  await expect(get(new URL(`http://127.0.0.1:${port}/`))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('the answer of another authorization server is not redeemed (RFC 9207)', async () => {
  const { signIn, server } = await attempt({}, { issuer: 'https://other.example' })
  const error = await failure(signIn(browse))
  expect(error).toMatchObject({ code: 'provider_error', reason: 'it names another authorization server; its code was not used' })
  expect(server.tokenRequests).toHaveLength(0)
})

test('a sign-in that nobody makes ends, and gives its port back', async () => {
  const { signIn, port } = await attempt()
  const error = await failure(signIn(() => {}, { limitMs: 20 }))
  expect(error).toMatchObject({ code: 'auth_rejected', hint: 'sign in again: crm login {name}' })
  await expect(get(new URL(`http://127.0.0.1:${port}/`))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  const stop = new AbortController()
  const stopped = failure(signIn(() => stop.abort(new CrmError('cancelled', 'interrupted')), { signal: stop.signal }))
  expect((await stopped).code).toBe('cancelled')
})

test('a port that somebody else uses is named, with the flag for another', async () => {
  const { signIn, port } = await attempt()
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve))
  onTestFinished(() => void other.close())
  expect(await failure(signIn(() => {}))).toMatchObject({ code: 'conflict', hint: expect.stringContaining('--redirect-port') })
})
