/**
 * Pipedrive. Where people find the values: Personal preferences, API
 * (https://support.pipedrive.com/en/article/how-can-i-find-my-personal-api-key), and the Developer Hub for an app of their own
 * (https://pipedrive.readme.io/docs/marketplace-oauth-authorization). What the test asks:
 * https://developers.pipedrive.com/docs/api/v1/Users#getCurrentUser.
 */
import { authMethodsOf } from '../core/auth-methods.ts'
import type { Field, Values } from '../core/field.ts'
import type { Grant, TokenEndpoint } from '../core/grant.ts'
import { defineProvider } from '../core/provider.ts'
import { Secret } from '../core/secret.ts'
import { caField } from './ca-field.ts'
import { apiHeaders, apiOrigin } from './pipedrive-api.ts'
import { redirectPortField } from './redirect-port-field.ts'

const SENDABLE = { re: /^[\x21-\x7e]+$/, says: 'must be visible ASCII characters without blanks' }

/** Every company has a host of its own below this name. */
const HOSTS = ['.pipedrive.com']
const OAUTH_ORIGIN = 'https://oauth.pipedrive.com'
const REDIRECT_PORT = '33333'

const fields = [
  {
    key: 'auth',
    label: 'How to authenticate',
    kind: 'choice',
    sensitivity: 'public',
    env: 'PIPEDRIVE_AUTH',
    example: 'api_token',
    help: 'The API token acts as its user; OAuth needs an app of your own from the Developer Hub.',
    choices: [
      { value: 'api_token', label: 'API token of a user' },
      { value: 'oauth_browser', label: 'Sign in with the browser (OAuth app)' },
      { value: 'refresh_token', label: 'Refresh token of an OAuth app, pasted' },
    ],
  },
  {
    key: 'companyDomain',
    label: 'Company domain',
    kind: 'text',
    sensitivity: 'public',
    env: 'PIPEDRIVE_COMPANY_DOMAIN',
    optional: true,
    example: 'acme',
    help: 'The part before .pipedrive.com in the address of the web application; without it the common host is used.',
    pattern: { re: /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, says: 'must be the part before .pipedrive.com, such as acme' },
    when: { field: 'auth', is: 'api_token' },
  },
  {
    key: 'apiToken',
    label: 'API token',
    kind: 'text',
    sensitivity: 'secret',
    env: 'PIPEDRIVE_API_TOKEN',
    help: 'Account menu, Personal preferences, API. Where the page is missing, an administrator has taken "Use API" away.',
    pattern: SENDABLE,
    when: { field: 'auth', is: 'api_token' },
  },
  {
    key: 'clientId',
    label: 'Client ID',
    kind: 'text',
    sensitivity: 'public',
    env: 'PIPEDRIVE_CLIENT_ID',
    example: '0123456789abcdef',
    help: 'Developer Hub, the app, OAuth and access scopes.',
    pattern: SENDABLE,
    when: { field: 'auth', is: 'oauth_browser|refresh_token' },
  },
  {
    key: 'clientSecret',
    label: 'Client secret',
    kind: 'text',
    sensitivity: 'secret',
    env: 'PIPEDRIVE_CLIENT_SECRET',
    help: 'Developer Hub, the app, OAuth and access scopes, beside the client ID.',
    pattern: SENDABLE,
    when: { field: 'auth', is: 'oauth_browser|refresh_token' },
  },
  {
    key: 'refreshToken',
    label: 'Refresh token',
    kind: 'text',
    sensitivity: 'secret',
    env: 'PIPEDRIVE_REFRESH_TOKEN',
    help: 'From an earlier sign-in with the same app; it ends after 60 days without use.',
    pattern: SENDABLE,
    when: { field: 'auth', is: 'refresh_token' },
  },
  redirectPortField({
    env: 'PIPEDRIVE_REDIRECT_PORT',
    port: REDIRECT_PORT,
    methods: 'oauth_browser|refresh_token',
    help: 'The one callback URL of the app must be http://localhost:<port> exactly.',
  }),
  caField('PIPEDRIVE_CA'),
] as const satisfies readonly Field[]

/** The values of a Pipedrive integration. */
export type PipedriveValues = Values<typeof fields>

/** Pipedrive: the API token of a user, or an app of the user's own. */
export const pipedrive = defineProvider({
  id: 'pipedrive',
  title: 'Pipedrive',
  docs: 'https://support.pipedrive.com/en/article/how-can-i-find-my-personal-api-key',
  methodField: 'auth',
  authMethods: authMethodsOf(fields, 'auth'),
  capabilities: ['test'],
  hosts: HOSTS,
  fields,
  readPasted,

  destination: ({ auth, companyDomain }) => {
    if (auth !== 'api_token') return OAUTH_ORIGIN
    return typeof companyDomain === 'string' ? `https://${companyDomain}.pipedrive.com` : apiOrigin({}, undefined)
  },

  grant: grantOf,

  authorization(values) {
    if (values.auth === 'api_token') return undefined
    return {
      url: new URL(`${OAUTH_ORIGIN}/oauth/authorize`),
      clientId: values.clientId ?? '',
      // Scopes stand in the app, and the server knows no challenge (contract section 4).
      pkce: false,
      redirect: { port: values.redirectPort ?? Number(REDIRECT_PORT), path: '/' },
    }
  },

  refusal: async (values, refusal) => (await import('./pipedrive-refusal.ts')).explainRefusal(values.auth, refusal),

  api: (values, tokens) => ({ baseUrl: apiOrigin(values, tokens), headers: apiHeaders(values, tokens) }),

  async test(values, tools) {
    const { testPipedrive } = await import('./pipedrive-test.ts')
    return testPipedrive(values, tools)
  },
})

function grantOf(values: PipedriveValues): Grant | undefined {
  if (values.auth === 'api_token') return undefined
  const endpoint: TokenEndpoint = {
    url: new URL(`${OAUTH_ORIGIN}/oauth/token`),
    clientId: values.clientId ?? '',
    clientSecret: values.clientSecret ?? new Secret(''),
    clientAuth: 'basic',
    // A company may rename itself: the newest answer counts.
    captures: { api_domain: { hosts: HOSTS } },
  }
  if (values.auth === 'refresh_token') return { type: 'refresh_token', endpoint, refreshToken: values.refreshToken ?? new Secret('') }
  return { type: 'authorization_code', endpoint }
}

/** An address in the place of the company domain: `https://acme.pipedrive.com/api/v1` is `acme`. */
function readPasted(key: string, text: string): Readonly<Record<string, string>> | null {
  if (key !== 'companyDomain') return null
  const company = /^(?:https?:\/\/)?([a-z0-9-]+)\.pipedrive\.com(?:[/?#]\S*)?$/i.exec(text.trim())?.[1]?.toLowerCase()
  return company === undefined || company === 'api' || company === 'app' ? null : { companyDomain: company }
}
