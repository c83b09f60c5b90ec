/** One host for all regions. */
export const HUBSPOT_ORIGIN = 'https://api.hubapi.com'

/** The OAuth endpoints: those of version 1 end in February 2027 (contract section 0). */
export const OAUTH_PATH = '/oauth/2026-03'
