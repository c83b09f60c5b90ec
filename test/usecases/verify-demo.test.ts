import type { TestContext } from 'vitest'
import { expect, test } from 'vitest'
import type { Answer, DemoVerifyAnswer } from '../../src/core/answers.ts'
import type { Clock } from '../../src/core/ports.ts'
import type { Sandbox, SandboxOptions } from '../../src/sandbox/index.ts'
import { createDemo } from '../../src/usecases/create-demo.ts'
import { type VerifyDemoDeps, type VerifyDemoRequest, type VerifyEvent, verifyDemo } from '../../src/usecases/verify-demo.ts'
import { aRun, expectSchema, openSandbox, remains, succeed, toEnd, watchedJournal, writesOf } from '../chatwoot/support.ts'
import { type Behaviour, startBot } from '../support/bot.ts'

const NAME = 'Acme Dental'

/** A sandbox with a demo and a program behind its bot. */
async function openDemo(
  context: TestContext,
  { behaviour = 'answers', channel = 'web', ...options }: Partial<SandboxOptions> & { behaviour?: Behaviour; channel?: 'web' | 'api' } = {},
) {
  const { http, sandbox, target } = await openSandbox(context, { retryDelayMs: 5, deliveryTimeoutMs: 10_000, ...options })
  const bot = await startBot(sandbox, behaviour)
  context.onTestFinished(() => bot.close())
  const { journal } = watchedJournal()
  const made = await succeed(createDemo({ http, target, ...aRun(journal) }, { name: NAME, botUrl: bot.url, channel }))
  sandbox.forgetRequests()
  const request: VerifyDemoRequest = {
    ...{ slug: 'acme-dental', name: NAME, inboxId: made.inbox?.id ?? null, botId: made.bot?.id ?? null },
    waitMs: 60_000,
  }
  const verify = (more: Partial<VerifyDemoRequest> = {}, world: Partial<Pick<VerifyDemoDeps, 'signal' | 'clock'>> = {}) =>
    verifyDemo({ http, target, ...aRun(journal), ...world }, { ...request, ...more })
  return { sandbox, bot, journal, verify }
}

async function verified(events: AsyncGenerator<VerifyEvent, Answer<DemoVerifyAnswer>>) {
  const { answer, events: told } = (await toEnd(events as never)) as unknown as {
    answer: Answer<DemoVerifyAnswer>
    events: readonly VerifyEvent[]
  }
  if (answer.data === null) throw new Error('an answer without data')
  expectSchema('demo-verify', answer.data)
  return { ...answer, data: answer.data, told }
}

const conversations = (sandbox: Sandbox) => sandbox.state.conversations.filter(() => true)

/** Whether Chatwoot has given the conversation to people. */
const isOpened = (sandbox: Sandbox) => () => conversations(sandbox).some(({ status }) => status === 'open')
/** Whether somebody has answered the customer. */
const isAnswered = (sandbox: Sandbox) => () => sandbox.state.messages.filter(({ messageType }) => messageType === 'outgoing').length > 0

/**
 * A clock that stands still until something is seen, is then ahead at once, and goes on by half a second with every look at it: what is
 * told by times does not hang on how long the machine takes.
 */
function clockOf(isSeen: () => boolean, aheadMs = 0): Clock {
  let nowMs = Date.now()
  let wasSeen = false
  return () => {
    if (!wasSeen && isSeen()) {
      wasSeen = true
      nowMs += aheadMs
    }
    if (wasSeen) nowMs += 500
    return nowMs
  }
}

test.for(['web', 'api'] as const)(
  'the bot of a demo with channel %s answers its customer, and the conversation is resolved',
  async (channel, context) => {
    const { sandbox, verify } = await openDemo(context, { channel })
    const { data, error } = await verified(verify())
    expect(error).toBeUndefined()
    expect(data).toMatchObject({
      answered: true,
      diagnosis: null,
      deliveries: [],
      reply: { botId: remains(sandbox).bots[0]?.id.toString(), botName: NAME },
    })
    expect(data.reply?.text).toMatch(/^You said: Hello from crm demo-verify/)
    expect(data.steps.map(({ name, passed }) => `${name} ${passed}`)).toEqual([
      'link true',
      'address true',
      'enter true',
      'message true',
      'answer true',
      'tidy true',
    ])
    expect(conversations(sandbox).map(({ status }) => status)).toEqual(['resolved'])
  },
)

test('nothing but the conversation is written', async (context) => {
  const { sandbox, verify } = await openDemo(context)
  await verified(verify())
  expect(writesOf(sandbox).filter((line) => !/widget|\/messages$/.test(line))).toEqual([])
})

test.for<[Behaviour, string, RegExp]>([
  ['answers as a person', 'answered_with_wrong_token', /the answer came from Ada Sandbox, not from the bot/],
  ['writes private notes', 'private_note_only', /private notes alone/],
  ['is silent', 'no_answer', /wrote nothing, or the event is still waiting/],
  ['refuses', 'bot_refused', /did not answer with 2xx/],
  ['fails', 'bot_refused', /could not be reached, or did not answer with 2xx/],
  ['hangs', 'bot_refused', /\d s after the message/],
])('a bot that %s is found out: %s', async ([behaviour, code, words], context) => {
  const { sandbox, verify } = await openDemo(context, {
    behaviour,
    version: '4.13.0',
    ...(behaviour === 'hangs' ? { deliveryTimeoutMs: 200 } : {}),
  })
  const clock = behaviour === 'is silent' ? Date.now : clockOf(code === 'bot_refused' ? isOpened(sandbox) : isAnswered(sandbox))
  const { data, error } = await verified(verify({ waitMs: behaviour === 'is silent' ? 300 : 1_500 }, { clock }))
  expect(data).toMatchObject({ answered: false, reply: null, diagnosis: { code } })
  expect(data.diagnosis?.message).toMatch(words)
  expect(data.diagnosis?.hint).not.toContain('{slug}')
  expect(error).toMatchObject({ code: 'checks_failed', reason: data.diagnosis?.message, hint: data.diagnosis?.hint })
  expect(conversations(sandbox).map(({ status }) => status)).toEqual(['resolved'])
})

test('a bot that takes longer than Chatwoot gives it is told from one that refuses', async (context) => {
  // It is given up on long after the first look has found the conversation with the bot.
  const { sandbox, verify } = await openDemo(context, { behaviour: 'hangs', deliveryTimeoutMs: 3_000 })
  const { data } = await verified(verify({}, { clock: clockOf(isOpened(sandbox), 4_500) }))
  expect(data.diagnosis).toMatchObject({ code: 'bot_too_slow' })
})

test('a broken circuit is named before anything is sent', async (context) => {
  const { sandbox, verify } = await openDemo(context)
  const inbox = remains(sandbox).inboxes[0]!
  const bot = remains(sandbox).bots[0]!
  inbox.botId = null
  expect((await verified(verify())).data).toMatchObject({ diagnosis: { code: 'link_missing' }, steps: [{ name: 'link', passed: false }] })
  inbox.botId = sandbox.fixtures.systemBot.id
  expect((await verified(verify())).data.diagnosis).toMatchObject({ code: 'other_bot' })
  inbox.botId = bot.id
  bot.columns.outgoing_url = ''
  expect((await verified(verify())).data.diagnosis).toMatchObject({ code: 'bot_without_address' })
  expect(conversations(sandbox)).toEqual([])
})

test('a private address on a Chatwoot with its guard on is named as the cause', async (context) => {
  const { sandbox, verify } = await openDemo(context, { allowPrivateBots: false })
  const { data } = await verified(verify({ waitMs: 3_000 }, { clock: clockOf(isOpened(sandbox)) }))
  expect(data.diagnosis).toMatchObject({ code: 'address_private', message: expect.stringContaining('SAFE_FETCH_ALLOW_PRIVATE_NETWORK') })
})

test('with listen, a receiver takes the place of the bot, checks signatures and answers; then the address is as before', async (context) => {
  const { sandbox, bot, journal, verify } = await openDemo(context, { behaviour: 'is silent' })
  const { data, error, warnings } = await verified(verify({ listen: { port: 0, secretPath: 'p' } }))
  expect(error).toBeUndefined()
  expect(warnings).toEqual([])
  expect(data.answered).toBe(true)
  expect(data.deliveries[0]).toMatchObject({ event: 'message_created', messageType: 'incoming', signature: 'valid', conversationId: '1' })
  expect(data.deliveries.every(({ signature }) => signature === 'valid')).toBe(true)
  expect(remains(sandbox).bots[0]?.columns.outgoing_url).toBe(bot.url)
  const record = (await journal.read())?.record
  expect(record?.status).toBe('ready')
  expect(record?.journal.slice(-2).map(({ kind, action, state }) => `${kind} ${action} ${state}`)).toEqual([
    'bot update done',
    'bot update done',
  ])
})

test('listen on a release that does not sign says that signatures are missing; a strange one is seen', async (context) => {
  const { sandbox, verify } = await openDemo(context, { version: '4.12.0' })
  expect((await verified(verify({ listen: { port: 0, secretPath: 'p' } }))).data.deliveries[0]?.signature).toBe('missing')
  expect(sandbox.version).toBe('4.12.0')
})

test('an address that leads elsewhere is told from a bot that keeps silent', async (context) => {
  const { verify } = await openDemo(context, { allowPrivateBots: true })
  const elsewhere = await startBot((await openDemo(context)).sandbox, 'is silent')
  context.onTestFinished(() => elsewhere.close())
  const { data } = await verified(verify({ waitMs: 300, listen: { port: 0, secretPath: 'p', url: elsewhere.url } }))
  expect(data.diagnosis).toMatchObject({ code: 'not_delivered' })
})

test('a cancelled verification resolves its conversation and sets the address back', async (context) => {
  const { sandbox, bot, verify } = await openDemo(context, { behaviour: 'is silent', latencyMs: 30 })
  const stop = new AbortController()
  const run = verify({ listen: { port: 0, secretPath: 'p' } }, { signal: stop.signal })
  const events: string[] = []
  await expect(
    (async () => {
      for (;;) {
        const next = await run.next()
        if (next.done === true) return
        events.push(next.value.type === 'step' ? next.value.step.name : next.value.type)
        if (next.value.type === 'step' && next.value.step.name === 'enter') stop.abort()
      }
    })(),
  ).rejects.toMatchObject({ code: 'cancelled' })
  expect(events).toContain('listen')
  expect(remains(sandbox).bots[0]?.columns.outgoing_url).toBe(bot.url)
})
