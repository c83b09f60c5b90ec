import { accountUrl, connectionOf } from '../chatwoot/connection.ts'
import { adviseFor, type DemoTarget, leadBack } from '../chatwoot/demo-target.ts'
import type { DemoRecord } from '../core/demo.ts'
import type { Warning } from '../core/provider.ts'
import { namedDemos } from './named-demos.ts'

/**
 * Demos that an integration no longer leads to, since it was edited to another server or account: one warning for each account that
 * has some of them.
 * @param records of demos that are not removed.
 * @param what what that means for them here: `left out of the file`.
 */
export function demosElsewhere(target: DemoTarget, records: readonly DemoRecord[], what: string): readonly Warning[] {
  const here = accountUrl(connectionOf(target.values))
  const elsewhere = Map.groupBy(
    records.filter(({ account }) => account !== here),
    ({ account }) => account,
  )
  return Array.from(elsewhere, ([account, demos]) => {
    const subject = namedDemos(demos.map(({ slug }) => slug))
    const were = demos.length === 1 ? 'was' : 'were'
    const message = `${subject} ${were} made in ${account}, where ${target.name} no longer leads: ${what}; to lead it there again: ${adviseFor(target, leadBack(account))}`
    return { code: 'other_account', message }
  })
}
