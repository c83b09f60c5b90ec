import { Buffer } from 'node:buffer'
import { CrmError, missingFile } from '../core/errors.ts'
import { SHORTEST_PASSPHRASE } from '../core/passphrase.ts'
import { Secret, withoutLineEnd } from '../core/secret.ts'
import { type InputFileOptions, readInputFile } from './input-file.ts'
import { type InputSource, inputChunks } from './streams.ts'
import type { Ui } from './ui.ts'

/** Longest secret that is read from a file or standard input, in bytes. */
export const LONGEST_SECRET_BYTES = 1024 * 1024

/**
 * Asks for the passphrase of a profile. A new one is asked for twice and must have at least {@link SHORTEST_PASSPHRASE} characters.
 * @throws {CrmError} `cancelled`, `usage` when nobody can be asked.
 */
export async function askPassphrase(ui: Ui, profile: string, purpose: 'unlock' | 'create'): Promise<Secret> {
  if (purpose === 'unlock') return new Secret(await ui.ask.secret({ message: `Passphrase of profile ${profile}` }))
  const loss = 'Nobody can recover it: without it, and without another key, the secrets are lost.'
  return askNewPassphrase(ui, `New passphrase for profile ${profile}`, loss)
}

/** The same for a file that is handed over. */
export async function askFilePassphrase(ui: Ui, purpose: 'open' | 'create'): Promise<Secret> {
  if (purpose === 'open') return new Secret(await ui.ask.secret({ message: 'Passphrase of the file' }))
  return askNewPassphrase(
    ui,
    'New passphrase for the file',
    'Whoever has the file and knows it can read the secrets: tell it on another way.',
  )
}

async function askNewPassphrase(ui: Ui, message: string, meaning: string): Promise<Secret> {
  for (;;) {
    const first = await ui.ask.secret({
      message,
      help: [`At least ${SHORTEST_PASSPHRASE} characters. ${meaning}`],
      check: (text) => ([...text].length < SHORTEST_PASSPHRASE ? `is shorter than ${SHORTEST_PASSPHRASE} characters` : undefined),
    })
    if (first === (await ui.ask.secret({ message: 'The same again' }))) return new Secret(first)
    ui.tell('  the two are not the same')
  }
}

function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}

/**
 * The text of a secret as it was handed over: UTF-8, without one line break at its end; line breaks inside it stay.
 * @param where names where it came from, for errors: `the file key.txt`, `standard input`.
 */
function secretText(bytes: Buffer, where: string): Secret {
  if (bytes.length > LONGEST_SECRET_BYTES) throw new CrmError('usage', `${where} holds more than 1 MiB`)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new CrmError('usage', `${where} is not UTF-8 text`)
  } finally {
    bytes.fill(0)
  }
  const value = withoutLineEnd(text)
  if (value === '') throw new CrmError('usage', `${where} is empty`)
  return new Secret(value)
}

/**
 * Reads a secret from the file of `--<field>-file`, or from a pipe such as `<(pass show chatwoot)`.
 * @param what names it in errors: `file for --api-key-file`.
 * @param signal ends the wait for whoever writes into a pipe, with its reason.
 * @throws {CrmError} `usage`: not there, empty, not UTF-8, more than 1 MiB; `io_failed`: the system refuses.
 */
export function readSecretFile(path: string, what: string, signal?: AbortSignal): Promise<Secret> {
  return readFrom(path, what, { signal })
}

async function readFrom(path: string, what: string, options: Pick<InputFileOptions, 'signal' | 'check'>): Promise<Secret> {
  let bytes: Buffer
  try {
    bytes = await readInputFile(path, { ...options, limit: LONGEST_SECRET_BYTES })
  } catch (error) {
    if (error instanceof CrmError) throw error
    const code = systemCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') throw missingFile(what, path)
    throw new CrmError('io_failed', `the ${what} ${path} cannot be read`, {
      reason: `${(error as NodeJS.ErrnoException).syscall ?? 'the system'} answered ${code}`,
      cause: error,
    })
  }
  return secretText(bytes, `the ${what} ${path}`)
}

/**
 * Reads a key or passphrase from a file that nobody else can use.
 * @param what `key file`, `passphrase file`.
 * @param check throws `unsafe_file` for a file that others could read or exchange.
 * @throws {CrmError} what `check` throws; `usage`, `io_failed` as {@link readSecretFile}.
 */
export function readKeyFile(path: string, what: string, check: (path: string) => void): Promise<Secret> {
  return readFrom(path, what, { check })
}

/**
 * Reads the secret of `--<field>-stdin`. One field only can be read so; whoever is typing at a terminal gets help instead of silence.
 * @param flag as it was given, such as `--api-key-stdin`.
 * @param signal ends the wait for whoever writes into the pipe, with its reason.
 * @throws {CrmError} `usage`: standard input is a terminal, empty, not UTF-8, more than 1 MiB.
 */
export async function readSecretStdin(stdin: InputSource, flag: string, signal?: AbortSignal): Promise<Secret> {
  if (stdin.isTTY) {
    throw new CrmError('usage', `${flag} reads from standard input, which is a terminal`, {
      reason: 'what is typed there would be shown',
      hint: `leave ${flag} out to be asked, or pipe the value in, for example: pass show crm | crm ... ${flag}`,
    })
  }
  const chunks: Buffer[] = []
  let total = 0
  for await (const bytes of inputChunks(stdin, signal)) {
    chunks.push(bytes)
    total += bytes.length
    if (total > LONGEST_SECRET_BYTES) break
  }
  return secretText(Buffer.concat(chunks), 'standard input')
}

/**
 * Refuses more than one value from standard input.
 * @param flags those that read it, as they were given.
 * @throws {CrmError} `usage` naming them.
 */
export function refuseSeveralStdin(
  flags: readonly string[],
  hint = 'use --<field>-file <path> or --<field>-env <NAME> for the others',
): void {
  if (flags.length < 2) return
  throw new CrmError('usage', `only one value can be read from standard input, not ${flags.length}`, {
    reason: `given: ${flags.join(', ')}`,
    hint,
  })
}
