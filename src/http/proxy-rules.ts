import { BlockList, isIP } from 'node:net'
import { CrmError } from '../core/errors.ts'
import { isLoopbackHost } from '../core/host.ts'
import { Secret } from '../core/secret.ts'

/** A proxy that opens tunnels with CONNECT (RFC 9110 section 9.3.6). */
export interface TunnelProxy {
  /** `http:` or `https:`: how the proxy itself is spoken to. The tunnel carries TLS in both cases. */
  readonly protocol: 'http:' | 'https:'
  /** Name or address, without brackets. */
  readonly hostname: string
  readonly port: number
  /** `proxy.example:3128`, as it is shown; never with a user name or password. */
  readonly shown: string
  /** The variable that names it. */
  readonly variable: string
  /** Value of `proxy-authorization`; undefined without a user name. */
  readonly authorization?: Secret
}

/** Which proxy leads to an address; undefined where the connection is a direct one. */
export type ProxyRules = (url: URL) => TunnelProxy | undefined

/**
 * The rules of `HTTPS_PROXY` and `NO_PROXY`, in lower case where both are set. They are read once they are needed: a wrong variable
 * is an error of a request that would have used it. Loopback is never proxied.
 *
 * `NO_PROXY` is a list, separated by commas or blanks, of hosts (their subdomains included, with or without a leading dot), addresses,
 * networks (`10.0.0.0/8`), any of the hosts with a port (`crm.example:8443`), or `*` for all.
 *
 * @param variables those of the process; only the caller reads it.
 * @returns rules that throw {@link CrmError} `usage` when the variable names no proxy of http or https.
 */
export function proxyRules(variables: Readonly<Record<string, string | undefined>>): ProxyRules {
  const name = given(variables.https_proxy) ? 'https_proxy' : 'HTTPS_PROXY'
  const text = variables[name]
  if (!given(text)) return () => undefined
  const exceptions = (given(variables.no_proxy) ? variables.no_proxy : variables.NO_PROXY) ?? ''
  let proxy: TunnelProxy | undefined
  return (url) => {
    if (isLoopback(url.hostname) || isExcepted(url, exceptions)) return undefined
    proxy ??= readProxy(text, name)
    return proxy
  }
}

function given(text: string | undefined): text is string {
  return text !== undefined && text.trim() !== ''
}

/** RFC 6761 section 6.3: names below `localhost` are this machine, too. */
function isLoopback(hostname: string): boolean {
  return isLoopbackHost(hostname) || hostname.replace(/\.$/, '').endsWith('.localhost')
}

/** @throws {CrmError} `usage`; the value of the variable, which may hold a password, is not repeated. */
function readProxy(text: string, variable: string): TunnelProxy {
  const trimmed = text.trim()
  const url = URL.parse(trimmed.includes('://') ? trimmed : `http://${trimmed}`)
  if (url === null || url.hostname === '') throw unusable(variable, 'it is not the address of a proxy')
  const { protocol } = url
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw unusable(
      variable,
      `its scheme is ${/^[a-z0-9+.-]{1,20}:$/.test(protocol) ? protocol : 'another one'}; proxies are used by CONNECT`,
    )
  }
  const authorization = authorizationOf(url, variable)
  return {
    protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (protocol === 'https:' ? 443 : 80) : Number(url.port),
    shown: url.host,
    variable,
    ...(authorization === undefined ? {} : { authorization }),
  }
}

/** RFC 7617. The password and what is made of it are secrets from here on. */
function authorizationOf(url: URL, variable: string): Secret | undefined {
  if (url.username === '' && url.password === '') return undefined
  try {
    const password = new Secret(decodeURIComponent(url.password))
    const pair = `${decodeURIComponent(url.username)}:${password.reveal()}`
    const encoded = new Secret(Buffer.from(pair, 'utf8').toString('base64'))
    return new Secret(`Basic ${encoded.reveal()}`)
  } catch {
    throw unusable(variable, 'its user name or password is not percent-encoded as it must be')
  }
}

function unusable(variable: string, reason: string): CrmError {
  return new CrmError('usage', `the proxy of ${variable} cannot be used`, {
    reason,
    hint: `name one of http or https, such as ${variable}=http://proxy.example:3128, or go without: unset ${variable}`,
  })
}

function isExcepted(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  const port = url.port === '' ? '443' : url.port
  return list.split(/[\s,]+/).some((entry) => entry !== '' && matches(entry.toLowerCase(), host, port))
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true
  const [network, prefix] = entry.split('/')
  if (network !== undefined && prefix !== undefined) return isInNetwork(host, network, prefix)
  if (isIP(entry) !== 0) return entry === host
  const [, name = '', onlyPort] = /^(\[[0-9a-f:.]+\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? []
  if (onlyPort !== undefined && onlyPort !== port) return false
  const wanted = name
    .replace(/^\[|\]$/g, '')
    .replace(/^\*?\./, '')
    .replace(/\.$/, '')
  return wanted !== '' && (host === wanted || (isIP(host) === 0 && host.endsWith(`.${wanted}`)))
}

function isInNetwork(host: string, network: string, prefix: string): boolean {
  const version = isIP(network)
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
  if (version === 0 || isIP(host) !== version || !(bits <= (version === 4 ? 32 : 128))) return false
  const family = version === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  list.addSubnet(network, bits, family)
  return list.check(host, family)
}
