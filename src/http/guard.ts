import { CrmError } from '../core/errors.ts'
import { isHeaderName, isHeaderValue } from '../core/header.ts'
import { isLoopbackHost } from '../core/host.ts'
import type { HttpRequest } from '../core/ports.ts'
import { Secret } from '../core/secret.ts'
import { visible } from '../core/text.ts'
import { refuseHost } from './connect.ts'

/**
 * Refuses addresses that a credential may not be sent to.
 * @throws {CrmError} `usage`.
 */
export function refuseAddress({ url, origin, publicOnly }: HttpRequest): void {
  if (url.origin !== origin) {
    throw new CrmError('usage', `a request to ${url.origin} was refused`, {
      reason: `the credential was saved for ${origin} and goes nowhere else`,
    })
  }
  if (url.username !== '' || url.password !== '') throw new CrmError('usage', `the address of ${url.host} holds a user name or password`)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopbackHost(url.hostname))) {
    throw new CrmError('usage', `${url.protocol}// is not allowed for ${url.host}`, {
      reason: 'credentials travel over https; http is for servers on this machine (127.0.0.1, ::1, localhost)',
      hint: `use https: crm edit {name} --base-url https://${url.host}`,
    })
  }
  const refusal = refuseHost(url.hostname, publicOnly ?? false)
  if (refusal !== undefined) throw refusal
}

/**
 * Refuses headers that could break out of their line; names the header, never its value.
 * @throws {CrmError} `usage`.
 */
export function refuseHeaders({ headers = {} }: HttpRequest): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!isHeaderName(name)) throw new CrmError('usage', `the header ${visible(name, 64)} cannot be set`)
    if (isHeaderValue(value instanceof Secret ? value.reveal() : value)) continue
    throw new CrmError('usage', `the value of the header ${name} cannot be sent`, {
      reason: 'a header takes visible ASCII, with spaces inside only: no line breaks, no accents, no blank at either end',
      hint: 'enter the value again, without what was copied along with it: crm edit {name}',
    })
  }
}
