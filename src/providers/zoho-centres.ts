import type { Tokens } from '../core/grant.ts'
import { Secret } from '../core/secret.ts'
/** A data centre: where people sign in, and where its API answers (contract section 1). Everything of Zoho's belongs to one. */
export interface DataCentre {
  readonly id: string
  readonly label: string
  readonly accounts: string
  /** The name that follows `www.`, `sandbox.` or `developer.`. */
  readonly api: string
}

/** All of them. The API hosts of uk and ae are reported by users, not by the vendor. */
export const DATA_CENTRES = [
  { id: 'us', label: 'United States: crm.zoho.com', accounts: 'accounts.zoho.com', api: 'zohoapis.com' },
  { id: 'eu', label: 'Europe: crm.zoho.eu', accounts: 'accounts.zoho.eu', api: 'zohoapis.eu' },
  { id: 'in', label: 'India: crm.zoho.in', accounts: 'accounts.zoho.in', api: 'zohoapis.in' },
  { id: 'au', label: 'Australia: crm.zoho.com.au', accounts: 'accounts.zoho.com.au', api: 'zohoapis.com.au' },
  { id: 'cn', label: 'China: crm.zoho.com.cn', accounts: 'accounts.zoho.com.cn', api: 'zohoapis.com.cn' },
  { id: 'jp', label: 'Japan: crm.zoho.jp', accounts: 'accounts.zoho.jp', api: 'zohoapis.jp' },
  { id: 'ca', label: 'Canada: crm.zohocloud.ca', accounts: 'accounts.zohocloud.ca', api: 'zohoapis.ca' },
  { id: 'sa', label: 'Saudi Arabia: crm.zoho.sa', accounts: 'accounts.zoho.sa', api: 'zohoapis.sa' },
  { id: 'uk', label: 'United Kingdom: crm.zoho.uk', accounts: 'accounts.zoho.uk', api: 'zohoapis.uk' },
  { id: 'ae', label: 'United Arab Emirates: crm.zoho.ae', accounts: 'accounts.zoho.ae', api: 'zohoapis.ae' },
] as const satisfies readonly DataCentre[]

/** Where an organisation's API answers, by the kind of organisation: only the first label of the host differs. */
const LABELS: Readonly<Record<string, string>> = { production: 'www', sandbox: 'sandbox', developer: 'developer' }

/** Hosts that a callback may name as the one to exchange its code at. */
export const ACCOUNTS_HOSTS: readonly string[] = DATA_CENTRES.map(({ accounts }) => accounts)

/** Hosts that a token answer may name as those of the API. */
export const API_HOSTS: readonly string[] = DATA_CENTRES.flatMap(({ api }) => Object.values(LABELS).map((label) => `${label}.${api}`))

/** The data centre with an id; that of the United States where there is none. */
export function dataCentre(id: string | undefined): DataCentre {
  return DATA_CENTRES.find((centre) => centre.id === id) ?? DATA_CENTRES[0]
}

/**
 * The origin of the API.
 * @param named what the token answer calls it, if it does: the data centre of the user, whatever was chosen.
 */
export function apiOrigin(environment: string | undefined, centre: DataCentre, named: string | undefined): string {
  const label = LABELS[environment ?? 'production'] ?? 'www'
  const host = named === undefined ? `www.${centre.api}` : new URL(named).hostname
  return `https://${host.replace(/^(?:www|sandbox|developer)\./, `${label}.`)}`
}

/** The headers of a request. The word is not Bearer (contract section 0). */
export function tokenHeaders({ accessToken }: Tokens): Readonly<Record<string, Secret>> {
  return { authorization: new Secret(`Zoho-oauthtoken ${accessToken.reveal()}`) }
}
