import { BlockList, isIPv4, isIPv6 } from 'node:net'
import type { Warning } from '../core/provider.ts'
import { isAtLeast, parseVersion } from './version.ts'

/** IPv4 space to which Chatwoot delivers nothing: loopback, private, link-local, shared, multicast, reserved, documentation. */
const REFUSED_IPV4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const

/** The only IPv6 space that is public, and what is documentation inside of it. */
const PUBLIC_IPV6 = ['2000::', 3] as const
const DOCUMENTATION_IPV6 = ['2001:db8::', 32] as const

/**
 * Whether a Chatwoot with its guard on (since 4.14) refuses to deliver to a URL: an address that is not public, `localhost`, or a name
 * that only a local network knows (contract section 11.4). A public name that resolves to a private address cannot be seen from here.
 */
export function isRefusedByGuard(url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (isIPv4(host)) return inRange(host, 'ipv4', REFUSED_IPV4)
  if (isIPv6(host)) return !inRange(host, 'ipv6', [PUBLIC_IPV6]) || inRange(host, 'ipv6', [DOCUMENTATION_IPV6])
  return !host.includes('.') || /\.(?:localhost|local|internal)$/.test(host)
}

function inRange(host: string, family: 'ipv4' | 'ipv6', ranges: readonly (readonly [string, number])[]): boolean {
  const list = new BlockList()
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, family)
  return list.check(host, family)
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
