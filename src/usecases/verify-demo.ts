import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, writes } from '../chatwoot/client.ts'
import { accountUrl, type Connection, connectionOf } from '../chatwoot/connection.ts'
import { type Customer, enterApi, enterWidget } from '../chatwoot/customer.ts'
import { digestOf, Ledger } from '../chatwoot/demo-journal.ts'
import { attempt, cancellation, DEMO_LIMITS, type DemoLimits, delayedSignal, stopIfCancelled, undoClient } from '../chatwoot/demo-run.ts'
import { type DemoTarget, errorFor, otherAccount } from '../chatwoot/demo-target.ts'
import type { AgentBot, Inbox, Message, ServerInfo } from '../chatwoot/read.ts'
import { brokenCircuit, type Diagnosis, explainSilence } from '../chatwoot/silence.ts'
import type { Answer, DemoVerification, DemoVerifyAnswer, TakenDelivery, VerifyStep } from '../core/answers.ts'
import type { DemoJournal, DemoRecord } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import type { Clock, Http } from '../core/ports.ts'
import type { Warning } from '../core/provider.ts'
import { visible } from '../core/text.ts'
import { type ListenRequest, type Stand, standIn } from './stand-in-bot.ts'

/** The schema of the answer. */
export const VERIFY_DEMO_SCHEMA = 'crm.demo-verify/1'

/** How long an answer is waited for unless somebody says otherwise, in milliseconds: three tries of Chatwoot, and some more. */
export const ANSWER_WAIT_MS = 15_000

/** What verifying a demo needs of the world. */
export interface VerifyDemoDeps {
  readonly http: Http
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly target: DemoTarget
  /** The journal of the demo, under a held run: only `listen` writes to it. */
  readonly journal: DemoJournal
  /** 32 hex digits, new for each run; names the contact. */
  readonly runId: string
  readonly limits?: Partial<DemoLimits>
}

/** The demo that is to be verified, and how. */
export interface VerifyDemoRequest {
  readonly slug: string
  readonly name: string
  readonly inboxId: string | null
  readonly botId: string | null
  /** What the vault keeps; undefined where there is none. */
  readonly record?: DemoRecord
  /** Longest wait for the answer, in milliseconds. */
  readonly waitMs: number
  /** Takes the bot's place for the time of the test. */
  readonly listen?: ListenRequest
}

/** What happens while a demo is verified. */
export type VerifyEvent =
  | { readonly type: 'step'; readonly step: VerifyStep }
  /** Begins to wait for something. */
  | { readonly type: 'wait'; readonly what: string }
  | { readonly type: 'delivery'; readonly delivery: TakenDelivery }

/**
 * Talks to a demo as a customer would, waits for the bot's answer, checks who it came from, and tidies up. An answer whose demo kept
 * silent has `checks_failed` besides its data, with the most telling cause.
 * @throws {CrmError} where the question could not be put: no connection, no permission, objects that are gone.
 */
export async function* verifyDemo(deps: VerifyDemoDeps, request: VerifyDemoRequest): AsyncGenerator<VerifyEvent, Answer<DemoVerifyAnswer>> {
  const { target } = deps
  const demo = { slug: request.slug, name: request.name, integration: target.name, source: target.source }
  try {
    const { verification, warnings } = yield* converse(deps, request)
    const error = verification.diagnosis === null ? undefined : silenceError(request, verification.diagnosis)
    const data = { demo, ...verification }
    return { schema: VERIFY_DEMO_SCHEMA, data, warnings, ...(error === undefined ? {} : { error }) }
  } catch (error) {
    throw errorFor(target, error)
  }
}

function silenceError({ slug }: VerifyDemoRequest, { message, hint }: Diagnosis): CrmError {
  return new CrmError('checks_failed', `the bot of the demo ${slug} did not answer`, { reason: message, hint })
}

interface Outcome {
  readonly verification: DemoVerification
  readonly warnings: readonly Warning[]
}

/** What is there to talk to. */
interface Scene {
  readonly connection: Connection
  readonly inbox: Inbox
  readonly bot: AgentBot
  readonly linkedBotId: string | null
  readonly server: ServerInfo
}

async function* converse(deps: VerifyDemoDeps, request: VerifyDemoRequest): AsyncGenerator<VerifyEvent, Outcome> {
  const steps: VerifyStep[] = []
  const note = (step: VerifyStep): VerifyEvent => {
    steps.push(step)
    return { type: 'step', step }
  }
  const scene = await readScene(deps, request)
  const { bot, inbox, linkedBotId } = scene
  const listen = request.listen
  const broken = brokenCircuit({
    slug: request.slug,
    inboxId: inbox.id,
    bot: listen === undefined ? bot : { ...bot, outgoingUrl: 'listen:' },
    linkedBotId,
  })
  yield note({
    name: 'link',
    passed: linkedBotId === bot.id,
    detail: broken?.message ?? `the inbox ${inbox.id} is served by the bot ${bot.id}`,
    latencyMs: null,
  })
  if (broken !== undefined) return { verification: silent(steps, named(broken, request), []), warnings: [] }
  if (listen === undefined) yield note({ name: 'address', passed: true, detail: bot.outgoingUrl ?? null, latencyMs: null })

  const stand = listen === undefined ? undefined : await takePlace(deps, request, scene, listen)
  // What is cancelled still says goodbye: its conversation is resolved.
  const late = delayedSignal(deps.signal, DEMO_LIMITS.settleMs)
  try {
    if (stand !== undefined) yield note({ name: 'listen', passed: true, detail: `deliveries go to ${stand.url}`, latencyMs: null })
    const asked = { ...scene, bot: stand === undefined ? bot : { ...bot, outgoingUrl: stand.url } }
    return yield* talk({ deps: { ...deps, signal: late.signal }, request, scene: asked, stand, steps, note, signal: deps.signal })
  } finally {
    late.release()
    await stand?.leave()
  }
}

async function readScene({ http, signal, target }: VerifyDemoDeps, request: VerifyDemoRequest): Promise<Scene> {
  const connection = connectionOf(target.values)
  const { record, inboxId, botId, slug } = request
  if (record !== undefined && record.account !== accountUrl(connection)) throw otherAccount(record, accountUrl(connection))
  if (inboxId === null || botId === null) {
    throw new CrmError('conflict', `the demo ${slug} is not complete: it has no ${inboxId === null ? 'inbox' : 'bot'}`, {
      hint: 'run its crm demo-create again: it makes what is missing',
    })
  }
  const client = createClient(http, connection, { signal })
  const [server, inbox, bot, linkedBotId] = await Promise.all([
    client.serverInfo(),
    client.getInbox(inboxId),
    client.getBot(botId),
    client.linkedBotId(inboxId),
  ])
  return { connection, inbox, bot, linkedBotId, server }
}

/** Puts a receiver of ours in the place of the bot: announced in the journal, as every write is, and taken back in the end. */
async function takePlace(
  deps: VerifyDemoDeps,
  request: VerifyDemoRequest,
  scene: Scene,
  listen: ListenRequest,
): Promise<Stand & { leave(): Promise<void> }> {
  const { connection, bot, inbox } = scene
  const { http, clock, runId, journal, target, signal } = deps
  const limits = { ...DEMO_LIMITS, ...deps.limits }
  const seed = {
    slug: request.slug,
    name: request.name,
    integration: target.name,
    account: accountUrl(connection),
    channel: inbox.channel ?? 'web',
  }
  const ledger = await Ledger.open(journal, seed, { clock, runId })
  const status = ledger.record?.status ?? 'ready'
  const stand = await standIn({ http, clock, connection, bot, signal }, listen)
  const point = async (url: string, client = createClient(http, connection, { signal })): Promise<void> => {
    const write = writes.updateBot(connection.accountId, bot.id, { outgoing_url: url })
    const [position = 0] = await ledger.intend([{ kind: 'bot', action: 'update', digest: digestOf(write), remoteId: bot.id }])
    await client.writeBot(write)
    await ledger.settle(position, 'done', bot.id, { inboxId: inbox.id, botId: bot.id })
  }
  const leave = async (): Promise<void> => {
    await stand.close()
    // The signal of a cancelled run must not keep the bot's address from coming back.
    const obstacle = await attempt(limits, () => point(bot.outgoingUrl ?? '', undoClient({ http, connection, limits }, signal.aborted)))
    if (obstacle !== undefined) throw notRestored(request, bot, obstacle)
    await ledger.update({ status })
  }
  try {
    await point(stand.url)
  } catch (error) {
    await leave()
    throw error
  }
  return { ...stand, leave }
}

function notRestored({ slug }: VerifyDemoRequest, bot: AgentBot, obstacle: CrmError): CrmError {
  return new CrmError('partial', `the address of the bot ${bot.id} could not be set back`, {
    reason: obstacle.message,
    hint: `run the crm demo-create of ${slug} again: it sets ${visible(bot.outgoingUrl ?? '', 200)} again`,
    cause: obstacle,
  })
}

interface Talk {
  readonly deps: VerifyDemoDeps
  readonly request: VerifyDemoRequest
  readonly scene: Scene
  readonly stand: Stand | undefined
  readonly steps: VerifyStep[]
  readonly note: (step: VerifyStep) => VerifyEvent
  /** Ends the wait; that of `deps` ends the requests, a little later. */
  readonly signal: AbortSignal
}

async function* talk({ deps, request, scene, stand, steps, note, signal }: Talk): AsyncGenerator<VerifyEvent, Outcome> {
  const { clock, runId } = deps
  const { bot, inbox, server, connection } = scene
  let startedMs = clock()
  const took = (): number => Math.max(0, Math.round(clock() - startedMs))
  const customer = await enter(deps, scene)
  yield note({
    name: 'enter',
    passed: true,
    detail: inbox.channel === 'api' ? 'a contact of the API inbox' : 'a visitor of the widget',
    latencyMs: took(),
  })

  startedMs = clock()
  stopIfCancelled(signal)
  const said = await customer.say(`Hello from crm demo-verify (${runId.slice(0, 8)})`)
  yield note({
    name: 'message',
    passed: true,
    detail: said.conversationId === null ? null : `conversation ${said.conversationId}`,
    latencyMs: took(),
  })

  startedMs = clock()
  yield { type: 'wait', what: 'the answer of the bot' }
  let told = 0
  const watch = waitForAnswer({ customer, afterId: said.messageId, bot, waitMs: request.waitMs, clock, signal })
  let seen: Seen
  try {
    for (;;) {
      const next = await watch.next()
      for (; told < (stand?.deliveries.length ?? 0); told += 1)
        yield { type: 'delivery', delivery: stand?.deliveries[told] as TakenDelivery }
      if (next.done === true) {
        seen = next.value
        break
      }
    }
  } catch (error) {
    if (cancellation(signal) !== undefined) await customer.resolve()
    throw error
  }
  const { answer } = seen
  const latencyMs = took()
  const client = createClient(deps.http, connection, { signal: deps.signal })
  const diagnosis =
    answer !== undefined
      ? null
      : explainSilence({
          bot,
          version: server.version,
          queueServices: server.queueServices,
          waitedMs: latencyMs,
          firstStatus: seen.firstStatus,
          openedAfterMs: seen.openedAfterMs,
          // Agents see what customers do not: private notes. A server that does not show them leaves what the customer saw.
          messages: laterThan(
            said.messageId,
            said.conversationId === null ? seen.messages : await client.listMessages(said.conversationId).catch(() => seen.messages),
          ),
          listening: stand !== undefined,
          deliveries: stand?.deliveries.length ?? 0,
        })
  const shown = answer === undefined ? (diagnosis?.message ?? null) : `from the bot ${bot.id}`
  yield note({ name: 'answer', passed: answer !== undefined, detail: shown, latencyMs })

  startedMs = clock()
  const isTidy = await customer.resolve()
  yield note({
    name: 'tidy',
    passed: isTidy,
    detail: isTidy ? 'the conversation is resolved' : 'the conversation stays open: customers may not end it here',
    latencyMs: took(),
  })

  const deliveries = stand?.deliveries ?? []
  const warnings = signatureWarnings(deliveries)
  if (answer === undefined) return { verification: silent(steps, named(diagnosis as Diagnosis, request), deliveries), warnings }
  const reply = { text: answer.content, botId: bot.id, botName: answer.sender?.name ?? null, latencyMs }
  return { verification: { answered: true, steps, reply, diagnosis: null, deliveries }, warnings }
}

function enter({ http, signal, runId }: VerifyDemoDeps, { connection, inbox }: Scene): Promise<Customer> {
  const tools = { http, connection, options: { signal } }
  const token = inbox.channel === 'api' ? inbox.identifier : inbox.websiteToken
  if (token === undefined) {
    throw new CrmError('provider_error', `Chatwoot does not say how customers reach the inbox ${inbox.id}`, {
      reason: 'its website token or identifier is missing from the answer',
      hint: 'use the token of an administrator: crm edit {name} --api-key-stdin',
    })
  }
  return inbox.channel === 'api' ? enterApi(tools, token, `crm-verify-${runId}`) : enterWidget(tools, token)
}

/** What a customer saw until the bot answered or patience ended. */
interface Seen {
  readonly answer: Message | undefined
  readonly messages: readonly Message[]
  readonly firstStatus: string | null
  readonly openedAfterMs: number | null
}

const FIRST_LOOK_MS = 100
/** When the conversation is opened tells why: 5 s after the message, or 6. */
const LONGEST_PAUSE_MS = 400
/** How long an answer is still waited for after Chatwoot has given the conversation to people. */
const GRACE_MS = 1_000

async function* waitForAnswer(watch: {
  readonly customer: Customer
  readonly afterId: string
  readonly bot: AgentBot
  readonly waitMs: number
  readonly clock: Clock
  readonly signal: AbortSignal
}): AsyncGenerator<undefined, Seen> {
  const { customer, afterId, bot, waitMs, clock, signal } = watch
  const startedMs = clock()
  let firstStatus: string | null | undefined
  let openedAfterMs: number | null = null
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)) {
    stopIfCancelled(signal)
    const [all, status] = await Promise.all([customer.hear(), customer.status()])
    const messages = laterThan(afterId, all)
    const elapsedMs = clock() - startedMs
    firstStatus ??= status
    if (firstStatus === 'pending' && status === 'open') openedAfterMs ??= elapsedMs
    const answer = messages.find(({ kind, sender }) => kind === 'outgoing' && sender?.type === 'agent_bot' && sender.id === bot.id)
    const isOver = elapsedMs >= waitMs || (openedAfterMs !== null && elapsedMs >= openedAfterMs + GRACE_MS)
    if (answer !== undefined || isOver) return { answer, messages, firstStatus: firstStatus ?? null, openedAfterMs }
    yield
    await sleep(Math.min(pauseMs, waitMs - elapsedMs), undefined, { signal }).catch(() => stopIfCancelled(signal))
  }
}

/** Ids grow. */
function laterThan(id: string, messages: readonly Message[]): readonly Message[] {
  return messages.filter((message) => Number(message.id) > Number(id))
}

function silent(steps: readonly VerifyStep[], diagnosis: Diagnosis, deliveries: readonly TakenDelivery[]): DemoVerification {
  return { answered: false, steps, reply: null, diagnosis, deliveries }
}

function named(diagnosis: Diagnosis, { slug }: VerifyDemoRequest): Diagnosis {
  return { ...diagnosis, hint: diagnosis.hint.replaceAll('{slug}', slug) }
}

const SIGNATURE_WORDS: Readonly<Record<string, string>> = {
  invalid: 'carried a signature that does not fit the secret of the bot',
  stale: 'were signed more than five minutes away from the time of this machine',
}

function signatureWarnings(deliveries: readonly TakenDelivery[]): readonly Warning[] {
  return Object.entries(SIGNATURE_WORDS).flatMap(([state, words]) => {
    const count = deliveries.filter(({ signature }) => signature === state).length
    return count === 0 ? [] : [{ code: `signature_${state}`, message: `${count} of ${deliveries.length} deliveries ${words}` }]
  })
}
