import { request as send } from 'node:http'
import { expect, onTestFinished } from 'vitest'
import { createHttp } from '../../../src/http/http.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../../src/sandbox/index.ts'

/** A sandbox over the real network client, closed when the test ends. A mistake of its own fails the test. */
export async function openSandbox(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const http = createHttp({ clock: Date.now })
  const bugs: unknown[] = []
  const log: SandboxOptions['log'] = (entry) => {
    if (entry.bug !== undefined) bugs.push(entry.bug)
    options.log?.(entry)
  }
  const sandbox = await startSandbox({ http: http.request, clock: Date.now, retryDelayMs: 5, ...options, log })
  onTestFinished(async () => {
    await sandbox.close()
    await http.close()
    expect(bugs).toEqual([])
  })
  return sandbox
}

/** An answer as it came. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The parsed body; throws when it is not JSON. */
  readonly json: Json
}

/** JSON as tests read it: they state what it must be, and fail where it is something else. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is what the assertions are about
export type Json = any

/** What a request carries besides method and path. */
export interface Sent {
  readonly token?: string | undefined
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** The body's text as it is, instead of `body`. */
  readonly raw?: string
}

/** Sends one request over a connection of its own; `path` goes out as it is written. */
export function ask(sandbox: Pick<Sandbox, 'url'>, method: string, path: string, sent: Sent = {}): Promise<Answer> {
  const { port } = new URL(sandbox.url)
  const body = sent.raw ?? (sent.body === undefined ? undefined : JSON.stringify(sent.body))
  const headers = {
    ...(sent.token === undefined ? {} : { 'api-access-token': sent.token }),
    // Node announces no body for DELETE by itself.
    ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
    ...sent.headers,
  }
  return new Promise((resolve, reject) => {
    const request = send({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          get json() {
            return JSON.parse(text)
          },
        })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** The calls of one user in one account: `account(sandbox).post('/inboxes', {...})`. */
export function account(sandbox: Sandbox, token: string = sandbox.administratorToken, id: number = 1) {
  const call = (method: string) => (path: string, body?: unknown) =>
    ask(sandbox, method, `/api/v1/accounts/${id}${path}`, { token, ...(body === undefined ? {} : { body }) })
  return { get: call('GET'), post: call('POST'), patch: call('PATCH'), put: call('PUT'), delete: call('DELETE') }
}

/** Bodies of the two kinds of inbox, with the least that is required. */
export const WEB_INBOX = { name: 'Website', channel: { type: 'web_widget', website_url: 'https://example.com' } }
export const API_INBOX = { name: 'Api', channel: { type: 'api' } }

/** Waits for a condition, looking every few milliseconds, until shortly before the test's own time limit. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const endsAt = performance.now() + 50_000
  while (!(await condition())) {
    if (performance.now() > endsAt) throw new Error(`did not happen within 50 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
}
