import { isLoopbackHost } from './host.ts'

/** A base URL as it is stored, or what is wrong with it. */
export type BaseUrl = { readonly url: string } | { readonly problem: string }

/**
 * Reads the address of a CRM once, when it is saved (`security.md` section 9): `https:`, or `http:` to this machine; no user
 * info, query, fragment, blank, control character or backslash; a host that the URL parser leaves as it was typed. A trailing
 * slash is dropped.
 */
export function readBaseUrl(text: string): BaseUrl {
  if (/[\s\p{Cc}\\]/u.test(text)) return { problem: 'must not hold blanks, control characters or backslashes' }
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return { problem: 'must be a whole address such as https://chat.example.com' }
  const url = URL.parse(text)
  if (url === null) return { problem: 'is not an address' }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return { problem: 'must begin with https://' }
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname))
    return { problem: 'must begin with https:// (http is for this machine alone)' }
  if (url.username !== '' || url.password !== '') return { problem: 'must not hold a user name or password' }
  if (text.includes('?') || text.includes('#')) return { problem: 'must not hold a query or a fragment' }
  const typedHost = /^[a-z][a-z0-9+.-]*:\/\/([^/]*)/i.exec(text)?.[1]?.toLowerCase().replace(/:\d+$/, '')
  // Numbers, octal forms and full-width letters become another host on the way; the user confirms it by typing that one.
  if (typedHost !== url.hostname) return { problem: `names a host that is read as ${url.hostname}; write it so` }
  return { url: `${url.origin}${url.pathname}`.replace(/\/+$/, '') }
}
