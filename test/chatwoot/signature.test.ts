import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { readEvent } from '../../src/chatwoot/event.ts'
import { checkSignature, MOST_AGE_MS, signatureOf } from '../../src/chatwoot/signature.ts'
import { Secret } from '../../src/core/secret.ts'

const SECRET = new Secret('s-0123456789abcdefghijkl')
const BODY = Buffer.from('{"event":"message_created"}')
const NOW = 1_781_697_600_000
const timestamp = '1781697600'

test('the signature covers the time stamp, a dot and the exact body', () => {
  const expected = createHmac('sha256', 's-0123456789abcdefghijkl').update('1781697600.{"event":"message_created"}').digest('hex')
  expect(signatureOf(SECRET, timestamp, BODY)).toBe(`sha256=${expected}`)
})

test.each([
  ['valid', {}, NOW],
  ['valid', {}, NOW + MOST_AGE_MS],
  ['stale', {}, NOW + MOST_AGE_MS + 1],
  ['stale', {}, NOW - MOST_AGE_MS - 1],
  ['invalid', { body: Buffer.from('{"event":"message_updated"}') }, NOW],
  ['invalid', { timestamp: '1781697601' }, NOW],
  ['invalid', { timestamp: '1781697600.' }, NOW],
  ['invalid', { timestamp: undefined }, NOW],
  ['invalid', { signature: undefined }, NOW],
  ['invalid', { signature: 'sha256=' }, NOW],
  ['missing', { signature: undefined, timestamp: undefined }, NOW],
] as const)('%s: %j', (state, change, now) => {
  const delivery = { signature: signatureOf(SECRET, timestamp, BODY), timestamp, body: BODY, ...change }
  expect(checkSignature(delivery, SECRET, now)).toBe(state)
})

test('without a secret nothing is called valid', () => {
  expect(checkSignature({ signature: signatureOf(SECRET, timestamp, BODY), timestamp, body: BODY }, undefined, NOW)).toBe('unchecked')
})

test('an event is read from whatever was sent', () => {
  const body = {
    event: 'message_created',
    id: 101,
    message_type: 'incoming',
    private: false,
    content: 'hi',
    conversation: { id: 42 },
    inbox: { name: 'W' },
  }
  expect(readEvent(Buffer.from(JSON.stringify(body)))).toEqual({
    ...{ name: 'message_created', messageType: 'incoming', messageId: '101', content: 'hi', isPrivate: false },
    ...{ conversationId: '42', inboxName: 'W' },
  })
  expect(readEvent(Buffer.from('{"event":"conversation_opened","id":7}'))).toMatchObject({
    name: 'conversation_opened',
    conversationId: '7',
  })
  for (const text of ['', '[]', '{', 'null', '{"event":1}', '{"event":"\\u001b[2J"}']) {
    expect(readEvent(Buffer.from(text)).name, text).toBe('unknown')
  }
})
