import { isIP, type LookupFunction, type Socket } from 'node:net'
import { connect, createSecureContext, getCACertificates, type SecureContext, type TLSSocket } from 'node:tls'
import { readCertificates } from '../core/certificates.ts'
import { CrmError } from '../core/errors.ts'

/** Where to connect to, and how its name is found. */
export interface TlsTarget {
  /** `https://host[:port]`. */
  readonly origin: string
  /** Name or address, without brackets. */
  readonly host: string
  readonly port: number
  readonly lookup: LookupFunction
  /** The connection to speak TLS over, where it is open already: the tunnel of a proxy. */
  readonly over?: Socket
}

/** TLS for all connections of a run. */
export interface Tls {
  /** Opens a connection; `secureConnect` or `error` follows. */
  connect(target: TlsTarget): TLSSocket
  /** Who issued the certificate of each origin that was connected to: organisation, else common name, as the certificate has it. */
  readonly issuers: ReadonlyMap<string, string>
}

/**
 * One secure context for all connections. Certificates are always verified: what is set here explicitly is not
 * subject to `NODE_TLS_REJECT_UNAUTHORIZED` and `--tls-min-v1.0`.
 *
 * @param extraCa PEM certificates trusted besides those Node trusts already (`NODE_EXTRA_CA_CERTS` of the process included).
 * @throws {CrmError} `usage` when `extraCa` is not PEM certificates.
 */
export function createTls(extraCa?: string): Tls {
  const secureContext = createContext(extraCa)
  const issuers = new Map<string, string>()
  return {
    issuers,
    connect({ origin, host, port, lookup, over }) {
      const socket = connect({
        host,
        port,
        secureContext,
        rejectUnauthorized: true,
        // An address is no server name (RFC 6066 section 3); Node then checks the certificate against the address.
        servername: isIP(host) === 0 ? host : '',
        ALPNProtocols: ['http/1.1'],
        lookup,
        ...(over === undefined ? {} : { socket: over }),
      })
      socket.once('secureConnect', () => {
        if (!issuers.has(origin)) issuers.set(origin, issuerOf(socket))
      })
      return socket
    },
  }
}

function createContext(extraCa: string | undefined): SecureContext {
  const minVersion = 'TLSv1.2'
  if (extraCa === undefined) return createSecureContext({ minVersion })
  refuseUnreadable(extraCa)
  return createSecureContext({ minVersion, ca: [...getCACertificates('default'), extraCa] })
}

/** OpenSSL passes over what it cannot read; the user would then be told that the server is not trusted. */
function refuseUnreadable(pem: string): void {
  if (readCertificates(pem) !== undefined) return
  const hint = 'give a file of PEM certificates, which begin with -----BEGIN CERTIFICATE-----'
  throw new CrmError('usage', 'the extra certificates cannot be read', { hint })
}

function issuerOf(socket: TLSSocket): string {
  const { O: organisation, CN: commonName } = socket.getPeerCertificate().issuer
  return [organisation ?? commonName ?? 'an unnamed authority'].flat().join(', ')
}
