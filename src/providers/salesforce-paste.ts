/** `force://<client id>:<client secret>:<refresh token>@<instance host>`, as `sf org display --verbose` shows it. */
const SFDX_URL = /^force:\/\/([^:@\s]+):([^:@\s]*):([^@\s]+)@(?:https:\/\/)?([a-z0-9.-]+)\/?$/i

/** A host, or an address in which it stands. */
const ADDRESS = /^(?:https:\/\/)?([a-z0-9.-]+)(?:[/?#]\S*)?$/i

/** Understands an sfdx auth URL given as refresh token, and addresses where a host is wanted. */
export function readPasted(key: string, text: string): Readonly<Record<string, string>> | null {
  if (key === 'refreshToken') return readSfdxUrl(text.trim())
  if (key === 'loginHost') {
    const host = ADDRESS.exec(text.trim())?.[1]?.toLowerCase()
    return host === undefined || host === text ? null : { loginHost: host }
  }
  if (key === 'instanceUrl' && /^[a-z0-9.-]+$/i.test(text.trim())) return { instanceUrl: `https://${text.trim().toLowerCase()}` }
  return null
}

function readSfdxUrl(text: string): Readonly<Record<string, string>> | null {
  const [, clientId, clientSecret = '', refreshToken, host] = SFDX_URL.exec(text) ?? []
  if (clientId === undefined || refreshToken === undefined || host === undefined) return null
  return {
    clientId,
    ...(clientSecret === '' ? {} : { clientSecret }),
    refreshToken,
    environment: 'custom',
    loginHost: host.toLowerCase(),
  }
}
