import type { StoredValues } from '../core/field.ts'
import type { Tokens } from '../core/grant.ts'
import type { Provider } from '../core/provider.ts'
import { Secret } from '../core/secret.ts'
import { readSecretStdin } from '../terminal/key-sources.ts'
import { beginRemoteSignIn, checkCode } from '../usecases/remote-sign-in.ts'
import type { TokenDeps } from '../usecases/token-source.ts'
import type { App } from './app.ts'

/** Signs in with the browser of another machine: prints what to run there, and takes the sealed code that it prints. */
export async function signInElsewhere(app: App, world: TokenDeps, provider: Provider, values: StoredValues): Promise<Tokens> {
  const remote = await beginRemoteSignIn(provider, values)
  app.ui.tell('On a machine with a browser, run:')
  app.ui.tell(`crm authorize ${provider.id} ${remote.request}`)
  const code = app.ui.interactive
    ? new Secret(await app.ui.ask.secret({ message: 'Paste the code that it prints', check: checkCode }))
    : await readSecretStdin(app.world.stdin, 'the code of crm authorize', app.signal)
  return remote.redeem(code.reveal(), world)
}
