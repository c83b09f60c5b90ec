import type { Command } from 'commander'
import { CrmError } from '../core/errors.ts'
import type { StoredValues } from '../core/field.ts'
import type { Tokens } from '../core/grant.ts'
import type { Provider } from '../core/provider.ts'
import { visible } from '../core/text.ts'
import type { App } from './app.ts'

/** How long a person may take to sign in, in milliseconds, where `--timeout` does not say. */
const SIGN_IN_MS = 180_000

/** The flags of a command that may sign in. */
export interface SignInFlags {
  /** False with `--no-browser`. */
  readonly browser?: boolean
  readonly remote?: boolean
}

/** Gives a command those flags. */
export function addSignInFlags(command: Command): void {
  command
    .option('--no-browser', 'sign-in: print the address, open nothing (BROWSER=none)')
    .option('--remote', 'sign-in: with a browser on another machine, by crm authorize')
}

/**
 * Signs a person in for an integration with these values. The address is printed whatever else is quiet: without it nobody can sign in.
 * @throws {CrmError} `auth_rejected`, `conflict`, `cancelled` and what the authorization server says.
 */
export async function signInOn(app: App, provider: Provider, values: StoredValues, flags: SignInFlags): Promise<Tokens> {
  const http = await app.http()
  const world = { http: http.request, clock: app.world.clock, signal: app.signal }
  if (flags.remote === true) {
    const { signInElsewhere } = await import('./remote-sign-in.ts')
    return signInElsewhere(app, world, provider, values)
  }
  const { signInWithBrowser } = await import('../usecases/sign-in.ts')
  return waitingFor(app, provider, flags, (shows) => signInWithBrowser({ ...world, ...shows }, provider, values))
}

/** What the person is shown while the browser is waited for. */
export interface Shows {
  readonly show: (address: URL) => void
  readonly onStranger: () => void
  readonly limitMs: number
}

/** Shows the address, opens it where that is wanted and possible, and says that the browser is waited for. */
export async function waitingFor<Result>(
  app: App,
  provider: Provider,
  flags: SignInFlags,
  work: (shows: Shows) => Promise<Result>,
): Promise<Result> {
  let progress: { end(): void } | undefined
  const limitMs = app.timeoutMs(SIGN_IN_MS)
  const { openBrowser } = await import('../terminal/browser.ts')
  const show = (address: URL): void => {
    app.ui.tell(`Sign in to ${provider.title} at this address:`)
    app.ui.tell(visible(address.href, Number.POSITIVE_INFINITY))
    if (flags.browser !== false && openBrowser(address, app.world)) app.ui.note('A browser was asked to open it.')
    progress = app.ui.progress('Waiting for the browser to come back')
  }
  const onStranger = (): void =>
    app.ui.warn({ code: 'wrong_state', message: 'an answer that belongs to another sign-in was refused; still waiting' })
  try {
    return await work({ show, onStranger, limitMs })
  } finally {
    progress?.end()
    app.throwIfStopped()
  }
}

/** A failure of a sign-in before anything was saved. */
export function nothingSaved(error: unknown, hint: string): unknown {
  if (!(error instanceof CrmError)) return error
  return new CrmError(error.code, error.message, {
    reason: error.reason ?? 'nothing was saved',
    hint,
    retryable: error.retryable,
    cause: error,
  })
}
