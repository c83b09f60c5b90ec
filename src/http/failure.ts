import { CrmError } from '../core/errors.ts'
import { inSeconds } from '../core/time.ts'
import { Breach, type Limit } from './breach.ts'
import { ProxyFailure } from './proxy-failure.ts'
import type { TunnelProxy } from './proxy-rules.ts'

/** The deadlines of one request, in milliseconds. */
export interface Deadlines {
  /** TCP connection and TLS handshake. Default 10,000. */
  readonly connectMs: number
  /** From the last byte of the request to the last byte of the answer's head. Default 15,000. */
  readonly headersMs: number
  /** Longest wait for the next byte of the body. Default 10,000. */
  readonly idleMs: number
  /** The whole request, its retries included, where the request names no limit of its own. Default 30,000. */
  readonly requestMs: number
}

/** A failed try, in words, and whether another try may help. */
export interface Failure {
  readonly error: CrmError
  /** Whether a read may be repeated by itself: the connection broke or a time ran out. Never for TLS, a refused port or an unknown name. */
  readonly passing: boolean
}

interface Words {
  readonly message: string
  readonly reason: string
  readonly hint: string
  readonly code?: 'provider_error'
  readonly passing?: true
  /** False when nothing but a change helps: a wrong certificate stays wrong. */
  readonly retryable?: false
}

const EDIT_URL = 'crm edit {name} --base-url <url>'
const CHECK_NETWORK = 'check the network connection, VPN and firewall, then run the same command again'
const ASK_ADMINISTRATOR = 'ask whoever runs the server to renew its certificate'

/**
 * Says what went wrong with a connection or an answer. Texts of libraries and of the server are not repeated.
 * @param proxy the one that leads to the server; named where it may be the cause.
 */
export function describeFailure(cause: unknown, url: URL, deadlines: Deadlines, proxy?: TunnelProxy): Failure {
  if (cause instanceof CrmError) return { error: cause, passing: false }
  const words = cause instanceof ProxyFailure ? proxyWords(cause, url, deadlines) : wordsFor(cause, url, deadlines, proxy)
  const { message, reason, hint, code = 'unreachable', passing = false, retryable = code === 'unreachable' } = words
  // The parser's error holds the bytes it failed on, which are the server's and may hold a secret.
  const kept = isParserError(cause) ? {} : { cause }
  return { error: new CrmError(code, message, { reason, hint, retryable, ...kept }), passing }
}

function wordsFor(cause: unknown, url: URL, deadlines: Deadlines, proxy: TunnelProxy | undefined): Words {
  if (cause instanceof Breach) return timeOut(cause.limit, url, deadlines)
  return network(cause, url) ?? tls(cause, url, proxy) ?? other(cause, url)
}

/** What stood between us and the tunnel. The proxy is named without user name and password. */
function proxyWords({ proxy, problem }: ProxyFailure, url: URL, deadlines: Deadlines): Words {
  const { shown, variable } = proxy
  if ('status' in problem) return refusedByProxy(proxy, problem.status, url)
  if (isParserError(problem.error) || !isNetworkError(problem.error)) {
    const reason = 'it does not answer CONNECT as a proxy does'
    return { message: `no connection through the proxy ${shown}`, reason, hint: `correct its address, or go without: unset ${variable}` }
  }
  const { message, reason, passing, retryable } = wordsFor(problem.error, new URL(`${proxy.protocol}//${shown}`), deadlines, undefined)
  return {
    message: `no connection through the proxy ${shown}`,
    reason: `${message}: ${reason}`,
    hint: `correct ${variable}, or go without a proxy: NO_PROXY=${url.hostname} crm test {name}`,
    ...(passing === undefined ? {} : { passing }),
    ...(retryable === undefined ? {} : { retryable }),
  }
}

function isNetworkError(error: unknown): boolean {
  return error instanceof Breach || codeOf(error) !== ''
}

function refusedByProxy({ shown, variable, protocol, authorization }: TunnelProxy, status: number, url: URL): Words {
  if (status === 407) {
    const hint = `give them with its address: export ${variable}=${protocol}//<user>:<password>@${shown}`
    return authorization === undefined
      ? { message: `the proxy ${shown} wants a user name and a password (407)`, reason: `${variable} has none`, hint, retryable: false }
      : { message: `the proxy ${shown} refused the user name and password (407)`, reason: `those of ${variable}`, hint, retryable: false }
  }
  const message = `the proxy ${shown} does not connect to ${url.host} (${status})`
  if (status >= 500)
    return {
      message,
      reason: 'it found no way to the server, or does not know its name',
      hint: CHECK_NETWORK,
      ...(status > 502 ? { passing: true } : {}),
    }
  return {
    message,
    reason: 'its rules do not let this connection through',
    hint: `ask whoever runs the proxy, or go without it: NO_PROXY=${url.hostname} crm test {name}`,
    retryable: false,
  }
}

function codeOf(cause: unknown): string {
  const code = (cause as { readonly code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : ''
}

/** undici's error for bytes that are not HTTP. Known by its name: its code is undefined for most of them. */
function isParserError(cause: unknown): boolean {
  return cause instanceof Error && cause.name === 'HTTPParserError'
}

function timeOut(limit: Limit, url: URL, deadlines: Deadlines): Words {
  const waited: Record<Limit, Pick<Words, 'message' | 'reason'>> = {
    connect: {
      message: `no connection to ${url.host} within ${inSeconds(deadlines.connectMs)}`,
      reason: 'the host does not react: a wrong address, a firewall, or a server that is down',
    },
    headers: {
      message: `${url.host} did not answer within ${inSeconds(deadlines.headersMs)}`,
      reason: 'it took the request and sent no complete answer head',
    },
    idle: {
      message: `${url.host} stopped in the middle of its answer`,
      reason: `no byte of the body came for ${inSeconds(deadlines.idleMs)}`,
    },
    request: {
      message: `${url.host} was not done within ${inSeconds(deadlines.requestMs)}`,
      reason: 'the time for the whole request, retries included, is over',
    },
  }
  return { ...waited[limit], hint: `check that the server is up and the base URL is right: ${EDIT_URL}`, passing: true }
}

const BROKEN = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'])
const NO_ROUTE = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN', 'EHOSTDOWN', 'EADDRNOTAVAIL', 'EACCES', 'EPERM'])

function network(cause: unknown, url: URL): Words | undefined {
  const code = codeOf(cause)
  if (code === 'ENOTFOUND' || code === 'ENODATA') {
    const reason = 'no name server knows it'
    return { message: `the host ${url.hostname} does not exist`, reason, hint: `check the spelling: ${EDIT_URL}` }
  }
  if (code.startsWith('EAI_')) {
    const reason = 'the name server did not answer'
    return { message: `the host ${url.hostname} could not be looked up`, reason, hint: CHECK_NETWORK, passing: true }
  }
  if (code === 'ECONNREFUSED') {
    const reason = 'the connection was refused: no server listens on that port'
    return { message: `nothing answers at ${url.host}`, reason, hint: `start the server, or correct host and port: ${EDIT_URL}` }
  }
  if (code === 'ETIMEDOUT') return { ...timeOutOfSystem(url), passing: true }
  if (NO_ROUTE.has(code)) {
    return { message: `no way to ${url.host}`, reason: 'the network of this machine does not lead there', hint: CHECK_NETWORK }
  }
  if (!BROKEN.has(code)) return undefined
  const reason = 'the server, or a proxy or firewall on the way, closed it before the answer was complete'
  return { message: `the connection to ${url.host} was cut off`, reason, hint: CHECK_NETWORK, passing: true }
}

function timeOutOfSystem(url: URL): Words {
  return { message: `no connection to ${url.host}`, reason: 'the operating system gave up waiting for the host', hint: CHECK_NETWORK }
}

const UNTRUSTED = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
])
const SELF_SIGNED = new Set(['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN'])
const TRUST = 'if the certificate is yours, trust its authority: crm edit {name} --ca-file <path>'

/** TLS: OpenSSL's verification results (X509_verify_cert_error_string), Node's own check of the name, and failed handshakes. */
function tls(cause: unknown, url: URL, proxy: TunnelProxy | undefined): Words | undefined {
  const code = codeOf(cause)
  const certificate = `the certificate of ${url.host}`
  const words = (message: string, reason: string, hint: string): Words => ({ message, reason, hint, retryable: false })
  const intercepted = proxy === undefined ? '' : `; the proxy ${proxy.shown} may have put its own in place`
  if (SELF_SIGNED.has(code)) return words(`${certificate} is self-signed`, `no known authority vouches for it${intercepted}`, TRUST)
  if (UNTRUSTED.has(code))
    return words(
      `${certificate} is not trusted`,
      `its authority is unknown, or the server leaves out a link of the chain${intercepted}`,
      TRUST,
    )
  if (code === 'CERT_HAS_EXPIRED') return words(`${certificate} has expired`, 'its last day has passed', ASK_ADMINISTRATOR)
  if (code === 'CERT_NOT_YET_VALID') {
    return words(`${certificate} is not valid yet`, 'its first day has not come', "check this machine's clock")
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return words(`${certificate} is for another host`, `it does not name ${url.hostname}`, `use the name it was issued for: ${EDIT_URL}`)
  }
  if (code === 'CERT_REVOKED') return words(`${certificate} was revoked`, 'its authority withdrew it', ASK_ADMINISTRATOR)
  if (isCertificateCode(code))
    return words(`${certificate} is not acceptable`, 'its chain or its keys do not pass verification', ASK_ADMINISTRATOR)
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return words(`${url.host} does not speak TLS`, 'something else than an https server listens there', `check host and port: ${EDIT_URL}`)
  }
  if (!code.startsWith('ERR_SSL_') && !code.startsWith('ERR_TLS_') && code !== 'EPROTO') return undefined
  const [reason, hint] = handshakeFailure(code)
  return words(`no secure connection to ${url.host}`, reason, hint)
}

/** Why a handshake failed, and what to do. OpenSSL's alerts are named after RFC 8446 section 6. */
function handshakeFailure(code: string): readonly [reason: string, hint: string] {
  if (/UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION/.test(code)) {
    return [
      'the server offers nothing newer than TLS 1.1; at least TLS 1.2 is needed',
      'ask whoever runs the server to enable TLS 1.2 or newer',
    ]
  }
  if (code.includes('NO_APPLICATION_PROTOCOL')) return ['the server does not offer HTTP/1.1', 'ask whoever runs the server to enable it']
  return [
    'the two sides found no common way to encrypt, or the server wants a client certificate',
    'ask whoever runs the server to enable TLS 1.2 or newer',
  ]
}

function isCertificateCode(code: string): boolean {
  return /(?:^|_)(?:CERT|CRL|CA|ISSUER|KEY|CHAIN)(?:_|$)/.test(code) && !code.startsWith('ERR_')
}

function other(cause: unknown, url: URL): Words {
  const code = codeOf(cause)
  const hint = `check that the base URL is the address of the API: ${EDIT_URL}`
  if (code === 'UND_ERR_HEADERS_OVERFLOW') {
    const message = `the answer of ${url.host} has too large headers`
    return { code: 'provider_error', message, reason: 'more than 32 KiB of headers are not read', hint }
  }
  if (isParserError(cause)) {
    return { code: 'provider_error', message: `${url.host} does not speak HTTP`, reason: 'its answer breaks the rules of HTTP/1.1', hint }
  }
  return {
    message: `the connection to ${url.host} failed`,
    reason: 'the network reported an error without a known cause',
    hint: CHECK_NETWORK,
  }
}
