/** P11: whatever happens to `crm demo-create`, and whenever, one more run makes the server hold all of the demo, once. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import {
  addChatwoot,
  chatwootVariables,
  emptyHome,
  homeWithVault,
  openSandbox,
  type Result,
  type RunOptions,
  run,
  start,
  succeed,
  takesSignals,
} from '../support/cli.ts'
import { until } from './canary.ts'

/** How long the sandbox gets to carry out a request that it has received, in milliseconds. */
const CARRY_OUT_MS = 15

// Dozens of processes each, side by side: on a busy machine that takes its time. A command that hangs fails by its own limit.
vi.setConfig({ testTimeout: 240_000 })

type Mode = 'with a vault' | 'with variables alone'

/** A server and a way to reach it, with nothing made yet. */
interface Place {
  readonly sandbox: Sandbox
  readonly options: RunOptions
}

async function newPlace(mode: Mode): Promise<Place> {
  const sandbox = await openSandbox({ deletionDelayMs: 20 })
  if (mode === 'with variables alone') return { sandbox, options: { home: emptyHome(), env: chatwootVariables(sandbox) } }
  const home = await homeWithVault()
  succeed(await addChatwoot(home, sandbox))
  return { sandbox, options: { home } }
}

/** Every step that a demo can have: bot, inbox, link, agents. */
const create = (name: string) => [
  'demo-create',
  '--name',
  name,
  '--bot-url',
  'https://bot.example.com/hook',
  '--agent',
  'ben@sandbox.example',
  '--json',
]

/** What a server holds of a demo, by its name and its mark. */
function objectsOf({ sandbox }: Place, name: string) {
  const bots = sandbox.state.bots.filter(
    ({ columns }) => columns.name === name || JSON.stringify(columns).includes(`[crm-demo:${name.toLowerCase()}]`),
  )
  const inboxes = sandbox.state.inboxes.filter(({ columns, deleting }) => columns.name === name && !deleting)
  const links = inboxes.filter(({ botId }) => bots.some(({ id }) => id === botId))
  return {
    bots: bots.length,
    inboxes: inboxes.length,
    links: links.length,
    members: inboxes.reduce((sum, { members }) => sum + members.size, 0),
  }
}

const NOTHING = { bots: 0, inboxes: 0, links: 0, members: 0 }
const ALL = { bots: 1, inboxes: 1, links: 1, members: 1 }

/** Runs until the server has received its nth request, then does something to the process. The result; undefined when there was no nth. */
async function interrupt(
  place: Place,
  argv: readonly string[],
  nth: number,
  effect: string,
  signal: NodeJS.Signals,
): Promise<Result | undefined> {
  const fault = place.sandbox.faults.add(`* /**:${effect}#${nth}`)
  const running = start(argv, place.options)
  let ended = false
  const result = running.ended.finally(() => {
    ended = true
  })
  // A run that is past its last request ends by itself.
  await until(`request ${nth} has come, or the end`, () => fault.matched >= nth || ended)
  const came = fault.matched >= nth
  if (came) {
    await takesSignals(running)
    await sleep(CARRY_OUT_MS)
    running.process.kill(signal)
  }
  await result
  fault.remove()
  return came ? result : undefined
}

/** One more run completes the demo. */
async function expectAll(place: Place, name: string, where: string): Promise<void> {
  const { stdout, status } = await run(create(name), place.options)
  expect(status, `${where}: ${stdout}`).toBe(0)
  expect(objectsOf(place, name), where).toEqual(ALL)
}

/** One more run completes the demo, and one after that finds nothing to do and writes nothing. */
async function expectCompletion(place: Place, name: string, where: string): Promise<void> {
  await expectAll(place, name, where)
  place.sandbox.forgetRequests()
  const again = JSON.parse(succeed(await run(create(name), place.options)).stdout)
  expect(again.data.changed, where).toBe(false)
  expect(
    place.sandbox.requests.filter(({ write }) => write),
    where,
  ).toEqual([])
}

/** Objects of others are there before and after, as they were. */
function othersOf({ sandbox }: Place): string {
  const { foreignInboxes } = sandbox.fixtures
  return JSON.stringify(foreignInboxes.map(({ id }) => sandbox.state.inboxes.get(id)?.columns))
}

describe('P11 kill -9 while a request is under way, and one more run, give one bot, one inbox and one link', () => {
  for (const mode of ['with a vault', 'with variables alone'] as const) {
    for (const [effect, what] of [
      ['hang', 'before it was carried out'],
      ['hang-after', 'after it was carried out'],
    ] as const) {
      test.concurrent(`${mode}, for every request, ${what}`, async () => {
        const place = await newPlace(mode)
        const others = othersOf(place)
        let nth = 1
        for (; ; nth++) {
          const name = `Acme-${nth}`
          const killed = await interrupt(place, create(name), nth, effect, 'SIGKILL')
          if (killed === undefined) break
          expect(killed.status).toBe(137)
          await (effect === 'hang' ? expectAll : expectCompletion)(place, name, `request ${nth}`)
        }
        // The test of the connection, three lists, two objects, their link, the agents, and what was read back.
        expect(nth).toBeGreaterThan(8)
        expect(othersOf(place)).toBe(others)
      })
    }
  }

  test.concurrent('with a vault, for every request of an undo', async () => {
    const place = await newPlace('with a vault')
    for (let nth = 1; ; nth++) {
      const name = `Undone-${nth}`
      const failing = place.sandbox.faults.add('POST /set_agent_bot:422')
      const deletes = await interruptFrom(place, create(name), nth)
      failing.remove()
      if (!deletes) break
      await expectCompletion(place, name, `request ${nth} of the undo`)
    }
  })

  /** Kills a run at the nth request after its first deletion. */
  async function interruptFrom(place: Place, argv: readonly string[], nth: number): Promise<boolean> {
    place.sandbox.forgetRequests()
    const running = start(argv, place.options)
    let ended = false
    const result = running.ended.finally(() => {
      ended = true
    })
    const since = (): number => {
      const first = place.sandbox.requests.findIndex(({ method }) => method === 'DELETE')
      return first < 0 ? 0 : place.sandbox.requests.length - first
    }
    await until('the undo has come so far, or the end', () => since() >= nth || ended)
    const came = !ended
    running.process.kill('SIGKILL')
    await result
    return came
  }
})

describe('P11 a signal while a request is under way leaves nothing behind:', () => {
  for (const [signal, mode, status] of [
    ['SIGINT', 'with a vault', 130],
    ['SIGTERM', 'with a vault', 143],
    ['SIGHUP', 'with variables alone', 129],
  ] as const) {
    test.concurrent(`${signal} ${mode}, for every request`, async () => {
      const place = await newPlace(mode)
      const others = othersOf(place)
      let nth = 1
      for (; ; nth++) {
        const name = `Stopped-${nth}`
        const stopped = await interrupt(place, create(name), nth, 'slow=250ms', signal)
        if (stopped === undefined) break
        const where = `request ${nth}: ${stopped.stdout}`
        expect([stopped.status, JSON.parse(stopped.stdout).error.code], where).toEqual([status, 'cancelled'])
        await until('the server has deleted', () => place.sandbox.state.inboxes.filter(({ deleting }) => deleting).length === 0)
        expect(objectsOf(place, name), where).toEqual(NOTHING)
      }
      expect(nth).toBeGreaterThan(8)
      expect(othersOf(place)).toBe(others)
      await expectCompletion(place, 'Stopped-5', 'after a stop')
    })
  }

  test.concurrent('a second Ctrl-C ends at once, and one more run completes the demo', async () => {
    const place = await newPlace('with a vault')
    const fault = place.sandbox.faults.add('POST /inboxes:hang-after')
    const running = start(
      create('Impatient').filter((word) => word !== '--json'),
      place.options,
    )
    await until('the inbox is asked for', () => fault.matched > 0)
    running.process.kill('SIGINT')
    await until('the first has been taken', () => {
      running.process.kill('SIGINT')
      return running.process.exitCode !== null || running.process.signalCode !== null
    })
    const { status, stderr } = await running.ended
    expect(status).toBe(130)
    expect(stderr).toContain('To finish: run the same command again, or: crm demo-remove impatient')
    fault.remove()
    await expectCompletion(place, 'Impatient', 'after two')
  })
})

describe('P11 of two runs at once', () => {
  test.concurrent('the second is refused while the first lives, and takes over when it is dead', async () => {
    const place = await newPlace('with a vault')
    const fault = place.sandbox.faults.add('POST /inboxes:hang-after')
    const first = start(create('Twice'), place.options)
    await until('the first makes its inbox', () => fault.matched > 0)
    const second = await run(create('Twice'), place.options)
    expect([second.status, JSON.parse(second.stdout).error]).toMatchObject([
      11,
      { code: 'conflict', reason: expect.stringContaining(`process ${first.process.pid} `) },
    ])
    first.process.kill('SIGKILL')
    await first.ended
    fault.remove()
    await expectCompletion(place, 'Twice', 'after the holder died')
  })
})

test('P11 kill -9 during demo-remove at every request, and one more run, leave nothing', async () => {
  const place = await newPlace('with a vault')
  for (const effect of ['hang', 'hang-after']) {
    for (let nth = 1; ; nth++) {
      const name = `Removed-${effect}-${nth}`
      succeed(await run(create(name), place.options))
      const argv = ['demo-remove', name.toLowerCase(), '--yes', '--json']
      const killed = await interrupt(place, argv, nth, effect, 'SIGKILL')
      if (killed === undefined) break
      succeed(await run(argv, place.options))
      await until('the server has deleted', () => place.sandbox.state.inboxes.filter(({ deleting }) => deleting).length === 0)
      expect(objectsOf(place, name), `request ${nth}, ${effect}`).toEqual(NOTHING)
      expect(JSON.parse(succeed(await run(argv, place.options)).stdout).data.changed).toBe(false)
    }
  }
})
