import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, inject } from 'vitest'
import { createHttp } from '../../src/http/http.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.ts'

/** The Node that the project is developed with; not the one of the machine. */
export const NODE = fileURLToPath(new URL('../../node_modules/node/bin/node', import.meta.url))
/** The built command's `bin/crm.js`. */
export const CRM = inject('crmBin')

/** A hung command fails its test with what it printed, long before the test's own limit. The loops in full keep every core busy. */
const PATIENCE_MS = process.env.MODE === 'torture' ? 300_000 : 45_000

const root = mkdtempSync(join(tmpdir(), 'crm-cli-'))
const bin = join(root, 'bin')
mkdirSync(bin)
writeFileSync(join(bin, 'crm'), `#!/bin/sh\nexec '${NODE}' '${CRM}' "$@"\n`, { mode: 0o755 })
const atEnd: (() => Promise<void>)[] = []

// Homes and sandboxes live as long as the test file that made them: its tests may run at the same time and share them.
afterAll(async () => {
  await Promise.all(atEnd.map((end) => end()))
  rmSync(root, { recursive: true, force: true })
})

/** Where one user keeps everything, and the variables that say so. */
export interface Home {
  /** A directory of its own, `HOME` and `CRM_HOME` at once. */
  readonly path: string
  /** The key that {@link Home.env} carries. */
  readonly key: string
  /** The vault file, which need not exist. */
  readonly vault: string
  /** The whole environment of a command in this home. */
  readonly env: Readonly<Record<string, string>>
}

/** How a command ended. */
export interface Result {
  /** The exit status; 128 + number for a signal. */
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** How a command is run. */
export interface RunOptions {
  /** Default: an empty home of its own. */
  readonly home?: Home
  /** Set on top of the home's environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What standard input holds; without it, standard input is /dev/null. */
  readonly input?: string | Uint8Array
  /** Whether standard input stays open, with nothing more coming. */
  readonly keepOpen?: boolean
  /** Default: the home. */
  readonly cwd?: string
  /** After how many milliseconds it counts as hung; default 45,000, in full loops more. */
  readonly patienceMs?: number
}

/** A command that is running. */
export interface Running {
  readonly process: ChildProcess
  /** What it has printed on standard output and standard error so far. */
  readonly printed: () => { readonly stdout: string; readonly stderr: string }
  readonly ended: Promise<Result>
}

/** An empty directory that is removed when the test file ends. */
export function newDirectory(): string {
  return mkdtempSync(join(root, 'd-'))
}

/** A home without a vault, and a key that a vault may be made with. */
export function emptyHome(key = randomBytes(32).toString('base64')): Home {
  const path = mkdtempSync(join(root, 'home-'))
  return { path, key, vault: join(path, 'vault.db'), env: environment(path, { INTEGRATION_ENCRYPTION_KEY: key }) }
}

/** The same home once more, to be changed without the first one noticing. */
export function copyOf(home: Home): Home {
  const copy = emptyHome(home.key)
  // SQLite takes its side files away when a command in that home ends, perhaps between the listing and the copying of them.
  for (let again = 20; ; again -= 1) {
    try {
      // Without the compiled code of the commands before: megabytes that every search for secrets would go through.
      cpSync(home.path, copy.path, { recursive: true, filter: (path) => path !== join(home.path, 'cache') })
      return copy
    } catch (error) {
      if (again === 0 || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

/** A home whose vault has the profile `default`, opened by the home's key. */
export async function homeWithVault(): Promise<Home> {
  const home = emptyHome()
  succeed(await run(['init', '--key', 'env'], { home }))
  return home
}

/** A home whose vault holds the integration `chatwoot`, an administrator of the sandbox's first account, tested at once. */
export async function homeWithChatwoot(sandbox: Sandbox, name = 'chatwoot'): Promise<Home> {
  const home = await homeWithVault()
  succeed(await addChatwoot(home, sandbox, ['--name', name]))
  return home
}

/** Adds a Chatwoot integration of the sandbox; `flags` come on top, and the token by standard input. */
export function addChatwoot(
  home: Home,
  sandbox: Sandbox,
  flags: readonly string[] = [],
  token = sandbox.administratorToken,
): Promise<Result> {
  const account = String(sandbox.accounts[0]?.id)
  const argv = ['add', 'chatwoot', '--base-url', sandbox.url, '--account-id', account, '--api-key-stdin', ...flags]
  return run(argv, { home, input: `${token}\n` })
}

/** The variables that the environment fallback reads. */
export function chatwootVariables(sandbox: Sandbox, token = sandbox.administratorToken): Record<string, string> {
  return { CHATWOOT_BASE_URL: sandbox.url, CHATWOOT_ACCOUNT_ID: String(sandbox.accounts[0]?.id), CHATWOOT_API_KEY: token }
}

/** A sandbox in this process, closed when the test file ends. A mistake of its own fails the file. */
export async function openSandbox(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const http = createHttp({ clock: Date.now })
  const bugs: unknown[] = []
  const log: SandboxOptions['log'] = (entry) => {
    if (entry.bug !== undefined) bugs.push(entry.bug)
    options.log?.(entry)
  }
  const sandbox = await startSandbox({ http: http.request, clock: Date.now, retryDelayMs: 5, ...options, log })
  atEnd.push(async () => {
    await sandbox.close()
    await http.close()
    if (bugs.length > 0) throw new AggregateError(bugs, 'the sandbox failed by itself')
  })
  return sandbox
}

/** A directory in memory, as the one of a login session is; removed when the test file ends. */
export function directoryOfLogin(): string {
  const directory = mkdtempSync('/dev/shm/crm-test-')
  closeAtEnd(async () => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Closes something when the test file ends. */
export function closeAtEnd(close: () => Promise<void>): void {
  atEnd.push(close)
}

/** Runs the command to its end. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<Result> {
  return start(argv, options).ended
}

/** Runs a shell line that calls `crm`, to try redirections, pipes and what else a shell does. */
export function runShell(line: string, options: RunOptions = {}): Promise<Result> {
  return startShell(line, options).ended
}

/** Starts a shell line; signals reach the shell, or the command that it has become by `exec`. */
export function startShell(line: string, options: RunOptions = {}): Running {
  return startProgram('/bin/bash', ['-c', line], options)
}

/** Starts the command; {@link Running.process} takes signals. */
export function start(argv: readonly string[], options: RunOptions = {}): Running {
  return startProgram(NODE, [CRM, ...argv], options)
}

function startProgram(
  program: string,
  argv: readonly string[],
  { home = emptyHome(), env = {}, input, keepOpen, cwd, patienceMs = PATIENCE_MS }: RunOptions,
): Running {
  const variables = { ...home.env, ...env }
  const child = spawn(program, argv, {
    cwd: cwd ?? home.path,
    env: Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined)),
    stdio: [input === undefined && keepOpen !== true ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    timeout: patienceMs,
    killSignal: 'SIGKILL',
  })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
  const printed = () => ({ stdout: Buffer.concat(out).toString('utf8'), stderr: Buffer.concat(err).toString('utf8') })
  // A command that ends without reading its input closes the pipe.
  child.stdin?.on('error', () => {})
  if (input !== undefined) child.stdin?.write(input)
  if (keepOpen !== true) child.stdin?.end()
  const ended = new Promise<Result>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ status: code ?? 128 + constants.signals[signal as NodeJS.Signals], ...printed() }))
  })
  return { process: child, printed, ended }
}

/** What a command gets to see: nothing of the machine that runs the tests but where programs are. */
function environment(home: string, more: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: `${bin}:${dirname(NODE)}:/usr/bin:/bin`, HOME: home, CRM_HOME: home, USER: 'tester', ...more }
}

/**
 * Resolves when a command has taken signals into its own hands: bit 0 of `SigCgt` in `/proc/<pid>/status` is SIGHUP, which Node
 * leaves alone by itself.
 */
export function takesSignals(running: Running): Promise<void> {
  return until(running, () => catchesHangUp(running))
}

/** Whether a command has SIGHUP in its own hands. */
export function catchesHangUp({ process: { pid } }: Running): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return caught !== undefined && (BigInt(`0x${caught}`) & 1n) === 1n
}

/** Resolves when something has come to pass while a command runs; fails when the command ends before. */
export async function until(running: Running, holds: () => boolean): Promise<void> {
  while (!holds()) {
    if (running.process.exitCode !== null || running.process.signalCode !== null) {
      const { stdout, stderr } = await running.ended
      throw new Error(`ended too early:\n${stdout}${stderr}`)
    }
    // Often enough not to be waited for, seldom enough to leave the processor to the command.
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** The result of a command that must have succeeded; else an error that shows what it printed. */
export function succeed(result: Result): Result {
  if (result.status !== 0) throw new Error(`ended with ${result.status}:\n${result.stdout}${result.stderr}`)
  return result
}

/** Makes the vault of a home an old one: as if this machine had seen later changes of all its profiles. */
export function makeOlder(home: Home): void {
  for (const name of readdirSync(home.path, { recursive: true }).map(String))
    if (name.endsWith('.sequence')) writeFileSync(join(home.path, name), '999999\n')
}

/** A directory below a home, created. */
export function directoryIn(home: Home, name: string): string {
  const path = join(home.path, name)
  mkdirSync(path, { recursive: true, mode: 0o700 })
  return path
}
