import { writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { makeCertificates } from '../http/certificates.ts'
import { startProxy } from '../http/proxy-server.ts'
import type { Canned, Seen } from '../providers/answering-server.ts'
import { closeAtEnd, NODE, newDirectory } from './cli.ts'

/** What a vendor of the tests does. */
export interface VendorOptions {
  /** Its hosts, under their real names. */
  readonly names: readonly string[]
  /** The path of its authorization endpoint. */
  readonly authorizePath: string
  /** What the callback names besides `code` and `state`. */
  readonly callback?: Readonly<Record<string, string>>
  /** Everything but the sign-in. */
  readonly answer: (request: Seen) => Canned | undefined
}

/** A vendor that built commands reach under its real names: by a proxy that leads there, and an authority of the test. */
export interface Vendor {
  /** What a command needs in its environment, with a person at a browser who agrees to every sign-in. */
  readonly env: Readonly<Record<string, string>>
  /** The requests so far, but for those of the browser. */
  readonly seen: readonly Seen[]
  /** The parameters of every sign-in that a browser has asked for. */
  readonly signIns: readonly URLSearchParams[]
}

/** The code that a vendor hands out. */
export const CODE = 'canary-code-0123456789'

/** Starts one, closed when the test file ends. */
export async function openVendor({ names, authorizePath, callback = {}, answer }: VendorOptions): Promise<Vendor> {
  const { authority, good } = makeCertificates(names)
  const seen: Seen[] = []
  const signIns: URLSearchParams[] = []
  const server = createServer(good, async (request, response) => {
    const url = new URL(request.url ?? '/', 'https://vendor.invalid')
    if (url.pathname === authorizePath) {
      signIns.push(url.searchParams)
      const back = new URL(url.searchParams.get('redirect_uri') ?? '')
      const given = { code: CODE, state: url.searchParams.get('state') ?? '', ...callback }
      for (const [name, value] of Object.entries(given)) back.searchParams.set(name, value)
      return void response.writeHead(302, { location: back.href }).end()
    }
    const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: await text(request) }
    seen.push(one)
    const { status, body, headers } = answer(one) ?? { status: 404, body: {} }
    return void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const proxy = await startProxy({ route: (host) => (names.includes(host.replace(/:443$/, '')) ? port : undefined) })
  closeAtEnd(async () => {
    await proxy.close()
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })
  const ca = join(newDirectory(), 'ca.pem')
  writeFileSync(ca, authority)
  const browser = join(newDirectory(), 'browser')
  const person = fileURLToPath(new URL('agreeing-person.mjs', import.meta.url))
  writeFileSync(browser, `#!/bin/sh\nexec '${NODE}' '${person}' "$1" ${port}\n`, { mode: 0o755 })
  return { seen, signIns, env: { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NODE_EXTRA_CA_CERTS: ca, BROWSER: browser } }
}
