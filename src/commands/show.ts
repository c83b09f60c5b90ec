import type { Command } from 'commander'
import type { IntegrationOneAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { findStored } from '../usecases/find-stored.ts'
import type { Target } from '../usecases/find-target.ts'
import { environmentAnswer, toAnswer } from '../usecases/integration-answer.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { setExamples, setStatuses } from './help-format.ts'

interface ShowFlags {
  readonly reveal?: string | true
}

const SCHEMA = 'crm.show/1'
const view = async () => (await import('../terminal/views/show.ts')).showView

export function define(command: Command, app: App): void {
  command.argument('<name>', 'an integration').option('--reveal [field]', 'print its secrets, or this one; the audit log keeps it')
  setExamples(command, [
    { line: 'crm show acme', what: 'all settings, secrets masked' },
    { line: 'crm show acme --reveal apiKey', what: 'in a pipe: the bare value' },
    { line: 'crm show acme --json', what: 'for scripts' },
  ])
  setStatuses(command, [3, 6])
  command.action(action(app, 'show', (name: string, flags: ShowFlags) => show(app, name, flags)))
}

async function show(app: App, name: string, { reveal }: ShowFlags): Promise<Outcome | undefined> {
  const profile = (await app.profile()).value
  const vault = await app.vaultIfThere()
  const target = (await findStored({ vault, profile }, name)) ?? (await findOther(app, name))
  if (target.source === 'environment') {
    if (reveal !== undefined)
      throw new CrmError('usage', `${target.name} is made of variables, which hold its secrets`, { hint: 'print the variable itself' })
    return done(SCHEMA, { integration: environmentAnswer(target, profile), test: null } satisfies IntegrationOneAnswer, view)
  }
  if (reveal !== undefined) return revealed(app, target.name, reveal)
  const integration = await verified(app, profile, target.name)
  return done(SCHEMA, { integration: toAnswer(integration), test: null } satisfies IntegrationOneAnswer, view, {
    warnings: integration.verified ? [] : [{ code: 'not_verified', message: 'not verified: the profile is locked' }],
  })
}

/** What a name means that no stored integration has: a provider, or its variables. */
async function findOther(app: App, name: string): Promise<Target> {
  const providers = await app.providers()
  const { findTarget } = await import('../usecases/find-target.ts')
  return findTarget({ vault: await app.vaultIfThere(), profile: (await app.profile()).value, providers, environment: app.world.env }, name)
}

/** The opened record where a key is at hand without asking; what stands in the readable columns otherwise. */
async function verified(app: App, profile: string, name: string) {
  try {
    return (await (await app.unlockSilently(profile)).open(name)).integration
  } catch (error) {
    if (!(error instanceof CrmError) || error.code !== 'locked') throw error
    return (await app.vault()).find(profile, name)
  }
}

async function revealed(app: App, name: string, field: string | true): Promise<Outcome | undefined> {
  const { ui } = app
  const onTerminal = app.world.stdout.isTTY && !ui.flags.json
  if (onTerminal && !(await ui.confirm(`Show ${field === true ? 'the secrets' : field} of ${name} on this terminal?`))) {
    throw new CrmError('cancelled', 'Cancelled. Nothing was shown.')
  }
  const unlocked = await app.unlock()
  const { integration, secrets } = await unlocked.reveal(name, field === true ? undefined : field)
  const values = Object.values(secrets).map((secret) => secret.reveal())
  const [only] = values
  if (field !== true && only !== undefined && !ui.flags.json) {
    ui.reveal(only)
    return undefined
  }
  return done(SCHEMA, { integration: toAnswer(integration, secrets), test: null } satisfies IntegrationOneAnswer, view, { reveals: values })
}
