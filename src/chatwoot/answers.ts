/** Chatwoot's answers in words: what happened, why, and what to do (contract sections 1.2, 2.2, 2.4, 3 and 17). */
import { CrmError, type CrmErrorOptions, type ErrorCode } from '../core/errors.ts'
import type { HttpResponse } from '../core/ports.ts'
import { visible } from '../core/text.ts'
import { type AnswerKind, kindOf, readRefusal } from './answer-kind.ts'
import type { Connection } from './connection.ts'

/** What was asked, for the words of an error. */
export interface Asked {
  /** The object in a sentence: `the inbox 5`, `the list of agent bots`. */
  readonly what: string
  readonly connection: Pick<Connection, 'baseUrl' | 'accountId'>
}

/** A Chatwoot that answered, and not with a success. */
export class AnswerError extends CrmError {
  constructor(
    readonly kind: AnswerKind,
    readonly status: number,
    code: ErrorCode,
    message: string,
    options: CrmErrorOptions,
  ) {
    super(code, message, options)
  }
}

interface Words {
  readonly code: ErrorCode
  readonly message: string
  readonly reason?: string
  readonly hint?: string
  readonly retryable?: true
}

const NEW_TOKEN = 'copy the access token from Profile settings in Chatwoot, then run: crm edit {name} --api-key-stdin'
const ADMIN_TOKEN = 'use the token of an administrator of the account: crm edit {name} --api-key-stdin'

/** Advice on a wrong address: without its path, where it has one. */
function otherAddress({ connection }: Asked): string {
  const { origin, pathname } = new URL(connection.baseUrl)
  if (pathname === '/') return 'check the address of your Chatwoot: crm edit {name} --base-url <url>'
  return `use the address without a path: crm edit {name} --base-url ${origin}`
}
/** Not JSON: no Chatwoot wrote it. */
const FOREIGN_LOGIN = {
  reason: 'the answer is not one of Chatwoot: a login or a proxy stands in front of it',
  hint: 'let the proxy pass requests to /api without a login of its own, then run: crm test {name}',
}
/** It may be a Chatwoot newer than the texts that are known here: nothing is blamed that nobody has seen. */
const UNKNOWN_TEXT = {
  reason: 'Chatwoot is not known to say what it answered: a newer version, or something in front of it, did not accept the token',
  hint: NEW_TOKEN,
}
const LATER = 'wait a minute, then run the same command again'

/** What each meaning is called. `{name}` in a hint stands for the name of the integration. */
const WORDS: Readonly<Record<AnswerKind, (asked: Asked, response: HttpResponse) => Words>> = {
  header_missing: ({ connection }) => ({
    code: 'auth_rejected',
    message: 'Chatwoot saw no API token in the request',
    reason: `a proxy in front of ${connection.baseUrl} drops the header that carries it`,
    hint: 'let the proxy pass Api-Access-Token (in nginx also: underscores_in_headers on), then run: crm test {name}',
  }),
  token_invalid: ({ connection }) => ({
    code: 'auth_rejected',
    message: 'Chatwoot rejected the API token',
    reason: `no user of ${connection.baseUrl} has it: it was mistyped, reset, or belongs to another Chatwoot`,
    hint: NEW_TOKEN,
  }),
  bot_token: () => ({
    code: 'permission_denied',
    message: 'the API token belongs to a bot or a platform app, not to a user',
    reason: 'Chatwoot lets such tokens do next to nothing (3.5 says the same of super administrators)',
    hint: NEW_TOKEN,
  }),
  account_foreign: ({ connection }) => ({
    code: 'not_found',
    message: `the user of the API token is not a member of the account ${connection.accountId}`,
    reason: 'the token is valid, the account id is another one',
    hint: 'take the number from the dashboard address, /app/accounts/<id>: crm edit {name} --account-id <id>',
  }),
  account_suspended: ({ connection }) => ({
    code: 'permission_denied',
    message: `the account ${connection.accountId} is suspended`,
    reason: 'Chatwoot refuses everything in it until it is activated again',
    hint: 'ask whoever runs the Chatwoot to activate it, then run: crm test {name}',
  }),
  role_too_low: ({ what }) => ({
    code: 'permission_denied',
    message: `the user of the API token may not use ${what}`,
    reason: 'Chatwoot allows it to administrators only',
    hint: ADMIN_TOKEN,
  }),
  unknown_refusal: ({ connection }, response) => ({
    code: 'auth_rejected',
    message: `${connection.baseUrl} refused the request (401)`,
    ...(readRefusal(response).isObject ? UNKNOWN_TEXT : FOREIGN_LOGIN),
  }),
  plan_limit: ({ what }) => ({
    code: 'permission_denied',
    message: `the plan of the account does not allow more: ${what}`,
    reason: 'the account has reached its limit (402)',
    hint: 'remove what is not used, such as old demos: crm demo-list',
  }),
  plan_without_api: ({ connection }) => ({
    code: 'permission_denied',
    message: `the plan of the account ${connection.accountId} has no API access`,
    reason: 'Chatwoot Cloud gives it to paid plans only',
    hint: 'upgrade the plan of the account, then run: crm test {name}',
  }),
  forbidden: ({ connection }) => ({
    code: 'provider_error',
    message: `something in front of ${connection.baseUrl} refused the request (403)`,
    reason: 'Chatwoot itself never answers like this: a firewall or a proxy did',
    hint: 'let requests to /api pass, then run: crm test {name}',
  }),
  record_missing: ({ what }) => ({ code: 'not_found', message: `${what} does not exist`, reason: 'it is not in this account (any more)' }),
  route_missing: (asked) => ({
    code: 'provider_error',
    message: `this Chatwoot does not know ${asked.what}`,
    reason: 'its version is too old, or the base URL has a path too many',
    hint: otherAddress(asked),
  }),
  dashboard_route: ({ connection }) => ({
    code: 'provider_error',
    message: `${connection.baseUrl} is the address of the dashboard, not of the API`,
    reason: 'everything below /app is for browsers',
    hint: `use the address without /app: crm edit {name} --base-url ${new URL(connection.baseUrl).origin}`,
  }),
  invalid: ({ what }, response) => {
    const attributes = readRefusal(response).attributes.map((name) => visible(name, 40))
    return {
      code: 'usage',
      message: `Chatwoot does not accept ${what}`,
      reason: attributes.length > 0 ? `not valid: ${attributes.join(', ')}` : 'it did not say which value is not valid',
      hint: 'change the value, then run the same command again',
    }
  },
  rate_limited: ({ connection }) => ({
    code: 'rate_limited',
    message: `${connection.baseUrl} answers no more requests for now`,
    reason: 'its limit of requests per minute is used up (429)',
    hint: LATER,
  }),
  server_error: ({ what }, response) => ({
    code: 'provider_error',
    message: `Chatwoot failed on ${what} (${response.status})`,
    reason: `an error inside the server${requestId(response)}`,
    hint: 'look into the log of the server, then run the same command again',
    retryable: true,
  }),
  gateway_error: ({ connection }, response) => ({
    code: 'provider_error',
    message: `the Chatwoot behind ${connection.baseUrl} does not answer (${response.status})`,
    reason: 'a proxy answered in its place: it is starting, overloaded or down',
    hint: LATER,
    retryable: true,
  }),
  not_chatwoot: (asked) => ({
    code: 'provider_error',
    message: `there is no Chatwoot at ${asked.connection.baseUrl}`,
    reason: 'what answers there does not know the Chatwoot API',
    hint: otherAddress(asked),
  }),
  unexpected: (asked, response) => ({
    code: 'provider_error',
    message: `Chatwoot answered with status ${response.status} to ${asked.what}`,
    reason: `no answer that it is known to give${requestId(response)}`,
    hint: otherAddress(asked),
  }),
}

/** ` (request 3f2a...)`, for whoever reads the log of the server (contract section 2.4). */
function requestId(response: HttpResponse): string {
  const id = response.headers['x-request-id']
  return id === undefined || id === '' ? '' : ` (request ${visible(id, 64)})`
}

/** The error that an answer is; undefined for a success. */
export function refusalOf(response: HttpResponse, asked: Asked): AnswerError | undefined {
  const kind = kindOf(response)
  return kind === undefined ? undefined : describeAnswer(kind, response, asked)
}

/** An answer in words, where its meaning follows from more than status and text. */
export function describeAnswer(kind: AnswerKind, response: HttpResponse, asked: Asked): AnswerError {
  const { code, message, ...options } = WORDS[kind](asked, response)
  const fields = kind === 'invalid' ? readRefusal(response).attributes : []
  const problems = fields.map((field) => ({ field: visible(field, 40), message: 'is not accepted by Chatwoot' }))
  return new AnswerError(kind, response.status, code, message, { ...options, problems })
}

/**
 * A redirect as advice: the base URL that the server points at. The rest of an address from a server is not repeated, and no other
 * error is changed.
 */
export function adviseOnRedirect(error: unknown, connection: Pick<Connection, 'baseUrl'>): unknown {
  if (!(error instanceof CrmError) || error.redirectTo === undefined) return error
  const from = new URL(connection.baseUrl)
  const target = new URL(error.redirectTo)
  const corrected = `${target.origin}${from.pathname === '/' ? '' : from.pathname}`
  const message = `${connection.baseUrl} redirects to ${target.origin}`
  const options = { redirectTo: error.redirectTo, retryable: false, cause: error }
  if (corrected === connection.baseUrl) {
    const reason = 'it sends requests around in a circle, or to a page for browsers'
    const hint = 'let the proxy send X-Forwarded-Proto: https to Chatwoot and leave /api alone, then run: crm test {name}'
    return new CrmError('provider_error', message, { ...options, reason, hint })
  }
  const reason = 'redirects are never followed: the API token goes only where it was meant to go'
  return new CrmError('provider_error', message, {
    ...options,
    reason,
    hint: `if that is your Chatwoot: crm edit {name} --base-url ${corrected}`,
  })
}

/**
 * Whether a write that failed may still have happened on the server. Refusals (4xx), redirects and requests that were never sent
 * have no effect; after everything else only a look at the server can tell.
 */
export function mayHaveHappened(error: unknown): boolean {
  if (!(error instanceof CrmError)) return true
  if (error.code === 'usage' || error.redirectTo !== undefined) return false
  return !(error instanceof AnswerError && error.status >= 400 && error.status < 500)
}

/** Whether a write that may have happened may also be still under way: nobody said that the server is done with it. */
export function mayStillHappen(error: unknown): boolean {
  return mayHaveHappened(error) && !isKind(error, 'server_error')
}

/** Whether an error is an answer of one meaning. */
export function isKind(error: unknown, kind: AnswerKind): boolean {
  return error instanceof AnswerError && error.kind === kind
}

/** Whether an error says that the object is not there. */
export function isMissing(error: unknown): boolean {
  return isKind(error, 'record_missing') || isKind(error, 'route_missing')
}
