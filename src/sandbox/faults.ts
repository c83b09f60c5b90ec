import { CrmError } from '../core/errors.ts'
import { parseDuration } from '../core/time.ts'

/** What goes wrong: an HTTP status, no answer at all, a broken connection, a web page instead of JSON, or only slowness. */
export type FaultEffect =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'html' }
  | { readonly kind: 'slow'; readonly delayMs: number }

/** One thing that goes wrong on purpose. */
export interface Fault {
  /** As it was written. */
  readonly text: string
  /** An HTTP method, or `*` for any. */
  readonly method: string
  /** The end of the path: `/inboxes`; `*` stands for one segment, `**` for any number. */
  readonly path: string
  readonly effect: FaultEffect
  /** True when the request is carried out before its answer is spoiled. */
  readonly afterEffect: boolean
  /** The first and the last matching request that are hit, counted from 1; `Infinity` for no end. */
  readonly from: number
  readonly to: number
}

/** A fault that has been added to a sandbox, and can be taken away again. */
export interface FaultSwitch {
  /** How many requests matched method and path so far. */
  readonly matched: number
  remove(): void
}

const METHODS = new Set(['*', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
const SHAPE = /^(\S+) (\/[^\s:]*):([a-z0-9=-]+)(?:#(\d{1,6})(?:-(\d{1,6})|(\+))?)?$/

/**
 * Reads a fault: `METHOD PATH:EFFECT[#WHICH]`.
 *
 * - `METHOD` is a verb or `*`. `PATH` matches the end of the request's path, whole segments: `POST /inboxes` hits the creation
 *   of an inbox and not `.../inboxes/3/set_agent_bot`. `*` is any one segment, `**` any number of them.
 * - `EFFECT` is a status from 400 to 599, `hang`, `reset` (the socket is destroyed), `html` (200 with a page), or
 *   `slow=200ms`. All but `slow` may end in `-after`: the request is carried out first, then its answer is spoiled.
 * - `WHICH` is one matching request (`#2`), a range (`#1-3`), or all from one on (`#2+`); without it every one is hit.
 *
 * @throws {CrmError} `usage`, quoting the text and naming the forms.
 */
export function parseFault(text: string): Fault {
  const match = SHAPE.exec(text.trim())
  const [, method = '', path = '', effectText = '', first, last, onwards] = match ?? []
  const effect = match === null ? undefined : parseEffect(effectText.replace(/-after$/, ''))
  const afterEffect = effectText.endsWith('-after')
  const from = first === undefined ? 1 : Number(first)
  const to = first === undefined || onwards !== undefined ? Number.POSITIVE_INFINITY : Number(last ?? first)
  if (effect === undefined || !METHODS.has(method) || from < 1 || to < from || (afterEffect && effect.kind === 'slow'))
    throw notAFault(text)
  return { text, method, path, effect, afterEffect, from, to }
}

function parseEffect(text: string): FaultEffect | undefined {
  if (text === 'hang' || text === 'reset' || text === 'html') return { kind: text }
  if (/^[45]\d\d$/.test(text)) return { kind: 'status', status: Number(text) }
  const delay = /^slow=(\d{1,9}(?:ms|s|m))$/.exec(text)?.[1]
  return delay === undefined ? undefined : { kind: 'slow', delayMs: parseDuration(delay) }
}

function notAFault(text: string): CrmError {
  return new CrmError('usage', `not a fault: ${JSON.stringify(text.slice(0, 100))}`, {
    reason: 'a fault is METHOD PATH:EFFECT[#WHICH], with EFFECT 400 to 599, hang, reset, html (each with -after), or slow=200ms',
    hint: "write it like this: --fail 'POST /inboxes:500#2'",
  })
}

/** The faults of one sandbox. Each counts the requests that match it. */
export class Faults {
  readonly #active: { readonly fault: Fault; readonly matches: RegExp; matched: number }[] = []

  /** Adds a fault; it counts from now on. Of several that hit the same request the one added first wins. */
  add(fault: Fault | string): FaultSwitch {
    const parsed = typeof fault === 'string' ? parseFault(fault) : fault
    const entry = { fault: parsed, matches: pathPattern(parsed.path), matched: 0 }
    this.#active.push(entry)
    return {
      get matched() {
        return entry.matched
      },
      remove: () => {
        const index = this.#active.indexOf(entry)
        if (index >= 0) this.#active.splice(index, 1)
      },
    }
  }

  /** Takes all faults away. */
  clear(): void {
    this.#active.length = 0
  }

  /** The faults in force, in the order in which they were added. */
  list(): readonly Fault[] {
    return this.#active.map(({ fault }) => fault)
  }

  /** Counts a request and gives the fault that hits it. */
  take(method: string, path: string): Fault | undefined {
    let hit: Fault | undefined
    for (const entry of this.#active) {
      if (entry.fault.method !== '*' && entry.fault.method !== method) continue
      if (!entry.matches.test(path)) continue
      entry.matched += 1
      if (entry.matched >= entry.fault.from && entry.matched <= entry.fault.to) hit ??= entry.fault
    }
    return hit
  }
}

function pathPattern(path: string): RegExp {
  const segments = path.split('/').filter((segment) => segment !== '')
  const source = segments.map((segment) => {
    if (segment === '**') return '(?:/[^/]+)*'
    return segment === '*' ? '/[^/]+' : `/${segment.replace(/[^A-Za-z0-9_]/g, '\\$&')}`
  })
  return new RegExp(`${segments.length === 0 ? '^/' : source.join('')}$`)
}
