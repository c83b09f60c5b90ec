import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'

/** An authorization server on loopback: `oidc-provider`, which signs everybody in as Ann and rotates refresh tokens. */
export interface AuthorizationServer {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** The grant types of the token requests that were answered, in order, with their status. */
  readonly tokenRequests: readonly { readonly grantType: string; readonly status: number }[]
  close(): Promise<void>
}

/** How the server differs from a plain one. */
export interface ServerOptions {
  /** The redirect URIs of its client. */
  readonly redirectUris: readonly string[]
  /** Refuses to sign anybody in. */
  readonly refuses?: boolean
  /** Seconds that an access token lasts; default an hour. */
  readonly lifetimeS?: number
  /** Lets every token request wait, in milliseconds, so that others come meanwhile. */
  readonly slowMs?: number
  /** How the client proves itself; default `client_secret_post`. */
  readonly clientAuth?: 'client_secret_post' | 'client_secret_basic' | 'none'
}

const CLIENT = { clientId: 'crm-test', clientSecret: 'canary-client-secret-0123456789' }

/** Starts the server. */
export async function startAuthorizationServer(options: ServerOptions): Promise<AuthorizationServer> {
  const http = createServer()
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const provider = new Provider(issuer, configuration(options))
  const tokenRequests: { grantType: string; status: number }[] = []
  const serve = provider.callback()
  http.on('request', async (request, response) => {
    const path = request.url ?? ''
    if (path.startsWith('/interaction/')) return interact(provider, request, response, options.refuses === true)
    if (path !== '/token') return serve(request, response)
    const entry = { grantType: '', status: 0 }
    tokenRequests.push(entry)
    const form: Buffer[] = []
    request.on('data', (chunk: Buffer) => form.push(chunk))
    response.on('finish', () => {
      entry.grantType = new URLSearchParams(Buffer.concat(form).toString()).get('grant_type') ?? ''
      entry.status = response.statusCode
    })
    if (options.slowMs === undefined) return serve(request, response)
    request.pause()
    setTimeout(() => serve(request, response), options.slowMs)
  })
  return {
    issuer,
    ...CLIENT,
    tokenRequests,
    close: () => {
      http.closeAllConnections()
      return new Promise((resolve) => http.close(() => resolve()))
    },
  }
}

function configuration({ redirectUris, lifetimeS = 3600, clientAuth = 'client_secret_post' }: ServerOptions): Record<string, unknown> {
  return {
    clients: [
      {
        client_id: CLIENT.clientId,
        ...(clientAuth === 'none' ? {} : { client_secret: CLIENT.clientSecret }),
        redirect_uris: redirectUris,
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        application_type: 'native',
        token_endpoint_auth_method: clientAuth,
      },
    ],
    scopes: ['openid', 'offline_access'],
    cookies: { keys: ['a key of the tests'] },
    features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
    interactions: { url: (_context: unknown, { uid }: { readonly uid: string }) => `/interaction/${uid}` },
    findAccount: async (_context: unknown, id: string) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    pkce: { required: () => true },
    ttl: {
      AccessToken: lifetimeS,
      AuthorizationCode: 60,
      RefreshToken: 86_400,
      Grant: 86_400,
      Interaction: 600,
      Session: 600,
      IdToken: 600,
    },
  }
}

/** Stands in for the person at the sign-in page. */
async function interact(provider: Provider, request: IncomingMessage, response: ServerResponse, refuses: boolean): Promise<void> {
  if (refuses) {
    const denied = { error: 'access_denied', error_description: 'Ann does not want to' }
    return provider.interactionFinished(request, response, denied)
  }
  const { params } = await provider.interactionDetails(request, response)
  const grant = new provider.Grant({ accountId: 'ann', clientId: params.client_id })
  grant.addOIDCScope(params.scope)
  return provider.interactionFinished(request, response, { login: { accountId: 'ann' }, consent: { grantId: await grant.save() } })
}
