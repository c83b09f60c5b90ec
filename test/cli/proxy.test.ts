import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Certificates, makeCertificates } from '../http/certificates.ts'
import { type ProxyServer, startProxy } from '../http/proxy-server.ts'
import { answerText, type RawServer, startRaw } from '../http/raw-server.ts'
import { chatwootVariables, closeAtEnd, type Home, homeWithVault, openSandbox, run, succeed } from '../support/cli.ts'
import { documentOf, failureOf } from './document.ts'

let certificates: Certificates
let crm: RawServer
let proxy: ProxyServer
let home: Home
let env: Readonly<Record<string, string>>

beforeAll(async () => {
  certificates = makeCertificates()
  crm = await startRaw((socket) => socket.end(answerText(200, ['content-type: application/json'], '{"id":1}')), certificates.otherHost)
  proxy = await startProxy({ route: () => crm.port, credentials: 'ann:canary-password' })
  closeAtEnd(() => crm.close())
  closeAtEnd(() => proxy.close())
  home = await homeWithVault()
  const authority = join(home.path, 'ca.pem')
  writeFileSync(authority, certificates.authority)
  env = { NODE_EXTRA_CA_CERTS: authority, HTTPS_PROXY: `http://ann:canary-password@127.0.0.1:${proxy.port}` }
  const argv = ['add', 'custom', '--base-url', 'https://elsewhere.example', '--auth', 'bearer', '--token-stdin', '--test-path', '/me']
  succeed(await run(argv, { home, env, input: 'canary-token' }))
})

describe.concurrent('HTTPS_PROXY', () => {
  test('leads to a CRM that only the proxy knows, without showing it the request', async () => {
    const { data } = documentOf('test', await run(['test', 'custom', '--fresh', '--json'], { home, env }))
    expect(data.results[0]).toMatchObject({ outcome: 'connected', checks: [{ name: 'tls' }, { name: 'answer' }] })
    expect(proxy.asked.every((authority) => authority === 'elsewhere.example:443')).toBe(true)
    expect(JSON.stringify(proxy.headers)).not.toContain('canary-token')
  })

  test('is passed by for what NO_PROXY lists and for this machine', async () => {
    const without = { ...env, NO_PROXY: '.example' }
    const { error } = failureOf('test', 'unreachable', await run(['test', 'custom', '--fresh', '--json'], { home, env: without }))
    expect(error.message).toContain('the host elsewhere.example')
    const sandbox = await openSandbox()
    const local = { ...chatwootVariables(sandbox), HTTPS_PROXY: 'socks5://127.0.0.1:9' }
    documentOf('test', await run(['test', 'env:chatwoot', '--json'], { env: local }))
  })

  test.each([
    ['no credentials', (port: number) => `http://127.0.0.1:${port}`, 'wants a user name and a password (407)'],
    ['wrong credentials', (port: number) => `http://ann:canary-wrong@127.0.0.1:${port}`, 'refused the user name and password (407)'],
    ['nobody there', () => 'http://ann:canary-wrong@127.0.0.1:9', 'no connection through the proxy 127.0.0.1:9'],
  ])('with %s is unreachable, with the proxy named and no password shown', async (_what, address, words) => {
    const result = await run(['test', 'custom', '--fresh', '--json', '-v', '-v'], {
      home,
      env: { ...env, HTTPS_PROXY: address(proxy.port) },
    })
    expect(failureOf('test', 'unreachable', { ...result, stderr: '' }).error.message).toContain(words)
    expect(result.stdout + result.stderr).not.toMatch(/canary|Y2FuYXJ5/)
  })

  test('with another scheme is a wrong value, not a way around it', async () => {
    const socks = { ...env, HTTPS_PROXY: 'socks5://ann:canary-password@127.0.0.1:1080' }
    const result = await run(['test', 'custom', '--fresh', '--json'], { home, env: socks })
    expect(failureOf('test', 'usage', result).error.message).toContain('the proxy of HTTPS_PROXY cannot be used')
    expect(result.stdout).not.toContain('canary')
  })
})
