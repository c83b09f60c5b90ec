import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Certificates, makeCertificates } from '../http/certificates.ts'
import { answerText, type RawServer, startRaw } from '../http/raw-server.ts'
import { closeAtEnd, copyOf, type Home, homeWithVault, run, succeed } from '../support/cli.ts'
import { documentOf, failureOf } from './document.ts'

let certificates: Certificates
let crm: RawServer
let home: Home
let file: (name: string, text: string) => string

const ADD = ['add', 'custom', '--auth', 'bearer', '--token-stdin', '--test-path', '/me', '--allow-private-network']

beforeAll(async () => {
  certificates = makeCertificates()
  crm = await startRaw((socket) => socket.end(answerText(200, ['content-type: application/json'], '{"id":1}')), certificates.good)
  closeAtEnd(() => crm.close())
  home = await homeWithVault()
  file = (name, text) => {
    writeFileSync(join(home.path, name), text)
    return join(home.path, name)
  }
  const mixed = file('mixed.pem', `${certificates.good.key}subject=Test CA\n${certificates.authority}`)
  succeed(await run([...ADD, '--base-url', crm.origin, '--name', 'own', '--ca-file', mixed], { home, input: 'canary-token' }))
})

describe.concurrent('--ca-file', () => {
  test('is what lets an integration trust the authority of its server, and no other integration', async () => {
    const own = copyOf(home)
    documentOf('test', await run(['test', 'own', '--fresh', '--json'], { home: own }))
    succeed(await run([...ADD, '--base-url', crm.origin, '--name', 'other', '--no-test'], { home: own, input: 'canary-token' }))
    const both = await run(['test', 'own', 'other', '--fresh', '--json'], { home: own })
    const { data, error } = failureOf('test', 'unreachable', both)
    expect(data.results.map(({ name, outcome }: { name: string; outcome: string }) => [name, outcome])).toEqual([
      ['own', 'connected'],
      ['other', 'failed'],
    ])
    expect(error.message).toContain('1 of 2')
    expect(data.results[1].hint).toContain('crm edit other --ca-file <path>')
  })

  test('keeps the certificates alone, and shows whose they are', async () => {
    const { data } = documentOf('show', await run(['show', 'own', '--json'], { home }))
    expect(data.integration.settings.ca).toBe(certificates.authority)
    const { stdout } = succeed(await run(['show', 'own'], { home }))
    expect(stdout).toMatch(/ca +1 certificate: Authority of the tests \(until \d{4}-\d\d-\d\d\)\n/)
    expect(stdout).not.toContain('BEGIN')
  })

  test('is taken away by an empty path, and put back by a file', async () => {
    const own = copyOf(home)
    const refused = failureOf('edit', 'unreachable', await run(['edit', 'own', '--ca-file', '', '--json'], { home: own }))
    expect(refused.error.message).toContain('is not trusted')
    succeed(await run(['edit', 'own', '--ca-file', '', '--no-test'], { home: own }))
    expect(documentOf('show', await run(['show', 'own', '--json'], { home: own })).data.integration.settings).not.toHaveProperty('ca')
    succeed(await run(['edit', 'own', '--ca-file', file('again.pem', certificates.authority)], { home: own }))
  })

  test.each([
    ['no certificate', () => file('key.pem', certificates.good.key)],
    ['a damaged certificate', () => file('damaged.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')],
    ['nothing at all', () => file('empty.pem', '\n')],
  ])('with %s is refused, and nothing is changed', async (_what, path) => {
    const { error } = failureOf('edit', 'usage', await run(['edit', 'own', '--ca-file', path(), '--json'], { home }))
    expect(error.problems).toMatchObject([{ field: 'ca', message: expect.stringContaining('-----BEGIN CERTIFICATE-----') }])
  })

  test('that names no file is a wrong flag', async () => {
    failureOf('edit', 'usage', await run(['edit', 'own', '--ca-file', 'not-there.pem', '--json'], { home }))
  })

  test('may stand in an answers file as text, its line breaks written out or not', async () => {
    const own = copyOf(home)
    for (const [name, ca] of [
      ['a', certificates.authority],
      ['b', certificates.authority.replaceAll('\n', '\\n')],
    ]) {
      const answers = { name, baseUrl: crm.origin, authType: 'none', allowPrivateNetwork: true, ca }
      succeed(await run(['add', 'custom', '--from', '-'], { home: own, input: JSON.stringify(answers) }))
    }
  })
})
