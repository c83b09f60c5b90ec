import { isIP } from 'node:net'
import { isPublicAddress } from '../core/address.ts'
import type { Warning } from '../core/provider.ts'
import { isAtLeast, parseVersion } from './version.ts'

/**
 * Whether a Chatwoot with its guard on (since 4.14) refuses to deliver to a URL: an address that is not public, `localhost`, or a name
 * that only a local network knows (contract section 11.4). A public name that resolves to a private address cannot be seen from here.
 */
export function isRefusedByGuard(url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (isIP(host) !== 0) return !isPublicAddress(host)
  return !host.includes('.') || /\.(?:localhost|local|internal)$/.test(host)
}

/**
 * The warning that a delivery address deserves on a version of Chatwoot: it is saved without complaint, and nothing in the API tells
 * that deliveries fail. Undefined where they arrive, as far as can be seen.
 */
export function deliveryWarning(address: string, version: string | null, what: 'bot' | 'webhook'): Warning | undefined {
  const known = parseVersion(version)
  if (known !== undefined && !isAtLeast(known, [4, 14, 0])) return undefined
  if (!isRefusedByGuard(new URL(address))) return undefined
  const hasSwitch = known === undefined || isAtLeast(known, [4, 14, 1])
  const unless = hasSwitch ? ' unless its environment has SAFE_FETCH_ALLOW_PRIVATE_NETWORK=true' : '; 4.14.1 has a setting for it'
  const host = new URL(address).host
  const message = `Chatwoot ${version ?? ''} delivers nothing to ${host}, which is not a public address${unless}`.replace('  ', ' ')
  return { code: `${what}_url_private`, message }
}
