import { beforeEach, expect, test } from 'vitest'
import type { DemoCreateAnswer, DemoListAnswer } from '../../src/core/answers.ts'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { addChatwoot, emptyHome, type Home, homeWithVault, openSandbox, type Result, run, succeed } from '../support/cli.ts'
import { dataOf, failureOf } from './document.ts'

const MAKE = ['demo-create', '--name', 'Acme', '--bot-url', 'https://bot.example.com/hook']

let servers: Record<'one' | 'two' | 'three', Sandbox>
let home: Home

beforeEach(async () => {
  servers = { one: await openSandbox(), two: await openSandbox(), three: await openSandbox() }
  home = await homeWithAll()
})

/** A home that has all three, and nothing of any demo. */
async function homeWithAll(): Promise<Home> {
  const fresh = await homeWithVault()
  for (const [name, server] of Object.entries(servers)) succeed(await addChatwoot(fresh, server, ['--name', name]))
  return fresh
}

/** Takes a server down; what is given brings it up again. */
function down(server: Sandbox): () => void {
  server.faults.add('GET /*:503')
  return () => server.faults.clear()
}

const make = (at: Home, ...words: string[]): Promise<Result> => run([...MAKE, ...words, '--json'], { home: at })
const made = async (at: Home, ...words: string[]): Promise<DemoCreateAnswer> => dataOf('demo-create', await make(at, ...words))
const inboxesOf = (server: Sandbox): number =>
  server.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/inboxes')).length

test('a new demo is made in the first that works, and the command says which and why', async () => {
  const up = down(servers.one)
  const result = succeed(await run([...MAKE, '--integration', 'one,two', '--integration', 'three'], { home }))
  expect(result.stderr).toContain('one is passed over: ')
  expect(result.stderr).toContain('Using two: the first that works')
  expect([inboxesOf(servers.one), inboxesOf(servers.two), inboxesOf(servers.three)]).toEqual([0, 1, 0])
  up()
  // The same command finds the demo where it is.
  const again = await made(home, '--integration', 'one,two,three')
  expect(again).toMatchObject({ changed: false, demo: { integration: 'two' } })
  expect(again.chosen).toEqual({ integration: 'two', because: 'lives_there', skipped: [] })
  const { demos } = dataOf<DemoListAnswer>('demo-list', await run(['demo-list', '--json'], { home }))
  expect(demos.map(({ integration }) => integration)).toEqual(['two'])
})

test('a token that may not make demos is passed over like a server that is down', async () => {
  const mixed = await homeWithVault()
  succeed(await addChatwoot(mixed, servers.one, ['--name', 'one'], servers.one.agentToken))
  succeed(await addChatwoot(mixed, servers.two, ['--name', 'two']))
  const { chosen, demo } = await made(mixed, '--integration', 'one,two')
  expect(demo.integration).toBe('two')
  expect(chosen).toMatchObject({ because: 'healthy', skipped: [{ name: 'one', cause: 'permission_denied' }] })
})

test('without a record the demo is found by its marks', async () => {
  await made(home, '--integration', 'two')
  const other = await homeWithAll()
  const { chosen, changed } = await made(other, '--integration', 'one,two,three')
  expect(chosen).toEqual({ integration: 'two', because: 'lives_there', skipped: [] })
  expect(changed).toBe(false)
  expect(inboxesOf(servers.one)).toBe(0)
})

test('a demo whose own server is down is told, and not made a second time elsewhere', async () => {
  await made(home, '--integration', 'two,one')
  down(servers.two)
  const result = await make(home, '--integration', 'one,two')
  const { error } = failureOf('demo-create', 'provider_error', result)
  expect(error.message).toContain('the demo acme is in two, which is not usable now')
  expect(inboxesOf(servers.one)).toBe(0)
})

test('a demo that was removed is made in the first that works', async () => {
  await made(home, '--integration', 'two')
  succeed(await run(['demo-remove', 'acme', '--yes'], { home }))
  expect((await made(home, '--integration', 'one,two')).demo.integration).toBe('one')
})

test('of none that works, the cause is the shared one, or each is told', async () => {
  down(servers.one)
  down(servers.two)
  const shared = failureOf('demo-create', 'provider_error', await make(home, '--integration', 'one,two'))
  expect(shared.error.message).toBe('none of one, two is usable')
  const mixed = await homeWithVault()
  succeed(await addChatwoot(mixed, servers.three, ['--name', 'three'], servers.three.agentToken))
  succeed(await addChatwoot(mixed, servers.one, ['--name', 'one', '--no-test']))
  const { error } = failureOf('demo-create', 'checks_failed', await make(mixed, '--integration', 'one,three'))
  expect(error.problems.map(({ field }: { field: string }) => field)).toEqual(['one', 'three'])
  expect(error.reason).toMatch(/one: provider_error, .+; three: permission_denied, /)
})

test('one name works as ever, and has no choice in its answer', async () => {
  expect(await made(home, '--integration', 'three')).not.toHaveProperty('chosen')
  failureOf('demo-create', 'usage', await make(home, '--integration', 'one,,two'))
  failureOf('demo-create', 'not_found', await make(emptyHome(), '--integration', 'one,two'))
})
