import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Sandbox } from '../../src/sandbox/index.ts'
import { newDirectory, type Result, type Running, type RunOptions, start } from '../support/cli.ts'

/** The ways in which a command may print: for people and for programs, tersely and with all that it can tell. */
export const FORMATS: readonly (readonly string[])[] = [[], ['--json'], ['-v'], ['--json', '-v', '-v']]
/** Those that say most. */
export const LOUD: readonly (readonly string[])[] = [
  ['-v', '-v'],
  ['--json', '-v', '-v'],
]

/** How often the process list is looked at, and a condition, in milliseconds. */
const LOOK_MS = 4
/** How long a condition may take to come true. */
const PATIENCE_MS = 50_000

/** How a secret could be written down, besides as it is. */
type Form = readonly [name: string, bytes: Buffer]

/** The base64 characters that stand for these bytes wherever they begin inside of a longer text, such as `user:password`. */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before, 'x'), bytes])
      .toString('base64')
      .replaceAll('=', '')
    const ragged = (before + bytes.length) % 3 === 0 ? 0 : 1
    return encoded.slice(before === 0 ? 0 : before + 1, encoded.length - ragged)
  })
}

function formsOf(secret: string | Buffer): readonly Form[] {
  const bytes = Buffer.from(secret)
  const text = bytes.toString('utf8')
  const hex = bytes.toString('hex')
  const everyByte = hex.replaceAll(/../g, (byte) => `%${byte}`)
  const utf16 = Buffer.from(text, 'utf16le')
  const escaped = Array.from({ length: text.length }, (_, index) => `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`).join('')
  const json = JSON.stringify(text).slice(1, -1)
  const written: Record<string, readonly string[]> = {
    base64: base64Forms(bytes),
    base64url: base64Forms(bytes).map((form) => form.replaceAll('+', '-').replaceAll('/', '_')),
    hex: [hex, hex.toUpperCase()],
    'percent-escaped': [encodeURIComponent(text), encodeURIComponent(text).replaceAll('%20', '+'), everyByte, everyByte.toUpperCase()],
    'JSON-escaped': [json, json.replaceAll('/', '\\/'), escaped],
  }
  const forms: Form[] = [
    ['raw', bytes],
    ['UTF-16', utf16],
    ['UTF-16', Buffer.from(utf16).swap16()],
  ]
  for (const [name, texts] of Object.entries(written)) for (const form of texts) forms.push([name, Buffer.from(form, 'utf8')])
  return forms
}

/** Secrets that were planted, and the search for them. */
export class Canaries {
  readonly #planted = new Map<string, readonly Form[]>()

  /** Plants a secret of 8 bytes or more under a name for the report. */
  plant(name: string, secret: string | Buffer): this {
    if (Buffer.byteLength(secret) < 8) throw new Error(`the secret ${name} is too short to be searched for`)
    this.#planted.set(name, formsOf(secret))
    return this
  }

  get names(): readonly string[] {
    return [...this.#planted.keys()]
  }

  /** What was found in some bytes: `the token as base64`. */
  findIn(bytes: Buffer | string, allowed: readonly string[] = []): string[] {
    const haystack = Buffer.from(bytes)
    return [...this.#planted].flatMap(([name, forms]) =>
      allowed.includes(name) ? [] : [...new Set(forms.filter(([, form]) => haystack.includes(form)).map(([form]) => `${name} as ${form}`))],
    )
  }

  /** What was found in the files below a directory, but for those that tests have put secrets into. */
  findBelow(directory: string, inputs: readonly string[] = []): string[] {
    return readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((entry) => {
      const path = join(entry.parentPath, entry.name)
      const named = this.findIn(entry.name).map((found) => `${found} in the name of ${path}`)
      if (!entry.isFile() || inputs.includes(entry.name)) return named
      return [...named, ...this.findIn(readFileSync(path)).map((found) => `${found} in ${path}`)]
    })
  }
}

/** A command that was watched: how it ended, and what everybody who lists processes could read meanwhile. */
export interface Watched extends Result {
  /** The command lines of its process and of all that it started. */
  readonly commandLines: string
  /** Where it put temporary files. */
  readonly temporary: string
}

/** Runs a command while watching the process list; `during` may do something to it, such as sending a signal. */
export async function watch(argv: readonly string[], options: RunOptions, during?: (running: Running) => Promise<void>): Promise<Watched> {
  const temporary = newDirectory()
  const running = start(argv, { ...options, env: { TMPDIR: temporary, ...options.env } })
  const lines = new Set<string>()
  let ended = false
  const result = running.ended.finally(() => {
    ended = true
  })
  const acting = during?.(running)
  while (!ended) {
    for (const line of commandLinesOf(running.process.pid)) lines.add(line)
    await sleep(LOOK_MS)
  }
  await acting
  return { ...(await result), commandLines: [...lines].join('\n'), temporary }
}

/** Resolves when a condition holds; for tests that run at the same time, where `expect.poll` cannot tell them apart. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (const endsAt = Date.now() + PATIENCE_MS; !holds(); await sleep(LOOK_MS)) {
    if (Date.now() > endsAt) throw new Error(`waited in vain until ${what}`)
  }
}

/** The command lines of a process and its descendants, as `/proc` tells them to everybody. */
function commandLinesOf(pid: number | undefined): string[] {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
    return [line, ...children.filter((child) => child !== '').flatMap((child) => commandLinesOf(Number(child)))]
  } catch {
    return [] // It has ended meanwhile.
  }
}

/** Where a watched command has left a secret. */
export function leaksOf(
  canaries: Canaries,
  watched: Watched,
  home: string,
  inputs: readonly string[] = [],
  allowed: readonly string[] = [],
) {
  return [
    ...canaries.findIn(watched.stdout, allowed).map((found) => `${found} on standard output:\n${watched.stdout}`),
    ...canaries.findIn(watched.stderr, allowed).map((found) => `${found} on standard error:\n${watched.stderr}`),
    ...canaries.findIn(watched.commandLines).map((found) => `${found} in the process list`),
    ...canaries.findBelow(home, inputs),
    ...canaries.findBelow(watched.temporary),
  ]
}

/** Plants everything that a sandbox has handed out to demos. */
export function plantDemoSecrets(canaries: Canaries, sandbox: Sandbox): Canaries {
  for (const bot of sandbox.state.bots.all()) {
    canaries.plant(`the access token of bot ${bot.id}`, bot.accessToken).plant(`the secret of bot ${bot.id}`, bot.secret)
  }
  for (const inbox of sandbox.state.inboxes.all()) {
    canaries.plant(`the HMAC token of inbox ${inbox.id}`, inbox.hmacToken)
    if (inbox.secret !== null) canaries.plant(`the secret of inbox ${inbox.id}`, inbox.secret)
  }
  return canaries
}
