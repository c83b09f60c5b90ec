import { CrmError } from '../core/errors.ts'
import type { Clock, Http } from '../core/ports.ts'

/**
 * A network client whose requests end with the time that is left. Those that undo something do not go through it.
 * @param endsMs when everything must be done, in Unix milliseconds.
 * @throws {CrmError} `unreachable` for a request that comes too late.
 */
export function withDeadline(http: Http, clock: Clock, endsMs: number): Http {
  return (request) => {
    const leftMs = endsMs - clock()
    if (leftMs <= 0)
      throw new CrmError('unreachable', `${request.url.host} did not answer in time`, {
        hint: 'try again, or allow more time with --timeout 60s',
      })
    return http({ ...request, timeoutMs: Math.min(request.timeoutMs ?? leftMs, leftMs) })
  }
}
