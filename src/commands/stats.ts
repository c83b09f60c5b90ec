import type { Command } from 'commander'
import type { StatsAnswer } from '../core/answers.ts'
import { type App, action, done } from './app.ts'
import { setExamples, setStatuses } from './help-format.ts'

export function define(command: Command, app: App): void {
  setExamples(command, [{ line: 'crm stats', what: 'per provider: total, active, failing, last test' }])
  setStatuses(command, [3])
  command.action(
    action(app, 'stats', async () => {
      const profile = (await app.profile()).value
      const vault = await app.vaultWithProfile()
      const data: StatsAnswer = {
        profile,
        providers: (await vault?.providerStats(profile)) ?? [],
        vault: { path: app.paths.vault, bytes: (await vault?.size()) ?? 0 },
        demos: { alive: (await vault?.countLiveDemos(profile)) ?? 0 },
      }
      return done('crm.stats/1', data, async () => (await import('../terminal/views/stats.ts')).statsView)
    }),
  )
}
