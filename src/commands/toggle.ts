import type { Command } from 'commander'
import type { IntegrationOneAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { toAnswer } from '../usecases/integration-answer.ts'
import { parseStored } from '../usecases/usable-target.ts'
import { type App, action, done } from './app.ts'
import { setExamples, setStatuses } from './help-format.ts'

export function define(command: Command, app: App): void {
  command.argument('<name>', 'an integration').option('--on', 'make it active').option('--off', 'make it inactive')
  setExamples(command, [
    { line: 'crm toggle acme', what: 'from active to inactive, or back' },
    { line: 'crm toggle acme --on', what: 'active, whatever it is now' },
  ])
  setStatuses(command, [3, 6, 11])
  command.action(
    action(app, 'toggle', async (text: string, flags: { on?: boolean; off?: boolean }) => {
      if (flags.on === true && flags.off === true)
        throw new CrmError('usage', '--on and --off exclude each other', { hint: 'leave one of them out' })
      const name = parseStored(text)
      const unlocked = await app.unlock()
      const active = flags.on === true ? true : flags.off === true ? false : !(await unlocked.open(name)).integration.active
      app.throwIfStopped()
      const { integration } = await unlocked.setActive(name, active)
      const data: IntegrationOneAnswer = { integration: toAnswer(integration), test: null }
      return done('crm.toggle/1', data, async () => (await import('../terminal/views/changed.ts')).toggledView)
    }),
  )
}
