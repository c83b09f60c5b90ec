import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { until } from '../support/until.ts'
import { client, failure, get, server, told } from './client.ts'
import { answerText } from './raw-server.ts'

/**
 * A client that is short of one kind of time only. After a stall of the machine, timers run before what has arrived meanwhile is read: a
 * second short deadline could be the one that ends the request.
 */
const shortOf = (limit: 'connectMs' | 'headersMs' | 'idleMs') => client({ deadlines: { [limit]: 80 } })

/** Writes a byte every few milliseconds until the connection is gone. */
function drip(socket: NodeJS.WritableStream & { readonly destroyed: boolean }, byte: string): void {
  const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : socket.write(byte)), 10)
}

describe('deadlines', () => {
  it('a server that takes the request and never answers is given up on', async () => {
    const { origin } = await server(() => {})
    const error = await failure(get(shortOf('headersMs'), origin))
    expect(error.code).toBe('unreachable')
    expect(error.message).toContain('did not answer within 80 ms')
  })

  it('a head that comes byte by byte is given up on, however lively', async () => {
    const { origin } = await server((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nx-slow: ')
      drip(socket, 'a')
    })
    expect((await failure(get(shortOf('headersMs'), origin))).message).toContain('did not answer within')
  })

  it('interim answers do not extend the deadline of the head', async () => {
    const { origin } = await server((socket) => drip(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n'))
    expect((await failure(get(shortOf('headersMs'), origin))).message).toContain('did not answer within')
  })

  it('a body that stops is given up on', async () => {
    const { origin } = await server((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc'))
    const error = await failure(get(shortOf('idleMs'), origin))
    expect(error.code).toBe('unreachable')
    expect(error.message).toContain('stopped in the middle of its answer')
  })

  it('a body that drips for ever ends with the time of the request', async () => {
    const { origin } = await server((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      drip(socket, 'a')
    })
    const error = await failure(get(client(), origin, { timeoutMs: 200 }))
    expect(error.code).toBe('unreachable')
    expect(error.message).toContain('was not done within 0.2 s')
  })

  it('chunk extensions are not taken for a body that goes on', async () => {
    const { origin } = await server((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;')
      drip(socket, 'x')
    })
    expect((await failure(get(shortOf('idleMs'), origin))).message).toContain('stopped in the middle')
  })

  it('a TLS handshake that never ends is given up on', async () => {
    const { port } = await server(() => {})
    const error = await failure(get(shortOf('connectMs'), `https://127.0.0.1:${port}/`))
    expect(error.code).toBe('unreachable')
    expect(error.message).toContain('no connection to')
  })

  it('a connection that was given up on is closed', async () => {
    const hanging = await server(() => {})
    await failure(get(shortOf('headersMs'), hanging.origin))
    await until(() => hanging.open() === 0)
  })

  it('each time-out has words of its own', async () => {
    const silent = await server(() => {})
    const stuck = await server((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc'))
    const texts = await Promise.all([
      failure(get(shortOf('headersMs'), silent.origin)).then(told),
      failure(get(shortOf('idleMs'), stuck.origin)).then(told),
      failure(get(shortOf('connectMs'), `https://127.0.0.1:${silent.port}/`)).then(told),
      failure(get(client(), silent.origin, { timeoutMs: 50 })).then(told),
    ])
    expect(new Set(texts.map((text) => text.replaceAll(/:\d+/g, ''))).size).toBe(4)
  })
})

describe('caps', () => {
  const http = () => client({ deadlines: { requestMs: 20_000 } })

  it('an endless body is cut off at 8 MiB, and its connection closed', async () => {
    let written = 0
    const endless = await server((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      const block = Buffer.alloc(64 * 1024, 'a')
      const pump = () => {
        while (!socket.destroyed && socket.write(block)) written += block.length
        if (!socket.destroyed) socket.once('drain', pump)
      }
      pump()
    })
    const error = await failure(get(http(), endless.origin))
    expect(error.code).toBe('provider_error')
    expect(told(error)).toContain('8388608 bytes')
    await until(() => endless.open() === 0)
    expect(written).toBeLessThan(64 * 1024 * 1024)
  })

  it('a body that is announced as too large is not read at all', async () => {
    const { origin } = await server((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 8388609\r\n\r\n'))
    expect((await failure(get(http(), origin))).message).toContain('too large')
  })

  it('a body of exactly the cap is read whole', async () => {
    const { origin } = await server((socket) => socket.end(answerText(200, [], 'a'.repeat(1_000))))
    expect((await get(http(), origin, { maxBytes: 1_000 })).body).toHaveLength(1_000)
  })

  it('a request may set a lower cap', async () => {
    const { origin } = await server((socket) => socket.end(`HTTP/1.1 200 OK\r\n\r\n${'a'.repeat(1_001)}`))
    expect((await failure(get(http(), origin, { maxBytes: 1_000 }))).message).toContain('too large')
  })

  it('chunks of one byte are put together', async () => {
    const text = 'a body in many pieces'
    const chunks = Array.from(text, (letter) => `1\r\n${letter}\r\n`).join('')
    const { origin } = await server((socket) => socket.end(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`))
    expect((await get(http(), origin)).body.toString()).toBe(text)
  })

  it.each([
    ['one header', `x-big: ${'a'.repeat(33 * 1024)}`],
    ['many headers', Array.from({ length: 3_000 }, (_, index) => `x-${index}: aaaaaaaa`).join('\r\n')],
  ])('%s of more than 32 KiB is refused', async (_what, lines) => {
    const { origin } = await server((socket) => socket.end(answerText(200, [lines])))
    const error = await failure(get(http(), origin))
    expect(error.code).toBe('provider_error')
    expect(told(error)).toContain('32 KiB')
  })

  it('headers of 30 KiB are read', async () => {
    const { origin } = await server((socket) => socket.end(answerText(200, [`x-big: ${'a'.repeat(30 * 1024)}`])))
    expect((await get(http(), origin)).headers['x-big']).toHaveLength(30 * 1024)
  })
})

describe('content encoding', () => {
  it('identity is asked for, whatever the caller says', async () => {
    const asked = await server((socket) => socket.end(answerText(200)))
    await get(client(), asked.origin)
    expect(asked.requests[0]).toContain('accept-encoding: identity\r\n')
  })

  it.each(['gzip', 'br', 'deflate', 'zstd', 'gzip, gzip', 'GZIP'])('an answer in %s is refused unread', async (encoding) => {
    const bomb = gzipSync(Buffer.alloc(1024 * 1024)).toString('latin1')
    const { origin } = await server((socket) => socket.end(Buffer.from(answerText(200, [`content-encoding: ${encoding}`], bomb), 'latin1')))
    const error = await failure(get(client(), origin))
    expect(error.code).toBe('provider_error')
    expect(error.message).toContain('compressed')
  })

  it('an answer that says identity is read', async () => {
    const { origin } = await server((socket) => socket.end(answerText(200, ['content-encoding: identity'], 'plain')))
    expect((await get(client(), origin)).body.toString()).toBe('plain')
  })
})
