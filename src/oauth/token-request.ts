import * as oauth from 'oauth4webapi'
import { CrmError } from '../core/errors.ts'
import type { Captured, TokenEndpoint, TokenRefusal, Tokens } from '../core/grant.ts'
import type { Clock, Http, HttpResponse } from '../core/ports.ts'
import { Secret } from '../core/secret.ts'
import { readTokenAnswer } from './token-answer.ts'

/** What a token request needs of the world. */
export interface OAuthTools {
  readonly http: Http
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** A token endpoint said no. */
export class Refused extends Error {
  constructor(readonly refusal: TokenRefusal) {
    super(refusal.error)
  }
}

/** The endpoint as the library knows it. The issuer is not checked here: a token endpoint does not send one. */
export function serverOf({ url }: Pick<TokenEndpoint, 'url'>, issuer: string = url.origin): oauth.AuthorizationServer {
  return { issuer, token_endpoint: url.href }
}

/** How the client proves itself. */
export function clientAuthOf({ clientSecret, clientAuth }: TokenEndpoint): oauth.ClientAuth {
  if (clientSecret === undefined) return oauth.None()
  return clientAuth === 'basic' ? oauth.ClientSecretBasic(clientSecret.reveal()) : oauth.ClientSecretPost(clientSecret.reveal())
}

/** A request that the library has written. */
interface WrittenRequest {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Sends a request of the library by our network client, which alone decides about http, redirects, limits and certificates. */
export function sendForm(endpoint: TokenEndpoint, { http, signal }: OAuthTools, request: WrittenRequest): Promise<HttpResponse> {
  const { authorization, 'user-agent': _theirs, ...plain } = request.headers
  const isJson = endpoint.bodyFormat === 'json'
  return http({
    method: request.method as 'POST',
    url: request.url,
    origin: request.url.origin,
    headers: {
      ...plain,
      ...(isJson ? { 'content-type': 'application/json' } : {}),
      ...(authorization === undefined ? {} : { authorization: new Secret(authorization) }),
      ...endpoint.headers,
      accept: 'application/json',
    },
    body: isJson ? JSON.stringify(Object.fromEntries(new URLSearchParams(request.body))) : request.body,
    maxBytes: 1024 * 1024,
    ...(endpoint.publicOnly === undefined ? {} : { publicOnly: endpoint.publicOnly }),
    signal,
  })
}

/** One request to a token endpoint, made by the library and sent by our network client, with what came besides the tokens. */
export class TokenExchange {
  #captured: Captured = {}

  constructor(
    readonly endpoint: TokenEndpoint,
    readonly tools: OAuthTools,
  ) {}

  /** The options that give the library our network client, which alone decides about http, redirects, limits and certificates. */
  get options(): oauth.TokenEndpointRequestOptions {
    return {
      [oauth.allowInsecureRequests]: true,
      [oauth.customFetch]: (url, { body, headers, method }) => this.#send(url, method, headers, String(body)),
      signal: this.tools.signal,
      ...(this.endpoint.parameters === undefined ? {} : { additionalParameters: { ...this.endpoint.parameters } }),
    }
  }

  async #send(address: string, method: string, headers: Readonly<Record<string, string>>, body: string): Promise<Response> {
    const url = new URL(address)
    const response = await sendForm(this.endpoint, this.tools, { url, method, headers, body })
    const {
      status,
      body: answer,
      captured,
    } = readTokenAnswer(response, {
      host: url.host,
      answer: this.endpoint.answer ?? {},
      captures: this.endpoint.captures ?? {},
    })
    this.#captured = captured
    return new Response(JSON.stringify(answer), { status, headers: { 'content-type': 'application/json' } })
  }

  /**
   * Runs one exchange.
   * @throws {Refused} when the server says no.
   * @throws {CrmError} `unreachable`, `provider_error`, `rate_limited`, `cancelled`: the question could not be put.
   */
  async run(step: TokenRefusal['step'], exchange: () => Promise<oauth.TokenEndpointResponse>): Promise<Tokens> {
    const { clock } = this.tools
    const askedMs = clock()
    try {
      const answer = await exchange()
      return {
        accessToken: new Secret(answer.access_token),
        refreshToken: answer.refresh_token === undefined ? null : new Secret(answer.refresh_token),
        // Counted from the question: a slow answer does not make a token live longer.
        expiresAtMs: answer.expires_in === undefined ? null : askedMs + Math.round(answer.expires_in * 1000),
        scope: answer.scope ?? null,
        captured: this.#captured,
      }
    } catch (error) {
      if (error instanceof CrmError) throw error
      if (error instanceof oauth.ResponseBodyError) {
        throw new Refused({ step, status: error.status, error: error.error, description: error.error_description ?? '' })
      }
      throw new CrmError('provider_error', `${this.endpoint.url.host} did not answer as a token endpoint`, {
        hint: 'check the host of the integration: crm show {name}',
        cause: error,
      })
    }
  }
}
