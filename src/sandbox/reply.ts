import { STATUS_CODES } from 'node:http'

/** An answer before it is written: an empty body carries no content type. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A JSON answer; 200 unless told otherwise, since Chatwoot never answers 201. */
export function json(value: unknown, status = 200): Reply {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(value) }
}

/** An answer without a body (`head :ok` and its like). */
export function empty(status = 200): Reply {
  return { status, headers: {}, body: '' }
}

/** A plain text answer. */
export function text(body: string, status = 200): Reply {
  return { status, headers: { 'content-type': 'text/plain' }, body }
}

/** A script for browsers. */
export function script(body: string): Reply {
  return { status: 200, headers: { 'content-type': 'text/javascript; charset=utf-8' }, body }
}

/** A page; every page of the sandbox says what it is in its title. */
export function html(title: string, body: string, status = 200): Reply {
  const page = `<!DOCTYPE html>\n<html>\n<head><meta charset="utf-8"><title>${title}</title></head>\n<body>\n${body}\n</body>\n</html>\n`
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: page }
}

/** One violated rule of a record: the attribute and the sentence without it (`can't be blank`). */
export interface Violation {
  readonly attribute: string
  readonly says: string
}

/** A request that is answered with an error (contract, section 2.4). Thrown by handlers, written by the server. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  constructor(readonly reply: Reply) {
    super(`answered ${reply.status}`)
  }
}

/** `{"error": ...}`, the shape of everything that is not a validation. */
export function refuse(status: number, error: string): Refusal {
  return new Refusal(json({ error }, status))
}

/** 404 of a record that is missing inside `/api/v1`, or that belongs to another account. */
export function missing(): Refusal {
  return refuse(404, 'Resource could not be found')
}

/** 401 of a role that is too low: Chatwoot has no 403 for it. */
export function forbidden(): Refusal {
  return refuse(401, 'You are not authorized to do this action')
}

/** 422 of a record that broke its rules: all sentences in one text, and the attributes by name. */
export function invalid(violations: readonly Violation[]): Refusal {
  const message = violations.map(({ attribute, says }) => `${sentenceStart(attribute)} ${says}`).join(', ')
  return new Refusal(json({ message, attributes: [...new Set(violations.map(({ attribute }) => attribute))] }, 422))
}

/** Throws {@link invalid} when there is a violation. */
export function refuseViolations(violations: readonly Violation[]): void {
  if (violations.length > 0) throw invalid(violations)
}

/** Chatwoot's unhandled exception: what the framework makes of it. */
export function crash(): Refusal {
  return new Refusal(framework(500))
}

/** 404 of the framework: no such route, and every missing record of the public and platform APIs. */
export function notRouted(): Refusal {
  return new Refusal(framework(404))
}

/** `{"status": n, "error": ...}`: the body of errors that no controller handled. */
export function framework(status: number): Reply {
  return json({ status, error: STATUS_CODES[status] ?? 'Error' }, status)
}

/** `website_url` → `Website url`. */
function sentenceStart(attribute: string): string {
  const words = attribute.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
