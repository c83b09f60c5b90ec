import { createHash } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import type { DemoJournal, DemoRecord } from '../../src/core/demo.ts'
import { CrmError } from '../../src/core/errors.ts'
import type { Http } from '../../src/core/ports.ts'
import { TakenOverError } from '../../src/core/taken-over.ts'
import { createDemo } from '../../src/usecases/create-demo.ts'
import type { CreateDemoRequest } from '../../src/usecases/create-demo-input.ts'
import { aRun, openSandbox, remains, succeed, toEnd, watchedJournal } from '../chatwoot/support.ts'

const INPUT: CreateDemoRequest = { name: 'Acme', botUrl: 'https://bot.example/hook', agents: ['ben@sandbox.example'] }

/** The digest as the journal's type describes it. */
function digest(method: string, path: string, body: string): string {
  return createHash('sha256').update(`${method} ${path}\n${body}`).digest('hex')
}

/** Passes requests on and notes of each write whether the journal announced that very request. */
function watchWrites(http: Http, last: () => DemoRecord | undefined) {
  const seen: { readonly request: string; readonly isAnnounced: boolean }[] = []
  const watched: Http = (request) => {
    if (request.method !== 'GET') {
      const wanted = digest(request.method, request.url.pathname, request.body ?? '')
      const open = last()?.journal.filter(({ state }) => state === 'intent') ?? []
      seen.push({ request: `${request.method} ${request.url.pathname}`, isAnnounced: open.some((entry) => entry.digest === wanted) })
    }
    return http(request)
  }
  return { watched, seen }
}

test('P11 every write is announced in a committed intent before it is sent, and so is every undo', async (context) => {
  for (const fault of [undefined, 'POST /set_agent_bot:500']) {
    const { http, sandbox, target } = await openSandbox(context)
    if (fault !== undefined) sandbox.faults.add(fault)
    const { journal, records } = watchedJournal()
    const { watched, seen } = watchWrites(http, () => records.at(-1))
    await toEnd(createDemo({ http: watched, target, ...aRun(journal) }, INPUT))
    const silent = seen.filter(({ isAnnounced }) => !isAnnounced).map(({ request }) => request)
    // The one write without an entry of its own belongs to a deletion that is announced: it takes the mark off.
    expect(silent.filter((request) => !request.startsWith('PATCH /api/v1/accounts/1/inboxes/'))).toEqual([])
    expect(silent.length).toBe(fault === undefined ? 0 : 1)
    expect(seen.length).toBeGreaterThanOrEqual(4)
  }
})

test('P11 steps that run at once are announced in one write, and a result is committed with the secrets that came with it', async (context) => {
  const { http, target } = await openSandbox(context)
  const states: string[] = []
  const { journal } = watchedJournal((record, secrets) => {
    const entries = record.journal.map(({ kind, state }) => `${kind} ${state}`)
    states.push(`${entries.join(', ')} | ${Object.keys(secrets).sort().join(' ')} | ${record.status}`)
  })
  await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  expect(states[0]).toBe('bot intent, inbox intent |  | partial')
  expect(states[1]).toMatch(/^(?:bot done, inbox intent \| botAccessToken botSecret|bot intent, inbox done \| inboxHmacToken) \| partial$/)
  expect(states[2]).toBe('bot done, inbox done | botAccessToken botSecret inboxHmacToken | partial')
  expect(states[3]).toBe('bot done, inbox done, link intent, agents intent | botAccessToken botSecret inboxHmacToken | partial')
  expect(states.at(-1)).toBe('bot done, inbox done, link done, agents done | botAccessToken botSecret inboxHmacToken | ready')
})

test('the journal of a run names run, request and remote object', async (context) => {
  const { http, target } = await openSandbox(context)
  const { journal, last } = watchedJournal()
  const run = aRun(journal)
  const data = await succeed(createDemo({ http, target, ...run }, INPUT))
  const kept = await last()
  expect(kept?.record).toMatchObject({
    slug: 'acme',
    name: 'Acme',
    integration: 'chatwoot',
    account: `${target.values.baseUrl}/app/accounts/1`,
    channel: 'web',
    status: 'ready',
  })
  expect(kept?.record.journal.map(({ kind, action, remoteId }) => [kind, action, remoteId])).toEqual([
    ['bot', 'create', data.bot?.id],
    ['inbox', 'create', data.inbox?.id],
    ['link', 'create', data.inbox?.id],
    ['agents', 'create', data.inbox?.id],
  ])
  for (const entry of kept?.record.journal ?? []) {
    expect(entry.runId).toBe(run.runId)
    expect(entry.digest).toMatch(/^[0-9a-f]{64}$/)
  }
})

/** A process that dies at the n-th write of its journal: nothing is written or sent any more. */
function dyingAt(count: number, moment: 'before' | 'after', http: Http, journal: DemoJournal) {
  let writes = 0
  let isDead = false
  const gone = () => new CrmError('internal', 'the process is dead')
  const dying: DemoJournal = {
    read: () => journal.read(),
    write: async (record, secrets) => {
      if (isDead) throw gone()
      writes += 1
      if (writes === count && moment === 'before') isDead = true
      if (isDead) throw gone()
      await journal.write(record, secrets)
      if (writes === count) isDead = true
      if (isDead) throw gone()
    },
  }
  const sending: Http = async (request) => {
    if (isDead) throw gone()
    return await http(request)
  }
  return { dying, sending, died: () => isDead }
}

for (const moment of ['before', 'after'] as const) {
  for (const isKept of [true, false]) {
    const title = `P11 a process that dies ${moment} any write of the journal leaves what one more run completes, the journal ${isKept ? 'kept' : 'lost'}`
    test(title, async (context) => {
      for (const fault of [undefined, 'POST /set_agent_bot:500']) {
        for (let count = 1; ; count++) {
          const { http, sandbox, target } = await openSandbox(context)
          const { journal } = watchedJournal()
          const { dying, sending, died } = dyingAt(count, moment, http, journal)
          const active = fault === undefined ? undefined : sandbox.faults.add(fault)
          await toEnd(createDemo({ http: sending, target, ...aRun(dying) }, INPUT)).catch(() => {})
          if (!died()) break
          active?.remove()
          const data = await succeed(createDemo({ http, target, ...aRun(isKept ? journal : undefined) }, INPUT))
          sandbox.finishDeletions()
          const { inboxes, bots, links } = remains(sandbox)
          const where = `${fault ?? 'no fault'}, dead at write ${count}`
          expect([inboxes.length, bots.length, links.length], where).toEqual([1, 1, 1])
          expect([data.inbox?.id, data.bot?.id], where).toEqual([String(inboxes[0]?.id), String(bots[0]?.id)])
          if (!isKept) continue
          const record = (await journal.read())?.record
          expect(
            record?.journal.filter(({ state }) => state === 'intent'),
            where,
          ).toEqual([])
          expect(record?.status, where).toBe('ready')
        }
      }
    })
  }
}

test.each([
  ['from then on', (writes: number, count: number) => writes >= count],
  ['once', (writes: number, count: number) => writes === count],
])('a journal that fails %s, while everything else works, does not keep the run from being undone', async (_how, fails) => {
  for (let count = 1; ; count++) {
    const { http, sandbox, target } = await openSandbox({ onTestFinished })
    let writes = 0
    const { journal } = watchedJournal(() => {
      writes += 1
      if (fails(writes, count)) throw new CrmError('io_failed', 'the disk is full')
    })
    const { answer } = await toEnd(createDemo({ http, target, ...aRun(journal) }, INPUT))
    if (answer.error === undefined) {
      expect(count, 'every write of a run that goes well').toBe(writes + 1)
      break
    }
    expect(answer.error.code).toBe('io_failed')
    const { inboxes, bots } = remains(sandbox)
    expect([inboxes.length, bots.length], `at write ${count}`).toEqual([0, 0])
  }
})

test('a run that another one has taken over leaves the objects to it', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  let writes = 0
  const { journal } = watchedJournal(() => {
    writes += 1
    if (writes > 3) throw new TakenOverError('acme')
  })
  const { answer, events } = await toEnd(createDemo({ http, target, ...aRun(journal) }, INPUT))
  expect(answer.error).toMatchObject({ code: 'conflict', message: 'another run has taken over the demo acme' })
  expect(events.filter(({ type }) => type === 'undo')).toEqual([])
  const { inboxes, bots } = remains(sandbox)
  expect([inboxes.length, bots.length]).toEqual([1, 1])
})

test('a run that another one takes over while it is undone deletes no more', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  sandbox.faults.add('POST /set_agent_bot:500')
  const { journal } = watchedJournal((record) => {
    if (record.journal.some(({ action }) => action === 'delete')) throw new TakenOverError('acme')
  })
  const { answer } = await toEnd(createDemo({ http, target, ...aRun(journal) }, INPUT))
  expect(answer.error).toMatchObject({ code: 'conflict', message: 'another run has taken over the demo acme' })
  const { inboxes, bots } = remains(sandbox)
  expect([inboxes.length, bots.length]).toEqual([1, 1])
})

const ROTATED = 'the data key of the profile default was rotated meanwhile'

test.each([
  [undefined, { code: 'conflict', message: ROTATED }, 0],
  ['DELETE /inboxes/*:500', { code: 'partial', message: expect.stringMatching(/^the demo acme could not be undone: inbox \d+ left$/) }, 1],
] as const)(
  'a journal that is in conflict with the vault is no other run: what was made is undone, or named (%s)',
  async (fault, error, left) => {
    const { http, sandbox, target } = await openSandbox({ onTestFinished })
    if (fault !== undefined) sandbox.faults.add(fault)
    let writes = 0
    const { journal } = watchedJournal(() => {
      writes += 1
      if (writes > 2) throw new CrmError('conflict', ROTATED)
    })
    const { answer, events } = await toEnd(createDemo({ http, target, ...aRun(journal) }, INPUT))
    expect(answer.error).toMatchObject(error)
    expect(events.filter(({ type }) => type === 'undo')).toHaveLength(1)
    const { inboxes, bots } = remains(sandbox)
    expect([inboxes.length, bots.length]).toEqual([left, 0])
  },
)

test('a journal does not grow without end', async (context) => {
  const { http, target } = await openSandbox(context)
  const { journal, last } = watchedJournal()
  for (let round = 0; round < 120; round++) {
    await succeed(
      createDemo(
        { http, target, ...aRun(journal) },
        { name: 'Acme', slug: 'acme', botUrl: `https://bot.example/${round}`, greeting: `${round}` },
      ),
    )
  }
  const record = (await last())?.record
  expect(record?.journal.length).toBeLessThanOrEqual(210)
  expect(record?.status).toBe('ready')
})
