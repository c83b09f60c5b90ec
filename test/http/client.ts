import { afterEach } from 'vitest'
import { CrmError } from '../../src/core/errors.ts'
import type { HttpRequest, HttpResponse } from '../../src/core/ports.ts'
import { createHttp, type HttpClient, type HttpOptions } from '../../src/http/http.ts'
import { type ProxyOptions, type ProxyServer, startProxy } from './proxy-server.ts'
import { type Answer, type RawServer, startRaw } from './raw-server.ts'

const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})

/** A client that is closed after the test. Waits between tries are 1 ms at most, unless the test says otherwise. */
export function client(options: Partial<HttpOptions> = {}): HttpClient {
  const made = createHttp({ clock: Date.now, retryBaseMs: 1, ...options })
  open.push(made)
  return made
}

/** A server that is closed after the test. */
export async function server(answer: Answer, tls?: Parameters<typeof startRaw>[1]): Promise<RawServer> {
  const made = await startRaw(answer, tls)
  open.push(made)
  return made
}

/** A CONNECT proxy that is closed after the test. */
export async function proxy(options?: ProxyOptions): Promise<ProxyServer> {
  const made = await startProxy(options)
  open.push(made)
  return made
}

/** Sends a GET, by default with one try, to the origin of its address. */
export function get(http: HttpClient, url: string, request: Partial<HttpRequest> = {}): Promise<HttpResponse> {
  const target = new URL(url)
  return http.request({ method: 'GET', url: target, origin: target.origin, tries: 1, ...request })
}

/** The error that a request ends with. */
export async function failure(promise: Promise<unknown>): Promise<CrmError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(outcome instanceof CrmError)) throw new Error(`expected a CrmError, got ${String(outcome)}`)
  return outcome
}

/** Everything that an error tells a user, on one line. */
export function told(error: CrmError): string {
  return [error.message, error.reason, error.hint].join(' | ')
}
