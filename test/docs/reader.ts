import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { applyDemo, generateRawKey, keysOf, openVault, Secret, unlockKeyOf } from '../../src/index.ts'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { CRM, chatwootVariables, NODE, newDirectory, openSandbox } from '../support/cli.ts'

/** A hung line fails its test with what it printed. */
const PATIENCE_MS = 45_000

/**
 * What a reader has at the beginning of a block; the word behind the block's language says it.
 *
 * - `one`, where nothing is said: a vault that its key file opens, the integration `chatwoot` and the demo `acme-dental`.
 * - `several`: the integrations `acme` and `acme-eu` of two accounts.
 * - `empty`: nothing.
 * - `variables`: no vault; `CHATWOOT_*` and `INTEGRATION_ENCRYPTION_KEY` are set.
 * - `ci`: the vault `ci/vault.db` with the integration `chatwoot`, which `INTEGRATION_ENCRYPTION_KEY` opens.
 */
export type Start = 'one' | 'several' | 'empty' | 'variables' | 'ci'

/** One call of the command that a block made. */
export interface Call {
  readonly words: string
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Someone who types what a document says, on a machine of their own, with a sandbox in the place of every Chatwoot. */
export interface Reader {
  readonly home: string
  readonly sandbox: Sandbox
  readonly env: Readonly<Record<string, string>>
  /** A directory whose `crm` is the command and nothing else, for terminals. */
  readonly plainPrograms: string
  /** Text of a document with the sandbox in the place of `https://chat.example.com`, and a free port in that of 4000. */
  adapt(text: string): string
  /** Runs shell text. A `crm sandbox` that would run until Ctrl-C gets one as soon as it has said where it is. */
  run(script: string, env?: Readonly<Record<string, string>>): Promise<{ readonly stderr: string; readonly calls: readonly Call[] }>
}

/** The key that opens a reader's vault. */
const KEY = generateRawKey()

/** Where programs are, besides `crm` and Node. */
const PROGRAMS = ['/usr/local/bin', '/usr/bin', '/bin']

/** Whether a reader has a program. */
export function isInstalled(name: string): boolean {
  return PROGRAMS.some((directory) => existsSync(join(directory, name)))
}

/** A reader with what a block needs. Files are where they are on every machine: below `~/.config`, `~/.local/share` and `~/.local/state`. */
export async function newReader(start: Start): Promise<Reader> {
  const home = newDirectory()
  const sandbox = await openSandbox()
  const env = environment(home, start, sandbox)
  const port = await freePort()
  writePrograms(home, sandbox)
  if (start !== 'empty' && start !== 'variables') await makeVault(home, start, sandbox)
  return {
    home,
    sandbox,
    env,
    plainPrograms: join(home, 'plain-bin'),
    adapt: (text) => text.replaceAll('https://chat.example.com', sandbox.url).replaceAll(/\b4000\b/g, String(port)),
    run: (script, more = {}) => runScript(home, script, { ...env, ...more }, sandbox.administratorToken),
  }
}

function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

function environment(home: string, start: Start, sandbox: Sandbox): Record<string, string> {
  return {
    PATH: [join(home, 'bin'), dirname(NODE), ...PROGRAMS].join(':'),
    HOME: home,
    USER: 'ann',
    LANG: 'C.UTF-8',
    ...(start === 'variables' ? { ...chatwootVariables(sandbox), INTEGRATION_ENCRYPTION_KEY: KEY } : {}),
    ...(start === 'ci' ? { INTEGRATION_ENCRYPTION_KEY: KEY } : {}),
  }
}

/** `crm`, which notes how it was called and what came of it; and the password manager that examples read the token from. */
function writePrograms(home: string, sandbox: Sandbox): void {
  for (const directory of ['bin', 'plain-bin', 'calls']) mkdirSync(join(home, directory))
  const program = (path: string, text: string): void => {
    writeFileSync(join(home, path), `#!/bin/bash\n${text}\n`)
    chmodSync(join(home, path), 0o755)
  }
  program('bin/crm', WRAPPER.replaceAll('@NODE@', NODE).replaceAll('@CRM@', CRM).replaceAll('@CALLS@', join(home, 'calls')))
  program('bin/pass', `echo '${sandbox.administratorToken}'`)
  program('plain-bin/crm', `exec '${NODE}' '${CRM}' "$@"`)
}

const WRAPPER = `call="@CALLS@/$$"
printf '%s' "$*" > "$call.words"
touch "$call.out"
case " $* " in
  *" sandbox "*"-- "*) "@NODE@" "@CRM@" "$@" > "$call.out" 2> "$call.err"; status=$? ;;
  *" sandbox "*)
    "@NODE@" "@CRM@" "$@" > "$call.out" 2> "$call.err" & running=$!
    until [ -s "$call.out" ] || ! kill -0 $running 2> /dev/null; do sleep 0.05; done
    kill -INT $running; wait $running; status=$? ;;
  *) "@NODE@" "@CRM@" "$@" > "$call.out" 2> "$call.err"; status=$? ;;
esac
cat "$call.out"
printf '%s' "$status" > "$call.status"
exit $status`

async function makeVault(home: string, start: Start, sandbox: Sandbox): Promise<void> {
  const inCi = start === 'ci'
  const path = inCi ? join(home, 'ci/vault.db') : join(home, '.local/share/crm/vault.db')
  const keyFile = join(home, '.config/crm/key')
  if (!inCi) {
    mkdirSync(dirname(keyFile), { recursive: true, mode: 0o700 })
    writeFileSync(keyFile, `${KEY}\n`, { mode: 0o600 })
  }
  // What a machine of CI remembers of vaults is not that of the machine where this one was made.
  const vault = await openVault({ path, stateDirectory: join(home, inCi ? 'elsewhere' : '.local/state/crm'), create: true })
  const slot = inCi ? { kind: 'env' as const, label: 'INTEGRATION_ENCRYPTION_KEY' } : { kind: 'file' as const, label: keyFile }
  await vault.createProfile('default', { ...slot, key: unlockKeyOf({ key: KEY }) })
  const unlocked = await vault.unlock('default', keysOf({ key: KEY }))
  const integration = (name: string, accountId: number | undefined) => ({
    name,
    provider: 'chatwoot',
    definition: '',
    active: true,
    values: {
      settings: { baseUrl: sandbox.url, accountId: String(accountId) },
      secrets: { apiKey: new Secret(sandbox.administratorToken) },
    },
  })
  const [first, second] = sandbox.accounts
  if (start === 'several') await unlocked.add([integration('acme', first?.id), integration('acme-eu', second?.id)])
  else await unlocked.add([integration('chatwoot', first?.id)])
  if (start === 'one') {
    const { error } = await applyDemo({ unlocked, name: 'chatwoot' }, { name: 'Acme Dental', botUrl: 'https://bot.example.com/hook' })
    if (error !== undefined) throw error
  }
  vault.close()
}

function runScript(
  home: string,
  script: string,
  env: Readonly<Record<string, string>>,
  input: string,
): Promise<{ stderr: string; calls: readonly Call[] }> {
  const child = spawn('/bin/bash', ['-c', script], {
    cwd: home,
    env: { ...env },
    stdio: ['pipe', 'ignore', 'pipe'],
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
  })
  const err: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  child.stdin.on('error', () => {})
  // The token is there for each `read -rs`, as if it were typed.
  const reads = script.match(/\bread -rs\b/g)?.length ?? 1
  child.stdin.end(`${input}\n`.repeat(reads))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => resolve({ stderr: Buffer.concat(err).toString('utf8'), calls: readCalls(join(home, 'calls')) }))
  })
}

function readCalls(directory: string): readonly Call[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.words'))
    .map((name) => {
      const of = (kind: string): string => readFileSync(join(directory, name.replace(/words$/, kind)), 'utf8')
      return { words: of('words'), status: Number(of('status')), stdout: of('out'), stderr: of('err') }
    })
}
