import { isIP, type LookupFunction } from 'node:net'
import { connect, createSecureContext, getCACertificates, type SecureContext, type TLSSocket } from 'node:tls'

/** Where to connect to, and how its name is found. */
export interface TlsTarget {
  /** Name or address, without brackets. */
  readonly host: string
  readonly port: number
  readonly lookup?: LookupFunction
}

/** Opens a TLS connection; `secureConnect` or `error` follows. */
export type ConnectTls = (target: TlsTarget) => TLSSocket

/**
 * One secure context for all connections of a run. Certificates are always verified: what is set here explicitly is not
 * subject to `NODE_TLS_REJECT_UNAUTHORIZED` and `--tls-min-v1.0`.
 *
 * @param extraCa PEM certificates trusted besides those Node trusts already (`NODE_EXTRA_CA_CERTS` of the process included).
 */
export function createTls(extraCa?: string): ConnectTls {
  const secureContext: SecureContext = createSecureContext({
    minVersion: 'TLSv1.2',
    ...(extraCa === undefined ? {} : { ca: [...getCACertificates('default'), extraCa] }),
  })
  return ({ host, port, lookup }) =>
    connect({
      host,
      port,
      secureContext,
      rejectUnauthorized: true,
      // An address is no server name (RFC 6066 section 3); Node then checks the certificate against the address.
      servername: isIP(host) === 0 ? host : '',
      ALPNProtocols: ['http/1.1'],
      ...(lookup === undefined ? {} : { lookup }),
    })
}
