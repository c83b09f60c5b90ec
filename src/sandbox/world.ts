import type { Clock } from '../core/ports.ts'
import type { Courier } from './courier.ts'
import type { SandboxSettings } from './settings.ts'
import type { State } from './state.ts'
import type { Timers } from './timers.ts'
import { compare, parseVersion, type Version } from './version.ts'

/** What every handler can reach. */
export interface World {
  readonly state: State
  readonly settings: SandboxSettings
  readonly clock: Clock
  readonly timers: Timers
  readonly courier: Courier
  /** Signs the tokens of website visitors. */
  readonly visitorKey: Buffer
  /** The sandbox's own address, without a slash at the end. */
  readonly url: string
  /** The base inside snippets and pages (Chatwoot's `FRONTEND_URL`). */
  readonly frontendUrl: string
  /** The release this sandbox plays. */
  readonly version: Version
}

/** Whether something that came with `release` is there. */
export function since(world: World, release: string): boolean {
  return compare(world.version, parseVersion(release)) >= 0
}

/** Whether something that came with a release after `release` is there. */
export function after(world: World, release: string): boolean {
  return compare(world.version, parseVersion(release)) > 0
}

/** Now, as ISO 8601 in UTC with milliseconds: how Chatwoot shows times outside of conversations. */
export function isoNow(world: World): string {
  return new Date(world.clock()).toISOString()
}
