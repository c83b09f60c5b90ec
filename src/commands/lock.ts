import type { Command } from 'commander'
import type { LockAnswer } from '../core/answers.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { sessionOf } from './key-sources.ts'

export function define(command: Command, app: App): void {
  setExamples(command, [{ line: 'crm lock', what: 'end what crm unlock began' }])
  setStatuses(command, [3, 6])
  command.action(action(app, 'lock', () => lock(app)))
}

async function lock(app: App): Promise<Outcome> {
  const profile = (await app.profile()).value
  const id = await (await app.vault()).profileId(profile)
  const wasUnlocked = await (await sessionOf(app)).end(id)
  return done(
    'crm.lock/1',
    { profile, wasUnlocked } satisfies LockAnswer,
    async () => (await import('../terminal/views/session.ts')).lockedView,
  )
}
