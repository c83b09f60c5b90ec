import type { StoredValues } from '../core/field.ts'
import type { Http } from '../core/ports.ts'

/** The network client as an integration wants it: with the certificates that it trusts, for each of its requests. */
export function trusting(http: Http, { settings: { ca } }: Pick<StoredValues, 'settings'>): Http {
  return typeof ca === 'string' ? (request) => http({ ...request, ca }) : http
}
