import { hash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Certificates, makeCertificates } from '../../http/certificates.ts'
import type { BuiltPackage } from '../build.ts'
import { type Bench, interleaved, peakMemory, runOnce } from '../measure.ts'
import { judged, type Measured, overNothing, type Row } from '../row.ts'
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

/** Two CRMs as a team describes them: a key in a header, and signed requests. */
const DEFINITIONS = [
  { id: 'keyed', auth: { type: 'api_key', value: '{{fields.apiKey}}', place: { in: 'header', name: 'X-Api-Key' } } },
  {
    id: 'signed',
    auth: {
      type: 'hmac',
      key: '{{fields.apiKey}}',
      algorithm: 'sha256',
      encoding: 'hex',
      parts: ['method', 'path', 'timestamp'],
      timestamp: { header: 'X-Timestamp', format: 'unix_s' },
      signature: { in: 'header', name: 'X-Signature' },
    },
  },
].map(({ id, auth }) => {
  const fields = [
    { name: 'baseUrl', label: 'Base URL', kind: 'url' },
    { name: 'apiKey', label: 'API key', kind: 'secret' },
  ]
  const test = { request: { path: '/me' }, expect: { status: [200], all: [{ at: '/id', exists: true }] } }
  return { id, text: `${JSON.stringify({ format: 1, id, name: id, baseUrl: '{{fields.baseUrl}}', fields, auth, test })}\n` }
})

/** Integrations of several providers in turns, each with a credential of its own kind. */
function mixedIntegration(baseUrl: string): MakeIntegration {
  return (index, library) => {
    const { Secret } = library
    const secret = new Secret(`secret-of-customer-${index}-0123456789abcdef`)
    const custom = (authType: string, settings: object, secrets: Readonly<Record<string, typeof secret>>) => ({
      provider: 'custom',
      definition: '',
      values: { settings: { baseUrl, authType, testPath: '/me', allowPrivateNetwork: true, ...settings }, secrets },
    })
    const defined = DEFINITIONS.map(({ id, text }) => ({
      provider: id,
      definition: hash('sha256', text, 'hex'),
      values: { settings: { baseUrl, allowPrivateNetwork: true }, secrets: { apiKey: secret } },
    }))
    const kinds = [
      custom('bearer', {}, { token: secret }),
      custom('basic', { username: 'bench' }, { password: secret }),
      custom('api-key', { apiKeyPlace: 'header', apiKeyName: 'X-Api-Key' }, { apiKey: secret }),
      ...defined,
    ]
    const kind = kinds[index % kinds.length]
    if (kind === undefined) throw new Error('there is no kind')
    return { name: `customer-${String(index).padStart(3, '0')}`, active: true, ...kind }
  }
}

/** Adds the definitions to the configuration of a vault's home, as their user does. */
function addDefinitions(bench: Bench, built: BuiltPackage, vault: BenchVault): void {
  for (const { id, text } of DEFINITIONS) {
    const file = join(bench.directory, `${id}.json`)
    writeFileSync(file, text)
    runOnce(bench, { words: [built.command, 'providers', 'add', file, '--yes'], env: vault.env })
  }
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
  make: (baseUrl: string) => MakeIntegration,
  work: (vault: BenchVault, env: Readonly<Record<string, string>>) => Promise<Measured>,
): Promise<Measured> {
  const files = scheme === 'https' ? certificateFiles(bench) : undefined
  const server = startServer([ANSWERING, String(LATENCY_MS), ...(files === undefined ? [] : [files.certificate, files.key])])
  try {
    const port = await server.line()
    const vault = await makeVault(bench, built, INTEGRATIONS, make(`${scheme}://127.0.0.1:${port}`))
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
      withAnsweringServer(bench, built, scheme, customIntegration, (_vault, env) =>
        overNothing(
          bench,
          () => ({ words: [built.command, 'test', '--fresh', '--json'], env }),
          (node, crm) => (crm.wallMs - node.wallMs) / IDEAL_MS,
        ),
      ),
  }
}

/** What a test of many adds to its ideal, besides its start-up: that is what a test of one needs, less the time of its server. */
const testMixed: Row = {
  name: 'test-mixed',
  what: `crm test, ${INTEGRATIONS} integrations of mixed providers, ${IN_FLIGHT} in flight, TLS: (process - start-up) / ideal`,
  bar: 1.35,
  measure: (bench, built) =>
    withAnsweringServer(bench, built, 'https', mixedIntegration, async (vault, env) => {
      addDefinitions(bench, built, vault)
      const test = () => ({ words: [built.command, 'test', '--fresh', '--json'], env })
      const one = () => ({ words: [built.command, 'test', 'customer-000', '--fresh', '--json'], env })
      return judged(await interleaved(bench, one, test), (of1, of500) => (of500.wallMs - (of1.wallMs - LATENCY_MS)) / IDEAL_MS)
    }),
}

const testMixedMemory: Row = {
  name: 'test-mixed-memory',
  what: `the same: MiB at its peak`,
  bar: 200,
  measure: (bench, built) =>
    withAnsweringServer(bench, built, 'https', mixedIntegration, async (vault, env) => {
      addDefinitions(bench, built, vault)
      const value = (await peakMemory(bench, () => ({ words: [built.command, 'test', '--fresh', '--json'], env }))) / 1024
      return { value, detail: `${value.toFixed(0)} MiB` }
    }),
}

const testOne: Row = {
  name: 'test-one',
  what: `crm test <name>: (process - ${LATENCY_MS} ms) / node`,
  bar: 3.2,
  measure: (bench, built) =>
    withAnsweringServer(bench, built, 'http', customIntegration, (_vault, env) =>
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
  testMixed,
  testMixedMemory,
  testOne,
  demoCreate,
]
