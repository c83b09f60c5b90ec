import { expect, onTestFinished, test } from 'vitest'
import { memoryJournal } from '../../src/chatwoot/demo-journal.ts'
import { CrmError } from '../../src/core/errors.ts'
import type { Http } from '../../src/core/ports.ts'
import { Secret } from '../../src/core/secret.ts'
import { createDemo } from '../../src/usecases/create-demo.ts'
import { removeDemos } from '../../src/usecases/remove-demos.ts'
import { aRun, expectSchema, openSandbox, QUICK, remains, succeed, targetOf, toEnd, watchedJournal, writesOf } from '../chatwoot/support.ts'
import { until } from '../support/until.ts'

const INPUT = { name: 'Acme', botUrl: 'https://bot.example/hook' }

test('a demo is unlinked, given up and deleted, and its record says so', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const { journal, last } = watchedJournal()
  await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  sandbox.forgetRequests()
  const data = await succeed(removeDemos({ http, ...aRun() }, [{ slug: 'acme', journal, target }]))
  expect(data).toEqual({ changed: true, demos: [{ slug: 'acme', integration: 'chatwoot', source: 'vault', outcome: 'removed', left: [] }] })
  expectSchema('demo-remove', data)
  const { inboxes, bots } = remains(sandbox)
  expect([inboxes.length, bots.length]).toEqual([0, 0])
  const writes = writesOf(sandbox)
  const deletesFrom = writes.findIndex((line) => line.startsWith('DELETE'))
  expect(writes.findIndex((line) => line.endsWith('/set_agent_bot'))).toBeLessThan(deletesFrom)
  expect((await last())?.record).toMatchObject({ status: 'removed', inboxId: null, botId: null })
  expect((await last())?.secrets).toEqual({})
})

test('a demo that was removed is nothing to do, and one that nobody has ever seen is not found', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const { journal } = watchedJournal()
  await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  await succeed(removeDemos({ http, ...aRun() }, [{ slug: 'acme', journal, target }]))
  sandbox.forgetRequests()
  const data = await succeed(removeDemos({ http, ...aRun() }, [{ slug: 'acme', journal, target }]))
  expect(data).toEqual({ changed: false, demos: [{ slug: 'acme', integration: 'chatwoot', source: 'vault', outcome: 'gone', left: [] }] })
  expect(writesOf(sandbox)).toEqual([])
  await expect(succeed(removeDemos({ http, ...aRun() }, [{ slug: 'acme', journal: memoryJournal(), target }]))).rejects.toMatchObject({
    code: 'not_found',
  })
})

test('an empty journal finds the demo by its marks, all of them', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  await succeed(createDemo({ http, target, ...aRun() }, INPUT))
  const other = await succeed(createDemo({ http, target, ...aRun() }, { ...INPUT, slug: 'acme-2' }))
  sandbox.state.inboxes.get(Number(other.inbox?.id))!.columns.out_of_office_message = '[crm-demo:acme]'
  sandbox.state.bots.get(Number(other.bot?.id))!.columns.description = 'mine [crm-demo:acme]'
  const kept = await succeed(createDemo({ http, target, ...aRun() }, { ...INPUT, slug: 'acme-3' }))
  const data = await succeed(removeDemos({ http, ...aRun() }, [{ slug: 'acme', journal: memoryJournal(), target }]))
  expect(data.demos[0]?.outcome).toBe('removed')
  const { inboxes, bots } = remains(sandbox)
  expect([inboxes.map(({ id }) => String(id)), bots.map(({ id }) => String(id))]).toEqual([[kept.inbox?.id], [kept.bot?.id]])
})

test('objects that somebody deleted in the dashboard are already gone', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const { journal, last } = watchedJournal()
  const demo = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  sandbox.state.removeInbox(Number(demo.inbox?.id))
  expect((await succeed(removeDemos({ http, ...aRun() }, [{ slug: 'acme', journal, target }]))).demos[0]?.outcome).toBe('removed')
  const again = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  sandbox.state.removeInbox(Number(again.inbox?.id))
  sandbox.state.bots.delete(Number(again.bot?.id))
  expect((await succeed(removeDemos({ http, ...aRun() }, [{ slug: 'acme', journal, target }]))).demos[0]?.outcome).toBe('gone')
  expect((await last())?.record.status).toBe('removed')
})

test('a deletion that the server has not carried out in time is pending, is not an error, and is followed up', async (context) => {
  const { http, sandbox, target } = await openSandbox(context, { deletionDelayMs: 'never' })
  const { journal, last } = watchedJournal()
  const demo = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  const limits = { ...QUICK, deletionMs: 60 }
  const { answer } = await toEnd(removeDemos({ http, ...aRun(), limits }, [{ slug: 'acme', journal, target }]))
  expect(answer.error).toBeUndefined()
  expect(answer.data?.demos[0]?.outcome).toBe('pending')
  expect(answer.warnings).toEqual([{ code: 'deletion_pending', message: expect.stringContaining(`inbox ${demo.inbox?.id}`) }])
  expect((await last())?.record).toMatchObject({ status: 'deleting', inboxId: demo.inbox?.id, botId: null })
  sandbox.finishDeletions()
  const data = await succeed(removeDemos({ http, ...aRun() }, [{ slug: 'acme', journal, target }]))
  expect(data).toMatchObject({ changed: true, demos: [{ outcome: 'removed' }] })
  expect((await last())?.record).toMatchObject({ status: 'removed', inboxId: null })
})

test('P11 what cannot be removed is named with its ids, and the same command finishes it', async (context) => {
  for (const [fault, kind] of [
    ['DELETE /agent_bots/*:500', 'bot'],
    ['DELETE /inboxes/*:500', 'inbox'],
    ['DELETE /**:reset', 'inbox'],
  ] as const) {
    const { http, sandbox, target } = await openSandbox(context)
    const { journal, last } = watchedJournal()
    const demo = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
    const id = kind === 'bot' ? demo.bot?.id : demo.inbox?.id
    sandbox.faults.add(fault)
    const { answer } = await toEnd(removeDemos({ http, ...aRun() }, [{ slug: 'acme', journal, target }]))
    expect(answer.error, fault).toMatchObject({ code: 'partial', message: expect.stringContaining(`${kind} ${id}`) })
    expect(answer.data?.demos[0]?.left, fault).toContainEqual({ kind, id })
    expect((await last())?.record, fault).toMatchObject({ status: 'partial', [`${kind}Id`]: id })
    sandbox.faults.clear()
    expect((await succeed(removeDemos({ http, ...aRun() }, [{ slug: 'acme', journal, target }]))).demos[0]?.outcome, fault).toBe('removed')
    const { inboxes, bots } = remains(sandbox)
    expect([inboxes.length, bots.length], fault).toEqual([0, 0])
  }
})

test('a deletion whose answer was lost has worked', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const { journal } = watchedJournal()
  await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  sandbox.faults.add('DELETE /**:reset-after#1-2')
  expect((await succeed(removeDemos({ http, ...aRun() }, [{ slug: 'acme', journal, target }]))).demos[0]?.outcome).toBe('removed')
})

test('an agent, who does not see every inbox, is refused instead of told that all is gone', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const { journal, last } = watchedJournal()
  await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  const agent = targetOf(sandbox, { apiKey: new Secret(sandbox.agentToken) })
  await expect(succeed(removeDemos({ http, ...aRun() }, [{ slug: 'acme', journal, target: agent }]))).rejects.toMatchObject({
    code: 'permission_denied',
  })
  expect((await last())?.record.status).toBe('ready')
})

test('P11 ids of another account are never used', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const elsewhere = await openSandbox(context)
  const { journal } = watchedJournal()
  const demo = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  const twin = await succeed(createDemo({ http: elsewhere.http, target: elsewhere.target, ...aRun() }, { ...INPUT, slug: 'somebody-else' }))
  expect(twin.inbox?.id, 'the same number on another server').toBe(demo.inbox?.id)
  elsewhere.sandbox.forgetRequests()
  const moved = { ...elsewhere.target, name: 'chatwoot' }
  await expect(succeed(removeDemos({ http: elsewhere.http, ...aRun() }, [{ slug: 'acme', journal, target: moved }]))).rejects.toMatchObject(
    {
      code: 'conflict',
    },
  )
  expect(writesOf(elsewhere.sandbox)).toEqual([])
  expect(remains(sandbox).inboxes.length).toBe(1)
})

test('several demos: one that fails does not keep the others, and the error is their shared cause', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const journals = [memoryJournal(), memoryJournal(), memoryJournal()]
  for (const [index, journal] of journals.entries())
    await succeed(createDemo({ http, target, ...aRun(journal) }, { ...INPUT, slug: `demo-${index}` }))
  sandbox.faults.add('DELETE /inboxes/*:500#1-2')
  const doomed = journals.map((journal, index) => ({ slug: `demo-${index}`, journal, target }))
  const { answer } = await toEnd(removeDemos({ http, ...aRun() }, doomed, { concurrency: 1 }))
  expect(answer.data?.demos.map(({ outcome }) => outcome)).toEqual(['partial', 'removed', 'removed'])
  expect(answer.error).toMatchObject({ code: 'partial', message: '1 of 3 demos could not be removed' })
  expect(
    await toEnd(removeDemos({ http, ...aRun() }, doomed)).then(({ answer }) => answer.data?.demos.map(({ outcome }) => outcome)),
  ).toEqual(['removed', 'gone', 'gone'])
})

test('several demos: those that nobody has ever seen are told as such, and keep no other', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  await succeed(createDemo({ http, target, ...aRun() }, INPUT))
  const remove = async (...slugs: string[]) => {
    const doomed = slugs.map((slug) => ({ slug, journal: memoryJournal(), target }))
    const { answer } = await toEnd(removeDemos({ http, ...aRun() }, doomed))
    expectSchema('demo-remove', answer.data)
    return answer
  }
  const unknown = (slug: string) => ({
    ...{ slug, outcome: 'failed', left: [] },
    error: { code: 'not_found', message: `no demo is named ${slug}`, hint: 'see the demos with: crm demo-list' },
  })
  const mixed = await remove('x1', 'acme')
  expect(mixed.data).toMatchObject({ changed: true, demos: [unknown('x1'), { slug: 'acme', outcome: 'removed' }] })
  expect(mixed.error).toMatchObject({ code: 'not_found', message: '1 of 2 demos could not be removed', reason: 'no demo is named x1' })
  expect(remains(sandbox).inboxes).toEqual([])
  const none = await remove('x1', 'y1')
  expect(none.data).toMatchObject({ changed: false, demos: [unknown('x1'), unknown('y1')] })
  expect(none.error).toMatchObject({ code: 'not_found', reason: 'no demo is named x1; no demo is named y1' })
  expect((await remove('a', 'b', 'c', 'd', 'e')).error?.reason).toMatch(/named c; and 2 more$/)
})

test('a removal that is cancelled goes no further, and says what is left', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const { journal } = watchedJournal()
  await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  const stop = new AbortController()
  const fault = sandbox.faults.add('POST /set_agent_bot:hang')
  const limits = { ...QUICK, settleMs: 50 }
  const run = toEnd(removeDemos({ http, ...aRun(), signal: stop.signal, limits }, [{ slug: 'acme', journal, target }]))
  await until(() => fault.matched > 0)
  stop.abort()
  const { answer } = await run
  expect(answer.error?.code).toBe('partial')
  sandbox.faults.clear()
  await succeed(removeDemos({ http, ...aRun() }, [{ slug: 'acme', journal, target }]))
  expect(remains(sandbox).bots.length).toBe(0)
})

test('a removal that is cancelled lets what is under way end: what is deleted by then is not named as left', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  await succeed(createDemo({ http, target, ...aRun() }, INPUT))
  const stop = new AbortController()
  const faults = [sandbox.faults.add('DELETE /inboxes/*:slow=50ms'), sandbox.faults.add('DELETE /agent_bots/*:slow=50ms')]
  const run = toEnd(removeDemos({ http, ...aRun(), signal: stop.signal }, [{ slug: 'acme', journal: memoryJournal(), target }]))
  await until(() => faults.every(({ matched }) => matched > 0))
  stop.abort()
  const { answer } = await run
  expect(answer).toMatchObject({ data: { changed: true, demos: [{ outcome: 'removed', left: [] }] } })
  expect(answer.error).toBeUndefined()
})

test('a removal that is cut off says what may be left, that something has changed, and what finishes it', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const journal = memoryJournal()
  const { inbox, bot } = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  const stop = new AbortController()
  const fault = sandbox.faults.add('DELETE /inboxes/*:hang-after')
  const limits = { ...QUICK, settleMs: 50 }
  const run = toEnd(removeDemos({ http, ...aRun(), signal: stop.signal, limits }, [{ slug: 'acme', journal, target }]))
  await until(() => fault.matched > 0 && remains(sandbox).bots.length === 0)
  stop.abort()
  const { answer } = await run
  expect(answer.data).toMatchObject({ changed: true, demos: [{ outcome: 'partial', left: [{ kind: 'inbox', id: inbox?.id }] }] })
  expect(answer.error).toMatchObject({
    code: 'partial',
    message: `the demo acme is only partly removed: perhaps inbox ${inbox?.id} left`,
    hint: 'run it again: crm demo-remove acme',
  })
  expect(bot?.id).toBeDefined()
})

test.each([8, 1])(
  'several demos that are cancelled: half removed ones make it partial, and the fix is the same command (%i at a time)',
  async (concurrency) => {
    const { http, sandbox, target } = await openSandbox({ onTestFinished })
    const slugs = ['one', 'two', 'three']
    for (const slug of slugs) await succeed(createDemo({ http, target, ...aRun() }, { ...INPUT, slug }))
    const stop = new AbortController()
    const fault = sandbox.faults.add('POST /set_agent_bot:hang')
    const doomed = slugs.map((slug) => ({ slug, journal: memoryJournal(), target }))
    const limits = { ...QUICK, settleMs: 50 }
    const run = toEnd(removeDemos({ http, ...aRun(), signal: stop.signal, limits }, doomed, { concurrency }))
    await until(() => fault.matched === Math.min(concurrency, slugs.length))
    stop.abort(new CrmError('cancelled', 'interrupted', { signal: 'SIGINT' }))
    const { answer } = await run
    const isOne = concurrency === 1
    expect(answer.error).toMatchObject({
      code: 'partial',
      message: isOne ? '1 of 3 demos is only partly removed' : '3 of 3 demos are only partly removed',
      reason: expect.stringMatching(/^interrupted; the demo one is only partly removed: inbox \d+, bot \d+ left/),
      hint: 'run the same command again',
    })
  },
)

test('several demos that are cancelled between two of them: none is half removed, and the run was cancelled', async (context) => {
  const { http, target } = await openSandbox(context)
  for (const slug of ['one', 'two']) await succeed(createDemo({ http, target, ...aRun() }, { ...INPUT, slug }))
  const stop = new AbortController()
  const doomed = ['one', 'two'].map((slug) => ({ slug, journal: memoryJournal(), target }))
  const stopping: Http = async (request) => {
    const response = await http(request)
    if (request.method === 'DELETE') stop.abort(new CrmError('cancelled', 'interrupted', { signal: 'SIGTERM' }))
    return response
  }
  const { answer } = await toEnd(removeDemos({ http: stopping, ...aRun(), signal: stop.signal }, doomed, { concurrency: 1 }))
  expect(answer.data?.demos.map(({ slug, outcome }) => [slug, outcome])).toEqual([['one', 'removed']])
  expect(answer.error).toMatchObject({ code: 'cancelled', exitStatus: 143 })
})

test('a Chatwoot before 2.16 deletes at once and says nothing', async (context) => {
  const { http, sandbox, target } = await openSandbox(context, { version: '2.15.0' })
  const { journal } = watchedJournal()
  await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  expect((await succeed(removeDemos({ http, ...aRun() }, [{ slug: 'acme', journal, target }]))).demos[0]?.outcome).toBe('removed')
  expect(remains(sandbox).inboxes).toEqual([])
})

test('several demos: a cancellation keeps the rest, and the answer says what was done', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const journals = [memoryJournal(), memoryJournal()]
  for (const [index, journal] of journals.entries())
    await succeed(createDemo({ http, target, ...aRun(journal) }, { ...INPUT, slug: `demo-${index}` }))
  const stop = new AbortController()
  const run = removeDemos(
    { http, ...aRun(), signal: stop.signal },
    journals.map((journal, index) => ({ slug: `demo-${index}`, journal, target })),
    { concurrency: 1 },
  )
  let next = await run.next()
  while (next.done !== true) {
    const isSecond = next.value.type === 'remove' && remains(sandbox).inboxes.length === 1
    if (isSecond) stop.abort()
    next = await run.next()
  }
  expect(next.value.data?.demos.map(({ slug, outcome }) => [slug, outcome])).toEqual([
    ['demo-0', 'removed'],
    ['demo-1', 'partial'],
  ])
  expect(next.value.error?.code).toBe('partial')
  expect(remains(sandbox).inboxes.length).toBe(1)

  const already = new AbortController()
  already.abort()
  const doomed = { slug: 'demo-1', journal: journals[1]!, target }
  await expect(succeed(removeDemos({ http, ...aRun(), signal: already.signal }, [doomed]))).rejects.toMatchObject({ code: 'cancelled' })
})
