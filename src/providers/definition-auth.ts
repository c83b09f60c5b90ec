import type { ApiAccess, Authorization, Capture, Grant, TokenEndpoint, Tokens } from '../core/grant.ts'
import { Secret } from '../core/secret.ts'
import { basicOf, bearerOf } from './auth-headers.ts'
import { readHeaders } from './custom-auth.ts'
import { type Definition, type OAuthOf, oauthOf, type Placement } from './definition-format.ts'
import { headerName, headerOf, headersOf, pairsOf, type Sources, textOf, urlOf, usernameOf } from './definition-template.ts'

/** Seconds that a token lasts whose answer does not say. */
const LIFETIME_S = 3600

/** Where a bearer token stands when the definition does not say. */
const BEARER: Placement = { in: 'header', name: 'Authorization', prefix: 'Bearer ' }

/** What authenticates a request, whatever it asks for. A signature is made for each request instead; see `definition-hmac.ts`. */
export type Credential = Pick<Required<ApiAccess>, 'headers' | 'query'>

/** The headers and parameters that carry the credential. @throws {CrmError} `usage` for a value that may not stand there. */
export function credentialOf(sources: Sources): Credential {
  const { auth } = sources.definition
  switch (auth.type) {
    case 'none':
    case 'hmac':
      return { headers: {}, query: {} }
    case 'api_key':
      return placed(sources, auth.place, auth.place.in === 'header' ? headerOf(sources, auth.value) : textOf(sources, auth.value))
    case 'bearer':
      return { headers: { authorization: new Secret(bearerOf(headerOf(sources, auth.token))) }, query: {} }
    case 'basic': {
      const value = basicOf(usernameOf(sources, auth.username), textOf(sources, auth.password))
      return { headers: { authorization: new Secret(value) }, query: {} }
    }
    case 'headers':
      return { headers: { ...headersOf(sources, auth.headers), ...jsonHeaders(sources, auth.jsonField) }, query: {} }
    case 'oauth2_client_credentials':
    case 'oauth2_authorization_code':
      return placed(sources, auth.place ?? BEARER, sources.accessToken?.reveal() ?? '')
  }
}

/** A value where the definition wants it. */
export function placed(sources: Sources, { in: where, name, prefix = '' }: Placement, value: string): Credential {
  const secret = new Secret(`${prefix}${value}`)
  return where === 'query' ? { headers: {}, query: { [name]: secret } } : { headers: { [headerName(sources, name)]: secret }, query: {} }
}

function jsonHeaders({ values }: Sources, field: string | undefined): Readonly<Record<string, Secret>> {
  const given = field === undefined || !Object.hasOwn(values, field) ? undefined : values[field]
  const text = given instanceof Secret ? given.reveal() : typeof given === 'string' ? given : undefined
  if (text === undefined) return {}
  return Object.fromEntries(readHeaders(text).entries.map(([name, value]) => [name.toLowerCase(), new Secret(value)]))
}

/** Where the API of a definition answers, and what a request needs. @param tokens those of its grant. */
export function accessOf(definition: Definition, values: Sources['values'], tokens?: Tokens): ApiAccess {
  const sources = sourcesOf(definition, values, tokens)
  const { headers, query } = credentialOf(sources)
  const baseUrl = urlOf(sources, definition.baseUrl).href.replace(/\/$/, '')
  return { baseUrl, headers, ...(Object.keys(query).length === 0 ? {} : { query }) }
}

/** What the templates of one run are filled with. */
export function sourcesOf(definition: Definition, values: Sources['values'], tokens?: Tokens): Sources {
  return { definition, values, ...(tokens === undefined ? {} : { accessToken: tokens.accessToken, captured: tokens.captured }) }
}

/** How a token is obtained; undefined for a definition that needs none. */
export function grantOf(definition: Definition, values: Sources['values']): Grant | undefined {
  const oauth = oauthOf(definition)
  if (oauth === undefined) return undefined
  const endpoint = endpointOf(definition, oauth, values)
  if (oauth.type === 'oauth2_authorization_code') return { type: 'authorization_code', endpoint }
  const scope = scopeOf(oauth)
  return { type: 'client_credentials', endpoint, ...(scope === undefined ? {} : { scope }) }
}

function endpointOf(definition: Definition, oauth: OAuthOf, values: Sources['values']): TokenEndpoint {
  const { token } = oauth
  const revokeUrl = oauth.type === 'oauth2_authorization_code' ? oauth.revokeUrl : undefined
  const sources = sourcesOf(definition, values)
  const secret = token.clientSecret === undefined ? '' : textOf(sources, token.clientSecret)
  return {
    url: urlOf(sources, token.url),
    clientId: textOf(sources, token.clientId),
    ...(secret === '' ? {} : { clientSecret: new Secret(secret) }),
    clientAuth: token.clientAuth === 'basic' ? 'basic' : 'post',
    bodyFormat: token.bodyFormat ?? 'form',
    parameters: Object.fromEntries(pairsOf(sources, token.extra)),
    headers: headersOf(sources, token.headers),
    captures: Object.fromEntries(Object.entries(token.capture ?? {}).map(([name, at]): [string, Capture] => [name, { at }])),
    answer: {
      accessToken: token.accessToken ?? '/access_token',
      refreshToken: token.refreshToken ?? '/refresh_token',
      expiresIn: token.expiresIn ?? '/expires_in',
      ...(token.expiresUnit === 'ms' ? { expiryIsMs: true } : {}),
      error: token.errorAt ?? '/error',
      lifetimeS: token.defaultLifetimeSeconds ?? LIFETIME_S,
    },
    ...(revokeUrl === undefined ? {} : { revocationUrl: urlOf(sources, revokeUrl) }),
    publicOnly: values.allowPrivateNetwork !== true,
  }
}

function scopeOf({ scopes = [], scopeSeparator = ' ' }: OAuthOf): string | undefined {
  return scopes.length === 0 ? undefined : scopes.join(scopeSeparator)
}

/** The sign-in in a browser; undefined for a definition without one. */
export function authorizationOf(definition: Definition, values: Sources['values']): Authorization | undefined {
  const { auth } = definition
  if (auth.type !== 'oauth2_authorization_code') return undefined
  const sources = sourcesOf(definition, values)
  const scope = scopeOf(auth)
  return {
    url: urlOf(sources, auth.authorizeUrl),
    clientId: textOf(sources, auth.token.clientId),
    ...(scope === undefined ? {} : { scope }),
    parameters: Object.fromEntries(pairsOf(sources, auth.authorizeExtra)),
    pkce: auth.pkce !== 'off',
    redirect: { port: Number(values.redirectPort ?? auth.redirectPort ?? 0), path: auth.redirectPath ?? '/callback' },
  }
}
