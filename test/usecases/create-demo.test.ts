import { expect, test } from 'vitest'
import { markText } from '../../src/chatwoot/demo-marks.ts'
import type { Http } from '../../src/core/ports.ts'
import { Secret } from '../../src/core/secret.ts'
import { createDemo } from '../../src/usecases/create-demo.ts'
import { removeDemos } from '../../src/usecases/remove-demos.ts'
import { aRun, expectSchema, openSandbox, remains, succeed, targetOf, toEnd, watchedJournal, writesOf } from '../chatwoot/support.ts'
import { together } from '../support/together.ts'

const INPUT = { name: 'Acme Dental', botUrl: 'https://bot.example/hook' }

test('a first run makes a bot, an inbox and their link, and says where they are', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const data = await succeed(createDemo({ http, target, ...aRun() }, INPUT))
  const { inboxes, bots, links } = remains(sandbox)
  expect([inboxes.length, bots.length, links.length]).toEqual([1, 1, 1])
  expect(links[0]?.botId).toBe(bots[0]?.id)
  expect(data).toMatchObject({
    changed: true,
    dryRun: false,
    demo: { slug: 'acme-dental', name: 'Acme Dental', integration: 'chatwoot' },
    account: { id: String(sandbox.accounts[0]?.id), name: sandbox.accounts[0]?.name },
    inbox: { id: String(inboxes[0]?.id), name: 'Acme Dental', channel: 'web', websiteToken: inboxes[0]?.publicToken },
    bot: { id: String(bots[0]?.id), name: 'Acme Dental', outgoingUrl: INPUT.botUrl },
    steps: [
      { kind: 'bot', action: 'create', outcome: 'done', id: String(bots[0]?.id) },
      { kind: 'inbox', action: 'create', outcome: 'done', id: String(inboxes[0]?.id) },
      { kind: 'link', action: 'create', outcome: 'done' },
    ],
  })
  expect(data.snippet).toContain(inboxes[0]?.publicToken)
  expect(data.inbox?.url).toBe(`${sandbox.url}/app/accounts/1/settings/inboxes/${inboxes[0]?.id}`)
  expectSchema('demo-create', data)
})

test('a first run takes no more than 4 round trips after the connection test, and makes bot and inbox at the same time', async (context) => {
  const { http, sandbox } = await openSandbox(context)
  const door = await together(context, sandbox.url, [3, 3, 2, 2, 2])
  const target = targetOf(sandbox, { baseUrl: door.url })
  await succeed(createDemo({ http, target, ...aRun() }, { ...INPUT, agents: ['ben@sandbox.example'] }))
  expect(door.groups).toHaveLength(1 + 4)
  expect(door.groups[2]).toEqual(['POST /api/v1/accounts/1/agent_bots', 'POST /api/v1/accounts/1/inboxes'])
})

test('a second run writes nothing, takes no more than 3 round trips and is not a change', async (context) => {
  const { http, sandbox } = await openSandbox(context)
  const door = await together(context, sandbox.url, [3, 3, 2, 2, 2, 3, 3, 2])
  const target = targetOf(sandbox, { baseUrl: door.url })
  const { journal, records } = watchedJournal()
  await succeed(createDemo({ http, target, ...aRun(journal) }, { ...INPUT, agents: ['ben@sandbox.example'] }))
  sandbox.forgetRequests()
  const written = records.length
  const data = await succeed(createDemo({ http, target, ...aRun(journal) }, { ...INPUT, agents: ['ben@sandbox.example'] }))
  expect(writesOf(sandbox)).toEqual([])
  expect(door.groups).toHaveLength(1 + 4 + 3)
  expect(data.changed).toBe(false)
  expect(data.steps.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual(Array(4).fill('keep done'))
  expect(records.length, 'the journal is left alone, too').toBe(written)
})

test('an empty journal adopts what an earlier run has marked, and that is not a change', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const first = await succeed(createDemo({ http, target, ...aRun() }, INPUT))
  sandbox.forgetRequests()
  const { journal, last } = watchedJournal()
  const data = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  expect(data.changed).toBe(false)
  expect(writesOf(sandbox)).toEqual([])
  expect([data.inbox?.id, data.bot?.id]).toEqual([first.inbox?.id, first.bot?.id])
  expect(data.steps.map(({ kind, action }) => `${kind} ${action}`)).toEqual(['bot adopt', 'inbox adopt', 'link keep'])
  const kept = await last()
  expect(kept?.record).toMatchObject({ status: 'ready', inboxId: first.inbox?.id, botId: first.bot?.id })
  expect(kept?.record.journal.map(({ kind, action, state, digest }) => [kind, action, state, digest])).toEqual([
    ['bot', 'adopt', 'done', ''],
    ['inbox', 'adopt', 'done', ''],
  ])
  expect(Object.keys(kept?.secrets ?? {}).sort()).toEqual(['botAccessToken', 'botSecret', 'inboxHmacToken'])
})

test('a changed value is updated alone, and nothing that was not given is touched', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const { journal } = watchedJournal()
  await succeed(createDemo({ http, target, ...aRun(journal) }, { ...INPUT, greeting: 'Hello', color: '#112233' }))
  const inbox = remains(sandbox).inboxes[0]
  inbox!.channel.welcome_title = 'set in the dashboard'
  inbox!.columns.enable_email_collect = false
  sandbox.forgetRequests()
  const data = await succeed(
    createDemo(
      { http, target, ...aRun(journal) },
      { ...INPUT, botUrl: 'https://bot.example/other', greeting: 'Good day', color: '#112233' },
    ),
  )
  expect(data.changed).toBe(true)
  expect(data.steps.map(({ kind, action, changes }) => [kind, action, changes])).toEqual([
    ['bot', 'update', ['outgoingUrl']],
    ['inbox', 'update', ['greeting']],
    ['link', 'keep', []],
  ])
  expect(writesOf(sandbox).map((line) => line.split(' ')[0])).toEqual(['PATCH', 'PATCH'])
  expect(inbox?.columns).toMatchObject({ greeting_message: 'Good day', enable_email_collect: false })
  expect(inbox?.channel.welcome_title).toBe('set in the dashboard')
  expect(remains(sandbox).bots[0]?.columns.outgoing_url).toBe('https://bot.example/other')
})

test('a missing link, bot or inbox is made anew, and what is there is kept', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const { journal } = watchedJournal()
  const first = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  remains(sandbox).inboxes[0]!.botId = null
  const linked = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  expect(linked.steps.map(({ action }) => action)).toEqual(['keep', 'keep', 'create'])

  sandbox.state.bots.delete(Number(first.bot?.id))
  const newBot = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  expect(newBot.steps.map(({ action }) => action)).toEqual(['create', 'keep', 'create'])

  sandbox.state.removeInbox(Number(first.inbox?.id))
  const newInbox = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  expect(newInbox.steps.map(({ action }) => action)).toEqual(['keep', 'create', 'create'])
  const { inboxes, bots, links } = remains(sandbox)
  expect([inboxes.length, bots.length, links.length]).toEqual([1, 1, 1])
})

test("a bot that somebody attached to the inbox gives way to the demo's own", async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const { journal } = watchedJournal()
  const first = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  remains(sandbox).inboxes[0]!.botId = sandbox.fixtures.systemBot.id
  const data = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  expect(data.steps.at(-1)).toMatchObject({ kind: 'link', action: 'update', outcome: 'done' })
  expect(remains(sandbox).inboxes[0]?.botId).toBe(Number(first.bot?.id))
})

test('an API channel, agents and integration defaults reach the inbox', async (context) => {
  const { http, sandbox } = await openSandbox(context)
  const target = targetOf(sandbox, { csatSurvey: true, emailCollect: false, autoAssignment: false, greetingEnabled: true })
  const data = await succeed(
    createDemo(
      { http, target, ...aRun() },
      { ...INPUT, channel: 'api', webhookUrl: 'https://example.com/hook', agents: ['Ben@Sandbox.example'] },
    ),
  )
  const inbox = remains(sandbox).inboxes[0]
  expect(inbox?.channelType).toBe('Channel::Api')
  expect(inbox?.channel.webhook_url).toBe('https://example.com/hook')
  expect([...(inbox?.members ?? [])]).toEqual([sandbox.fixtures.agent.id])
  expect(inbox?.columns).toMatchObject({
    csat_survey_enabled: true,
    enable_email_collect: false,
    enable_auto_assignment: false,
    greeting_enabled: true,
  })
  expect(data).toMatchObject({ snippet: null, inbox: { channel: 'api', identifier: inbox?.publicToken } })
  expect(data.inbox).not.toHaveProperty('websiteToken')
})

test('names with quotes, slashes, emoji and right-to-left text round-trip', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const name = `Café "Zoë" <b>/\\ 🦷 مرحبا & Co`
  const { journal } = watchedJournal()
  const data = await succeed(createDemo({ http, target, ...aRun(journal) }, { ...INPUT, name }))
  expect([data.inbox?.name, data.bot?.name, remains(sandbox).inboxes[0]?.columns.name]).toEqual([name, name, name])
  expect((await succeed(createDemo({ http, target, ...aRun(journal) }, { ...INPUT, name }))).changed).toBe(false)
})

test('objects of others survive everything, whatever their names', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const twin = await succeed(createDemo({ http, target, ...aRun() }, { ...INPUT, slug: 'another' }))
  sandbox.state.inboxes.get(Number(twin.inbox?.id))!.columns.out_of_office_message = null
  sandbox.state.bots.get(Number(twin.bot?.id))!.columns.description = null
  const before = JSON.stringify([sandbox.state.inboxes.get(Number(twin.inbox?.id)), sandbox.state.bots.get(Number(twin.bot?.id))?.columns])
  const { journal } = watchedJournal()
  const data = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  await succeed(createDemo({ http, target, ...aRun(journal) }, { ...INPUT, ifExists: 'replace' }))
  sandbox.faults.add('POST /inboxes/*/set_agent_bot:500')
  await toEnd(createDemo({ http, target, ...aRun(journal) }, { ...INPUT, ifExists: 'replace' }))
  expect(data.inbox?.id).not.toBe(twin.inbox?.id)
  expect(JSON.stringify([sandbox.state.inboxes.get(Number(twin.inbox?.id)), sandbox.state.bots.get(Number(twin.bot?.id))?.columns])).toBe(
    before,
  )
})

test("a marked bot of the whole installation is nobody's demo", async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  sandbox.state.bots.get(sandbox.fixtures.systemBot.id)!.columns.description = '[crm-demo:acme-dental]'
  const data = await succeed(createDemo({ http, target, ...aRun() }, INPUT))
  expect(data.steps[0]).toMatchObject({ kind: 'bot', action: 'create' })
})

test('of several marked objects the oldest is used, and a warning names the others', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const first = await succeed(createDemo({ http, target, ...aRun() }, INPUT))
  const second = await succeed(createDemo({ http, target, ...aRun() }, { ...INPUT, slug: 'other' }))
  const mark = '[crm-demo:acme-dental]'
  sandbox.state.inboxes.get(Number(second.inbox?.id))!.columns.out_of_office_message = mark
  sandbox.state.bots.get(Number(second.bot?.id))!.columns.description = mark
  const { answer } = await toEnd(createDemo({ http, target, ...aRun() }, INPUT))
  expect(answer.data?.inbox?.id).toBe(first.inbox?.id)
  const warning = answer.warnings.find(({ code }) => code === 'demo_doubles')
  expect(warning?.message).toContain(`inbox ${second.inbox?.id}, bot ${second.bot?.id}`)
})

test('what a run that died made only after the next one had made it anew is taken away by the one after that', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const { journal, records } = watchedJournal()
  // The first run dies while its bot and its inbox are under way: nothing of them is there, and its journal says so.
  const first = aRun(journal)
  const dies: Http = (request) => (request.method === 'POST' ? Promise.reject(new Error('killed')) : http(request))
  await toEnd(createDemo({ http: dies, target, ...first, limits: { ...first.limits, lookMs: 0 } }, INPUT))
  const data = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  // Now its requests are carried out.
  const other = await succeed(createDemo({ http, target, ...aRun() }, { ...INPUT, slug: 'other' }))
  const late = markText('acme-dental', first.runId, '2026-06-17T10:00:00.000Z')
  sandbox.state.inboxes.get(Number(other.inbox?.id))!.columns.out_of_office_message = late
  sandbox.state.bots.get(Number(other.bot?.id))!.columns.description = late
  const { answer } = await toEnd(createDemo({ http, target, ...aRun(journal) }, INPUT))
  expect(answer.error).toBeUndefined()
  expect(answer.data).toMatchObject({ changed: true, inbox: { id: data.inbox?.id }, bot: { id: data.bot?.id } })
  expect(answer.warnings.map(({ code }) => code)).toContain('demo_late')
  expect(sandbox.state.bots.get(Number(other.bot?.id))).toBeUndefined()
  expect(records.at(-1)).toMatchObject({ status: 'ready', inboxId: data.inbox?.id, botId: data.bot?.id })
  const again = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  expect(again.changed).toBe(false)
})

test('a demo that is made again while its old inbox is being deleted is not said to be deleting', async (context) => {
  const { http, target } = await openSandbox(context, { deletionDelayMs: 60_000 })
  const { journal, records } = watchedJournal()
  await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  const doomed = { slug: 'acme-dental', journal, target }
  await toEnd(removeDemos({ http, ...aRun(), limits: { deletionMs: 0 } }, [doomed]))
  expect(records.at(-1)?.status).toBe('deleting')
  const from = records.length
  await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  expect(new Set(records.slice(from).map(({ status }) => status))).toEqual(new Set(['partial', 'ready']))
})

test('a dry run plans, and writes neither to the server nor to the journal', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const { journal, records } = watchedJournal()
  const data = await succeed(createDemo({ http, target, ...aRun(journal) }, { ...INPUT, dryRun: true }))
  expect(writesOf(sandbox)).toEqual([])
  expect(records).toEqual([])
  expect(data).toMatchObject({ changed: true, dryRun: true, inbox: null, bot: null, snippet: null, demo: { createdAt: null } })
  expect(data.steps.map(({ kind, action, outcome }) => `${kind} ${action} ${outcome}`)).toEqual([
    'bot create planned',
    'inbox create planned',
    'link create planned',
  ])
  expectSchema('demo-create', data)
})

test('--if-exists fail refuses an existing demo before any write, and replace makes it anew', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const { journal, last } = watchedJournal()
  const first = await succeed(createDemo({ http, target, ...aRun(journal) }, { ...INPUT, ifExists: 'fail' }))
  sandbox.forgetRequests()
  await expect(succeed(createDemo({ http, target, ...aRun(journal) }, { ...INPUT, ifExists: 'fail' }))).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining(`inbox ${first.inbox?.id}, bot ${first.bot?.id}`),
  })
  expect(writesOf(sandbox)).toEqual([])
  const second = await succeed(createDemo({ http, target, ...aRun(journal) }, { ...INPUT, channel: 'api', ifExists: 'replace' }))
  expect(second.changed).toBe(true)
  expect(second.inbox?.id).not.toBe(first.inbox?.id)
  expect(second.bot?.id).not.toBe(first.bot?.id)
  sandbox.finishDeletions()
  const { inboxes, bots, links } = remains(sandbox)
  expect([inboxes.length, bots.length, links.length]).toEqual([1, 1, 1])
  expect((await last())?.record).toMatchObject({ status: 'ready', channel: 'api', inboxId: second.inbox?.id, botId: second.bot?.id })
})

test('another channel is a conflict that names replace, since a channel cannot be changed', async (context) => {
  const { http, target } = await openSandbox(context)
  const { journal } = watchedJournal()
  await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  await expect(succeed(createDemo({ http, target, ...aRun(journal) }, { ...INPUT, channel: 'api' }))).rejects.toMatchObject({
    code: 'conflict',
    hint: expect.stringContaining('--if-exists replace'),
  })
})

test("an agent's token is refused before the first write", async (context) => {
  const { http, sandbox } = await openSandbox(context)
  const agent = targetOf(sandbox, { apiKey: new Secret(sandbox.agentToken) })
  await expect(succeed(createDemo({ http, target: agent, ...aRun() }, INPUT))).rejects.toMatchObject({
    code: 'permission_denied',
    hint: expect.stringContaining('crm edit chatwoot --api-key-stdin'),
  })
  expect(writesOf(sandbox)).toEqual([])
})

test('what will fail later in silence is said before the first write', async (context) => {
  const { http, target } = await openSandbox(context, { frontendUrl: 'http://0.0.0.0:3000' })
  const { events, answer } = await toEnd(
    createDemo({ http, target, ...aRun() }, { ...INPUT, botUrl: 'http://localhost:8080/bot', agents: ['nobody@example.com'] }),
  )
  const types = events.map((event) => (event.type === 'warning' ? event.warning.code : event.type))
  expect(types.indexOf('bot_url_private')).toBeGreaterThan(-1)
  expect(types.indexOf('bot_url_private')).toBeLessThan(types.indexOf('start'))
  expect(types.indexOf('agents_unknown')).toBeLessThan(types.indexOf('start'))
  expect(answer.warnings.map(({ code }) => code)).toEqual(['bot_url_private', 'agents_unknown', 'snippet_base_differs'])
})

test('business hours, which would show the mark to customers, are warned about', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  await succeed(createDemo({ http, target, ...aRun() }, INPUT))
  remains(sandbox).inboxes[0]!.columns.working_hours_enabled = true
  const { answer } = await toEnd(createDemo({ http, target, ...aRun() }, INPUT))
  expect(answer.warnings.map(({ code }) => code)).toEqual(['mark_visible'])
})

test('a Chatwoot that fails on every bot is named, and nothing is written', async (context) => {
  const { http, sandbox, target } = await openSandbox(context, { version: '4.16.0' })
  await expect(succeed(createDemo({ http, target, ...aRun() }, INPUT))).rejects.toMatchObject({
    code: 'provider_error',
    hint: expect.stringContaining('4.16.2'),
  })
  expect(writesOf(sandbox)).toEqual([])
})

test('an integration that was edited to another account is not taken for the old one', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const { journal } = watchedJournal()
  await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  const moved = targetOf(sandbox, { accountId: String(sandbox.accounts[1]?.id) })
  sandbox.forgetRequests()
  await expect(succeed(createDemo({ http, target: moved, ...aRun(journal) }, INPUT))).rejects.toMatchObject({ code: 'conflict' })
  expect(writesOf(sandbox)).toEqual([])
})

test('a person who removes the marks does not make the journal forget', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const { journal } = watchedJournal()
  await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  const { inboxes, bots } = remains(sandbox)
  inboxes[0]!.columns.out_of_office_message = 'We are on holiday'
  bots[0]!.columns.description = null
  const data = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  expect(data.steps.map(({ kind, action, changes }) => [kind, action, changes])).toEqual([
    ['bot', 'update', ['description']],
    ['inbox', 'update', ['outOfOffice']],
    ['link', 'keep', []],
  ])
  expect(inboxes[0]?.columns.out_of_office_message).toMatch(/^We are on holiday\n\[crm-demo:acme-dental\]/)
  expect((await succeed(createDemo({ http, target, ...aRun() }, INPUT))).changed).toBe(false)
})

test('a link that the server only claims to have made is not believed, and all is undone', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const lying: Http = async (request) => {
    if (!request.url.pathname.endsWith('/set_agent_bot')) return await http(request)
    return { status: 200, headers: {}, body: Buffer.alloc(0), latencyMs: 1 }
  }
  const { answer } = await toEnd(createDemo({ http: lying, target, ...aRun() }, INPUT))
  expect(answer.error).toMatchObject({ code: 'provider_error', message: expect.stringContaining('did not link') })
  const { inboxes, bots } = remains(sandbox)
  expect([inboxes.length, bots.length]).toEqual([0, 0])
})

test('a setting that the server does not keep is a warning', async (context) => {
  const { http, target } = await openSandbox(context)
  const dropping: Http = (request) => {
    const body = request.body?.replace('"Ask us"', '""')
    return http(body === undefined ? request : { ...request, body })
  }
  const { answer } = await toEnd(createDemo({ http: dropping, target, ...aRun() }, { ...INPUT, welcomeTagline: 'Ask us' }))
  expect(answer.error).toBeUndefined()
  expect(answer.warnings).toEqual([{ code: 'settings_not_kept', message: expect.stringContaining('welcomeTagline') }])
})
