import type { Call } from './route.ts'
import { after, since, type World } from './world.ts'

/** So many requests in each fixed window of the clock. */
interface Rule {
  readonly method: string
  readonly path: string
  readonly limit: number
  readonly periodMs: number
  /** Requests with this query parameter are not counted. */
  readonly exemptWith?: string
  /** Whether this release has it. */
  inForce(world: World): boolean
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const CONVERSATIONS = { method: 'POST', path: '/api/v1/widget/conversations' }
const PAGE = { method: 'GET', path: '/widget' }

const older = (world: World): boolean => !newer(world)
const newer = (world: World): boolean => after(world, '4.15.1')

/** The widget's own limits (contract, section 3). Every client of a sandbox has the same address, so that none is kept. */
const WIDGET_RULES: readonly Rule[] = [
  { ...CONVERSATIONS, limit: 6, periodMs: 12 * HOUR_MS, inForce: older },
  { ...PAGE, limit: 5, periodMs: HOUR_MS, exemptWith: 'cw_conversation', inForce: (world) => since(world, '2.14') && older(world) },
  { ...CONVERSATIONS, limit: 30, periodMs: MINUTE_MS, inForce: newer },
  { method: 'POST', path: '/api/v1/widget/messages', limit: 60, periodMs: MINUTE_MS, inForce: newer },
  { method: 'PATCH', path: '/api/v1/widget/contact', limit: 60, periodMs: HOUR_MS, inForce: newer },
  { ...PAGE, limit: 200, periodMs: HOUR_MS, inForce: newer },
]

/** Counts requests in fixed clock windows. Without a limit in the settings everybody is exempt, as loopback is on a real server. */
export class RateLimit {
  readonly #counts = new Map<string, { window: number; count: number }>()

  /** Counts a request; true when it is one too many. */
  exceeded(world: World, call: Pick<Call, 'method' | 'path' | 'query'>): boolean {
    const { rateLimit } = world.settings
    if (rateLimit === null || call.path === '/health') return false
    let exceeded = this.#count(world, 'everything', MINUTE_MS) > rateLimit
    for (const rule of WIDGET_RULES) {
      if (rule.method !== call.method || rule.path !== call.path || !rule.inForce(world)) continue
      if (rule.exemptWith !== undefined && call.query.has(rule.exemptWith)) continue
      if (this.#count(world, `${rule.method} ${rule.path}`, rule.periodMs) > rule.limit) exceeded = true
    }
    return exceeded
  }

  #count(world: World, name: string, periodMs: number): number {
    const window = Math.floor(world.clock() / periodMs)
    const before = this.#counts.get(name)
    const count = before?.window === window ? before.count + 1 : 1
    this.#counts.set(name, { window, count })
    return count
  }
}
