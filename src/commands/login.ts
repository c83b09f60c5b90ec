import type { Command } from 'commander'
import { errorFor } from '../chatwoot/demo-target.ts'
import type { IntegrationOneAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { flagName, type StoredValues } from '../core/field.ts'
import type { Provider } from '../core/provider.ts'
import { toAnswer } from '../usecases/integration-answer.ts'
import { signsIn } from '../usecases/sign-in.ts'
import { recordOf, testError, testValues } from '../usecases/test-integrations.ts'
import { parseStored } from '../usecases/usable-target.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { addSignInFlags, type SignInFlags, signInOn } from './browser-sign-in.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { openForUse } from './open-for-use.ts'
import { parseWholeNumber } from './whole-number.ts'

interface LoginFlags extends SignInFlags {
  readonly redirectPort?: number
}

export function define(command: Command, app: App): void {
  command
    .argument('<name>', 'an integration that is signed in to with a browser')
    .option('--redirect-port <port>', 'port of the callback, this time', (text) => parseWholeNumber(text, '--redirect-port', 1024, 65_535))
  addSignInFlags(command)
  setExamples(command, [{ line: 'crm login salesforce', what: 'sign in again; everything else stays' }])
  setStatuses(command, [3, 4, 5, 6, 7, 8, 9, 11])
  command.action(action(app, 'login', (name: string, flags: LoginFlags) => login(app, name, flags)))
}

/** Signs in again, keeps the new tokens, and tests them. The tokens of before are replaced only once there are new ones. */
async function login(app: App, text: string, flags: LoginFlags): Promise<Outcome> {
  const name = parseStored(text)
  const profile = (await app.profile()).value
  const found = await (await app.vault()).find(profile, name)
  const unlocked = await app.unlock()
  const { provider, values } = await openForUse(app, unlocked, name)
  if (!signsIn(provider, values)) throw noSignIn(name, provider, values)
  const tokens = await signInOn(app, withPort(provider, flags.redirectPort), values, flags).catch((error: unknown) => {
    throw errorFor({ name, source: 'vault' }, error)
  })
  const { fingerprint } = await import('../usecases/stored-tokens.ts')
  await unlocked.saveTokens(name, { tokens, issuedFor: fingerprint(provider, values) }, 'any', 'token.sign-in')
  const http = await app.http()
  const deps = { providers: await app.providers(), http: http.request, clock: app.world.clock, signal: app.signal }
  const tested = await testValues(deps, { source: 'vault', name, profile, provider, values, unlocked })
  await unlocked.recordTests([{ name, ...recordOf(tested, found.revision) }])
  const data: IntegrationOneAnswer = { integration: toAnswer((await unlocked.open(name)).integration), test: tested.result }
  return done('crm.login/1', data, async () => (await import('../terminal/views/changed.ts')).signedInView, {
    warnings: tested.warnings,
    error: testError([tested.result]),
  })
}

/** The same provider with another port for this sign-in. */
function withPort(provider: Provider, port: number | undefined): Provider {
  if (port === undefined) return provider
  return {
    ...provider,
    authorization(values) {
      const authorization = provider.authorization?.(values)
      return authorization && { ...authorization, redirect: { ...authorization.redirect, port } }
    },
  }
}

function noSignIn(name: string, provider: Provider, values: StoredValues): CrmError {
  const flags = Object.keys(values.secrets).map((key) => `--${flagName(key)}-stdin`)
  return new CrmError('usage', `${name} is not signed in to with a browser`, {
    reason: `at ${provider.title} its credential is given, and can be given again`,
    hint: `crm edit ${name}${flags.length === 0 ? '' : ` ${flags[0]}`}`,
  })
}
