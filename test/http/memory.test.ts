import { describe, expect, it } from 'vitest'
import { getInChild } from './child.ts'
import { server } from './client.ts'
import { answerText, flood } from './raw-server.ts'

const MIB = 1024 * 1024

describe('P10 memory', () => {
  const attacks: [string, string, Buffer][] = [
    ['an endless body', 'HTTP/1.1 200 OK\r\n\r\n', Buffer.alloc(64 * 1024, 'a')],
    ['a body in chunks of one byte', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', Buffer.from('1\r\na\r\n'.repeat(10_000))],
    ['endless headers', 'HTTP/1.1 200 OK\r\n', Buffer.from('x-a: b\r\n'.repeat(8_000))],
    ['one endless header', 'HTTP/1.1 200 OK\r\nx-a: ', Buffer.alloc(64 * 1024, 'a')],
    ['endless interim answers', '', Buffer.from('HTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n'.repeat(2_000))],
  ]
  it.each(attacks)('%s costs less than 150 MiB', async (_what, head, block) => {
    const plain = await server((socket) => socket.end(answerText(200)))
    const hostile = await server((socket) => flood(socket, head, block))
    const [calm, attacked] = await Promise.all([getInChild(plain.origin), getInChild(hostile.origin, {}, 2_000)])
    expect(calm).toMatchObject({ status: 200 })
    expect(attacked.status).toBeUndefined()
    expect(attacked.peakBytes - calm.peakBytes).toBeLessThan(150 * MIB)
  })

  const size = 8 * MIB - 64
  const documents: [string, string][] = [
    ['a list of a million empty lists', `[${'[],'.repeat(size / 3)}[]]`],
    ['nothing but opening brackets', '['.repeat(size)],
    ['as many small objects as are read', `[${'{"a":{}},'.repeat(160_000)}{}]`],
    ['an object of many members', `{${Array.from({ length: 400_000 }, (_, index) => `"k${index}":1,`).join('')}"z":1}`],
    ['one long text', `"${'a'.repeat(size)}"`],
  ]
  it.each(documents)('JSON that is %s costs less than 150 MiB', async (_what, body) => {
    const plain = await server((socket) => socket.end(answerText(200)))
    const hostile = await server((socket) => socket.end(answerText(200, ['content-type: application/json'], body)))
    const [calm, attacked] = await Promise.all([getInChild(plain.origin), getInChild(hostile.origin)])
    expect(attacked.code).not.toBe('unknown')
    expect(attacked.peakBytes - calm.peakBytes).toBeLessThan(150 * MIB)
  })
})
