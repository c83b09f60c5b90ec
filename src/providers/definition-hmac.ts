import { createHash, createHmac, randomUUID } from 'node:crypto'
import { CrmError } from '../core/errors.ts'
import { type Credential, placed } from './definition-auth.ts'
import type { DefinedHmac, HmacPart } from './definition-format.ts'
import { headerName, headerOf, type Sources, textOf } from './definition-template.ts'

/** The request that is signed. */
export interface SignedRequest {
  readonly method: string
  readonly url: URL
  readonly body: string
  readonly nowMs: number
}

/** The headers and parameters of a request with an HMAC (RFC 2104): its signature, and what the server checks it with. */
export function signatureOf(sources: Sources, hmac: DefinedHmac, request: SignedRequest): Credential {
  const at = timestampOf(hmac, request.nowMs)
  const nonce = randomUUID()
  const keyId = hmac.keyId === undefined ? '' : headerOf(sources, hmac.keyId)
  const parts = partsOf(request, { timestamp: at, nonce, keyId })
  const text = hmac.parts.map((part) => parts[part]()).join(hmac.joiner ?? '')
  const signature = createHmac(hmac.algorithm, keyOf(sources, hmac)).update(text, 'utf8').digest(hmac.encoding)
  const signed = placed(sources, hmac.signature, signature)
  const own: [string | undefined, string][] = [
    [hmac.timestamp?.header, at],
    [hmac.nonceHeader, nonce],
    [hmac.keyIdHeader, keyId],
  ]
  const headers = Object.fromEntries(own.flatMap(([name, value]) => (name === undefined ? [] : [[headerName(sources, name), value]])))
  return { headers: { ...headers, ...signed.headers }, query: signed.query }
}

type Named = Readonly<Record<'timestamp' | 'nonce' | 'keyId', string>>

function partsOf({ method, url, body }: SignedRequest, named: Named): Readonly<Record<HmacPart, () => string>> {
  return {
    method: () => method,
    url: () => url.href,
    host: () => url.host,
    path: () => url.pathname,
    query: () => url.search.slice(1),
    body: () => body,
    bodySha256Hex: () => createHash('sha256').update(body, 'utf8').digest('hex'),
    timestamp: () => named.timestamp,
    nonce: () => named.nonce,
    keyId: () => named.keyId,
  }
}

function timestampOf({ timestamp }: DefinedHmac, nowMs: number): string {
  switch (timestamp?.format) {
    case 'unix_ms':
      return String(nowMs)
    case 'iso8601':
      return new Date(nowMs).toISOString()
    default:
      return String(Math.floor(nowMs / 1000))
  }
}

/** @throws {CrmError} `usage` for a key that is not in the encoding that the definition names. */
function keyOf(sources: Sources, { key, keyEncoding = 'utf8' }: DefinedHmac): Buffer {
  const text = textOf(sources, key)
  const bytes = Buffer.from(text, keyEncoding)
  const plain = (encoded: string): string => (keyEncoding === 'hex' ? encoded.toLowerCase() : encoded.replace(/=+$/, ''))
  // Node skips what does not fit: the key must be the one that was meant.
  if (text !== '' && plain(bytes.toString(keyEncoding)) === plain(text)) return bytes
  throw new CrmError('usage', `the key is not ${keyEncoding === 'utf8' ? 'there' : `in ${keyEncoding}`}`, {
    reason: `${sources.definition.name} signs its requests with it`,
    hint: 'copy it again: crm edit {name}',
  })
}
