import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isHeaderValue } from '../../src/core/header.ts'
import { Secret } from '../../src/core/secret.ts'
import { client, failure, get, server, told } from './client.ts'
import { answerText } from './raw-server.ts'

const echo = () => server((socket) => socket.end(answerText(200)))

describe('outgoing headers', () => {
  it('a secret is sent as its text', async () => {
    const { origin, requests } = await echo()
    await get(client(), origin, { headers: { api_access_token: new Secret('canary-1') } })
    expect(requests[0]).toContain('api_access_token: canary-1\r\n')
  })

  it.each([
    ['CR LF', 'canary\r\nx-injected: 1'],
    ['LF', 'canary\nx-injected: 1'],
    ['CR', 'canary\rx-injected: 1'],
    ['NUL', 'canary\u0000'],
    ['an escape', 'canary\u001b[2J'],
    ['DEL', 'canary\u007f'],
    ['a letter beyond ASCII', 'canäry'],
    ['a blank at the start', ' canary'],
    ['a tab at the end', 'canary\t'],
    ['nothing', ''],
  ])('a value with %s is refused by the name of its header, unsent and unshown', async (_what, value) => {
    const { origin, connections } = await echo()
    const error = await failure(get(client(), origin, { headers: { 'x-token': new Secret(value) } }))
    expect(error.code).toBe('usage')
    expect(error.message).toContain('x-token')
    expect(`${told(error)} ${inspect(error)}`).not.toMatch(/can.ry|injected/)
    expect(connections()).toBe(0)
  })

  it('every value that is let through arrives as one line', async () => {
    const { origin, requests } = await server((socket) => socket.write(answerText(200)))
    const http = client()
    const value = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(value, async (text) => {
        if (!isHeaderValue(text)) return
        await get(http, origin, { headers: { 'x-token': text } })
        expect(requests.at(-1)).toContain(`\r\nx-token: ${text}\r\n`)
      }),
    )
  })

  it.each([
    'host',
    'Content-Length',
    'transfer-encoding',
    'Connection',
    'Proxy-Authorization',
    'upgrade',
    'te',
    'expect',
    'x token',
    'x:y',
    'x\r\ny',
    '',
  ])('the header %j cannot be set', async (name) => {
    const { origin, connections } = await echo()
    const error = await failure(get(client(), origin, { headers: { [name]: 'x' } }))
    expect(error.code).toBe('usage')
    expect(connections()).toBe(0)
  })

  it('names differing only in case are one header', async () => {
    const { origin, requests } = await echo()
    await get(client({ userAgent: 'crm/1.2.3' }), origin, { headers: { 'User-Agent': 'mine/1' } })
    expect(requests[0]?.match(/user-agent/gi)).toHaveLength(1)
    expect(requests[0]).toContain('mine/1')
  })
})

describe('answers', () => {
  it('repeated headers are joined, and names are in lower case', async () => {
    const { origin } = await server((socket) => socket.end(answerText(200, ['X-One: a', 'x-one: b'])))
    expect((await get(client(), origin)).headers['x-one']).toBe('a, b')
  })

  it('a header named __proto__ is data and nothing else', async () => {
    const { origin } = await server((socket) => socket.end(answerText(200, ['__proto__: polluted', 'constructor: x'])))
    const { headers } = await get(client(), origin)
    expect(Object.getPrototypeOf(headers)).toBeNull()
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it.each([200, 201, 204, 400, 401, 403, 404, 422, 500, 502])('a %i is an answer, not an error', async (status) => {
    const { origin } = await server((socket) => socket.end(answerText(status)))
    expect((await get(client(), origin)).status).toBe(status)
  })

  it('the latency runs from the first byte sent, in whole milliseconds of the clock', async () => {
    let now = 1_000
    const { origin } = await server((socket) => {
      now += 53
      socket.end(answerText(200))
    })
    expect((await get(client({ clock: () => now }), origin)).latencyMs).toBe(53)
  })
})

describe('log lines', () => {
  it('a line has method, address, status, size and time, and neither query nor header nor body', async () => {
    const lines: string[] = []
    const { origin } = await server((socket) => socket.end(answerText(200, ['x-answer: canary'], 'canary')))
    const http = client({ log: (line) => lines.push(line) })
    await get(http, `${origin}/api?token=canary`, { headers: { authorization: new Secret('canary') } })
    expect(lines).toEqual([expect.stringMatching(/^GET http:\/\/127\.0\.0\.1:\d+\/api\?… -> 200, 6 bytes in \d+ ms$/)])
  })

  it('a failed try has a line too', async () => {
    const lines: string[] = []
    const { origin } = await server((socket) => socket.destroy())
    await failure(get(client({ log: (line) => lines.push(line) }), origin, { tries: 2 }))
    expect(lines).toHaveLength(3)
    expect(lines[1]).toMatch(/^repeat in \d+ ms \(try 2 of 2\)$/)
  })
})
