import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { startRaw } from '../http/raw-server.ts'
import {
  addChatwoot,
  chatwootVariables,
  closeAtEnd,
  copyOf,
  type Home,
  homeWithChatwoot,
  homeWithVault,
  openSandbox,
  run,
  succeed,
} from '../support/cli.ts'
import { documentOf, failureOf, type Json } from './document.ts'

const SECRET = 'tok-9f2c7d41aa-never-shown'

let sandbox: Sandbox
let acme: Home

beforeAll(async () => {
  sandbox = await openSandbox()
  acme = await homeWithChatwoot(sandbox, 'acme')
})

/** Results by name: outcome, or cause. */
const outcomes = (document: Json) =>
  Object.fromEntries(document.data.results.map((result: Json) => [result.name, result.cause ?? result.outcome]))

describe.concurrent('crm test', () => {
  test('reports every name before the code, also one that means nothing', async () => {
    const result = await run(['test', 'nope', 'acme', 'env:chatwoot', '--json'], { home: copyOf(acme) })
    const document = documentOf('test', result)
    expect(outcomes(document)).toEqual({ nope: 'not_found', acme: 'connected', 'env:chatwoot': 'not_found' })
    expect(document.data.summary).toEqual({ total: 3, connected: 1, failed: 2, skipped: 0 })
    expect([result.status, document.error.code]).toEqual([6, 'not_found'])
    expect(document.data.results[0].hint).toContain('crm list')
  })

  test('asks an integration once, however often and by whatever name it is named', async () => {
    const home = copyOf(acme)
    const several = documentOf('test', await run(['test', 'nope', 'acme', 'ACME', 'chatwoot', 'nope', '--json'], { home }))
    expect(several.data.results.map(({ name }: Json) => name)).toEqual(['nope', 'acme'])
    const one = documentOf('test', await run(['test', 'acme', 'chatwoot', 'acme', '--json'], { home }))
    expect([one.data.summary.total, one.ok]).toEqual([1, true])
    failureOf('test', 'not_found', await run(['test', 'nope', 'NOPE', '--json'], { home }))
  })

  test('names the variables that are missing where others are set', async () => {
    const { CHATWOOT_API_KEY: _left, ...env } = chatwootVariables(sandbox)
    const result = await run(['test', '--json'], { env })
    expect(result.status).toBe(6)
    expect(JSON.parse(result.stdout).error).toMatchObject({ reason: 'missing: CHATWOOT_API_KEY', hint: 'export CHATWOOT_API_KEY=<value>' })
    const named = await run(['test', 'chatwoot', '--json'], { env })
    expect(JSON.parse(named.stdout).error.reason).toContain('missing: CHATWOOT_API_KEY')
    const stored = await run(['test', '--json'], { home: copyOf(acme), env })
    expect(JSON.parse(stored.stdout)).toMatchObject({ ok: true, warnings: [] })
  })

  test('says who it is, with each check, and ends with 0', async () => {
    const { stdout, stderr, status } = await run(['test', 'acme', '--fresh'], { home: copyOf(acme), env: { LANG: 'C.UTF-8' } })
    expect(status).toBe(0)
    expect(stdout).toContain('✓ connected  acme (chatwoot)')
    expect(stdout).toContain('Sandbox One (1)')
    expect(stdout).toContain('(administrator)')
    for (const check of ['product', 'token', 'account', 'administrator']) expect(stdout).toContain(`✓ ${check}`)
    expect(stderr).toMatch(/^Testing acme \(\d+ ms\)\n$/)
  })

  test('reuses a success for 30 s, and not with --fresh', async () => {
    const own = await openSandbox()
    const home = await homeWithChatwoot(own, 'acme')
    own.forgetRequests()
    const cached = documentOf('test', await run(['test', '--json'], { home }))
    expect(cached.data.results[0]).toMatchObject({ cached: true, outcome: 'connected', identity: { role: 'administrator' } })
    expect(own.requests).toEqual([])
    const fresh = documentOf('test', await run(['test', '--fresh', '--json'], { home }))
    // Members stand in one order, wherever they come from.
    const order = (document: Json) => JSON.stringify(document, (_key, value) => (typeof value === 'object' ? value : 0))
    expect(order(cached)).toBe(order(fresh))
    expect(fresh.data.results[0].cached).toBe(false)
    expect(own.requests.length).toBeGreaterThan(0)
  })

  test('never reuses a failure, nor the success of another revision', async () => {
    const own = await openSandbox()
    const home = await homeWithChatwoot(own, 'acme')
    const repair = own.faults.add('* /**:500')
    expect(await run(['test', '--fresh'], { home })).toMatchObject({ status: 9 })
    repair.remove()
    expect(outcomes(documentOf('test', await run(['test', '--json'], { home })))).toEqual({ acme: 'connected' })
    succeed(await run(['edit', 'acme', '--csat-survey', '--no-test'], { home }))
    expect(documentOf('test', await run(['test', '--json'], { home })).data.results[0].cached).toBe(false)
  })

  test('keeps each result: list and stats show it', async () => {
    const own = await openSandbox()
    const home = await homeWithChatwoot(own, 'acme')
    own.faults.add('* /**:503')
    failureOf('test', 'provider_error', await run(['test', '--fresh', '--json'], { home }))
    const { data } = documentOf('list', await run(['list', '--json'], { home }))
    expect(data.summary.failing).toBe(1)
    expect(data.integrations[0].lastTest).toMatchObject({ outcome: 'failed', cause: 'provider_error' })
  })

  test('takes the shared cause of several failures, and checks_failed when they differ; all are reported', async () => {
    const home = copyOf(acme)
    for (const name of ['bad1', 'bad2']) succeed(await addChatwoot(home, sandbox, ['--name', name, '--no-test'], SECRET))
    const shared = failureOf('test', 'auth_rejected', await run(['test', '--json'], { home }))
    expect(outcomes(shared)).toEqual({ acme: 'connected', bad1: 'auth_rejected', bad2: 'auth_rejected' })
    expect(shared.data.summary).toEqual({ total: 3, connected: 1, failed: 2, skipped: 0 })
    expect(shared.error.hint).toContain('crm test bad1')
    succeed(await run(['edit', 'bad2', '--base-url', 'http://127.0.0.1:9', '--no-test'], { home }))
    const mixed = failureOf('test', 'checks_failed', await run(['test', '--json'], { home }))
    expect(outcomes(mixed)).toEqual({ acme: 'connected', bad1: 'auth_rejected', bad2: 'unreachable' })
  })

  test('keeps the order of the names given, and the cause of the only one', async () => {
    const home = copyOf(acme)
    succeed(await addChatwoot(home, sandbox, ['--name', 'zoo']))
    const document = documentOf('test', await run(['test', 'zoo', 'acme', '--json'], { home }))
    expect(document.data.results.map((result: Json) => result.name)).toEqual(['zoo', 'acme'])
    failureOf('test', 'not_found', await run(['test', 'acme', 'nobody', '--json'], { home }))
  })

  test('prints a line for each into a pipe, with the cause', async () => {
    const home = copyOf(acme)
    succeed(await addChatwoot(home, sandbox, ['--name', 'bad', '--no-test'], SECRET))
    const { status, stdout } = await run(['test', '--fresh'], { home })
    expect(status).toBe(4)
    expect(stdout).toMatch(/^acme\tchatwoot\tconnected\t\d+\tSandbox One\nbad\tchatwoot\tfailed: auth_rejected\t\d+\t[^\t]+\n$/)
    expect(stdout).not.toContain(SECRET)
  })

  test('without an active integration has nothing to test, says so and ends with 0', async () => {
    const document = documentOf('test', await run(['test', '--json'], { home: await homeWithVault() }))
    expect(document).toMatchObject({ ok: true, data: { results: [] }, warnings: [{ code: 'nothing_to_test' }] })
  })

  test('--provider keeps those of one CRM; of one that there is not is not_found, and no green nothing', async () => {
    expect(outcomes(documentOf('test', await run(['test', '--provider', 'Chatwoot', '--json'], { home: acme })))).toEqual({
      acme: 'connected',
    })
    const none = documentOf('test', await run(['test', '--provider', 'custom', '--json'], { home: acme }))
    expect(none.data.results).toEqual([])
    expect(none.warnings).toMatchObject([{ message: 'the profile default has no active integration of custom' }])
    failureOf('test', 'not_found', await run(['test', '--provider', 'salesfarce', '--json'], { home: acme }))
  })

  test('--all-profiles tests those that open, and says which do not', async () => {
    const home = copyOf(acme)
    const other = randomBytes(32).toString('base64')
    const env = { INTEGRATION_ENCRYPTION_KEY: other }
    succeed(await run(['-p', 'closed', 'init'], { home, env }))
    const flags = ['-p', 'closed', 'add', 'chatwoot', '--name', 'theirs', '--from-env']
    succeed(await run(flags, { home, env: { ...env, ...chatwootVariables(sandbox) } }))
    succeed(await run(['-p', 'mine', 'init'], { home }))
    succeed(await run(['-p', 'mine', 'add', 'chatwoot', '--name', 'mine', '--from-env'], { home, env: chatwootVariables(sandbox) }))
    const document = documentOf('test', await run(['test', '--all-profiles', '--json'], { home }))
    expect(document.data.results.map((result: Json) => `${result.profile} ${result.name} ${result.outcome}`)).toEqual([
      'closed theirs skipped',
      'default acme connected',
      'mine mine connected',
    ])
    expect(document.warnings).toMatchObject([{ code: 'profile_locked' }])
  })

  test('names and filters exclude each other', async () => {
    failureOf('test', 'usage', await run(['test', 'acme', '--all-profiles', '--json'], { home: acme }))
    failureOf('test', 'usage', await run(['test', 'acme', '--provider', 'custom', '--json'], { home: acme }))
  })

  test('asks as many at a time as --concurrency says', async () => {
    const waiting: (() => void)[] = []
    let together = 1
    let most = 0
    // Answers once as many wait as it is told to wait for, and a moment later, so that one too many would be seen.
    const server = await startRaw((socket) => {
      waiting.push(() => socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'))
      most = Math.max(most, waiting.length)
      if (waiting.length >= together) setTimeout(() => waiting.splice(0).forEach((answer) => void answer()), 20)
    })
    closeAtEnd(() => server.close())
    const home = await homeWithVault()
    const each = Array.from({ length: 6 }, (_, index) => ({
      provider: 'custom',
      name: `c${index}`,
      baseUrl: server.origin,
      authType: 'none',
      allowPrivateNetwork: true,
    }))
    const added = await run(['add', '--from', '-', '--no-test'], { home, input: JSON.stringify(each) })
    expect(added.status, added.stderr).toBe(0)
    expect((await run(['test', '--concurrency', '1'], { home })).status).toBe(6)
    expect(most).toBe(1)
    together = 6
    expect((await run(['test'], { home })).status).toBe(6)
    expect(most).toBe(6)
  })

  test.each(['0', '257', '1.5', 'many', '-1', ''])('refuses --concurrency %j', async (number) => {
    const { error } = failureOf('test', 'usage', await run(['test', `--concurrency=${number}`, '--json'], { home: acme }))
    expect(error.message).toContain('--concurrency')
  })

  test.each(['5', 'soon', '-1s', ''])('refuses --timeout %j and names the units', async (duration) => {
    const { error } = failureOf('test', 'usage', await run(['test', `--timeout=${duration}`, '--json'], { home: acme }))
    expect(JSON.stringify(error)).toMatch(/90s|15m/)
  })
})

describe.concurrent('the verdict of a Chatwoot', () => {
  async function verdict(flags: readonly string[], token?: string, server = sandbox): Promise<Json> {
    const home = await homeWithVault()
    succeed(await addChatwoot(home, server, ['--name', 'acme', '--no-test', ...flags], token))
    return JSON.parse((await run(['test', 'acme', '--json'], { home })).stdout)
  }

  test('for an account of somebody else is not_found and lists the token’s own', async () => {
    const { error } = await verdict(['--account-id', '999'])
    expect(error.code).toBe('not_found')
    expect(error.message).toContain('Sandbox One')
    expect(error.hint).toContain('crm edit acme --account-id')
  })

  test('for a suspended account is permission_denied', async () => {
    expect(await verdict(['--account-id', String(sandbox.fixtures.suspendedAccount.id)])).toMatchObject({
      error: { code: 'permission_denied' },
    })
  })

  test('for the token of a bot or of a platform app is permission_denied', async () => {
    for (const token of [sandbox.fixtures.systemBot.accessToken, sandbox.fixtures.platformToken])
      expect(await verdict([], token)).toMatchObject({ error: { code: 'permission_denied' } })
  })

  test('for an agent is connected, with a failed check and a warning', async () => {
    const document = await verdict([], sandbox.agentToken)
    expect(document).toMatchObject({ ok: true, data: { results: [{ outcome: 'connected', identity: { role: 'agent' } }] } })
    expect(document.data.results[0].checks).toContainEqual(expect.objectContaining({ name: 'administrator', passed: false }))
    expect(document.warnings.map((warning: Json) => warning.code)).toContain('not_administrator')
  })

  test('behind a proxy that drops headers with an underscore is connected all the same', async () => {
    expect(await verdict([], undefined, await openSandbox({ dropUnderscoreHeaders: true }))).toMatchObject({ ok: true })
  })

  test('that redirects to https is provider_error and names the corrected address', async () => {
    const { error } = await verdict([], undefined, await openSandbox({ forceSsl: 301 }))
    expect(error.code).toBe('provider_error')
    expect(`${error.message} ${error.hint}`).toContain('https://')
  })

  test('of a plan without API is permission_denied', async () => {
    expect(await verdict([], undefined, await openSandbox({ cloudWithoutApi: true }))).toMatchObject({
      error: { code: 'permission_denied' },
    })
  })
})
