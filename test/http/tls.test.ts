import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Resolve } from '../../src/http/connect.ts'
import { type Certificates, type Identity, makeCertificates } from './certificates.ts'
import { getInChild } from './child.ts'
import { client, failure, get, server, told } from './client.ts'
import { answerText, listen } from './raw-server.ts'

let certificates: Certificates

beforeAll(() => {
  certificates = makeCertificates()
})

const serve = (identity: Identity, options = {}) => server((socket) => socket.end(answerText(200, [], 'ok')), { ...identity, ...options })

describe('P09 TLS', () => {
  it('a certificate of a trusted authority for this host is accepted, and its issuer named', async () => {
    const { origin } = await serve(certificates.good)
    const response = await get(client({ extraCa: certificates.authority }), origin)
    expect(response).toMatchObject({ status: 200, tlsIssuer: 'Authority of the tests' })
  })

  it('a certificate for an address is accepted for that address', async () => {
    const { port } = await serve(certificates.good)
    expect((await get(client({ extraCa: certificates.authority }), `https://127.0.0.1:${port}/`)).status).toBe(200)
  })

  const broken: [string, (all: Certificates) => Identity, string, boolean][] = [
    ['a self-signed certificate', (all) => all.selfSigned, 'is self-signed', true],
    ['an unknown authority', (all) => all.good, 'is not trusted', false],
    ['an expired certificate', (all) => all.expired, 'has expired', true],
    ['a certificate for another host', (all) => all.otherHost, 'is for another host', true],
  ]
  it.each(broken)('%s ends the connection before the request, with words of its own', async (_what, pick, words, trusted) => {
    const target = await serve(pick(certificates))
    const http = client(trusted ? { extraCa: certificates.authority } : {})
    const error = await failure(get(http, target.origin, { tries: 3, headers: { authorization: 'canary' } }))
    expect(error.code).toBe('unreachable')
    expect(error.message).toContain(words)
    expect(error.retryable).toBe(false)
    expect(target.requests).toHaveLength(0)
    expect(target.connections()).toBeLessThanOrEqual(1)
  })

  it('nothing that OpenSSL or Node says is shown', async () => {
    for (const identity of [certificates.selfSigned, certificates.good]) {
      const { origin } = await serve(identity)
      expect(told(await failure(get(client(), origin)))).not.toMatch(/DEPTH_ZERO|UNABLE_TO|unable to|self-signed certificate|ERR_/)
    }
  })

  it.each(['TLSv1', 'TLSv1.1'] as const)('a server that offers %s at most is refused', async (maxVersion) => {
    const old = await serve(certificates.good, { minVersion: 'TLSv1', maxVersion, ciphers: 'DEFAULT@SECLEVEL=0' })
    const error = await failure(get(client({ extraCa: certificates.authority }), old.origin))
    expect(error.code).toBe('unreachable')
    expect(told(error)).toContain('at least TLS 1.2')
    expect(old.requests).toHaveLength(0)
  })

  it('a host is asked for by name and checked by name, wherever it resolves to', async () => {
    const { port } = await serve(certificates.otherHost)
    const resolve: Resolve = (_name, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }])
    const http = client({ extraCa: certificates.authority, resolve })
    expect((await get(http, `https://elsewhere.example:${port}/`)).status).toBe(200)
    expect((await failure(get(http, `https://another.example:${port}/`))).message).toContain('is for another host')
  })

  it('a failed handshake says what it may be', async () => {
    const strict = await serve(certificates.good, { requestCert: true, maxVersion: 'TLSv1.2', ca: certificates.authority })
    const error = await failure(get(client({ extraCa: certificates.authority }), strict.origin))
    expect(error).toMatchObject({ code: 'unreachable', retryable: false, reason: expect.stringContaining('client certificate') })
  })

  it('a server without HTTP/1.1 is said to have none', async () => {
    const { origin } = await serve(certificates.good, { ALPNProtocols: ['h2'] })
    expect((await failure(get(client({ extraCa: certificates.authority }), origin))).reason).toContain('HTTP/1.1')
  })

  it('TLS 1.2 is enough', async () => {
    const { origin } = await serve(certificates.good, { maxVersion: 'TLSv1.2' })
    expect((await get(client({ extraCa: certificates.authority }), origin)).status).toBe(200)
  })

  it('a server without TLS is said to have none', async () => {
    const plain = createServer()
    const port = await listen(plain)
    const error = await failure(get(client(), `https://localhost:${port}/`))
    plain.close()
    expect(error.code).toBe('unreachable')
    expect(error.message).toBe(`localhost:${port} does not speak TLS`)
  })

  it('NODE_TLS_REJECT_UNAUTHORIZED=0 changes nothing', async () => {
    const { origin, requests } = await serve(certificates.selfSigned)
    const outcome = await getInChild(origin, { NODE_TLS_REJECT_UNAUTHORIZED: '0' })
    expect(outcome).toMatchObject({ code: 'unreachable', message: expect.stringContaining('is self-signed') })
    expect(requests).toHaveLength(0)
  })

  it('the authorities of NODE_EXTRA_CA_CERTS are trusted', async () => {
    const { origin } = await serve(certificates.good)
    const folder = await mkdtemp(join(tmpdir(), 'crm-ca-'))
    try {
      await writeFile(join(folder, 'ca.pem'), certificates.authority)
      expect(await getInChild(origin, { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') })).toMatchObject({ status: 200 })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('the authorities of one request serve that request alone, also where its connection is still open', async () => {
    const { origin, requests } = await server((socket) => socket.write(answerText(200, [], 'ok')), certificates.good)
    const http = client()
    expect((await get(http, origin, { ca: certificates.authority })).tlsIssuer).toBe('Authority of the tests')
    expect((await failure(get(http, origin))).message).toContain('is not trusted')
    expect((await failure(get(http, origin, { ca: certificates.selfSigned.cert }))).message).toContain('is not trusted')
    expect((await get(http, origin, { ca: certificates.authority })).status).toBe(200)
    expect(requests).toHaveLength(2)
  })

  it('extra certificates that are no certificates are refused before anything is sent', async () => {
    const { origin, connections } = await serve(certificates.good)
    const error = await failure(get(client({ extraCa: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' }), origin))
    expect(error.code).toBe('usage')
    expect(connections()).toBe(0)
  })
})
