import { BlockList, isIPv4, isIPv6 } from 'node:net'
import { NOT_PUBLIC_IPV4_RANGES } from './host.ts'

const NOT_PUBLIC_IPV4 = blockList('ipv4', NOT_PUBLIC_IPV4_RANGES)

/** The only IPv6 space handed out for the public internet (RFC 4291 section 2.4). Unique local, link-local, mapped and NAT64 lie outside. */
const GLOBAL_UNICAST_IPV6 = blockList('ipv6', [['2000::', 3]])

/** Inside global unicast, and still not public: protocol assignments with Teredo, documentation, and 6to4, which carries an IPv4 address. */
const NOT_PUBLIC_IPV6 = blockList('ipv6', [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
])

function blockList(family: 'ipv4' | 'ipv6', ranges: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList()
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, family)
  return list
}

/** An address without brackets and zone: `[fe80::1]`, `fe80::1%eth0` → `fe80::1`. */
function bare(address: string): string {
  return address.replace(/^\[|\]$/g, '').replace(/%.*$/, '')
}

/** Whether an IP address is this machine's own: 127.0.0.0/8, ::1, or the former written as IPv6. */
export function isLoopbackAddress(address: string): boolean {
  const plain = bare(address)
  return plain === '::1' || /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/i.test(plain)
}

/**
 * Whether an IP address belongs to the public internet. Everything else is refused for integrations that may not reach private
 * networks: loopback, link-local, private, shared (RFC 6598), documentation, multicast, IPv4-mapped and NAT64 addresses.
 */
export function isPublicAddress(address: string): boolean {
  const plain = bare(address)
  if (isIPv4(plain)) return !NOT_PUBLIC_IPV4.check(plain, 'ipv4')
  return isIPv6(plain) && GLOBAL_UNICAST_IPV6.check(plain, 'ipv6') && !NOT_PUBLIC_IPV6.check(plain, 'ipv6')
}
