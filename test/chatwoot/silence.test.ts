import { expect, test } from 'vitest'
import { explainSilence, type Silence } from '../../src/chatwoot/silence.ts'

/** A bot that was sent the message of a customer, and a conversation that Chatwoot has given to people so late. */
const openedAfter = (openedAfterMs: number | null): Silence => ({
  bot: {
    id: '7',
    name: 'Bot',
    description: null,
    outgoingUrl: 'https://bot.example/hook',
    accountId: '1',
    isSystem: false,
    accessToken: undefined,
    secret: undefined,
  },
  version: '4.14.1',
  queueServices: 'ok',
  waitedMs: 15_000,
  firstStatus: 'pending',
  openedAfterMs,
  messages: [],
  listening: false,
  deliveries: 0,
})

test.each([
  [0, 'bot_refused', /^0\.0 s after the message/],
  [4_499, 'bot_refused', /^4\.5 s after the message/],
  [4_500, 'bot_too_slow', /^4\.5 s after the message/],
  [5_000, 'bot_too_slow', /^5\.0 s after the message/],
  [5_899, 'bot_too_slow', /^5\.9 s after the message/],
  [5_900, 'bot_failing', /^5\.9 s after the message/],
  [14_000, 'bot_failing', /^14\.0 s after the message/],
  [null, 'no_answer', /^nothing came within 15 s/],
])('a conversation that is opened after %s ms: %s', (openedAfterMs, code, words) => {
  expect(explainSilence(openedAfter(openedAfterMs))).toMatchObject({ code, message: expect.stringMatching(words) })
})
