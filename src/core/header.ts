/** What a header may be called: the token of RFC 9110 section 5.6.2, at most 64 characters. */
const NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/

/** Visible ASCII, with spaces and tabs inside only. Leaves out CR, LF and NUL, with which a value could become a second header. */
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/

/** Headers that say where a message ends, where it goes or how the connection behaves: the network client alone writes them. */
const RESERVED = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'upgrade',
  'te',
  'trailer',
  'expect',
  'accept-encoding',
])

/** Whether a text may be the name of a header that a caller sets. */
export function isHeaderName(name: string): boolean {
  const lower = name.toLowerCase()
  return NAME.test(name) && !RESERVED.has(lower) && !lower.startsWith('proxy-')
}

/** Whether a text may be sent as the value of a header. */
export function isHeaderValue(value: string): boolean {
  return VALUE.test(value)
}
