import type { Command } from 'commander'
import type { RemovedAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { parseName } from '../core/integration.ts'
import { type App, action, done } from './app.ts'
import { setExamples, setStatuses } from './help-format.ts'

export function define(command: Command, app: App): void {
  command.argument('<name>', 'an integration').option('--force', 'even while demos made with it exist; their records go too')
  setExamples(command, [{ line: 'crm remove acme --yes', what: 'without asking' }])
  setStatuses(command, [3, 6, 11])
  command.action(
    action(app, 'remove', async (text: string, flags: { force?: boolean }) => {
      const name = parseName(text, 'integration')
      await (await app.vault()).find((await app.profile()).value, name)
      if (!(await app.ui.confirm(`Remove the integration ${name} with its secrets?`)))
        throw new CrmError('cancelled', 'Cancelled. Nothing was changed.')
      const unlocked = await app.unlock()
      app.throwIfStopped()
      await unlocked.remove(name, { force: flags.force === true })
      return done(
        'crm.remove/1',
        { removed: name } satisfies RemovedAnswer,
        async () => (await import('../terminal/views/changed.ts')).removedView,
      )
    }),
  )
}
