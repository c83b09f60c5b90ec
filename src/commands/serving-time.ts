import { LONGEST_TIMER_MS } from '../core/time.ts'
import type { App } from './app.ts'

/** How long a command serves that has no end of its own. */
export interface ServingTime {
  /** Aborted when the command is told to stop, or the time of `--timeout` is over. */
  readonly signal: AbortSignal
  /** Whether the time was over before anything else ended the command. */
  isOver(): boolean
  /** Ends the count. */
  close(): void
}

/** Serves until a signal comes, and no longer than `--timeout` where that was given. */
export function servingTime(app: App): ServingTime {
  const ending = new AbortController()
  let isOver = false
  const leftMs = app.deadlineAfter(Number.POSITIVE_INFINITY) - app.world.clock()
  const timeIsOver = (): void => {
    isOver = !ending.signal.aborted
    ending.abort()
  }
  const timer = Number.isFinite(leftMs) ? setTimeout(timeIsOver, Math.min(leftMs, LONGEST_TIMER_MS)) : undefined
  if (app.signal.aborted) ending.abort()
  app.signal.addEventListener('abort', () => ending.abort(), { once: true })
  return { signal: ending.signal, isOver: () => isOver, close: () => clearTimeout(timer) }
}

/** Resolves when a signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
