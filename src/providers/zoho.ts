/**
 * Zoho CRM. Where people find the values: the API console, https://api-console.zoho.com or that of their data centre
 * (https://www.zoho.com/crm/developer/docs/api/v8/register-client.html, https://www.zoho.com/accounts/protocol/oauth/self-client/overview.html).
 * What the test asks: https://www.zoho.com/crm/developer/docs/api/v8/get-org-data.html and
 * https://www.zoho.com/crm/developer/docs/api/v8/get-users.html.
 */
import { authMethodsOf } from '../core/auth-methods.ts'
import type { Field, Values } from '../core/field.ts'
import type { Captured, Grant, TokenEndpoint } from '../core/grant.ts'
import { defineProvider } from '../core/provider.ts'
import { Secret } from '../core/secret.ts'
import { caField } from './ca-field.ts'
import { redirectPortField } from './redirect-port-field.ts'
import { ACCOUNTS_HOSTS, API_HOSTS, apiOrigin, DATA_CENTRES, dataCentre, tokenHeaders } from './zoho-centres.ts'

const SENDABLE = { re: /^[\x21-\x7e]+$/, says: 'must be visible ASCII characters without blanks' }

const DEFAULT_SCOPES = 'ZohoCRM.users.READ,ZohoCRM.org.READ,ZohoCRM.modules.contacts.READ'
const REDIRECT_PORT = '8080'
const REDIRECT_PATH = '/callback'

/** An access token lasts an hour, also where the answer does not say so. */
const LIFETIME_S = 3600

const fields = [
  {
    key: 'auth',
    label: 'How to authenticate',
    kind: 'choice',
    sensitivity: 'public',
    env: 'ZOHO_AUTH',
    example: 'self_client',
    help: 'A Self Client needs no redirect URL: it suits one account of your own, and servers.',
    choices: [
      { value: 'self_client', label: 'Self Client: a code from the API console, valid some minutes' },
      { value: 'refresh_token', label: 'Refresh token, pasted' },
      { value: 'oauth_browser', label: 'Sign in with the browser (server-based client)' },
    ],
  },
  {
    key: 'dataCentre',
    label: 'Data centre',
    kind: 'choice',
    sensitivity: 'public',
    env: 'ZOHO_DC',
    fallback: 'us',
    example: 'eu',
    help: 'The end of the address of your CRM tells it: crm.zoho.eu is eu. The client must be registered there, too.',
    choices: DATA_CENTRES.map(({ id, label }) => ({ value: id, label })),
  },
  {
    key: 'environment',
    label: 'Environment',
    kind: 'choice',
    sensitivity: 'public',
    env: 'ZOHO_ENVIRONMENT',
    fallback: 'production',
    example: 'sandbox',
    help: 'A token belongs to the environment that was chosen when it was granted.',
    choices: [
      { value: 'production', label: 'Production' },
      { value: 'sandbox', label: 'Sandbox' },
      { value: 'developer', label: 'Developer edition' },
    ],
  },
  {
    key: 'clientId',
    label: 'Client ID',
    kind: 'text',
    sensitivity: 'public',
    env: 'ZOHO_CLIENT_ID',
    example: '1000.0ABCDEFGHIJKLMNOPQRSTUVWXYZ123',
    help: 'API console, the client, Client Secret tab.',
    pattern: SENDABLE,
  },
  {
    key: 'clientSecret',
    label: 'Client secret',
    kind: 'text',
    sensitivity: 'secret',
    env: 'ZOHO_CLIENT_SECRET',
    help: 'API console, the client, Client Secret tab; it may be another one for each data centre.',
    pattern: SENDABLE,
  },
  {
    key: 'grantCode',
    label: 'Code of the Self Client',
    kind: 'text',
    sensitivity: 'secret',
    env: 'ZOHO_GRANT_CODE',
    help: `API console, Self Client, Generate Code, with the scopes ${DEFAULT_SCOPES}; it works once, within 3 to 10 minutes.`,
    pattern: SENDABLE,
    when: { field: 'auth', is: 'self_client' },
  },
  {
    key: 'refreshToken',
    label: 'Refresh token',
    kind: 'text',
    sensitivity: 'secret',
    env: 'ZOHO_REFRESH_TOKEN',
    help: 'From an earlier sign-in with the same client; of one user and client the newest twenty are valid.',
    pattern: SENDABLE,
    when: { field: 'auth', is: 'refresh_token' },
  },
  {
    key: 'scopes',
    label: 'Scopes',
    kind: 'text',
    sensitivity: 'public',
    env: 'ZOHO_SCOPES',
    optional: true,
    fallback: DEFAULT_SCOPES,
    example: DEFAULT_SCOPES,
    help: 'Separated by commas; the test reads organisation and user.',
    pattern: {
      re: /^[A-Za-z]+(?:[._][A-Za-z]+)*(?:,[A-Za-z]+(?:[._][A-Za-z]+)*)*$/,
      says: 'must be names such as ZohoCRM.org.READ, separated by commas',
    },
    when: { field: 'auth', is: 'oauth_browser' },
  },
  redirectPortField({
    env: 'ZOHO_REDIRECT_PORT',
    port: REDIRECT_PORT,
    methods: 'oauth_browser',
    help: `The client must list the redirect URI http://localhost:<port>${REDIRECT_PATH} exactly.`,
  }),
  caField('ZOHO_CA'),
] as const satisfies readonly Field[]

/** The values of a Zoho CRM integration. */
export type ZohoValues = Values<typeof fields>

/** Zoho CRM, by a client of the user's own in the API console. */
export const zoho = defineProvider({
  id: 'zoho',
  title: 'Zoho CRM',
  docs: 'https://www.zoho.com/accounts/protocol/oauth/self-client/overview.html',
  methodField: 'auth',
  authMethods: authMethodsOf(fields, 'auth'),
  capabilities: ['test'],
  hosts: API_HOSTS,
  fields,
  readPasted,
  destination: (values) => accountsOrigin(values, {}),
  grant: grantOf,

  authorization(values) {
    if (values.auth !== 'oauth_browser') return undefined
    return {
      url: new URL('/oauth/v2/auth', accountsOrigin(values, {})),
      clientId: values.clientId,
      scope: values.scopes ?? DEFAULT_SCOPES,
      // Without both, a second consent brings no refresh token.
      parameters: { access_type: 'offline', prompt: 'consent' },
      pkce: true,
      redirect: { port: values.redirectPort ?? Number(REDIRECT_PORT), path: REDIRECT_PATH },
      captures: { 'accounts-server': { hosts: ACCOUNTS_HOSTS } },
    }
  },

  refusal: async (values, refusal) => (await import('./zoho-refusal.ts')).explainRefusal(values.auth, refusal),

  api(values, tokens) {
    const baseUrl = apiOrigin(values.environment, dataCentre(values.dataCentre), tokens?.captured.api_domain)
    return { baseUrl, headers: tokens === undefined ? {} : tokenHeaders(tokens) }
  },

  async test(values, tools) {
    const { testZoho } = await import('./zoho-test.ts')
    return testZoho(values, tools)
  },
})

/** The accounts server of the user, as the callback named it, or that of the data centre. */
function accountsOrigin(values: Readonly<Record<string, unknown>>, captured: Captured): string {
  return (
    captured['accounts-server'] ?? `https://${dataCentre(typeof values.dataCentre === 'string' ? values.dataCentre : undefined).accounts}`
  )
}

function grantOf(values: ZohoValues, captured: Captured): Grant {
  const endpoint: TokenEndpoint = {
    url: new URL('/oauth/v2/token', accountsOrigin(values, captured)),
    clientId: values.clientId,
    clientSecret: values.clientSecret,
    clientAuth: 'post',
    captures: { api_domain: { hosts: API_HOSTS } },
    // A failure comes with status 200; servers of old give `expires_in` in milliseconds (contract sections 3.2 and 3.3).
    answer: { expiresIn: ['/expires_in_sec', '/expires_in'], longExpiryIsMs: true, lifetimeS: LIFETIME_S },
  }
  if (values.auth === 'refresh_token') return { type: 'refresh_token', endpoint, refreshToken: values.refreshToken ?? new Secret('') }
  return { type: 'authorization_code', endpoint, ...(values.grantCode === undefined ? {} : { code: values.grantCode }) }
}

/** A code copied from an address is percent-encoded. */
function readPasted(key: string, text: string): Readonly<Record<string, string>> | null {
  if (key !== 'grantCode') return null
  const plain = text.trim().replace(/%2e/gi, '.')
  return plain === text ? null : { grantCode: plain }
}
