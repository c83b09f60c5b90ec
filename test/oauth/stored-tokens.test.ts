/** Tokens of stored integrations: sealed in the vault, renewed by one of all threads and processes, stored before they are used. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import Sqlite from 'better-sqlite3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { CrmError } from '../../src/core/errors.ts'
import type { Tokens } from '../../src/core/grant.ts'
import { Secret } from '../../src/core/secret.ts'
import { createHttp } from '../../src/http/http.ts'
import { signInWithBrowser } from '../../src/usecases/sign-in.ts'
import { fingerprint, storedTokens } from '../../src/usecases/stored-tokens.ts'
import { type TestEvent, testIntegrations } from '../../src/usecases/test-integrations.ts'
import { storedValues } from '../providers/reaching.ts'
import { NODE } from '../support/cli.ts'
import { newVault, sources } from '../support/vault.ts'
import { type AuthorizationServer, startAuthorizationServer } from './authorization-server.ts'
import { browse } from './browser.ts'
import { oidcCrm } from './oidc-crm.ts'

async function setUp(options: { slowMs?: number } = {}, world: Parameters<typeof newVault>[0] = {}) {
  const opened = await newVault({ clock: Date.now, ...world })
  const { port, release } = await reservePort()
  const server = await startAuthorizationServer({ redirectUris: [`http://localhost:${port}/callback`], ...options })
  const http = createHttp({ clock: Date.now })
  onTestFinished(async () => {
    await http.close()
    await server.close()
  })
  const { clientId, clientSecret, issuer } = server
  const values = storedValues({ baseUrl: issuer, clientId, clientSecret: new Secret(clientSecret), redirectPort: port })
  const deps = { http: http.request, clock: Date.now, signal: new AbortController().signal }
  await release()
  const shows = { show: (address: URL) => void browse(address), onStranger: () => {}, limitMs: 20_000 }
  const tokens = await signInWithBrowser({ ...deps, ...shows }, oidcCrm, values)
  const expired: Tokens = { ...tokens, expiresAtMs: 1 }
  const issuedFor = fingerprint(oidcCrm, values)
  const draft = { name: 'acme', provider: oidcCrm.id, definition: '', active: true, values }
  await opened.unlocked.add([{ ...draft, tokens: { tokens: expired, issuedFor } }])
  const source = () => storedTokens(deps, { unlocked: opened.unlocked, name: 'acme', provider: oidcCrm, values })
  return { ...opened, server, values, deps, tokens, expired, issuedFor, source }
}

async function reservePort(): Promise<{ port: number; release(): Promise<void> }> {
  const { createServer } = await import('node:net')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { readonly port: number }
  return { port, release: () => new Promise((resolve) => server.close(() => resolve())) }
}

const refreshes = (server: AuthorizationServer) => server.tokenRequests.filter(({ grantType }) => grantType === 'refresh_token')

describe('tokens in the vault', () => {
  test('are sealed: nothing of them is found in the file', async () => {
    const { tokens, path, vault } = await setUp()
    vault.close()
    const { readFileSync } = await import('node:fs')
    for (const file of [path, `${path}-wal`]) {
      let bytes: Buffer
      try {
        bytes = readFileSync(file)
      } catch {
        continue
      }
      for (const secret of [tokens.accessToken.reveal(), tokens.refreshToken?.reveal() ?? '']) {
        expect(secret.length).toBeGreaterThan(8)
        expect(bytes.includes(secret)).toBe(false)
      }
    }
  })

  test('the new pair is stored before it is used, and an old one is not used again', async () => {
    const { source, unlocked, server, tokens } = await setUp()
    const got = await source().get()
    const stored = await unlocked.readTokens('acme')
    expect(stored?.tokens.accessToken.reveal()).toBe(got.accessToken.reveal())
    expect(stored?.tokens.refreshToken?.reveal()).not.toBe(tokens.refreshToken?.reveal())
    expect((await source().get()).accessToken.reveal()).toBe(got.accessToken.reveal())
    const renewed = await source().renew()
    expect(renewed?.accessToken.reveal()).toBe(got.accessToken.reveal())
    expect(refreshes(server)).toHaveLength(1)
  })

  test('a token that the API refuses is renewed once, and a source that already has the new one asks nobody', async () => {
    const { source, server } = await setUp()
    const [one, other] = [source(), source()]
    await one.get()
    await other.get()
    const next = await one.renew()
    expect((await other.renew())?.accessToken.reveal()).toBe(next?.accessToken.reveal())
    expect(await one.renew()).toBeUndefined()
    expect(refreshes(server)).toHaveLength(2)
  })

  test('eight threads of one process make one request', async () => {
    const { source, server } = await setUp({ slowMs: 50 })
    const got = await Promise.all(Array.from({ length: 8 }, () => source().get()))
    expect(new Set(got.map(({ accessToken }) => accessToken.reveal())).size).toBe(1)
    expect(refreshes(server)).toEqual([{ grantType: 'refresh_token', status: 200 }])
  })

  test('eight processes that need a token at once make one request', async () => {
    const { server, path, world, key } = await setUp({ slowMs: 200 })
    const program = fileURLToPath(new URL('programs/resolve.ts', import.meta.url))
    const argv = ['--experimental-transform-types', '--no-warnings', program, path, world.stateDirectory, key.toString('base64'), 'acme']
    const children = Array.from({ length: 8 }, () => spawn(NODE, argv, { stdio: ['pipe', 'pipe', 'inherit'] }))
    const lines = children.map((child) => createInterface({ input: child.stdout })[Symbol.asyncIterator]())
    for (const line of lines) expect((await line.next()).value).toBe('ready')
    for (const child of children) child.stdin.end('go\n')
    const got = await Promise.all(lines.map(async (line) => (await line.next()).value))
    expect(new Set(got).size).toBe(1)
    expect(got[0]).toMatch(/^\S{20,}$/)
    expect(refreshes(server)).toEqual([{ grantType: 'refresh_token', status: 200 }])
  })

  test('a holder that died is taken over at once; one that lives is waited for', async () => {
    let lives = true
    const { source, unlocked, server } = await setUp({}, { isAlive: () => lives })
    await unlocked.lockTokens('acme')
    expect(await unlocked.lockTokens('acme')).toBeUndefined()
    const waiting = source().get()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(refreshes(server)).toHaveLength(0)
    lives = false
    expect((await waiting).accessToken.reveal()).not.toBe('')
    expect(refreshes(server)).toHaveLength(1)
  })

  test('a lease of another host holds until it has run out, or the clock was put back', async () => {
    let now = Date.parse('2026-03-01T12:00:00Z')
    const holders = ['elsewhere', 'here']
    const { unlocked } = await newVault({ clock: () => now, holder: () => ({ host: holders[0] ?? '', pid: 1, processStarted: '1' }) })
    const { draft } = await import('../support/vault.ts')
    await unlocked.add([draft('acme')])
    const lock = await unlocked.lockTokens('acme')
    holders.shift()
    expect(await unlocked.lockTokens('acme')).toBeUndefined()
    now += 44_000
    expect(await unlocked.lockTokens('acme')).toBeUndefined()
    now += 2_000
    const taken = await unlocked.lockTokens('acme')
    expect(taken).toBeDefined()
    // Whoever lost it does not give back what somebody else holds.
    await lock?.release()
    expect(await unlocked.lockTokens('acme')).toBeUndefined()
    now -= 86_400_000
    expect(await unlocked.lockTokens('acme')).toBeDefined()
  })

  test('invalid_grant deletes nothing, names the login to run, and ends with 4', async () => {
    const { unlocked, deps, values, tokens, issuedFor } = await setUp()
    const dead: Tokens = { ...tokens, refreshToken: new Secret('dead-refresh-token'), expiresAtMs: 1 }
    await unlocked.saveTokens('acme', { tokens: dead, issuedFor }, 'any', 'token.sign-in')
    const events = testIntegrations({ ...deps, providers: [oidcCrm] }, [{ source: 'vault', name: 'acme', unlocked }], {
      concurrency: 1,
      fresh: true,
    })
    const event = (await events.next()).value as TestEvent | undefined
    await events.return(undefined)
    expect(event?.result).toMatchObject({ outcome: 'failed', cause: 'auth_rejected', hint: 'sign in again: crm login acme' })
    expect((await unlocked.readTokens('acme'))?.tokens.refreshToken?.reveal()).toBe('dead-refresh-token')
    expect((await unlocked.open('acme')).values.secrets.clientSecret?.reveal()).toBe(values.secrets.clientSecret?.reveal())
    const error = await storedTokens(deps, { unlocked, name: 'acme', provider: oidcCrm, values })
      .get()
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(CrmError)
    expect((error as CrmError).exitStatus).toBe(4)
  })

  test('a sign-in during a refresh wins over it', async () => {
    const { unlocked, tokens, issuedFor, expired } = await setUp()
    const stored = await unlocked.readTokens('acme')
    const signedIn: Tokens = { ...tokens, accessToken: new Secret('from-the-sign-in'), expiresAtMs: null }
    await unlocked.saveTokens('acme', { tokens: signedIn, issuedFor }, 'any', 'token.sign-in')
    const late: Tokens = { ...expired, accessToken: new Secret('from-the-refresh') }
    const now = await unlocked.saveTokens('acme', { tokens: late, issuedFor }, stored?.revision, 'token.refresh')
    expect(now.tokens.accessToken.reveal()).toBe('from-the-sign-in')
  })

  test('stay with their integration when it is renamed or switched; an edit makes the access token count as expired', async () => {
    const { unlocked, values, tokens, issuedFor, source, server } = await setUp()
    const fresh: Tokens = { ...tokens, expiresAtMs: Date.now() + 3_600_000 }
    await unlocked.saveTokens('acme', { tokens: fresh, issuedFor }, 'any', 'token.sign-in')
    await unlocked.setActive('acme', false)
    await unlocked.setActive('acme', true)
    const revision = (await unlocked.open('acme')).integration.revision
    await unlocked.update('acme', revision, { name: 'acme-eu' })
    expect((await unlocked.readTokens('acme-eu'))?.tokens.accessToken.reveal()).toBe(fresh.accessToken.reveal())
    await unlocked.update('acme-eu', revision + 1, { values, name: 'acme' })
    expect((await unlocked.readTokens('acme'))?.tokens).toMatchObject({ expiresAtMs: 0 })
    expect((await source().get()).accessToken.reveal()).not.toBe(fresh.accessToken.reveal())
    expect(refreshes(server)).toHaveLength(1)
    expect((await unlocked.verify()).problems).toEqual([])
    await unlocked.remove('acme')
    expect((await unlocked.verify()).problems).toEqual([])
  })

  test('are sealed anew when the data key is rotated, and verify agrees', async () => {
    const { unlocked, vault, key, tokens } = await setUp()
    const [slot] = await unlocked.keySlots()
    await unlocked.rotate([{ id: slot?.id ?? '', key: { type: 'raw', key } }], [])
    const again = await vault.unlock('default', sources({ raw: [key] }))
    expect((await again.readTokens('acme'))?.tokens.refreshToken?.reveal()).toBe(tokens.refreshToken?.reveal())
    expect((await again.verify()).problems).toEqual([])
  })

  test('of another credential are not used', async () => {
    const { unlocked, deps, values } = await setUp()
    const other = { ...values, settings: { ...values.settings, clientId: 'somebody-else' } }
    const source = storedTokens(deps, { unlocked, name: 'acme', provider: oidcCrm, values: other })
    await expect(source.get()).rejects.toMatchObject({ code: 'auth_rejected', message: 'nobody has signed in yet' })
  })
})

describe('P02 tokens that were changed in the file', () => {
  const changes: readonly (readonly [string, string])[] = [
    ['the seal', 'UPDATE tokens SET sealed = zeroblob(length(sealed))'],
    ['the expiry', 'UPDATE tokens SET expires_at_ms = 4102444800000'],
    ['an unknown expiry', 'UPDATE tokens SET expires_at_ms = NULL'],
    ['the revision', 'UPDATE tokens SET revision = revision + 1'],
    ['the revision of the integration', 'UPDATE tokens SET integration_revision = integration_revision + 1'],
    ['the generation', 'UPDATE tokens SET generation = generation + 1'],
  ]
  test.each(changes)('%s: are not used, and verify names them', async (_what, sql) => {
    const { unlocked, path, source, server } = await setUp()
    const file = new Sqlite(path)
    file.exec(sql)
    file.close()
    await expect(source().get()).rejects.toMatchObject({ code: 'damaged' })
    expect(refreshes(server)).toHaveLength(0)
    expect((await unlocked.verify()).problems).toMatchObject([{ table: 'tokens', name: 'acme', code: 'damaged' }])
  })

  test('an older row, and one that is missing, are named by verify', async () => {
    const { unlocked, path, source } = await setUp()
    const file = new Sqlite(path)
    const before = file.prepare('SELECT * FROM tokens').get() as Record<string, unknown>
    await source().get()
    expect((await unlocked.verify()).problems).toEqual([])
    file.prepare('UPDATE tokens SET revision = ?, expires_at_ms = ?, sealed = ?').run(before.revision, before.expires_at_ms, before.sealed)
    expect((await unlocked.verify()).problems).toMatchObject([{ table: 'tokens', name: 'acme', code: 'older' }])
    file.exec('DELETE FROM tokens')
    file.close()
    expect((await unlocked.verify()).problems).toMatchObject([{ table: 'tokens', name: 'acme', code: 'missing' }])
  })
})
