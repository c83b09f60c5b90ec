import { randomUUID } from 'node:crypto'
import type { Tokens } from '../core/grant.ts'
import type { HttpRequest } from '../core/ports.ts'
import type { TestTools } from '../core/provider.ts'
import { type Credential, credentialOf, sourcesOf } from './definition-auth.ts'
import type { Body, DefinedRequest, Definition } from './definition-format.ts'
import { type SignedRequest, signatureOf } from './definition-hmac.ts'
import { headersOf, pairsOf, pathOf, type Sources, textOf, urlOf } from './definition-template.ts'

/** Limits of a request where the definition has none of its own: `custom.md` section 3. */
const TIMEOUT_MS = 10_000
const MAX_BYTES = 1024 * 1024

/** The request of the test, with its credential. */
export function requestOf(definition: Definition, values: Sources['values'], tools: TestTools, tokens: Tokens | undefined): HttpRequest {
  const sources = { ...sourcesOf(definition, values, tokens), uuid: randomUUID() }
  const { method = 'GET', path, query, headers } = definition.test.request
  const { timeoutMs = TIMEOUT_MS, maxResponseBytes = MAX_BYTES } = definition.limits ?? {}
  const base = urlOf(sources, definition.baseUrl)
  const url = new URL(base)
  const [plain = '', ...fixed] = path.split('?')
  // Set on the checked origin: joined texts could name another host.
  url.pathname = base.pathname.replace(/\/+$/, '') + pathOf(sources, plain)
  url.search = textOf(sources, fixed.join('?'))
  for (const [name, value] of pairsOf(sources, query)) url.searchParams.append(name, value)
  const body = bodyOf(sources, definition.test.request)
  const credential = credentialOf(sources)
  for (const [name, secret] of Object.entries(credential.query)) url.searchParams.set(name, secret.reveal())
  const signed = signOf(sources, { method, url, body: body?.text ?? '', nowMs: tools.clock() })
  for (const [name, secret] of Object.entries(signed.query)) url.searchParams.set(name, secret.reveal())
  return {
    method,
    url,
    origin: base.origin,
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': body.type }),
      ...headersOf(sources, headers),
      ...credential.headers,
      ...signed.headers,
    },
    ...(body === undefined ? {} : { body: body.text }),
    publicOnly: values.allowPrivateNetwork !== true,
    maxBytes: maxResponseBytes,
    timeoutMs,
    signal: tools.signal,
  }
}

function signOf(sources: Sources, request: SignedRequest): Credential {
  const { auth } = sources.definition
  return auth.type === 'hmac' ? signatureOf(sources, auth, request) : { headers: {}, query: {} }
}

/** The body of a POST: templates stand in its texts alone, and are filled after it is read. */
function bodyOf(
  sources: Sources,
  { body, bodyFormat = 'json' }: DefinedRequest,
): { readonly text: string; readonly type: string } | undefined {
  if (body === undefined) return undefined
  if (bodyFormat === 'raw') return { text: textOf(sources, String(body)), type: 'text/plain; charset=utf-8' }
  const filled = filledBody(sources, body)
  if (bodyFormat === 'json') return { text: JSON.stringify(filled), type: 'application/json' }
  const form = new URLSearchParams(Object.entries(filled as object).map(([name, value]): [string, string] => [name, String(value)]))
  return { text: form.toString(), type: 'application/x-www-form-urlencoded' }
}

function filledBody(sources: Sources, body: Body): Body {
  if (typeof body === 'string') return textOf(sources, body)
  if (body === null || typeof body !== 'object') return body
  if (Array.isArray(body)) return body.map((item: Body) => filledBody(sources, item))
  return Object.fromEntries(Object.entries(body).map(([key, value]) => [key, filledBody(sources, value as Body)]))
}
