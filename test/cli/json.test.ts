import { beforeAll, describe, expect, test } from 'vitest'
import { ANSWER_SCHEMAS, type AnsweringCommand } from '../../src/core/answer-schemas.ts'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { copyOf, openSandbox, type Result, run, start, takesSignals, until } from '../support/cli.ts'
import { documentOf, failureOf } from './document.ts'
import { type Homes, INVOCATIONS, prepareHomes } from './invocations.ts'

const commands = Object.keys(INVOCATIONS) as AnsweringCommand[]
/** What would change the output of a program that took notice. */
const COLOURFUL = { FORCE_COLOR: '1', CI: '1', TERM: 'xterm-256color' }

/** Before a call is understood, its answer has the schema of the plain command. */
const FAILS_AS: Partial<Record<AnsweringCommand, AnsweringCommand>> = { 'add --from': 'add', 'providers <id>': 'providers' }

let sandbox: Sandbox
let homes: Homes
/** For what removes demos while others look at theirs. */
let doomed: Sandbox
let doomedHomes: Homes

beforeAll(async () => {
  sandbox = await openSandbox()
  homes = await prepareHomes(sandbox)
  doomed = await openSandbox()
  doomedHomes = await prepareHomes(doomed)
})

/** Runs a command as {@link INVOCATIONS} say, with more words and variables; one that serves is told to stop once it has answered. */
async function invoke(command: AnsweringCommand, more: readonly string[], env: Record<string, string> = {}): Promise<Result> {
  const { place, argv, options } = INVOCATIONS[command]
  const removes = /^demo-(?:remove|destroy|apply|sweep)$/.test(command)
  const home = copyOf((removes ? doomedHomes : homes)[place])
  const given = options?.(removes ? doomed : sandbox) ?? {}
  const running = start([...(await argv(home)), ...more], { ...given, home, env: { ...given.env, ...env } })
  if (command === 'sandbox')
    running.process.stdout?.on('data', () => running.printed().stdout.includes('"ok": true') && running.process.kill('SIGINT'))
  // It has nothing to say before it ends; with a wrong flag it is gone before it listens.
  if (command === 'webhook listen')
    await takesSignals(running).then(
      () => running.process.kill('SIGINT'),
      () => {},
    )
  return running.ended
}

describe.concurrent.each(commands)('crm %s --json', (command) => {
  test('prints one document of its schema, uncoloured, and nothing else', async () => {
    const document = documentOf(command, await invoke(command, ['--json'], COLOURFUL))
    expect(document).toMatchObject({ schema: ANSWER_SCHEMAS[command].schema, ok: true })
    expect(document.data).not.toBeNull()
  })

  test('prints one document of its schema when it is used wrongly', async () => {
    const { error } = failureOf(FAILS_AS[command] ?? command, 'usage', await invoke(command, ['--json', '--no-such-flag'], COLOURFUL))
    expect(error.message).toContain('--no-such-flag')
  })
})

describe('what is read', () => {
  const unchanging: AnsweringCommand[] = [
    'list',
    'show',
    'stats',
    'providers',
    'providers <id>',
    'profile list',
    'which',
    'key list',
    'audit',
    'audit verify',
    'audit head',
    'vault verify',
    'vault path',
    'demo-list',
    'demo-show',
    'help',
  ]

  test.concurrent.each(unchanging)('crm %s prints the same bytes again, in any time zone, locale and width', async (command) => {
    const { place, argv } = INVOCATIONS[command]
    const home = copyOf(homes[place])
    const words = [...(await argv(home)), '--json']
    const first = await run(words, { home })
    documentOf(command, first)
    for (const env of [
      {},
      { TZ: 'Asia/Kathmandu', LC_ALL: 'tr_TR.UTF-8', COLUMNS: '40' },
      { TZ: 'America/St_Johns', LANG: 'C', COLUMNS: '400' },
    ])
      expect(await run(words, { home, env })).toEqual(first)
  })
})

describe('a command that is told to stop while it waits for a server', () => {
  const waiting = commands.filter((command) => INVOCATIONS[command].needs === 'server')
  let slow: Sandbox
  let slowHomes: Homes

  beforeAll(async () => {
    slow = await openSandbox()
    slowHomes = await prepareHomes(slow)
    slow.faults.add('* /**:hang')
  })

  describe.each(waiting)('crm %s', (command) => {
    test.each([
      ['SIGINT', 130],
      ['SIGTERM', 143],
      ['SIGHUP', 129],
    ] as const)('prints one document of its schema at %s, and ends with %i', async (signal, status) => {
      const { place, argv, options } = INVOCATIONS[command]
      const home = copyOf(slowHomes[place])
      // What a call needs may have to be made first.
      const words = [...(await argv(home)), '--json']
      slow.forgetRequests()
      const running = start(words, { ...options?.(slow), home })
      await until(running, () => slow.requests.length > 0)
      running.process.kill(signal)
      const result = await running.ended
      const { error } = documentOf(FAILS_AS[command] ?? command, result)
      expect({ status: result.status, code: error.code }).toEqual({ status, code: 'cancelled' })
    })
  })
})
