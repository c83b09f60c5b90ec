/**
 * Salesforce. Where people find the values: Setup, App Manager, the external client app, Settings, OAuth Settings
 * (https://help.salesforce.com/s/articleView?id=xcloud.create_a_local_external_client_app.htm). What the test asks: `userinfo`
 * (https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_using_userinfo_endpoint.htm), `query` and the list of versions
 * (https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_list.htm).
 */
import { authMethodsOf } from '../core/auth-methods.ts'
import type { Problem } from '../core/errors.ts'
import type { Field, Values } from '../core/field.ts'
import type { Grant, TokenEndpoint } from '../core/grant.ts'
import { defineProvider } from '../core/provider.ts'
import { Secret } from '../core/secret.ts'
import { caField } from './ca-field.ts'
import { redirectPortField } from './redirect-port-field.ts'
import { isWebHost, loginHostOf, SALESFORCE_HOSTS } from './salesforce-hosts.ts'
import { readPasted } from './salesforce-paste.ts'

const SENDABLE = { re: /^[\x21-\x7e]+$/, says: 'must be visible ASCII characters without blanks' }

/** How long an assertion is valid: the server takes at most three minutes. */
const ASSERTION_S = 170

/** Registered by everybody who follows the set-up of the vendor's own command line. */
const REDIRECT_PORT = '1717'
const REDIRECT_PATH = '/OauthRedirect'

const fields = [
  {
    key: 'auth',
    label: 'How to authenticate',
    kind: 'choice',
    sensitivity: 'public',
    env: 'SALESFORCE_AUTH',
    example: 'client_credentials',
    help: 'Client credentials suit servers; the browser suits a person; each needs an external client app of your own.',
    choices: [
      { value: 'client_credentials', label: 'Client credentials: an app that runs as an integration user' },
      { value: 'jwt_bearer', label: 'JWT bearer: an app with a certificate, and your private key' },
      { value: 'oauth_browser', label: 'Sign in with the browser' },
      { value: 'refresh_token', label: 'Refresh token or sfdx auth URL, pasted' },
      { value: 'access_token', label: 'Access token and instance URL, pasted; lasts hours' },
    ],
  },
  {
    key: 'refreshToken',
    label: 'Refresh token or sfdx auth URL',
    kind: 'text',
    sensitivity: 'secret',
    env: 'SALESFORCE_REFRESH_TOKEN',
    help: 'The token, or the force://... line of "sf org display --verbose". Two programs that share one can lock each other out.',
    pattern: SENDABLE,
    when: { field: 'auth', is: 'refresh_token' },
  },
  {
    key: 'environment',
    label: 'Environment',
    kind: 'choice',
    sensitivity: 'public',
    env: 'SALESFORCE_ENVIRONMENT',
    fallback: 'production',
    example: 'sandbox',
    help: 'Production signs in at login.salesforce.com, sandbox at test.salesforce.com, custom at a host of your own.',
    choices: [
      { value: 'production', label: 'Production' },
      { value: 'sandbox', label: 'Sandbox' },
      { value: 'custom', label: 'Custom: My Domain or Experience Cloud' },
    ],
    when: { field: 'auth', is: 'jwt_bearer|oauth_browser|refresh_token' },
  },
  {
    key: 'loginHost',
    label: 'My Domain host',
    kind: 'text',
    sensitivity: 'public',
    env: 'SALESFORCE_LOGIN_URL',
    example: 'acme.my.salesforce.com',
    help: 'In Setup under My Domain: acme.my.salesforce.com, of a sandbox acme--uat.sandbox.my.salesforce.com.',
    pattern: {
      re: /^(?!.*\.lightning\.)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:salesforce\.com|force\.com|site\.com|cloudforce\.com|salesforce\.mil|crmforce\.mil|sfcrmproducts\.cn)$/,
      says: 'must be a host such as acme.my.salesforce.com; lightning.force.com is the web interface, which takes no credentials',
    },
    when: { field: 'auth', is: 'client_credentials' },
    orWhen: { field: 'environment', is: 'custom' },
  },
  {
    key: 'clientId',
    label: 'Consumer key',
    kind: 'text',
    sensitivity: 'public',
    env: 'SALESFORCE_CLIENT_ID',
    example: '3MVG9...',
    help: 'In Setup, App Manager, your external client app, Settings, OAuth Settings: Consumer Key and Secret.',
    pattern: SENDABLE,
    when: { field: 'auth', is: 'client_credentials|jwt_bearer|oauth_browser|refresh_token' },
  },
  {
    key: 'clientSecret',
    label: 'Consumer secret',
    kind: 'text',
    sensitivity: 'secret',
    env: 'SALESFORCE_CLIENT_SECRET',
    help: 'Beside the consumer key. With the browser and a refresh token only where the app asks for it.',
    pattern: SENDABLE,
    when: { field: 'auth', is: 'client_credentials|oauth_browser|refresh_token' },
    optionalWhen: { field: 'auth', is: 'oauth_browser|refresh_token' },
  },
  {
    key: 'username',
    label: 'Salesforce user name',
    kind: 'text',
    sensitivity: 'public',
    env: 'SALESFORCE_USERNAME',
    example: 'ann@acme.com.uat',
    help: 'The user that the app acts as, in the form of an e-mail address; that of a sandbox ends in its name.',
    pattern: { re: /^[^\s@\p{Cc}]{1,80}@[^\s@\p{Cc}]{1,160}$/u, says: 'must have the form of an e-mail address' },
    when: { field: 'auth', is: 'jwt_bearer' },
  },
  {
    key: 'privateKey',
    label: 'Private key (PEM)',
    kind: 'lines',
    sensitivity: 'secret',
    env: 'SALESFORCE_PRIVATE_KEY',
    help: 'The RSA key whose certificate was uploaded to the app, for example --private-key-file server.key.',
    pattern: {
      re: /^-----BEGIN (?:RSA )?PRIVATE KEY-----[A-Za-z0-9+/=\s]+-----END (?:RSA )?PRIVATE KEY-----$/,
      says: 'must be a PEM key without a passphrase, from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----',
    },
    when: { field: 'auth', is: 'jwt_bearer' },
  },
  {
    key: 'audience',
    label: 'Audience',
    kind: 'url',
    sensitivity: 'public',
    env: 'SALESFORCE_AUDIENCE_URL',
    optional: true,
    example: 'https://acme.my.salesforce.com',
    help: 'Only where the org asks for another one than the address of its sign-in.',
    when: { field: 'auth', is: 'jwt_bearer' },
  },
  redirectPortField({
    env: 'SALESFORCE_REDIRECT_PORT',
    port: REDIRECT_PORT,
    methods: 'oauth_browser|refresh_token',
    help: `The app must list the callback URL http://localhost:<port>${REDIRECT_PATH} exactly.`,
  }),
  {
    key: 'accessToken',
    label: 'Access token or session id',
    kind: 'text',
    sensitivity: 'secret',
    env: 'SALESFORCE_ACCESS_TOKEN',
    help: 'For example from "sf org display"; it cannot be renewed and lasts hours.',
    pattern: SENDABLE,
    when: { field: 'auth', is: 'access_token' },
  },
  {
    key: 'instanceUrl',
    label: 'Instance URL',
    kind: 'url',
    sensitivity: 'public',
    env: 'SALESFORCE_INSTANCE_URL',
    example: 'https://acme.my.salesforce.com',
    help: 'Shown beside the access token; the address of the org, not that of the lightning pages.',
    when: { field: 'auth', is: 'access_token' },
  },
  {
    key: 'apiVersion',
    label: 'API version',
    kind: 'text',
    sensitivity: 'public',
    env: 'SALESFORCE_API_VERSION',
    optional: true,
    example: '66.0',
    help: 'Only to hold programs at one version; crm test says which is the newest.',
    pattern: { re: /^\d{2}\.0$/, says: 'must be a version such as 66.0' },
  },
  caField('SALESFORCE_CA'),
] as const satisfies readonly Field[]

/** The values of a Salesforce integration. */
export type SalesforceValues = Values<typeof fields>

/** Salesforce, by an external client app of the user's own: no shared client id is built in (contract section 1). */
export const salesforce = defineProvider({
  id: 'salesforce',
  title: 'Salesforce',
  docs: 'https://help.salesforce.com/s/articleView?id=xcloud.create_a_local_external_client_app.htm',
  methodField: 'auth',
  authMethods: authMethodsOf(fields, 'auth'),
  capabilities: ['test'],
  hosts: SALESFORCE_HOSTS,
  fields,
  readPasted,

  check(values) {
    const problems: Problem[] = []
    const { auth, loginHost, instanceUrl, audience } = values
    if (auth === 'client_credentials' && /^(?:login|test)\.salesforce\.com$/.test(String(loginHost)))
      problems.push({ field: 'loginHost', message: 'must be the My Domain host: client credentials are refused elsewhere' })
    for (const [field, value] of Object.entries({ instanceUrl, audience })) {
      if (typeof value !== 'string') continue
      if (isWebHost(new URL(value).hostname)) problems.push({ field, message: 'is the web interface, which has no API' })
      else if (new URL(value).protocol !== 'https:') problems.push({ field, message: 'must start with https://' })
    }
    return problems
  },

  destination: (values) =>
    values.auth === 'access_token'
      ? (URL.parse(String(values.instanceUrl))?.origin ?? undefined)
      : values.auth === undefined
        ? undefined
        : `https://${loginHostOf(values)}`,

  cautions: (values) =>
    values.auth === 'access_token'
      ? [{ code: 'short_lived', message: 'the access token cannot be renewed; in a few hours at most it has to be replaced' }]
      : [],

  grant: grantOf,

  authorization(values) {
    if (values.auth !== 'oauth_browser' && values.auth !== 'refresh_token') return undefined
    return {
      url: new URL(`https://${loginHostOf(values)}/services/oauth2/authorize`),
      clientId: values.clientId ?? '',
      scope: 'api refresh_token id',
      pkce: true,
      redirect: { port: values.redirectPort ?? Number(REDIRECT_PORT), path: REDIRECT_PATH },
    }
  },

  refusal: async (values, refusal) => (await import('./salesforce-refusal.ts')).explainRefusal(values.auth, refusal),

  api(values, tokens) {
    const baseUrl = tokens?.captured.instance_url ?? values.instanceUrl ?? ''
    const accessToken = tokens?.accessToken ?? new Secret('')
    return {
      baseUrl,
      headers: { authorization: new Secret(`Bearer ${accessToken.reveal()}`) },
      variables: { SALESFORCE_ACCESS_TOKEN: accessToken, SALESFORCE_INSTANCE_URL: baseUrl },
    }
  },

  async test(values, tools) {
    const { testSalesforce } = await import('./salesforce-test.ts')
    return testSalesforce(values, tools)
  },
})

function grantOf(values: SalesforceValues): Grant {
  const host = loginHostOf(values)
  const endpoint: TokenEndpoint = {
    url: new URL(`https://${host}/services/oauth2/token`),
    clientId: values.clientId ?? '',
    ...(values.clientSecret === undefined ? {} : { clientSecret: values.clientSecret }),
    clientAuth: 'post',
    captures: { instance_url: { hosts: SALESFORCE_HOSTS, required: true } },
  }
  switch (values.auth) {
    case 'client_credentials':
      return { type: 'client_credentials', endpoint }
    case 'jwt_bearer': {
      const audience = values.audience ?? `https://${host}`
      const assertion = { issuer: endpoint.clientId, subject: values.username ?? '', audience, lifetimeS: ASSERTION_S }
      return { type: 'jwt_bearer', endpoint, assertion: { ...assertion, key: values.privateKey ?? new Secret('') } }
    }
    case 'refresh_token':
      return { type: 'refresh_token', endpoint, refreshToken: values.refreshToken ?? new Secret('') }
    case 'access_token': {
      const captured = { instance_url: new URL(values.instanceUrl ?? '').origin }
      return { type: 'static', accessToken: values.accessToken ?? new Secret(''), captured }
    }
    default:
      return { type: 'authorization_code', endpoint }
  }
}
