/**
 * HubSpot. Where people find the values: Development, Keys, Service keys
 * (https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/account-service-keys), and the Auth tab of an
 * app (https://developers.hubspot.com/docs/api-reference/latest/authentication/manage-oauth-tokens/guide). What the test asks:
 * https://developers.hubspot.com/docs/api-reference/latest/account/account-information/guide.
 */
import { authMethodsOf } from '../core/auth-methods.ts'
import type { Field, Values } from '../core/field.ts'
import type { Grant, TokenEndpoint } from '../core/grant.ts'
import { defineProvider, type Warning } from '../core/provider.ts'
import { Secret } from '../core/secret.ts'
import { caField } from './ca-field.ts'
import { HUBSPOT_ORIGIN, OAUTH_PATH } from './hubspot-api.ts'
import { redirectPortField } from './redirect-port-field.ts'

const SENDABLE = { re: /^[\x21-\x7e]+$/, says: 'must be visible ASCII characters without blanks' }

const DEFAULT_SCOPES = 'oauth crm.objects.contacts.read'
const REDIRECT_PORT = '3000'
const REDIRECT_PATH = '/oauth-callback'

const fields = [
  {
    key: 'auth',
    label: 'How to authenticate',
    kind: 'choice',
    sensitivity: 'public',
    env: 'HUBSPOT_AUTH',
    example: 'token',
    help: 'A service key or the token of a private app suits one account; OAuth suits an app of your own that others install.',
    choices: [
      { value: 'token', label: 'Service key, or token of a private or static app' },
      { value: 'oauth_browser', label: 'Sign in with the browser (OAuth app)' },
      { value: 'refresh_token', label: 'Refresh token of an OAuth app, pasted' },
    ],
  },
  {
    key: 'accessToken',
    label: 'Service key or access token',
    kind: 'text',
    sensitivity: 'secret',
    env: 'HUBSPOT_ACCESS_TOKEN',
    help: 'Development, Keys, Service keys; or the Auth tab of a private app. The key of the hs command line is no token.',
    pattern: SENDABLE,
    when: { field: 'auth', is: 'token' },
  },
  {
    key: 'clientId',
    label: 'Client ID',
    kind: 'text',
    sensitivity: 'public',
    env: 'HUBSPOT_CLIENT_ID',
    example: '01234567-89ab-cdef-0123-456789abcdef',
    help: 'On the Auth tab of the app.',
    pattern: SENDABLE,
    when: { field: 'auth', is: 'oauth_browser|refresh_token' },
  },
  {
    key: 'clientSecret',
    label: 'Client secret',
    kind: 'text',
    sensitivity: 'secret',
    env: 'HUBSPOT_CLIENT_SECRET',
    help: 'On the Auth tab of the app, beside the client ID.',
    pattern: SENDABLE,
    when: { field: 'auth', is: 'oauth_browser|refresh_token' },
  },
  {
    key: 'refreshToken',
    label: 'Refresh token',
    kind: 'text',
    sensitivity: 'secret',
    env: 'HUBSPOT_REFRESH_TOKEN',
    help: 'From an earlier sign-in with the same app; it lasts until the app is uninstalled.',
    pattern: SENDABLE,
    when: { field: 'auth', is: 'refresh_token' },
  },
  {
    key: 'scopes',
    label: 'Scopes',
    kind: 'text',
    sensitivity: 'public',
    env: 'HUBSPOT_SCOPES',
    optional: true,
    fallback: DEFAULT_SCOPES,
    example: DEFAULT_SCOPES,
    help: 'Separated by blanks; they must hold every scope that the app requires.',
    pattern: {
      re: /^[a-z0-9._-]+(?: [a-z0-9._-]+)*$/,
      says: 'must be names such as crm.objects.contacts.read, separated by single blanks',
    },
    when: { field: 'auth', is: 'oauth_browser|refresh_token' },
  },
  redirectPortField({
    env: 'HUBSPOT_REDIRECT_PORT',
    port: REDIRECT_PORT,
    methods: 'oauth_browser|refresh_token',
    help: `The app must list the redirect URL http://localhost:<port>${REDIRECT_PATH} exactly.`,
  }),
  caField('HUBSPOT_CA'),
] as const satisfies readonly Field[]

/** The values of a HubSpot integration. */
export type HubspotValues = Values<typeof fields>

/** HubSpot: one host for all regions; a token of the account, or an app of the user's own. */
export const hubspot = defineProvider({
  id: 'hubspot',
  title: 'HubSpot',
  docs: 'https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/account-service-keys',
  methodField: 'auth',
  authMethods: authMethodsOf(fields, 'auth'),
  capabilities: ['test'],
  hosts: ['api.hubapi.com'],
  fields,
  destination: () => HUBSPOT_ORIGIN,
  cautions: ({ accessToken }) => (accessToken === undefined ? [] : lookAt(accessToken.reveal())),
  grant: grantOf,

  authorization(values) {
    if (values.auth === 'token') return undefined
    return {
      url: new URL('https://app.hubspot.com/oauth/authorize'),
      clientId: values.clientId ?? '',
      scope: values.scopes ?? DEFAULT_SCOPES,
      // The client secret proves the app; a challenge is for another kind of app (contract section 4).
      pkce: false,
      redirect: { port: values.redirectPort ?? Number(REDIRECT_PORT), path: REDIRECT_PATH },
    }
  },

  refusal: async (values, refusal) => (await import('./hubspot-refusal.ts')).explainRefusal(values.auth, refusal),

  api(_values, tokens) {
    return { baseUrl: HUBSPOT_ORIGIN, headers: { authorization: new Secret(`Bearer ${tokens?.accessToken.reveal() ?? ''}`) } }
  },

  async test(values, tools) {
    const { testHubspot } = await import('./hubspot-test.ts')
    return testHubspot(values, tools)
  },
})

function grantOf(values: HubspotValues): Grant {
  if (values.auth === 'token') return { type: 'static', accessToken: values.accessToken ?? new Secret('') }
  const endpoint: TokenEndpoint = {
    url: new URL(`${OAUTH_PATH}/token`, HUBSPOT_ORIGIN),
    clientId: values.clientId ?? '',
    clientSecret: values.clientSecret ?? new Secret(''),
    clientAuth: 'post',
    answer: { error: ['/error', '/status'] },
  }
  if (values.auth === 'refresh_token') return { type: 'refresh_token', endpoint, refreshToken: values.refreshToken ?? new Secret('') }
  return { type: 'authorization_code', endpoint }
}

/** The form of a token is no promise of the vendor's: what looks wrong is warned of, and the test decides. */
function lookAt(token: string): readonly Warning[] {
  if (/^pat-/.test(token)) return []
  if (/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(token))
    return [{ code: 'looks_like_client_secret', message: 'this looks like a client secret or an API key of old, not like an access token' }]
  if (/^Ci[A-Za-z0-9+/=_-]{80,}$/.test(token))
    return [
      {
        code: 'looks_like_personal_key',
        message: 'this looks like the personal access key of the hs command line, which is no access token',
      },
    ]
  return []
}
