/** P05 and P06: what was acknowledged stays, and any number of commands may work at once. */
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  closeAtEnd,
  copyOf,
  emptyHome,
  type Home,
  homeWithVault,
  type Result,
  type Running,
  run,
  start,
  succeed,
  until,
} from '../support/cli.ts'

const addArgv = (name: string, accountId = '3') => [
  'add',
  'chatwoot',
  '--name',
  name,
  '--account-id',
  accountId,
  '--api-key-stdin',
  '--no-test',
]
/** What dozens of processes at once may take, each and together, in milliseconds. */
const CROWD = { patienceMs: 240_000 }
const CROWD_MS = 300_000

const withToken = (name: string) => ({ input: `token-of-${name}\n` })

async function namesIn(home: Home): Promise<string[]> {
  const { stdout } = succeed(await run(['list', '--json'], { home }))
  return JSON.parse(stdout).data.integrations.map(({ name }: { name: string }) => name)
}

/** Every row opens and the audit log is whole. */
async function expectWhole(home: Home): Promise<void> {
  expect(JSON.parse((await run(['vault', 'verify', '--json'], { home })).stdout)).toMatchObject({ ok: true, data: { problems: [] } })
}

describe('P05 acknowledged means durable:', () => {
  test('what a killed command has called done is there', async () => {
    const home = await homeWithVault()
    for (const [index, format] of [[], ['--json'], ['-v'], []].entries()) {
      const running = start([...addArgv(`acme-${index}`), ...format], { home, ...withToken(`acme-${index}`) })
      await until(running, () => running.printed().stdout.includes(`acme-${index}`))
      running.process.kill('SIGKILL')
      await running.ended
      expect(await namesIn(home)).toContain(`acme-${index}`)
      expect((await run(['show', `acme-${index}`, '--reveal', 'apiKey'], { home })).stdout).toBe(`token-of-acme-${index}`)
    }
    await expectWhole(home)
  })

  test('of a command that is killed at any time there is all or nothing', async () => {
    const empty = await homeWithVault()
    const answers = Array.from({ length: 40 }, (_, index) => ({
      provider: 'chatwoot',
      name: `n-${index}`,
      accountId: '3',
      apiKey: `token-${index}`,
    }))
    for (let round = 0; round < 8; round++) {
      const home = copyOf(empty)
      const running = start(['add', '--from', '-', '--no-test'], { home, input: JSON.stringify(answers) })
      await until(running, () => existsSync(`${home.vault}-shm`) || running.process.exitCode !== null)
      // A little later each time, up to some way behind the end.
      await sleep(round * 6)
      running.process.kill('SIGKILL')
      await running.ended
      const count = (await namesIn(home)).length
      expect([0, answers.length]).toContain(count)
      await expectWhole(home)
    }
  })
})

describe('P06 concurrent use is safe:', () => {
  test('32 processes that add at once lose nothing, and none of them finds the vault locked', { timeout: CROWD_MS }, async () => {
    const home = await homeWithVault()
    const names = Array.from({ length: 32 }, (_, index) => `n-${String(index).padStart(2, '0')}`)
    const adding = names.map((name) => run([...addArgv(name), '--json'], { home, ...CROWD, ...withToken(name) }))
    const reading = Array.from({ length: 4 }, () => run(['list', '--json'], { home, ...CROWD }))
    for (const { status, stdout } of await Promise.all([...adding, ...reading])) expect(status, stdout).toBe(0)
    expect(await namesIn(home)).toEqual(names)
    const events = JSON.parse(succeed(await run(['audit', '--json'], { home })).stdout).data.events as { sequence: number; event: string }[]
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1))
    expect(events.filter(({ event }) => event === 'integration.add')).toHaveLength(32)
    await expectWhole(home)
    expect((await run(['show', 'n-17', '--reveal', 'apiKey'], { home })).stdout).toBe('token-of-n-17')
  })

  test('processes that find no vault and make it at once end up in the same one', async () => {
    const home = emptyHome()
    const names = Array.from({ length: 6 }, (_, index) => `n-${index}`)
    const results = await Promise.all(names.map((name) => run([...addArgv(name), '--json'], { home, ...withToken(name) })))
    for (const { status, stdout } of results) expect(status, stdout).toBe(0)
    expect(await namesIn(home)).toEqual(names)
    await expectWhole(home)
  })

  test('of 32 edits of the same revision one succeeds, the others are conflicts, and nothing is overwritten', {
    timeout: CROWD_MS,
  }, async () => {
    const edits = 32
    const gate = await startGate(edits)
    const home = await homeWithVault()
    const custom = ['--base-url', gate.url, '--auth-type', 'bearer', '--test-path', '/me', '--allow-private-network']
    succeed(await run(['add', 'custom', '--name', 'acme', ...custom, '--token-stdin', '--no-test'], { home, input: 'first-token' }))
    const editing = Array.from({ length: edits }, () =>
      start(['edit', 'acme', '--token-stdin', '--json'], { home, keepOpen: true, ...CROWD }),
    )
    await Promise.all(editing.map((one) => until(one, () => hasOpen(one, home.vault))))
    // Each has read revision 1 when it asks the server about its new token; the server answers when all have asked. No edit waits for the
    // start of another: the time of its test runs from then on.
    for (const [index, one] of editing.entries()) one.process.stdin?.end(`token-${index}`)
    const results = await Promise.all(editing.map(({ ended }) => ended))
    const winners = results.flatMap(({ status }, index) => (status === 0 ? [index] : []))
    expect(winners).toHaveLength(1)
    for (const lost of results.filter(({ status }) => status !== 0))
      expect(failureIn(lost)).toMatchObject({ code: 'conflict', reason: expect.stringMatching(/^by .+ at \d{4}-/) })
    expect((await run(['show', 'acme', '--reveal', 'token'], { home })).stdout).toBe(`token-${winners[0]}`)
    expect(JSON.parse((await run(['show', 'acme', '--json'], { home })).stdout).data.integration.revision).toBe(2)
    await expectWhole(home)
  })

  test('toggles, additions, removals and unlocks at once leave a whole vault', async () => {
    const home = await homeWithVault()
    for (const name of ['a', 'b']) succeed(await run(addArgv(name), { home, ...withToken(name) }))
    const calls: readonly (readonly string[])[] = [
      ['toggle', 'a', '--off'],
      ['toggle', 'b', '--off'],
      ['remove', 'b', '--yes'],
      ['show', 'a', '--reveal', 'apiKey'],
      ['profile', 'create', 'other', '--key', 'env'],
      ['key', 'add', 'file'],
      ['vault', 'verify'],
      ['stats'],
    ]
    const results = await Promise.all(calls.flatMap((argv) => [argv, argv]).map((argv) => run([...argv, '--json'], { home })))
    const codes = results.filter(({ status }) => status !== 0).map((result) => failureIn(result).code)
    // Whatever comes second finds it done or gone; nothing else may happen.
    expect(codes.filter((code) => code !== 'conflict' && code !== 'not_found')).toEqual([])
    await expectWhole(home)
  })
})

const failureIn = ({ stdout }: Result): { code: string; reason?: string } => JSON.parse(stdout).error

/** Whether a command has a file open. */
function hasOpen({ process: { pid } }: Running, path: string): boolean {
  const directory = `/proc/${pid}/fd`
  try {
    return readdirSync(directory).some((fd) => readlinkSync(join(directory, fd)) === path)
  } catch {
    return false // A file was closed, or the command has ended, between the listing and the look.
  }
}

/** A server that keeps all requests waiting until so many have asked it, each with a token of its own and as often as it likes. */
async function startGate(size: number): Promise<{ readonly url: string }> {
  const waiting: ServerResponse[] = []
  const askers = new Set<string | undefined>()
  const server = createServer(({ headers }, response) => {
    askers.add(headers.authorization)
    waiting.push(response)
    if (askers.size < size) return
    for (const open of waiting.splice(0)) open.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closeAtEnd(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}
