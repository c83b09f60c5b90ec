import { spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { helperEnvironment } from '../core/child-environment.ts'
import { CrmError } from '../core/errors.ts'

/** Longest time of one call, in milliseconds: without a desktop, D-Bus may wait for an answer for ever (`security.md` section 7). */
export const KEYCHAIN_LIMIT_MS = 5000

/** The service under which everything of ours stands in the keychain. */
const SERVICE = 'crm-vault'

/** The keychain of the operating system: Keychain on macOS, Credential Manager on Windows, Secret Service on Linux. */
export class Keychain {
  /**
   * @param program Node and the script of the command; the program that calls the keychain lies beside it.
   * @param env what that program finds its way to the keychain by; secrets are taken out of it.
   * @param limitMs tests lower it.
   */
  constructor(
    readonly program: readonly [string, string],
    readonly env: Readonly<Record<string, string>>,
    readonly limitMs = KEYCHAIN_LIMIT_MS,
  ) {}

  /** What stands under a name; null when nothing does. @throws {CrmError} `locked` when the keychain is absent, locked or silent. */
  async read(account: string): Promise<string | null> {
    const value = await this.#call({ operation: 'read', account })
    return typeof value === 'string' ? value : null
  }

  /** Keeps a value under a name, in the place of what was there. @throws {CrmError} as {@link read}. */
  async write(account: string, value: string): Promise<void> {
    await this.#call({ operation: 'write', account, value })
  }

  /** Removes what stands under a name. False when nothing did. @throws {CrmError} as {@link read}. */
  async remove(account: string): Promise<boolean> {
    return (await this.#call({ operation: 'remove', account })) === true
  }

  async #call(request: { readonly operation: string; readonly account: string; readonly value?: string }): Promise<unknown> {
    const [node, script] = this.program
    const child = spawn(node, [join(dirname(realpathSync(script)), 'keychain.js')], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: helperEnvironment(this.env),
    })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    // Whoever ends early does not read the request; its end says why.
    child.stdin.on('error', () => {})
    child.stdin.end(JSON.stringify({ service: SERVICE, ...request }))
    const ended = await new Promise<'answered' | 'late' | 'failed'>((resolve) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL')
        resolve('late')
      }, this.limitMs)
      const end = (how: 'answered' | 'failed') => {
        clearTimeout(timer)
        resolve(how)
      }
      child.on('error', () => end('failed'))
      child.on('close', (status) => end(status === 0 ? 'answered' : 'failed'))
    })
    if (ended === 'late') throw unavailable('did not answer', `it was given ${this.limitMs / 1000} s`)
    if (ended === 'failed') throw unavailable('cannot be reached', 'the program that calls it ended early')
    return this.#read(Buffer.concat(chunks).toString('utf8'))
  }

  #read(text: string): unknown {
    const answer = JSON.parse(text) as { readonly value?: unknown; readonly error?: string }
    if (answer.error === undefined) return answer.value
    if (answer.error.includes('@napi-rs/keyring')) throw notInstalled()
    if (/lock|prompt|denied|interaction/i.test(answer.error)) throw unavailable('is locked', answer.error)
    throw unavailable('is not available', answer.error)
  }
}

/** The package holds a binary of 3.5 MB, so that only those who keep a key in the keychain install it. */
function notInstalled(): CrmError {
  return new CrmError('locked', 'the keychain of this machine needs a package that is not installed', {
    reason: '@napi-rs/keyring speaks to it, and is installed on demand',
    hint: 'install it beside crm: npm install --global @napi-rs/keyring@2.1.2',
  })
}

/** The error says what else opens a profile: the keychain is never replaced by something else in silence. */
function unavailable(how: string, reason: string): CrmError {
  return new CrmError('locked', `the keychain of this machine ${how}`, {
    reason,
    hint: 'unlock it (log in to your desktop), or set CRM_KEYCHAIN=off to open the profile with another of its keys; see: crm key list',
  })
}
