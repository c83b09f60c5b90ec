import type { Clock } from '../core/ports.ts'

/** One request that reached the sandbox. It is listed from its arrival on. */
export interface LoggedRequest {
  readonly method: string
  /** Path as received, with doubled and trailing slashes removed, without the query (which may hold tokens). */
  readonly path: string
  /** Null until it is answered, and for ever when the connection was broken instead. */
  readonly status: number | null
  /** Arrival, Unix milliseconds. */
  readonly at: number
  /** Whether the method may change something (neither GET nor HEAD). */
  readonly write: boolean
  /**
   * Its place on the critical path: one more than the highest round among the requests already answered when it arrived.
   * The highest round of a run is its number of round trips. Meaningful when answers take time (`latencyMs`).
   */
  readonly round: number
  /** The fault that hit it, as it was written. */
  readonly fault: string | null
}

type Entry = { -readonly [Key in keyof LoggedRequest]: LoggedRequest[Key] }

/** The list of requests of one sandbox. */
export class RequestLog {
  readonly #entries: Entry[] = []
  #lastAnsweredRound = 0

  constructor(readonly clock: Clock) {}

  /** A live view: later requests appear in it. */
  get entries(): readonly LoggedRequest[] {
    return this.#entries
  }

  begin(method: string, path: string): Entry {
    const write = method !== 'GET' && method !== 'HEAD'
    const entry: Entry = { method, path, status: null, at: this.clock(), write, round: this.#lastAnsweredRound + 1, fault: null }
    this.#entries.push(entry)
    return entry
  }

  /** Notes the end of a request: its status, or null for a broken connection. */
  end(entry: Entry, status: number | null): void {
    entry.status = status
    this.#lastAnsweredRound = Math.max(this.#lastAnsweredRound, entry.round)
  }

  /** Empties the list; rounds count from 1 again. */
  forget(): void {
    this.#entries.length = 0
    this.#lastAnsweredRound = 0
  }
}

/** An entry as the server fills it in. */
export type OpenEntry = Entry
