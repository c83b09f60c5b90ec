import type { ErrorCode } from '../core/errors.ts'
import type { TokenRefusal } from '../core/grant.ts'
import type { Refusal } from '../core/provider.ts'

/** A row of the table: the first that fits a refusal is its meaning. The error is compared whole, the text searched. */
interface Row {
  readonly error: RegExp
  readonly text?: RegExp
  readonly cause: ErrorCode
  readonly message: string
  readonly hint: string
}

const LOGIN = 'crm login {name}'

/** Contract sections 3.1 and 3.4. Only expired and revoked tokens are dead; every other text is about a setting. */
const ROWS: readonly Row[] = [
  {
    error: /^invalid_grant$/,
    text: /authorization code/,
    cause: 'auth_rejected',
    message: 'the code of the sign-in has expired or was used before',
    hint: `sign in again: ${LOGIN}`,
  },
  {
    error: /^invalid_grant$/,
    text: /expired|revoked/,
    cause: 'auth_rejected',
    message: 'the refresh token has expired or was revoked',
    hint: `sign in again: ${LOGIN}`,
  },
  {
    error: /^invalid_grant$/,
    text: /approved this consumer/,
    cause: 'permission_denied',
    message: 'the user has not approved the app',
    hint: 'in the policies of the app choose "Admin approved users are pre-authorized" and assign a permission set of the user, then: crm test {name}',
  },
  {
    error: /^invalid_grant$/,
    text: /audience/,
    cause: 'auth_rejected',
    message: 'the audience of the assertion is not that of this org',
    hint: 'give the My Domain address: crm edit {name} --audience <url>',
  },
  {
    error: /^invalid_grant$/,
    text: /assertion/,
    cause: 'auth_rejected',
    message: 'the signature does not fit the certificate of the app, or the clock of this machine is wrong',
    hint: 'give the key of the uploaded certificate: crm edit {name} --private-key-file <path>',
  },
  {
    error: /^invalid_grant$/,
    text: /client credentials user/,
    cause: 'permission_denied',
    message: 'the app has no user to run as',
    hint: 'in the policies of the app set Run As to an integration user, then: crm test {name}',
  },
  {
    error: /^invalid_grant$/,
    text: /not supported on this domain/,
    cause: 'provider_error',
    message: 'this host does not serve the app',
    hint: 'give the My Domain host: crm edit {name} --login-host <host>',
  },
  {
    error: /^invalid_grant$/,
    text: /ip restricted/,
    cause: 'permission_denied',
    message: 'the org does not allow sign-ins from this address',
    hint: 'add the address to the trusted ranges of the profile or relax the IP policy of the app, then: crm test {name}',
  },
  {
    error: /^invalid_grant$/,
    text: /inactive user/,
    cause: 'permission_denied',
    message: 'the user is inactive',
    hint: 'let an administrator activate the user, then: crm test {name}',
  },
  {
    error: /^invalid_grant$/,
    text: /password expired|challenge required/,
    cause: 'permission_denied',
    message: 'the user must sign in to Salesforce once to renew the password or confirm an identity',
    hint: 'sign in at Salesforce with a browser, then: crm test {name}',
  },
  {
    error: /^invalid_grant$/,
    text: /authentication failure/,
    cause: 'auth_rejected',
    message: 'Salesforce knows no such user or app in this environment',
    hint: 'check production against sandbox: crm edit {name} --environment <production|sandbox|custom>',
  },
  {
    error: /./,
    text: /data not available/,
    cause: 'not_found',
    message: 'the org is gone: a scratch or trial org that has ended or was deleted',
    hint: 'remove it, or sign in to another org: crm remove {name}',
  },
  {
    error: /^invalid_client_id$/,
    cause: 'auth_rejected',
    message: 'this org does not know the consumer key; a new app takes up to ten minutes',
    hint: 'compare it with the app and the org: crm edit {name} --client-id <text>',
  },
  {
    error: /^invalid_client$/,
    cause: 'auth_rejected',
    message: 'the consumer secret is not that of the app',
    hint: 'copy it again from the app: crm edit {name} --client-secret-stdin',
  },
  {
    error: /^(?:invalid_app_access|oauth_app_access_denied|oauth_approval_error_generic)$/,
    cause: 'permission_denied',
    message: 'the user is not approved for the app',
    hint: 'let an administrator install the app and assign it to a profile or permission set of the user, then: crm test {name}',
  },
  {
    error: /^(?:unsupported_grant_type|unauthorized_client)$/,
    cause: 'permission_denied',
    message: 'the app does not allow this way to authenticate',
    hint: 'enable the flow in the settings and again in the policies of the app, then: crm test {name}',
  },
  {
    error: /^redirect_uri_mismatch$/,
    cause: 'permission_denied',
    message: 'the app does not list the callback URL of crm',
    hint: `add http://localhost:<port>/OauthRedirect to its callback URLs, then: ${LOGIN}`,
  },
  {
    error: /^(?:app_not_found|oauth_ec_app_not_found)$/,
    cause: 'provider_error',
    message: 'this host does not know the app',
    hint: 'give the My Domain host: crm edit {name} --environment custom --login-host <host>',
  },
  {
    error: /^inactive_org$/,
    cause: 'permission_denied',
    message: 'the org is inactive',
    hint: 'let an administrator of the org ask Salesforce about it, then: crm test {name}',
  },
  {
    error: /^(?:rate_limit_exceeded|login_rate_exceeded)$/,
    cause: 'rate_limited',
    message: 'Salesforce wants fewer sign-ins',
    hint: 'wait some minutes, then: crm test {name}',
  },
]

/** What a refusal of Salesforce means; undefined for one that the contract does not know. */
export function explainRefusal(auth: string, { error, description }: TokenRefusal): Refusal | undefined {
  const code = error.toLowerCase()
  const said = description.toLowerCase()
  const row = ROWS.find((candidate) => candidate.error.test(code) && (candidate.text === undefined || candidate.text.test(said)))
  if (row === undefined) return undefined
  const { cause, message, hint } = row
  // What cannot be edited because it was never given is not advised.
  return { cause, message, hint: auth === 'client_credentials' ? hint.replace(' --environment custom', '') : hint }
}
