import type { Command } from 'commander'
import { errorFor } from '../chatwoot/demo-target.ts'
import type { EnvAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'
import { type Access, type AccessedIntegration, accessTo, variablesOf } from '../usecases/api-access.ts'
import { findTarget } from '../usecases/find-target.ts'
import { inactive } from '../usecases/usable-target.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { openForUse } from './open-for-use.ts'

export function define(command: Command, app: App): void {
  command.argument('<name>', 'an integration, or a provider of which there is one')
  setExamples(command, [
    { line: 'eval "$(crm env acme)"', what: 'variables of this shell, with a valid token; the audit log keeps it' },
    { line: 'crm env acme --json', what: 'base URL, headers and token for a script' },
  ])
  setStatuses(command, [3, 4, 5, 6, 7, 8, 9, 11])
  command.action(action(app, 'env', (name: string) => env(app, name)))
}

/** Hands over what calls the API: a reveal, asked for on a terminal and written to the audit log before anything is printed. */
async function env(app: App, text: string): Promise<Outcome | undefined> {
  const integration = await found(app, text)
  const { name, unlocked, provider } = integration
  if (app.world.stdout.isTTY && !app.ui.flags.json && !(await app.ui.confirm(`Show the credentials of ${name} on this terminal?`)))
    throw new CrmError('cancelled', 'Cancelled. Nothing was shown.')
  const source = unlocked === undefined ? 'environment' : 'vault'
  const access = await accessTo(async () => {
    const http = await app.http()
    return { http: http.request, clock: app.world.clock, signal: app.signal }
  }, integration).catch((error: unknown) => {
    throw errorFor({ name, source }, error)
  })
  app.throwIfStopped()
  const variables = variablesOf(integration, access)
  await unlocked?.record('integration.reveal', { name, fields: Object.keys(variables), by: 'env' })
  const reveals = revealed({ ...access.headers, ...access.query, ...variables }, access)
  if (!app.ui.flags.json) {
    app.ui.reveal(
      Object.entries(variables)
        .map(([key, value]) => `export ${key}=${quoted(plain(value))}\n`)
        .join(''),
    )
    return undefined
  }
  const data: EnvAnswer = {
    name,
    provider: provider.id,
    source,
    baseUrl: access.baseUrl,
    headers: inPlain(access.headers),
    query: inPlain(access.query ?? {}),
    accessToken: access.accessToken?.reveal() ?? null,
    expiresAt: access.expiresAt,
    variables: inPlain(variables),
  }
  return done('crm.env/1', data, async () => (await import('../terminal/views/env.ts')).envView, { reveals })
}

async function found(app: App, text: string): Promise<AccessedIntegration> {
  const providers = await app.providers()
  const vault = await app.vaultIfThere()
  const target = await findTarget({ vault, profile: (await app.profile()).value, providers, environment: app.world.env }, text)
  if (target.source === 'environment') return target
  if (!target.active) throw inactive(target.name)
  const unlocked = await app.unlock()
  const { provider, values } = await openForUse(app, unlocked, target.name)
  return { name: target.name, provider, values, unlocked }
}

type Values = Readonly<Record<string, string | Secret>>

const plain = (value: string | Secret): string => (value instanceof Secret ? value.reveal() : value)

function inPlain(values: Values): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, plain(value)]))
}

/** Everything secret that is about to be printed on purpose. */
function revealed(values: Values, { accessToken }: Access): string[] {
  const secrets = Object.values(values).filter((value) => value instanceof Secret)
  return [...secrets, ...(accessToken === null ? [] : [accessToken])].map((secret) => secret.reveal())
}

/** A value for any POSIX shell: between single quotes nothing means anything. */
function quoted(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`
}
