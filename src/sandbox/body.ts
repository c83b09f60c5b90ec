import type { IncomingMessage } from 'node:http'
import { type Input, isObject } from './input.ts'
import { framework, Refusal } from './reply.ts'

/** Most bytes of a request body. */
const MAX_BYTES = 8 * 1024 * 1024

/**
 * Reads a request's body whole.
 * @throws {Refusal} 413 for more than 8 MiB; whatever the socket throws when the client goes away.
 */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_BYTES) throw new Refusal(framework(413))
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/**
 * The parameters in a body: JSON by its content type, else a form, as the framework reads it. Multipart bodies, whose one use is
 * the upload of avatars, give none.
 * @throws {Refusal} 400 for JSON that cannot be parsed.
 */
export function parseBody(contentType: string | undefined, body: string): { readonly input: Input; readonly isJson: boolean } {
  const type = contentType?.split(';')[0]?.trim().toLowerCase()
  if (type === 'application/json') return { input: parseJson(body), isJson: true }
  return { input: type === 'application/x-www-form-urlencoded' ? parseForm(body) : {}, isJson: false }
}

function parseJson(body: string): Input {
  if (body.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(body)
    return isObject(value) ? value : { _json: value }
  } catch {
    throw new Refusal(framework(400))
  }
}

/** `channel[type]=api&user_ids[]=1` → `{ channel: { type: 'api' }, user_ids: ['1'] }`. */
function parseForm(body: string): Input {
  const root: Record<string, unknown> = Object.create(null)
  for (const [name, value] of new URLSearchParams(body)) {
    const path = Array.from(name.matchAll(/[^[\]]+|\[\]/g), ([part]) => (part === '[]' ? '' : part))
    place(root, path, value)
  }
  return root
}

function place(target: Record<string, unknown>, path: readonly string[], value: string): void {
  const [key = '', next, ...rest] = path
  if (next === undefined) {
    target[key] = value
  } else if (next === '' && rest.length === 0) {
    const list = target[key]
    target[key] = [...(Array.isArray(list) ? list : []), value]
  } else {
    const inner = target[key]
    const object: Record<string, unknown> = isObject(inner) ? { ...inner } : Object.create(null)
    place(object, [next, ...rest], value)
    target[key] = object
  }
}
