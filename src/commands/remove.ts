import type { Command } from 'commander'
import { errorFor } from '../chatwoot/demo-target.ts'
import type { RemovedAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { parseStored } from '../usecases/usable-target.ts'
import type { UnlockedVault } from '../vault/unlocked.ts'
import { type App, action, done } from './app.ts'
import { setExamples, setStatuses } from './help-format.ts'

export function define(command: Command, app: App): void {
  command
    .argument('<name>', 'an integration')
    .option('--force', 'even while demos made with it exist; their records go too')
    .option('--revoke', 'give its tokens back to the CRM first, where the CRM has a place for that')
  setExamples(command, [{ line: 'crm remove acme --yes', what: 'without asking' }])
  setStatuses(command, [3, 4, 6, 8, 9, 11])
  command.action(
    action(app, 'remove', async (text: string, flags: { force?: boolean; revoke?: boolean }) => {
      const name = parseStored(text)
      await (await app.vault()).find((await app.profile()).value, name)
      if (!(await app.ui.confirm(`Remove the integration ${name} with its secrets?`)))
        throw new CrmError('cancelled', 'Cancelled. Nothing was changed.')
      const unlocked = await app.unlock()
      app.throwIfStopped()
      if (flags.revoke === true) await revoke(app, unlocked, name)
      await unlocked.remove(name, { force: flags.force === true })
      return done(
        'crm.remove/1',
        { removed: name } satisfies RemovedAnswer,
        async () => (await import('../terminal/views/changed.ts')).removedView,
      )
    }),
  )
}

/** Ends the tokens at the CRM. What fails keeps the integration, so that it can be tried again. */
async function revoke(app: App, unlocked: UnlockedVault, name: string): Promise<void> {
  const { openForUse } = await import('./open-for-use.ts')
  const { provider, values } = await openForUse(app, unlocked, name)
  const stored = await unlocked.readTokens(name)
  if (stored === undefined) return
  const { giveBack } = await import('../usecases/give-back.ts')
  const http = await app.httpInTime()
  await giveBack({ http, clock: app.world.clock, signal: app.signal }, provider, values, stored.tokens).catch((error: unknown) => {
    throw errorFor({ name, source: 'vault' }, error)
  })
}
