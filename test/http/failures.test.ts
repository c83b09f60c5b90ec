import { describe, expect, it } from 'vitest'
import { until } from '../support/until.ts'
import { client, failure, get, server, told } from './client.ts'
import { answerText } from './raw-server.ts'

const post = { method: 'POST', body: '{}' } as const

/** The port of a server that is gone. */
async function freePort(): Promise<number> {
  const gone = await server(() => {})
  await gone.close()
  return gone.port
}

describe('broken connections', () => {
  it('a name that does not exist is unreachable, and said to be the matter', async () => {
    const error = await failure(get(client(), 'https://crm.invalid/'))
    expect(error).toMatchObject({ code: 'unreachable', message: expect.stringContaining('the host crm.invalid') })
    expect(told(error)).not.toMatch(/getaddrinfo|ENOTFOUND|EAI_/)
  })

  it('a port where nobody listens is unreachable, tried once, and said to be the matter', async () => {
    const lines: string[] = []
    const port = await freePort()
    const error = await failure(get(client({ log: (line) => lines.push(line) }), `http://127.0.0.1:${port}/`, { tries: 3 }))
    expect(error).toMatchObject({ code: 'unreachable', message: `nothing answers at 127.0.0.1:${port}` })
    expect(told(error)).not.toContain('ECONNREFUSED')
    expect(lines).toHaveLength(1)
  })

  const cuts: [string, string][] = [
    ['before its answer', ''],
    ['in the middle of the head', 'HTTP/1.1 200 OK\r\ncontent-le'],
    ['in the middle of a body of known length', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc'],
    ['in the middle of a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n64\r\nabc'],
  ]
  it.each(cuts)('a server that hangs up %s is unreachable', async (_when, sent) => {
    const { origin } = await server((socket) => socket.end(sent))
    const error = await failure(get(client(), origin))
    expect(error).toMatchObject({ code: 'unreachable', message: expect.stringContaining('was cut off') })
    expect(told(error)).not.toMatch(/other side|UND_ERR|ECONNRESET/)
  })

  it('a reset in the middle of the body is unreachable', async () => {
    const { origin } = await server((socket) =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc', () => socket.resetAndDestroy()),
    )
    expect(await failure(get(client(), origin))).toMatchObject({ code: 'unreachable', message: expect.stringContaining('was cut off') })
  })

  it.each(['SSH-2.0-OpenSSH_9.6\r\n', 'HTTP/9.9 canary\r\n\r\n'])(
    'an answer that is not HTTP is the fault of the server, and is not shown',
    async (bytes) => {
      const { origin } = await server((socket) => socket.end(bytes))
      const error = await failure(get(client(), origin))
      expect(error).toMatchObject({ code: 'provider_error', message: expect.stringContaining('does not speak HTTP') })
      expect(`${told(error)} ${String(error.cause)}`).not.toMatch(/OpenSSH|canary/)
      expect(error.cause).toBeUndefined()
    },
  )

  it('an answer that gives two lengths is refused', async () => {
    const { origin } = await server((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'))
    expect((await failure(get(client(), origin))).code).toBe('unreachable')
  })

  it('bytes after an answer are not taken for the next one', async () => {
    const { origin } = await server((socket, _request, index) =>
      socket.write(answerText(200, [], `${index}`) + answerText(200, [], 'smuggled')),
    )
    const http = client()
    expect((await get(http, origin)).body.toString()).toBe('0')
    expect((await get(http, origin)).body.toString()).toBe('1')
  })

  it('each of DNS, refused and cut off has words of its own', async () => {
    const cut = await server((socket) => socket.end())
    const errors = await Promise.all([
      failure(get(client(), 'https://crm.invalid/')),
      failure(get(client(), `http://127.0.0.1:${await freePort()}/`)),
      failure(get(client(), cut.origin)),
    ])
    expect(new Set(errors.map(({ reason }) => reason)).size).toBe(3)
    expect(errors.every(({ hint }) => hint !== undefined)).toBe(true)
  })
})

describe('cancellation', () => {
  it('a signal that has fired sends nothing', async () => {
    const { origin, connections } = await server((socket) => socket.end(answerText(200)))
    expect((await failure(get(client(), origin, { signal: AbortSignal.abort() }))).code).toBe('cancelled')
    expect(connections()).toBe(0)
  })

  it('a signal ends a request that waits for its answer, and closes the connection', async () => {
    const hanging = await server(() => {})
    const cancel = new AbortController()
    const waiting = failure(get(client(), hanging.origin, { signal: cancel.signal, tries: 3 }))
    await until(() => hanging.requests.length === 1)
    cancel.abort()
    expect((await waiting).code).toBe('cancelled')
    await until(() => hanging.open() === 0)
    expect(hanging.requests).toHaveLength(1)
  })

  it('a signal ends the wait before the next try', async () => {
    const busy = await server((socket) => socket.write(answerText(503, ['retry-after: 20'])))
    const cancel = new AbortController()
    const waiting = failure(
      get(client({ log: (line) => line.startsWith('repeat') && cancel.abort() }), busy.origin, { signal: cancel.signal, tries: 3 }),
    )
    expect((await waiting).code).toBe('cancelled')
  })

  it('a write that was cancelled while it waited for a connection is never sent', async () => {
    const busy = await server(() => {})
    const http = client({ connections: 1 })
    const first = failure(get(http, busy.origin))
    await until(() => busy.requests.length === 1)
    const cancel = new AbortController()
    const second = failure(get(http, busy.origin, { ...post, signal: cancel.signal }))
    cancel.abort()
    expect((await second).code).toBe('cancelled')
    const third = failure(get(http, `${busy.origin}/third`))
    await http.close()
    await Promise.all([first, third])
    expect(busy.requests.some((request) => request.startsWith('POST'))).toBe(false)
  })

  it('the time limit of a signal is a time-out', async () => {
    const { origin } = await server(() => {})
    expect((await failure(get(client(), origin, { signal: AbortSignal.timeout(20) }))).code).toBe('unreachable')
  })

  it('closing the client ends what is under way', async () => {
    const hanging = await server(() => {})
    const http = client()
    const waiting = failure(get(http, hanging.origin))
    await until(() => hanging.requests.length === 1)
    await http.close()
    expect((await waiting).code).toBe('cancelled')
    await until(() => hanging.open() === 0)
  })

  it('closing the client ends a connection that is still being made', async () => {
    const hanging = await server(() => {})
    const http = client()
    const waiting = failure(get(http, `https://127.0.0.1:${hanging.port}/`))
    await until(() => hanging.open() === 1)
    await http.close()
    expect((await waiting).code).toBe('cancelled')
    await until(() => hanging.open() === 0)
  })
})
