import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeCertificates } from '../http/certificates.ts'
import { startProxy } from '../http/proxy-server.ts'
import { APP, type SalesforceSimulator, type SimulatorOptions, startSalesforce } from '../providers/salesforce/simulator.ts'
import { closeAtEnd, type Home, homeWithVault, NODE, newDirectory, run, succeed } from './cli.ts'

const NAMES = ['login.salesforce.com', 'test.salesforce.com', 'acme.my.salesforce.com']

/** A Salesforce that built commands reach under its real names: by a proxy that leads there, and a certificate authority of the test. */
export interface ReachableSalesforce {
  readonly simulator: SalesforceSimulator
  /** What a command needs in its environment: the way there, and a person at a browser who agrees to every sign-in. */
  readonly env: Readonly<Record<string, string>>
  /** The file of the authority that its certificate comes from: `env` trusts it already. */
  readonly authority: string
}

/** Starts one, closed when the test file ends. */
export async function openSalesforce(options: SimulatorOptions = {}): Promise<ReachableSalesforce> {
  const { authority, good } = makeCertificates(NAMES)
  const simulator = await startSalesforce({ ...options, tls: good })
  const proxy = await startProxy({ route: (host) => (NAMES.includes(host.replace(/:443$/, '')) ? simulator.port : undefined) })
  closeAtEnd(async () => {
    await proxy.close()
    await simulator.close()
  })
  const ca = join(newDirectory(), 'ca.pem')
  writeFileSync(ca, authority)
  const browser = join(newDirectory(), 'browser')
  const program = fileURLToPath(new URL('agreeing-person.mjs', import.meta.url))
  writeFileSync(browser, `#!/bin/sh\nexec '${NODE}' '${program}' "$1" ${simulator.port}\n`, { mode: 0o755 })
  return { simulator, env: { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NODE_EXTRA_CA_CERTS: ca, BROWSER: browser }, authority: ca }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    // Below those that the system hands out: nobody else gets it before it is used.
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    await new Promise<void>((resolve) => server.close(() => resolve()))
    return port
  }
}

/** A home whose vault holds `salesforce`, which is signed in to with a browser, and was not yet. */
export async function homeWithSalesforce(): Promise<Home> {
  const home = await homeWithVault()
  const flags = ['--auth', 'oauth_browser', '--client-id', APP.clientId, '--redirect-port', String(await freePort()), '--no-test']
  succeed(await run(['add', 'salesforce', ...flags], { home }))
  return home
}
