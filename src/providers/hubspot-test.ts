import type { Tokens } from '../core/grant.ts'
import { type Json, valueAt } from '../core/json.ts'
import type { HttpRequest, HttpResponse } from '../core/ports.ts'
import type { Refusal, TestReport, TestTools } from '../core/provider.ts'
import { Secret } from '../core/secret.ts'
import { type AnswerTable, joined, type Meaning, readAnswer, textAt } from './answer-table.ts'
import { Findings } from './findings.ts'
import type { HubspotValues } from './hubspot.ts'
import { HUBSPOT_ORIGIN, OAUTH_PATH } from './hubspot-api.ts'

/** The dated version of the API that is asked. */
const API_VERSION = '2026-03'

const CONTACTS_SCOPE = 'crm.objects.contacts.read'

const EDIT_TOKEN = 'crm edit {name} --access-token-stdin'

/** Contract section 3.4, for an OAuth app; {@link forStaticToken} says how it differs for a token of the account. */
const TABLE: AnswerTable = {
  what: 'the answer of HubSpot',
  rows: [
    {
      status: 401,
      // Decoded as a time, what is no token has expired in 1970.
      says: /expired \d{5,} day|"1970-/i,
      cause: 'auth_rejected',
      message: 'this is no access token: a personal access key, a client secret, or a typing error',
      hint: `take a service key from Development, Keys, Service keys: ${EDIT_TOKEN}`,
    },
    {
      status: 401,
      says: /EXPIRED_AUTHENTICATION/,
      expired: true,
      cause: 'auth_rejected',
      message: 'HubSpot calls even a new access token expired',
      hint: 'sign in again: crm login {name}',
    },
    {
      status: 401,
      cause: 'auth_rejected',
      message: 'HubSpot does not know the token: it was revoked, or the app was uninstalled',
      hint: 'sign in again: crm login {name}',
    },
    {
      status: 403,
      says: /MISSING_SCOPES/,
      cause: 'permission_denied',
      message: 'the token lacks a scope',
      hint: 'add <scopes> to the scopes of the app, then: crm login {name}',
    },
    {
      status: 403,
      says: /uninstalled|blocked|BANNED/i,
      cause: 'permission_denied',
      message: 'the app was uninstalled or blocked in this account',
      hint: 'let an administrator of the account allow it under Connected apps, then: crm test {name}',
    },
    {
      status: 403,
      cause: 'permission_denied',
      message: 'the plan or the state of this account does not allow the API',
      hint: 'check the subscription of the account, then: crm test {name}',
    },
    {
      status: 423,
      cause: 'provider_error',
      message: 'HubSpot has locked what the test reads for a moment',
      hint: '<wait>, then: crm test {name}',
    },
    {
      status: 429,
      says: /DAILY/i,
      cause: 'rate_limited',
      message: 'the account has used up its requests of the day',
      hint: 'wait until midnight in the time zone of the account, then: crm test {name}',
    },
    {
      status: 429,
      cause: 'rate_limited',
      message: 'HubSpot wants fewer requests for some seconds (429)',
      hint: '<wait>, then: crm test {name}',
    },
    {
      status: 477,
      cause: 'provider_error',
      message: 'HubSpot is moving this account to another data centre',
      hint: '<wait>, up to a day, then: crm test {name}',
    },
    {
      status: [500, 599],
      cause: 'provider_error',
      message: 'HubSpot has a fault of its own',
      hint: 'see status.hubspot.com, then: crm test {name}',
    },
  ],
  other: {
    cause: 'provider_error',
    message: 'this is no answer of HubSpot: a proxy or another server stands before it',
    hint: 'check proxy and network, then: crm test {name}',
  },
}

/** A token of the account is not renewed: whatever is wrong with it, another one takes its place. */
function forStaticToken(table: AnswerTable): AnswerTable {
  const rows = table.rows.map(({ expired, ...row }) => {
    if (expired === true) {
      const message = 'the access token has expired: it is one of an OAuth app, which lasts half an hour'
      return { ...row, message, hint: `take a service key instead: ${EDIT_TOKEN}` }
    }
    const hint = row.hint
      .replace('sign in again: crm login {name}', `take another service key or app token: ${EDIT_TOKEN}`)
      .replace('to the scopes of the app, then: crm login {name}', 'to the scopes of the service key or app, then: crm test {name}')
    return { ...row, hint }
  })
  return { ...table, rows }
}

/** What the requests brought. */
interface Answers {
  readonly details: Meaning
  readonly contacts: Meaning
  /** Who the token is; undefined when the server does not say. */
  readonly token: Json | undefined
  readonly limits: HttpResponse['headers']
}

/**
 * Tests a HubSpot (contract section 3): the account's details decide; what the token is and whether it may read contacts goes along, so a test
 * takes one round trip. A token that HubSpot calls expired is renewed once.
 */
export async function testHubspot(values: HubspotValues, tools: TestTools): Promise<TestReport> {
  const tokens = await tools.tokens.get()
  const answers = await ask(values, tokens, tools)
  if (answers.details.kind !== 'failed' || !answers.details.expired) return judge(answers)
  const renewed = await tools.tokens.renew()
  return judge(renewed === undefined ? answers : await ask(values, renewed, tools))
}

async function ask(values: HubspotValues, tokens: Tokens, { http, signal }: TestTools): Promise<Answers> {
  const table = values.auth === 'token' ? forStaticToken(TABLE) : TABLE
  const authorization = new Secret(`Bearer ${tokens.accessToken.reveal()}`)
  const send = (path: string, more: Partial<HttpRequest> = {}): Promise<HttpResponse> =>
    http({
      method: 'GET',
      url: new URL(path, HUBSPOT_ORIGIN),
      origin: HUBSPOT_ORIGIN,
      signal,
      ...more,
      headers: { accept: 'application/json', authorization, ...more.headers },
    })
  const [details, contacts, token] = await Promise.all([
    send(`/account-info/${API_VERSION}/details`),
    send(`/crm/objects/${API_VERSION}/contacts?limit=1`),
    // It only adds to what is known.
    send(...aboutToken(values, tokens)).catch(() => undefined),
  ])
  const about = token === undefined ? undefined : readAnswer(token, table)
  return {
    details: withScopes(readAnswer(details, table), details),
    contacts: withScopes(readAnswer(contacts, table), contacts),
    token: about?.kind === 'data' ? about.json : undefined,
    limits: details.headers,
  }
}

/** The request that says what a token is (contract section 3.2). The token is in the body: an address would end up in logs. */
function aboutToken(
  { auth, clientId = '', clientSecret }: HubspotValues,
  { accessToken }: Tokens,
): [path: string, request: Partial<HttpRequest>] {
  if (auth === 'token') {
    const body = JSON.stringify({ tokenKey: accessToken.reveal() })
    return ['/oauth/v2/private-apps/get/access-token-info', { method: 'POST', body, headers: { 'content-type': 'application/json' } }]
  }
  const form = {
    client_id: clientId,
    client_secret: clientSecret?.reveal() ?? '',
    token: accessToken.reveal(),
    token_type_hint: 'access_token',
  }
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return [`${OAUTH_PATH}/token/introspect`, { method: 'POST', body: new URLSearchParams(form).toString(), headers }]
}

/** Where each kind of answer names the scopes of which one is missing. */
const SCOPE_POINTERS = ['/errors/0/context/requiredGranularScopes', '/errors/0/context/requiredScopes', '/context/missingScopes']

/** Names the scopes that would do: any one of them suffices. */
function withScopes(meaning: Meaning, response: HttpResponse): Meaning {
  if (meaning.kind !== 'failed' || !meaning.refusal.hint.includes('<scopes>')) return meaning
  const named = scopesIn(response)
  const scopes = named.length === 0 ? CONTACTS_SCOPE : named.join(' or ')
  return { ...meaning, refusal: { ...meaning.refusal, hint: meaning.refusal.hint.replace('<scopes>', scopes) } }
}

function scopesIn(response: HttpResponse): readonly string[] {
  const json = parse(response)
  const lists = json === undefined ? [] : SCOPE_POINTERS.map((pointer) => valueAt(json, pointer))
  const names = lists.find((list) => Array.isArray(list) && list.length > 0)
  const isScope = (name: Json): name is string => typeof name === 'string' && /^[a-z]+(?:[._-][a-z]+){0,5}$/.test(name) && name.length <= 60
  return Array.isArray(names) ? names.filter(isScope).slice(0, 4) : []
}

function parse({ body }: HttpResponse): Json | undefined {
  try {
    return JSON.parse(body.subarray(0, 64 * 1024).toString('utf8')) as Json
  } catch {
    return undefined
  }
}

function judge({ details, contacts, token, limits }: Answers): TestReport {
  const found = new Findings(API_VERSION)
  if (details.kind === 'failed') return found.failed('token', details.refusal)
  const account = details.kind === 'data' ? details.json : undefined
  const accountId = textAt(account, '/portalId')
  if (accountId === null) return found.failed('account', TABLE.other)
  found.identity = {
    accountId,
    accountName: textAt(token, '/hub_domain') ?? textAt(account, '/portalName'),
    userName: null,
    userEmail: textAt(token, '/user'),
    role: null,
  }
  found.passed('token', scopeText(token) ?? 'accepted')
  const region = textAt(account, '/dataHostingLocation')
  const places = [textAt(account, '/accountType'), textAt(account, '/companyCurrency'), textAt(account, '/timeZone')]
  found.passed('account', joined(...places, region === null ? null : `hosted in ${region}`))
  if (contacts.kind === 'failed') found.lacks('contacts', lackCode(contacts.refusal), contacts.refusal)
  else found.passed('contacts', 'readable')
  const left = limitText(limits)
  if (left !== null) found.passed('limits', left)
  return found.connected()
}

function lackCode({ cause }: Refusal): string {
  return cause === 'permission_denied' ? 'scope_missing' : 'contacts_not_read'
}

function scopeText(token: Json | undefined): string | null {
  const scopes = token === undefined ? undefined : valueAt(token, '/scopes')
  const names = Array.isArray(scopes) ? scopes.filter((name) => typeof name === 'string') : []
  return names.length === 0 ? null : joined(`scopes ${names.join(' ')}`)
}

/** Apps of OAuth have no daily limit of their own, and no such header. */
function limitText(headers: HttpResponse['headers']): string | null {
  const [left, most] = [headers['x-hubspot-ratelimit-daily-remaining'], headers['x-hubspot-ratelimit-daily']]
  if (isCount(left) && isCount(most)) return `${left} of ${most} requests of the day are left`
  const [burst, of] = [headers['x-hubspot-ratelimit-remaining'], headers['x-hubspot-ratelimit-max']]
  return isCount(burst) && isCount(of) ? `${burst} of ${of} requests of these seconds are left` : null
}

function isCount(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,12}$/.test(text)
}
