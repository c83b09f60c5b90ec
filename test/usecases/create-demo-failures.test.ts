import { expect, onTestFinished, test } from 'vitest'
import type { Http } from '../../src/core/ports.ts'
import { createDemo } from '../../src/usecases/create-demo.ts'
import type { CreateDemoRequest } from '../../src/usecases/create-demo-input.ts'
import { removeDemos } from '../../src/usecases/remove-demos.ts'
import { aRun, openSandbox, QUICK, remains, succeed, toEnd, watchedJournal, writesOf } from '../chatwoot/support.ts'
import { until } from '../support/until.ts'

const INPUT: CreateDemoRequest = { name: 'Acme', botUrl: 'https://bot.example/hook', agents: ['ben@sandbox.example'] }

const WRITES = ['POST /agent_bots', 'POST /inboxes', 'POST /set_agent_bot', 'POST /inbox_members']
const READS = ['GET /inboxes', 'GET /agent_bots', 'GET /agents', 'GET /inboxes/*/agent_bot', 'GET /inbox_members/*']
const EFFECTS = ['500', '503', 'reset', 'html', 'hang', '401', '429', '500-after', '503-after', 'reset-after', 'html-after', 'hang-after']

/** Waits a moment for the answer to requests of one kind, and for all other answers as long as it takes. */
function impatient(http: Http, kind: string): Http {
  const [method, end = ''] = kind.split(' ')
  return (request) => http(request.method === method && request.url.pathname.endsWith(end) ? { ...request, timeoutMs: 1_000 } : request)
}

for (const request of WRITES) {
  test.concurrent(`P11 ${request} failing in every way leaves all or nothing, and a second run makes it all`, async (context) => {
    for (const effect of EFFECTS) {
      const { http, sandbox, target } = await openSandbox(context)
      const { journal, last } = watchedJournal()
      const fault = sandbox.faults.add(`${request}:${effect}`)
      // What was carried out before its answer was lost is found and used; what was not is undone.
      const isLost = effect.endsWith('-after')
      const limits = { ...QUICK, ...(isLost ? { lookMs: 30_000 } : {}) }
      const run = createDemo({ http: impatient(http, request), target, ...aRun(journal), limits }, INPUT)
      const { answer } = await toEnd(run)
      const after = remains(sandbox)
      const counts = [after.inboxes.length, after.bots.length, after.links.length]
      expect(counts, `${effect}: ${answer.error?.message}`).toEqual(isLost ? [1, 1, 1] : [0, 0, 0])
      expect(answer.error === undefined, effect).toBe(isLost)
      expect(answer.error?.code, effect).not.toBe('partial')
      if (!isLost) expect((await last())?.record, effect).toMatchObject({ status: 'removed', inboxId: null, botId: null })
      fault.remove()
      await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
      const { inboxes, bots, links } = remains(sandbox)
      expect([inboxes.length, bots.length, links.length], effect).toEqual([1, 1, 1])
      expect(inboxes[0]?.members.size, effect).toBe(1)
    }
  })
}

for (const request of READS) {
  test.concurrent(`P11 ${request} failing leaves nothing behind`, async (context) => {
    for (const effect of ['500', 'reset', 'html', '401']) {
      const { http, sandbox, target } = await openSandbox(context)
      const { journal } = watchedJournal()
      sandbox.faults.add(`${request}:${effect}`)
      const run = toEnd(createDemo({ http, target, ...aRun(journal) }, INPUT))
      const error = await run.then(
        ({ answer }) => answer.error,
        (thrown) => thrown,
      )
      expect(error?.code, effect).toMatch(/^(?:provider_error|unreachable|auth_rejected)$/)
      const { inboxes, bots } = remains(sandbox)
      expect([inboxes.length, bots.length], effect).toEqual([0, 0])
    }
  })
}

test('P11 a server that dies at any request, for good or after carrying it out, leaves what one more run completes', async (context) => {
  for (const effect of ['reset', 'reset-after']) {
    for (let index = 4; ; index++) {
      const { http, sandbox, target } = await openSandbox(context)
      const { journal, last } = watchedJournal()
      const fault = sandbox.faults.add(`* /**:${effect}#${index}+`)
      const error = await toEnd(createDemo({ http, target, ...aRun(journal) }, INPUT)).then(
        ({ answer }) => answer.error,
        (thrown) => thrown,
      )
      if (error === undefined) break
      const { inboxes, bots } = remains(sandbox)
      const hasLeftovers = inboxes.length + bots.length > 0
      const where = `${effect} from request ${index} on: ${error.message}`
      if (hasLeftovers) expect(error.code, where).toBe('partial')
      if (hasLeftovers) expect((await last())?.record.status, where).toBe('partial')
      fault.remove()
      await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
      sandbox.finishDeletions()
      const whole = remains(sandbox)
      expect([whole.inboxes.length, whole.bots.length, whole.links.length], where).toEqual([1, 1, 1])
    }
  }
}, 120_000)

test('what could not be undone is named with its ids, stays in the journal, and the same command finishes it', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const { journal, last } = watchedJournal()
  sandbox.faults.add('POST /set_agent_bot:500')
  sandbox.faults.add('DELETE /**:500')
  const { answer, events } = await toEnd(createDemo({ http, target, ...aRun(journal) }, INPUT))
  const { inboxes, bots } = remains(sandbox)
  expect(answer.error).toMatchObject({
    code: 'partial',
    message: expect.stringContaining(`bot ${bots[0]?.id}, inbox ${inboxes[0]?.id}`),
    hint: expect.stringContaining('crm demo-remove acme'),
  })
  expect(answer.data?.changed).toBe(true)
  expect(answer.data?.steps.map(({ kind, outcome }) => `${kind} ${outcome}`)).toContain('inbox left')
  expect(events.some(({ type }) => type === 'undo')).toBe(true)
  expect((await last())?.record).toMatchObject({ status: 'partial', inboxId: String(inboxes[0]?.id), botId: String(bots[0]?.id) })
  sandbox.faults.clear()
  await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  sandbox.finishDeletions()
  const whole = remains(sandbox)
  expect([whole.inboxes.length, whole.bots.length, whole.links.length]).toEqual([1, 1, 1])
})

test('--keep-on-failure leaves what was made for a look, as partial, and the same command goes on from there', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const { journal } = watchedJournal()
  const fault = sandbox.faults.add('POST /set_agent_bot:422')
  const { answer } = await toEnd(createDemo({ http, target, ...aRun(journal) }, { ...INPUT, keepOnFailure: true }))
  const { inboxes, bots } = remains(sandbox)
  expect([inboxes.length, bots.length]).toEqual([1, 1])
  expect(answer.error).toMatchObject({ code: 'partial', message: expect.stringContaining(`inbox ${inboxes[0]?.id}`) })
  fault.remove()
  const data = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  expect(data.steps.map(({ kind, action }) => `${kind} ${action}`)).toEqual(['bot keep', 'inbox keep', 'link create', 'agents keep'])
})

test('a failed change of a finished demo sets back what it had changed, and the demo stays ready', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const { journal, last } = watchedJournal()
  await succeed(createDemo({ http, target, ...aRun(journal) }, { ...INPUT, greeting: 'Hello' }))
  const before = JSON.stringify([remains(sandbox).inboxes[0]?.columns, remains(sandbox).bots[0]?.columns])
  sandbox.faults.add('PATCH /inboxes/*:422-after#1')
  const { answer } = await toEnd(
    createDemo({ http, target, ...aRun(journal) }, { ...INPUT, greeting: 'Other', botUrl: 'https://bot.example/two' }),
  )
  expect(answer.error?.code).toBe('usage')
  expect(answer.data?.changed).toBe(false)
  expect(answer.data?.steps.slice(0, 2).map(({ outcome }) => outcome)).toEqual(['undone', 'undone'])
  expect(JSON.stringify([remains(sandbox).inboxes[0]?.columns, remains(sandbox).bots[0]?.columns])).toBe(before)
  expect((await last())?.record.status).toBe('ready')
})

test('an undo that Chatwoot carries out later is reported as pending, and the inbox is not used again', async (context) => {
  const { http, sandbox, target } = await openSandbox(context, { deletionDelayMs: 'never' })
  const { journal, last } = watchedJournal()
  const fault = sandbox.faults.add('POST /set_agent_bot:500')
  const { answer } = await toEnd(createDemo({ http, target, ...aRun(journal), limits: { ...QUICK, deletionMs: 60 } }, INPUT))
  expect(answer.error?.code).toBe('provider_error')
  expect(answer.warnings.map(({ code }) => code)).toContain('deletion_pending')
  const dying = sandbox.state.inboxes.find(({ deleting }) => deleting)
  expect((await last())?.record).toMatchObject({ status: 'deleting', inboxId: String(dying?.id) })
  fault.remove()
  const data = await succeed(createDemo({ http, target, ...aRun(journal) }, INPUT))
  expect(data.inbox?.id).not.toBe(String(dying?.id))
  const again = await succeed(createDemo({ http, target, ...aRun() }, INPUT))
  expect(again.inbox?.id, 'an empty journal does not take the dying inbox either').toBe(data.inbox?.id)
})

test('a cancelled run lets what is under way end, then undoes it', async (context) => {
  for (const slow of ['POST /agent_bots', 'POST /inboxes', 'POST /set_agent_bot', 'GET /inboxes/*/agent_bot']) {
    const { http, sandbox, target } = await openSandbox(context)
    const { journal } = watchedJournal()
    const stop = new AbortController()
    const fault = sandbox.faults.add(`${slow}:slow=150ms`)
    const run = toEnd(createDemo({ http, target, ...aRun(journal), signal: stop.signal }, INPUT))
    await until(() => fault.matched > 0)
    stop.abort()
    const { answer } = await run
    expect(answer.error?.code, slow).toBe('cancelled')
    const { inboxes, bots } = remains(sandbox)
    expect([inboxes.length, bots.length], slow).toEqual([0, 0])
  }
})

test('a run that is cancelled, or no longer pulled, at any event leaves all or nothing', async (context) => {
  for (const way of ['abort', 'return'] as const) {
    for (let index = 0; ; index++) {
      const { http, sandbox, target } = await openSandbox(context)
      const { journal } = watchedJournal()
      const stop = new AbortController()
      const run = createDemo({ http, target, ...aRun(journal), signal: stop.signal }, INPUT)
      let events = 0
      let next = await run.next()
      while (next.done !== true && events < index) {
        events += 1
        next = await run.next()
      }
      if (next.done === true) break
      if (way === 'abort') {
        stop.abort()
        await toEnd(run).catch((error) => expect(error.code).toBe('cancelled'))
      } else {
        // The type of the value does not matter: there is none.
        await run.return(undefined as never)
      }
      const { inboxes, bots, links } = remains(sandbox)
      const counts = [inboxes.length, bots.length, links.length].join()
      expect(['0,0,0', '1,1,1'], `${way} at event ${index}`).toContain(counts)
    }
  }
})

test('a cancellation before the first write changes nothing', async (context) => {
  const { http, sandbox, target } = await openSandbox(context)
  const stop = new AbortController()
  stop.abort()
  await expect(toEnd(createDemo({ http, target, ...aRun(), signal: stop.signal }, INPUT))).rejects.toMatchObject({ code: 'cancelled' })
  expect(writesOf(sandbox)).toEqual([])
})

for (const [kind, end] of [
  ['inbox', '/inboxes'],
  ['bot', '/agent_bots'],
] as const) {
  test.each([
    ['was there before', 'before'],
    ['was made by somebody else meanwhile', 'meanwhile'],
  ] as const)(`P11 a server that answers the making of the ${kind} with one that %s is not believed`, async (_what, made) => {
    const { http, sandbox, target } = await openSandbox({ onTestFinished })
    const foreign = () => createDemo({ http, target, ...aRun() }, { ...INPUT, slug: 'other' })
    let other = made === 'before' ? await succeed(foreign()) : undefined
    const lying: Http = async (request) => {
      const isMaking = request.method === 'POST' && request.url.pathname.endsWith(end)
      if (isMaking) other ??= await succeed(foreign())
      const response = await http(request)
      if (!isMaking || response.status !== 200) return response
      const { body: _body, ...asking } = request
      const list = await http({ ...asking, method: 'GET' })
      const json = JSON.parse(Buffer.from(list.body).toString())
      const all: { id: number }[] = Array.isArray(json) ? json : json.payload
      const told = all.find(({ id }) => String(id) === other?.[kind]?.id)
      return { ...response, body: Buffer.from(JSON.stringify(told)) }
    }
    const { journal } = watchedJournal()
    const data = await succeed(createDemo({ http: lying, target, ...aRun(journal), limits: { ...QUICK, lookMs: 30_000 } }, INPUT))
    expect(data[kind]?.id).not.toBe(other?.[kind]?.id)
    await succeed(removeDemos({ http, ...aRun() }, [{ slug: 'acme', journal, target }]))
    const { inboxes, bots, links } = remains(sandbox)
    expect([inboxes, bots].map((list) => list.map(({ id }) => String(id)))).toEqual([[other?.inbox?.id], [other?.bot?.id]])
    expect(links).toHaveLength(1)
  })
}
