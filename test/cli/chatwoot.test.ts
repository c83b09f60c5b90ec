import { beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { CRM, chatwootVariables, type Home, homeWithChatwoot, NODE, openSandbox, run, succeed } from '../support/cli.ts'
import { runInTerminal } from '../support/pty.ts'

let sandbox: Sandbox
let home: Home

beforeAll(async () => {
  sandbox = await openSandbox({ deletionDelayMs: 20 })
  home = await homeWithChatwoot(sandbox)
})

const call = (...words: string[]) => run(['chatwoot', ...words, '--json'], { home })
const dataOf = async (...words: string[]) => JSON.parse(succeed(await call(...words)).stdout).data
const failureOf = async (...words: string[]) => {
  const { status, stdout } = await call(...words)
  return [status, JSON.parse(stdout).error.code]
}

test('an inbox is made with its bot, listed, changed and deleted', async () => {
  const { bot, secrets } = await dataOf('bots', 'create', '--name', 'Helper', '--url', 'https://bot.example.com/hook')
  expect(secrets).toEqual({ accessToken: expect.stringMatching(/^\S{20,}$/), secret: expect.stringMatching(/^\S{20,}$/) })
  const { inbox } = await dataOf('inboxes', 'create', '--name', 'Reception', '--bot', bot.id, '--greeting', 'Hello', '--color', '#112233')
  const row = sandbox.state.inboxes.get(Number(inbox.id))
  expect(row).toMatchObject({
    botId: Number(bot.id),
    columns: { greeting_enabled: true, greeting_message: 'Hello' },
    channel: { widget_color: '#112233' },
  })
  expect((await dataOf('inboxes', 'list')).inboxes).toContainEqual({ ...inbox, demo: null })
  await dataOf('inboxes', 'update', inbox.id, '--welcome-title', 'Hi', '--bot', 'none')
  expect(row).toMatchObject({
    botId: null,
    columns: { greeting_message: 'Hello' },
    channel: { welcome_title: 'Hi', widget_color: '#112233' },
  })
  expect(await dataOf('inboxes', 'delete', inbox.id, '--yes')).toEqual({ removed: inbox.id, pending: true })
  expect(await dataOf('bots', 'update', bot.id, '--description', 'line')).toMatchObject({
    bot: { description: 'line', url: 'https://bot.example.com/hook' },
  })
  expect(await dataOf('bots', 'delete', bot.id, '--yes')).toEqual({ removed: bot.id, pending: false })
  expect(await failureOf('bots', 'delete', bot.id, '--yes')).toEqual([6, 'not_found'])
})

test('a bot that cannot serve the new inbox leaves none behind', async () => {
  const before = sandbox.state.inboxes.filter(({ deleting }) => !deleting).length
  expect(await failureOf('inboxes', 'create', '--name', 'Half', '--bot', '999')).toEqual([6, 'not_found'])
  expect(sandbox.state.inboxes.filter(({ deleting }) => !deleting)).toHaveLength(before)
})

test('a bot that is not there is named, before anything is made or changed', async () => {
  const { inbox } = await dataOf('inboxes', 'create', '--name', 'Alone')
  sandbox.forgetRequests()
  for (const words of [
    ['create', '--name', 'Half', '--bot', '999'],
    ['update', inbox.id, '--bot', '999'],
  ]) {
    const { error } = JSON.parse((await call('inboxes', ...words)).stdout)
    expect(error).toMatchObject({ code: 'not_found', message: 'the agent bot 999 does not exist' })
  }
  expect(sandbox.requests.filter(({ write }) => write)).toEqual([])
})

test('an inbox that its bot cannot serve is taken back, or named with its id', async () => {
  const { bot } = await dataOf('bots', 'create', '--name', 'Helper', '--url', 'https://bot.example.com/hook')
  const faults = [sandbox.faults.add('POST /set_agent_bot:500')]
  const taken = JSON.parse((await call('inboxes', 'create', '--name', 'Taken', '--bot', bot.id)).stdout)
  expect(taken.error).toMatchObject({
    code: 'provider_error',
    message: `the bot ${bot.id} cannot serve a new inbox, which was taken back`,
  })
  faults.push(sandbox.faults.add('DELETE /inboxes/*:500'))
  const result = await call('inboxes', 'create', '--name', 'Left', '--bot', bot.id)
  for (const fault of faults) fault.remove()
  const left = sandbox.state.inboxes.filter(({ columns, deleting }) => columns.name === 'Left' && !deleting)
  expect(left).toHaveLength(1)
  expect([result.status, JSON.parse(result.stdout).error]).toEqual([
    10,
    expect.objectContaining({
      code: 'partial',
      message: `the inbox ${left[0]?.id} was made, and the bot ${bot.id} does not serve it`,
      hint: `delete it with: crm chatwoot inboxes delete ${left[0]?.id} --yes`,
    }),
  ])
})

test('settings of another channel are refused before anything is changed, as for a new inbox', async () => {
  const { inbox: web } = await dataOf('inboxes', 'create', '--name', 'Web')
  const { inbox: api } = await dataOf('inboxes', 'create', '--name', 'Api', '--channel', 'api')
  sandbox.forgetRequests()
  for (const [id, words, fields] of [
    [web.id, ['--webhook-url', 'https://x.example', '--bot', 'none'], ['webhookUrl']],
    [api.id, ['--color', '#ffffff', '--welcome-title', 'hi', '--name', 'Other'], ['welcomeTitle', 'color']],
  ] as const) {
    const { status, stdout } = await call('inboxes', 'update', id, ...words)
    const { error } = JSON.parse(stdout)
    expect([status, error.code, error.problems?.map(({ field }: { field: string }) => field)]).toEqual([2, 'usage', fields])
  }
  expect(sandbox.requests.filter(({ write }) => write)).toEqual([])
  await dataOf('inboxes', 'update', api.id, '--webhook-url', 'https://x.example')
  expect(sandbox.state.inboxes.get(Number(api.id))?.channel).toMatchObject({ webhook_url: 'https://x.example' })
})

test('a webhook shows its secret once, and has the events that were named', async () => {
  const made = await dataOf(
    'webhooks',
    'create',
    '--url',
    'https://example.com/w',
    '--event',
    'message_updated',
    '--event',
    'message_created',
  )
  expect(made).toMatchObject({ secret: expect.stringMatching(/^\S{20,}$/), webhook: { events: ['message_created', 'message_updated'] } })
  const listed = await dataOf('webhooks', 'list')
  expect(listed.webhooks).toEqual([made.webhook])
  expect(JSON.stringify(listed)).not.toContain(made.secret)
  expect(await failureOf('webhooks', 'create', '--url', 'https://example.com/w')).toEqual([2, 'usage'])
  await dataOf('webhooks', 'update', made.webhook.id, '--name', 'mine')
  expect((await dataOf('webhooks', 'list')).webhooks[0]).toMatchObject({ name: 'mine', events: made.webhook.events })
  await dataOf('webhooks', 'delete', made.webhook.id, '--yes')
  expect(await failureOf('webhooks', 'delete', made.webhook.id, '--yes')).toEqual([6, 'not_found'])
})

test('parts of a demo are named, and not deleted without force', async () => {
  succeed(await run(['demo-create', '--name', 'Acme', '--bot-url', 'https://bot.example.com/hook'], { home }))
  const inbox = (await dataOf('inboxes', 'list')).inboxes.find(({ demo }: { demo: string }) => demo === 'acme')
  const bot = (await dataOf('bots', 'list')).bots.find(({ demo }: { demo: string }) => demo === 'acme')
  expect(await failureOf('inboxes', 'delete', inbox.id, '--yes')).toEqual([11, 'conflict'])
  expect(await failureOf('bots', 'delete', bot.id, '--yes')).toEqual([11, 'conflict'])
  await dataOf('bots', 'delete', bot.id, '--yes', '--force')
})

test('works with variables alone, and says what an agent may not do', async () => {
  const env = chatwootVariables(sandbox, sandbox.agentToken)
  const options = { env }
  expect(JSON.parse(succeed(await run(['chatwoot', 'inboxes', 'list', '--json'], options)).stdout).data.inboxes).toHaveLength(1)
  expect((await run(['chatwoot', 'bots', 'create', '--name', 'x'], options)).status).toBe(5)
  expect((await run(['chatwoot', 'webhooks', 'list'], options)).status).toBe(5)
})

describe('wrong values are told all at once, and nothing is sent:', () => {
  test.each([
    [
      ['inboxes', 'create', '--website-url', 'x', '--webhook-url', 'y', '--color', 'red'],
      ['name', 'websiteUrl', 'color', 'webhookUrl'],
    ],
    [
      ['bots', 'create', '--url', 'ftp://x'],
      ['name', 'url'],
    ],
    [
      ['webhooks', 'create', '--event', 'nope'],
      ['url', 'events'],
    ],
    [['inboxes', 'update', '1', '--bot', 'x'], ['bot']],
  ])('%j', async (words, fields) => {
    sandbox.forgetRequests()
    const { status, stdout } = await call(...words)
    const named = JSON.parse(stdout).error.problems?.map(({ field }: { field: string }) => field)
    expect([status, [...new Set(named)].sort()]).toEqual([2, [...fields].sort()])
    expect(sandbox.requests).toEqual([])
  })

  test('an id that is none', async () => {
    expect(await failureOf('inboxes', 'delete', '1/../2', '--yes')).toEqual([2, 'usage'])
  })
})

describe('--timeout ends the wait for a server that does not answer:', () => {
  test.each([['chatwoot', 'bots', 'list'], ['demo-list'], ['demo-show', 'acme'], ['demo-verify', 'acme'], ['demo-export']])(
    'crm %s %s %s',
    async (...words) => {
      const fault = sandbox.faults.add('GET /**/agent_bots:hang')
      const argv = [...words.filter((word) => word !== undefined), '--json', '--timeout', '1s']
      const { status, stdout } = await run(argv, { env: chatwootVariables(sandbox) })
      fault.remove()
      expect([status, JSON.parse(stdout).error.message]).toEqual([
        8,
        expect.stringContaining('did not answer in the time that the command has'),
      ])
    },
  )
})

test('deleting asks, and Enter means no', async () => {
  const { bot } = await dataOf('bots', 'create', '--name', 'Kept')
  const terminal = runInTerminal({ command: [NODE, CRM, 'chatwoot', 'bots', 'delete', bot.id], env: { ...home.env }, cwd: home.path })
  await terminal.sees(`Delete the bot Kept (id ${bot.id})?`)
  terminal.type('\r')
  expect(await terminal.exited).toBe(130)
  expect(sandbox.state.bots.get(Number(bot.id))).toBeDefined()
  expect(await failureOf('bots', 'delete', bot.id)).toEqual([2, 'usage'])
})
