/**
 * Whether a host, as `URL.hostname` gives it, names this machine: 127.0.0.0/8, ::1 or `localhost`. Only there may `http:` be spoken.
 * (The address behind `localhost` is checked again once it is connected.)
 */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
}

/** Whether a host is one of the pinned: a suffix with a leading dot (`.my.salesforce.com`), or a whole host (`api.hubapi.com`). */
export function isPinnedHost(hostname: string, pins: readonly string[]): boolean {
  return pins.some((pin) => (pin.startsWith('.') ? hostname.endsWith(pin) : hostname === pin))
}

/** IPv4 ranges that are not public: IANA special-purpose registry (RFC 6890 and its updates), multicast and reserved space. */
export const NOT_PUBLIC_IPV4_RANGES = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const satisfies readonly (readonly [string, number])[]

/** Names under which clouds serve their instances' credentials. */
const METADATA_HOSTS = new Set(['metadata', 'metadata.google.internal', 'instance-data', 'instance-data.ec2.internal'])

/** Whether a host name is refused before it is even looked up, for integrations that may not reach private networks. */
export function isPrivateName(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, '')
  return name === 'localhost' || name.endsWith('.localhost') || METADATA_HOSTS.has(name)
}

/**
 * Whether a host, as `URL.hostname` gives it, says by itself that it is not on the public internet. What a name resolves to is
 * looked at once it is connected; this needs no network, and none of Node's.
 */
export function isPrivateHost(hostname: string): boolean {
  if (hostname.startsWith('[')) return !/^\[[23][0-9a-f]{3}:/.test(hostname)
  return isDotted(hostname) ? NOT_PUBLIC_IPV4_RANGES.some(([network, bits]) => isWithin(hostname, network, bits)) : isPrivateName(hostname)
}

/** `URL` writes every form of an IPv4 address as four decimal numbers. */
function isDotted(hostname: string): boolean {
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(hostname)
}

function isWithin(address: string, network: string, bits: number): boolean {
  const size = 2 ** (32 - bits)
  return Math.floor(numberOf(address) / size) === Math.floor(numberOf(network) / size)
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}
