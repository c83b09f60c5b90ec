import type { TokenRefusal } from '../core/grant.ts'
import type { Refusal } from '../core/provider.ts'

const CENTRE = '--data-centre <us|eu|in|au|cn|jp|ca|sa|uk|ae>'
const NEW_CODE = 'generate a code in the API console of the right data centre, then at once: crm edit {name} --grant-code-stdin'

/** What a refusal of the token endpoint means (contract section 3.3); undefined for one that it does not name. */
export function explainRefusal(auth: string, { step, error, description }: TokenRefusal): Refusal | undefined {
  const code = error.toLowerCase().replaceAll(' ', '_')
  const said = description.toLowerCase()
  // It goes first: too many requests are answered with a word that elsewhere means a refused sign-in.
  if (/too many requests/.test(said)) {
    return {
      cause: 'rate_limited',
      message: 'Zoho gives no more access tokens for now: ten in ten minutes at most',
      hint: 'wait ten minutes, then: crm test {name}',
    }
  }
  switch (code) {
    case 'invalid_code':
    case 'invalid_grant':
      return step === 'refresh_token' ? refreshRefused(auth) : codeRefused(auth)
    case 'invalid_client':
      return {
        cause: 'auth_rejected',
        message: 'this data centre does not know the client ID',
        hint: `choose the data centre that the client is registered in: crm edit {name} ${CENTRE}`,
      }
    case 'invalid_client_secret':
      return {
        cause: 'auth_rejected',
        message: 'the client secret is not the one of this data centre',
        hint: 'copy it again from the API console: crm edit {name} --client-secret-stdin',
      }
    case 'invalid_redirect_uri':
      return {
        cause: 'permission_denied',
        message: 'the client does not list the redirect URI of crm',
        hint: 'add http://localhost:<port>/callback in the API console, then: crm login {name}',
      }
    case 'access_denied':
      return { cause: 'auth_rejected', message: 'the sign-in was refused', hint: again(auth) }
    case 'general_error':
    case 'server_error':
      return {
        cause: 'provider_error',
        message: 'the accounts server of Zoho has a fault of its own',
        hint: 'wait a little, then: crm test {name}',
      }
    default:
      return undefined
  }
}

function refreshRefused(auth: string): Refusal {
  return {
    cause: 'auth_rejected',
    message: 'the refresh token is not valid here: of another data centre, revoked, or displaced by twenty newer ones',
    hint: `if the data centre is wrong: crm edit {name} ${CENTRE}; else ${again(auth)}`,
  }
}

function codeRefused(auth: string): Refusal {
  const message = 'the code has expired, was used before, or belongs to another data centre'
  return { cause: 'auth_rejected', message, hint: auth === 'self_client' ? NEW_CODE : again(auth) }
}

function again(auth: string): string {
  if (auth === 'self_client') return NEW_CODE
  return auth === 'refresh_token' ? 'give a new one: crm edit {name} --refresh-token-stdin' : 'sign in again: crm login {name}'
}
