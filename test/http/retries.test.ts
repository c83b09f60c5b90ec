import { describe, expect, it } from 'vitest'
import type { HttpMethod } from '../../src/core/ports.ts'
import { backoffMs, retryAfterMs } from '../../src/http/retry.ts'
import { until } from '../support/until.ts'
import { client, failure, get, server } from './client.ts'
import { type Answer, answerText } from './raw-server.ts'

/** Gives the answers in turn, the last one for ever. */
const inTurn =
  (...answers: readonly string[]): Answer =>
  (socket, _request, index) =>
    socket.end(answers[Math.min(index, answers.length - 1)] ?? '')

describe('retries', () => {
  it.each([429, 503])('a read that meets %i is repeated, and the good answer given', async (status) => {
    const { origin, requests } = await server(inTurn(answerText(status), answerText(status), answerText(200, [], 'ok')))
    expect((await get(client(), origin, { tries: 3 })).body.toString()).toBe('ok')
    expect(requests).toHaveLength(3)
  })

  it.each([429, 503])('after three tries the last %i is the answer', async (status) => {
    const { origin, requests } = await server(inTurn(answerText(status)))
    const target = new URL(origin)
    expect((await client().request({ method: 'GET', url: target, origin })).status).toBe(status)
    expect(requests).toHaveLength(3)
  })

  it.each([400, 401, 403, 404, 408, 409, 422, 500, 502, 504])('a %i is not repeated', async (status) => {
    const { origin, requests } = await server(inTurn(answerText(status)))
    expect((await get(client(), origin, { tries: 3 })).status).toBe(status)
    expect(requests).toHaveLength(1)
  })

  it('a read on a broken connection is repeated', async () => {
    const { origin, requests } = await server(inTurn('', answerText(200)))
    expect((await get(client(), origin, { tries: 3 })).status).toBe(200)
    expect(requests).toHaveLength(2)
  })

  it('HEAD is a read', async () => {
    const { origin, requests } = await server(inTurn(answerText(503), 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n'))
    expect((await get(client(), origin, { method: 'HEAD', tries: 3 })).status).toBe(200)
    expect(requests).toHaveLength(2)
  })

  const writes: HttpMethod[] = ['POST', 'PUT', 'PATCH', 'DELETE']
  it.each(writes)('a %s that was sent is never repeated: not on 503, not on a broken connection', async (method) => {
    const busy = await server(inTurn(answerText(503)))
    const cut = await server(inTurn(''))
    const request = { method, body: '{}', tries: 3 }
    expect((await get(client(), busy.origin, request)).status).toBe(503)
    expect((await failure(get(client(), cut.origin, request))).code).toBe('unreachable')
    expect([busy.requests.length, cut.requests.length]).toEqual([1, 1])
  })

  it('a write of which no byte was sent is repeated', async () => {
    const lines: string[] = []
    const stuck = await server(() => {})
    const http = client({ deadlines: { connectMs: 30 }, log: (line) => lines.push(line) })
    await failure(get(http, `https://127.0.0.1:${stuck.port}/`, { method: 'POST', body: '{}', tries: 2 }))
    // A connection may be given up on before the server has taken it.
    await until(() => stuck.connections() === 2)
    expect(lines.filter((line) => line.startsWith('POST'))).toHaveLength(2)
  })

  it('tries: 1 turns retries off', async () => {
    const { origin, requests } = await server(inTurn(answerText(503)))
    await get(client(), origin, { tries: 1 })
    expect(requests).toHaveLength(1)
  })
})

describe('Retry-After', () => {
  it('is waited for where it is up to 30 s', async () => {
    const lines: string[] = []
    const { origin, requests } = await server(inTurn(answerText(429, ['retry-after: 0']), answerText(200)))
    await get(client({ retryBaseMs: 60_000, log: (line) => lines.push(line) }), origin, { tries: 3 })
    expect(requests).toHaveLength(2)
    expect(lines[1]).toBe('repeat in 0 ms (try 2 of 3)')
  })

  it('above 30 s ends the request with the answer at once', async () => {
    const { origin, requests } = await server(inTurn(answerText(429, ['retry-after: 31'])))
    expect((await get(client(), origin, { tries: 3 })).headers['retry-after']).toBe('31')
    expect(requests).toHaveLength(1)
  })

  it('beyond the time of the request ends it with the answer at once', async () => {
    const { origin, requests } = await server(inTurn(answerText(503, ['retry-after: 20'])))
    expect((await get(client(), origin, { tries: 3, timeoutMs: 10_000 })).status).toBe(503)
    expect(requests).toHaveLength(1)
  })

  const now = Date.parse('2026-01-01T00:00:00Z')
  const response = (value: string) => ({ status: 429, headers: { 'retry-after': value }, body: Buffer.alloc(0), latencyMs: 1 })
  it.each([
    ['7', 7_000],
    ['0', 0],
    ['Thu, 01 Jan 2026 00:00:09 GMT', 9_000],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['', undefined],
  ])('%j means %s ms', (value, milliseconds) => expect(retryAfterMs(response(value), now)).toBe(milliseconds))
})

describe('the wait between tries', () => {
  it('has full jitter below a bound that doubles', () => {
    for (let round = 0; round < 200; round++) {
      expect(backoffMs(1, 500)).toBeLessThanOrEqual(500)
      expect(backoffMs(2, 500)).toBeLessThanOrEqual(1_000)
    }
    expect(new Set(Array.from({ length: 50 }, () => backoffMs(2, 500))).size).toBeGreaterThan(1)
  })
})

describe('connections', () => {
  it('are reused', async () => {
    const { origin, connections } = await server((socket) => socket.write(answerText(200)))
    const http = client()
    for (let index = 0; index < 5; index++) await get(http, origin)
    expect(connections()).toBe(1)
  })

  it('never exceed the limit of one origin', async () => {
    const held: (() => void)[] = []
    const { origin, connections, requests } = await server((socket) => {
      held.push(() => socket.write(answerText(200)))
      if (held.length === 3) for (const answer of held.splice(0)) answer()
    })
    const http = client({ connections: 3 })
    await Promise.all(Array.from({ length: 9 }, () => get(http, origin)))
    expect(requests).toHaveLength(9)
    expect(connections()).toBe(3)
  })
})
