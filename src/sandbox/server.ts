import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { parseBody, readBody } from './body.ts'
import { spoil } from './fault-reply.ts'
import type { Fault, Faults } from './faults.ts'
import { wantsJson } from './pages.ts'
import type { RateLimit } from './rate-limit.ts'
import { empty, framework, html, Refusal, type Reply, text } from './reply.ts'
import type { OpenEntry, RequestLog } from './request-log.ts'
import type { Call, Router } from './route.ts'
import type { SandboxLogEntry } from './settings.ts'
import type { World } from './world.ts'

/** What turns a request into an answer. */
export interface Transport {
  readonly world: World
  readonly router: Router
  readonly faults: Faults
  readonly rateLimit: RateLimit
  readonly requests: RequestLog
  readonly log: ((entry: SandboxLogEntry) => void) | undefined
}

/** Clients keep connections open between two commands; the default of 5 s makes their next write meet a closed socket. */
const KEEP_ALIVE_MS = 60_000

/** The HTTP server of a sandbox, not yet listening. `transport` is asked for at the first request, when the address is known. */
export function createSandboxServer(transport: () => Transport): Server {
  const server = createServer((request, response) => {
    serve(transport(), request, response).catch(() => response.destroy())
  })
  server.keepAliveTimeout = KEEP_ALIVE_MS
  return server
}

/** A request's target, with doubled and trailing slashes removed as the router does. */
function readTarget(target: string): { readonly path: string; readonly query: URLSearchParams } {
  const queryAt = target.indexOf('?')
  const rawPath = queryAt < 0 ? target : target.slice(0, queryAt)
  const segments = rawPath.split('/').filter((segment) => segment !== '')
  return { path: `/${segments.join('/')}`, query: new URLSearchParams(queryAt < 0 ? '' : target.slice(queryAt)) }
}

/** What became of a request before a fault spoils it. */
interface Outcome {
  readonly reply: Reply
  readonly bug?: unknown
}

/** Reads, logs, answers: the whole life of one request. */
async function serve(transport: Transport, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { world, requests, faults } = transport
  const { path, query } = readTarget(request.url ?? '/')
  const method = request.method ?? 'GET'
  const entry = requests.begin(method, path)
  const fault = faults.take(method, path)
  entry.fault = fault?.text ?? null
  const outcome = await act(transport, request, { path, query, method }, fault)
  const delayMs = world.settings.latencyMs + (fault?.effect.kind === 'slow' ? fault.effect.delayMs : 0)
  if (delayMs > 0) await world.timers.wait(delayMs)
  finish(transport, entry, response, spoil(fault, outcome.reply), outcome.bug)
}

/** Stands for the answer that a fault takes the place of. */
const NOT_CARRIED_OUT = empty(500)

/** Carries the request out, unless a fault hits it before. A fault that comes after leaves the effect standing. */
async function act(
  transport: Transport,
  request: IncomingMessage,
  target: Pick<Call, 'path' | 'query' | 'method'>,
  fault: Fault | undefined,
): Promise<Outcome> {
  try {
    const body = await readBody(request)
    if (fault !== undefined && fault.effect.kind !== 'slow' && !fault.afterEffect) return { reply: NOT_CARRIED_OUT }
    return { reply: answer(transport, request, target, body) }
  } catch (error) {
    if (error instanceof Refusal) return { reply: error.reply }
    return request.complete ? { reply: framework(500), bug: error } : { reply: framework(400) }
  }
}

/** Rate limit, redirect, routing, body, handler: the order of section 2.2. */
function answer(transport: Transport, request: IncomingMessage, target: Pick<Call, 'path' | 'query' | 'method'>, body: string): Reply {
  const { world } = transport
  if (transport.rateLimit.exceeded(world, target)) return text('Retry later\n', 429)
  const redirect = redirectToHttps(world, request)
  if (redirect !== undefined) return redirect
  const path = decode(target.path.replace(/\.json$/, ''))
  const found = transport.router.find(world, target.method, path)
  if (found === undefined) return unmatched(request, target.path)
  const { input, isJson } = parseBody(request.headers['content-type'], body)
  return found.route.handle({ ...target, path, world, headers: request.headers, body: input, isJson, params: found.params })
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw new Refusal(framework(400))
  }
}

/** 404 outside the routing table: JSON for those who ask for it, else a page. */
function unmatched(request: IncomingMessage, path: string): Reply {
  const asJson = wantsJson(request.headers.accept) || path.endsWith('.json')
  return asJson ? framework(404) : html('Page not found - sandbox', '<h1>404</h1>\n<p>The sandbox has no such page.</p>', 404)
}

/** The framework's redirect of plain http; a proxy that terminates TLS says so in `X-Forwarded-Proto`. */
function redirectToHttps(world: World, request: IncomingMessage): Reply | undefined {
  const { forceSsl } = world.settings
  if (forceSsl === false || request.headers['x-forwarded-proto'] === 'https') return undefined
  const reads = request.method === 'GET' || request.method === 'HEAD'
  const location = `https://${request.headers.host ?? new URL(world.url).host}${request.url ?? '/'}`
  return { status: reads ? 301 : forceSsl, headers: { 'content-type': 'text/html', location }, body: '' }
}

function finish(transport: Transport, entry: OpenEntry, response: ServerResponse, reply: Reply | null | undefined, bug: unknown): void {
  const { requests, log } = transport
  if (reply === undefined) return
  if (reply === null) response.destroy()
  else write(response, entry.method, reply)
  requests.end(entry, reply?.status ?? null)
  log?.({ method: entry.method, path: entry.path, status: entry.status, fault: entry.fault, ...(bug === undefined ? {} : { bug }) })
}

function write(response: ServerResponse, method: string, reply: Reply): void {
  const body = Buffer.from(reply.body)
  response.writeHead(reply.status, {
    ...reply.headers,
    'content-length': body.length,
    'x-request-id': randomUUID(),
    server: 'crm sandbox',
  })
  response.end(method === 'HEAD' ? undefined : body)
}
