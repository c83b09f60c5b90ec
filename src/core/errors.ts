/**
 * The exit status of every error code: the one table (`crm help exit-codes` prints it).
 * `cancelled` is 130 for Ctrl-C; SIGTERM and SIGHUP use {@link SIGNAL_STATUS}.
 */
export const EXIT_STATUS = {
  internal: 1,
  io_failed: 1,
  usage: 2,
  locked: 3,
  wrong_key: 3,
  damaged: 3,
  newer_format: 3,
  busy: 3,
  unsafe_file: 3,
  auth_rejected: 4,
  permission_denied: 5,
  not_found: 6,
  rate_limited: 7,
  unreachable: 8,
  provider_error: 9,
  checks_failed: 10,
  partial: 10,
  conflict: 11,
  cancelled: 130,
} as const

/** Exit statuses of the signals that end a command: 128 + the signal's number. */
export const SIGNAL_STATUS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/** A signal that a command ends on, undoing what it must. */
export type StopSignal = keyof typeof SIGNAL_STATUS

/** A stable, machine-readable cause. Scripts may rely on it; the text of a message may change. */
export type ErrorCode = keyof typeof EXIT_STATUS

/** One thing wrong with the input: the field it is about, and what is wrong with it. Never holds the value of a secret. */
export interface Problem {
  readonly field: string
  readonly message: string
}

/** What a {@link CrmError} carries besides its code and message. */
export interface CrmErrorOptions {
  /** Why it happened, one line, shown behind `cause:`. */
  readonly reason?: string
  /** How to mend it, one line that ends in a command to run where there is one; shown behind `fix:`. */
  readonly hint?: string
  /** Whether the same call may succeed later without any change. */
  readonly retryable?: boolean
  /** All problems of an input, for `usage`. */
  readonly problems?: readonly Problem[]
  /** Where a redirect pointed (absolute URL without user info, query and fragment); never followed. */
  readonly redirectTo?: string
  /** Which signal cancelled the command. */
  readonly signal?: StopSignal
  /** The underlying error. Shown only with `-v -v`, redacted. */
  readonly cause?: unknown
}

/**
 * Every failure that `crm` names. The thrower picks the code; {@link EXIT_STATUS} gives the exit status.
 * `message` is lower case, names the object, has no full stop, and never holds a secret or a raw response body.
 */
export class CrmError extends Error {
  override readonly name = 'CrmError'
  readonly reason: string | undefined
  readonly hint: string | undefined
  readonly retryable: boolean
  readonly problems: readonly Problem[]
  readonly redirectTo: string | undefined
  readonly signal: StopSignal | undefined

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: CrmErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.reason = options.reason
    this.hint = options.hint
    this.retryable = options.retryable ?? (code === 'rate_limited' || code === 'unreachable' || code === 'busy')
    this.problems = options.problems ?? []
    this.redirectTo = options.redirectTo
    this.signal = options.signal
  }

  /** The status the process ends with. */
  get exitStatus(): number {
    return this.code === 'cancelled' && this.signal !== undefined ? SIGNAL_STATUS[this.signal] : EXIT_STATUS[this.code]
  }
}

/** Throws `usage` with every problem found; returns when there is none. */
export function refuseProblems(problems: readonly Problem[], what: string, hint?: string): void {
  const [first] = problems
  if (first === undefined) return
  const message = problems.length === 1 ? `${what}: ${first.field} ${first.message}` : `${what}: ${problems.length} values are not valid`
  throw new CrmError('usage', message, { problems, ...(hint === undefined ? {} : { hint }) })
}

/** The error for a file that somebody named and that is not there. @param what it should be: `key file`, `backup`. */
export function missingFile(what: string, path: string): CrmError {
  return new CrmError('usage', `there is no ${what} at ${path}`, { hint: 'check the path' })
}

/** What happens when a value is not one of ours: an assertion that the program is right, reported as `internal`. */
export function unreachable(what: string): never {
  throw new CrmError('internal', `unexpected ${what}`)
}
