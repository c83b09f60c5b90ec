/** CRMs described as data, as their users have them: built commands, files, a server of the test. */

import { createHmac } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Definition } from '../../src/providers/definition-format.ts'
import { startAuthorizationServer } from '../oauth/authorization-server.ts'
import { browse } from '../oauth/browser.ts'
import { type AnsweringServer, answering, type Canned, type Seen } from '../providers/answering-server.ts'
import { closeAtEnd, emptyHome, type Home, homeWithVault, run, runShell, start, succeed, until } from '../support/cli.ts'
import { ACME, ANYWHERE, writeDefinition } from '../support/definitions.ts'
import { KEYS, runInTerminal } from '../support/pty.ts'
import { freePort } from '../support/salesforce.ts'
import { dataOf, documentOf, failureOf } from './document.ts'

const KEY = 'canary-key-0123456789'
const WELL = { status: 200, body: { data: { id: 7, company: 'Acme', email: 'ann@acme.example' } } }

async function crm(answer: (request: Seen) => Canned | undefined = () => WELL): Promise<AnsweringServer> {
  const server = await answering(answer)
  closeAtEnd(() => server.close())
  return server
}

/** A home that knows a definition. */
async function homeWith(definition: Definition): Promise<Home> {
  const home = await homeWithVault()
  succeed(await run(['providers', 'add', writeDefinition(home, definition), '--yes'], { home }))
  return home
}

const ADD = ['add', 'anywhere', '--api-key-env', 'ANYWHERE_API_KEY', '--allow-private-network']
const env = { ANYWHERE_API_KEY: KEY }

describe.concurrent('crm providers add', () => {
  test('keeps a definition, 0600, with its digest; from then on it is a provider', async () => {
    const home = await homeWithVault()
    const file = writeDefinition(home, ACME)
    const { provider, changed, path } = dataOf<{ provider: { definition: string }; changed: boolean; path: string }>(
      'providers add',
      await run(['providers', 'add', file, '--yes', '--json'], { home }),
    )
    expect({ provider, changed }).toMatchObject({
      provider: { id: 'acme', hosts: ['*.acme.example'], test: { method: 'GET', address: 'https://<subdomain>.acme.example/api/v1/me' } },
      changed: true,
    })
    expect((await runShell('sha256sum acme.json', { home })).stdout).toContain(provider.definition)
    expect(readFileSync(path, 'utf8')).toBe(readFileSync(join(home.path, file), 'utf8'))
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const listed = documentOf('providers', await run(['providers', '--json'], { home })).data.providers
    expect(listed.find(({ id }: { id: string }) => id === 'acme')).toMatchObject({ name: 'Acme CRM', definition: provider.definition })
    const { fields } = documentOf('providers <id>', await run(['providers', 'acme', '--json'], { home })).data.provider
    expect(fields.map(({ flag }: { flag: string }) => flag)).toEqual([
      '--subdomain',
      '--api-key-stdin',
      '--allow-private-network',
      '--ca-file',
    ])
    expect(dataOf('providers add', await run(['providers', 'add', file, '--yes', '--json'], { home }))).toMatchObject({ changed: false })
  })

  test('asks a person once, who sees hosts, fields and the address of the test; no means no', async () => {
    const home = await homeWithVault()
    writeDefinition(home, ACME)
    for (const [keys, status, there] of [
      [KEYS.enter, 130, false],
      ['y\r', 0, true],
    ] as const) {
      const terminal = runInTerminal({ command: ['/bin/sh', '-c', 'crm providers add acme.json'], env: home.env, cwd: home.path })
      await terminal.sees('whose secrets go to these hosts?')
      for (const shown of ['*.acme.example', 'apiKey (secret)', 'GET https://<subdomain>.acme.example/api/v1/me'])
        expect(terminal.text()).toContain(shown)
      terminal.type(keys)
      expect(await terminal.exited).toBe(status)
      expect(existsSync(join(home.path, 'providers', 'acme.json'))).toBe(there)
    }
  })

  test('tells a person that a test is a POST', async () => {
    const home = await homeWithVault()
    writeDefinition(home, { ...ACME, test: { ...ACME.test, request: { path: '/query', method: 'POST', body: { query: '{ me }' } } } })
    const terminal = runInTerminal({ command: ['/bin/sh', '-c', 'crm providers add acme.json'], env: home.env, cwd: home.path })
    await terminal.sees('The test is a POST: its author says that it changes nothing.')
    await terminal.sees('whose secrets go to these hosts?')
    terminal.type(KEYS.enter)
    expect(await terminal.exited).toBe(130)
  })

  test('without a terminal needs --yes', async () => {
    const home = await homeWithVault()
    const { error } = failureOf('providers add', 'usage', await run(['providers', 'add', writeDefinition(home, ACME), '--json'], { home }))
    expect(error.hint).toContain('--yes')
  })

  test('names every problem of a bad one with its JSON pointer, and keeps nothing', async () => {
    const home = await homeWithVault()
    const bad = { ...ACME, baseUrl: 'http://acme.example', color: 'red', auth: { type: 'oauth1' } }
    for (const verb of ['add', 'validate'] as const) {
      const result = await run(
        ['providers', verb, writeDefinition(home, bad, 'bad.json'), ...(verb === 'add' ? ['--yes'] : []), '--json'],
        { home },
      )
      const { error } = failureOf(`providers ${verb}`, 'usage', result)
      expect(error.problems.map(({ field }: { field: string }) => field)).toEqual(['/auth/type', '/color'])
      expect(error.problems[0].message).toContain('format 1 does not have oauth1')
    }
    expect(existsSync(join(home.path, 'providers'))).toBe(false)
  })

  test('refuses an id that is taken: by crm itself, or by another definition', async () => {
    const home = await homeWith(ACME)
    const ours = { ...ACME, id: 'close' }
    failureOf('providers add', 'conflict', await run(['providers', 'add', writeDefinition(home, ours), '--yes', '--json'], { home }))
    const other = { ...ACME, name: 'Other' }
    const { error } = failureOf(
      'providers add',
      'conflict',
      await run(['providers', 'add', writeDefinition(home, other), '--yes', '--json'], { home }),
    )
    expect(error.hint).toContain('--replace')
  })

  test('takes the one that crm providers export prints, for those that are data', async () => {
    const home = await homeWithVault()
    const text = succeed(await run(['providers', 'export', 'close'], { home })).stdout
    writeFileSync(join(home.path, 'mine.json'), text.replace('"id": "close"', '"id": "mine"').replaceAll('CLOSE_', 'MINE_'))
    succeed(await run(['providers', 'add', 'mine.json', '--yes'], { home }))
    expect(succeed(await run(['providers', 'export', 'mine'], { home })).stdout).toBe(readFileSync(join(home.path, 'mine.json'), 'utf8'))
    const refused = failureOf(
      'providers export',
      'usage',
      await run(['providers', 'export', 'close', '--output', 'mine.json', '--json'], { home }),
    )
    expect(refused.error).toMatchObject({ reason: 'Replace mine.json?', hint: 'add --yes to confirm' })
    expect(readFileSync(join(home.path, 'mine.json'), 'utf8')).toContain('"id": "mine"')
    succeed(await run(['providers', 'export', 'close', '--output', 'mine.json', '--yes'], { home }))
    expect(readFileSync(join(home.path, 'mine.json'), 'utf8')).toBe(text)
    failureOf('providers export', 'usage', await run(['providers', 'export', 'chatwoot', '--json'], { home }))
    failureOf('providers export', 'not_found', await run(['providers', 'export', 'nothing', '--json'], { home }))
  })
})

describe.concurrent('crm providers remove', () => {
  test('is refused while integrations use it, and forgets it with --force; they are not used then', async () => {
    const server = await crm()
    const home = await homeWith(ANYWHERE)
    succeed(await run([...ADD, '--base-url', server.origin], { home, env }))
    const { error } = failureOf('providers remove', 'conflict', await run(['providers', 'remove', 'anywhere', '--yes', '--json'], { home }))
    expect(error.message).toContain('anywhere')
    succeed(await run(['providers', 'remove', 'anywhere', '--yes', '--force'], { home }))
    const asked = server.seen.length
    failureOf('test', 'not_found', await run(['test', 'anywhere', '--json'], { home }))
    expect(server.seen).toHaveLength(asked)
    failureOf('providers remove', 'not_found', await run(['providers', 'remove', 'anywhere', '--yes', '--json'], { home }))
    failureOf('providers remove', 'conflict', await run(['providers', 'remove', 'close', '--yes', '--json'], { home }))
  })
})

describe.concurrent('an integration of a defined provider', () => {
  test('is added, tested and handed over like any other', async () => {
    const server = await crm((request) =>
      request.headers['x-api-key'] === KEY ? { ...WELL, headers: { 'x-ratelimit-remaining': '97' } } : { status: 401, body: {} },
    )
    const home = await homeWith(ANYWHERE)
    succeed(await run([...ADD, '--base-url', `${server.origin}/api`, '--name', 'acme'], { home, env }))
    const [result] = documentOf('test', await run(['test', 'acme', '--fresh', '--json'], { home })).data.results
    expect(result).toMatchObject({
      outcome: 'connected',
      identity: { accountName: 'Acme', userEmail: 'ann@acme.example' },
      checks: [{ name: 'credential' }, { name: 'limits', detail: '97 requests left' }],
    })
    expect(server.seen.at(-1)).toMatchObject({ method: 'GET', path: '/api/me' })
    const access = documentOf('env', await run(['env', 'acme', '--json'], { home })).data
    expect(access).toMatchObject({ baseUrl: `${server.origin}/api`, headers: { 'x-api-key': KEY } })
  })

  test('on this machine or in a private network needs a word of its own', async () => {
    const server = await crm()
    const home = await homeWith(ANYWHERE)
    const argv = ['add', 'anywhere', '--api-key-env', 'ANYWHERE_API_KEY', '--json']
    for (const url of [server.origin, 'https://10.0.0.1', 'https://169.254.169.254', 'https://[::1]', 'https://metadata.google.internal']) {
      const { error } = failureOf('add', 'usage', await run([...argv, '--base-url', url], { home, env }))
      expect(error.problems[0]).toMatchObject({ field: 'baseUrl', message: expect.stringContaining('--allow-private-network') })
    }
    expect(server.seen).toEqual([])
  })

  test('is not sent after a redirect, and says where it leads', async () => {
    const elsewhere = await crm()
    const server = await crm(() => ({ status: 302, headers: { location: `${elsewhere.origin}/me?key=1` } }))
    const home = await homeWith(ANYWHERE)
    const { error } = failureOf('add', 'provider_error', await run([...ADD, '--base-url', server.origin, '--json'], { home, env }))
    expect(`${error.message} ${error.reason} ${error.hint}`).toContain(elsewhere.origin)
    expect(elsewhere.seen).toEqual([])
  })

  test.each([
    ['more than it may', () => ({ status: 200, body: { data: { id: 1 }, pad: 'x'.repeat(2_000_000) } }), 'provider_error'],
    ['compressed', () => ({ ...WELL, headers: { 'content-encoding': 'gzip' } }), 'provider_error'],
    ['a page', () => ({ status: 200, body: '<html><h1>Log in</h1></html>' }), 'provider_error'],
    ['a success that holds an error', () => ({ status: 200, body: { data: { id: 1 }, error: 'no' } }), 'provider_error'],
    ['another content type', () => ({ ...WELL, headers: { 'content-type': 'text/json' } }), 'provider_error'],
    ['a missing right', () => ({ status: 403, body: {} }), 'permission_denied'],
    ['nothing at that path', () => ({ status: 404, body: '<h1>no</h1>' }), 'not_found'],
    ['a limit', () => ({ status: 429, body: {}, headers: { 'retry-after': '120' } }), 'rate_limited'],
    ['maintenance', () => ({ status: 503, body: '<h1>back soon</h1>', headers: { 'retry-after': '120' } }), 'provider_error'],
  ] as const)('whose server answers %s fails by its cause', async (_what, answer, cause) => {
    const server = await crm(answer as () => Canned)
    const home = await homeWith(ANYWHERE)
    const result = await run([...ADD, '--base-url', server.origin, '--json'], { home, env })
    failureOf('add', cause, result)
    expect(result.stdout + result.stderr).not.toContain(KEY)
  })
})

describe.concurrent('a changed definition', () => {
  const replaced = { ...ANYWHERE, name: 'Anywhere, changed' }
  const withOne = async (): Promise<{ home: Home; server: AnsweringServer }> => {
    const server = await crm()
    const home = await homeWith(ANYWHERE)
    succeed(await run([...ADD, '--base-url', server.origin, '--name', 'acme', '--no-test'], { home, env }))
    return { home, server }
  }

  test('gets no secret that was stored under the one before, until somebody agrees', async () => {
    const { home, server } = await withOne()
    const add = await run(['providers', 'add', writeDefinition(home, replaced), '--replace', '--yes', '--json'], { home })
    expect(dataOf('providers add', add)).toMatchObject({ replaced: true, affected: ['acme'] })
    for (const [command, argv] of [
      ['test', ['test', 'acme', '--fresh']],
      ['env', ['env', 'acme']],
      ['edit', ['edit', 'acme', '--api-key-env', 'ANYWHERE_API_KEY']],
    ] as const) {
      const { error } = failureOf(command, 'conflict', await run([...argv, '--json', '--yes'], { home, env }))
      expect(error.hint).toContain('crm edit acme --accept-definition')
    }
    expect(server.seen).toEqual([])
    succeed(await run(['edit', 'acme', '--accept-definition'], { home }))
    succeed(await run(['test', 'acme', '--fresh'], { home }))
    expect(server.seen.every(({ headers }) => headers['x-api-key'] === KEY)).toBe(true)
  })

  test('is asked about at a terminal, with the address that the secrets would go to', async () => {
    const { home, server } = await withOne()
    succeed(await run(['providers', 'add', writeDefinition(home, replaced), '--replace', '--yes'], { home }))
    for (const [keys, status] of [
      [KEYS.enter, 130],
      ['y\r', 0],
    ] as const) {
      const terminal = runInTerminal({ command: ['/bin/sh', '-c', 'crm test acme --fresh'], env: home.env, cwd: home.path })
      await terminal.sees('with this definition from now on?')
      expect(terminal.text()).toContain(server.origin)
      terminal.type(keys)
      expect(await terminal.exited).toBe(status)
    }
    succeed(await run(['test', 'acme', '--fresh'], { home }))
  })

  test.each([
    [
      'changed by hand',
      (path: string) => writeFileSync(path, readFileSync(path, 'utf8').replace('X-Api-Key', 'X-Other'), { mode: 0o600 }),
      'conflict',
      'has changed',
    ],
    ['open to others', (path: string) => chmodSync(path, 0o666), 'unsafe_file', 'not safe'],
  ] as const)('whose file is %s is not used', async (_what, change, code, message) => {
    const { home, server } = await withOne()
    change(join(home.path, 'providers', 'anywhere.json'))
    const tested = await run(['test', 'acme', '--fresh', '--json'], { home })
    expect(failureOf('test', code, tested).data.results[0].message).toContain(message)
    failureOf('add', code, await run([...ADD, '--base-url', server.origin, '--name', 'b', '--json'], { home, env }))
    expect(documentOf('providers', await run(['providers', '--json'], { home })).warnings).toMatchObject([{ code: 'definition_unusable' }])
    expect(server.seen).toEqual([])
  })
})

describe.concurrent('the other ways to authenticate', () => {
  test('client credentials: a token is obtained, kept, and renewed once when the API calls it expired', async () => {
    let given = 0
    const server = await crm((request) => {
      if (request.path === '/token') {
        given += 1
        return { status: 200, body: { result: { token: `canary-token-${given}` }, valid_ms: 600_000, region: 'eu' } }
      }
      return request.headers['x-session'] === 'T canary-token-2' && request.path.startsWith('/eu/me') ? WELL : { status: 401, body: {} }
    })
    const { port } = new URL(server.origin)
    const home = await homeWith({
      ...ANYWHERE,
      hosts: [`127.0.0.1:${port}`],
      fields: [...ANYWHERE.fields, { name: 'clientId', label: 'Client id', kind: 'text' }],
      auth: {
        type: 'oauth2_client_credentials',
        token: {
          url: `${server.origin}/token`,
          clientId: '{{fields.clientId}}',
          clientSecret: '{{fields.apiKey}}',
          bodyFormat: 'json',
          extra: [{ name: 'audience', value: 'api' }],
          accessToken: '/result/token',
          expiresIn: '/valid_ms',
          expiresUnit: 'ms',
          capture: { region: '/region' },
        },
        scopes: ['read', 'list'],
        scopeSeparator: ',',
        place: { in: 'header', name: 'X-Session', prefix: 'T ' },
      },
      test: {
        ...ANYWHERE.test,
        request: { path: '/{{auth.meta.region}}/me', query: [{ name: 'run', value: '{{run.uuid}}' }] },
        errors: [{ when: { status: [401] }, class: 'auth_expired' }],
      },
    })
    succeed(await run([...ADD, '--client-id', 'me', '--base-url', server.origin, '--name', 'acme'], { home, env }))
    expect(given).toBe(2)
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({
      grant_type: 'client_credentials',
      client_id: 'me',
      client_secret: KEY,
      audience: 'api',
      scope: 'read,list',
    })
    succeed(await run(['test', 'acme', '--fresh'], { home }))
    expect(given).toBe(2)
    const access = documentOf('env', await run(['env', 'acme', '--json'], { home })).data
    expect(access).toMatchObject({ headers: { 'x-session': 'T canary-token-2' }, accessToken: 'canary-token-2' })
    expect(Date.parse(access.expiresAt) - Date.now()).toBeLessThan(601_000)
  })

  test('a host that a token answer names gets nothing, unless the definition lists it', async () => {
    const elsewhere = await crm()
    const server = await crm((request) =>
      request.path === '/token' ? { status: 200, body: { access_token: 'canary-token', api: elsewhere.origin } } : WELL,
    )
    const named = (hosts: readonly string[]): Definition => ({
      ...ANYWHERE,
      baseUrl: '{{auth.meta.api}}',
      hosts,
      fields: [{ name: 'apiKey', label: 'API key', kind: 'secret' }],
      auth: {
        type: 'oauth2_client_credentials',
        token: { url: `${server.origin}/token`, clientId: 'id', clientSecret: '{{fields.apiKey}}', capture: { api: '/api' } },
      },
    })
    const own = new URL(server.origin).host
    const refused = await run([...ADD, '--json'], { home: await homeWith(named([own])), env })
    expect(failureOf('add', 'usage', refused).error.message).toContain('not on a host')
    expect(elsewhere.seen).toEqual([])
    succeed(await run(ADD, { home: await homeWith(named([own, new URL(elsewhere.origin).host])), env }))
    expect(elsewhere.seen).toMatchObject([{ headers: { authorization: 'Bearer canary-token' } }])
  })

  test('a token endpoint that says no by 200, or by its own word, is a refusal', async () => {
    const server = await crm((request) =>
      request.path === '/token' ? { status: 200, body: { access_token: 'x', fault: 'bad client' } } : WELL,
    )
    const home = await homeWith({
      ...ANYWHERE,
      hosts: [`127.0.0.1:${new URL(server.origin).port}`],
      auth: {
        type: 'oauth2_client_credentials',
        token: { url: `${server.origin}/token`, clientId: 'id', clientSecret: '{{fields.apiKey}}', errorAt: '/fault' },
      },
    })
    failureOf('add', 'auth_rejected', await run([...ADD, '--base-url', server.origin, '--json'], { home, env }))
    expect(server.seen.map(({ path }) => path)).toEqual(['/token'])
  })

  test('a sign-in with the browser, against an authorization server that nobody here wrote', async () => {
    const port = await freePort()
    const server = await startAuthorizationServer({ redirectUris: [`http://localhost:${port}/back`] })
    closeAtEnd(() => server.close())
    const home = await homeWith({
      ...ANYWHERE,
      baseUrl: server.issuer,
      hosts: [new URL(server.issuer).host],
      fields: [
        { name: 'clientId', label: 'Client id', kind: 'text' },
        { name: 'clientSecret', label: 'Client secret', kind: 'secret' },
      ],
      auth: {
        type: 'oauth2_authorization_code',
        authorizeUrl: `${server.issuer}/auth`,
        authorizeExtra: [{ name: 'prompt', value: 'consent' }],
        token: { url: `${server.issuer}/token`, clientId: '{{fields.clientId}}', clientSecret: '{{fields.clientSecret}}' },
        scopes: ['openid', 'offline_access'],
        redirectPort: port,
        redirectPath: '/back',
        revokeUrl: `${server.issuer}/token/revocation`,
      },
      test: { request: { path: '/me' }, expect: { status: [200], all: [{ at: '/sub', exists: true }] }, identity: { userName: '/sub' } },
    })
    const argv = [
      'add',
      'anywhere',
      '--client-id',
      server.clientId,
      '--client-secret-env',
      'SECRET',
      '--allow-private-network',
      '--no-browser',
    ]
    const running = start(argv, { home, env: { SECRET: server.clientSecret } })
    await until(running, () => /^http:\/\/\S+$/m.test(running.printed().stderr))
    const [address = ''] = /^http:\/\/\S+$/m.exec(running.printed().stderr) ?? []
    expect((await browse(address)).status).toBe(200)
    succeed(await running.ended)
    expect(server.tokenRequests).toEqual([{ grantType: 'authorization_code', status: 200 }])
    const [result] = documentOf('test', await run(['test', 'anywhere', '--fresh', '--json'], { home })).data.results
    expect(result).toMatchObject({ outcome: 'connected', identity: { userName: expect.any(String) } })
    const { headers } = documentOf('env', await run(['env', 'anywhere', '--json'], { home })).data
    const me = () => fetch(`${server.issuer}/me`, { headers })
    expect((await me()).status).toBe(200)
    succeed(await run(['remove', 'anywhere', '--revoke', '--yes'], { home }))
    expect((await me()).status).toBe(401)
    expect(documentOf('list', await run(['list', '--json'], { home })).data.integrations).toEqual([])
  })

  test('without tokens has none to give back', async () => {
    const server = await crm()
    const home = await homeWith(ANYWHERE)
    succeed(await run([...ADD, '--base-url', server.origin, '--name', 'acme'], { home, env }))
    // No tokens: there is nothing to give back.
    succeed(await run(['remove', 'acme', '--revoke', '--yes'], { home }))
  })

  test('a signature over the request, which the server checks', async () => {
    const server = await crm((request) => {
      const {
        'x-timestamp': at = '',
        'x-key-id': id = '',
        'x-nonce': nonce = '',
        'x-signature': signature = '',
      } = request.headers as Record<string, string>
      const [path = '', query = ''] = request.path.split('?')
      const expected = createHmac('sha256', KEY).update(['GET', path, query, at, nonce, id].join('\n')).digest('base64')
      const isNow = Math.abs(Date.now() / 1000 - Number(at)) < 300
      return signature === expected && isNow && id === 'key-1'
        ? WELL
        : { status: 401, body: {}, headers: { date: new Date(0).toUTCString() } }
    })
    const home = await homeWith({
      ...ANYWHERE,
      fields: [...ANYWHERE.fields, { name: 'keyId', label: 'Key id', kind: 'text', secret: false }],
      auth: {
        type: 'hmac',
        key: '{{fields.apiKey}}',
        algorithm: 'sha256',
        encoding: 'base64',
        parts: ['method', 'path', 'query', 'timestamp', 'nonce', 'keyId'],
        joiner: '\n',
        keyId: '{{fields.keyId}}',
        keyIdHeader: 'X-Key-Id',
        nonceHeader: 'X-Nonce',
        timestamp: { header: 'X-Timestamp', format: 'unix_s' },
        signature: { in: 'header', name: 'X-Signature' },
      },
      test: { ...ANYWHERE.test, request: { path: '/me', query: [{ name: 'a', value: 'b c' }] } },
    })
    succeed(await run([...ADD, '--key-id', 'key-1', '--base-url', server.origin, '--name', 'acme'], { home, env }))
    const wrong = await run(['edit', 'acme', '--key-id', 'key-2', '--json'], { home })
    expect(failureOf('edit', 'auth_rejected', wrong).error.message).toMatch(
      /; the clock of this machine is \d+ s ahead of that of the server/,
    )
  })

  test('a read by POST, with its body and its fields in their places', async () => {
    const server = await crm(() => WELL)
    const home = await homeWith({
      ...ANYWHERE,
      fields: [...ANYWHERE.fields, { name: 'account', label: 'Account', kind: 'text' }],
      test: {
        ...ANYWHERE.test,
        request: {
          method: 'POST',
          path: '/{{fields.account}}/query',
          body: { query: '{ me }', account: '{{fields.account}}', deep: [1, null] },
        },
      },
    })
    succeed(await run([...ADD, '--account', 'a/b "c"', '--base-url', server.origin], { home, env }))
    expect(server.seen[0]).toMatchObject({ method: 'POST', path: '/a%2Fb%20%22c%22/query' })
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({ query: '{ me }', account: 'a/b "c"', deep: [1, null] })
  })
})

test('what an author writes reaches no terminal as control characters', async () => {
  const home = emptyHome()
  const hostile = {
    ...ACME,
    name: 'Acme\u001b[2J\u202e',
    fields: [ACME.fields[0], { ...ACME.fields[1], label: 'Key\u001b]0;x\u0007', help: '\u001b[31mred' }],
  }
  const file = writeDefinition(home, hostile)
  for (const argv of [
    ['providers', 'add', file, '--yes'],
    ['providers', 'validate', file],
    ['providers'],
    ['providers', 'acme'],
    ['providers', 'export', 'acme'],
    ['add', 'acme', '--help'],
  ]) {
    const { stdout, stderr } = succeed(await run(argv, { home }))
    expect(stdout + stderr, argv.join(' ')).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/)
  }
})
