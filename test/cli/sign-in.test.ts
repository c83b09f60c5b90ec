/** Sign-ins, tokens and their hand-over as a person and a script drive them: built commands, real processes, a Salesforce of the test. */
import { describe, expect, test } from 'vitest'
import { APP, INSTANCE } from '../providers/salesforce/simulator.ts'
import { copyOf, type Home, homeWithVault, type Result, run, runShell, start, succeed, until } from '../support/cli.ts'
import { freePort, homeWithSalesforce, openSalesforce, type ReachableSalesforce } from '../support/salesforce.ts'

const dataOf = (result: Result) => JSON.parse(succeed(result).stdout).data

const BROWSER = ['--auth', 'oauth_browser', '--client-id', APP.clientId]

async function addByBrowser(salesforce: ReachableSalesforce, home: Home, more: readonly string[] = []): Promise<Result> {
  const argv = ['add', 'salesforce', ...BROWSER, '--redirect-port', String(await freePort()), ...more]
  return run(argv, { home, env: salesforce.env })
}

describe('crm add with a sign-in', () => {
  test('signs in, tests with the token, and saves both; the address is on standard error with --json, too', async () => {
    const salesforce = await openSalesforce()
    const home = await homeWithVault()
    const result = await addByBrowser(salesforce, home, ['--json'])
    expect(dataOf(result)).toMatchObject({
      integration: { name: 'salesforce', settings: { auth: 'oauth_browser' }, lastTest: { outcome: 'connected' } },
      test: { outcome: 'connected', identity: { accountName: 'Acme' } },
    })
    expect(result.stderr).toMatch(/^https:\/\/login\.salesforce\.com\/services\/oauth2\/authorize\?\S+code_challenge_method=S256\S*$/m)
    expect(dataOf(await run(['test', 'salesforce', '--fresh', '--json'], { home, env: salesforce.env })).results[0].outcome).toBe(
      'connected',
    )
    expect(salesforce.simulator.tokenRequests).toEqual([{ grantType: 'authorization_code', error: null }])
  })

  test('a refusal saves nothing and says what to change in the app', async () => {
    const salesforce = await openSalesforce({ refuses: true })
    const home = await homeWithVault()
    const result = await addByBrowser(salesforce, home)
    expect(result).toMatchObject({ status: 5, stdout: '' })
    expect(result.stderr).toContain('the user is not approved for the app')
    expect(result.stderr).toContain('nothing was saved')
    expect(dataOf(await run(['list', '--json'], { home })).integrations).toEqual([])
  })

  test('a pasted refresh token that a failed test has used up is said to be so, alone and in a file', async () => {
    const salesforce = await openSalesforce({ rotates: true, stumbles: 8 })
    const home = await homeWithVault()
    const env = { ...salesforce.env, R: salesforce.simulator.refreshToken }
    const pasted = ['--auth', 'refresh_token', '--client-id', APP.clientId, '--refresh-token-env', 'R']
    const alone = await run(['add', 'salesforce', ...pasted], { home, env })
    expect(alone.status).toBe(9)
    expect(alone.stderr).toContain('nothing was saved, and the refresh token was used up by the test: take a new one for the next run')
    // The server refuses what it has replaced; nothing more is lost.
    const again = await run(['add', 'salesforce', ...pasted], { home, env })
    expect(again.status).toBe(4)
    expect(again.stderr).not.toContain('used up')
    expect(dataOf(await run(['list', '--json'], { home })).integrations).toEqual([])
    const other = await openSalesforce({ rotates: true, stumbles: 8 })
    const { refreshToken } = other.simulator
    const one = { provider: 'salesforce', name: 'sf', auth: 'refresh_token', clientId: APP.clientId, refreshToken }
    const file = await run(['add', '--from', '-'], { home, env: other.env, input: JSON.stringify([one]) })
    expect(file.stderr).toContain('used up the refresh token of sf: take new ones for the next run')
    expect(file.stdout + file.stderr).not.toContain(refreshToken)
  })

  test('without a test nobody signs in, which is said with the command that does it', async () => {
    const home = await homeWithVault()
    const result = succeed(await run(['add', 'salesforce', ...BROWSER, '--no-test', '--json'], { home }))
    expect(JSON.parse(result.stdout).warnings).toEqual([
      { code: 'not_signed_in', message: 'nobody has signed in yet; do it with: crm login salesforce' },
    ])
    const tested = await run(['test', 'salesforce'], { home })
    expect(tested.status).toBe(4)
    expect(tested.stdout + tested.stderr).toContain('crm login salesforce')
  })

  test('nobody at the browser: the command ends within --timeout', async () => {
    const salesforce = await openSalesforce()
    const home = await homeWithVault()
    const argv = ['add', 'salesforce', ...BROWSER, '--redirect-port', String(await freePort()), '--no-browser', '--timeout', '1s']
    const result = await run(argv, { home, env: salesforce.env })
    expect(result.status).toBe(4)
    expect(result.stderr).toContain('nobody signed in within 1 s')
    expect(result.stderr).not.toContain('A browser was asked')
  })

  test('a signal ends the wait, and the port is free again', async () => {
    const salesforce = await openSalesforce()
    const home = await homeWithVault()
    const port = String(await freePort())
    const argv = ['add', 'salesforce', ...BROWSER, '--redirect-port', port]
    const running = start(argv, { home, env: { ...salesforce.env, BROWSER: 'none' } })
    await until(running, () => running.printed().stderr.includes('https://login.salesforce.com/'))
    running.process.kill('SIGTERM')
    expect((await running.ended).status).toBe(143)
    succeed(await run(argv, { home, env: salesforce.env }))
  })
})

describe('crm login', () => {
  test('signs in again, keeps everything else, and is in the audit log', async () => {
    const salesforce = await openSalesforce({ rotates: true })
    const home = await homeWithSalesforce()
    const before = dataOf(await run(['show', 'salesforce', '--json'], { home })).integration
    const data = dataOf(await run(['login', 'salesforce', '--json'], { home, env: salesforce.env }))
    expect(data.test.outcome).toBe('connected')
    expect(data.integration).toMatchObject({ revision: before.revision, settings: before.settings })
    salesforce.simulator.expire()
    expect(succeed(await run(['test', 'salesforce', '--fresh'], { home, env: salesforce.env })).stdout).toContain('connected')
    expect(salesforce.simulator.tokenRequests.map(({ grantType }) => grantType)).toEqual(['authorization_code', 'refresh_token'])
    const { events } = dataOf(await run(['audit', '--json'], { home }))
    expect(events.map(({ event }: { event: string }) => event)).toEqual(expect.arrayContaining(['token.sign-in', 'token.refresh']))
    expect(dataOf(await run(['vault', 'verify', '--json'], { home })).problems).toEqual([])
  })

  test('is refused for a credential that is given, with the command that gives it', async () => {
    const home = await homeWithVault()
    const flags = ['--auth', 'client-credentials', '--login-host', 'acme.my.salesforce.com', '--client-id', APP.clientId]
    const env = { S: APP.clientSecret }
    succeed(await run(['add', 'salesforce', ...flags, '--client-secret-env', 'S', '--no-test'], { home, env }))
    const result = await run(['login', 'salesforce'], { home })
    expect(result.status).toBe(2)
    expect(result.stderr).toContain('crm edit salesforce --client-secret-stdin')
  })
})

describe('crm authorize', () => {
  test('does the browser part on another machine; the code is sealed for the one that asked', async () => {
    const salesforce = await openSalesforce()
    const server = await homeWithSalesforce()
    const laptop = await homeWithVault()
    const waiting = start(['login', 'salesforce', '--remote', '--json'], { home: server, env: salesforce.env, keepOpen: true })
    await until(waiting, () => /^crm authorize salesforce crm-request-1\.\S+$/m.test(waiting.printed().stderr))
    const line = /^crm (authorize salesforce crm-request-1\.\S+)$/m.exec(waiting.printed().stderr)?.[1] ?? ''
    const { stdout } = succeed(await run(line.split(' '), { home: laptop, env: salesforce.env }))
    expect(stdout).toMatch(/^crm-code-1\.[\w-]{100,}\n$/)
    // The code of the server is in it, and cannot be read.
    expect(Buffer.from(stdout.trim().slice('crm-code-1.'.length), 'base64url').toString('latin1')).not.toMatch(/aPrx|code=/)
    expect(salesforce.simulator.tokenRequests).toEqual([])
    waiting.process.stdin?.end(stdout)
    expect(dataOf(await waiting.ended).test.outcome).toBe('connected')
    expect(salesforce.simulator.tokenRequests).toEqual([{ grantType: 'authorization_code', error: null }])
  })

  test('a code for another sign-in, and a text that is none, are refused', async () => {
    const salesforce = await openSalesforce()
    const home = await homeWithSalesforce()
    const waiting = start(['login', 'salesforce', '--remote'], { home, env: salesforce.env, keepOpen: true })
    await until(waiting, () => waiting.printed().stderr.includes('crm-request-1.'))
    const line = /^crm (authorize \S+ \S+)$/m.exec(waiting.printed().stderr)?.[1] ?? ''
    const { stdout: code } = succeed(await run(line.split(' '), { home, env: salesforce.env }))
    waiting.process.kill('SIGTERM')
    await waiting.ended
    for (const input of [code, 'crm-code-1.AAAA', 'code']) {
      const result = await run(['login', 'salesforce', '--remote'], { home, env: salesforce.env, input })
      expect(result.status).toBe(2)
      expect(result.stderr).toContain('this is not the code for this sign-in')
    }
    expect((await run(['authorize', 'salesforce', 'hello'], { home })).status).toBe(2)
    expect((await run(['authorize', 'chatwoot', line.split(' ')[2] ?? ''], { home })).status).toBe(2)
  })

  test('a request cannot lead to another host', async () => {
    const home = await homeWithVault()
    const settings = { auth: 'oauth_browser', environment: 'custom', loginHost: 'salesforce.com.evil.example', clientId: 'x' }
    const parts = { provider: 'salesforce', settings, state: 's', challenge: 'c', key: Buffer.alloc(32, 9).toString('base64url') }
    const request = `crm-request-1.${Buffer.from(JSON.stringify(parts)).toString('base64url')}`
    const result = await run(['authorize', 'salesforce', request], { home, env: { BROWSER: 'none' } })
    expect(result).toMatchObject({ status: 2, stdout: '' })
    expect(result.stderr).toContain('loginHost')
  })
})

describe('crm env', () => {
  test('gives a shell a valid token, its address and headers, and not what obtains tokens', async () => {
    const salesforce = await openSalesforce({ rotates: true })
    const home = await homeWithVault()
    const flags = ['--auth', 'refresh_token', '--client-id', APP.clientId, '--refresh-token-stdin', '--no-test']
    succeed(await run(['add', 'salesforce', ...flags], { home, input: salesforce.simulator.refreshToken }))
    const line =
      'eval "$(crm env salesforce)" && printf "%s\\n" "$SALESFORCE_INSTANCE_URL" "$SALESFORCE_ACCESS_TOKEN" "$SALESFORCE_HEADERS" "$SALESFORCE_REFRESH_TOKEN"'
    const shell = succeed(await runShell(line, { home, env: salesforce.env }))
    const [url, token, headers, refresh] = shell.stdout.split('\n')
    expect(url).toBe(INSTANCE)
    expect(token).toMatch(/^00Dxx0000001gPL!/)
    expect(JSON.parse(headers ?? '')).toEqual({ authorization: `Bearer ${token}` })
    expect(refresh).toBe('')
    const data = dataOf(await run(['env', 'salesforce', '--json'], { home, env: salesforce.env }))
    expect(data).toMatchObject({ accessToken: token, baseUrl: INSTANCE, headers: { authorization: `Bearer ${token}` }, source: 'vault' })
    expect(salesforce.simulator.tokenRequests).toHaveLength(1)
    const { events } = dataOf(await run(['audit', '--json'], { home }))
    const reveals = events.filter(({ event }: { event: string }) => event === 'integration.reveal')
    expect(reveals.map(({ details }: { details: { by: string } }) => details.by)).toEqual(['env', 'env'])
  })

  test('quotes whatever a value holds', async () => {
    const home = await homeWithVault()
    const token = `it's "$HOME" \\ \`id\` ; touch gone`
    const argv = ['add', 'chatwoot', '--base-url', 'https://chat.example.com', '--account-id', '3', '--api-key-stdin', '--no-test']
    succeed(await run(argv, { home, input: token }))
    const shell = succeed(
      await runShell('eval "$(crm env chatwoot)" && printf %s "$CHATWOOT_API_KEY" && ls gone', { home }).then((result) => ({
        ...result,
        status: result.status === 2 ? 0 : 1,
      })),
    )
    expect(shell.stdout).toBe(token)
  })

  test('a dead sign-in ends with 4, names the login, and prints nothing', async () => {
    const salesforce = await openSalesforce()
    const home = await homeWithVault()
    const flags = ['--auth', 'refresh_token', '--client-id', APP.clientId, '--refresh-token-stdin', '--no-test']
    succeed(await run(['add', 'salesforce', ...flags], { home, input: '5Aep861dead-token' }))
    const result = await run(['env', 'salesforce'], { home: copyOf(home), env: salesforce.env })
    expect(result).toMatchObject({ status: 4, stdout: '' })
    expect(result.stderr).toContain('crm login salesforce')
  })

  test('an sfdx auth URL is taken apart', async () => {
    const salesforce = await openSalesforce()
    const home = await homeWithVault()
    const input = `force://${APP.clientId}::${salesforce.simulator.refreshToken}@acme.my.salesforce.com`
    const argv = ['add', 'salesforce', '--auth', 'refresh_token', '--refresh-token-stdin', '--json']
    const { integration } = dataOf(await run(argv, { home, input, env: salesforce.env }))
    expect(integration.settings).toMatchObject({ environment: 'custom', loginHost: 'acme.my.salesforce.com', clientId: APP.clientId })
  })
})

test("every token request trusts the integration's own certificates: add, test, env, login, login --remote and the refresh", async () => {
  const salesforce = await openSalesforce()
  const { NODE_EXTRA_CA_CERTS: _trusted, ...env } = salesforce.env
  const home = await homeWithVault()
  const distrusted = await addByBrowser({ ...salesforce, env }, home)
  expect(distrusted).toMatchObject({ status: 8, stdout: '' })
  expect(salesforce.simulator.tokenRequests).toEqual([])
  const added = await addByBrowser({ ...salesforce, env }, home, ['--ca-file', salesforce.authority, '--json'])
  expect(dataOf(added).test.outcome).toBe('connected')
  salesforce.simulator.expire()
  expect(dataOf(await run(['test', 'salesforce', '--fresh', '--json'], { home, env })).results[0].outcome).toBe('connected')
  expect(dataOf(await run(['login', 'salesforce', '--json'], { home, env })).test.outcome).toBe('connected')
  const waiting = start(['login', 'salesforce', '--remote', '--json'], { home, env, keepOpen: true })
  await until(waiting, () => /^crm authorize salesforce crm-request-1\.\S+$/m.test(waiting.printed().stderr))
  const words = /^crm (authorize salesforce crm-request-1\.\S+)$/m.exec(waiting.printed().stderr)?.[1] ?? ''
  waiting.process.stdin?.end(succeed(await run(words.split(' '), { home: await homeWithVault(), env })).stdout)
  expect(dataOf(await waiting.ended).test.outcome).toBe('connected')
  const server = ['--auth', 'client-credentials', '--login-host', 'acme.my.salesforce.com', '--client-id', APP.clientId]
  const flags = ['--client-secret-env', 'S', '--ca-file', salesforce.authority, '--name', 'server', '--no-test']
  succeed(await run(['add', 'salesforce', ...server, ...flags], { home, env: { ...env, S: APP.clientSecret } }))
  expect(dataOf(await run(['env', 'server', '--json'], { home, env })).baseUrl).toContain('acme.my.salesforce.com')
  const grants = ['authorization_code', 'refresh_token', 'authorization_code', 'authorization_code', 'client_credentials']
  expect(salesforce.simulator.tokenRequests).toEqual(grants.map((grantType) => ({ grantType, error: null })))
})
