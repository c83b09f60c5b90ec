import type { Command } from 'commander'
import type { Answer, DemoListAnswer } from '../core/answers.ts'
import { mergeValues } from '../core/field.ts'
import { chatwoot } from '../providers/chatwoot.ts'
import { environmentTarget } from '../usecases/find-target.ts'
import { listDemos, listMarkedDemos } from '../usecases/list-demos.ts'
import { type App, action, type Outcome } from './app.ts'
import { setExamples, setStatuses } from './help-format.ts'

export function define(command: Command, app: App): void {
  setExamples(command, [
    { line: 'crm demo-list', what: 'those that the vault knows' },
    { line: 'crm demo-list --json', what: 'for scripts' },
  ])
  setStatuses(command, [3, 4, 5, 7, 8, 9])
  command.action(
    action(app, 'demo-list', async (): Promise<Outcome> => {
      const view: Outcome['view'] = async () =>
        (await import('../terminal/views/demo-list.ts')).demoListView as Awaited<ReturnType<Outcome['view']>>
      return { answer: await demoList(app), view }
    }),
  )
}

/** The vault's demos; where the variables stand in for a stored Chatwoot, those that carry a mark on the server. */
async function demoList(app: App): Promise<Answer<DemoListAnswer>> {
  const profile = (await app.profile()).value
  const known = await app.vaultWithProfile(environmentTarget(chatwoot, app.world.env) !== undefined)
  const stored = known !== undefined && (await known.totals(profile, { provider: chatwoot.id })).total > 0
  const target = stored ? undefined : environmentTarget(chatwoot, app.world.env)
  if (target === undefined) return listDemos((await known?.demos(profile)) ?? [])
  const { pacedReads } = await import('./pace.ts')
  const http = await pacedReads(app, {}, app.deadlineMs)
  const demos = await listMarkedDemos({
    http,
    clock: app.world.clock,
    signal: app.signal,
    target: { name: target.name, source: 'environment', values: mergeValues(target.values) },
  })
  return listDemos(demos)
}
