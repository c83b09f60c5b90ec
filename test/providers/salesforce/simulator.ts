import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Identity } from '../../http/certificates.ts'

/** A Salesforce on loopback: contract section 7, as data and routes. It stands for login hosts and the instance at once. */
export interface SalesforceSimulator {
  readonly port: number
  /** `http://127.0.0.1:port`, or https. */
  readonly origin: string
  /** Every token request: its grant type and what was answered. */
  readonly tokenRequests: readonly { readonly grantType: string; readonly error: string | null }[]
  /** Paths that were asked for, in order. */
  readonly asked: readonly string[]
  /** A refresh token of a sign-in made elsewhere. */
  readonly refreshToken: string
  /** Lets every access token that was given so far expire. */
  expire(): void
  /** Answers so many of the next requests for data with a fault of its own. */
  stumble(times: number): void
  close(): Promise<void>
}

/** How it behaves. */
export interface SimulatorOptions {
  /** Refresh tokens are used once; replaying one revokes the family (contract section 0.4). */
  readonly rotates?: boolean
  readonly tls?: Identity
  /** Refuses every sign-in at the page. */
  readonly refuses?: boolean
  /** Answers the first requests for data with a fault of its own. */
  readonly stumbles?: number
}

/** The app of the simulator. */
export const APP = { clientId: '3MVG9simulated', clientSecret: 'CANARY0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789' }
/** Its org. */
export const INSTANCE = 'https://acme.my.salesforce.com'

interface Sign {
  readonly challenge: string
  readonly redirectUri: string
}

/** Starts the simulator. */
export async function startSalesforce(options: SimulatorOptions = {}): Promise<SalesforceSimulator> {
  const access = new Set<string>()
  const refresh = new Map<string, 'live' | 'used'>()
  const codes = new Map<string, Sign>()
  const tokenRequests: { grantType: string; error: string | null }[] = []
  const asked: string[] = []
  let stumbles = options.stumbles ?? 0
  const fresh = (prefix: string): string => `${prefix}${randomBytes(18).toString('base64url')}`
  const first = fresh('5Aep861')
  refresh.set(first, 'live')

  const grant = (withRefresh: boolean): Record<string, string> => {
    const token = fresh('00Dxx0000001gPL!')
    access.add(token)
    const next = withRefresh ? fresh('5Aep861') : undefined
    if (next !== undefined) refresh.set(next, 'live')
    return {
      access_token: token,
      ...(next === undefined ? {} : { refresh_token: next }),
      instance_url: INSTANCE,
      scope: 'api refresh_token id',
      token_type: 'Bearer',
      issued_at: String(Date.now()),
    }
  }
  const no = (error: string, description: string) => ({ error, error_description: description })

  function token(form: URLSearchParams): Record<string, string> {
    if (form.get('client_id') !== APP.clientId) return no('invalid_client_id', 'client identifier invalid')
    const secret = form.get('client_secret')
    if (secret !== null && secret !== APP.clientSecret) return no('invalid_client', 'invalid client credentials')
    switch (form.get('grant_type')) {
      case 'client_credentials':
        return secret === null ? no('invalid_client', 'invalid client credentials') : grant(false)
      case 'refresh_token':
        return refreshed(form.get('refresh_token') ?? '')
      case 'authorization_code':
        return redeemed(form)
      default:
        return no('unsupported_grant_type', 'grant type not supported')
    }
  }

  function refreshed(given: string): Record<string, string> {
    if (refresh.get(given) !== 'live') {
      // A replay: whoever has the newer token loses it, too.
      if (options.rotates === true && refresh.has(given)) {
        refresh.clear()
        access.clear()
      }
      return no('invalid_grant', 'expired access/refresh token')
    }
    if (options.rotates === true) refresh.set(given, 'used')
    return grant(options.rotates === true)
  }

  function redeemed(form: URLSearchParams): Record<string, string> {
    const sign = codes.get(form.get('code') ?? '')
    codes.delete(form.get('code') ?? '')
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    if (sign?.challenge !== challenge || sign.redirectUri !== form.get('redirect_uri'))
      return no('invalid_grant', 'invalid authorization code')
    return grant(true)
  }

  function signInPage(url: URL, response: ServerResponse): void {
    const parameter = (name: string): string => url.searchParams.get(name) ?? ''
    const back = new URL(parameter('redirect_uri'))
    back.searchParams.set('state', parameter('state'))
    if (options.refuses === true) back.searchParams.set('error', 'OAUTH_APP_ACCESS_DENIED')
    else {
      const code = fresh('aPrx')
      codes.set(code, { challenge: parameter('code_challenge'), redirectUri: parameter('redirect_uri') })
      back.searchParams.set('code', code)
    }
    response.writeHead(302, { location: back.href }).end()
  }

  const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void => {
    response.writeHead(status, { 'content-type': 'application/json;charset=UTF-8', ...headers }).end(JSON.stringify(body))
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', INSTANCE)
    asked.push(url.pathname)
    const body = await text(request)
    if (url.pathname === '/services/oauth2/authorize') return signInPage(url, response)
    if (url.pathname === '/services/oauth2/token') {
      const form = new URLSearchParams(body)
      const answer = token(form)
      tokenRequests.push({ grantType: form.get('grant_type') ?? '', error: answer.error ?? null })
      return json(response, answer.error === undefined ? 200 : 400, answer)
    }
    if (url.pathname === '/services/data/')
      return json(response, 200, [{ label: "Spring '26", url: '/services/data/v66.0', version: '66.0' }])
    const isKnown = access.has(request.headers.authorization?.replace(/^Bearer /, '') ?? '')
    if (url.pathname === '/services/oauth2/userinfo') {
      if (!isKnown) return void response.writeHead(403, { 'content-type': 'text/plain' }).end('Bad_OAuth_Token')
      const names = { name: 'Ann Lee', preferred_username: 'ann@acme.com', email: 'ann@acme.com' }
      return json(response, 200, { ...names, organization_id: '00Dxx0000001gPLEAY', active: true, user_type: 'STANDARD' })
    }
    if (stumbles > 0) {
      stumbles -= 1
      return json(response, 500, [{ message: 'An unexpected error occurred', errorCode: 'UNKNOWN_EXCEPTION' }])
    }
    if (!isKnown) return json(response, 401, [{ message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' }])
    const record = {
      Id: '00Dxx0000001gPLEAY',
      Name: 'Acme',
      OrganizationType: 'Enterprise Edition',
      IsSandbox: false,
      InstanceName: 'NA139',
    }
    return json(response, 200, { totalSize: 1, done: true, records: [record] }, { 'sforce-limit-info': 'api-usage=18/100000' })
  }

  const server = options.tls === undefined ? createServer(serve) : createSecureServer(options.tls, serve)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    origin: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    tokenRequests,
    asked,
    refreshToken: first,
    expire: () => access.clear(),
    stumble(times) {
      stumbles = times
    },
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
