import { type AddressInfo, createServer } from 'node:net'
import Sqlite from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import type { TestResult } from '../../src/core/answers.ts'
import { Secret } from '../../src/core/secret.ts'
import { chatwoot } from '../../src/providers/chatwoot.ts'
import { providers } from '../../src/providers/index.ts'
import type { Sandbox } from '../../src/sandbox/index.ts'
import {
  CACHE_MS,
  named,
  summarize,
  type TestDeps,
  type TestEvent,
  testError,
  testIntegrations,
} from '../../src/usecases/test-integrations.ts'
import type { NewIntegration } from '../../src/vault/sealed-integrations.ts'
import type { UnlockedVault } from '../../src/vault/unlocked.ts'
import { openSandbox } from '../chatwoot/support.ts'
import { draft, newVault } from '../support/vault.ts'

/** A Chatwoot integration that leads to the sandbox. */
function draftOf(sandbox: Sandbox, name: string, token = sandbox.administratorToken): NewIntegration {
  const values = {
    settings: { baseUrl: sandbox.url, accountId: String(sandbox.accounts[0]?.id) },
    secrets: { apiKey: new Secret(token) },
  }
  return draft(name, { values })
}

const subjectsOf = (unlocked: UnlockedVault, names: readonly string[]) =>
  names.map((name) => ({ source: 'vault' as const, name, unlocked }))

/** A sandbox, a vault, and what a test needs; the clock of the tests is the vault's and stands still until it is moved. */
async function setUp(context: Parameters<typeof openSandbox>[0], changes: Partial<TestDeps> = {}) {
  let now = Date.parse('2026-03-01T12:00:00Z')
  const clock = (): number => now
  const { http, sandbox } = await openSandbox(context)
  const opened = await newVault({ clock })
  const deps: TestDeps = { providers, http, clock, signal: new AbortController().signal, ...changes }
  const move = (ms: number): void => {
    now += ms
  }
  return { ...opened, sandbox, deps, http, move }
}

async function all(events: AsyncGenerator<TestEvent>): Promise<TestEvent[]> {
  const found: TestEvent[] = []
  for await (const event of events) found.push(event)
  return found
}

async function testAll(deps: TestDeps, unlocked: UnlockedVault, names: readonly string[], fresh = true): Promise<TestResult[]> {
  const events = await all(testIntegrations(deps, subjectsOf(unlocked, names), { concurrency: 4, fresh }))
  return events.sort((one, other) => one.index - other.index).map(({ result }) => result)
}

describe('testing integrations', () => {
  test('each gets its own result, and one that fails hides no other', async (context) => {
    const { unlocked, sandbox, deps } = await setUp(context)
    const elsewhere = draft('elsewhere', {
      values: { settings: { baseUrl: 'http://127.0.0.1:9', accountId: '3' }, secrets: { apiKey: new Secret('token-of-nobody') } },
    })
    await unlocked.add([draftOf(sandbox, 'good'), draftOf(sandbox, 'refused', 'no-such-token'), elsewhere])
    const results = await testAll(deps, unlocked, ['good', 'refused', 'elsewhere', 'missing'])
    expect(results.map(({ name, outcome, cause }) => [name, outcome, cause])).toEqual([
      ['good', 'connected', null],
      ['refused', 'failed', 'auth_rejected'],
      ['elsewhere', 'failed', 'unreachable'],
      ['missing', 'failed', 'not_found'],
    ])
    expect(results[0]).toMatchObject({
      source: 'vault',
      profile: 'default',
      provider: 'chatwoot',
      cached: false,
      checkedAt: '2026-03-01T12:00:00.000Z',
    })
    expect(results[1]?.hint).toContain('crm edit refused')
  })

  test('P02 an integration that was changed in the file is damaged, and nothing is sent for it', async (context) => {
    const { unlocked, sandbox, deps, path } = await setUp(context)
    await unlocked.add([draftOf(sandbox, 'good'), draftOf(sandbox, 'changed')])
    new Sqlite(path).exec("UPDATE integrations SET settings = json_set(settings, '$.accountId', '2') WHERE name = 'changed'")
    sandbox.forgetRequests()
    const [changed] = await testAll(deps, unlocked, ['changed'])
    expect(changed).toMatchObject({ outcome: 'failed', cause: 'damaged', latencyMs: null, checkedAt: null })
    expect(sandbox.requests).toEqual([])
  })

  test('every real test is kept, with its audit row; one of an integration that changed meanwhile is not', async (context) => {
    const { unlocked, sandbox, deps } = await setUp(context)
    await unlocked.add([draftOf(sandbox, 'good'), draftOf(sandbox, 'changing')])
    const changing = {
      ...deps,
      http: async (request: Parameters<typeof deps.http>[0]) => {
        await unlocked.setActive('changing', false)
        return deps.http(request)
      },
    }
    await testAll(deps, unlocked, ['good'])
    await testAll(changing, unlocked, ['changing'])
    expect(await unlocked.newestTest('good')).toMatchObject({ outcome: 'connected', revision: 1 })
    expect(await unlocked.newestTest('changing')).toBeUndefined()
    const tests = (await unlocked.audit()).filter(({ event }) => event === 'integration.test')
    expect(tests.map(({ outcome, details }) => [outcome, details.name])).toEqual([['connected', 'good']])
  })

  test('a success of the same revision is reused for 30 s, unless it is asked for afresh', async (context) => {
    const { unlocked, sandbox, deps, move } = await setUp(context)
    await unlocked.add([draftOf(sandbox, 'good')])
    const requestsOf = async (fresh: boolean): Promise<{ cached: boolean | undefined; requests: number }> => {
      sandbox.forgetRequests()
      const [result] = await testAll(deps, unlocked, ['good'], fresh)
      expect(result).toMatchObject({ outcome: 'connected', identity: { role: 'administrator' } })
      return { cached: result?.cached, requests: sandbox.requests.length }
    }
    const asked = { cached: false, requests: expect.toSatisfy((count: number) => count > 0) }
    expect(await requestsOf(false)).toEqual(asked)
    move(CACHE_MS - 1)
    expect(await requestsOf(false)).toEqual({ cached: true, requests: 0 })
    expect(await requestsOf(true)).toEqual(asked)
    move(CACHE_MS)
    expect(await requestsOf(false), 'after 30 s').toEqual(asked)
    move(-1)
    expect(await requestsOf(false), 'after the clock went back').toEqual(asked)
    await unlocked.setActive('good', false)
    expect(await requestsOf(false), 'of a new revision').toEqual(asked)
  })

  test('a failure is never reused', async (context) => {
    const { unlocked, sandbox, deps } = await setUp(context)
    await unlocked.add([draftOf(sandbox, 'refused', 'no-such-token')])
    for (let round = 0; round < 2; round++) {
      sandbox.forgetRequests()
      expect(await testAll(deps, unlocked, ['refused'], false)).toMatchObject([{ outcome: 'failed', cached: false }])
      expect(sandbox.requests.length).toBeGreaterThan(0)
    }
  })

  test('no more are under way than allowed, and all get their turn', async (context) => {
    const { unlocked, sandbox, deps } = await setUp(context)
    const names = Array.from({ length: 12 }, (_, index) => `n${index}`)
    await unlocked.add(names.map((name) => draftOf(sandbox, name)))
    let busy = 0
    let most = 0
    const counting = {
      ...deps,
      http: async (request: Parameters<typeof deps.http>[0]) => {
        busy += 1
        most = Math.max(most, busy)
        try {
          return await deps.http({ ...request, tries: 1 })
        } finally {
          busy -= 1
        }
      },
    }
    // One integration has one request under way at a time.
    const one = await all(testIntegrations(counting, subjectsOf(unlocked, names), { concurrency: 1, fresh: true }))
    const alone = most
    expect(one.map(({ index }) => index)).toEqual(names.map((_, index) => index))
    most = 0
    const many = await all(testIntegrations(counting, subjectsOf(unlocked, names), { concurrency: 3, fresh: true }))
    expect(many).toHaveLength(12)
    expect(most).toBeGreaterThan(alone)
    expect(most).toBeLessThanOrEqual(3 * alone)
  })

  test('a host that does not answer delays nobody else: every other result is there while it still hangs', async (context) => {
    const { unlocked, sandbox, deps } = await setUp(context)
    let taken = 0
    const silent = createServer(() => {
      taken += 1
    })
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    context.onTestFinished(() => void silent.close())
    const { port } = silent.address() as AddressInfo
    const values = {
      settings: { baseUrl: `http://127.0.0.1:${port}`, authType: 'none', testPath: '/', allowPrivateNetwork: true },
      secrets: {},
    }
    const others = Array.from({ length: 12 }, (_, index) => `good-${index}`)
    await unlocked.add([draft('hanging', { provider: 'custom', values }), ...others.map((name) => draftOf(sandbox, name))])
    const stop = new AbortController()
    const subjects = subjectsOf(unlocked, ['hanging', ...others])
    const events = testIntegrations({ ...deps, signal: stop.signal }, subjects, { concurrency: 2, fresh: true })
    const before: TestResult[] = []
    while (before.length < others.length) before.push((await events.next()).value.result)
    expect(taken).toBe(1)
    expect(before.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual(others.map((name) => `${name} connected`))
    stop.abort()
    expect((await events.next()).value.result).toMatchObject({ name: 'hanging', cause: 'cancelled' })
  })

  test('a deadline that has passed is a time-out of each, and no request is made', async (context) => {
    const { unlocked, sandbox, deps } = await setUp(context)
    await unlocked.add([draftOf(sandbox, 'good')])
    sandbox.forgetRequests()
    const [result] = await testAll({ ...deps, deadlineMs: deps.clock() }, unlocked, ['good'])
    expect(result).toMatchObject({ outcome: 'failed', cause: 'unreachable', hint: expect.stringContaining('--timeout') })
    expect(sandbox.requests).toEqual([])
  })

  test('results are kept when the caller stops listening, and after a cancellation those that were there', async (context) => {
    const { unlocked, sandbox, deps } = await setUp(context)
    await unlocked.add([draftOf(sandbox, 'a'), draftOf(sandbox, 'b')])
    const events = testIntegrations(deps, subjectsOf(unlocked, ['a', 'b']), { concurrency: 1, fresh: true })
    expect((await events.next()).value).toMatchObject({ index: 0 })
    await events.return(undefined)
    expect(await unlocked.newestTest('a')).toMatchObject({ outcome: 'connected' })
    const stop = new AbortController()
    stop.abort()
    expect(
      await all(testIntegrations({ ...deps, signal: stop.signal }, subjectsOf(unlocked, ['b']), { concurrency: 1, fresh: true })),
    ).toEqual([])
  })

  test('P08 no result tells a secret', async (context) => {
    const { unlocked, sandbox, deps } = await setUp(context)
    await unlocked.add([draftOf(sandbox, 'good'), draftOf(sandbox, 'refused', 'canary-token-0123456789')])
    sandbox.faults.add('GET /api:html#2')
    const events = await all(testIntegrations(deps, subjectsOf(unlocked, ['good', 'refused', 'refused']), { concurrency: 1, fresh: true }))
    const printed = JSON.stringify([events, await unlocked.audit(), await unlocked.testHistory('refused')])
    for (const secret of ['canary-token', sandbox.administratorToken]) expect(printed).not.toContain(secret)
  })

  test('a mistake in a provider ends the command as a mistake, after the results that were there were kept', async (context) => {
    const { unlocked, sandbox, deps } = await setUp(context)
    const broken = { ...chatwoot, id: 'broken', test: () => Promise.reject(new TypeError('a mistake')) }
    await unlocked.add([draftOf(sandbox, 'good'), { ...draftOf(sandbox, 'broken'), provider: 'broken' }])
    const subjects = subjectsOf(unlocked, ['good', 'broken', 'good'])
    const events = testIntegrations({ ...deps, providers: [...providers, broken] }, subjects, { concurrency: 2, fresh: true })
    await expect(all(events)).rejects.toThrow(TypeError)
    expect(await unlocked.newestTest('good')).toMatchObject({ outcome: 'connected' })
  })

  test('variables are tested without a vault', async (context) => {
    const { sandbox, deps } = await setUp(context)
    const { values } = draftOf(sandbox, 'any')
    const subject = { source: 'environment' as const, name: 'env:chatwoot', provider: chatwoot, values, profile: 'default' }
    const [event] = await all(testIntegrations(deps, [subject], { concurrency: 1, fresh: false }))
    expect(event?.result).toMatchObject({ source: 'environment', name: 'env:chatwoot', outcome: 'connected', profile: 'default' })
  })
})

describe('the error of several tests', () => {
  const result = (name: string, cause: TestResult['cause']): TestResult => ({
    name,
    provider: 'chatwoot',
    profile: 'default',
    source: 'vault',
    outcome: cause === null ? 'connected' : 'failed',
    cause,
    message: cause === null ? null : `${name} failed`,
    hint: cause === null ? null : `crm edit ${name}`,
    identity: null,
    checks: [],
    server: null,
    latencyMs: 1,
    checkedAt: null,
    cached: false,
  })

  test.each<[string, readonly TestResult[], object | undefined]>([
    ['none when all are connected', [result('a', null), result('b', null)], undefined],
    ['the own cause of a single one', [result('a', 'auth_rejected')], { code: 'auth_rejected', message: 'a failed', hint: 'crm edit a' }],
    [
      'the shared cause',
      [result('a', 'unreachable'), result('b', 'unreachable'), result('c', null)],
      { code: 'unreachable', message: '2 of 3 integrations failed', reason: 'a, b' },
    ],
    [
      'checks_failed for different causes',
      [result('a', 'unreachable'), result('b', 'auth_rejected')],
      { code: 'checks_failed', exitStatus: 10 },
    ],
    [
      'with five names at most',
      Array.from({ length: 7 }, (_, index) => result(`n${index}`, 'busy')),
      { reason: 'among them n0, n1, n2, n3, n4' },
    ],
  ])('is %s', (_claim, results, expected) => {
    const error = testError(results)
    if (expected === undefined) expect(error).toBeUndefined()
    else expect(error).toMatchObject(expected)
  })

  test('goes with a summary that counts each outcome', () => {
    const skipped: TestResult = { ...result('s', null), outcome: 'skipped' }
    expect(summarize('p', [result('a', null), result('b', 'busy'), skipped])).toMatchObject({
      profile: 'p',
      summary: { total: 3, connected: 1, failed: 1, skipped: 1 },
    })
  })

  test('puts the name of the integration into advice that does not know it, and exports variables where there is nothing to edit', () => {
    const acme = { name: 'acme', source: 'vault' } as const
    expect(named('run: crm edit {name} or crm show {name}', acme)).toBe('run: crm edit acme or crm show acme')
    expect(named(null, acme)).toBeNull()
    const environment = { name: 'env:chatwoot', source: 'environment' } as const
    expect(named('check it: crm edit {name} --base-url <url>', environment)).toBe('check it: export CHATWOOT_BASE_URL=<url>')
  })
})
