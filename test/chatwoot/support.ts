import { randomBytes } from 'node:crypto'
import { expect, type TestContext } from 'vitest'
import { memoryJournal } from '../../src/chatwoot/demo-journal.ts'
import type { DemoEvent, DemoLimits } from '../../src/chatwoot/demo-run.ts'
import type { DemoTarget } from '../../src/chatwoot/demo-target.ts'
import { ANSWER_SCHEMAS, type AnsweringCommand } from '../../src/core/answer-schemas.ts'
import type { Answer } from '../../src/core/answers.ts'
import type { DemoJournal, DemoRecord, DemoSecrets } from '../../src/core/demo.ts'
import type { SettingValue } from '../../src/core/field.ts'
import type { Http } from '../../src/core/ports.ts'
import { Secret } from '../../src/core/secret.ts'
import { createHttp } from '../../src/http/http.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.ts'
import { applyDemos, type FleetEvent } from '../../src/usecases/apply-demos.ts'
import { type FleetDemo, type FleetDeps, type FleetOptions, planDemos } from '../../src/usecases/plan-demos.ts'

/** Ends something when the test is over. */
type Cleanup = Pick<TestContext, 'onTestFinished'>

/** A network client that closes with the test. Reads are repeated without long pauses. */
export function openHttp({ onTestFinished }: Cleanup): Http {
  const client = createHttp({ clock: Date.now, retryBaseMs: 5 })
  onTestFinished(() => client.close())
  return client.request
}

/** A sandbox that closes with the test, its network client, and a target that leads to its first account. */
export async function openSandbox(context: Cleanup, options: Partial<SandboxOptions> = {}) {
  const http = openHttp(context)
  const sandbox = await startSandbox({ http, clock: Date.now, deletionDelayMs: 20, ...options })
  context.onTestFinished(() => sandbox.close())
  return { http, sandbox, target: targetOf(sandbox) }
}

/** A target as the command finds it. */
export function targetOf(sandbox: Sandbox, values: Readonly<Record<string, SettingValue | Secret>> = {}): DemoTarget {
  const account = { baseUrl: sandbox.url, accountId: String(sandbox.accounts[0]?.id), apiKey: new Secret(sandbox.administratorToken) }
  return { name: 'chatwoot', source: 'vault', values: { ...account, ...values } }
}

/** Short pauses, and a short look for what never shows. What ends by itself has as long as the slowest machine needs. */
export const QUICK: Partial<DemoLimits> = {
  lookMs: 40,
  settleMs: 30_000,
  undoMs: 30_000,
  undoCancelledMs: 30_000,
  deletionMs: 30_000,
  retryMs: 5,
}

/** What a run needs besides http and target, new each time. */
export function aRun(journal: DemoJournal = memoryJournal()) {
  return { clock: Date.now, journal, runId: randomBytes(16).toString('hex'), signal: new AbortController().signal, limits: QUICK }
}

/** Pulls a run to its end. */
export async function toEnd<T>(run: AsyncGenerator<DemoEvent, T>): Promise<{ readonly events: readonly DemoEvent[]; readonly answer: T }> {
  const events: DemoEvent[] = []
  for (;;) {
    const next = await run.next()
    if (next.done === true) return { events, answer: next.value }
    events.push(next.value)
  }
}

/** The answer of a run that went well. @throws its error otherwise. */
export async function succeed<T>(run: AsyncGenerator<DemoEvent, Answer<T>>): Promise<T> {
  const { answer } = await toEnd(run)
  if (answer.error !== undefined) throw answer.error
  if (answer.data === null) throw new Error('an answer without data')
  return answer.data
}

/** A journal that shows what it was given, in order. */
export function watchedJournal(onWrite: (record: DemoRecord, secrets: DemoSecrets) => void | Promise<void> = () => {}) {
  const inner = memoryJournal()
  const records: DemoRecord[] = []
  const journal: DemoJournal = {
    read: () => inner.read(),
    write: async (record, secrets) => {
      await onWrite(record, secrets)
      await inner.write(record, secrets)
      records.push(record)
    },
  }
  return { journal, records, last: () => inner.read() }
}

/** Journals of many demos, kept in memory, as a vault keeps them. */
export function journalStore() {
  const journals = new Map<string, DemoJournal>()
  return {
    journals,
    of(slug: string): DemoJournal {
      const journal = journals.get(slug) ?? memoryJournal()
      journals.set(slug, journal)
      return journal
    },
  }
}

/** What a run over many demos needs, new each time. */
export function aFleet(http: Http, store: { readonly of: (slug: string) => DemoJournal } = journalStore()): FleetDeps {
  const { clock, runId, signal } = aRun()
  return { http, clock, runId, signal, journal: (_target, slug) => store.of(slug) }
}

/** Plans demos and carries the plan out. */
export async function applyAll(
  deps: FleetDeps,
  demos: readonly FleetDemo[],
  options: FleetOptions & { readonly concurrency?: number } = {},
) {
  const plan = await planDemos(deps, demos, options)
  const events: FleetEvent[] = []
  const run = applyDemos(deps, plan, { concurrency: options.concurrency ?? 4, limits: QUICK })
  for (;;) {
    const next = await run.next()
    if (next.done === true) return { plan, events, answer: next.value }
    events.push(next.value)
  }
}

/** Holds what a command answers against the JSON contract. */
export function expectSchema(command: AnsweringCommand, data: unknown): void {
  const { error } = ANSWER_SCHEMAS[command].data.safeParse(data)
  expect(error?.issues ?? []).toEqual([])
}

/** The objects in a sandbox's first account that nobody but a demo has put there. */
export function remains(sandbox: Sandbox) {
  const account = sandbox.accounts[0]?.id
  const foreign = new Set(sandbox.fixtures.foreignInboxes.map(({ id }) => id))
  const inboxes = sandbox.state.inboxes.filter((inbox) => inbox.accountId === account && !foreign.has(inbox.id) && !inbox.deleting)
  const bots = sandbox.state.bots.filter((bot) => bot.accountId === account)
  const links = inboxes.filter((inbox) => inbox.botId !== null)
  return { inboxes, bots, links }
}

/** The requests that may change something. */
export function writesOf(sandbox: Sandbox): readonly string[] {
  return sandbox.requests.filter(({ write }) => write).map(({ method, path }) => `${method} ${path}`)
}
