import type { Command } from 'commander'
import type { ProvidersAnswer } from '../core/answers.ts'
import { providers } from '../providers/index.ts'
import { requireProvider } from '../usecases/add-integrations.ts'
import { describeProvider, providerEntry } from '../usecases/describe-provider.ts'
import { type App, action, done } from './app.ts'
import { setExamples, setStatuses } from './help-format.ts'

const SCHEMA = 'crm.providers/1'

export function define(command: Command, app: App): void {
  command.argument('[id]', 'a provider')
  setExamples(command, [
    { line: 'crm providers', what: 'the kinds of CRM' },
    { line: 'crm providers chatwoot', what: 'what it needs, and where to find each value' },
  ])
  setStatuses(command, [6])
  command.action(
    action(app, 'providers', async (id: string | undefined) => {
      if (id === undefined) {
        const data: ProvidersAnswer = { providers: providers.map(providerEntry) }
        return done(SCHEMA, data, async () => (await import('../terminal/views/providers.ts')).providersView)
      }
      return done(
        'crm.provider/1',
        describeProvider(requireProvider(providers, id)),
        async () => (await import('../terminal/views/providers.ts')).providerView,
      )
    }),
  )
}
