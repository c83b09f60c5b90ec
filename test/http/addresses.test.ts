import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPublicAddress } from '../../src/core/address.ts'
import type { Resolve } from '../../src/http/connect.ts'
import { client, failure, get, server } from './client.ts'
import { answerText } from './raw-server.ts'

describe('P09 the origin', () => {
  it('a request to another origin than the saved one is refused before a connection is made', async () => {
    const { origin, connections } = await server((socket) => socket.end(answerText(200)))
    const error = await failure(client().request({ method: 'GET', url: new URL(origin), origin: 'https://crm.example' }))
    expect(error.code).toBe('usage')
    expect(connections()).toBe(0)
  })

  it.each([
    ['another port', 'https://crm.example:8443/'],
    ['another scheme', 'http://crm.example/'],
    ['a longer host', 'https://crm.example.evil.test/'],
    ['a subdomain', 'https://api.crm.example/'],
  ])('%s is another origin', async (_what, address) => {
    const error = await failure(client().request({ method: 'GET', url: new URL(address), origin: 'https://crm.example' }))
    expect(error).toMatchObject({ code: 'usage', message: expect.stringContaining('was refused') })
  })

  it('an address with a user name or password is refused, and neither is shown', async () => {
    const error = await failure(get(client(), 'https://ann:canary@crm.example/'))
    expect(error.code).toBe('usage')
    expect(error.message).not.toMatch(/ann|canary/)
  })
})

describe('P09 the scheme', () => {
  it.each(['http://crm.example/', 'http://192.168.1.5/', 'http://0.0.0.0/', 'http://127.0.0.1.nip.io/', 'http://localhost.example/'])(
    'plain http to %s is refused',
    async (address) => {
      expect(await failure(get(client(), address))).toMatchObject({ code: 'usage', message: expect.stringContaining('not allowed') })
    },
  )

  it.each(['ftp://127.0.0.1/', 'ws://127.0.0.1/'])('%s is refused', async (address) => {
    expect((await failure(get(client(), address))).code).toBe('usage')
  })

  it.each(['127.0.0.1', 'localhost', '127.8.9.1'])('plain http to %s is allowed', async (host) => {
    const { port } = await server((socket) => socket.end(answerText(204)))
    const outcome = await get(client(), `http://${host}:${port}/`).then(
      ({ status }) => status,
      (error) => error.code,
    )
    // The server listens on 127.0.0.1 alone: the other address may find nobody, but it may be asked.
    expect([204, 'unreachable']).toContain(outcome)
  })
})

/** Resolves every name to these addresses, one set after the other; the last one for ever. */
function resolveTo(...turns: readonly (readonly string[])[]): Resolve & { readonly asked: string[] } {
  const asked: string[] = []
  const resolve: Resolve = (hostname, _options, callback) => {
    const addresses = turns[Math.min(asked.length, turns.length - 1)] ?? []
    asked.push(hostname)
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }
  return Object.assign(resolve, { asked })
}

describe('P09 the connected address', () => {
  it.each([[['192.0.2.7']], [['127.0.0.1', '192.0.2.7']], [['2001:db8::1']]])(
    'localhost that leads to %j is not connected to over http',
    async (addresses) => {
      const error = await failure(get(client({ resolve: resolveTo(addresses) }), 'http://localhost:9/'))
      expect(error).toMatchObject({ code: 'usage', message: expect.stringContaining('does not lead to this machine') })
    },
  )

  it.each([[['10.0.0.7']], [['169.254.169.254']], [['8.8.8.8', '192.168.1.1']], [['::1']], [['fd00::7']]])(
    'a public name that leads to %j is not connected to where only public addresses are allowed',
    async (addresses) => {
      const error = await failure(get(client({ resolve: resolveTo(addresses) }), 'https://crm.example/', { publicOnly: true }))
      expect(error).toMatchObject({ code: 'usage', message: expect.stringContaining('not on the public internet') })
    },
  )

  it('the address that was checked is the one connected to: a name is resolved once for a connection', async () => {
    const { port } = await server((socket) => socket.end(answerText(200)))
    const resolve = resolveTo(['127.0.0.1'], ['192.0.2.7'])
    expect((await get(client({ resolve }), `http://localhost:${port}/`)).status).toBe(200)
    expect(resolve.asked).toEqual(['localhost'])
  })

  it('a name that leads elsewhere by the time of the next connection is refused then', async () => {
    const { port } = await server((socket) => socket.end(answerText(200, ['connection: close'])))
    const http = client({ resolve: resolveTo(['127.0.0.1'], ['192.0.2.7']) })
    await get(http, `http://localhost:${port}/`)
    expect(await failure(get(http, `http://localhost:${port}/`))).toMatchObject({ code: 'usage' })
  })

  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '0x7f.1',
    '2130706433',
    '017700000001',
    '224.0.0.1',
    '255.255.255.255',
    '[::1]',
    '[::]',
    '[fe80::1]',
    '[fc00::1]',
    '[::ffff:8.8.8.8]',
    '[64:ff9b::808:808]',
    '[2002:7f00:1::]',
    'localhost',
    'api.localhost',
    'LOCALHOST.',
    'metadata.google.internal',
  ])('%s is refused where only public addresses are allowed', async (host) => {
    const error = await failure(get(client(), `https://${host}/`, { publicOnly: true }))
    expect(error).toMatchObject({ code: 'usage', message: expect.stringContaining('not on the public internet') })
    expect(error.hint).toContain('--allow-private-network')
  })

  it('a connection that was made without the check is not used for a request that asks for it', async () => {
    const { origin, connections } = await server((socket) => socket.write(answerText(200)))
    const http = client()
    await get(http, origin)
    expect((await failure(get(http, origin, { publicOnly: true }))).code).toBe('usage')
    expect(connections()).toBe(1)
  })
})

describe('public addresses', () => {
  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '192.167.255.255', '100.128.0.1', '223.255.255.255', '2606:4700::1111', '2a00:1450::1'])(
    '%s is public',
    (address) => expect(isPublicAddress(address)).toBe(true),
  )

  it('no address of the private networks is public', () => {
    const byte = fc.integer({ min: 0, max: 255 })
    const network = fc.constantFrom('10', '127', '0', '192.168', '169.254', '198.18', '198.19', '255', '240')
    fc.assert(
      fc.property(network, byte, byte, byte, (start, ...rest) => {
        const address = [...start.split('.'), ...rest].slice(0, 4).join('.')
        return !isPublicAddress(address) && !isPublicAddress(`::ffff:${address}`) && !isPublicAddress(`64:ff9b::${address}`)
      }),
    )
  })

  it('what is no address is not public', () => {
    fc.assert(fc.property(fc.string(), (text) => !isPublicAddress(`${text} `)))
  })
})
