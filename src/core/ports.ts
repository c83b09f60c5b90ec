import type { Secret } from './secret.ts'

/** The current time in Unix milliseconds. */
export type Clock = () => number

/** The methods the network client sends. GET and HEAD may be retried; the others never are once a byte was sent. */
export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One HTTP request. Everything that can leak is named here, so that one module can guard it. */
export interface HttpRequest {
  readonly method: HttpMethod
  /** Absolute URL. `https:`, or `http:` to a loopback address. */
  readonly url: URL
  /** The origin the integration was saved with (`https://host[:port]`). The request is refused when `url` is not on it. */
  readonly origin: string
  /** Header values; a {@link Secret} is revealed only while the request is written. */
  readonly headers?: Readonly<Record<string, string | Secret>>
  /** Text of the body; `content-type` is set by the caller's headers. */
  readonly body?: string
  /** Most bytes of body read before the answer is given up on; default 8 MiB. */
  readonly maxBytes?: number
  /** Limit of this request with its retries, in milliseconds; default 30,000. */
  readonly timeoutMs?: number
  /** Refuse hosts whose address is loopback, link-local, private or otherwise not public (checked on the connected address). Default false. */
  readonly publicOnly?: boolean
  /** PEM certificates trusted for this request besides those that the client trusts. */
  readonly ca?: string
  /** Tries for GET and HEAD on 429, 503 and broken connections; default 3, 1 turns retries off. */
  readonly tries?: number
  readonly signal?: AbortSignal
}

/** An answer, read whole, within the limits of the request. */
export interface HttpResponse {
  readonly status: number
  /** Header names in lower case; repeated headers joined with `, `. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** From the first byte sent to the last byte read, of the try that succeeded, in milliseconds. */
  readonly latencyMs: number
  /** Who issued the server's certificate, in its own words; absent over http. */
  readonly tlsIssuer?: string
}

/**
 * Sends one request. Resolves with any answer whose status is not 3xx, 4xx and 5xx included.
 * @throws CrmError `unreachable` (DNS, refused, reset, TLS, proxy, time-out), `provider_error` (redirect, with `redirectTo`;
 *   too large; an encoding that was not asked for), `usage` (an address or header that may not be used), `cancelled` (signal).
 */
export type Http = (request: HttpRequest) => Promise<HttpResponse>
