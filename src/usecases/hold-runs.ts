import { CrmError } from '../core/errors.ts'
import type { Clock } from '../core/ports.ts'
import { inSeconds, LONGEST_TIMER_MS } from '../core/time.ts'
import type { DemoRun } from '../vault/unlocked.ts'

/** How often a held run says that it is alive, in milliseconds. */
const RENEW_MS = 10_000

/** Demo runs that this process holds, kept alive until {@link HeldRuns.end}. */
export interface HeldRuns {
  /** Aborted when the caller's signal is, when the time is up, or when another process has taken a run over. */
  readonly signal: AbortSignal
  /** Gives the runs back. */
  end(): Promise<void>
}

/**
 * Keeps runs alive by renewing their leases.
 * @param world.deadlineMs when the work must be done, in Unix milliseconds.
 * @param world.limitMs how long the command had for it from its start, as a person has set it.
 */
export function holdRuns(
  world: { readonly clock: Clock; readonly signal: AbortSignal; readonly deadlineMs: number; readonly limitMs: number },
  runs: readonly Pick<DemoRun, 'renew' | 'end'>[],
): HeldRuns {
  const stop = new AbortController()
  const leftMs = Math.min(LONGEST_TIMER_MS, Math.max(0, world.deadlineMs - world.clock()))
  const late = setTimeout(() => stop.abort(tooLate(world.limitMs)), leftMs)
  const renewing = setInterval(() => {
    Promise.all(runs.map((run) => run.renew())).catch((error: unknown) => stop.abort(error))
  }, RENEW_MS)
  const stopped = (): void => stop.abort(world.signal.reason)
  if (world.signal.aborted) stopped()
  world.signal.addEventListener('abort', stopped, { once: true })
  return {
    signal: stop.signal,
    async end() {
      clearTimeout(late)
      clearInterval(renewing)
      world.signal.removeEventListener('abort', stopped)
      for (const run of runs) await run.end()
    },
  }
}

function tooLate(limitMs: number): CrmError {
  return new CrmError('unreachable', `not done within ${inSeconds(limitMs)}`, { hint: 'allow more time with --timeout 5m' })
}
