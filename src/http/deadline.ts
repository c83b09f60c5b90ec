import { CrmError } from '../core/errors.ts'
import type { Clock, Http } from '../core/ports.ts'

/** Timers are whole milliseconds, and a little early for a clock that is not theirs. */
const TIMER_MS = 2

/**
 * A network client whose requests end with the time of the command. Those that undo something do not go through it. A request that this
 * cuts off says so: the server may be as well as ever.
 * @param endsMs when everything must be done, in Unix milliseconds.
 * @throws {CrmError} `unreachable` for a request that comes too late, or is not answered in the time that is left.
 */
export function withDeadline(http: Http, clock: Clock, endsMs: number): Http {
  return async (request) => {
    const leftMs = endsMs - clock()
    if (leftMs <= 0) throw tooLate(request.url)
    try {
      return await http({ ...request, timeoutMs: Math.min(request.timeoutMs ?? leftMs, leftMs) })
    } catch (error) {
      if (error instanceof CrmError && error.code === 'unreachable' && clock() >= endsMs - TIMER_MS) throw tooLate(request.url, error)
      throw error
    }
  }
}

function tooLate(url: URL, cause?: CrmError): CrmError {
  return new CrmError('unreachable', `${url.host} did not answer in the time that the command has`, {
    hint: 'allow more time with --timeout 5m',
    retryable: true,
    cause,
  })
}
