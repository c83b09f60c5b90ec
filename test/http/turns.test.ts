import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { client, get, server } from './client.ts'
import { answerText } from './raw-server.ts'

const MANY = 8

/** A server that answers the first so many requests all at once, when the last of them has come, and every later one by itself. */
function answersAtOnce(told: (what: string) => void) {
  const waiting: Socket[] = []
  return server((socket, _, index) => {
    if (index >= MANY) {
      told('request')
      socket.write(answerText(200))
      return
    }
    waiting.push(socket)
    if (waiting.length === MANY) for (const each of waiting) each.write(answerText(200))
  })
}

describe('answers that come at once', () => {
  it('are handed over in turns: what follows from the first is sent before the last is worked on, on the same connections', async () => {
    const events: string[] = []
    const { origin, connections } = await answersAtOnce((what) => events.push(what))
    const http = client()
    await Promise.all(
      Array.from({ length: MANY }, async () => {
        await get(http, origin)
        events.push('answer')
        await get(http, origin)
      }),
    )
    expect(events.filter((event) => event === 'answer')).toHaveLength(MANY)
    expect(events.indexOf('request')).toBeLessThan(events.lastIndexOf('answer'))
    expect(connections()).toBe(MANY)
  })

  it('are not taken away from those that wait for their turn by a signal that comes meanwhile', async () => {
    const { origin } = await answersAtOnce(() => {})
    const http = client()
    const ended = new AbortController()
    const answers = Array.from({ length: MANY }, (_, index) =>
      get(http, origin, index === 0 ? {} : { signal: ended.signal }).then(({ status }) => status),
    )
    await Promise.any(answers)
    ended.abort()
    const outcomes = await Promise.allSettled(answers)
    // All had come by then: they were written in one go before the first was read.
    expect(outcomes.map((outcome) => outcome.status)).toEqual(answers.map(() => 'fulfilled'))
  })
})
