import type { CrmError, ErrorCode } from './errors.ts'
import type { Field, Values } from './field.ts'
import type { ApiAccess, Authorization, Captured, Grant, TokenRefusal, TokenSource, Tokens } from './grant.ts'
import type { Clock, Http } from './ports.ts'

/** Something worth saying that is not a failure. */
export interface Warning {
  /** Stable, lower-case words joined with `_`. */
  readonly code: string
  readonly message: string
}

/** Who the remote side says the credential is. Texts come from the server: print them through the sanitiser only. */
export interface Identity {
  readonly accountId: string | null
  readonly accountName: string | null
  readonly userName: string | null
  readonly userEmail: string | null
  readonly role: string | null
}

/** One thing a connection test looked at. */
export interface Check {
  readonly name: string
  readonly passed: boolean
  readonly detail: string | null
}

/** What a connection test found. A refused credential is a report; a throw means that the question could not be put. */
export interface TestReport {
  readonly outcome: 'connected' | 'failed'
  /** The error code of a failure; null when connected. */
  readonly cause: ErrorCode | null
  readonly message: string | null
  /** How to mend it. `{name}` stands for the name of the integration, which a provider does not know. */
  readonly hint: string | null
  readonly identity: Identity | null
  readonly checks: readonly Check[]
  readonly server: { readonly version: string | null } | null
  readonly warnings: readonly Warning[]
}

/** The world, as a provider's test sees it. */
export interface TestTools {
  readonly http: Http
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Access tokens of a provider that has a {@link Provider.grant}. */
  readonly tokens: TokenSource
}

/** What a refusal means: its cause, what to say, and how to mend it. `{name}` stands for the name of the integration. */
export interface Refusal {
  readonly cause: ErrorCode
  readonly message: string
  readonly hint: string
}

/** A way to authenticate, and the fields that belong to it. */
export interface AuthMethod {
  readonly id: string
  readonly label: string
  /** Keys of the fields that this method uses, shared ones included. */
  readonly fields: readonly string[]
}

/** A kind of CRM: its fields, how to authenticate, and one test. */
export interface Provider<Fs extends readonly Field[] = readonly Field[]> {
  readonly id: string
  readonly title: string
  /** The vendor's page about the credential. */
  readonly docs: string
  readonly authMethods: readonly AuthMethod[]
  /** Key of the choice field that holds the id of the method (`--auth`), where there are several. */
  readonly methodField?: string
  /** What `crm` can do with it: `test`, `demo`. */
  readonly capabilities: readonly string[]
  /** Whether its variables stand in for a stored integration where a profile has none (`env:<id>`). */
  readonly environment?: true
  /** Hosts that a `url` field may name: suffixes with a leading dot (`.my.salesforce.com`), or whole hosts; empty means any. */
  readonly hosts: readonly string[]
  readonly fields: Fs
  /** SHA-256, hex, of the definition that a user has added it with: stored integrations are bound to it. Undefined for those of ours. */
  readonly definition?: string
  /** Why it may not be used now, such as a definition that was changed and not confirmed. */
  readonly unusable?: CrmError
  /**
   * Understands what people paste: given the raw text of one field, the values that it holds for this and other fields
   * (a dashboard address fills base URL and account id). Null when there is nothing to understand.
   */
  readPasted?(key: string, text: string): Readonly<Record<string, string>> | null
  /** Problems that no single field can see, as `field` and `message`. */
  check?(values: Readonly<Record<string, unknown>>): readonly { readonly field: string; readonly message: string }[]
  /** The origin that secrets are sent to, for the prompts that ask for them; default that of the base URL. */
  destination?(values: Readonly<Record<string, unknown>>): string | undefined
  /** What to warn about when such an integration is added. */
  cautions?(values: Values<Fs>): readonly Warning[]
  /**
   * How an access token is obtained with these values; undefined when requests carry the values themselves.
   * @param captured what earlier answers named, empty before the first one.
   */
  grant?(values: Values<Fs>, captured: Captured): Grant | undefined
  /** The sign-in in a browser, for the methods that have one. */
  authorization?(values: Values<Fs>): Authorization | undefined
  /** What a refusal of the authorization server means with this vendor; undefined leaves it to the meaning in RFC 6749. */
  refusal?(values: Values<Fs>, refusal: TokenRefusal): Refusal | undefined | Promise<Refusal | undefined>
  /** How a program calls the API. @param tokens those of the grant; undefined for a provider that has none. */
  api?(values: Values<Fs>, tokens: Tokens | undefined): ApiAccess
  /**
   * Tests the connection with the least privileged read.
   * @throws CrmError `unreachable`, `provider_error`, `cancelled`: the question could not be put.
   */
  test(values: Values<Fs>, tools: TestTools): Promise<TestReport>
}

/** Types a provider from its own field list: `values.apiKey` is a `Secret`, `values.accountId` a `string`. */
export function defineProvider<const Fs extends readonly Field[]>(provider: Provider<Fs>): Provider {
  return provider as unknown as Provider
}
