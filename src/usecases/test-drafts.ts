import { CrmError } from '../core/errors.ts'
import type { Draft } from './add-integrations.ts'
import { type TestDeps, type Tested, testError, testValues } from './test-integrations.ts'
import { spentCredential } from './token-source.ts'

/** How many connections are tested at a time. */
const CONCURRENCY = 32

/** Tests integrations that are not stored yet, in the order given. */
export async function testDrafts(deps: TestDeps, drafts: readonly Draft[], profile: string): Promise<readonly Tested[]> {
  const results: Tested[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let index = next++; index < drafts.length; index = next++) {
      const draft = drafts[index]
      if (draft === undefined) return
      const { name, values } = draft.integration
      results[index] = await testValues(deps, { source: 'vault', name, profile, provider: draft.provider, values })
    }
  }
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, drafts.length) }, work))
  return results
}

/** Throws when any test failed: nothing is stored then. @throws {CrmError} the shared cause, or `checks_failed`; each failure a problem. */
export function refuseFailedTests(tested: readonly Tested[], drafts: readonly Draft[]): void {
  const results = tested.map(({ result }) => result)
  const error = testError(results)
  if (error === undefined) return
  const failed = results.filter(({ outcome }) => outcome === 'failed')
  const spent = drafts.flatMap(({ provider, integration: { name, values } }, index) => {
    const what = spentCredential(provider, values, tested[index]?.tokens)
    return what === undefined ? [] : [`the ${what} of ${name}`]
  })
  const loss = spent.length === 0 ? '' : `, and the tests have used up ${spent.join(', ')}: take new ones for the next run`
  throw new CrmError(error.code, `${failed.length} of ${results.length} integrations failed`, {
    reason: `nothing was saved${loss}; --no-test saves without a test`,
    hint: 'correct the answers and run the same command again',
    problems: failed.map(({ name, message }) => ({ field: name, message: message ?? 'failed' })),
  })
}
