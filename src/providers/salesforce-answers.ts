import type { ErrorCode } from '../core/errors.ts'
import { type Json, valueAt } from '../core/json.ts'
import type { HttpResponse } from '../core/ports.ts'
import { isHtml, mediaType, readJson } from '../core/read-json.ts'

/** What one answer of the data API or of `userinfo` means. */
export type Meaning =
  | { readonly kind: 'data'; readonly json: Json }
  /** The contract calls it expiry: a new token may help, once. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'failed'; readonly reason: Reason }

/** Everything else that the contract tells apart (sections 4.1 and 4.4). */
export type Reason =
  | 'rejected'
  | 'header_dropped'
  | 'other_org'
  | 'inactive_user'
  | 'api_policy'
  | 'not_attached'
  | 'api_disabled'
  | 'daily_limit'
  | 'no_permission'
  | 'bad_version'
  | 'maintenance'
  | 'fault'
  | 'too_fast'
  | 'not_salesforce'

/** How many bytes of a text answer are searched for a known word. */
const SEARCHED_BYTES = 2048

/** Reads an answer; what it says in words that nobody here wrote is compared, and never repeated. */
export function readAnswer(response: HttpResponse): Meaning {
  const { status } = response
  const text = response.body.subarray(0, SEARCHED_BYTES).toString('latin1')
  if (status === 200 && !isHtml(response)) return readData(response)
  if (status === 401 || status === 403) return readRefusal(status, text, isHtml(response))
  return { kind: 'failed', reason: byStatus(response, text) }
}

/** A fault that the vendor says is worth one more try (contract section 4.4). */
export function isStumble({ status, body }: HttpResponse): boolean {
  return status === 500 && body.subarray(0, SEARCHED_BYTES).toString('latin1').includes('UNKNOWN_EXCEPTION')
}

function readData(response: HttpResponse): Meaning {
  try {
    return { kind: 'data', json: readJson(response, { what: 'the answer of Salesforce' }) }
  } catch {
    // A page of another product, or of a proxy.
    return { kind: 'failed', reason: 'not_salesforce' }
  }
}

function readRefusal(status: number, text: string, html: boolean): Meaning {
  // The two that look like expiry and are not: a new token would be refused just so, for ever.
  if (/not valid for use with the REST API/i.test(text)) return { kind: 'failed', reason: 'api_policy' }
  if (/not attached to Agent/i.test(text)) return { kind: 'failed', reason: 'not_attached' }
  if (/Bad_OAuth_Token|INVALID_SESSION_ID/.test(text)) return { kind: 'expired' }
  const word = WORDS.find(([pattern]) => pattern.test(text))
  if (word !== undefined) return { kind: 'failed', reason: word[1] }
  if (html) return { kind: 'failed', reason: 'not_salesforce' }
  return { kind: 'failed', reason: status === 401 ? 'rejected' : 'no_permission' }
}

const WORDS: readonly (readonly [RegExp, Reason])[] = [
  [/Missing_OAuth_Token|INVALID_AUTH_HEADER/, 'header_dropped'],
  [/Wrong_Org|Bad_Id/, 'other_org'],
  [/Inactive_User|USER_INACTIVE/i, 'inactive_user'],
  [/API_DISABLED_FOR_ORG|API_CURRENTLY_DISABLED/, 'api_disabled'],
  [/REQUEST_LIMIT_EXCEEDED/, 'daily_limit'],
]

function byStatus(response: HttpResponse, text: string): Reason {
  const { status } = response
  if (status === 429) return 'too_fast'
  if (status === 420 || status === 503 || /SERVER_UNAVAILABLE|down for maintenance/i.test(text)) return 'maintenance'
  if (status >= 500) return 'fault'
  if (/REQUEST_LIMIT_EXCEEDED/.test(text)) return 'daily_limit'
  if (status === 410) return 'bad_version'
  if (isHtml(response) || mediaType(response) === '') return 'not_salesforce'
  if (status === 404) return /NOT_FOUND/.test(text) ? 'bad_version' : 'not_salesforce'
  return status === 400 ? 'no_permission' : 'not_salesforce'
}

/** Text at a pointer; null where there is none. */
export function textOf(json: Json, pointer: string): string | null {
  const value = valueAt(json, pointer)
  return typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : null
}

/** The newest of the versions that an org lists, such as `66.0` (contract section 4.3). */
export function newestVersion(json: Json): string | null {
  const versions = Array.isArray(json) ? json.map((entry) => textOf(entry, '/version')) : []
  return versions.filter((version) => version !== null && /^\d{2,3}\.\d$/.test(version)).at(-1) ?? null
}

/** `api-usage=10018/100000` of the header, as used and most; unknown parts are passed over. */
export function readUsage(header: string | undefined): { readonly used: number; readonly most: number } | null {
  const part = header?.split(';').find((piece) => piece.trim().startsWith('api-usage='))
  const [, used, most] = /^api-usage=(\d{1,12})\/(\d{1,12})$/.exec(part?.trim() ?? '') ?? []
  return used === undefined || most === undefined ? null : { used: Number(used), most: Number(most) }
}

/** The causes, in the words of the exit statuses. */
export const CAUSES: Readonly<Record<Reason, ErrorCode>> = {
  rejected: 'auth_rejected',
  header_dropped: 'auth_rejected',
  other_org: 'auth_rejected',
  inactive_user: 'permission_denied',
  api_policy: 'permission_denied',
  not_attached: 'permission_denied',
  api_disabled: 'permission_denied',
  daily_limit: 'rate_limited',
  no_permission: 'permission_denied',
  bad_version: 'provider_error',
  maintenance: 'provider_error',
  fault: 'provider_error',
  too_fast: 'rate_limited',
  not_salesforce: 'provider_error',
}
