/** What a start costs, held without a clock: which modules a command loads, how large they are, and that no output is lost. */
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { CRM, emptyHome, type Home, homeWithVault, NODE, newDirectory, openSandbox, run, runShell, succeed } from './support/cli.ts'

const HOOK = fileURLToPath(new URL('support/loaded-modules.cjs', import.meta.url))
const CHUNKS = join(dirname(CRM), '../dist')

/** A text that the code of each bundled package holds, and nothing of ours does. */
const MARKS = {
  undici: 'UND_ERR_',
  zod: 'ZodError',
  inquirer: '[Inquirer]',
  ora: 'bouncingBall',
  chalk: 'bgBlackBright',
  'cli-table3': 'rowSpan',
  'better-sqlite3': 'Misspelled option',
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
  /** Files of JavaScript, and their bytes. */
  readonly files: number
  readonly bytes: number
}

async function loadedBy(argv: readonly string[], home: Home): Promise<Loaded> {
  const report = join(newDirectory(), 'modules.json')
  succeed(await run(argv, { home, env: { NODE_OPTIONS: `--require=${HOOK}`, LOADED_MODULES: report } }))
  const { builtIns, files } = JSON.parse(readFileSync(report, 'utf8')) as { builtIns: string[]; files: string[] }
  const own = files.filter((file) => /\.c?js$/.test(file) && file !== HOOK)
  const texts = own.map((file) => readFileSync(file, 'utf8'))
  const packages = (Object.keys(MARKS) as Package[]).filter((name) => texts.some((text) => text.includes(MARKS[name])))
  return { builtIns, packages, files: own.length, bytes: texts.reduce((sum, text) => sum + text.length, 0) }
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

  it.concurrent('show loads no test of any provider', async () => {
    const report = join(newDirectory(), 'modules.json')
    succeed(await run(['show', 'customer-0000'], { home, env: { NODE_OPTIONS: `--require=${HOOK}`, LOADED_MODULES: report } }))
    const { files } = JSON.parse(readFileSync(report, 'utf8')) as { files: string[] }
    // What only the tests of these providers read.
    for (const mark of ['account-info', '/default_currency', '/license_details', '/services/oauth2/userinfo']) {
      const holders = chunks().filter((chunk) => readFileSync(join(CHUNKS, chunk), 'utf8').includes(mark))
      expect(holders.length, mark).toBeGreaterThan(0)
      expect(files.map((file) => basename(file)).filter((file) => holders.includes(file))).toEqual([])
    }
  })

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
    // Twenty kilobytes of better-sqlite3 stand in a file that is read for what is beside them.
    expect(loaded.packages.filter((name) => name !== 'better-sqlite3')).toEqual(['undici'])
    // Nor the client of Node, nor its measurements: undici asks for both, and needs neither.
    for (const name of ['http', 'https', 'http2', 'perf_hooks', 'child_process', 'tty', 'readline'])
      expect(loaded.builtIns).not.toContain(name)
  })

  it.concurrent('a command whose standard input is the null device opens no stream to read from', async () => {
    const own = await homeWithVault()
    const report = join(newDirectory(), 'modules.json')
    const env = { ...own.env, NODE_OPTIONS: `--require=${HOOK}`, LOADED_MODULES: report }
    succeed(await runShell(`"${NODE}" "${CRM}" demo-list </dev/null >/dev/null`, { home: { ...own, env } }))
    const { builtIns } = JSON.parse(readFileSync(report, 'utf8')) as { builtIns: string[] }
    expect(builtIns).not.toContain('stream')
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

  it('is in ASCII: kept code is read byte by byte', () => {
    for (const chunk of chunks()) expect(readFileSync(join(CHUNKS, chunk), 'latin1'), chunk).not.toMatch(/[^\x00-\x7f]/)
  })

  // A file costs a start 0.2 ms, and so do 6,000 bytes. The first two runs of a command read what keeps its compiled code, too.
  it.each([
    // The first of them is small: what comes after it is kept compiled.
    ['--version', 3, 96_000],
    ['--help', 3, 96_000],
    ['list --json', 5, 151_000],
    ['list', 5, 151_000],
    ['show customer-0000', 6, 216_000],
  ])('%s reads few files of code, and little of it', async (line, files, bytes) => {
    for (const _time of ['noted', 'kept']) succeed(await run(line.split(' '), { home }))
    const loaded = await loadedBy(line.split(' '), home)
    expect(loaded.files).toBeLessThanOrEqual(files)
    expect(loaded.bytes).toBeLessThan(bytes)
  })

  it('finds the binary of better-sqlite3 where npm installs it, beside the package or in it', async () => {
    for (const inside of [false, true]) {
      const place = newDirectory()
      const own = join(place, 'node_modules/crm-vault')
      cpSync(join(CHUNKS, '..'), own, { recursive: true })
      const packages = inside ? join(own, 'node_modules') : join(place, 'node_modules')
      mkdirSync(packages, { recursive: true })
      symlinkSync(join(import.meta.dirname, '../node_modules/better-sqlite3'), join(packages, 'better-sqlite3'))
      writeFileSync(
        join(place, 'program.mjs'),
        "const { openVault } = await import('crm-vault'); const vault = await openVault({ path: process.argv[2] }); console.log((await vault.list('default')).length); vault.close()",
      )
      const env = { CRM_HOME: home.path }
      succeed(await runShell(`'${NODE}' '${own}/bin/crm.js' list --json`, { home, env }))
      expect(succeed(await runShell(`'${NODE}' '${place}/program.mjs' '${home.vault}'`, { home, env })).stdout).toBe(`${ROWS}\n`)
    }
  })

  it('is a command whose chunks are all there, each below the size of the largest package', () => {
    const sizes = Object.fromEntries(chunks().map((chunk) => [chunk, statSync(join(CHUNKS, chunk)).size]))
    const referenced = new Set(
      [...chunks(), 'index.js'].flatMap((chunk) =>
        Array.from(readFileSync(join(CHUNKS, chunk), 'utf8').matchAll(/require\("\.\/([^"]+)"\)/g), ([, name]) => basename(name ?? '')),
      ),
    )
    expect([...referenced].filter((name) => sizes[name] === undefined)).toEqual([])
    expect(chunks().filter((name) => name !== 'start.cjs' && !referenced.has(name))).toEqual([])
    // Every file after the first two is loaded by the second: the first asks for no other.
    const first = readFileSync(join(CHUNKS, 'start.cjs'), 'utf8').matchAll(/require\("(\.\/[^"]+)"\)/g)
    expect(new Set(Array.from(first, ([, name]) => name)).size).toBe(1)
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
