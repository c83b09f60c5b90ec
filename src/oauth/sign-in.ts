import * as oauth from 'oauth4webapi'
import { CrmError } from '../core/errors.ts'
import type { Authorization, Captured, TokenEndpoint, Tokens } from '../core/grant.ts'
import { inSeconds } from '../core/time.ts'
import { listenForCallback } from './callback-listener.ts'
import { readCaptures } from './token-answer.ts'
import { clientAuthOf, type OAuthTools, Refused, serverOf, TokenExchange } from './token-request.ts'

/** How long a sign-in may take, in milliseconds (`security.md` section 13). */
export const SIGN_IN_MS = 180_000

/** What a sign-in needs of the world. */
export interface SignInTools extends OAuthTools {
  /** Shows the address to the person, and opens it where that is possible. Called once the way back is open. */
  readonly show: (address: URL) => void
  /** Told when somebody else knocked, or the answer of another sign-in came. */
  readonly onStranger: () => void
  /** Default {@link SIGN_IN_MS}. */
  readonly limitMs?: number
}

/** What a sign-in asked for, kept until its answer is redeemed. */
export interface SignInRequest {
  readonly authorization: Authorization
  readonly redirectUri: string
  readonly state: string
  /** Undefined without PKCE. */
  readonly challenge: string | undefined
}

/** The secret half of a request: state of 256 bits, and the verifier of PKCE (RFC 7636). */
export interface SignInSecrets {
  readonly state: string
  readonly verifier: string
}

/** New random secrets for one sign-in. */
export function newSignIn(): SignInSecrets {
  return { state: oauth.generateRandomState(), verifier: oauth.generateRandomCodeVerifier() }
}

/** The challenge that belongs to a verifier: S256, always. */
export function challengeOf(authorization: Authorization, { verifier }: SignInSecrets): Promise<string | undefined> {
  return authorization.pkce ? oauth.calculatePKCECodeChallenge(verifier) : Promise.resolve(undefined)
}

/** The address that a person opens to sign in. */
export function signInAddress({ authorization, redirectUri, state, challenge }: SignInRequest): URL {
  const address = new URL(authorization.url)
  const parameters: Record<string, string | undefined> = {
    ...authorization.parameters,
    response_type: 'code',
    client_id: authorization.clientId,
    redirect_uri: redirectUri,
    scope: authorization.scope,
    state,
    code_challenge: challenge,
    code_challenge_method: challenge === undefined ? undefined : 'S256',
  }
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) address.searchParams.set(name, value)
  return address
}

/**
 * Signs a person in with the browser of this machine, and redeems the code.
 * @param endpointFor the token endpoint, given what the callback named.
 * @throws {Refused} when the authorization server says no.
 * @throws {CrmError} `auth_rejected` when nobody signs in in time, `conflict` when the port is taken, `provider_error` for an answer
 *   of another server.
 */
export async function signIn(
  authorization: Authorization,
  endpointFor: (captured: Captured) => TokenEndpoint,
  tools: SignInTools,
): Promise<Tokens> {
  const secrets = newSignIn()
  const listener = await listenForCallback(authorization.redirect, secrets.state, tools.onStranger)
  try {
    const { redirectUri } = listener
    const challenge = await challengeOf(authorization, secrets)
    tools.show(signInAddress({ authorization, redirectUri, state: secrets.state, challenge }))
    const parameters = await inTime(listener.answer, tools.limitMs ?? SIGN_IN_MS, tools.signal)
    return await redeem({ authorization, redirectUri, secrets, parameters, endpointFor }, tools)
  } finally {
    await listener.close()
  }
}

/** Waits for the browser to come back once, for somebody who redeems the code elsewhere. */
export async function waitForCallback(
  request: Omit<SignInRequest, 'redirectUri'>,
  tools: Omit<SignInTools, 'http'>,
): Promise<{ readonly redirectUri: string; readonly parameters: URLSearchParams }> {
  const listener = await listenForCallback(request.authorization.redirect, request.state, tools.onStranger)
  try {
    tools.show(signInAddress({ ...request, redirectUri: listener.redirectUri }))
    const parameters = await inTime(listener.answer, tools.limitMs ?? SIGN_IN_MS, tools.signal)
    return { redirectUri: listener.redirectUri, parameters }
  } finally {
    await listener.close()
  }
}

/** A callback with all that its code can be redeemed with. */
export interface Redeemable {
  readonly authorization: Authorization
  readonly redirectUri: string
  readonly secrets: SignInSecrets
  readonly parameters: URLSearchParams
  readonly endpointFor: (captured: Captured) => TokenEndpoint
}

/** Checks the callback - state, issuer (RFC 9207), refusal - and exchanges its code for tokens. @throws as {@link signIn}. */
export async function redeem(
  { authorization, redirectUri, secrets, parameters, endpointFor }: Redeemable,
  tools: OAuthTools,
): Promise<Tokens> {
  const captured = readCaptures((name) => parameters.get(name) ?? undefined, authorization.captures ?? {}, authorization.url.host)
  const endpoint = endpointFor(captured)
  const server = serverOf(endpoint, authorization.issuer ?? authorization.url.origin)
  const client = { client_id: endpoint.clientId }
  const checked = checkCallback(server, client, parameters, secrets.state)
  const exchange = new TokenExchange(endpoint, tools)
  const tokens = await exchange.run('authorization_code', async () => {
    const verifier = authorization.pkce ? secrets.verifier : oauth.nopkce
    const auth = clientAuthOf(endpoint)
    const response = await oauth.authorizationCodeGrantRequest(server, client, auth, checked, redirectUri, verifier, exchange.options)
    return oauth.processAuthorizationCodeResponse(server, client, response)
  })
  return { ...tokens, captured: { ...captured, ...tokens.captured } }
}

function checkCallback(
  server: oauth.AuthorizationServer,
  client: oauth.Client,
  parameters: URLSearchParams,
  state: string,
): URLSearchParams {
  try {
    return oauth.validateAuthResponse(server, client, parameters, state)
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) {
      throw new Refused({ step: 'sign_in', status: 0, error: error.error, description: error.error_description ?? '' })
    }
    const isForeign = parameters.has('iss') && parameters.get('iss') !== server.issuer
    throw new CrmError('provider_error', `the answer of the sign-in is not one of ${new URL(server.issuer).host}`, {
      reason: isForeign ? 'it names another authorization server; its code was not used' : 'it holds no code that could be used',
      hint: 'sign in again: crm login {name}',
      cause: error,
    })
  }
}

/** @throws {CrmError} `auth_rejected` when the time is over; the reason of the signal. */
async function inTime<T>(answer: Promise<T>, limitMs: number, signal: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  let stop: (() => void) | undefined
  const ended = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason)
    timer = setTimeout(() => reject(nobodyCame(limitMs)), limitMs)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
  })
  try {
    return await Promise.race([answer, ended])
  } finally {
    clearTimeout(timer)
    if (stop !== undefined) signal.removeEventListener('abort', stop)
  }
}

function nobodyCame(limitMs: number): CrmError {
  return new CrmError('auth_rejected', `nobody signed in within ${inSeconds(limitMs)}`, {
    reason: 'a page of the CRM that names an error does not come back: the app must list the callback URL and the scopes exactly',
    hint: 'sign in again: crm login {name}',
    retryable: true,
  })
}
