import { expect, test } from 'vitest'
import type { DemoTarget } from '../../src/chatwoot/demo-target.ts'
import type { DemoRequest } from '../../src/core/demo.ts'
import { paced } from '../../src/http/pace.ts'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { planAnswer } from '../../src/usecases/apply-demos.ts'
import { readCreateDemo } from '../../src/usecases/create-demo-input.ts'
import { type FleetDemo, planDemos } from '../../src/usecases/plan-demos.ts'
import { aFleet, applyAll, expectSchema, journalStore, openSandbox, remains, targetOf, writesOf } from '../chatwoot/support.ts'

const FIVE: readonly Partial<DemoRequest>[] = [
  { name: 'Acme', greeting: 'Hello', color: '#123456' },
  { name: 'Beta', agents: ['ben@sandbox.example'] },
  { name: 'Gamma', channel: 'api', webhookUrl: 'https://gamma.example/hook' },
  { name: 'Delta', hours: { timezone: 'Europe/Zurich', open: 'Mon-Fri 08:00-18:00, Sat 09:00-12:00', away: 'Back soon.' } },
  {
    name: 'Epsilon',
    preChat: { message: 'Who are you?', fields: ['email!', 'name'] },
    webhooks: [{ url: 'https://hooks.example/epsilon', events: ['message_created'] }],
  },
]

function fleetOf(target: DemoTarget, requests: readonly Partial<DemoRequest>[] = FIVE): readonly FleetDemo[] {
  return requests.map((request) => ({ target, input: readCreateDemo({ name: '', botUrl: 'https://bot.example/hook', ...request }) }))
}

/** What stands in the account of the demos of {@link FIVE}, nothing else: counts of each kind. */
function counts(sandbox: Sandbox) {
  sandbox.finishDeletions()
  const { inboxes, bots, links } = remains(sandbox)
  return {
    inboxes: inboxes.length,
    bots: bots.length,
    links: links.length,
    webhooks: sandbox.state.webhooksOf(sandbox.accounts[0]?.id ?? 0).length,
  }
}

const ALL_FIVE = { inboxes: 5, bots: 5, links: 5, webhooks: 1 }

test('a file of demos is made; a second run reads three lists of the account and writes nothing', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const store = journalStore()
  const first = await applyAll(aFleet(http, store), fleetOf(target))
  expect(first.answer.error).toBeUndefined()
  expectSchema('demo-apply', first.answer.data)
  expect(first.answer.data?.summary).toEqual({ create: 5, update: 0, keep: 0, delete: 0, failed: 0 })
  expect(counts(sandbox)).toEqual(ALL_FIVE)
  sandbox.forgetRequests()
  const second = await applyAll(aFleet(http, store), fleetOf(target))
  expect(second.answer.data?.summary).toEqual({ create: 0, update: 0, keep: 5, delete: 0, failed: 0 })
  expect(second.answer.data?.changed).toBe(false)
  expect(sandbox.requests.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
    'GET /api',
    'GET /api/v1/accounts/1/agent_bots',
    'GET /api/v1/accounts/1/inboxes',
    'GET /api/v1/accounts/1/webhooks',
    'GET /api/v1/profile',
  ])
})

test('every setting of the file arrives: hours, form before the chat, webhook', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  await applyAll(aFleet(http), fleetOf(target))
  const named = (name: string) => sandbox.state.inboxes.find(({ columns }) => columns.name === name)
  expect(named('Delta')?.columns).toMatchObject({
    working_hours_enabled: true,
    timezone: 'Europe/Zurich',
    out_of_office_message: expect.stringMatching(/^Back soon\.\n\[crm-demo:delta\]/),
  })
  const hours = named('Delta')?.workingHours ?? []
  expect(hours.map(({ open_hour, close_hour, closed_all_day }) => (closed_all_day ? 'closed' : `${open_hour}-${close_hour}`))).toEqual([
    'closed',
    '8-18',
    '8-18',
    '8-18',
    '8-18',
    '8-18',
    '9-12',
  ])
  expect(named('Epsilon')?.channel).toMatchObject({
    pre_chat_form_enabled: true,
    pre_chat_form_options: { pre_chat_message: 'Who are you?' },
  })
  const [webhook] = sandbox.state.webhooksOf(1)
  expect(webhook?.columns).toMatchObject({
    url: 'https://hooks.example/epsilon',
    subscriptions: ['message_created'],
    name: expect.stringMatching(/^Epsilon \[crm-demo:epsilon\]/),
  })
})

test('a new journal adopts what the marks name, asks about each demo once, and then no more', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  await applyAll(aFleet(http), fleetOf(target))
  sandbox.forgetRequests()
  const store = journalStore()
  const adopting = await applyAll(aFleet(http, store), fleetOf(target))
  expect(adopting.answer.data?.changed).toBe(false)
  expect(writesOf(sandbox)).toEqual([])
  sandbox.forgetRequests()
  await applyAll(aFleet(http, store), fleetOf(target))
  expect(sandbox.requests.length).toBe(5)
})

test('drift made by hand is shown with both values, and set right', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const store = journalStore()
  await applyAll(aFleet(http, store), fleetOf(target))
  const acme = sandbox.state.inboxes.find(({ columns }) => columns.name === 'Acme')
  const delta = sandbox.state.inboxes.find(({ columns }) => columns.name === 'Delta')
  if (acme === undefined || delta === undefined) throw new Error('no inbox')
  acme.columns.greeting_message = 'Changed by hand'
  delta.workingHours = delta.workingHours.map((day) => ({ ...day, closed_all_day: true }))
  acme.botId = null
  const shallow = planAnswer(await planDemos(aFleet(http, store), fleetOf(target)))
  expect(shallow.data?.demos.filter(({ action }) => action === 'update').map(({ slug, changes }) => [slug, changes])).toEqual([
    ['acme', [{ kind: 'inbox', field: 'greeting', from: 'Changed by hand', to: 'Hello' }]],
    ['delta', [{ kind: 'hours', field: 'hours', from: 'Mon-Sun closed', to: 'Mon-Fri 08:00-18:00, Sat 09:00-12:00, Sun closed' }]],
  ])
  const deep = planAnswer(await planDemos(aFleet(http, store), fleetOf(target), { deep: true }))
  const changes = deep.data?.demos.find(({ slug }) => slug === 'acme')?.changes
  expect(changes?.map(({ kind, field }) => `${kind} ${field}`)).toEqual(['inbox greeting', 'link bot'])
  await applyAll(aFleet(http, store), fleetOf(target), { deep: true })
  const after = planAnswer(await planDemos(aFleet(http, store), fleetOf(target), { deep: true }))
  expect(after.data?.changed).toBe(false)
})

test('what the file names no longer is removed only when that is asked for; a webhook that is left out is deleted', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const store = journalStore()
  await applyAll(aFleet(http, store), fleetOf(target))
  const fewer = fleetOf(target, [{ ...FIVE[0] }, { ...FIVE[4], webhooks: [] }])
  const kept = await applyAll(aFleet(http, store), fewer)
  expect(kept.answer.data?.summary).toMatchObject({ update: 1, keep: 1, delete: 0 })
  expect(counts(sandbox)).toMatchObject({ inboxes: 5, webhooks: 0 })
  const pruned = await applyAll(aFleet(http, store), fewer, { known: () => [...store.journals.keys()] })
  expect(pruned.answer.data?.summary).toMatchObject({ keep: 2, delete: 3 })
  expect(counts(sandbox)).toEqual({ inboxes: 2, bots: 2, links: 2, webhooks: 0 })
})

test('one demo that fails leaves the others, is named, and is all that the second run does', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const store = journalStore()
  const fault = sandbox.faults.add('POST /inboxes:422#2')
  const { answer } = await applyAll(aFleet(http, store), fleetOf(target), { concurrency: 1 })
  expect(answer.error).toMatchObject({ code: 'usage', message: '1 of 5 demos failed' })
  expect(answer.data?.demos.filter(({ outcome }) => outcome === 'failed').map(({ slug, error }) => [slug, error?.code])).toEqual([
    ['beta', 'usage'],
  ])
  expect(counts(sandbox)).toMatchObject({ inboxes: 4, bots: 4 })
  fault.remove()
  sandbox.forgetRequests()
  await applyAll(aFleet(http, store), fleetOf(target))
  expect(counts(sandbox)).toEqual(ALL_FIVE)
  expect(writesOf(sandbox).filter((request) => request.startsWith('POST') && request.endsWith('/inboxes')).length).toBe(1)
})

test('a webhook of somebody else with the same address, and objects with the same names, are left alone', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const foreign = await applyAll(
    aFleet(http),
    fleetOf(target, [{ name: 'Acme', slug: 'foreign', webhooks: [{ url: 'https://hooks.example/epsilon' }] }]),
  )
  expect(foreign.answer.error).toBeUndefined()
  for (const inbox of sandbox.state.inboxes.filter(() => true)) inbox.columns.out_of_office_message = null
  for (const bot of sandbox.state.bots.filter(({ accountId }) => accountId === 1)) bot.columns.description = null
  for (const webhook of sandbox.state.webhooksOf(1)) webhook.columns.name = 'mine'
  const before = JSON.stringify([remains(sandbox).inboxes, remains(sandbox).bots, sandbox.state.webhooksOf(1)])
  const ids = new Set(remains(sandbox).inboxes.map(({ id }) => id))
  const { answer } = await applyAll(aFleet(http), fleetOf(target))
  expect(answer.data?.demos.map(({ slug, outcome, error }) => [slug, outcome, error?.code])).toEqual([
    ['acme', 'done', undefined],
    ['beta', 'done', undefined],
    ['gamma', 'done', undefined],
    ['delta', 'done', undefined],
    ['epsilon', 'failed', 'conflict'],
  ])
  await applyAll(aFleet(http), [], { known: () => null, targets: [target] })
  const left = [remains(sandbox).inboxes.filter(({ id }) => ids.has(id)), remains(sandbox).bots, sandbox.state.webhooksOf(1)]
  sandbox.finishDeletions()
  expect(JSON.stringify(left)).toBe(before)
  expect(counts(sandbox)).toEqual({ inboxes: 1, bots: 1, links: 1, webhooks: 1 })
})

test('several integrations: an account that refuses names its demos, the others are made', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const agent = { ...targetOf(sandbox, { apiKey: targetOf(sandbox).values.apiKey as never, accountId: '999' }), name: 'wrong' }
  const demos = [...fleetOf(target, [{ name: 'Here' }]), ...fleetOf(agent, [{ name: 'There' }])]
  const { answer } = await applyAll(aFleet(http), demos)
  expect(answer.data?.demos.map(({ slug, outcome }) => [slug, outcome])).toEqual([
    ['here', 'done'],
    ['there', 'failed'],
  ])
  expect(answer.error).toMatchObject({ code: 'not_found', message: '1 of 2 demos failed' })
})

test('429: everything to the server pauses, is sent again, and nothing is made twice', async (context) => {
  // The server's minute is over whenever a pause begins, and never before: its limit is met however slow the machine.
  let now = Date.now()
  const { http, sandbox, target } = await openSandbox(context, { clock: () => now, rateLimit: 15 })
  const pauses: number[] = []
  const pace = {
    clock: Date.now,
    concurrency: 8,
    perMinute: 3_000,
    pauseBaseMs: 10,
    onPause: (_origin: string, waitMs: number) => {
      pauses.push(waitMs)
      now += 60_000
    },
  }
  const { answer } = await applyAll(aFleet(paced(http, pace)), fleetOf(target))
  expect(answer.error).toBeUndefined()
  expect(pauses.length).toBeGreaterThan(0)
  expect(counts(sandbox)).toEqual(ALL_FIVE)
})

test('a demo whose end is past is neither made nor changed; a lifetime counts once', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const store = journalStore()
  const demos = fleetOf(target, [
    { name: 'Old', expires: '2020-01-01T00:00:00Z' },
    { name: 'New', ttl: '7d' },
  ])
  const { answer } = await applyAll(aFleet(http, store), demos)
  expect(answer.data?.demos.map(({ action }) => action)).toEqual(['skip', 'create'])
  const [inbox] = remains(sandbox).inboxes
  expect(inbox?.columns.out_of_office_message).toMatch(/ until \d{4}-/)
  const again = await applyAll(aFleet(http, store), demos)
  expect(again.answer.data?.changed).toBe(false)
  const never = await applyAll(aFleet(http, store), fleetOf(target, [{ name: 'New', expires: 'never' }]))
  expect(never.answer.data?.summary.update).toBe(1)
  expect(inbox?.columns.out_of_office_message).not.toContain('until')
})
