import type { TokenRefusal } from '../core/grant.ts'
import type { Refusal } from '../core/provider.ts'

/** What a refusal of HubSpot's token endpoint means (contract section 4.2); undefined for one that it does not name. */
export function explainRefusal(auth: string, { step, error, description }: TokenRefusal): Refusal | undefined {
  const said = `${error} ${description}`.toLowerCase()
  if (/bad_client_id/.test(said)) return client('client id', '--client-id <text>')
  if (/bad_client_secret/.test(said)) return client('client secret', '--client-secret-stdin')
  if (/invalid_client/.test(said)) return client('client id or client secret', '--client-id <text> --client-secret-stdin')
  if (/redirect_uri/.test(said)) {
    return {
      cause: 'permission_denied',
      message: 'the app does not list the redirect URL of crm',
      hint: 'add http://localhost:<port>/oauth-callback to its redirect URLs, then: crm login {name}',
    }
  }
  if (/bad_auth_code/.test(said) || (step === 'authorization_code' && /invalid_grant/.test(said))) {
    return {
      cause: 'auth_rejected',
      message: 'the code of the sign-in has expired or was used before',
      hint: 'sign in again: crm login {name}',
    }
  }
  if (!/bad_refresh_token|invalid_grant/.test(said)) return undefined
  return {
    cause: 'auth_rejected',
    message: 'the refresh token is not valid: it was revoked, belongs to another app, or the app was uninstalled',
    hint:
      auth === 'refresh_token'
        ? 'give a new one: crm edit {name} --refresh-token-stdin, or sign in: crm login {name}'
        : 'sign in again: crm login {name}',
  }
}

function client(what: string, flags: string): Refusal {
  return {
    cause: 'auth_rejected',
    message: `HubSpot does not accept the ${what}`,
    hint: `copy it again from the Auth tab of the app: crm edit {name} ${flags}`,
  }
}
