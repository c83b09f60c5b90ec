/** Format 1 of a CRM that is data. Every text of a request may be a template; see `definition-template.ts`. */

/** What kind of value a field takes. `host` is a part of a host name, `jsonHeaders` a JSON object of header names to values. */
export type DefinedKind =
  | 'text'
  | 'secret'
  | 'multilineSecret'
  | 'host'
  | 'url'
  | 'email'
  | 'integer'
  | 'boolean'
  | 'choice'
  | 'jsonHeaders'

/** One value that a definition asks for. */
export interface DefinedField {
  /** camelCase. */
  readonly name: string
  readonly label: string
  readonly kind: DefinedKind
  /** Default: what is used to authenticate is secret, but for addresses, choices and the client id. */
  readonly secret?: boolean
  /** Default true. */
  readonly required?: boolean
  readonly help?: string
  readonly example?: string
  /** What the text must match, in the restricted subset of `definition-pattern.ts`. */
  readonly pattern?: string
  /** In characters. */
  readonly minLength?: number
  readonly maxLength?: number
  readonly choices?: readonly { readonly value: string; readonly label?: string }[]
  readonly default?: string | number | boolean
  /** What stands before and after the value where a person sees it whole. Pasted with it, it is taken away. */
  readonly prefix?: string
  readonly suffix?: string
  /** The variable read with `--from-env`; default the id and the name in capitals. */
  readonly env?: string
  readonly docsUrl?: string
  /** Filled by what the token call captures under its name; never asked for. */
  readonly automated?: boolean
  readonly visibleWhen?: { readonly field: string; readonly equals: string | number | boolean }
}

/** A name and the template of its value. */
export interface Pair {
  readonly name: string
  readonly value: string
  /** Leaves the pair out where the value is empty. */
  readonly skipIfEmpty?: boolean
}

/** Where a credential stands in a request. An address with its key is a secret and never shown. */
export interface Placement {
  readonly in: 'header' | 'query'
  readonly name: string
  readonly prefix?: string
}

/** The call that gives an access token (RFC 6749 section 3.2). */
export interface TokenCall {
  readonly url: string
  readonly clientId: string
  readonly clientSecret?: string
  /** Default `body`. */
  readonly clientAuth?: 'body' | 'basic'
  /** Default `form`. */
  readonly bodyFormat?: 'form' | 'json'
  readonly extra?: readonly Pair[]
  readonly headers?: readonly Pair[]
  /** JSON pointers; default the names of RFC 6749. */
  readonly accessToken?: string
  readonly refreshToken?: string
  readonly expiresIn?: string
  /** Default `s`. */
  readonly expiresUnit?: 's' | 'ms'
  /** Default 3600. */
  readonly defaultLifetimeSeconds?: number
  /** Its presence is a failure whatever the status says; default `/error`. */
  readonly errorAt?: string
  /** What is kept of the answer, by the name under which templates know it (`auth.meta.<name>`). */
  readonly capture?: Readonly<Record<string, string>>
}

/** What the two grants of OAuth 2.0 share. */
interface DefinedOAuth {
  readonly token: TokenCall
  readonly scopes?: readonly string[]
  /** Default a blank. */
  readonly scopeSeparator?: ' ' | ',' | '+'
  /** Default the header `Authorization` with `Bearer `. */
  readonly place?: Placement
}

/** A part of what an HMAC signature is made over. */
export type HmacPart = 'method' | 'url' | 'host' | 'path' | 'query' | 'body' | 'bodySha256Hex' | 'timestamp' | 'nonce' | 'keyId'

/** A signature over parts of the request (RFC 2104), each request with its own. */
export interface DefinedHmac {
  readonly type: 'hmac'
  readonly key: string
  /** Default `utf8`. */
  readonly keyEncoding?: 'utf8' | 'hex' | 'base64'
  readonly algorithm: 'sha1' | 'sha256' | 'sha512'
  readonly encoding: 'hex' | 'base64' | 'base64url'
  readonly parts: readonly HmacPart[]
  /** Between the parts; default nothing. */
  readonly joiner?: string
  readonly keyId?: string
  readonly keyIdHeader?: string
  readonly timestamp?: { readonly header: string; readonly format: 'unix_s' | 'unix_ms' | 'iso8601' }
  readonly nonceHeader?: string
  readonly signature: Placement
}

/** How a request is authenticated. Values are templates; `username` and `password` may be empty. */
export type DefinedAuth =
  | { readonly type: 'none' }
  | { readonly type: 'api_key'; readonly value: string; readonly place: Placement }
  | { readonly type: 'bearer'; readonly token: string }
  | { readonly type: 'basic'; readonly username: string; readonly password: string }
  | { readonly type: 'headers'; readonly headers?: readonly Pair[]; readonly jsonField?: string }
  | ({ readonly type: 'oauth2_client_credentials' } & DefinedOAuth)
  | ({
      readonly type: 'oauth2_authorization_code'
      readonly authorizeUrl: string
      readonly authorizeExtra?: readonly Pair[]
      /** `required` and `allowed` send a challenge (S256); `off` is for servers that refuse one. Default `required`. */
      readonly pkce?: 'required' | 'allowed' | 'off'
      /** The fixed callback that is registered with the vendor; without it any port, path and address of this machine. */
      readonly redirectPort?: number
      readonly redirectPath?: string
      /** Whether a refresh token is replaced by each answer. What an answer holds is kept in any case. */
      readonly refreshRotates?: boolean
      /** Where tokens are given back (RFC 7009). */
      readonly revokeUrl?: string
    } & DefinedOAuth)
  | DefinedHmac

/** A JSON Pointer (RFC 6901), or several of which the first that finds something counts. */
export type Pointer = string | readonly string[]

/** What is looked for in an answer: everything that is given must hold. */
export interface AnswerCheck {
  readonly status?: readonly number[]
  /** How the content type begins. */
  readonly contentType?: string
  /** The header, or the place in the JSON, that the rest is about. */
  readonly header?: string
  readonly at?: string
  readonly exists?: boolean
  readonly equals?: string | number | boolean | null
  readonly contains?: string
}

/** What an answer means that is not the expected one. */
export type ErrorClass =
  | 'auth_invalid'
  | 'auth_expired'
  | 'scope_missing'
  | 'plan_limited'
  | 'wrong_host'
  | 'not_found'
  | 'bad_request'
  | 'rate_limited'
  | 'maintenance'
  | 'provider_error'

/** A value of JSON with templates in its texts. */
export type Body = string | number | boolean | null | readonly Body[] | { readonly [key: string]: Body }

/** The request of a test: a read. */
export interface DefinedRequest {
  /** Default GET. A POST is for CRMs that read by it alone. */
  readonly method?: 'GET' | 'HEAD' | 'POST'
  readonly path: string
  readonly query?: readonly Pair[]
  readonly headers?: readonly Pair[]
  readonly body?: Body
  /** Default `json`. */
  readonly bodyFormat?: 'json' | 'form' | 'raw'
}

/** What an answer tells about the account, by name: pointers into it. */
export const IDENTITY = [
  'accountId',
  'accountName',
  'userId',
  'userName',
  'email',
  'role',
  'scopes',
  'plan',
  'region',
  'apiVersion',
  'timeZone',
  'currency',
] as const

/** The test of a connection, and how its answer is read. */
export interface DefinedTest {
  readonly request: DefinedRequest
  readonly expect: {
    /** Of the 2xx. */
    readonly status: readonly number[]
    readonly contentType?: string
    /** Checks that must hold. */
    readonly all?: readonly AnswerCheck[]
    /** Checks that must not: a 200 that holds an error. */
    readonly none?: readonly AnswerCheck[]
  }
  /** What answers mean, in this order; what fits none is told by its status. */
  readonly errors?: readonly { readonly when: AnswerCheck; readonly class: ErrorClass; readonly hint?: string }[]
  readonly identity?: { readonly [Name in (typeof IDENTITY)[number]]?: Pointer }
  /** Headers that say how much of a limit is left. */
  readonly rate?: {
    readonly remainingHeader?: string
    readonly limitHeader?: string
    readonly resetHeader?: string
    readonly retryAfterHeader?: string
  }
}

/** A CRM as data: no code of its own. */
export interface Definition {
  readonly format: 1
  readonly id: string
  readonly name: string
  readonly docsUrl?: string
  readonly baseUrl: string
  /** Hosts that a request may go to: whole names, or `*.` and the end of one, with a port where it is not the usual one. Default the host of the base URL. */
  readonly hosts?: readonly string[]
  readonly fields: readonly DefinedField[]
  readonly auth: DefinedAuth
  readonly test: DefinedTest
  readonly limits?: {
    /** Of one request, in milliseconds; default 10,000. */
    readonly timeoutMs?: number
    /** Default 1 MiB. */
    readonly maxResponseBytes?: number
    readonly maxRedirects?: number
    readonly requestsPerSecond?: number
  }
  /** What else the CRM can do, for programs that read definitions. */
  readonly capabilities?: Readonly<Record<string, unknown>>
}

/** The two ways to authenticate that obtain a token first. */
export type OAuthOf = Extract<DefinedAuth, { readonly token: TokenCall }>

/** The OAuth part of a definition; undefined for those that send their credential as it is. */
export function oauthOf({ auth }: Pick<Definition, 'auth'>): OAuthOf | undefined {
  return auth.type === 'oauth2_client_credentials' || auth.type === 'oauth2_authorization_code' ? auth : undefined
}

/** What a template may be part of: each has its own rule about what a value may hold there. */
export type Slot = 'url' | 'path' | 'query' | 'header' | 'text' | 'body'

/** A template of a definition: where it stands, as a JSON pointer, and what it is part of. */
export interface Place {
  readonly pointer: string
  readonly template: string
  readonly slot: Slot
  /** Whether it is sent to authenticate, or to get a token. */
  readonly isAuth: boolean
}

/** Every template of a definition. */
export function* templatesOf({ baseUrl, auth, test }: Pick<Definition, 'baseUrl' | 'auth' | 'test'>): Generator<Place> {
  yield { pointer: '/baseUrl', template: baseUrl, slot: 'url', isAuth: false }
  yield* authTemplates(auth)
  const { path, query, headers, body } = test.request
  yield { pointer: '/test/request/path', template: path, slot: 'path', isAuth: false }
  yield* pairs('/test/request/query', query, 'query', false)
  yield* pairs('/test/request/headers', headers, 'header', false)
  if (body !== undefined) yield* leaves('/test/request/body', body)
}

function* authTemplates(auth: DefinedAuth): Generator<Place> {
  const at = (name: string, template: string | undefined, slot: Slot): Place[] =>
    template === undefined ? [] : [{ pointer: `/auth/${name}`, template, slot, isAuth: true }]
  switch (auth.type) {
    case 'none':
      return
    case 'api_key':
      yield* at('value', auth.value, auth.place.in)
      return
    case 'bearer':
      yield* at('token', auth.token, 'header')
      return
    case 'basic':
      yield* at('username', auth.username, 'text')
      yield* at('password', auth.password, 'text')
      return
    case 'headers':
      yield* pairs('/auth/headers', auth.headers, 'header', true)
      return
    case 'hmac':
      yield* at('key', auth.key, 'text')
      yield* at('keyId', auth.keyId, 'header')
      return
    case 'oauth2_authorization_code':
      yield* at('authorizeUrl', auth.authorizeUrl, 'url')
      yield* at('revokeUrl', auth.revokeUrl, 'url')
      yield* pairs('/auth/authorizeExtra', auth.authorizeExtra, 'query', true)
      yield* tokenTemplates(auth.token)
      return
    case 'oauth2_client_credentials':
      yield* tokenTemplates(auth.token)
  }
}

function* tokenTemplates({ url, clientId, clientSecret, extra, headers }: TokenCall): Generator<Place> {
  yield { pointer: '/auth/token/url', template: url, slot: 'url', isAuth: true }
  yield { pointer: '/auth/token/clientId', template: clientId, slot: 'text', isAuth: true }
  if (clientSecret !== undefined) yield { pointer: '/auth/token/clientSecret', template: clientSecret, slot: 'text', isAuth: true }
  yield* pairs('/auth/token/extra', extra, 'query', true)
  yield* pairs('/auth/token/headers', headers, 'header', true)
}

function* pairs(pointer: string, list: readonly Pair[] | undefined, slot: Slot, isAuth: boolean): Generator<Place> {
  for (const [index, { value }] of (list ?? []).entries()) yield { pointer: `${pointer}/${index}/value`, template: value, slot, isAuth }
}

function* leaves(pointer: string, body: Body): Generator<Place> {
  if (typeof body === 'string') yield { pointer, template: body, slot: 'body', isAuth: false }
  else if (body !== null && typeof body === 'object') {
    for (const [key, value] of Object.entries(body)) {
      yield* leaves(`${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, value as Body)
    }
  }
}

/** The names that a template holds: `fields.apiKey`. */
export function namesIn(template: string): readonly string[] {
  return [...template.matchAll(/\{\{([^{}]*)\}\}/g)].map(([, name = '']) => name)
}

/** Kinds that say where something is or what is chosen: they are readable although a request carries them. */
const READABLE: ReadonlySet<DefinedField['kind']> = new Set(['host', 'url', 'choice', 'boolean'])

/** Whether a field is sealed: what authenticates is, unless the definition says otherwise. */
export function isSecret(definition: Definition, { name, kind, secret }: DefinedField): boolean {
  if (secret !== undefined) return secret
  if (kind === 'secret' || kind === 'multilineSecret' || kind === 'jsonHeaders') return true
  if (READABLE.has(kind)) return false
  return [...templatesOf(definition)].some(
    ({ isAuth, pointer, template }) => isAuth && pointer !== '/auth/token/clientId' && namesIn(template).includes(`fields.${name}`),
  )
}
