import type { Command } from 'commander'
import type { AuthorizeAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { requireProvider } from '../usecases/add-integrations.ts'
import { authorizeFor, readRequest } from '../usecases/remote-sign-in.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { type SignInFlags, waitingFor } from './browser-sign-in.ts'
import { setExamples, setStatuses } from './help-format.ts'

export function define(command: Command, app: App): void {
  command
    .argument('<provider>', 'kind of CRM')
    .argument('<request>', 'what the other machine has printed')
    .option('--no-browser', 'print the address, open nothing (BROWSER=none)')
  setExamples(command, [{ line: 'crm authorize salesforce crm-request-1...', what: 'for crm login --remote on a server' }])
  setStatuses(command, [4, 6, 9, 11])
  command.action(
    action(app, 'authorize', (provider: string, request: string, flags: SignInFlags) => authorize(app, provider, request, flags)),
  )
}

/** Needs no vault and no secret: the code that comes out is sealed for the machine that has asked, and of no use to anybody else. */
async function authorize(app: App, id: string, request: string, flags: SignInFlags): Promise<Outcome> {
  const provider = requireProvider(await app.providers(), id)
  const wanted = readRequest(request).provider
  if (wanted !== provider.id) {
    throw new CrmError('usage', `the request is not for ${provider.id}`, { hint: 'run the command as the other machine has printed it' })
  }
  const world = { clock: app.world.clock, signal: app.signal }
  const code = await waitingFor(app, provider, flags, (shows) => authorizeFor({ ...world, ...shows }, provider, request))
  const data: AuthorizeAnswer = { provider: provider.id, code }
  return done('crm.authorize/1', data, async () => (await import('../terminal/views/authorize.ts')).authorizeView)
}
