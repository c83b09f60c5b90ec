import * as oauth from 'oauth4webapi'
import type { TokenEndpoint, Tokens } from '../core/grant.ts'
import { clientAuthOf, type OAuthTools, Refused, sendForm, serverOf } from './token-request.ts'

/**
 * Gives tokens back (RFC 7009): the refresh token where there is one, with which the server ends the others too. A token that the server
 * does not know any more counts as given back.
 * @throws {Refused} when the server says no.
 * @throws {CrmError} `unreachable`, `provider_error`, `cancelled`: the question could not be put.
 */
export async function revokeTokens(endpoint: TokenEndpoint, revocationUrl: URL, tokens: Tokens, tools: OAuthTools): Promise<void> {
  const server = { ...serverOf(endpoint, revocationUrl.origin), revocation_endpoint: revocationUrl.href }
  const client = { client_id: endpoint.clientId }
  const { refreshToken, accessToken } = tokens
  const response = await oauth.revocationRequest(server, client, clientAuthOf(endpoint), (refreshToken ?? accessToken).reveal(), {
    [oauth.allowInsecureRequests]: true,
    [oauth.customFetch]: async (address, { body, headers, method }) => {
      const answer = await sendForm(endpoint, tools, { url: new URL(address), method, headers, body: String(body) })
      const type = answer.headers['content-type']
      return new Response(answer.status === 200 ? null : new Uint8Array(answer.body), {
        status: answer.status,
        ...(type === undefined ? {} : { headers: { 'content-type': type } }),
      })
    },
    additionalParameters: { token_type_hint: refreshToken === null ? 'access_token' : 'refresh_token' },
    signal: tools.signal,
  })
  if (response.status === 200) return
  const { error, description } = await refusalIn(response)
  throw new Refused({ step: 'refresh_token', status: response.status, error, description })
}

/** What a refusal says, in the words of RFC 6749 section 5.2 where it has them. */
async function refusalIn(response: Response): Promise<{ readonly error: string; readonly description: string }> {
  try {
    await oauth.processRevocationResponse(response)
  } catch (error) {
    if (error instanceof oauth.ResponseBodyError) return { error: error.error, description: error.error_description ?? '' }
  }
  return { error: 'server_error', description: '' }
}
