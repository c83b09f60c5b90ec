/** The sign-in with the browser at HubSpot, Zoho and Pipedrive, from `crm add` to a test with the token: built commands, real sockets. */
import { describe, expect, test } from 'vitest'
import { accept as hubspot } from '../providers/hubspot/fixtures.ts'
import { accept as pipedrive } from '../providers/pipedrive/fixtures.ts'
import { accept as zoho } from '../providers/zoho/fixtures.ts'
import { homeWithVault, run, succeed } from '../support/cli.ts'
import { freePort } from '../support/salesforce.ts'
import { CODE, openVendor, type VendorOptions } from '../support/vendor.ts'
import { documentOf } from './document.ts'

interface Case extends VendorOptions {
  readonly provider: string
  readonly more?: readonly string[]
}

const CASES: readonly Case[] = [
  {
    provider: 'hubspot',
    names: ['app.hubspot.com', 'api.hubapi.com'],
    authorizePath: '/oauth/authorize',
    answer: hubspot,
  },
  {
    provider: 'zoho',
    more: ['--data-centre', 'eu'],
    names: ['accounts.zoho.eu', 'www.zohoapis.eu'],
    authorizePath: '/oauth/v2/auth',
    callback: { location: 'eu', 'accounts-server': 'https://accounts.zoho.eu' },
    answer: zoho,
  },
  {
    provider: 'pipedrive',
    names: ['oauth.pipedrive.com', 'api.pipedrive.com', 'acme.pipedrive.com', 'company.pipedrive.com'],
    authorizePath: '/oauth/authorize',
    answer: pipedrive,
  },
]

describe.concurrent.each(CASES.map((one) => [one.provider, one] as const))('%s', (provider, one) => {
  test('crm add signs in and tests with the token, crm login signs in again, and both are renewed no sooner than needed', async () => {
    const vendor = await openVendor(one)
    const home = await homeWithVault()
    const port = await freePort()
    const env = { ...vendor.env, SECRET: 'canary-client-secret-0123456789' }
    const flags = ['--auth', 'oauth_browser', '--client-id', 'app-1', '--client-secret-env', 'SECRET', '--redirect-port', String(port)]
    const added = documentOf('add', withoutAddress(await run(['add', provider, ...flags, ...(one.more ?? []), '--json'], { home, env })))
    expect(added.data).toMatchObject({ integration: { provider }, test: { outcome: 'connected' } })
    const [signIn] = vendor.signIns
    const redirectUri = signIn?.get('redirect_uri') ?? ''
    expect(redirectUri).toMatch(new RegExp(`^http://localhost:${port}/`))
    expect(signIn?.get('client_id')).toBe('app-1')
    expect(signIn?.get('state')).toMatch(/^[\w-]{43}$/)
    const token = vendor.seen.find(({ method, path }) => method === 'POST' && path.endsWith('/token'))
    const form = new URLSearchParams(token?.body)
    expect(Object.fromEntries(form)).toMatchObject({ grant_type: 'authorization_code', code: CODE, redirect_uri: redirectUri })
    // A challenge goes with its verifier, and neither without the other.
    expect(signIn?.get('code_challenge') === null).toBe(form.get('code_verifier') === null)
    if (signIn?.get('code_challenge') !== null) expect(signIn?.get('code_challenge_method')).toBe('S256')
    const asked = vendor.seen.length
    expect(documentOf('env', await run(['env', provider, '--json'], { home, env })).data.accessToken).toContain('canary')
    expect(vendor.seen).toHaveLength(asked)
    succeed(await run(['login', provider], { home, env }))
    expect(vendor.signIns).toHaveLength(2)
    expect(vendor.signIns[1]?.get('state')).not.toBe(signIn?.get('state'))
    for (const { path } of vendor.seen) expect(path).not.toContain('canary')
  })
})

/** The address of a sign-in is printed with `--json`, too. */
function withoutAddress<Result extends { readonly stderr: string }>(result: Result): Result {
  expect(result.stderr).toMatch(/^https:\/\/\S+$/m)
  return { ...result, stderr: '' }
}
