import { request } from 'node:http'
import type { Socket } from 'node:net'
import { ProxyFailure } from './proxy-failure.ts'
import type { TunnelProxy } from './proxy-rules.ts'

/** Most bytes of the proxy's answer head; the rest of what a proxy may say is not read. */
const MAX_HEAD_BYTES = 16 * 1024

/**
 * Asks a proxy for a tunnel with CONNECT. The name of the server goes to the proxy as it is: the proxy resolves it.
 *
 * @param connection to the proxy, open or about to be.
 * @param authority `host:port` of the server.
 * @param done called once: with the socket whose other end is the server, or with a {@link ProxyFailure}.
 */
export function openTunnel(
  proxy: TunnelProxy,
  connection: Socket,
  authority: string,
  done: (...result: [null, Socket] | [ProxyFailure, null]) => void,
): void {
  const fail = (problem: ConstructorParameters<typeof ProxyFailure>[1]) => {
    connection.destroy()
    done(new ProxyFailure(proxy, problem), null)
  }
  const { authorization } = proxy
  const connect = request({
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...(authorization === undefined ? {} : { 'proxy-authorization': authorization.reveal() }) },
    createConnection: () => connection,
    maxHeaderSize: MAX_HEAD_BYTES,
  })
  connect.once('error', (error) => fail({ error }))
  connect.once('connect', ({ statusCode = 0 }, socket, early) => {
    if (statusCode < 200 || statusCode > 299) fail({ status: statusCode })
    // In TLS the client speaks first: what comes before that is not from the server.
    else if (early.length > 0) fail({ error: new Error('bytes before the handshake') })
    else done(null, socket)
  })
  connect.end()
}
