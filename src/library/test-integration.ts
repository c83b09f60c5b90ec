import type { TestResult } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import type { HttpClient } from '../http/http.ts'
import { type TestSubject, testIntegrations, testValues, unresolvedResult } from '../usecases/test-integrations.ts'
import { type LibraryTarget, readTarget, type StoredTarget } from './targets.ts'
import { providersIn, signalOf, withHttp } from './world.ts'

/** How tests are made. */
export interface TestOptions {
  /** Ask again even where a success is less than 30 s old. Default false. */
  readonly fresh?: boolean
  readonly signal?: AbortSignal
  /** The network client to use; without one, each call opens and closes its own. */
  readonly http?: HttpClient
}

/**
 * Tests one integration against its CRM. Whatever keeps it from connecting is a result with its cause, not an exception: a refused
 * credential, a name that is not stored, a record that is damaged, a signal. The result of a stored one is kept in its history.
 * @throws {CrmError} `usage` for given values that are not valid, `not_found` for an unknown provider; `locked` when the profile is locked
 *   before the result is kept.
 */
export async function testIntegration(target: LibraryTarget, options: TestOptions = {}): Promise<TestResult> {
  if ('unlocked' in target) return (await testAll([target], options))[0] as TestResult
  const { provider, values } = readTarget(target)
  return withHttp(options.http, async (http) => {
    const deps = { providers: [provider], http: http.request, clock: Date.now, signal: signalOf(options.signal) }
    return (await testValues(deps, { source: 'environment', name: provider.id, profile: '', provider, values })).result
  })
}

/**
 * Tests several stored integrations, at most `concurrency` (32) at a time. The results stand in the order given; those that a signal kept
 * from being begun have the cause `cancelled`.
 * @throws {CrmError} as {@link testIntegration}; `usage` for a concurrency that is no whole number from 1 on.
 */
export async function testAll(
  targets: readonly StoredTarget[],
  options: TestOptions & { readonly concurrency?: number } = {},
): Promise<readonly TestResult[]> {
  const { concurrency = 32 } = options
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) throw new CrmError('usage', 'the concurrency is not a whole number from 1 on')
  return withHttp(options.http, async (http) => {
    const deps = { providers: await providersIn(), http: http.request, clock: Date.now, signal: signalOf(options.signal) }
    const subjects = targets.map(({ unlocked, name }): TestSubject => ({ source: 'vault', name: name.toLowerCase(), unlocked }))
    const results = new Map<number, TestResult>()
    for await (const { index, result } of testIntegrations(deps, subjects, { concurrency, fresh: options.fresh === true }))
      results.set(index, result)
    const cancelled = new CrmError('cancelled', 'interrupted')
    return subjects.map(
      ({ name }, index) => results.get(index) ?? unresolvedResult(name, targets[index]?.unlocked.profile ?? '', cancelled),
    )
  })
}
