import { expect, onTestFinished, test, vi } from 'vitest'
import type { HttpRequest } from '../../src/core/ports.ts'
import { createHttp } from '../../src/http/http.ts'
import {
  applyDemo,
  CrmError,
  defineProvider,
  generateRawKey,
  keysOf,
  openVault,
  planDemo,
  removeDemo,
  resolveCredentials,
  Secret,
  testAll,
  testIntegration,
  unlockKeyOf,
} from '../../src/index.ts'
import { startSandbox } from '../../src/sandbox/index.ts'
import { temporaryDirectory } from '../support/vault.ts'

async function sandbox() {
  const http = createHttp({ clock: Date.now })
  const server = await startSandbox({ http: http.request, clock: Date.now })
  onTestFinished(async () => {
    await server.close()
    await http.close()
  })
  const [account] = server.accounts
  return { server, values: { baseUrl: server.url, accountId: String(account?.id), apiKey: server.administratorToken } }
}

async function vaultWith(values: Record<string, string>, name = 'acme') {
  const directory = temporaryDirectory()
  const location = { path: `${directory}/data/vault.db`, stateDirectory: `${directory}/state` }
  const key = generateRawKey()
  const vault = await openVault({ ...location, create: true })
  onTestFinished(() => vault.close())
  await vault.createProfile('default', { kind: 'env', label: 'test', key: unlockKeyOf({ key }) })
  const unlocked = await vault.unlock('default', keysOf({ key }))
  const { apiKey = '', ...settings } = values
  await unlocked.add([
    { name, provider: 'chatwoot', definition: '', active: true, values: { settings, secrets: { apiKey: new Secret(apiKey) } } },
  ])
  return { vault, unlocked, key, location }
}

test('a program tests a stored integration, and its result is in the history', async () => {
  const { values } = await sandbox()
  const { unlocked } = await vaultWith(values)
  const result = await testIntegration({ unlocked, name: 'acme' })
  expect(result).toMatchObject({
    outcome: 'connected',
    source: 'vault',
    identity: { accountId: values.accountId, role: 'administrator' },
    cached: false,
  })
  expect(await testIntegration({ unlocked, name: 'acme' })).toMatchObject({ cached: true })
  expect(await unlocked.testHistory('acme')).toHaveLength(1)
})

test('a program tests values that are not stored; a refused token is a result', async () => {
  const { values } = await sandbox()
  expect(await testIntegration({ provider: 'chatwoot', values })).toMatchObject({ outcome: 'connected' })
  expect(await testIntegration({ provider: 'chatwoot', values: { ...values, apiKey: 'wrong-token-1234567890' } })).toMatchObject({
    outcome: 'failed',
    cause: 'auth_rejected',
  })
  await expect(testIntegration({ provider: 'chatwoot', values: { baseUrl: 'nonsense' } })).rejects.toThrow(
    expect.objectContaining({ code: 'usage' }),
  )
  await expect(testIntegration({ provider: 'unknown', values: {} })).rejects.toThrow(CrmError)
})

test('a program defines a provider of its own', async () => {
  const { server } = await sandbox()
  const own = defineProvider({
    id: 'own',
    title: 'Own CRM',
    docs: 'https://example.com',
    authMethods: [{ id: 'token', label: 'Token', fields: ['baseUrl', 'token'] }],
    capabilities: ['test'],
    hosts: [],
    fields: [
      { key: 'baseUrl', label: 'Base URL', kind: 'url', sensitivity: 'public', env: 'OWN_BASE_URL' },
      { key: 'token', label: 'Token', kind: 'text', sensitivity: 'secret', env: 'OWN_TOKEN' },
    ],
    async test({ baseUrl, token }, { http }) {
      const { status } = await http({
        method: 'GET',
        url: new URL(`${baseUrl}/api`),
        origin: new URL(baseUrl).origin,
        headers: { authorization: token },
      })
      const nothing = { cause: null, message: null, hint: null, identity: null, checks: [], server: null, warnings: [] }
      return status === 200
        ? { ...nothing, outcome: 'connected' }
        : { ...nothing, outcome: 'failed', cause: 'provider_error', message: `answered ${status}` }
    },
  })
  expect(await testIntegration({ provider: own, values: { baseUrl: server.url, token: 'own-token-value' } })).toMatchObject({
    provider: 'own',
    outcome: 'connected',
  })
})

test('a program plans, makes, repeats and removes a demo', async () => {
  const { server, values } = await sandbox()
  const { unlocked, vault } = await vaultWith(values)
  const request = { name: 'Acme Dental', botUrl: 'https://bot.example.com/hook' }
  const target = { unlocked, name: 'acme' }
  const plan = await planDemo(target, request)
  expect(plan.steps.map(({ kind, action }) => `${action} ${kind}`)).toEqual(['create bot', 'create inbox', 'create link'])
  expect(server.requests.filter((entry) => entry.write)).toEqual([])
  const first = await applyDemo(target, request)
  expect(first).toMatchObject({ data: { changed: true, demo: { slug: 'acme-dental', integration: 'acme' } } })
  expect(await vault.demos('default')).toMatchObject([{ slug: 'acme-dental', status: 'ready' }])
  const writes = server.requests.filter((entry) => entry.write).length
  expect(await applyDemo(target, request)).toMatchObject({ data: { changed: false } })
  expect(server.requests.filter((entry) => entry.write)).toHaveLength(writes)
  expect(await removeDemo(target, 'acme-dental')).toMatchObject({ data: { changed: true, demos: [{ outcome: 'removed' }] } })
})

test('a program that has no vault makes a demo from values', async () => {
  const { values } = await sandbox()
  const target = { provider: 'chatwoot', values }
  const request = { name: 'Acme API', botUrl: 'https://bot.example.com/hook', channel: 'api' as const }
  expect(await applyDemo(target, request)).toMatchObject({ data: { changed: true } })
  expect(await applyDemo(target, request)).toMatchObject({ data: { changed: false } })
})

test('resolveCredentials gives the stored ones first and the environment otherwise', async () => {
  const { values } = await sandbox()
  const environment = { CHATWOOT_BASE_URL: 'https://env.example.com', CHATWOOT_ACCOUNT_ID: '9', CHATWOOT_API_KEY: 'token-of-environment' }
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  const empty = temporaryDirectory()
  const fromEnvironment = await resolveCredentials('chatwoot', { path: `${empty}/vault.db`, stateDirectory: empty })
  expect(fromEnvironment).toMatchObject({ source: 'environment', settings: { baseUrl: 'https://env.example.com', accountId: '9' } })
  expect(fromEnvironment.secrets.apiKey?.reveal()).toBe('token-of-environment')
  const { key, location, unlocked } = await vaultWith(values)
  const stored = await resolveCredentials('chatwoot', { ...location, profile: 'default', keys: keysOf({ key }) })
  expect(stored).toMatchObject({ source: 'vault', name: 'acme', settings: { baseUrl: values.baseUrl } })
  expect(stored.secrets.apiKey?.reveal()).toBe(values.apiKey)
  expect(`${JSON.stringify(stored)}`).not.toContain(values.apiKey)
  await unlocked.setActive('acme', false)
  await expect(resolveCredentials('acme', { ...location, profile: 'default', keys: keysOf({ key }) })).rejects.toThrow(
    expect.objectContaining({ code: 'conflict' }),
  )
})

test('a demo is made in a Chatwoot that is switched on, and in nothing else', async () => {
  const { server, values } = await sandbox()
  const { unlocked } = await vaultWith(values)
  await unlocked.setActive('acme', false)
  const request = { name: 'Acme', botUrl: 'https://bot.example.com/hook' }
  for (const call of [planDemo, applyDemo]) {
    await expect(call({ unlocked, name: 'acme' }, request)).rejects.toMatchObject({ code: 'conflict' })
  }
  await expect(removeDemo({ unlocked, name: 'acme' }, 'acme')).rejects.toMatchObject({ code: 'conflict' })
  const other = { provider: 'pipedrive', values: { auth: 'api_token', apiToken: 'a'.repeat(40), companyDomain: 'acme' } }
  await expect(applyDemo(other, request)).rejects.toMatchObject({ code: 'usage', message: 'env:pipedrive is not a Chatwoot' })
  expect(server.requests).toEqual([])
})

test('tests that were not begun are told as cancelled, each in its place', async () => {
  const { values } = await sandbox()
  const { unlocked } = await vaultWith(values)
  const targets = [
    { unlocked, name: 'acme' },
    { unlocked, name: 'ACME' },
  ]
  const results = await testAll(targets, { signal: AbortSignal.abort(), concurrency: 1 })
  expect(results.map(({ name, outcome, cause }) => [name, outcome, cause])).toEqual(Array(2).fill(['acme', 'failed', 'cancelled']))
  for (const concurrency of [0, -1, 1.5, Number.NaN]) {
    await expect(testAll(targets, { concurrency })).rejects.toMatchObject({ code: 'usage' })
  }
})

test('a profile that is locked while a test of it runs is not written to, and opens again', async () => {
  const { values } = await sandbox()
  const { vault, unlocked, key } = await vaultWith(values)
  const http = createHttp({ clock: Date.now })
  onTestFinished(() => http.close())
  const locking = (request: HttpRequest) => {
    unlocked.lock()
    return http.request(request)
  }
  const result = testIntegration({ unlocked, name: 'acme' }, { http: { ...http, request: locking } })
  await expect(result).rejects.toMatchObject({ code: 'locked' })
  const again = await vault.unlock('default', keysOf({ key }))
  expect(await again.verify()).toMatchObject({ problems: [] })
})

test('a key slot is made with a key of its kind, or not at all', async () => {
  const { vault, unlocked } = await vaultWith({})
  const raw = unlockKeyOf({ key: generateRawKey() })
  const passphrase = unlockKeyOf({ passphrase: 'correct horse battery' })
  const unfit = [
    ['env', passphrase],
    ['file', passphrase],
    ['passphrase', raw],
    ['passphrase', unlockKeyOf({ passphrase: 'too short' })],
    ['env', { type: 'raw', key: Buffer.alloc(16, 1) }],
  ] as const
  for (const [kind, key] of unfit) {
    await expect(vault.createProfile('other', { kind, label: 'a', key })).rejects.toMatchObject({ code: 'usage' })
    await expect(unlocked.addKeySlot(kind, 'a', key)).rejects.toMatchObject({ code: 'usage' })
  }
  expect(await vault.hasProfile('other')).toBe(false)
  expect(await unlocked.keySlots()).toHaveLength(1)
})
