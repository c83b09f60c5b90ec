import { isHeaderName, isHeaderValue } from '../core/header.ts'
import type { HttpRequest } from '../core/ports.ts'
import { Secret } from '../core/secret.ts'
import { visible } from '../core/text.ts'
import { basicOf, bearerOf } from './auth-headers.ts'

/** Most headers that an ad hoc CRM may be given. */
const MAX_HEADERS = 20

/** How an ad hoc CRM wants its credential, as the fields of the provider `custom` say it. */
export interface CustomAuth {
  readonly authType: string
  readonly apiKey?: Secret
  readonly apiKeyPlace?: string
  readonly apiKeyName?: string
  readonly token?: Secret
  readonly username?: string
  readonly password?: Secret
  /** JSON object of header names to values. */
  readonly headers?: Secret
}

/** The name under which an API key is sent when none was given. */
export const DEFAULT_KEY_NAME = 'X-Api-Key'

/** The headers that authenticate a request. An API key that belongs in the query gives none; see {@link authorizeUrl}. */
export function authHeaders(auth: CustomAuth): NonNullable<HttpRequest['headers']> {
  switch (auth.authType) {
    case 'api-key':
      return auth.apiKeyPlace === 'query' ? {} : { [auth.apiKeyName ?? DEFAULT_KEY_NAME]: auth.apiKey ?? new Secret('') }
    case 'bearer':
      return { authorization: new Secret(bearerOf(auth.token?.reveal() ?? '')) }
    case 'basic':
      return { authorization: new Secret(basicOf(auth.username ?? '', auth.password?.reveal() ?? '')) }
    case 'headers':
      return Object.fromEntries(readHeaders(auth.headers?.reveal() ?? '').entries.map(([name, value]) => [name, new Secret(value)]))
    default:
      return {}
  }
}

/** The address of a request with its API key, where the CRM takes it in the query. Such an address is a secret and never shown. */
export function authorizeUrl(url: URL, auth: CustomAuth): URL {
  if (auth.authType !== 'api-key' || auth.apiKeyPlace !== 'query') return url
  const authorized = new URL(url)
  authorized.searchParams.set(auth.apiKeyName ?? DEFAULT_KEY_NAME, auth.apiKey?.reveal() ?? '')
  return authorized
}

/** What a JSON object of headers holds, and everything that is wrong with it. Problems name headers, never values. */
export interface ReadHeaders {
  readonly entries: readonly (readonly [name: string, value: string])[]
  readonly problems: readonly string[]
}

/** Reads a JSON object of header names to values. */
export function readHeaders(text: string): ReadHeaders {
  const members = parseObject(text)
  if (members === undefined) return { entries: [], problems: ['must be a JSON object of header names to values: {"X-Token": "..."}'] }
  const problems: string[] = []
  const entries: [string, string][] = []
  const seen = new Set<string>()
  if (members.length === 0) problems.push('must name at least one header')
  if (members.length > MAX_HEADERS) problems.push(`must name at most ${MAX_HEADERS} headers`)
  for (const [name, value] of members) {
    const shown = visible(name, 64)
    if (!isHeaderName(name)) problems.push(`names "${shown}", which is not a header that can be set`)
    else if (seen.has(name.toLowerCase())) problems.push(`names the header ${shown} twice`)
    else if (typeof value !== 'string' || !isHeaderValue(value))
      problems.push(`gives the header ${shown} a value that is not visible ASCII text`)
    else entries.push([name, value])
    seen.add(name.toLowerCase())
  }
  return { entries, problems }
}

function parseObject(text: string): readonly (readonly [string, unknown])[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.entries(value) : undefined
  } catch {
    // The parser's message quotes the text, which holds secrets.
    return undefined
  }
}
