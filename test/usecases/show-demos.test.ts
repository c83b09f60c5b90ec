import { expect, test } from 'vitest'
import { createDemo } from '../../src/usecases/create-demo.ts'
import { findMarkedDemos, listDemos, listMarkedDemos } from '../../src/usecases/list-demos.ts'
import { showDemo } from '../../src/usecases/show-demo.ts'
import { aRun, expectSchema, openSandbox, succeed, toEnd, watchedJournal } from '../chatwoot/support.ts'

const INPUT = { name: 'Acme', botUrl: 'https://bot.example/hook' }

test('the list has the demos that are there, by slug, and not the removed ones', () => {
  const demo = {
    name: 'A',
    integration: 'chatwoot',
    source: 'vault',
    inboxId: '1',
    botId: '2',
    createdAt: '2026-06-17T10:00:00.000Z',
    expiresAt: null,
  } as const
  const { data } = listDemos([
    { ...demo, slug: 'b', status: 'ready' },
    { ...demo, slug: 'a', status: 'partial' },
    { ...demo, slug: 'c', status: 'removed' },
  ])
  expect(data?.demos.map(({ slug }) => slug)).toEqual(['a', 'b'])
  expectSchema('demo-list', data)
})

test('without a vault the demos of an account are found by their marks', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const first = await succeed(createDemo({ http, target, ...aRun() }, INPUT))
  const second = await succeed(createDemo({ http, target, ...aRun() }, { ...INPUT, name: 'Beta' }))
  sandbox.state.bots.delete(Number(second.bot?.id))
  const demos = await findMarkedDemos({ http, target, clock: Date.now, signal: new AbortController().signal })
  expect(demos).toEqual([
    {
      ...{ slug: 'acme', name: 'Acme', integration: 'chatwoot', source: 'vault', expiresAt: null, status: 'ready' },
      ...{ inboxId: first.inbox?.id, botId: first.bot?.id, createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) },
    },
    expect.objectContaining({ slug: 'beta', status: 'partial', inboxId: second.inbox?.id, botId: null }),
  ])
})

test('without a vault a demo whose bot does not serve its inbox is partial; only inboxes of demos are asked', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const whole = await succeed(createDemo({ http, target, ...aRun() }, INPUT))
  const fault = sandbox.faults.add('POST /set_agent_bot:500')
  const half = await toEnd(createDemo({ http, target, ...aRun() }, { ...INPUT, name: 'Beta', keepOnFailure: true }))
  expect(half.answer.error?.code).toBe('partial')
  fault.remove()
  const botless = await succeed(createDemo({ http, target, ...aRun() }, { ...INPUT, name: 'Gamma' }))
  sandbox.state.bots.delete(Number(botless.bot?.id))
  const deps = { http, target, clock: Date.now, signal: new AbortController().signal }
  sandbox.forgetRequests()
  const demos = await listMarkedDemos(deps)
  expect(demos.map(({ slug, status }) => `${slug} ${status}`)).toEqual(['acme ready', 'beta partial', 'gamma partial'])
  const asked = sandbox.requests.map(({ path }) => path.replace('/api/v1/accounts/1/', ''))
  expect(asked.toSorted()).toEqual(
    ['agent_bots', 'inboxes', `inboxes/${whole.inbox?.id}/agent_bot`, `inboxes/${demos[1]?.inboxId}/agent_bot`].toSorted(),
  )
  expect((await showDemo(deps, { slug: 'beta', reveal: false })).data?.demo.status).toBe('partial')
})

test('a demo was made when its marks say, whoever looks', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const first = await succeed(createDemo({ http, target, ...aRun() }, INPUT))
  const later = { clock: () => Date.now() + 3_600_000 }
  const again = await succeed(createDemo({ http, target, ...aRun(), ...later }, INPUT))
  const { journal, last } = watchedJournal()
  const adopted = await succeed(createDemo({ http, target, ...aRun(journal), ...later }, INPUT))
  const [listed] = await findMarkedDemos({ http, target, ...later, signal: new AbortController().signal })
  expect([again.changed, adopted.changed]).toEqual([false, false])
  const times = [again.demo.createdAt, adopted.demo.createdAt, listed?.createdAt, (await last())?.record.createdAt]
  expect(times).toEqual(times.map(() => first.demo.createdAt))
  // A journal that knows the demo keeps its time; a mark that says no time leaves it to the other one.
  const bot = sandbox.state.bots.get(Number(first.bot?.id))!
  const inbox = sandbox.state.inboxes.get(Number(first.inbox?.id))!
  inbox.columns.out_of_office_message = '[crm-demo:acme] run 0123456789abcdef0123456789abcdef at 2001-13-01T00:00:00Z'
  bot.columns.description = '[crm-demo:acme] run 0123456789abcdef0123456789abcdef at 2001-01-01T00:00:00Z'
  expect((await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))).demo.createdAt).toBe(first.demo.createdAt)
  expect((await succeed(createDemo({ http, target, ...aRun() }, INPUT))).demo.createdAt).toBe('2001-01-01T00:00:00Z')
})

test('a demo is shown with its objects, and its secrets only on request', async (context) => {
  const { http, target } = await openSandbox(context)
  const { journal } = watchedJournal()
  const made = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  const kept = await journal.read()
  const deps = { http, target, clock: Date.now, signal: new AbortController().signal }
  const { data, warnings } = await showDemo(deps, { slug: 'acme', kept: kept!, reveal: false })
  expectSchema('demo-show', data)
  expect(warnings).toEqual([])
  expect(data).toMatchObject({
    demo: { slug: 'acme', status: 'ready' },
    account: made.account,
    inbox: made.inbox,
    bot: made.bot,
    snippet: made.snippet,
  })
  expect(data?.secrets).toEqual({ botAccessToken: { set: true }, botSecret: { set: true }, inboxHmacToken: { set: true } })
  for (const value of Object.values(kept?.secrets ?? {})) expect(JSON.stringify(data)).not.toContain(value)
  const revealed = await showDemo(deps, { slug: 'acme', kept: kept!, reveal: true })
  expect(revealed.data?.secrets.botAccessToken).toEqual({ set: true, value: kept?.secrets.botAccessToken })
  expectSchema('demo-show', revealed.data)
})

test('a demo is shown as partial when its bot does not serve its inbox any more, or one of them is gone', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const { journal } = watchedJournal()
  const { inbox, bot } = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  const kept = (await journal.read())!
  const deps = { http, target, clock: Date.now, signal: new AbortController().signal }
  const show = async () => {
    const { data, warnings } = await showDemo(deps, { slug: 'acme', kept, reveal: false })
    expectSchema('demo-show', data)
    return [data?.demo.status, ...warnings.map(({ message }) => message)]
  }
  sandbox.state.inboxes.get(Number(inbox?.id))!.botId = null
  expect(await show()).toEqual(['partial', `the bot ${bot?.id} does not serve the inbox ${inbox?.id} any more`])
  sandbox.state.bots.delete(Number(bot?.id))
  expect(await show()).toEqual(['partial', `the bot ${bot?.id} is not there any more`])
  sandbox.state.removeInbox(Number(inbox?.id))
  expect((await show()).toSorted()).toEqual(
    ['partial', `the bot ${bot?.id} is not there any more`, `the inbox ${inbox?.id} is not there any more`].toSorted(),
  )
})

test('without a vault a demo is shown by its marks', async (context) => {
  const { http, target } = await openSandbox(context)
  const made = await succeed(createDemo({ http, target, ...aRun() }, INPUT))
  const deps = { http, target, clock: Date.now, signal: new AbortController().signal }
  const { data } = await showDemo(deps, { slug: 'acme', reveal: false })
  expect(data).toMatchObject({ demo: { status: 'ready' }, inbox: made.inbox, bot: made.bot, journal: [] })
  expectSchema('demo-show', data)
  await expect(showDemo(deps, { slug: 'other', reveal: false })).rejects.toMatchObject({ code: 'not_found' })
})

test('a server that does not answer, or has lost an object, leaves those parts empty with a warning', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const { journal } = watchedJournal()
  const made = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  const kept = (await journal.read())!
  const deps = { http, target, clock: Date.now, signal: new AbortController().signal }
  sandbox.state.bots.delete(Number(made.bot?.id))
  const missing = await showDemo(deps, { slug: 'acme', kept, reveal: false })
  expect(missing.data).toMatchObject({ bot: null, inbox: { id: made.inbox?.id } })
  expect(missing.warnings.map(({ code }) => code)).toEqual(['object_missing'])
  sandbox.faults.add('* /**:reset')
  const silent = await showDemo(deps, { slug: 'acme', kept, reveal: false })
  expect(silent.data).toMatchObject({ demo: { slug: 'acme' }, bot: null, inbox: null, snippet: null })
  expect(new Set(silent.warnings.map(({ code }) => code))).toEqual(new Set(['server_not_asked']))
  const elsewhere = { ...kept, record: { ...kept.record, account: 'https://other.example/app/accounts/1' } }
  expect((await showDemo(deps, { slug: 'acme', kept: elsewhere, reveal: false })).warnings[0]?.code).toBe('other_account')
})
