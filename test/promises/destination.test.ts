/** P09 and P03: a secret goes to the very origin it was saved for, over a connection that is proven, or nowhere. */
import { writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { type Certificates, makeCertificates } from '../http/certificates.ts'
import { addChatwoot, closeAtEnd, copyOf, type Home, homeWithVault, newDirectory, openSandbox, run, succeed } from '../support/cli.ts'

/** A listening server: what it was sent, and how many times somebody connected at all. */
interface Listener {
  readonly url: string
  readonly requests: readonly string[]
  readonly connections: () => number
}

const JSON_ANSWER: RequestListener = (_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{}')

async function listen(server: Server, scheme: 'http' | 'https' = 'http'): Promise<Listener> {
  const requests: string[] = []
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  server.prependListener('request', (request) => requests.push(`${request.method} ${request.url} ${request.rawHeaders.join(' ')}`))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closeAtEnd(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const host = scheme === 'http' ? '127.0.0.1' : 'localhost'
  return { url: `${scheme}://${host}:${(server.address() as AddressInfo).port}`, requests, connections: () => sockets.size }
}

const errorIn = (stdout: string): { code: string; message: string; hint: string; reason?: string } => JSON.parse(stdout).error

const DEMO = ['demo-create', '--name', 'Acme', '--bot-url', 'https://bot.example.com/hook']

describe('P03 P09 an integration whose record was changed in the file sends nothing, to the old place and to the new one, by', () => {
  let sandbox: Sandbox
  let saved: Home

  beforeAll(async () => {
    sandbox = await openSandbox()
    saved = await homeWithVault()
    succeed(await addChatwoot(saved, sandbox))
    succeed(await run(DEMO, { home: saved }))
  })

  const commands: readonly (readonly string[])[] = [
    ['test'],
    ['test', 'chatwoot', '--fresh'],
    ['test', '--all-profiles'],
    ['edit', 'chatwoot', '--account-id', '1'],
    ['show', 'chatwoot', '--reveal', 'apiKey'],
    [...DEMO, '--slug', 'other'],
    [...DEMO, '--dry-run'],
    ['demo-show', 'acme'],
    ['demo-remove', 'acme', '--yes'],
  ]

  test.each(commands.map((argv) => [argv.join(' '), argv] as const))('crm %s', async (_line, argv) => {
    const thief = await listen(createServer(JSON_ANSWER))
    const changes = {
      'the base URL': `UPDATE integrations SET settings = json_set(settings, '$.baseUrl', '${thief.url}')`,
      'the account': `UPDATE integrations SET settings = json_set(settings, '$.accountId', '2')`,
      'the provider': `UPDATE integrations SET provider = 'custom', settings = json_object('baseUrl', '${thief.url}', 'authType', 'none', 'allowPrivateNetwork', json('true'))`,
      'the definition': `UPDATE integrations SET definition = 'ff'`,
    }
    for (const [what, sql] of Object.entries(changes)) {
      const home = copyOf(saved)
      const database = new Sqlite(home.vault)
      database.exec(sql)
      database.close()
      sandbox.forgetRequests()
      const { status, stdout } = await run([...argv, '--json'], { home })
      expect([status, stdout.includes(sandbox.administratorToken)], `${what}: ${stdout}`).toEqual([
        // A command that was written for a Chatwoot, and finds another provider, may say that first.
        what === 'the provider' ? expect.any(Number) : 3,
        false,
      ])
      if (status === 3) expect(stdout).toContain('"damaged"')
      expect(status, what).not.toBe(0)
      expect({ thief: thief.connections(), saved: sandbox.requests }, what).toEqual({ thief: 0, saved: [] })
    }
  })
})

describe('P09 a redirect is not followed:', () => {
  test.each([301, 302, 303, 307, 308])('status %i leads nobody anywhere, whether it answers a read or a write', async (status) => {
    const thief = await listen(createServer(JSON_ANSWER))
    const redirect: RequestListener = (request, response) => response.writeHead(status, { location: `${thief.url}${request.url}` }).end()
    const first = await listen(createServer(redirect))
    const home = await homeWithVault()
    const custom = ['--auth-type', 'bearer', '--test-path', '/me', '--allow-private-network', '--token-stdin']
    succeed(await run(['add', 'custom', '--base-url', first.url, ...custom, '--no-test'], { home, input: 'token-canary' }))
    succeed(
      await run(['add', 'chatwoot', '--base-url', first.url, '--account-id', '1', '--api-key-stdin', '--no-test'], {
        home,
        input: 'token-canary',
      }),
    )
    for (const name of ['custom', 'chatwoot']) {
      const { stdout } = await run(['test', name, '--json'], { home })
      const [result] = JSON.parse(stdout).data.results
      expect(result).toMatchObject({ outcome: 'failed', cause: 'provider_error' })
      expect(JSON.stringify(result), 'the corrected address').toContain(thief.url)
    }
    expect(first.requests.join('\n')).toContain('token-canary')
    expect(thief.connections()).toBe(0)
  })

  test('a write that is redirected is not repeated elsewhere', async () => {
    const thief = await listen(createServer(JSON_ANSWER))
    const sandbox = await openSandbox({ forceSsl: 308 })
    const home = await homeWithVault()
    succeed(await addChatwoot(home, sandbox, ['--no-test']))
    const { status, stdout } = await run([...DEMO, '--json'], { home })
    expect([status, errorIn(stdout).code]).toEqual([9, 'provider_error'])
    expect(thief.connections()).toBe(0)
  })
})

describe('P09 only verified TLS will do:', () => {
  let certificates: Certificates

  beforeAll(() => {
    certificates = makeCertificates()
  })

  async function homeFor(url: string): Promise<Home> {
    const home = await homeWithVault()
    const custom = ['--auth-type', 'bearer', '--test-path', '/me', '--allow-private-network', '--token-stdin']
    succeed(await run(['add', 'custom', '--base-url', url, ...custom, '--no-test'], { home, input: 'token-canary' }))
    return home
  }

  test.each(['selfSigned', 'expired', 'otherHost', 'good'] as const)(
    'a server that shows a certificate that is not trusted (%s) gets no request',
    async (kind) => {
      const server = await listen(createTlsServer(certificates[kind], JSON_ANSWER), 'https')
      const home = await homeFor(server.url)
      // No variable turns the check off.
      const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0', ...(kind === 'good' ? {} : { NODE_EXTRA_CA_CERTS: caFile() }) }
      const { status, stdout } = await run(['test', '--json'], { home, env })
      expect([status, JSON.parse(stdout).data.results[0].cause]).toEqual([8, 'unreachable'])
      expect(server.connections()).toBeGreaterThan(0)
      expect(server.requests).toEqual([])
    },
  )

  test('one whose authority is trusted gets it', async () => {
    const server = await listen(createTlsServer(certificates.good, JSON_ANSWER), 'https')
    const home = await homeFor(server.url)
    succeed(await run(['test', '--json'], { home, env: { NODE_EXTRA_CA_CERTS: caFile() } }))
    expect(server.requests).toHaveLength(1)
  })

  test('TLS 1.1 is not spoken', async () => {
    const old = { ...certificates.good, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    const server = await listen(createTlsServer(old, JSON_ANSWER), 'https')
    const home = await homeFor(server.url)
    const { status } = await run(['test', '--json'], { home, env: { NODE_EXTRA_CA_CERTS: caFile(), NODE_OPTIONS: '--tls-min-v1.0' } })
    expect(status).toBe(8)
    expect(server.requests).toEqual([])
  })

  function caFile(): string {
    const path = join(newDirectory(), 'ca.pem')
    writeFileSync(path, certificates.authority)
    return path
  }

  test('plain http is for this machine: any other host is refused before anything is opened, when it is saved and when it is used', async () => {
    const home = await homeWithVault()
    for (const url of [
      'http://chat.example.com',
      'http://192.0.2.1',
      'http://127.0.0.1.example.com',
      'http://0.0.0.0',
      'http://[::ffff:127.0.0.1]',
    ]) {
      const { status, stdout } = await run(['add', 'chatwoot', '--base-url', url, '--account-id', '1', '--api-key-stdin', '--json'], {
        home,
        input: 'token-canary',
      })
      expect([status, errorIn(stdout).code], url).toEqual([2, 'usage'])
      const env = { CHATWOOT_BASE_URL: url, CHATWOOT_ACCOUNT_ID: '1', CHATWOOT_API_KEY: 'token-canary' }
      const used = await run(['test', 'env:chatwoot', '--json'], { home, env })
      expect([used.status, errorIn(used.stdout).code], url).toEqual([2, 'usage'])
    }
  })
})

test('P09 variables about proxies send nothing anywhere else', async () => {
  const proxy = await listen(createServer(JSON_ANSWER))
  const sandbox = await openSandbox()
  const home = await homeWithVault()
  const env = { HTTP_PROXY: proxy.url, http_proxy: proxy.url, HTTPS_PROXY: proxy.url, ALL_PROXY: proxy.url, NODE_USE_ENV_PROXY: '1' }
  const options = { home, env, input: `${sandbox.administratorToken}\n` }
  succeed(await run(['add', 'chatwoot', '--base-url', sandbox.url, '--account-id', '1', '--api-key-stdin'], options))
  succeed(await run(['test', '--fresh'], options))
  expect(sandbox.requests.length).toBeGreaterThan(0)
  expect(proxy.connections()).toBe(0)
})

test('P09 a key in the address goes to its own server, and is never part of what is shown of that address', async () => {
  const server = await listen(createServer((_request, response) => response.writeHead(404).end()))
  const home = await homeWithVault()
  const custom = [
    '--base-url',
    server.url,
    '--auth-type',
    'api-key',
    '--api-key-place',
    'query',
    '--api-key-name',
    'key',
    '--test-path',
    '/me?page=1',
    '--allow-private-network',
  ]
  succeed(await run(['add', 'custom', ...custom, '--api-key-stdin', '--no-test'], { home, input: 'key-canary' }))
  const { stdout, stderr } = await run(['test', '-v', '-v'], { home })
  expect(server.requests[0]).toMatch(/^GET \/me\?page=1&key=key-canary /)
  expect(stdout + stderr).not.toContain('key-canary')
  expect(stderr).toContain(server.url)
})
