import { expect, test } from 'vitest'
import { createDemo } from '../../src/usecases/create-demo.ts'
import { findMarkedDemos, listDemos } from '../../src/usecases/list-demos.ts'
import { showDemo } from '../../src/usecases/show-demo.ts'
import { aRun, expectSchema, openSandbox, succeed, watchedJournal } from '../chatwoot/support.ts'

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
