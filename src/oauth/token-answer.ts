import { CrmError } from '../core/errors.ts'
import type { Capture, Captured, TokenAnswer } from '../core/grant.ts'
import { isPinnedHost } from '../core/host.ts'
import { type Json, valueAt } from '../core/json.ts'
import type { HttpResponse } from '../core/ports.ts'
import { readJson } from '../core/read-json.ts'

/** Longest text that is kept of an answer, besides tokens. */
const LONGEST_CAPTURE = 500
const DAY_S = 86_400
const LONGEST_LIFETIME_S = 366 * DAY_S

/** What a token endpoint said, in the words of RFC 6749 whatever its own are: a token, or a refusal. */
export interface ReadAnswer {
  /** For the library that judges it: 200 with a token, 400 with an error. */
  readonly status: number
  readonly body: Readonly<Record<string, string | number>>
  readonly captured: Captured
}

/**
 * Reads the answer of a token endpoint. Known members alone are copied. An error is one whatever the status says, and a status
 * without an error is one, too.
 * @throws {CrmError} `provider_error`: not JSON, neither token nor error, an address that may not be used; `rate_limited`.
 */
export function readTokenAnswer(
  response: HttpResponse,
  where: { readonly host: string; readonly answer: TokenAnswer; readonly captures: Readonly<Record<string, Capture>> },
): ReadAnswer {
  const { host, answer, captures } = where
  const json = readBody(response, host)
  const accessToken = textAt(json, answer.accessToken ?? '/access_token')
  const error = errorAt(json, answer)
  if (error !== undefined && (accessToken === undefined || answer.error !== undefined)) {
    const description = textAt(json, '/error_description') ?? textAt(json, '/message') ?? ''
    return { status: refusalStatus(response.status), body: { error, error_description: description }, captured: {} }
  }
  if (response.status >= 400) throw failedStatus(response.status, host)
  if (accessToken === undefined) throw notAnAnswer(host, 'the answer holds neither a token nor an error')
  const refreshToken = textAt(json, answer.refreshToken ?? '/refresh_token')
  const lifetimeS = lifetimeOf(json, answer)
  const scope = textAt(json, '/scope')
  return {
    status: 200,
    body: {
      access_token: accessToken,
      // What kind of token it is, the provider knows: it writes the header.
      token_type: 'bearer',
      ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
      ...(lifetimeS === undefined ? {} : { expires_in: lifetimeS }),
      ...(scope === undefined ? {} : { scope }),
    },
    captured: readCaptures((name, at) => textAt(json, at ?? `/${name}`), captures, host),
  }
}

/**
 * Reads what is to be kept of an answer or a callback.
 * @throws {CrmError} `provider_error` for an address on another host than its pinned ones, or a missing one that is required.
 */
export function readCaptures(
  read: (name: string, at: string | undefined) => string | undefined,
  captures: Readonly<Record<string, Capture>>,
  host: string,
): Captured {
  const captured: Record<string, string> = Object.create(null)
  for (const [name, { at, hosts, required }] of Object.entries(captures)) {
    const text = read(name, at)
    if (text === undefined) {
      if (required === true) throw notAnAnswer(host, `the answer holds no ${name}`)
      continue
    }
    if (hosts === undefined) captured[name] = text.slice(0, LONGEST_CAPTURE)
    else captured[name] = pinnedOrigin(text, hosts, name, host)
  }
  return captured
}

/** An address from outside as an origin: https, the usual port, on a host that is allowed. */
function pinnedOrigin(text: string, hosts: readonly string[], name: string, from: string): string {
  const url = URL.parse(text)
  const isPlain = url?.protocol === 'https:' && url.port === '' && url.username === '' && url.password === ''
  if (url !== null && isPlain && isPinnedHost(url.hostname, hosts)) return url.origin
  throw new CrmError('provider_error', `${from} names a server that does not belong to it`, {
    reason: `its ${name} is not an address on ${hosts.join(' or ')}; nothing was sent there`,
    hint: 'check the host of the integration: crm show {name}',
  })
}

function readBody(response: HttpResponse, host: string): Json {
  try {
    return readJson(response, { what: `the answer of ${host}` })
  } catch (error) {
    if (response.status >= 400 && response.status !== 404) throw failedStatus(response.status, host)
    if (!(error instanceof CrmError)) throw error
    throw notAnAnswer(host, error.message)
  }
}

function failedStatus(status: number, host: string): CrmError {
  if (status === 429)
    return new CrmError('rate_limited', `${host} wants fewer requests (429)`, { hint: 'wait a little, then: crm test {name}' })
  if (status >= 500) {
    return new CrmError('provider_error', `${host} has a fault of its own (${status})`, {
      hint: 'wait until it is mended, then: crm test {name}',
      retryable: true,
    })
  }
  return notAnAnswer(host, `it answered ${status} without saying why`)
}

function notAnAnswer(host: string, reason: string): CrmError {
  return new CrmError('provider_error', `${host} did not answer as a token endpoint`, {
    reason,
    hint: 'check the host of the integration: crm show {name}',
  })
}

/** A text or a number, as text; empty ones count as missing. */
function textAt(json: Json, pointer: string): string | undefined {
  const value = valueAt(json, pointer)
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Vendors that do not follow RFC 6749 put a number or an object where its code belongs: what matters is that it is there. */
function errorAt(json: Json, answer: TokenAnswer): string | undefined {
  const value = [answer.error ?? '/error']
    .flat()
    .map((pointer) => valueAt(json, pointer))
    .find((found) => found !== undefined && found !== null && found !== false && found !== '')
  if (value === undefined) return undefined
  const code = typeof value === 'string' ? value : 'error'
  // The library and RFC 6749 allow visible ASCII without quotes and backslashes.
  return code.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '').slice(0, LONGEST_CAPTURE) || 'error'
}

function refusalStatus(status: number): number {
  return status >= 400 && status < 500 ? status : 400
}

function lifetimeOf(json: Json, { expiresIn = '/expires_in', expiryIsMs, longExpiryIsMs, lifetimeS }: TokenAnswer): number | undefined {
  const texts = (typeof expiresIn === 'string' ? [expiresIn] : expiresIn).map((pointer) => textAt(json, pointer))
  const plain = Number(texts.find((text) => text !== undefined))
  if (!Number.isFinite(plain) || plain <= 0) return lifetimeS
  const isMs = expiryIsMs === true || (longExpiryIsMs === true && plain > DAY_S)
  return Math.min(isMs ? plain / 1000 : plain, LONGEST_LIFETIME_S)
}
