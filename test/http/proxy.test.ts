import { beforeAll, describe, expect, it } from 'vitest'
import { CrmError } from '../../src/core/errors.ts'
import { Secret } from '../../src/core/secret.ts'
import { type ProxyRules, proxyRules } from '../../src/http/proxy-rules.ts'
import { until } from '../support/until.ts'
import { type Certificates, makeCertificates } from './certificates.ts'
import { client, failure, get, proxy, server, told } from './client.ts'
import type { ProxyServer } from './proxy-server.ts'
import { answerText } from './raw-server.ts'

let certificates: Certificates

beforeAll(() => {
  certificates = makeCertificates()
})

/** The server of elsewhere.example, which no name server knows: only the proxy leads to it. */
const elsewhere = () => server((socket) => socket.write(answerText(200, [], 'ok')), certificates.otherHost)

const rules = ({ port }: Pick<ProxyServer, 'port'>, more: Readonly<Record<string, string>> = {}): ProxyRules =>
  proxyRules({ HTTPS_PROXY: `http://127.0.0.1:${port}`, ...more })

const through = (proxies: ProxyRules, more = {}) => client({ proxies, extraCa: certificates.authority, ...more })

describe('P09 a proxy', () => {
  it('gets a CONNECT with the name of the server, which it resolves, and nothing of the request', async () => {
    const target = await elsewhere()
    const via = await proxy({ route: () => target.port })
    const asked: string[] = []
    const http = through(rules(via), {
      resolve: (name: string, _options: unknown, callback: (error: Error) => void) => {
        asked.push(name)
        callback(new Error('not asked'))
      },
    })
    const response = await get(http, 'https://elsewhere.example/path?q=1', { headers: { authorization: new Secret('canary') } })
    expect(response).toMatchObject({ status: 200, tlsIssuer: 'Authority of the tests' })
    expect(via.asked).toEqual(['elsewhere.example:443'])
    expect(via.others).toEqual([])
    expect(JSON.stringify(via.headers)).not.toMatch(/canary|path/)
    expect(Object.keys(via.headers[0] ?? {}).sort()).toEqual(['connection', 'host'])
    expect(target.requests[0]).toContain('authorization: canary')
    expect(asked).toEqual([])
  })

  it('is asked once for a connection that several requests use', async () => {
    const target = await elsewhere()
    const via = await proxy({ route: () => target.port })
    const http = through(rules(via))
    for (let round = 0; round < 3; round += 1) await get(http, 'https://elsewhere.example/')
    expect(via.asked).toHaveLength(1)
    expect(target.requests).toHaveLength(3)
  })

  it('may be spoken to over TLS itself', async () => {
    const target = await elsewhere()
    const via = await proxy({ route: () => target.port, tls: certificates.good })
    const http = through(proxyRules({ HTTPS_PROXY: `https://localhost:${via.port}` }))
    expect((await get(http, 'https://elsewhere.example/')).status).toBe(200)
    const untrusting = client({ proxies: proxyRules({ HTTPS_PROXY: `https://localhost:${via.port}` }) })
    const error = await failure(get(untrusting, 'https://elsewhere.example/'))
    expect(error).toMatchObject({ code: 'unreachable', retryable: false, message: `no connection through the proxy localhost:${via.port}` })
    expect(error.reason).toContain('is not trusted')
  })

  it.each(['127.0.0.1', 'localhost', 'crm.localhost'])('is not used for %s', async (host) => {
    const target = await server((socket) => socket.write(answerText(200)), certificates.good)
    const via = await proxy({ route: () => target.port })
    await get(through(rules(via)), `https://${host}:${target.port}/`).catch((error) => expect(error).toBeInstanceOf(CrmError))
    expect(via.asked).toEqual([])
  })

  it('cannot read or change what is sent: the certificate is checked end to end', async () => {
    const impostor = await server((socket) => socket.write(answerText(200)), certificates.selfSigned)
    const via = await proxy({ route: () => impostor.port })
    const error = await failure(get(through(rules(via)), 'https://elsewhere.example/', { headers: { authorization: 'canary' } }))
    expect(error).toMatchObject({ code: 'unreachable', message: 'the certificate of elsewhere.example is self-signed' })
    expect(error.reason).toContain(`the proxy 127.0.0.1:${via.port} may`)
    expect(impostor.requests).toEqual([])
  })

  it('does not open the way to a host that is refused by its name', async () => {
    const via = await proxy()
    expect((await failure(get(through(rules(via)), 'https://10.0.0.7/', { publicOnly: true }))).code).toBe('usage')
    expect((await failure(get(through(rules(via)), 'https://metadata.google.internal/', { publicOnly: true }))).code).toBe('usage')
    expect(via.asked).toEqual([])
  })
})

describe('the credentials of a proxy', () => {
  const address = (via: ProxyServer, credentials: string) => proxyRules({ HTTPS_PROXY: `http://${credentials}@127.0.0.1:${via.port}` })

  it('are sent to it, and to it alone', async () => {
    const target = await elsewhere()
    const via = await proxy({ route: () => target.port, credentials: 'ann:p@ss:wörd' })
    const http = through(address(via, 'ann:p%40ss%3Aw%C3%B6rd'))
    expect((await get(http, 'https://elsewhere.example/')).status).toBe(200)
    expect(target.requests[0]).not.toMatch(/proxy-authorization/i)
  })

  it.each([
    ['missing', '', 'wants a user name and a password (407)'],
    ['wrong', 'ann:canary-password@', 'refused the user name and password (407)'],
  ])('%s ones are told apart, named by their variable and never shown', async (_what, credentials, words) => {
    const lines: string[] = []
    const via = await proxy({ credentials: 'ann:right' })
    const http = through(proxyRules({ https_proxy: `http://${credentials}127.0.0.1:${via.port}` }), {
      log: (line: string) => lines.push(line),
    })
    const error = await failure(get(http, 'https://elsewhere.example/', { tries: 3 }))
    expect(error).toMatchObject({ code: 'unreachable', retryable: false, message: `the proxy 127.0.0.1:${via.port} ${words}` })
    expect(told(error)).toContain('https_proxy')
    expect(`${told(error)} ${lines.join()} ${JSON.stringify(error)} ${error.stack}`).not.toMatch(/canary|Y2FuYXJ5/)
    expect(via.asked).toHaveLength(1)
  })

  it('are secrets for the output filter, raw and encoded', () => {
    const secrets: string[] = []
    Secret.observe((value) => secrets.push(value))
    try {
      proxyRules({ HTTPS_PROXY: 'http://ann:canary-password@proxy.example:3128' })(new URL('https://crm.example/'))
    } finally {
      Secret.observe(undefined)
    }
    expect(secrets).toContain('canary-password')
    expect(secrets).toContain(Buffer.from('ann:canary-password').toString('base64'))
  })
})

describe('a proxy that fails', () => {
  const failing = (via: { readonly port: number }, more = {}) => failure(get(through(rules(via), more), 'https://elsewhere.example/'))

  it.each([
    [403, 'its rules do not let this connection through', false],
    [502, 'it found no way to the server', true],
    [504, 'it found no way to the server', true],
  ])('status %i is unreachable, with the proxy named', async (status, words, retryable) => {
    const via = await proxy({ answer: (socket) => socket.end(`HTTP/1.1 ${status} X\r\ncontent-length: 6\r\n\r\ncanary`) })
    const error = await failing(via)
    expect(error).toMatchObject({ code: 'unreachable', retryable })
    expect(error.message).toBe(`the proxy 127.0.0.1:${via.port} does not connect to elsewhere.example (${status})`)
    expect(error.reason).toContain(words)
    expect(told(error)).not.toContain('canary')
  })

  it('one that is not there is said to be the matter', async () => {
    const gone = await proxy()
    await gone.close()
    const error = await failing(gone)
    expect(error).toMatchObject({ code: 'unreachable', message: `no connection through the proxy 127.0.0.1:${gone.port}` })
    expect(error.reason).toContain('no server listens')
    expect(error.hint).toContain('NO_PROXY=elsewhere.example')
  })

  it('one whose name nobody knows is said to be the matter', async () => {
    const http = through(proxyRules({ HTTPS_PROXY: 'http://proxy.invalid:3128' }))
    const error = await failure(get(http, 'https://elsewhere.example/'))
    expect(error).toMatchObject({ code: 'unreachable', message: 'no connection through the proxy proxy.invalid:3128' })
    expect(error.reason).toContain('the host proxy.invalid')
  })

  it.each([
    ['hangs up', ''],
    ['speaks something else', 'SSH-2.0-canary\r\n'],
    ['talks before the handshake', 'HTTP/1.1 200 OK\r\n\r\ncanary'],
    ['sends headers without end', `HTTP/1.1 200 OK\r\nx: ${'canary'.repeat(10_000)}\r\n\r\n`],
  ])('one that %s is unreachable', async (_what, bytes) => {
    const via = await proxy({ answer: (socket) => socket.end(bytes) })
    const error = await failing(via)
    expect(error).toMatchObject({ code: 'unreachable', message: `no connection through the proxy 127.0.0.1:${via.port}` })
    expect(told(error)).not.toContain('canary')
    await until(() => via.open() === 0)
  })

  it('one that does not answer is given up on within the time for connections, and its connection closed', async () => {
    const via = await proxy({ answer: () => {} })
    const error = await failing(via, { deadlines: { connectMs: 40 } })
    expect(error).toMatchObject({ code: 'unreachable', message: `no connection through the proxy 127.0.0.1:${via.port}` })
    expect(error.reason).toContain('within 40 ms')
    await until(() => via.open() === 0)
  })

  it('a server behind it that does not shake hands is given up on within the same time', async () => {
    const silent = await server(() => {})
    const via = await proxy({ route: () => silent.port })
    // Long enough for the proxy to open the tunnel on any machine: it counts from before the connection to the proxy.
    const error = await failing(via, { deadlines: { connectMs: 2_000 } })
    expect(error).toMatchObject({ code: 'unreachable', message: expect.stringContaining('no connection to elsewhere.example within') })
    await until(() => via.open() === 0 && silent.open() === 0)
  })

  it('closing the client ends a tunnel that is still being made', async () => {
    const via = await proxy({ answer: () => {} })
    const http = through(rules(via))
    const waiting = failure(get(http, 'https://elsewhere.example/'))
    await until(() => via.asked.length === 1)
    await http.close()
    expect((await waiting).code).toBe('cancelled')
    await until(() => via.open() === 0)
  })
})

describe('the variables', () => {
  const shown = (variables: Readonly<Record<string, string>>, address = 'https://crm.example/') =>
    proxyRules(variables)(new URL(address))?.shown

  it.each([
    [{}, undefined],
    [{ HTTPS_PROXY: '' }, undefined],
    [{ HTTPS_PROXY: 'http://a.example:3128' }, 'a.example:3128'],
    [{ https_proxy: 'http://b.example:3128' }, 'b.example:3128'],
    [{ HTTPS_PROXY: 'http://a.example:3128', https_proxy: 'http://b.example:3128' }, 'b.example:3128'],
    [{ HTTPS_PROXY: 'a.example:3128' }, 'a.example:3128'],
    [{ HTTPS_PROXY: ' http://ann:pw@a.example ' }, 'a.example'],
    [{ HTTPS_PROXY: 'http://[2001:db8::1]:3128' }, '[2001:db8::1]:3128'],
    [{ HTTP_PROXY: 'http://a.example', ALL_PROXY: 'http://a.example' }, undefined],
  ])('%j lead through %s', (variables, proxy) => expect(shown(variables as Record<string, string>)).toBe(proxy))

  it.each([
    ['*', true],
    ['crm.example', true],
    ['.crm.example', true],
    ['*.crm.example', true],
    ['other.example, CRM.example', true],
    ['other.example api.crm.example', true],
    ['api.crm.example:8443', true],
    ['api.crm.example:443', false],
    ['m.example', false],
    ['pi.crm.example', false],
    ['other.example', false],
    ['', false],
  ])('NO_PROXY=%s keeps https://api.crm.example:8443 from the proxy: %s', (NO_PROXY, direct) => {
    const variables = { HTTPS_PROXY: 'http://a.example', NO_PROXY }
    expect(shown(variables, 'https://api.crm.example:8443/') === undefined).toBe(direct)
  })

  it.each([
    ['10.0.0.0/8', 'https://10.1.2.3/', true],
    ['10.0.0.0/8', 'https://11.1.2.3/', false],
    ['10.0.0.0/99', 'https://10.1.2.3/', false],
    ['10.1.2.3', 'https://10.1.2.3/', true],
    ['2001:db8::/32', 'https://[2001:db8::7]/', true],
    ['2001:db8::7', 'https://[2001:db8::7]/', true],
    ['[2001:db8::7]:8443', 'https://[2001:db8::7]:8443/', true],
    ['2.3', 'https://10.1.2.3/', false],
  ])('no_proxy=%s keeps %s from the proxy: %s', (no_proxy, address, direct) => {
    expect(shown({ HTTPS_PROXY: 'http://a.example', NO_PROXY: 'unused', no_proxy }, address) === undefined).toBe(direct)
  })

  it.each(['socks5://ann:canary@a.example:1080', 'ftp://canary', 'http://', 'http://ann:%zz-canary@a.example', 'javascript://canary'])(
    '%s is an error of the request that would use it, and is not shown',
    async (HTTPS_PROXY) => {
      const http = client({ proxies: proxyRules({ HTTPS_PROXY, NO_PROXY: 'direct.invalid' }) })
      const error = await failure(get(http, 'https://elsewhere.example/'))
      expect(error).toMatchObject({ code: 'usage', message: 'the proxy of HTTPS_PROXY cannot be used' })
      expect(told(error)).not.toContain('canary')
      expect((await failure(get(http, 'https://direct.invalid/'))).code).toBe('unreachable')
    },
  )
})
