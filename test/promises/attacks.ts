import { writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { expect } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { parseRawKey } from '../../src/crypto/raw-key.ts'
import { openVault } from '../../src/vault/vault.ts'
import { makeCertificates } from '../http/certificates.ts'
import { startProxy } from '../http/proxy-server.ts'
import { type Answer, answerText, flood, listen, startRaw } from '../http/raw-server.ts'
import {
  addChatwoot,
  closeAtEnd,
  copyOf,
  type Home,
  homeWithVault,
  newDirectory,
  openSandbox,
  type RunOptions,
  run,
  succeed,
} from '../support/cli.ts'
import { sources, vaultWorld } from '../support/vault.ts'
import { startBetween } from './hostile.ts'

const MIB = 1024 * 1024

/** A peer that waits, and the command that meets it. */
export interface Scene extends RunOptions {
  readonly argv: readonly string[]
  /** What the peer has seen, once the command has ended. */
  readonly after?: () => void
}

/** One case: what a peer does, what the command must end with, and the peer itself. */
export interface Attack {
  readonly what: string
  readonly status: number
  /** The cause in the JSON answer; null for a success. */
  readonly code: string | null
  /** The longest deadline that the attack can use up; 0 where it is found out at once, repeats included. */
  readonly deadlineMs: number
  /** Whether it keeps a processor busy for as long as it lasts. */
  readonly isWork?: boolean
  readonly open: () => Promise<Scene>
}

/** What comes of an attack, and when. */
export type Fate = Omit<Attack, 'what' | 'isWork' | 'open'>

/** The attack makes no difference. */
export const CONNECTED: Fate = { status: 0, code: null, deadlineMs: 0 }
/** Refused before anything is sent. */
export const USAGE: Fate = { status: 2, code: 'usage', deadlineMs: 0 }
/** There was no answer. */
export const UNREACHABLE: Fate = { status: 8, code: 'unreachable', deadlineMs: 0 }
/** There was an answer, and it is no use. */
export const PROVIDER_ERROR: Fate = { status: 9, code: 'provider_error', deadlineMs: 0 }
/** A profile in which there are no accounts. */
export const NOT_FOUND: Fate = { status: 6, code: 'not_found', deadlineMs: 0 }
/** The same end, after a deadline. */
export const within = (fate: Fate, deadlineMs: number): Fate => ({ ...fate, deadlineMs })

/** The whole time of a request: what a deadline that is met three times in a row ends with. */
export const REQUEST_MS = 30_000

/** A server that is closed when the test file ends. */
export async function raw(answer: Answer, tls?: Parameters<typeof startRaw>[1]) {
  const server = await startRaw(answer, tls)
  closeAtEnd(() => server.close())
  return server
}

/** A server that does something as soon as somebody comes. */
export async function speaker(speak: (socket: Socket) => void): Promise<{ readonly port: number }> {
  const sockets = new Set<Socket>()
  const listener = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).resume()
    speak(socket)
  })
  closeAtEnd(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => listener.close(resolve))
  })
  return { port: await listen(listener) }
}

let empty: Home

/** A home with a vault; every scene has a copy of its own. */
export async function prepareHome(): Promise<void> {
  empty = await homeWithVault()
}

/** A home with one integration of the provider `custom`; its test sends one request to `<origin>/me`. */
export async function customAt(origin: string, env: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const home = copyOf(empty)
  const vault = await openVault(home.vault, vaultWorld('/dev/null/state'))
  const unlocked = await vault.unlock('default', sources({ raw: [parseRawKey(home.key, 'the key')] }))
  const settings = { baseUrl: origin, authType: 'bearer', testPath: '/me', allowPrivateNetwork: true }
  const values = { settings, secrets: { token: new Secret('token-canary') } }
  await unlocked.add([{ name: 'crm', provider: 'custom', definition: '', active: true, values }])
  vault.close()
  return { argv: ['test', 'crm'], home, env }
}

/** Many integrations at one Chatwoot that answers every request with the same JSON. */
export function crowd(what: string, fate: Fate, body: string): Attack {
  const open = async () => {
    const answer = answerText(200, [JSON_TYPE], body)
    const { origin } = await raw((socket) => socket.write(answer))
    const scene = await customAt(origin)
    const vault = await openVault(scene.home?.vault ?? '', vaultWorld('/dev/null/state'))
    const unlocked = await vault.unlock('default', sources({ raw: [parseRawKey(scene.home?.key ?? '', 'the key')] }))
    const names = Array.from({ length: 24 }, (_, index) => `chat-${index}`)
    const values = { settings: { baseUrl: origin, accountId: '1' }, secrets: { apiKey: new Secret('token-canary') } }
    await unlocked.add(names.map((name) => ({ name, provider: 'chatwoot', definition: '', active: true, values })))
    vault.close()
    return { ...scene, argv: ['test', ...names] }
  }
  return { what, ...fate, open }
}

/** A server that answers the one request of a test as it likes; `tries` is how often it must have been asked. */
export function server(what: string, fate: Fate, answer: Answer, tries?: number): Attack {
  const open = async () => {
    const { origin, requests } = await raw(answer)
    const after = () => {
      if (tries !== undefined) expect(requests).toHaveLength(tries)
    }
    return { ...(await customAt(origin)), after }
  }
  return { what, ...fate, open }
}

/** A server that sends this and waits. */
export const says = (what: string, fate: Fate, text: string, tries?: number): Attack =>
  server(what, fate, (socket) => socket.write(text), tries)
/** A server that sends this and closes the connection. */
export const saysAndCloses = (what: string, fate: Fate, text: string, tries?: number): Attack =>
  server(what, fate, (socket) => socket.end(text), tries)

/** A server that sends something every 200 ms for as long as it is let. */
export const drips = (what: string, fate: Fate, head: string, drop: string): Attack =>
  server(what, fate, (socket) => {
    socket.write(head)
    const timer = setInterval(() => socket.write(drop), 200)
    socket.once('close', () => clearInterval(timer))
  })

/** A server that sends as much as it can; it may not get rid of more than `mostBytes`. */
export function floods(what: string, fate: Fate, head: string, block: Buffer, mostBytes: number): Attack {
  const open = async () => {
    const sockets: Socket[] = []
    const { origin } = await raw((socket) => {
      sockets.push(socket)
      flood(socket, head, block)
    })
    const after = () => {
      for (const socket of sockets) expect(socket.bytesWritten - socket.writableLength).toBeLessThan(mostBytes)
    }
    return { ...(await customAt(origin)), after }
  }
  return { what, ...fate, isWork: true, open }
}

/** What the kernels on both sides hold of what was sent and not read. */
export const IN_FLIGHT = 12 * MIB

/** The header of JSON. */
export const JSON_TYPE = 'content-type: application/json'
/** An answer that is as it should be. */
export const GOOD = answerText(200, [JSON_TYPE], '{}')

/** What an honest Chatwoot answers to the three questions of a test. */
export const CHATWOOT = {
  '/api': '{"version":"4.13.0","timestamp":"2026-01-01 00:00:00","queue_services":"ok","data_services":"ok"}',
  '/api/v1/profile':
    '{"id":1,"name":"Ada","email":"ada@example.com","accounts":[{"id":1,"name":"Acme","status":"active","role":"administrator"}]}',
  '/api/v1/accounts/1/webhooks': '{"payload":{"webhooks":[]}}',
} as const

/** A Chatwoot that is honest but for one answer. */
export function chatwoot(what: string, fate: Fate, path: keyof typeof CHATWOOT, body: string | Buffer, headers = [JSON_TYPE]): Attack {
  const open = async () => {
    const { origin } = await raw((socket, request) => {
      const asked = request.split(' ')[1] as keyof typeof CHATWOOT
      const bytes = Buffer.from(asked === path ? body : (CHATWOOT[asked] ?? '{}'))
      const own = asked === path ? headers : [JSON_TYPE]
      const lines = own.some((line) => line.startsWith('transfer-encoding')) ? own : [`content-length: ${bytes.length}`, ...own]
      socket.write(Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${lines.join('\r\n')}\r\n\r\n`), bytes]))
    })
    return chatwootAt(origin)
  }
  return { what, ...fate, open }
}

/** A Chatwoot that is honest but for the profile. */
export const profile = (what: string, fate: Fate, body: string | Buffer, headers?: string[]): Attack =>
  chatwoot(what, fate, '/api/v1/profile', body, headers)

/** A redirect to somewhere; where that is a listener of ours, nobody comes. */
export function redirects(what: string, status: number, location: (thief: string) => string | undefined): Attack {
  const open = async () => {
    const thief = await raw((socket) => socket.end(GOOD))
    const target = location(thief.origin)
    const lines = target === undefined ? [] : [`location: ${target}`]
    const { origin, requests } = await raw((socket) => socket.write(answerText(status, lines)))
    const after = () => expect({ asked: requests.length, elsewhere: thief.connections() }).toEqual({ asked: 1, elsewhere: 0 })
    return { ...(await customAt(origin)), after }
  }
  return { what: `${status} ${what}`, ...PROVIDER_ERROR, open }
}

/** What TLS servers show. */
export const certificates = makeCertificates()
/** An authority whose name is an attack. */
export const painted = makeCertificates([], '\u001b[31mred\u202e\u0007')

/** A file of the authority to trust. */
export function caFile(pem = certificates.authority): string {
  const path = join(newDirectory(), 'ca.pem')
  writeFileSync(path, pem)
  return path
}

/** A TLS server: no request may reach it, unless the command is to succeed. Handshakes are never repeated. */
export function secure(
  what: string,
  fate: Fate,
  tls: Parameters<typeof startRaw>[1],
  more: () => Readonly<Record<string, string>>,
): Attack {
  const open = async () => {
    const { origin, requests } = await raw((socket) => socket.write(GOOD), tls)
    return { ...(await customAt(origin, more())), after: () => expect(requests).toHaveLength(fate.status === 0 ? 1 : 0) }
  }
  return { what, ...fate, open }
}

/** Variables that trust the authority of {@link certificates}, and try to turn the check off. */
export const TRUSTING = () => ({ NODE_EXTRA_CA_CERTS: caFile(), NODE_TLS_REJECT_UNAUTHORIZED: '0' })

/** A proxy that answers a CONNECT as it likes; the token never comes by. */
export function proxy(what: string, fate: Fate, answer: (socket: Duplex) => void): Attack {
  const open = async () => {
    const { port, others } = await startProxy({ answer }).then((started) => {
      closeAtEnd(() => started.close())
      return started
    })
    const HTTPS_PROXY = `http://user:password-canary@127.0.0.1:${port}`
    return { ...(await customAt('https://crm.example', { HTTPS_PROXY })), after: () => expect(others).toEqual([]) }
  }
  return { what, ...fate, open }
}

const CREATED = ['/api/v1/accounts/1/agent_bots', '/api/v1/accounts/1/inboxes']

/** A Chatwoot that does something else with a write than to answer it; no write is sent twice. */
export function write(what: string, fate: Fate, answer: (socket: Socket) => void): Attack {
  const open = async () => {
    const sandbox = await openSandbox({ deletionDelayMs: 20 })
    const posts: string[] = []
    const post = (socket: Socket, path: string) => {
      posts.push(path)
      answer(socket)
    }
    const url = await startBetween(sandbox, { post })
    const home = copyOf(empty)
    succeed(await addChatwoot(home, { ...sandbox, url }))
    const argv = ['demo-create', '--name', 'Acme', '--bot-url', 'https://bot.example.com/hook']
    return { argv, home, after: () => expect(posts.sort(), 'each of the two new objects, once').toEqual(CREATED) }
  }
  return { what, ...fate, open }
}

/** Integrations that hang one after the other, for longer than a command may take. */
export function hangsOneByOne(): Attack {
  const open = async () => {
    const { origin } = await raw(() => {})
    const home = await homeWithVault()
    for (const name of 'abcdefgh') {
      const argv = ['add', 'custom', '--name', name, '--base-url', origin, '--test-path', '/me', '--auth-type', 'bearer']
      succeed(await run([...argv, '--allow-private-network', '--token-stdin', '--no-test'], { home, input: 'token-canary' }))
    }
    return { argv: ['test', '--concurrency', '1'], home }
  }
  return { what: 'eight integrations that hang one after the other', ...within(UNREACHABLE, 120_000), open }
}

const chatwootAt = (origin: string): Scene => ({
  argv: ['test', 'env:chatwoot'],
  env: { CHATWOOT_BASE_URL: origin, CHATWOOT_ACCOUNT_ID: '1', CHATWOOT_API_KEY: 'token-canary' },
})

/** An address that no credential may go to. */
export const hosts = (what: string, url: string): Attack => ({ what, ...USAGE, open: async () => chatwootAt(url) })

/** One chunk, and the end of all chunks. */
export const chunk = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n0\r\n\r\n')])
/** A profile that is so many levels deep. */
export const nested = (depth: number): string => `{"id":1,"x":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
/** The honest profile with members besides. */
export const member = (text: string): string => CHATWOOT['/api/v1/profile'].replace('{', `{${text},`)
