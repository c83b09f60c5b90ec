/** Hosts that Salesforce serves logins and data on. What an answer names is believed only when it is one of them. */
export const SALESFORCE_HOSTS: readonly string[] = [
  '.salesforce.com',
  '.force.com',
  '.site.com',
  '.cloudforce.com',
  '.salesforce.mil',
  '.crmforce.mil',
  '.sfcrmproducts.cn',
]

/** Where people sign in who know no address of their own. */
export const GENERIC_HOSTS: Readonly<Record<string, string>> = { production: 'login.salesforce.com', sandbox: 'test.salesforce.com' }

/** The web interface, which serves neither sign-in nor API. */
export function isWebHost(hostname: string): boolean {
  return /\.lightning\.(?:force\.com|crmforce\.mil)$/.test(hostname)
}

/** The host where tokens are obtained. */
export function loginHostOf({ auth, environment, loginHost }: Readonly<Record<string, unknown>>): string {
  const own = auth === 'client_credentials' || environment === 'custom'
  const generic = GENERIC_HOSTS[typeof environment === 'string' ? environment : 'production']
  return own && typeof loginHost === 'string' ? loginHost : (generic ?? 'login.salesforce.com')
}
