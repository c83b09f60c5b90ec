import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/**
 * A server on 127.0.0.1 that answers every request after a while with a small JSON object, and prints its port:
 * `node answering-server.ts <milliseconds> [<certificate> <key>]`.
 */
const [, , latency = '0', certificate, key] = process.argv

const answer: RequestListener = (request, response) => {
  request.resume()
  setTimeout(() => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end('{"id":1,"name":"Bench"}')
  }, Number(latency))
}

const server =
  certificate === undefined || key === undefined
    ? createServer(answer)
    : createSecureServer({ cert: readFileSync(certificate), key: readFileSync(key) }, answer)
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
