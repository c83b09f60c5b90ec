import type { TestResult } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import type { HttpClient } from '../http/http.ts'
import { type TestSubject, testIntegrations, testValues } from '../usecases/test-integrations.ts'
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
 * Tests one integration against its CRM. A refused credential is a result with its cause, not an exception. The result of a
 * stored one is kept in its history.
 * @throws {CrmError} `not_found`, `usage`, `damaged`.
 */
export async function testIntegration(target: LibraryTarget, options: TestOptions = {}): Promise<TestResult> {
  if ('unlocked' in target) {
    const [result] = await testAll([target], options)
    if (result === undefined) throw new CrmError('cancelled', 'interrupted')
    return result
  }
  const { provider, values } = readTarget(target)
  return withHttp(options.http, async (http) => {
    const deps = { providers: [provider], http: http.request, clock: Date.now, signal: signalOf(options.signal) }
    return (await testValues(deps, { source: 'environment', name: provider.id, profile: '', provider, values })).result
  })
}

/** Tests several stored integrations, at most `concurrency` (32) at a time. The results stand in the order given. */
export function testAll(
  targets: readonly StoredTarget[],
  options: TestOptions & { readonly concurrency?: number } = {},
): Promise<readonly TestResult[]> {
  return withHttp(options.http, async (http) => {
    const deps = { providers: await providersIn(), http: http.request, clock: Date.now, signal: signalOf(options.signal) }
    const subjects = targets.map(({ unlocked, name }): TestSubject => ({ source: 'vault', name: name.toLowerCase(), unlocked }))
    const results: TestResult[] = []
    for await (const { index, result } of testIntegrations(deps, subjects, {
      concurrency: options.concurrency ?? 32,
      fresh: options.fresh === true,
    })) {
      results[index] = result
    }
    return results
  })
}
