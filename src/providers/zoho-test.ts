import type { Tokens } from '../core/grant.ts'
import { type Json, valueAt } from '../core/json.ts'
import type { HttpResponse } from '../core/ports.ts'
import type { Refusal, TestReport, TestTools } from '../core/provider.ts'
import { type AnswerTable, type FailureRow, joined, type Meaning, readAnswer, textAt } from './answer-table.ts'
import { Findings } from './findings.ts'
import type { ZohoValues } from './zoho.ts'
import { apiOrigin, dataCentre, tokenHeaders } from './zoho-centres.ts'

const API_VERSION = 'v8'

/** A token of which so little time has gone was obtained for this very test: another one would be refused just so, and they are counted. */
const JUST_OBTAINED_MS = 3_590_000

const ORGANIZATION_SCOPE = 'ZohoCRM.org.READ'
const USER_SCOPE = 'ZohoCRM.users.READ'

const ANY: FailureRow['status'] = [200, 599]

/** Contract section 4.2. A code counts whatever the status is: failures come with 200, too. */
const ROWS: readonly FailureRow[] = [
  {
    status: ANY,
    says: /"OAUTH_SCOPE_MISMATCH"/,
    cause: 'permission_denied',
    message: 'the token lacks the scope <scope>',
    hint: '<again>, with the scope <scope>',
  },
  {
    status: ANY,
    says: /"(?:INVALID_TOKEN|AUTHENTICATION_FAILURE|UNAUTHORIZED)"/,
    expired: true,
    cause: 'auth_rejected',
    message: 'Zoho refuses even a new access token here: another environment, or another data centre',
    hint: 'choose those that it was granted for: crm edit {name} --environment <production|sandbox|developer> --data-centre <id>',
  },
  {
    status: ANY,
    says: /"NO_PERMISSION"/,
    cause: 'permission_denied',
    message: 'the profile of the user does not allow the API',
    hint: 'let an administrator enable Zoho CRM API access in the profile of the user, then: crm test {name}',
  },
  {
    status: ANY,
    says: /"TOO_MANY_REQUESTS"/,
    cause: 'rate_limited',
    message: 'the API credits of the day, or the requests at a time, are used up',
    hint: '<wait>, and see Setup, Developer Hub, APIs and SDKs for the credits, then: crm test {name}',
  },
  {
    status: ANY,
    says: /"INVALID_URL_PATTERN"|"API_NOT_SUPPORTED"/,
    cause: 'provider_error',
    message: 'this host does not serve version 8 of the API',
    hint: 'check the data centre: crm edit {name} --data-centre <id>',
  },
  {
    status: ANY,
    says: /"INTERNAL_ERROR"/,
    cause: 'provider_error',
    message: 'Zoho has a fault of its own',
    hint: 'wait a little, then: crm test {name}',
  },
  {
    status: 401,
    cause: 'auth_rejected',
    message: 'Zoho refused the access token',
    hint: '<again>',
  },
  {
    status: 403,
    cause: 'permission_denied',
    message: 'the edition of this organisation does not include the API',
    hint: 'check the subscription in Zoho CRM, then: crm test {name}',
  },
  { status: 429, cause: 'rate_limited', message: 'Zoho wants fewer requests (429)', hint: '<wait>, then: crm test {name}' },
  {
    status: [502, 504],
    page: true,
    cause: 'provider_error',
    message: 'Zoho is in maintenance',
    hint: 'see status.zoho.com, then: crm test {name}',
  },
  { status: [500, 599], cause: 'provider_error', message: 'Zoho has a fault of its own', hint: 'wait a little, then: crm test {name}' },
]

const OTHER: Refusal = {
  cause: 'provider_error',
  message: 'this is no answer of Zoho CRM: a proxy or another server stands before it',
  hint: 'check proxy, network and data centre: crm show {name}',
}

const INACTIVE: Refusal = {
  cause: 'permission_denied',
  message: 'the user is not active',
  hint: 'let an administrator activate the user in Zoho CRM, then: crm test {name}',
}

const TABLE: AnswerTable = {
  what: 'the answer of Zoho',
  rows: ROWS,
  other: OTHER,
  refuses: (json) => textAt(json, '/status') === 'error' || textAt(json, '/code') !== null,
}

interface Answers {
  readonly organization: Meaning
  readonly user: Meaning
  readonly headers: HttpResponse['headers']
}

/**
 * Tests a Zoho CRM (contract section 4): the organisation and the user, of which one is enough. Both requests go out together. A cached token
 * that Zoho refuses is renewed once; a missing scope and a token that is new are not, since Zoho counts the tokens it gives.
 */
export async function testZoho(values: ZohoValues, tools: TestTools): Promise<TestReport> {
  const tokens = await tools.tokens.get()
  const answers = await ask(values, tokens, tools)
  const left = tokens.expiresAtMs === null ? 0 : tokens.expiresAtMs - tools.clock()
  if (left > JUST_OBTAINED_MS || !isExpired(answers)) return judge(values, tokens, answers)
  const renewed = await tools.tokens.renew()
  return renewed === undefined ? judge(values, tokens, answers) : judge(values, renewed, await ask(values, renewed, tools))
}

function isExpired({ organization, user }: Answers): boolean {
  return [organization, user].some((meaning) => meaning.kind === 'failed' && meaning.expired)
}

async function ask(values: ZohoValues, tokens: Tokens, { http, signal }: TestTools): Promise<Answers> {
  const origin = apiOrigin(values.environment, dataCentre(values.dataCentre), tokens.captured.api_domain)
  const get = (path: string): Promise<HttpResponse> =>
    http({
      method: 'GET',
      url: new URL(`/crm/${API_VERSION}${path}`, origin),
      origin,
      headers: { accept: 'application/json', ...tokenHeaders(tokens) },
      signal,
    })
  const [organization, user] = await Promise.all([get('/org'), get('/users?type=CurrentUser')])
  return {
    organization: filled(readAnswer(organization, TABLE), values, ORGANIZATION_SCOPE),
    user: filled(readAnswer(user, TABLE), values, USER_SCOPE),
    headers: organization.headers,
  }
}

/** Names the scope and the way to a new token. */
function filled(meaning: Meaning, { auth }: ZohoValues, scope: string): Meaning {
  if (meaning.kind !== 'failed') return meaning
  const again =
    auth === 'self_client'
      ? 'generate another code: crm edit {name} --grant-code-stdin'
      : auth === 'refresh_token'
        ? 'give another refresh token: crm edit {name} --refresh-token-stdin'
        : 'sign in again: crm login {name}'
  const fill = (text: string): string => text.replaceAll('<scope>', scope).replace('<again>', again)
  const { cause, message, hint } = meaning.refusal
  return { ...meaning, refusal: { cause, message: fill(message), hint: fill(hint) } }
}

function judge(values: ZohoValues, tokens: Tokens, { organization, user, headers }: Answers): TestReport {
  const found = new Findings(API_VERSION)
  if (organization.kind === 'failed' && (user.kind === 'failed' || organization.refusal.cause !== 'permission_denied'))
    return found.failed('organisation', organization.refusal)
  if (user.kind === 'failed' && user.refusal.cause !== 'permission_denied') return found.failed('user', user.refusal)
  const company = organization.kind === 'data' ? valueAt(organization.json, '/org/0') : undefined
  const person = user.kind === 'data' ? valueAt(user.json, '/users/0') : undefined
  if (company === undefined && person === undefined && organization.kind !== 'nothing') return found.failed('organisation', OTHER)
  found.identity = {
    accountId: textAt(company, '/zgid'),
    accountName: textAt(company, '/company_name') ?? textAt(company, '/domain_name'),
    userName: textAt(person, '/full_name'),
    userEmail: textAt(person, '/email') ?? textAt(company, '/primary_email'),
    role: joined(textAt(person, '/role/name'), textAt(person, '/profile/name')),
  }
  const status = textAt(person, '/status')
  if (status !== null && status.toLowerCase() !== 'active') return found.failed('user', INACTIVE)
  found.passed('token', tokens.scope === null ? 'accepted' : joined(`scopes ${tokens.scope}`))
  if (organization.kind === 'failed') found.lacks('organisation', 'scope_missing', organization.refusal)
  else found.passed('organisation', describe(company, values, tokens))
  if (user.kind === 'failed') found.lacks('user', 'scope_missing', user.refusal)
  else found.passed('user', joined(textAt(person, '/email'), found.identity.role))
  const left = headers['x-api-credits-remaining']
  if (left !== undefined && /^\d{1,12}$/.test(left)) found.passed('limits', `${left} API credits of the day are left`)
  return found.connected()
}

/** `enterprise, production, Euro - EUR, Europe/Amsterdam, data centre eu`. */
function describe(company: Json | undefined, values: ZohoValues, tokens: Tokens): string | null {
  const host = new URL(apiOrigin(values.environment, dataCentre(values.dataCentre), tokens.captured.api_domain)).hostname
  const parts = ['/license_details/paid_type', '/type', '/currency', '/time_zone'].map((pointer) => textAt(company, pointer))
  return joined(...parts, host)
}
