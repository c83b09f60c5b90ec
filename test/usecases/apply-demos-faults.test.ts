import { expect, type TestContext, test } from 'vitest'
import type { DemoTarget } from '../../src/chatwoot/demo-target.ts'
import type { DemoJournal, DemoRequest } from '../../src/core/demo.ts'
import { CrmError } from '../../src/core/errors.ts'
import type { Http } from '../../src/core/ports.ts'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { readCreateDemo } from '../../src/usecases/create-demo-input.ts'
import { removeDemos } from '../../src/usecases/remove-demos.ts'
import { planSweep } from '../../src/usecases/sweep-demos.ts'
import { aFleet, applyAll, aRun, journalStore, openSandbox, QUICK, remains } from '../chatwoot/support.ts'

const REQUESTS: readonly DemoRequest[] = [
  { name: 'One', botUrl: 'https://bot.example/hook', ttl: '1d' },
  { name: 'Two', botUrl: 'https://bot.example/hook', ttl: '1d', agents: ['ben@sandbox.example'] },
  { name: 'Three', botUrl: 'https://bot.example/hook', ttl: '1d', channel: 'api' },
  { name: 'Four', botUrl: 'https://bot.example/hook', ttl: '1d', hours: { open: 'Mon-Fri 08:00-18:00' } },
  { name: 'Five', botUrl: 'https://bot.example/hook', ttl: '1d', webhooks: [{ url: 'https://hooks.example/five' }] },
]

const fleetOf = (target: DemoTarget) => REQUESTS.map((request) => ({ target, input: readCreateDemo(request) }))

type Store = { readonly of: (slug: string) => DemoJournal; readonly journals: ReadonlyMap<string, DemoJournal> }

/** How the request with the index fails: before or after it has its effect; or its process is killed while it waits, before or after that. */
type Fault = 'before' | 'after' | 'killed before' | 'killed after'

/** Passes requests on, and lets one of them fail. A killed process sends nothing and writes nothing any more. */
function faulty(http: Http, store: Store, index: number, fault: Fault) {
  let sent = 0
  let isDead = false
  const gone = () => new CrmError('unreachable', 'the process is dead')
  const sending: Http = async (request) => {
    if (isDead) throw gone()
    const at = sent++
    if (at !== index) return http(request)
    if (fault.endsWith('after')) await http(request)
    isDead = fault.startsWith('killed')
    throw isDead ? gone() : new CrmError('unreachable', 'connection reset')
  }
  const dying = {
    journals: store.journals,
    of(slug: string): DemoJournal {
      const journal = store.of(slug)
      return {
        read: () => journal.read(),
        write: async (record, secrets) => {
          if (isDead) throw gone()
          await journal.write(record, secrets)
        },
      }
    },
  }
  return { sending, dying, hasFailed: () => sent > index }
}

/** Objects of somebody else with the names of the demos: they survive everything. */
async function foreigners(http: Http, sandbox: Sandbox, target: DemoTarget) {
  const named = REQUESTS.map(({ name, botUrl }, index) => ({ target, input: readCreateDemo({ name, botUrl, slug: `foreign-${index}` }) }))
  await applyAll(aFleet(http), named)
  const { inboxes, bots } = remains(sandbox)
  for (const inbox of inboxes) inbox.columns.out_of_office_message = 'We are closed.'
  for (const bot of bots) bot.columns.description = 'mine'
  const ids = { inboxes: new Set(inboxes.map(({ id }) => id)), bots: new Set(bots.map(({ id }) => id)) }
  const picture = () =>
    JSON.stringify([
      remains(sandbox).inboxes.filter(({ id }) => ids.inboxes.has(id)),
      remains(sandbox).bots.filter(({ id }) => ids.bots.has(id)),
    ])
  const before = picture()
  return { untouched: () => picture() === before, count: ids.bots.size }
}

function counts(sandbox: Sandbox) {
  sandbox.finishDeletions()
  const { inboxes, bots, links } = remains(sandbox)
  return { inboxes: inboxes.length, bots: bots.length, links: links.length, webhooks: sandbox.state.webhooksOf(1).length }
}

async function prepare(context: TestContext) {
  const opened = await openSandbox(context, { deletionDelayMs: 5 })
  const foreign = await foreigners(opened.http, opened.sandbox, opened.target)
  return { ...opened, foreign }
}

/** A process that is dead sees nothing vanish any more. */
const FAILING = { ...QUICK, deletionMs: 500 }

const outcome = async (work: Promise<unknown>): Promise<void> => {
  await work.catch(() => undefined)
}

async function removeAll(
  http: Http,
  target: DemoTarget,
  store: Store,
  slugs: readonly string[],
  options: Parameters<typeof removeDemos>[2] = {},
  limits = QUICK,
) {
  const doomed = slugs.map((slug) => ({ slug, target, journal: store.of(slug) }))
  const run = removeDemos({ http, ...aRun(), limits }, doomed, {
    missingIsGone: true,
    concurrency: 3,
    ...options,
  })
  for (;;) {
    const next = await run.next()
    if (next.done === true) return next.value
  }
}

async function sweepAll(http: Http, target: DemoTarget, store: Store, limits = QUICK) {
  const known = async () => {
    const kept = await Promise.all([...store.journals.values()].map((journal) => journal.read()))
    return kept.flatMap((one) => (one === undefined || one.record.status === 'removed' ? [] : [one.record]))
  }
  const plan = await planSweep({ http, clock: () => Date.now() + 2 * 86_400_000, signal: new AbortController().signal, known }, [target])
  if (plan.errors[0] !== undefined) throw plan.errors[0]
  const slugs = plan.due.map(({ slug }) => slug)
  return removeAll(http, target, store, slugs, { onlyMarked: true, busyIsFine: true, objects: plan.objects }, limits)
}

for (const fault of ['before', 'after', 'killed before', 'killed after'] as const) {
  for (const isKept of [true, false]) {
    // A journal in memory dies with its process; the marks have to tell the next one.
    if (!isKept && fault !== 'killed after') continue
    const title = `P11 apply of five demos: any request that fails (${fault}${isKept ? '' : ', journal lost'}) leaves what one more run completes, and no orphan`
    test.concurrent(title, async (context) => {
      for (let index = 0; ; index++) {
        const { http, sandbox, target, foreign } = await prepare(context)
        const store = journalStore()
        const { sending, dying, hasFailed } = faulty(http, store, index, fault)
        await outcome(applyAll(aFleet(sending, dying), fleetOf(target), { concurrency: 3 }))
        const { answer } = await applyAll(aFleet(http, isKept ? store : journalStore()), fleetOf(target))
        expect(answer.error?.message, `request ${index}`).toBeUndefined()
        const others = foreign.count
        expect(counts(sandbox), `request ${index}`).toEqual({ inboxes: 5 + others, bots: 5 + others, links: 5 + others, webhooks: 1 })
        expect(foreign.untouched(), `request ${index}`).toBe(true)
        await sandbox.close()
        if (!hasFailed()) break
      }
    }, 300_000)
  }

  test.concurrent(`P11 destroy of five demos: any request that fails (${fault}) leaves what one more run removes`, async (context) => {
    for (let index = 0; ; index++) {
      const { http, sandbox, target, foreign } = await prepare(context)
      const store = journalStore()
      await applyAll(aFleet(http, store), fleetOf(target))
      const slugs = [...store.journals.keys()]
      const { sending, dying, hasFailed } = faulty(http, store, index, fault)
      await outcome(removeAll(sending, target, dying, slugs, {}, FAILING))
      const answer = await removeAll(http, target, store, slugs)
      expect(answer.error?.message, `request ${index}`).toBeUndefined()
      expect(counts(sandbox), `request ${index}`).toEqual({
        inboxes: foreign.count,
        bots: foreign.count,
        links: foreign.count,
        webhooks: 0,
      })
      expect(foreign.untouched(), `request ${index}`).toBe(true)
      await sandbox.close()
      if (!hasFailed()) break
    }
  }, 300_000)

  test.concurrent(`P11 sweep of five demos: any request that fails (${fault}) leaves what one more run removes`, async (context) => {
    for (let index = 0; ; index++) {
      const { http, sandbox, target, foreign } = await prepare(context)
      const store = journalStore()
      await applyAll(aFleet(http, store), fleetOf(target))
      const { sending, dying, hasFailed } = faulty(http, store, index, fault)
      await outcome(sweepAll(sending, target, dying, FAILING))
      const answer = await sweepAll(http, target, store)
      expect(answer.error?.message, `request ${index}`).toBeUndefined()
      expect(counts(sandbox), `request ${index}`).toEqual({
        inboxes: foreign.count,
        bots: foreign.count,
        links: foreign.count,
        webhooks: 0,
      })
      expect(foreign.untouched(), `request ${index}`).toBe(true)
      await sandbox.close()
      if (!hasFailed()) break
    }
  }, 300_000)
}
