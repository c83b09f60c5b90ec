import { CrmError } from '../core/errors.ts'
import type { Clock, Http } from '../core/ports.ts'
import type { Fault } from './faults.ts'
import { parseVersion } from './version.ts'

/** One line about an answered request, for whoever watches the sandbox. Never holds a token or a body. */
export interface SandboxLogEntry {
  readonly method: string
  readonly path: string
  /** Null when the connection was broken instead of an answer. */
  readonly status: number | null
  /** The fault that hit the request. */
  readonly fault: string | null
  /** A mistake of the sandbox itself, answered with 500. */
  readonly bug?: unknown
}

/** How a sandbox is started. */
export interface SandboxOptions {
  /** The only way out: deliveries to bots and webhooks go through it. */
  readonly http: Http
  readonly clock: Clock
  /** Port on 127.0.0.1; default 0, any free one. */
  readonly port?: number
  /** The Chatwoot release to play; default `4.15.1`. Known differences: contract, section 18. */
  readonly version?: string
  /** How long every answer takes, in milliseconds; default 0. Requests wait side by side. */
  readonly latencyMs?: number
  readonly faults?: readonly (Fault | string)[]
  /** How long a deleted inbox stays listed, in milliseconds; default 150. `never`: the server's background workers are down. */
  readonly deletionDelayMs?: number | 'never'
  /** Requests a minute, from all clients together; turns the widget's own limits on as well. Default: loopback is exempt, as on a real server. */
  readonly rateLimit?: number
  /** Inboxes that an account may have; default 100,000. */
  readonly inboxLimit?: number
  /** The base inside snippets; default the sandbox's own address. Badly configured servers have an empty one. */
  readonly frontendUrl?: string
  /** Plays a proxy that drops headers with an underscore, `api_access_token` among them. */
  readonly dropUnderscoreHeaders?: boolean
  /** Redirects plain http to https: 301 for reads, and this status for writes. Default false. */
  readonly forceSsl?: false | 301 | 308
  /** Plays Chatwoot Cloud on a plan without API access. */
  readonly cloudWithoutApi?: boolean
  /** Whether deliveries may go to private addresses; default true. 4.14.0 refuses them whatever this says, releases before never do. */
  readonly allowPrivateBots?: boolean
  /** Every delivery arrives twice, and neighbours in the wrong order. */
  readonly duplicateDelivery?: boolean
  /** How long a bot or webhook may take, in milliseconds; default 5,000. */
  readonly deliveryTimeoutMs?: number
  /** The pause before a refused delivery to a bot is tried again, in milliseconds; default 3,000. */
  readonly retryDelayMs?: number
  /** Called once for every request, after its answer. */
  readonly log?: (entry: SandboxLogEntry) => void
}

/** The options with their defaults filled in. */
export interface SandboxSettings {
  readonly versionText: string
  readonly latencyMs: number
  readonly deletionDelayMs: number | 'never'
  readonly rateLimit: number | null
  readonly inboxLimit: number
  readonly dropUnderscoreHeaders: boolean
  readonly forceSsl: false | 301 | 308
  readonly cloudWithoutApi: boolean
  readonly allowPrivateBots: boolean
  readonly duplicateDelivery: boolean
  readonly deliveryTimeoutMs: number
  readonly retryDelayMs: number
}

/**
 * Fills in the defaults.
 * @throws {CrmError} `usage` for a version that is not one, and for a number that is negative or not whole.
 */
export function settle(options: SandboxOptions): SandboxSettings {
  const settings: SandboxSettings = {
    versionText: options.version ?? '4.15.1',
    latencyMs: options.latencyMs ?? 0,
    deletionDelayMs: options.deletionDelayMs ?? 150,
    rateLimit: options.rateLimit ?? null,
    inboxLimit: options.inboxLimit ?? 100_000,
    dropUnderscoreHeaders: options.dropUnderscoreHeaders ?? false,
    forceSsl: options.forceSsl ?? false,
    cloudWithoutApi: options.cloudWithoutApi ?? false,
    allowPrivateBots: options.allowPrivateBots ?? true,
    duplicateDelivery: options.duplicateDelivery ?? false,
    deliveryTimeoutMs: options.deliveryTimeoutMs ?? 5_000,
    retryDelayMs: options.retryDelayMs ?? 3_000,
  }
  parseVersion(settings.versionText)
  const numbers = { latencyMs: settings.latencyMs, rateLimit: settings.rateLimit, inboxLimit: settings.inboxLimit }
  for (const [name, value] of Object.entries({
    ...numbers,
    deliveryTimeoutMs: settings.deliveryTimeoutMs,
    retryDelayMs: settings.retryDelayMs,
  })) {
    if (value !== null && (!Number.isSafeInteger(value) || value < 0)) {
      throw new CrmError('usage', `sandbox option ${name} must be a whole number, 0 or more`)
    }
  }
  return settings
}
