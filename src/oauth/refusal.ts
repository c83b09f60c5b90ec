import type { TokenRefusal } from '../core/grant.ts'
import type { Refusal } from '../core/provider.ts'

const SIGN_IN = 'sign in again: crm login {name}'
const LOOK = 'compare the settings with those of the app in the CRM: crm show {name}'

/** What a refusal means by RFC 6749 sections 4.1.2.1 and 5.2 alone. Nothing of the server's text is repeated. */
export function refusalByStandard({ step, error }: TokenRefusal): Refusal {
  switch (error) {
    case 'invalid_grant':
      return invalidGrant(step)
    case 'invalid_client':
      return { cause: 'auth_rejected', message: 'the authorization server does not accept client id or client secret', hint: LOOK }
    case 'access_denied':
      return { cause: 'auth_rejected', message: 'the sign-in was refused', hint: SIGN_IN }
    case 'unauthorized_client':
    case 'unsupported_grant_type':
    case 'unsupported_response_type':
      return { cause: 'permission_denied', message: 'the app may not be used in this way to authenticate', hint: LOOK }
    case 'invalid_scope':
      return { cause: 'permission_denied', message: 'the app does not have the scopes that were asked for', hint: LOOK }
    case 'server_error':
    case 'temporarily_unavailable':
      return {
        cause: 'provider_error',
        message: 'the authorization server has a fault of its own',
        hint: 'wait a little, then: crm test {name}',
      }
    default:
      return { cause: 'auth_rejected', message: `the authorization server refused the request (${code(error)})`, hint: LOOK }
  }
}

function invalidGrant(step: TokenRefusal['step']): Refusal {
  const cause = 'auth_rejected'
  if (step === 'refresh_token') return { cause, message: 'the refresh token has expired or was revoked', hint: SIGN_IN }
  if (step === 'authorization_code') return { cause, message: 'the code has expired or was used before', hint: SIGN_IN }
  return { cause, message: 'the authorization server does not accept the credential', hint: LOOK }
}

/** An error code is a word of the vendor's. Anything longer could be what we sent, sent back. */
function code(error: string): string {
  return /^[a-z_]{1,40}$/i.test(error) ? error : 'an error of its own'
}
