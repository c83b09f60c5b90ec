import * as oauth from 'oauth4webapi'
import { CrmError } from '../core/errors.ts'
import type { Grant, TokenEndpoint, Tokens } from '../core/grant.ts'
import { Secret } from '../core/secret.ts'
import { signAssertion } from './assertion.ts'
import { clientAuthOf, type OAuthTools, serverOf, TokenExchange } from './token-request.ts'

/** RFC 7523 section 2.1. */
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/**
 * Obtains tokens: by the grant, or by the refresh token of those that are held. One request; none for a static token.
 * What an answer leaves out - the refresh token, an address - stays as it was.
 * @throws {import('./token-request.ts').Refused} when the server says no.
 * @throws {CrmError} `auth_rejected` when somebody has to sign in first, and whatever kept the request from being answered.
 */
export async function obtainTokens(grant: Grant, held: Tokens | undefined, tools: OAuthTools): Promise<Tokens> {
  switch (grant.type) {
    case 'static':
      return { accessToken: grant.accessToken, refreshToken: null, expiresAtMs: null, scope: null, captured: grant.captured ?? {} }
    case 'client_credentials':
      return ask(grant.endpoint, tools, 'client_credentials', 'client_credentials', grant.scope === undefined ? {} : { scope: grant.scope })
    case 'jwt_bearer':
      return ask(grant.endpoint, tools, 'jwt_bearer', JWT_BEARER, { assertion: signAssertion(grant.assertion, tools.clock()) })
    case 'refresh_token':
      return refresh(grant.endpoint, held?.refreshToken?.reveal() ?? grant.refreshToken.reveal(), held, tools)
    case 'authorization_code': {
      const refreshToken = held?.refreshToken?.reveal()
      if (refreshToken !== undefined) return refresh(grant.endpoint, refreshToken, held, tools)
      if (grant.code === undefined || held !== undefined) throw signInNeeded(held)
      return ask(grant.endpoint, tools, 'authorization_code', 'authorization_code', { code: grant.code.reveal() })
    }
  }
}

function ask(
  endpoint: TokenEndpoint,
  tools: OAuthTools,
  step: 'client_credentials' | 'jwt_bearer' | 'authorization_code' | 'refresh_token',
  grantType: string,
  parameters: Readonly<Record<string, string>>,
): Promise<Tokens> {
  const server = serverOf(endpoint)
  const client = { client_id: endpoint.clientId }
  const exchange = new TokenExchange(endpoint, tools)
  return exchange.run(step, async () => {
    const { additionalParameters: _given, ...options } = exchange.options
    const form = { ...endpoint.parameters, ...parameters }
    const response = await oauth.genericTokenEndpointRequest(server, client, clientAuthOf(endpoint), grantType, form, options)
    return oauth.processGenericTokenEndpointResponse(server, client, response)
  })
}

async function refresh(endpoint: TokenEndpoint, refreshToken: string, held: Tokens | undefined, tools: OAuthTools): Promise<Tokens> {
  const tokens = await ask(endpoint, tools, 'refresh_token', 'refresh_token', { refresh_token: refreshToken })
  return {
    ...tokens,
    refreshToken: tokens.refreshToken ?? new Secret(refreshToken),
    scope: tokens.scope ?? held?.scope ?? null,
    captured: { ...held?.captured, ...tokens.captured },
  }
}

function signInNeeded(held: Tokens | undefined): CrmError {
  return new CrmError('auth_rejected', held === undefined ? 'nobody has signed in yet' : 'the access token has expired', {
    ...(held === undefined ? {} : { reason: 'the server gave no refresh token to renew it with' }),
    hint: 'sign in: crm login {name}',
  })
}
