/** What a start costs, held without a clock: which modules a command loads, how large they are, and that no output is lost. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { CRM, emptyHome, type Home, homeWithVault, newDirectory, openSandbox, run, runShell, succeed } from './support/cli.ts'

const HOOK = fileURLToPath(new URL('support/loaded-modules.cjs', import.meta.url))
const CHUNKS = join(dirname(CRM), '../dist/cli')

/** A text that the code of each bundled package holds, and nothing of ours does. */
const MARKS = {
  undici: 'UND_ERR_',
  zod: 'ZodError',
  inquirer: '[Inquirer]',
  ora: 'bouncingBall',
  chalk: 'bgBlackBright',
  'cli-table3': 'rowSpan',
  'better-sqlite3': 'better-sqlite3',
} as const

type Package = keyof typeof MARKS

/** Built-ins that take milliseconds to load, and that nothing needs but the network, other processes or cryptography. */
const HEAVY = [
  'child_process',
  'crypto',
  'dgram',
  'dns',
  'http',
  'http2',
  'https',
  'inspector',
  'net',
  'readline',
  'tls',
  'tty',
  'worker_threads',
  'zlib',
]

/** What a run of the command has loaded. */
interface Loaded {
  readonly builtIns: readonly string[]
  readonly packages: readonly Package[]
  /** Bytes of JavaScript. */
  readonly bytes: number
}

async function loadedBy(argv: readonly string[], home: Home): Promise<Loaded> {
  const report = join(newDirectory(), 'modules.json')
  succeed(await run(argv, { home, env: { NODE_OPTIONS: `--require=${HOOK}`, LOADED_MODULES: report } }))
  const { builtIns, files } = JSON.parse(readFileSync(report, 'utf8')) as { builtIns: string[]; files: string[] }
  const own = files.filter((file) => /\.c?js$/.test(file) && file !== HOOK)
  const texts = own.map((file) => readFileSync(file, 'utf8'))
  const packages = (Object.keys(MARKS) as Package[]).filter((name) => texts.some((text) => text.includes(MARKS[name])))
  return { builtIns, packages, bytes: texts.reduce((sum, text) => sum + text.length, 0) }
}

/** The same for a process that does nothing: what Node itself brings. */
const heavyOf = ({ builtIns }: Loaded): string[] => HEAVY.filter((name) => builtIns.includes(name))

const chunks = (): string[] => readdirSync(CHUNKS).filter((name) => name.endsWith('.cjs'))

let home: Home
const ROWS = 1_000

beforeAll(async () => {
  home = await homeWithVault()
  const rows = Array.from({ length: ROWS }, (_, index) => ({
    provider: 'chatwoot',
    name: `customer-${String(index).padStart(4, '0')}`,
    baseUrl: `https://chat-${index}.example.com`,
    accountId: String(index + 1),
    apiKey: `token-of-customer-${index}`,
  }))
  succeed(await run(['add', '--from', '-', '--no-test'], { home, input: JSON.stringify(rows) }))
})

describe('a command loads what it uses', () => {
  it('each package is in the build, in chunks that its mark tells', () => {
    for (const [name, mark] of Object.entries(MARKS)) {
      const holders = chunks().filter((chunk) => readFileSync(join(CHUNKS, chunk), 'utf8').includes(mark))
      expect(holders.length, name).toBeGreaterThan(0)
    }
  })

  it.concurrent.each(['--version', '--help', 'help exit-codes', 'list --help', 'vault path'])(
    '%s loads no vault, no package and no heavy built-in',
    async (line) => {
      const loaded = await loadedBy(line.split(' '), home)
      expect(heavyOf(loaded)).toEqual([])
      expect(loaded.packages).toEqual([])
    },
  )

  it.concurrent.each([
    'list',
    'list --json',
    'list --active --provider chatwoot',
    'stats',
    'stats --json',
    'profile list',
    'demo-list',
    'demo-list --json',
  ])('%s loads the vault, and neither cryptography nor network nor anything for a terminal', async (line) => {
    const loaded = await loadedBy(line.split(' '), home)
    expect(heavyOf(loaded)).toEqual([])
    expect(loaded.packages).toEqual(['better-sqlite3'])
  })

  it.concurrent.each(['show customer-0000', 'toggle customer-0001', 'audit verify', 'vault verify --json'])(
    '%s loads the cryptography with the vault, and no network',
    async (line) => {
      const loaded = await loadedBy(line.split(' '), home)
      expect(heavyOf(loaded)).toEqual(['crypto'])
      expect(loaded.packages).toEqual(['better-sqlite3'])
    },
  )

  it.concurrent('add --no-test of a file loads no network', async () => {
    const own = await homeWithVault()
    const loaded = await loadedBy(['add', 'chatwoot', '--account-id', '3', '--api-key-file', await keyFile(), '--no-test'], own)
    expect(loaded.packages).toEqual(['better-sqlite3'])
    expect(heavyOf(loaded)).toEqual(['crypto'])
  })

  it.concurrent('test loads the network client, and nothing for a terminal', async () => {
    const sandbox = await openSandbox()
    const own = emptyHome()
    const env = { CHATWOOT_BASE_URL: sandbox.url, CHATWOOT_ACCOUNT_ID: '1', CHATWOOT_API_KEY: sandbox.administratorToken }
    const loaded = await loadedBy(['test', 'env:chatwoot'], { ...own, env: { ...own.env, ...env } })
    expect(loaded.packages).toEqual(['undici'])
    expect(heavyOf(loaded)).not.toContain('http2')
    expect(heavyOf(loaded)).not.toContain('child_process')
  })
})

async function keyFile(): Promise<string> {
  const path = join(newDirectory(), 'token')
  const { writeFileSync } = await import('node:fs')
  writeFileSync(path, 'token-of-somebody\n', { mode: 0o600 })
  return path
}

describe('the build', () => {
  it('has no import of a built-in as a module, which would read every getter that it exports', () => {
    for (const chunk of chunks()) {
      const code = readFileSync(join(CHUNKS, chunk), 'utf8')
      expect(code, chunk).not.toMatch(/(?:^|[;}\n])\s*(?:import\s*(?:[\w*{"']|$)|export\s*[{*])/)
      expect(code, chunk).not.toMatch(/\bimport\(\s*["'`](?:node:)?/)
    }
  })

  it('begins with a small chunk, and reads little code before a command of its own', async () => {
    expect(statSync(join(CHUNKS, 'main.cjs')).size).toBeLessThan(4_000)
    expect((await loadedBy(['--version'], home)).bytes).toBeLessThan(100_000)
    expect((await loadedBy(['list', '--json'], home)).bytes).toBeLessThan(170_000)
  })

  it('is a command whose chunks are all there, each below the size of the largest package', () => {
    const sizes = Object.fromEntries(chunks().map((chunk) => [chunk, statSync(join(CHUNKS, chunk)).size]))
    const referenced = new Set(
      chunks().flatMap((chunk) =>
        Array.from(readFileSync(join(CHUNKS, chunk), 'utf8').matchAll(/require\("\.\/([^"]+)"\)/g), ([, name]) => basename(name ?? '')),
      ),
    )
    expect([...referenced].filter((name) => sizes[name] === undefined)).toEqual([])
    expect(chunks().filter((name) => !referenced.has(name))).toEqual(['main.cjs'])
  })
})

describe('no output is lost', () => {
  it.each(['list --json', 'list', 'list --json -v', 'list --fields integrations.name'])(
    '%s of 1,000 integrations into a slow reader',
    async (line) => {
      const direct = join(newDirectory(), 'direct')
      succeed(await runShell(`crm ${line} > ${direct}`, { home }))
      const size = statSync(direct).size
      expect(size).toBeGreaterThan(20_000)
      const { status, stdout, stderr } = await runShell(`set -o pipefail; crm ${line} | (sleep 1; cat)`, { home })
      expect({ status, size: Buffer.byteLength(stdout), errors: /error/i.test(stderr) }).toEqual({ status: 0, size, errors: false })
      expect(stdout).toBe(readFileSync(direct, 'utf8'))
    },
  )

  it('a reader that goes away ends the command quietly', async () => {
    const { status, stdout, stderr } = await runShell('set -o pipefail; crm list --json | head -c 100', { home })
    expect({ status, stderr, size: stdout.length }).toEqual({ status: 0, stderr: '', size: 100 })
  })
})
