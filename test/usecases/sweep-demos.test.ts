import { expect, type TestContext, test } from 'vitest'
import type { DemoTarget } from '../../src/chatwoot/demo-target.ts'
import type { DemoRecord, DemoRequest } from '../../src/core/demo.ts'
import { CrmError } from '../../src/core/errors.ts'
import type { Http } from '../../src/core/ports.ts'
import { createDemo } from '../../src/usecases/create-demo.ts'
import { readCreateDemo } from '../../src/usecases/create-demo-input.ts'
import { readDemoFile } from '../../src/usecases/demo-file.ts'
import { exportDemos } from '../../src/usecases/export-demos.ts'
import { extendDemo } from '../../src/usecases/extend-demo.ts'
import { planDemos } from '../../src/usecases/plan-demos.ts'
import { removeDemos } from '../../src/usecases/remove-demos.ts'
import { planSweep } from '../../src/usecases/sweep-demos.ts'
import { aFleet, applyAll, aRun, expectSchema, journalStore, openSandbox, QUICK, remains, succeed, writesOf } from '../chatwoot/support.ts'

type Store = ReturnType<typeof journalStore>

const DAY_MS = 86_400_000
const later = (days: number) => () => Date.now() + days * DAY_MS

async function recordsOf(store: Store): Promise<readonly DemoRecord[]> {
  const kept = await Promise.all([...store.journals.values()].map((journal) => journal.read()))
  return kept.flatMap((one) => (one === undefined || one.record.status === 'removed' ? [] : [one.record]))
}

/** A sandbox with three demos: one for a day, one for a week, one without an end. */
async function threeDemos(context: TestContext, store: Store) {
  const opened = await openSandbox(context)
  const requests: readonly DemoRequest[] = [
    { name: 'Day', botUrl: 'https://bot.example/hook', ttl: '1d', webhooks: [{ url: 'https://hooks.example/day' }] },
    { name: 'Week', botUrl: 'https://bot.example/hook', ttl: '7d' },
    { name: 'Ever', botUrl: 'https://bot.example/hook' },
  ]
  const demos = requests.map((request) => ({ target: opened.target, input: readCreateDemo(request) }))
  const { answer } = await applyAll(aFleet(opened.http, store), demos)
  expect(answer.error).toBeUndefined()
  return opened
}

function deps(http: Http, clock: () => number, store: Store | undefined) {
  return { http, clock, signal: new AbortController().signal, known: async () => (store === undefined ? [] : recordsOf(store)) }
}

async function sweep(http: Http, target: DemoTarget, clock: () => number, store: Store | undefined) {
  const plan = await planSweep(deps(http, clock, store), [target])
  const journals = store ?? journalStore()
  const doomed = plan.due.map(({ slug }) => ({ slug, target, journal: journals.of(slug) }))
  const options = { onlyMarked: true, missingIsGone: true, busyIsFine: true, objects: plan.objects }
  const run = removeDemos({ http, ...aRun(), limits: QUICK }, doomed, options)
  for (;;) {
    const next = await run.next()
    if (next.done === true) return { plan, answer: next.value }
  }
}

for (const isNew of [false, true]) {
  const where = isNew ? 'by marks alone, with a new vault' : 'by journal and marks'
  test(`what is past its time goes, ${where}; what is not, and what has no end, stays`, async (context) => {
    const store = journalStore()
    const { http, sandbox, target } = await threeDemos(context, store)
    const known = isNew ? undefined : store
    expect((await planSweep(deps(http, Date.now, known), [target])).due).toEqual([])
    const { answer } = await sweep(http, target, later(2), known)
    expect(answer.data?.demos.map(({ slug, outcome }) => [slug, outcome])).toEqual([['day', 'removed']])
    expectSchema('demo-sweep', answer.data)
    sandbox.finishDeletions()
    expect(
      remains(sandbox)
        .bots.map(({ columns }) => columns.name)
        .sort(),
    ).toEqual(['Ever', 'Week'])
    expect(sandbox.state.webhooksOf(1).length).toBe(0)
    const again = await sweep(http, target, later(2), known)
    expect(again.answer.data).toEqual({ changed: false, demos: [] })
  })
}

test('nothing due: three lists of the account, and no call for any demo', async (context) => {
  const { http, sandbox, target } = await threeDemos(context, journalStore())
  sandbox.forgetRequests()
  await sweep(http, target, Date.now, undefined)
  expect(sandbox.requests.map(({ method, path }) => `${method} ${path.split('/').at(-1)}`).sort()).toEqual([
    'GET agent_bots',
    'GET inboxes',
    'GET webhooks',
  ])
})

test('an end that was put off elsewhere holds here: the marks have the last word, and a new end reaches all of them', async (context) => {
  const here = journalStore()
  const { http, sandbox, target } = await threeDemos(context, here)
  const end = new Date(Date.now() + 30 * DAY_MS).toISOString()
  const extended = await succeed(extendDemo({ http, target, ...aRun() }, 'day', end))
  expectSchema('demo-extend', extended)
  expect(extended).toMatchObject({ changed: true, demo: { slug: 'day', expiresAt: end } })
  expect((await succeed(extendDemo({ http, target, ...aRun() }, 'day', end))).changed).toBe(false)
  expect((await planSweep(deps(http, later(2), here), [target])).due).toEqual([])
  expect((await planSweep(deps(http, later(31), here), [target])).due.map(({ slug }) => slug)).toEqual(['day', 'week'])
  await succeed(extendDemo({ http, target, ...aRun(here.of('day')) }, 'day', null))
  expect((await here.of('day').read())?.record.expiresAt).toBeNull()
  expect((await planSweep(deps(http, later(400), here), [target])).due.map(({ slug }) => slug)).toEqual(['week'])
  const texts = [
    ...remains(sandbox).inboxes.map(({ columns }) => columns.out_of_office_message),
    ...sandbox.state.webhooksOf(1).map(({ columns }) => columns.name),
  ]
  expect(texts.filter((text) => String(text).includes('crm-demo:day') && String(text).includes('until'))).toEqual([])
  await expect(succeed(extendDemo({ http, target, ...aRun() }, 'nobody', null))).rejects.toMatchObject({ code: 'not_found' })
})

test('an extension that fails half-way is set back, and the demo keeps its end', async (context) => {
  const store = journalStore()
  const { http, sandbox, target } = await threeDemos(context, store)
  const before = JSON.stringify(remains(sandbox).inboxes.map(({ columns }) => columns))
  sandbox.faults.add('PATCH /agent_bots/*:500#1')
  const run = extendDemo({ http, target, ...aRun(store.of('week')) }, 'week', null)
  await expect(succeed(run)).rejects.toMatchObject({ code: 'provider_error' })
  expect(JSON.stringify(remains(sandbox).inboxes.map(({ columns }) => columns))).toBe(before)
})

test('what carries no mark any more is named and left alone, even when the journal knows it', async (context) => {
  const store = journalStore()
  const { http, sandbox, target } = await threeDemos(context, store)
  const day = remains(sandbox).inboxes.find(({ columns }) => columns.name === 'Day')
  const bot = remains(sandbox).bots.find(({ columns }) => columns.name === 'Day')
  if (day === undefined || bot === undefined) throw new Error('no demo')
  day.columns.out_of_office_message = 'mine now'
  bot.columns.description = null
  sandbox.forgetRequests()
  const { plan } = await sweep(http, target, later(2), store)
  expect(plan.due).toEqual([])
  expect(plan.warnings.map(({ code }) => code)).toEqual(['mark_missing'])
  expect(writesOf(sandbox)).toEqual([])
})

test('a bot that lost its mark stays, the rest of its demo goes', async (context) => {
  const store = journalStore()
  const { http, sandbox, target } = await threeDemos(context, store)
  const bot = remains(sandbox).bots.find(({ columns }) => columns.name === 'Day')
  if (bot === undefined) throw new Error('no bot')
  bot.columns.description = 'mine now'
  await sweep(http, target, later(2), store)
  sandbox.finishDeletions()
  expect(
    remains(sandbox)
      .bots.map(({ columns }) => columns.name)
      .sort(),
  ).toEqual(['Day', 'Ever', 'Week'])
  expect(
    remains(sandbox)
      .inboxes.map(({ columns }) => columns.name)
      .sort(),
  ).toEqual(['Ever', 'Week'])
})

test('two sweeps at once: what one holds the other leaves to it, without a failure', async (context) => {
  const store = journalStore()
  const { http, sandbox, target } = await threeDemos(context, store)
  const plan = await planSweep(deps(http, later(2), store), [target])
  const held = new CrmError('conflict', 'another run is working on it')
  const busy = removeDemos({ http, ...aRun() }, [{ slug: 'day', target, journal: held }], {
    onlyMarked: true,
    busyIsFine: true,
    objects: plan.objects,
  })
  expect((await succeed(busy)).demos[0]?.outcome).toBe('busy')
  const both = await Promise.all([sweep(http, target, later(2), undefined), sweep(http, target, later(2), undefined)])
  expect(both.map(({ answer }) => answer.error)).toEqual([undefined, undefined])
  sandbox.finishDeletions()
  expect(remains(sandbox).bots.length).toBe(2)
})

test('an account that cannot be looked at does not keep the others from being swept', async (context) => {
  const { http, target } = await threeDemos(context, journalStore())
  const wrong = { ...target, name: 'wrong', values: { ...target.values, accountId: '999' } }
  const plan = await planSweep(deps(http, later(2), undefined), [wrong, target])
  expect(plan.due.map(({ slug }) => slug)).toEqual(['day'])
  expect(plan.errors.map(({ code }) => code)).toEqual(['not_found'])
})

test('a demo cannot be made for a time that is past, nor be given one', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const input = { name: 'Old', botUrl: 'https://bot.example/hook' }
  const refusal = { code: 'usage', message: 'the demo would be over at once' }
  await expect(succeed(createDemo({ http, target, ...aRun() }, { ...input, expires: '2020-01-01' }))).rejects.toMatchObject(refusal)
  await succeed(createDemo({ http, target, ...aRun() }, input))
  sandbox.forgetRequests()
  for (const end of ['2020-01-01T00:00:00.000Z', new Date(Date.now() - 1).toISOString()])
    await expect(succeed(extendDemo({ http, target, ...aRun() }, 'old', end))).rejects.toMatchObject(refusal)
  expect(sandbox.requests).toEqual([])
})

test('the file of what there is changes nothing when it is applied, by journal and by marks', async (context) => {
  const store = journalStore()
  const { http, sandbox, target } = await openSandbox(context)
  const requests: readonly DemoRequest[] = [
    { name: 'Plain', botUrl: 'https://bot.example/hook', ttl: '3d' },
    {
      name: 'Full',
      slug: 'other',
      botUrl: 'https://bot.example/{x}',
      greeting: 'Line one\nLine two: "quoted"',
      color: '#ABCDEF',
      welcomeTitle: 'Grüezi',
      welcomeTagline: '# not a comment',
      agents: ['ben@sandbox.example'],
    },
    {
      name: 'Form',
      botUrl: 'https://bot.example/hook',
      preChat: { message: 'Who?', fields: ['email!', { name: 'company', label: 'Company', type: 'text', required: true }] },
    },
    { name: 'Hours', botUrl: 'https://bot.example/hook', hours: { timezone: 'Asia/Tokyo', open: 'Mon-Sun 00:00-23:59', away: 'Soon.' } },
    {
      name: 'Api',
      botUrl: 'https://bot.example/hook',
      channel: 'api',
      webhookUrl: 'https://api.example/in',
      webhooks: [{ url: 'https://hooks.example/api' }],
    },
    {
      name: 'Of {{name}}',
      slug: 'braces',
      botUrl: 'https://bot.example/{{slug}}/hook',
      greeting: 'Hello {{ contact.name }} and {{name}}, not {{braces}}',
      welcomeTitle: '{{{title}}} \\{{x}}',
      preChat: { message: '{{who}}?', fields: [{ name: 'order', label: '{{no}}' }] },
    },
  ]
  await applyAll(
    aFleet(http, store),
    requests.map((request) => ({ target, input: readCreateDemo(request) })),
  )
  for (const known of [async () => recordsOf(store), async () => null]) {
    const answer = await exportDemos({ http, signal: new AbortController().signal, known }, [target])
    expectSchema('demo-export', answer.data)
    const demos = await readDemoFile({ text: answer.data?.text ?? '', name: 'demos.yaml', readTable: async () => '' })
    expect(demos.map(({ input }) => input.slug).sort()).toEqual(['api', 'braces', 'form', 'hours', 'other', 'plain'])
    sandbox.forgetRequests()
    const plan = await planDemos(
      aFleet(http, store),
      demos.map(({ input }) => ({ target, input })),
      { deep: true },
    )
    expect(plan.demos.map((demo) => ('plan' in demo ? [demo.input.slug, demo.action] : demo.error))).toEqual(
      demos.map(({ input }) => [input.slug, 'keep']),
    )
  }
})
