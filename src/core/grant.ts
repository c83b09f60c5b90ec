import type { HttpRequest } from './ports.ts'
import type { Secret } from './secret.ts'

/** Something that a token endpoint sends along with a token, or a callback with a code, and that is needed later. */
export interface Capture {
  /** Where it stands in the answer, as a JSON pointer; default the member of its own name. */
  readonly at?: string
  /**
   * For the address of a server: hosts that it may name, a suffix with a leading dot or a whole host. It is kept as an origin, and
   * any other refused: whoever controls the answer must not choose where tokens go. Without `hosts` it is text.
   */
  readonly hosts?: readonly string[]
  /** Whether an answer without it is refused. */
  readonly required?: true
}

/** Where the parts of a token answer stand, as JSON pointers, when it does not name them as RFC 6749 does. */
export interface TokenAnswer {
  readonly accessToken?: string
  readonly refreshToken?: string
  /** Seconds; of several places the first that is there. */
  readonly expiresIn?: string | readonly string[]
  /** A lifetime of more than a day is given in milliseconds. */
  readonly longExpiryIsMs?: true
  /** The lifetime is always given in milliseconds. */
  readonly expiryIsMs?: true
  /** Its presence is a failure whatever the status says; default `/error` in an answer without a token; of several places the first that is there. */
  readonly error?: string | readonly string[]
  /** Seconds that a token lasts when the answer does not say; default unknown: it is used until the API calls it expired. */
  readonly lifetimeS?: number
}

/** A token endpoint (RFC 6749 section 3.2), and how the client proves itself there. */
export interface TokenEndpoint {
  readonly url: URL
  readonly clientId: string
  /** Without one the client is public and sends its id alone. */
  readonly clientSecret?: Secret
  /** Where id and secret go: in the form, or in an `Authorization: Basic` header. */
  readonly clientAuth: 'post' | 'basic'
  /** How the parameters are written; default `form`, as RFC 6749 has it. */
  readonly bodyFormat?: 'form' | 'json'
  /** Further parameters of the form. */
  readonly parameters?: Readonly<Record<string, string>>
  readonly headers?: HttpRequest['headers']
  readonly captures?: Readonly<Record<string, Capture>>
  readonly answer?: TokenAnswer
  /** Where tokens are given back (RFC 7009); undefined where that is not known. */
  readonly revocationUrl?: URL
  /** Refuse an endpoint whose address is not public; see {@link HttpRequest.publicOnly}. */
  readonly publicOnly?: boolean
}

/** A signed statement of who asks (RFC 7523). */
export interface Assertion {
  /** RSA private key, PEM. */
  readonly key: Secret
  readonly issuer: string
  readonly subject: string
  readonly audience: string
  readonly lifetimeS: number
}

/** How an access token is obtained: plain data, computed by a provider from the values of an integration. */
export type Grant =
  /** The values hold the token itself: nothing is exchanged, and nothing can be renewed. */
  | { readonly type: 'static'; readonly accessToken: Secret; readonly captured?: Captured }
  | { readonly type: 'client_credentials'; readonly endpoint: TokenEndpoint; readonly scope?: string }
  | { readonly type: 'jwt_bearer'; readonly endpoint: TokenEndpoint; readonly assertion: Assertion }
  | { readonly type: 'refresh_token'; readonly endpoint: TokenEndpoint; readonly refreshToken: Secret }
  /** Somebody signs in: in a browser ({@link Authorization}), or elsewhere and pastes the single-use `code`. Renewed by refresh token. */
  | { readonly type: 'authorization_code'; readonly endpoint: TokenEndpoint; readonly code?: Secret }

/** What was captured, by name: `instance_url`, `api_domain`, `accounts-server`. Addresses are origins. */
export type Captured = Readonly<Record<string, string>>

/** The browser's part of the authorization code grant (RFC 6749 section 4.1.1, RFC 7636, RFC 8252). */
export interface Authorization {
  readonly url: URL
  readonly clientId: string
  /** As the server wants it in the address, separators included. */
  readonly scope?: string
  /** Further parameters of the address. */
  readonly parameters?: Readonly<Record<string, string>>
  /** PKCE with S256. False only for servers that refuse a request with a challenge. */
  readonly pkce: boolean
  /**
   * Where the browser comes back to. A fixed port and path, as registered with the vendor, on `localhost`; port 0 for servers that
   * allow any loopback port: then port, path and literal address are chosen anew each time.
   */
  readonly redirect: { readonly port: number; readonly path: string }
  /** Compared with `iss` when the server sends it (RFC 9207); default the origin of `url`. */
  readonly issuer?: string
  /** What the callback names besides the code, such as Zoho's `accounts-server`. */
  readonly captures?: Readonly<Record<string, Capture>>
}

/** Tokens of one integration. */
export interface Tokens {
  readonly accessToken: Secret
  readonly refreshToken: Secret | null
  /** Unix milliseconds; null when the server does not say. */
  readonly expiresAtMs: number | null
  /** What was granted, in the server's words. */
  readonly scope: string | null
  readonly captured: Captured
}

/** Tokens with what they were issued for: a fingerprint of the grant, so that those of an earlier credential are not used for a new one. */
export interface IssuedTokens {
  readonly tokens: Tokens
  readonly issuedFor: string
}

/** The refusal of a token endpoint, or of an authorization server at the callback. Its texts come from the server. */
export interface TokenRefusal {
  /** What was asked for. */
  readonly step: 'client_credentials' | 'jwt_bearer' | 'refresh_token' | 'authorization_code' | 'sign_in'
  /** HTTP status; 0 at the callback. */
  readonly status: number
  /** RFC 6749 section 5.2, or the vendor's own code. */
  readonly error: string
  readonly description: string
}

/** Valid tokens for whoever talks to the CRM. One source serves one integration. */
export interface TokenSource {
  /**
   * Tokens that have not expired as far as is known; obtained or refreshed where there are none.
   * @throws CrmError `auth_rejected`, `permission_denied` and others that say what the authorization server refused.
   */
  get(): Promise<Tokens>
  /**
   * Other tokens than the ones from {@link get}, once: call it after an answer that the contract calls expiry, and never for a missing
   * scope. Undefined when they cannot be renewed, or were already.
   */
  renew(): Promise<Tokens | undefined>
}

/** How the API of a CRM is called: where, and with which headers. */
export interface ApiAccess {
  readonly baseUrl: string
  readonly headers: Readonly<Record<string, string | Secret>>
  /** Parameters of the address that authenticate, for a CRM that knows nothing else. */
  readonly query?: Readonly<Record<string, Secret>>
  /** Variables under which programs know token and address; default `<PROVIDER>_ACCESS_TOKEN` and `<PROVIDER>_BASE_URL`. */
  readonly variables?: Readonly<Record<string, string | Secret>>
}
