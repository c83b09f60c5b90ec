import { beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { type Bot, startBot } from '../support/bot.ts'
import {
  chatwootVariables,
  closeAtEnd,
  emptyHome,
  type Home,
  homeWithChatwoot,
  openSandbox,
  run,
  start,
  succeed,
  until,
} from '../support/cli.ts'

let sandbox: Sandbox
let bot: Bot

beforeAll(async () => {
  sandbox = await openSandbox({ retryDelayMs: 5 })
  bot = await startBot(sandbox)
  closeAtEnd(() => bot.close())
})

const create = (name: string, ...flags: string[]) => ['demo-create', '--name', name, '--bot-url', bot.url, ...flags]
const urlOf = (name: string) => sandbox.state.bots.find(({ columns }) => columns.name === name)?.columns.outgoing_url

describe('crm demo-verify', () => {
  let home: Home

  beforeAll(async () => {
    home = await homeWithChatwoot(sandbox)
    succeed(await run(create('Proven'), { home }))
  })

  test('says that the bot answered, step by step', async () => {
    const { stdout, stderr } = succeed(await run(['demo-verify', 'proven'], { home }))
    expect(stdout).toMatch(/^[✓+] the bot of Proven answered after \d+ ms\n/)
    expect(
      stdout
        .match(/[✓+] +\w+/g)
        ?.slice(1)
        .map((line) => line.replace(/[✓+] +/, '')),
    ).toEqual(['link', 'address', 'enter', 'message', 'answer', 'tidy'])
    expect(stdout).toContain('"You said: Hello from crm demo-verify')
    expect(stderr).toMatch(/^Waiting for the answer of the bot \(\d+ ms\)\n$/)
  })

  test('a bot that keeps silent is status 10, with the most telling cause and one fix', async () => {
    bot.behaviour = 'is silent'
    const { status, stdout, stderr } = await run(['demo-verify', 'proven', '--wait', '300ms', '--json'], { home })
    bot.behaviour = 'answers'
    const document = JSON.parse(stdout)
    expect([status, stderr]).toEqual([10, ''])
    expect(document).toMatchObject({
      ok: false,
      data: { answered: false, diagnosis: { code: 'no_answer' } },
      error: { code: 'checks_failed' },
    })
    expect(document.error.hint).toContain('crm demo-verify proven --listen')
  })

  test('--listen shows every delivery with its signature, and puts the address back', async () => {
    const { stdout } = succeed(await run(['demo-verify', 'proven', '--listen'], { home }))
    expect(stdout).toMatch(/message_created \(incoming, conversation \d+\) {2}signature valid/)
    expect(urlOf('Proven')).toBe(bot.url)
    const shown = JSON.parse(succeed(await run(['demo-show', 'proven', '--json'], { home })).stdout)
    expect(shown.data.demo.status).toBe('ready')
  })

  test('Ctrl-C while the bot is waited for resolves the conversation, puts the address back and ends with 130', async () => {
    const fault = sandbox.faults.add('POST /conversations/*/messages:500')
    const running = start(['demo-verify', 'proven', '--listen', '--wait', '60s', '-v'], { home })
    await until(running, () => running.printed().stderr.includes('delivery: message_created'))
    running.process.kill('SIGINT')
    const { status, stderr } = await running.ended
    fault.remove()
    expect(status, stderr).toBe(130)
    expect(urlOf('Proven')).toBe(bot.url)
    expect(sandbox.state.conversations.filter((row) => row.status !== 'resolved')).toEqual([])
  })

  test('only one run at a time takes the place of a bot', async () => {
    const fault = sandbox.faults.add('POST /conversations/*/messages:500')
    const first = start(['demo-verify', 'proven', '--listen', '--wait', '60s', '-v'], { home })
    await until(first, () => first.printed().stderr.includes('delivery: message_created'))
    const second = await run(['demo-verify', 'proven', '--listen', '--json'], { home })
    expect([second.status, JSON.parse(second.stdout).error.code]).toEqual([11, 'conflict'])
    first.process.kill('SIGTERM')
    expect((await first.ended).status).toBe(143)
    fault.remove()
  })

  test.each([
    [['nope'], 6],
    [['proven', '--wait', '5'], 2],
    [['proven', '--listen-url', 'ftp://x'], 2],
    [['proven', '--listen-port', '70000'], 2],
  ])('%j ends with %i', async (words, expected) => {
    const { status, stdout } = await run(['demo-verify', ...words, '--json'], { home })
    expect(status, stdout).toBe(expected)
  })

  test('a demo whose bot was removed in the dashboard is told how to be mended', async () => {
    succeed(await run(create('Bare'), { home }))
    const made = sandbox.state.bots.find(({ columns }) => columns.name === 'Bare')
    sandbox.state.bots.delete(made?.id ?? 0)
    const { status, stdout } = await run(['demo-verify', 'bare', '--json'], { home })
    expect(status, stdout).toBe(6)
  })
})

test('demo-create --verify makes and proves; without a vault as well', async () => {
  const options = { home: emptyHome(), env: chatwootVariables(sandbox) }
  const made = JSON.parse(succeed(await run([...create('At Once', '--verify'), '--json'], options)).stdout)
  expect(made.data).toMatchObject({ changed: true, verification: { answered: true } })
  const again = JSON.parse(succeed(await run([...create('At Once', '--verify'), '--json'], options)).stdout)
  expect(again.data).toMatchObject({ changed: false, verification: { answered: true } })
  expect(succeed(await run(['demo-verify', 'at-once', '--json'], options)).stdout).toContain('"answered": true')
  const { status, stdout } = await run([...create('At Once', '--verify', '--dry-run'), '--json'], options)
  expect([status, JSON.parse(stdout).data.verification]).toEqual([0, undefined])
})
