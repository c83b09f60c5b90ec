/**
 * Tells Chatwoot's answers apart (contract sections 2.2, 2.4 and 3). Chatwoot says nearly everything with 401, so the text decides;
 * those texts are fixed English. Validation sentences may be translated and are never matched.
 */
import type { HttpResponse } from '../core/ports.ts'
import { isHtml } from '../core/read-json.ts'

/** What an answer that is not a success means. */
export type AnswerKind =
  | 'header_missing'
  | 'token_invalid'
  | 'bot_token'
  | 'account_foreign'
  | 'account_suspended'
  | 'role_too_low'
  | 'unknown_refusal'
  | 'plan_limit'
  | 'plan_without_api'
  | 'forbidden'
  | 'record_missing'
  | 'route_missing'
  | 'dashboard_route'
  | 'invalid'
  | 'rate_limited'
  | 'server_error'
  | 'gateway_error'
  | 'not_chatwoot'
  | 'unexpected'

/** The fixed English texts of 401 answers, in lower case (contract section 2.2). */
const REFUSALS: ReadonlyMap<string, AnswerKind> = new Map([
  ['invalid access token', 'token_invalid'],
  ['access to this endpoint is not authorized for bots', 'bot_token'],
  ['bot is not authorized to access this account', 'bot_token'],
  ['you are not authorized to access this account', 'account_foreign'],
  ['account is suspended', 'account_suspended'],
  ['you are not authorized to do this action', 'role_too_low'],
  ['invalid access_token', 'token_invalid'],
  ['non permissible resource', 'bot_token'],
])

/** The first of the texts in `errors` when no token was seen. */
const SIGN_IN = 'you need to sign in or sign up before continuing.'
const API_NOT_IN_PLAN = 'api access is not enabled for this account'
const RECORD_MISSING = 'resource could not be found'

/** What the body of a refusal says, as far as it is JSON of one of Chatwoot's shapes. */
export interface RefusalBody {
  readonly error: string
  /** Whether the list `errors` asks for a sign-in: no token was seen. */
  readonly asksForSignIn: boolean
  /** The names of the attributes that did not pass validation. */
  readonly attributes: readonly string[]
  /** Whether there was a JSON object at all. */
  readonly isObject: boolean
}

/** Refusals are short; what is longer is not Chatwoot's. */
const MAX_REFUSAL_BYTES = 65_536

/** Reads the body of a refusal. Whatever is not of Chatwoot's making says nothing. */
export function readRefusal(response: HttpResponse): RefusalBody {
  const nothing = { error: '', asksForSignIn: false, attributes: [], isObject: false }
  if (isHtml(response) || response.body.length > MAX_REFUSAL_BYTES) return nothing
  try {
    const body: unknown = JSON.parse(response.body.toString('utf8'))
    if (body === null || typeof body !== 'object' || Array.isArray(body)) return nothing
    const { error, errors, attributes } = body as Record<string, unknown>
    const names = Array.isArray(attributes) ? attributes.filter((name): name is string => typeof name === 'string') : []
    const text = typeof error === 'string' ? error.trim().toLowerCase() : ''
    const first: unknown = Array.isArray(errors) ? errors[0] : undefined
    const asksForSignIn = typeof first === 'string' && first.trim().toLowerCase() === SIGN_IN
    return { error: text, asksForSignIn, attributes: names.slice(0, 20), isObject: true }
  } catch {
    return nothing
  }
}

/** The meaning of an answer; undefined for a success (2xx), whose body is read elsewhere. */
export function kindOf(response: HttpResponse): AnswerKind | undefined {
  const { status } = response
  if (status >= 200 && status < 300) return undefined
  if (status === 429) return 'rate_limited'
  if (status >= 502 && status <= 504) return 'gateway_error'
  if (status >= 500) return 'server_error'
  const body = readRefusal(response)
  if (status === 401) return body.asksForSignIn ? 'header_missing' : (REFUSALS.get(body.error) ?? 'unknown_refusal')
  if (status === 402) return 'plan_limit'
  if (status === 403) return body.error === API_NOT_IN_PLAN ? 'plan_without_api' : 'forbidden'
  if (status === 404) return body.error === RECORD_MISSING ? 'record_missing' : body.isObject ? 'route_missing' : 'not_chatwoot'
  if (status === 406) return body.isObject ? 'dashboard_route' : 'unexpected'
  if (status === 422) return 'invalid'
  return 'unexpected'
}
