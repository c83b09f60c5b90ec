import type { Tokens } from '../core/grant.ts'
import { type Json, valueAt } from '../core/json.ts'
import type { HttpResponse } from '../core/ports.ts'
import type { Refusal, TestReport, TestTools } from '../core/provider.ts'
import { type AnswerTable, type FailureRow, joined, type Meaning, readAnswer, textAt } from './answer-table.ts'
import { Findings } from './findings.ts'
import type { PipedriveValues } from './pipedrive.ts'
import { apiHeaders, apiOrigin, COMMON_ORIGIN } from './pipedrive-api.ts'

/** `users/me` lives under version 1 alone (contract section 0). */
const API_VERSION = 'v1'

/** Whoever goes on asking after a 429 is shut out (contract section 0): one more try, not two. */
const TRIES = 2

const LOGIN = 'crm login {name}'

/** Contract section 3.1, but for 401, which depends on what was sent, and 429. */
const ROWS: readonly FailureRow[] = [
  {
    status: 402,
    cause: 'permission_denied',
    message: 'the subscription of the company is not open, or lacks what is needed',
    hint: 'check it under Billing in Pipedrive, then: crm test {name}',
  },
  {
    status: 403,
    page: true,
    cause: 'rate_limited',
    message: 'Pipedrive has shut this address out after too many requests',
    hint: 'wait for an hour, and ask less often, then: crm test {name}',
  },
  {
    status: 403,
    says: /feature_capping/i,
    cause: 'permission_denied',
    message: 'the plan of the company has reached a limit',
    hint: 'check the plan under Billing in Pipedrive, then: crm test {name}',
  },
  {
    status: 403,
    says: /scope/i,
    cause: 'permission_denied',
    message: 'the app lacks the scope for this',
    hint: `add it under OAuth and access scopes in the Developer Hub, then: ${LOGIN}`,
  },
  {
    status: 403,
    cause: 'permission_denied',
    message: 'the user may not use the API',
    hint: 'let an administrator give the user "Use API" in the permission set, then: crm test {name}',
  },
  {
    status: [404, 405],
    cause: 'provider_error',
    message: 'this host does not serve the API of Pipedrive',
    hint: 'correct the company: crm edit {name} --company-domain <text>',
  },
  {
    status: 410,
    cause: 'provider_error',
    message: 'Pipedrive has retired this version of its API',
    hint: 'look for a newer version of crm, then: crm test {name}',
  },
  {
    status: [500, 599],
    cause: 'provider_error',
    message: 'Pipedrive has a fault of its own, or is in maintenance',
    hint: 'see status.pipedrive.com, then: crm test {name}',
  },
]

/** The gateway gives one and the same 401 to a wrong token, a wrong company and a wrong path. */
const TOKEN_REFUSED: FailureRow = {
  status: 401,
  cause: 'auth_rejected',
  message: 'Pipedrive does not know the API token',
  hint: 'copy it again from Personal preferences, API: crm edit {name} --api-token-stdin',
}

const TOKEN_OR_COMPANY: FailureRow = {
  status: 401,
  cause: 'auth_rejected',
  message: 'Pipedrive does not know the API token in this company; it answers the same way to a wrong company domain',
  hint: 'check both: crm edit {name} --company-domain <text> --api-token-stdin',
}

const SIGN_IN_REFUSED: FailureRow = {
  status: 401,
  expired: true,
  cause: 'auth_rejected',
  message: 'Pipedrive refuses even a new access token: the app was uninstalled, or the company was renamed',
  hint: `sign in again: ${LOGIN}`,
}

const DAY_IS_OVER: FailureRow = {
  status: 429,
  cause: 'rate_limited',
  message: 'the company has used up its API budget of the day',
  hint: 'wait until midnight of the server, then: crm test {name}',
}

const TOO_FAST: FailureRow = {
  status: 429,
  cause: 'rate_limited',
  message: 'Pipedrive wants fewer requests for some seconds (429)',
  hint: '<wait>, then: crm test {name}',
}

const OTHER: Refusal = {
  cause: 'provider_error',
  message: 'this is no answer of Pipedrive: a proxy or another server stands before it',
  hint: 'check proxy and network, then: crm test {name}',
}

const INACTIVE: Refusal = {
  cause: 'permission_denied',
  message: 'the user is not active',
  hint: 'let an administrator activate the user in Pipedrive, then: crm test {name}',
}

function tableFor({ auth, companyDomain }: PipedriveValues, response: HttpResponse): AnswerTable {
  const refused = auth !== 'api_token' ? SIGN_IN_REFUSED : companyDomain === undefined ? TOKEN_REFUSED : TOKEN_OR_COMPANY
  const slow = isDayOver(response.headers) ? DAY_IS_OVER : TOO_FAST
  return { what: 'the answer of Pipedrive', rows: [refused, slow, ...ROWS], other: OTHER, refuses: isRefusal }
}

/** A 200 without a user is a failure (contract section 3). */
function isRefusal(json: Json): boolean {
  return valueAt(json, '/success') === false || textAt(json, '/data/id') === null
}

function isDayOver(headers: HttpResponse['headers']): boolean {
  return headers['x-daily-requests-left'] === '0' || headers['x-daily-ratelimit-token-remaining'] === '0'
}

/** Tests a Pipedrive (contract section 3): who the token is. One request; an access token that is refused is renewed once. */
export async function testPipedrive(values: PipedriveValues, tools: TestTools): Promise<TestReport> {
  const tokens = values.auth === 'api_token' ? undefined : await tools.tokens.get()
  const answer = await ask(values, tokens, tools)
  if (answer.meaning.kind !== 'failed' || !answer.meaning.expired) return judge(values, tokens, answer)
  const renewed = await tools.tokens.renew()
  return renewed === undefined ? judge(values, tokens, answer) : judge(values, renewed, await ask(values, renewed, tools))
}

interface Answered {
  readonly meaning: Meaning
  readonly headers: HttpResponse['headers']
}

async function ask(values: PipedriveValues, tokens: Tokens | undefined, { http, signal }: TestTools): Promise<Answered> {
  const origin = apiOrigin(values, tokens)
  const response = await http({
    method: 'GET',
    url: new URL(origin === COMMON_ORIGIN ? `/${API_VERSION}/users/me` : `/api/${API_VERSION}/users/me`, origin),
    origin,
    headers: { accept: 'application/json', ...apiHeaders(values, tokens) },
    tries: TRIES,
    signal,
  })
  return { meaning: readAnswer(response, tableFor(values, response)), headers: response.headers }
}

function judge(values: PipedriveValues, tokens: Tokens | undefined, { meaning, headers }: Answered): TestReport {
  const found = new Findings(API_VERSION)
  if (meaning.kind === 'failed') return found.failed('token', meaning.refusal)
  const user = meaning.kind === 'data' ? valueAt(meaning.json, '/data') : undefined
  if (user === undefined) return found.failed('token', OTHER)
  found.identity = {
    accountId: textAt(user, '/company_id'),
    accountName: textAt(user, '/company_name') ?? textAt(user, '/company_domain'),
    userName: textAt(user, '/name'),
    userEmail: textAt(user, '/email'),
    role: roleOf(user),
  }
  if (isOff(user, '/active_flag') || isOff(user, '/activated')) return found.failed('user', INACTIVE)
  const scope = tokens?.scope ?? null
  found.passed('token', scope === null ? 'accepted' : joined(`scopes ${scope}`))
  found.passed('user', joined(textAt(user, '/email'), roleOf(user)))
  const company = textAt(user, '/company_domain')
  const host = company === null ? null : `${company}.pipedrive.com`
  found.passed('company', joined(host, textAt(user, '/default_currency'), textAt(user, '/timezone_name'), textAt(user, '/locale')))
  judgeCompany(found, values, company)
  const left = leftOf(headers)
  if (left !== null) found.passed('limits', left)
  return found.connected()
}

/** A company that was renamed leaves its old host answering for a while. */
function judgeCompany(found: Findings, { companyDomain }: PipedriveValues, company: string | null): void {
  if (companyDomain === undefined || company === null || company === companyDomain || !/^[a-z0-9-]{1,63}$/.test(company)) return
  found.lacks('company domain', 'other_company_domain', {
    cause: 'provider_error',
    message: `the company is now ${company}.pipedrive.com`,
    hint: `crm edit {name} --company-domain ${company}`,
  })
}

function roleOf(user: Json): string | null {
  const access = valueAt(user, '/access')
  if (!Array.isArray(access)) return null
  const areas = access.filter((entry) => valueAt(entry, '/admin') === true).map((entry) => textAt(entry, '/app'))
  return areas.length === 0 ? 'regular user' : joined(`administrator of ${areas.filter((area) => area !== null).join(', ')}`)
}

/** Flags arrive as booleans, numbers or text. */
function isOff(user: Json, pointer: string): boolean {
  const value = valueAt(user, pointer)
  return value === false || value === 0 || value === '0'
}

function leftOf(headers: HttpResponse['headers']): string | null {
  const count = (name: string): string | undefined => (/^\d{1,12}$/.test(headers[name] ?? '') ? headers[name] : undefined)
  const [tokens, most, requests] = ['x-daily-ratelimit-token-remaining', 'x-daily-ratelimit-token-limit', 'x-daily-requests-left'].map(
    count,
  )
  if (tokens !== undefined) return `${tokens}${most === undefined ? '' : ` of ${most}`} rate-limit tokens of the day are left`
  if (requests !== undefined) return `${requests} requests of the day are left`
  const [burst, of] = ['x-ratelimit-remaining', 'x-ratelimit-limit'].map(count)
  return burst === undefined || of === undefined ? null : `${burst} of ${of} rate-limit tokens of these seconds are left`
}
