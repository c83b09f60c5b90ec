import type { TokenRefusal } from '../core/grant.ts'
import type { Refusal } from '../core/provider.ts'

/** What a refusal of the token endpoint means (contract section 4.2): the texts are the only thing that tells them apart. */
export function explainRefusal(auth: string, { step, error, description }: TokenRefusal): Refusal | undefined {
  const said = `${error} ${description}`.toLowerCase()
  if (/redirect_uri/.test(said)) {
    const hint = 'set the callback URL of the app to http://localhost:<port>, then: crm login {name}'
    return { cause: 'permission_denied', message: 'the callback URL of the app is another one', hint }
  }
  if (/invalid[_ ]client/.test(said)) {
    const hint = 'copy both again from the Developer Hub: crm edit {name} --client-id <text> --client-secret-stdin'
    return { cause: 'auth_rejected', message: 'Pipedrive does not accept client ID or client secret', hint }
  }
  if (/authorization_code/.test(said) || (step === 'authorization_code' && /invalid[_ ]grant/.test(said))) {
    const message = 'the code of the sign-in has expired or was used before'
    return { cause: 'auth_rejected', message, hint: 'sign in again: crm login {name}' }
  }
  if (!/refresh_token is invalid|invalid[_ ]grant/.test(said)) return undefined
  return {
    cause: 'auth_rejected',
    message: 'the refresh token is not valid: used elsewhere, unused for 60 days, or the app was uninstalled',
    hint:
      auth === 'refresh_token'
        ? 'give a new one: crm edit {name} --refresh-token-stdin, or sign in: crm login {name}'
        : 'sign in again: crm login {name}',
  }
}
