import { CrmError } from '../core/errors.ts'

/**
 * The refusal of a redirect. Its text shows the origin of the target alone, since paths and queries of redirects carry tokens;
 * `redirectTo` keeps the path for the caller who can tell which base URL was meant.
 */
export function redirectError(from: URL, status: number, location: string | undefined): CrmError {
  const target = parseTarget(from, location)
  const hint = 'redirects are never followed; correct the address: crm edit {name} --base-url'
  if (target === undefined) {
    const message = `${from.host} answered with a redirect that leads nowhere`
    return new CrmError('provider_error', message, { reason: `status ${status} without a usable location`, hint: `${hint} <url>` })
  }
  const where = target.origin === from.origin ? 'another address on the same server' : target.origin
  return new CrmError('provider_error', `${from.host} redirects to ${where}`, {
    reason: `status ${status}: the base URL is not the address of the API, or a login page or proxy stands before it`,
    hint: `${hint} ${target.origin}`,
    redirectTo: target.href,
  })
}

/** What a host looks like that can stand in a command. The URL standard lets `$(x).example` pass. */
const PLAIN_HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])$/

/**
 * The target as an absolute address without user info, query and fragment; undefined when it is not one of http.
 * It ends up in commands that people copy, so nothing that a shell would act on is left in it.
 */
function parseTarget(from: URL, location: string | undefined): URL | undefined {
  const target = location === undefined ? null : URL.parse(location, from.href)
  if (target === null || (target.protocol !== 'https:' && target.protocol !== 'http:')) return undefined
  if (!PLAIN_HOST.test(target.hostname)) return undefined
  target.username = ''
  target.password = ''
  target.search = ''
  target.hash = ''
  target.pathname = target.pathname.replace(/[^A-Za-z0-9/._~%-]/g, percentEncode)
  return target
}

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}
