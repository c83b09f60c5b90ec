import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Certificates, makeCertificates } from '../../http/certificates.ts'
import type { BuiltPackage } from '../build.ts'
import type { Bench } from '../measure.ts'
import { type Measured, overNothing, type Row } from '../row.ts'
import { startServer } from '../servers.ts'
import { type BenchVault, type MakeIntegration, makeVault } from '../vaults.ts'

const LATENCY_MS = 50
const INTEGRATIONS = 500
const IN_FLIGHT = 32
/** The last wave is not full, and takes as long as the others. */
const IDEAL_MS = Math.ceil(INTEGRATIONS / IN_FLIGHT) * LATENCY_MS

const ANSWERING = fileURLToPath(new URL('../programs/answering-server.ts', import.meta.url))

function customIntegration(baseUrl: string): MakeIntegration {
  return (index, { Secret }) => ({
    name: `customer-${String(index).padStart(3, '0')}`,
    provider: 'custom',
    definition: '',
    active: true,
    values: {
      settings: { baseUrl, authType: 'bearer', testPath: '/me', allowPrivateNetwork: true },
      secrets: { token: new Secret(`token-of-customer-${index}-0123456789abcdef`) },
    },
  })
}

/** Files of the certificates, for the server and for `NODE_EXTRA_CA_CERTS`. */
function certificateFiles(bench: Bench): { readonly authority: string; readonly certificate: string; readonly key: string } {
  const made: Certificates = makeCertificates()
  const directory = join(bench.directory, 'certificates')
  mkdirSync(directory, { recursive: true })
  const file = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text)
    return join(directory, name)
  }
  return {
    authority: file('ca.pem', made.authority),
    certificate: file('server.pem', made.good.cert),
    key: file('server.key', made.good.key),
  }
}

/** A server that answers after 50 ms, and a vault whose integrations all live on it. */
async function withAnsweringServer(
  bench: Bench,
  built: BuiltPackage,
  scheme: 'http' | 'https',
  work: (vault: BenchVault, env: Readonly<Record<string, string>>) => Promise<Measured>,
): Promise<Measured> {
  const files = scheme === 'https' ? certificateFiles(bench) : undefined
  const server = startServer([ANSWERING, String(LATENCY_MS), ...(files === undefined ? [] : [files.certificate, files.key])])
  try {
    const port = await server.line()
    const vault = await makeVault(bench, built, INTEGRATIONS, customIntegration(`${scheme}://127.0.0.1:${port}`))
    try {
      return await work(vault, { ...vault.env, ...(files === undefined ? {} : { NODE_EXTRA_CA_CERTS: files.authority }) })
    } finally {
      vault.remove()
    }
  } finally {
    await server.stop()
  }
}

function testMany(name: string, scheme: 'http' | 'https', what: string, bar: number): Row {
  return {
    name,
    what: `crm test, ${INTEGRATIONS} integrations, ${IN_FLIGHT} in flight, ${what}: (process - node) / ideal`,
    bar,
    measure: (bench, built) =>
      withAnsweringServer(bench, built, scheme, (_vault, env) =>
        overNothing(
          bench,
          () => ({ words: [built.command, 'test', '--fresh', '--json'], env }),
          (node, crm) => (crm.wallMs - node.wallMs) / IDEAL_MS,
        ),
      ),
  }
}

const testOne: Row = {
  name: 'test-one',
  what: `crm test <name>: (process - ${LATENCY_MS} ms) / node`,
  bar: 3.2,
  measure: (bench, built) =>
    withAnsweringServer(bench, built, 'http', (_vault, env) =>
      overNothing(
        bench,
        () => ({ words: [built.command, 'test', 'customer-007', '--fresh', '--json'], env }),
        (node, crm) => (crm.wallMs - LATENCY_MS) / node.wallMs,
      ),
    ),
}

const demoCreate: Row = {
  name: 'demo-create',
  what: 'crm demo-create, first run: (process - node) / (round trips x 50 ms)',
  bar: 1.6,
  async measure(bench, built) {
    const sandbox = startServer([built.sandboxProgram, String(LATENCY_MS)])
    try {
      const { url, accountId, token } = JSON.parse(await sandbox.line()) as { url: string; accountId: string; token: string }
      const vault = await makeVault(bench, built, 1, (_index, { Secret }) => ({
        name: 'sandbox',
        provider: 'chatwoot',
        definition: '',
        active: true,
        values: { settings: { baseUrl: url, accountId }, secrets: { apiKey: new Secret(token) } },
      }))
      const rounds: number[] = []
      const measured = await overNothing(
        bench,
        (round) => ({
          words: [built.command, 'demo-create', '--name', `Bench ${round}`, '--bot-url', `${url}/bot`, '--json'],
          env: vault.env,
          async after() {
            sandbox.ask('rounds')
            rounds.push(Number(await sandbox.line()))
          },
        }),
        (node, crm) => (crm.wallMs - node.wallMs) / (Math.max(...rounds) * LATENCY_MS),
      )
      vault.remove()
      return { ...measured, detail: `${measured.detail}, ${Math.max(...rounds)} round trips` }
    } finally {
      await sandbox.stop()
    }
  },
}

/** What the command needs besides the time that servers take. */
export const rows: readonly Row[] = [
  testMany('test-many', 'http', 'http', 1.4),
  testMany('test-many-tls', 'https', 'TLS, one origin', 1.5),
  testOne,
  demoCreate,
]
