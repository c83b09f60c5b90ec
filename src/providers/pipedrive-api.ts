import type { Tokens } from '../core/grant.ts'
import { Secret } from '../core/secret.ts'
import type { PipedriveValues } from './pipedrive.ts'

/** Serves every company. */
export const COMMON_ORIGIN = 'https://api.pipedrive.com'

/** The host of a company: named by the user, or by the token endpoint. */
export function apiOrigin({ companyDomain }: Pick<PipedriveValues, 'companyDomain'>, tokens: Tokens | undefined): string {
  return tokens?.captured.api_domain ?? (companyDomain === undefined ? COMMON_ORIGIN : `https://${companyDomain}.pipedrive.com`)
}

/** The headers of a request. The API token never goes into an address, where it would end up in logs. */
export function apiHeaders({ apiToken }: Pick<PipedriveValues, 'apiToken'>, tokens: Tokens | undefined): Readonly<Record<string, Secret>> {
  if (tokens !== undefined) return { authorization: new Secret(`Bearer ${tokens.accessToken.reveal()}`) }
  return { 'x-api-token': apiToken ?? new Secret('') }
}
