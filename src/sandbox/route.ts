import type { IncomingHttpHeaders } from 'node:http'
import type { Input } from './input.ts'
import type { Reply } from './reply.ts'
import { since, type World } from './world.ts'

/** A request, read whole and taken apart. */
export interface Call {
  readonly world: World
  readonly method: string
  /** Without doubled and trailing slashes, and without a `.json` suffix. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** Body parameters; empty when there are none. */
  readonly body: Input
  /** Whether the body came as JSON: only then are flat parameters wrapped. */
  readonly isJson: boolean
  /** Segments of the path that the route names. */
  readonly params: Readonly<Record<string, string>>
}

/** One line of the routing table. */
export interface Route {
  readonly methods: readonly string[]
  /** `:name` takes one segment, `*rest` at the end takes all that follow. */
  readonly path: string
  /** The release that brought it; older ones answer the framework's 404. */
  readonly since?: string
  readonly handle: (call: Call) => Reply
}

/** A route that asks for nobody's token. */
export function open(method: string, path: string, handle: Route['handle'], options: { readonly since?: string } = {}): Route {
  return { methods: verbs(method), path, handle, ...options }
}

/** `PUT` is routed wherever `PATCH` is. */
export function verbs(method: string): readonly string[] {
  return method === 'PATCH' ? ['PATCH', 'PUT'] : [method]
}

/** Finds the route of a request. Built once: segments of a fixed text win over named ones, as in the order of the table. */
export class Router {
  readonly #routes: readonly { readonly route: Route; readonly segments: readonly string[] }[]

  constructor(routes: readonly Route[]) {
    this.#routes = routes.map((route) => ({ route, segments: split(route.path) }))
  }

  /** The first route of the table that fits and that this release has. */
  find(world: World, method: string, path: string): { readonly route: Route; readonly params: Record<string, string> } | undefined {
    const segments = split(path)
    const verb = method === 'HEAD' ? 'GET' : method
    for (const { route, segments: pattern } of this.#routes) {
      if (!route.methods.includes(verb) || (route.since !== undefined && !since(world, route.since))) continue
      const params = bind(pattern, segments)
      if (params !== undefined) return { route, params }
    }
    return undefined
  }
}

function split(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '')
}

function bind(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {}
  const rest = pattern.at(-1)?.startsWith('*') === true
  if (rest ? segments.length < pattern.length - 1 : segments.length !== pattern.length) return undefined
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index]
    if (part.startsWith('*')) params[part.slice(1)] = segments.slice(index).join('/')
    else if (part.startsWith(':')) params[part.slice(1)] = segment ?? ''
    else if (part !== segment) return undefined
  }
  return params
}
