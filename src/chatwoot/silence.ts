/** Why a bot did not answer, as far as the API shows it (contract sections 11.4 and 12). Pure. */
import type { DemoVerification } from '../core/answers.ts'
import { visible } from '../core/text.ts'
import { inSeconds } from '../core/time.ts'
import { deliveryWarning } from './delivery.ts'
import type { AgentBot, Message } from './read.ts'
import { isAtLeast, parseVersion } from './version.ts'

/** A cause with the way to mend it. */
export type Diagnosis = NonNullable<DemoVerification['diagnosis']>

/** What is known before anything is sent. */
export interface Circuit {
  readonly slug: string
  readonly inboxId: string
  readonly bot: AgentBot
  /** The bot that serves the inbox, or null. */
  readonly linkedBotId: string | null
}

const AGAIN = 'run the crm demo-create of this demo again: it mends what differs'

/** What keeps every event from the bot: nothing needs to be sent to know it. */
export function brokenCircuit({ inboxId, bot, linkedBotId }: Circuit): Diagnosis | undefined {
  if (linkedBotId === null) {
    return { code: 'link_missing', message: `no bot is linked to the inbox ${inboxId}: nothing is sent to the bot ${bot.id}`, hint: AGAIN }
  }
  if (linkedBotId !== bot.id) {
    const message = `the inbox ${inboxId} is served by the bot ${linkedBotId}, not by the bot ${bot.id} of the demo`
    return { code: 'other_bot', message, hint: AGAIN }
  }
  if ((bot.outgoingUrl ?? '').trim() === '') {
    return { code: 'bot_without_address', message: `the bot ${bot.id} has no address: Chatwoot has nowhere to send events`, hint: AGAIN }
  }
  return undefined
}

/** What was seen after a customer has written, until patience ended. */
export interface Silence {
  readonly bot: AgentBot
  readonly version: string | null
  /** `failing` where the server's background work does not run. */
  readonly queueServices: string | undefined
  readonly waitedMs: number
  /** The first status seen, and when a `pending` conversation became `open`, in milliseconds after the message; null where it did not. */
  readonly firstStatus: string | null
  readonly openedAfterMs: number | null
  /** All messages after the customer's, private ones and those of the system included. */
  readonly messages: readonly Message[]
  /** Whether `--listen` stood in the bot's place, and how many deliveries it got. */
  readonly listening: boolean
  readonly deliveries: number
}

/** Chatwoot gives a bot 5 s; it tries again 3 s and 6 s later where the answer was 429 or 500. */
const TIME_OUT_MS = 4_500
const REPEATED_MS = 5_900

/** The most telling cause of a silence. */
export function explainSilence(seen: Silence): Diagnosis {
  // Opened before the first look: the system's line in the conversation tells it from one that never was the bot's.
  const openedAtOnce = seen.firstStatus === 'open' && seen.messages.some(({ kind }) => kind === 'activity')
  const silence = openedAtOnce ? { ...seen, firstStatus: 'pending', openedAfterMs: 0 } : seen
  return strangerAnswered(silence) ?? notDelivered(silence) ?? deliveryFailed(silence) ?? nothingWritten(silence)
}

/** Somebody did write, but not the bot, or not so that a customer sees it. */
function strangerAnswered({ bot, messages }: Silence): Diagnosis | undefined {
  const written = messages.filter(({ kind }) => kind === 'outgoing')
  const open = written.find(({ isPrivate }) => !isPrivate)
  if (open !== undefined) {
    const who = open.sender?.name === null || open.sender === null ? 'somebody' : visible(open.sender.name, 60)
    const isBot = open.sender?.type === 'agent_bot'
    return {
      code: isBot ? 'answered_by_other_bot' : 'answered_with_wrong_token',
      message: isBot
        ? `the answer came from another bot: ${who} (id ${visible(open.sender?.id ?? '', 20)})`
        : `the answer came from ${who}, not from the bot: the program uses the token of a person`,
      hint: `let the program answer with the token of the bot ${bot.id}: crm demo-show {slug} --reveal`,
    }
  }
  const noted = written.find(({ sender }) => sender?.type === 'agent_bot')
  if (noted === undefined) return undefined
  return {
    code: 'private_note_only',
    message: 'the bot wrote private notes alone, which customers do not see',
    hint: 'let the program send its messages with "private": false, then run: crm demo-verify {slug}',
  }
}

function notDelivered({ bot, version, queueServices, listening, deliveries, firstStatus, openedAfterMs }: Silence): Diagnosis | undefined {
  if (queueServices === 'failing') {
    return {
      code: 'workers_down',
      message: 'the background work of this Chatwoot does not run (queue services: failing): nothing is delivered to any bot',
      hint: 'start its workers (sidekiq) and redis, then run: crm demo-verify {slug}',
    }
  }
  // The guard refuses at once, and the conversation is opened; a bot that is merely slow or silent was reached.
  const isRefusedEarly = openedAfterMs !== null && openedAfterMs < TIME_OUT_MS && deliveries === 0
  const guarded = isRefusedEarly ? deliveryWarning(bot.outgoingUrl ?? '', version, 'bot') : undefined
  if (guarded !== undefined) {
    const hint = listening
      ? 'give an address that reaches this machine from the internet with --listen-url, or set that variable on the server'
      : 'give the bot a public https address, or set that variable on the server'
    return { code: 'address_private', message: guarded.message, hint }
  }
  if (listening && deliveries === 0) {
    const message = `nothing arrived at ${visible(bot.outgoingUrl ?? '', 200)}: Chatwoot does not reach it, or its workers do not run`
    return { code: 'not_delivered', message, hint: 'check that the address leads to this machine from where Chatwoot runs' }
  }
  if (firstStatus === null || firstStatus === 'pending') return undefined
  return {
    code: 'not_handed_to_bot',
    message: `the conversation began as ${visible(firstStatus, 20)} instead of pending: the inbox did not hand it to its bot`,
    hint: 'look at the inbox in the dashboard: is the bot still active there?',
  }
}

/** Since 4.7 a conversation is opened when its bot could not be told; when that happens tells why. */
function deliveryFailed({ bot, openedAfterMs }: Silence): Diagnosis | undefined {
  if (openedAfterMs === null) return undefined
  const after = `${(openedAfterMs / 1_000).toFixed(1)} s after the message Chatwoot gave the conversation to people`
  const log = `look into the log of the program at ${new URL(bot.outgoingUrl ?? 'http://unknown').origin}, then run: crm demo-verify {slug}`
  if (openedAfterMs < TIME_OUT_MS) {
    return { code: 'bot_refused', message: `${after}: the bot could not be reached, or did not answer with 2xx`, hint: log }
  }
  if (openedAfterMs < REPEATED_MS) {
    const message = `${after}: the bot took longer than the 5 s that it is given`
    return { code: 'bot_too_slow', message, hint: 'let the program answer the delivery with 200 at once, and write its message afterwards' }
  }
  return { code: 'bot_failing', message: `${after}: the bot answered 429 or 500 each time, or took too long`, hint: log }
}

function nothingWritten({ waitedMs, version, listening }: Silence): Diagnosis {
  const known = parseVersion(version)
  const seconds = inSeconds(waitedMs)
  if (listening) {
    const message = `the events arrived, and the answer of the bot did not within ${seconds}`
    return { code: 'answer_not_shown', message, hint: 'try again with --wait 60s; if that does not help, look into the log of Chatwoot' }
  }
  const tells = known === undefined || isAtLeast(known, [4, 7, 0])
  return {
    code: 'no_answer',
    message: tells
      ? `nothing came within ${seconds}, and Chatwoot reports no failed delivery: the bot took the event and wrote nothing, or the event is still waiting`
      : `nothing came within ${seconds}; this release does not tell whether the bot was reached`,
    hint: 'see whether events arrive with: crm demo-verify {slug} --listen',
  }
}
