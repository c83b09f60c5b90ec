import type { Command } from 'commander'
import type { UnlockAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { parseDuration, toTimestamp } from '../core/time.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { sessionOf } from './key-sources.ts'

const DAY_MS = 86_400_000

export function define(command: Command, app: App): void {
  command.option('--for <duration>', 'how long, 24h at most (default 15m)', '15m')
  setExamples(command, [
    { line: 'crm unlock', what: 'nobody is asked for the passphrase for a quarter of an hour' },
    { line: 'crm unlock --for 8h', what: 'for a working day' },
  ])
  setStatuses(command, [3, 6])
  command.action(action(app, 'unlock', (flags: { readonly for: string }) => unlock(app, flags.for)))
}

async function unlock(app: App, text: string): Promise<Outcome> {
  const forMs = parseDuration(text)
  if (forMs < 1000 || forMs > DAY_MS) throw new CrmError('usage', 'a profile is unlocked for 1s to 24h', { hint: 'crm unlock --for 15m' })
  const session = await sessionOf(app)
  const sources = { ...(await app.keySources()), unlocked: async () => undefined }
  const unlocked = await app.unlock(undefined, sources)
  app.throwIfStopped()
  const untilMs = app.world.clock() + forMs
  const until = toTimestamp(untilMs)
  const { profileId, ...key } = await unlocked.keepOpen(until)
  const place = await session.keep(profileId, key, untilMs)
  return done(
    'crm.unlock/1',
    { profile: unlocked.profile, until, place } satisfies UnlockAnswer,
    async () => (await import('../terminal/views/session.ts')).unlockedView,
  )
}
