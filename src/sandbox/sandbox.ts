import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CrmError } from '../core/errors.ts'
import { Courier } from './courier.ts'
import { Faults } from './faults.ts'
import { RateLimit } from './rate-limit.ts'
import { type LoggedRequest, RequestLog } from './request-log.ts'
import { Router } from './route.ts'
import { ROUTES } from './routes.ts'
import { type Fixtures, seed } from './seed.ts'
import { createSandboxServer, type Transport } from './server.ts'
import { type SandboxOptions, settle } from './settings.ts'
import { State } from './state.ts'
import { Timers } from './timers.ts'
import { randomKey } from './tokens.ts'
import { parseVersion } from './version.ts'
import type { World } from './world.ts'

/** A running Chatwoot-compatible server on 127.0.0.1. Everything in it is made up, and gone when it closes. */
export interface Sandbox {
  /** Base URL without a slash at the end. */
  readonly url: string
  /** The release it plays. */
  readonly version: string
  /** The active accounts, the first one for everyday use. */
  readonly accounts: readonly { readonly id: number; readonly name: string }[]
  /** User token of an administrator of every account. */
  readonly administratorToken: string
  /** User token of an agent of the first account, who has no place in the second. */
  readonly agentToken: string
  /** What else it starts with: a suspended account, a bot of the installation, a platform app, a foreign inbox per account. */
  readonly fixtures: Fixtures
  /** All requests so far; a live view. */
  readonly requests: readonly LoggedRequest[]
  /** Empties {@link requests}. */
  forgetRequests(): void
  /** What goes wrong on purpose; may be changed at any time. */
  readonly faults: Faults
  /** What the server remembers, to be looked at. */
  readonly state: State
  /** Ends all background deletions now, whatever their delay: the workers are back. */
  finishDeletions(): void
  /** Resolves when no delivery is under way, those included that a bot's answer has caused meanwhile. */
  deliveriesDone(): Promise<void>
  /** Stops listening, breaks all connections and forgets all that was to come. Resolves when the port is free; may be called twice. */
  close(): Promise<void>
}

const HOST = '127.0.0.1'

/**
 * Starts a sandbox. It listens on loopback only and opens no connection but those that `options.http` makes for deliveries.
 * @throws {CrmError} `usage` for an option or fault that is not one; `conflict` when the port is taken; `io_failed` when listening fails otherwise.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const settings = settle(options)
  const faults = new Faults()
  for (const fault of options.faults ?? []) faults.add(fault)
  const requests = new RequestLog(options.clock)
  const timers = new Timers()
  let transport: Transport | undefined
  const server = createSandboxServer(() => transport as Transport)
  const url = `http://${HOST}:${await listen(server, options.port ?? 0)}`
  const { http, clock } = options
  const state = new State()
  const version = parseVersion(settings.versionText)
  const courier = new Courier({ http, clock, timers, settings, version, deliveries: state.deliveries })
  const world: World = {
    state,
    settings,
    clock,
    timers,
    courier,
    visitorKey: randomKey(),
    url,
    frontendUrl: options.frontendUrl ?? url,
    version,
  }
  const fixtures = seed(world)
  transport = { world, router: new Router(ROUTES), faults, rateLimit: new RateLimit(), requests, log: options.log }
  return {
    url,
    version: settings.versionText,
    accounts: fixtures.accounts.map(({ id, name }) => ({ id, name })),
    get administratorToken() {
      return fixtures.administrator.accessToken
    },
    get agentToken() {
      return fixtures.agent.accessToken
    },
    fixtures,
    requests: requests.entries,
    forgetRequests: () => requests.forget(),
    faults,
    state,
    finishDeletions: () => {
      for (const inbox of state.inboxes.filter((row) => row.deleting)) state.removeInbox(inbox.id)
    },
    deliveriesDone: () => courier.idle(),
    close: async () => {
      timers.close()
      await Promise.all([courier.close(), closeServer(server)])
    },
  }
}

/** Resolves with the port. */
function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(new CrmError('io_failed', `cannot listen on ${HOST}:${port}`, { cause: error }))
      reject(
        new CrmError('conflict', `port ${port} is in use`, { hint: 'leave --port away to take any free one: crm sandbox', cause: error }),
      )
    })
    server.listen(port, HOST, () => resolve((server.address() as AddressInfo).port))
  })
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
