/** A request as a program has written it down: start line, headers, an empty line, the body. Only what checks a delivery is read. */
import { CrmError } from '../core/errors.ts'

/** What is left of a captured request. */
export interface CapturedRequest {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Exactly as it was captured: one byte more or less changes the signature. */
  readonly body: Buffer
}

const HEAD_BYTES = 65_536

/**
 * Reads a captured request. A start line (`POST /hook HTTP/1.1`) and the marks that `curl -v` puts before header lines (`> `) may be there.
 * @throws {CrmError} `usage` where head and body are not told apart by an empty line.
 */
export function readCapturedRequest(bytes: Buffer): CapturedRequest {
  const head = bytes.subarray(0, HEAD_BYTES).toString('latin1')
  const end = /\r?\n(?:> ?)?\r?\n/.exec(head)
  if (end === null) {
    throw new CrmError('usage', 'this is no captured request', {
      reason: 'headers and body are separated by an empty line',
      hint: 'write the request down as it came, or give its parts: --body <file> --signature <text> --timestamp <seconds>',
    })
  }
  const headers: Record<string, string> = Object.create(null)
  for (const line of head.slice(0, end.index).split(/\r?\n/)) {
    const [, name, value] = /^(?:> )?([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
    if (name !== undefined && value !== undefined) headers[name.toLowerCase()] = value
  }
  return { headers, body: bytes.subarray(end.index + end[0].length) }
}
