/** What a program gets for an integration whose access token has to be obtained first: a Salesforce under its real name, by a proxy. */
import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { createHttp } from '../../src/http/http.ts'
import { generateRawKey, keysOf, openVault, proxyRules, resolveCredentials, Secret, unlockKeyOf } from '../../src/index.ts'
import { APP, INSTANCE } from '../providers/salesforce/simulator.ts'
import { openSalesforce } from '../support/salesforce.ts'
import { temporaryDirectory } from '../support/vault.ts'

test('resolveCredentials obtains a token, trusting the certificates of the integration, and gives the same one until it is over', async () => {
  const { simulator, env, authority } = await openSalesforce()
  const directory = temporaryDirectory()
  const location = { path: `${directory}/data/vault.db`, stateDirectory: `${directory}/state` }
  const key = generateRawKey()
  const vault = await openVault({ ...location, create: true })
  const http = createHttp({ clock: Date.now, proxies: proxyRules(env) })
  onTestFinished(async () => {
    await http.close()
    vault.close()
  })
  await vault.createProfile('default', { kind: 'env', label: 'test', key: unlockKeyOf({ key }) })
  const unlocked = await vault.unlock('default', keysOf({ key }))
  const settings = { auth: 'client_credentials', loginHost: 'acme.my.salesforce.com', clientId: APP.clientId }
  const secrets = { clientSecret: new Secret(APP.clientSecret) }
  const about = { provider: 'salesforce', definition: '', active: true }
  await unlocked.add([
    { ...about, name: 'trusting', values: { settings: { ...settings, ca: readFileSync(authority, 'utf8') }, secrets } },
    { ...about, name: 'doubting', values: { settings, secrets } },
  ])
  const options = { ...location, profile: 'default', keys: keysOf({ key }), http }
  const first = await resolveCredentials('trusting', options)
  const token = first.accessToken?.reveal() ?? ''
  expect(token).toMatch(/^00Dxx0000001gPL!/)
  expect(first).toMatchObject({ source: 'vault', provider: 'salesforce', baseUrl: INSTANCE })
  const { authorization } = first.headers
  expect(authorization instanceof Secret && authorization.reveal()).toBe(`Bearer ${token}`)
  expect(JSON.stringify(first)).not.toContain(token)
  expect((await resolveCredentials('trusting', options)).accessToken?.reveal()).toBe(token)
  expect(simulator.tokenRequests).toEqual([{ grantType: 'client_credentials', error: null }])
  await expect(resolveCredentials('doubting', options)).rejects.toThrow(expect.objectContaining({ code: 'unreachable' }))
  expect(simulator.tokenRequests).toHaveLength(1)
})
