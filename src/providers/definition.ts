import { CrmError } from '../core/errors.ts'
import { type Field, flagName } from '../core/field.ts'
import type { ApiAccess } from '../core/grant.ts'
import { isHeaderName, isHeaderValue } from '../core/header.ts'
import { isPinnedHost } from '../core/host.ts'
import { defineProvider, type Provider } from '../core/provider.ts'
import { Secret } from '../core/secret.ts'
import { visible } from '../core/text.ts'
import { basicOf, bearerOf } from './auth-headers.ts'

/** One value that a definition asks for. `host` is a part of the host name, and limited to the letters of one. */
export interface DefinedField {
  readonly name: string
  readonly label: string
  readonly kind: 'text' | 'secret' | 'host' | 'email' | 'choice'
  readonly help: string
  readonly env: string
  readonly example?: string
  readonly default?: string
  readonly choices?: readonly { readonly value: string; readonly label: string }[]
}

/** A name and the template of its value. */
export interface Pair {
  readonly name: string
  readonly value: string
}

/** How a request is authenticated. Values are templates; `username` and `password` may be empty. */
export type DefinedAuth =
  | { readonly type: 'none' }
  | {
      readonly type: 'api_key'
      readonly value: string
      readonly place:
        | { readonly in: 'header'; readonly name: string; readonly prefix?: string }
        /** An address with its key is a secret and never shown. */
        | { readonly in: 'query'; readonly name: string }
    }
  | { readonly type: 'bearer'; readonly token: string }
  | { readonly type: 'basic'; readonly username: string; readonly password: string }
  | { readonly type: 'headers'; readonly headers: readonly Pair[] }

/** A JSON Pointer (RFC 6901), or several of which the first that finds something counts. */
export type Pointer = string | readonly string[]

/** What is looked for in an answer: everything that is given must hold. */
export interface AnswerCheck {
  readonly status?: readonly number[]
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

/**
 * A CRM as data: no code of its own. Templates hold `{{fields.<name>}}`, are filled once, and each place of a request has its own rule
 * about what a value may be there.
 */
export interface Definition {
  readonly format: 1
  readonly id: string
  readonly name: string
  readonly docsUrl: string
  readonly baseUrl: string
  /** Hosts that a request may go to: whole names, or `*.` and the end of one. */
  readonly hosts: readonly string[]
  readonly fields: readonly DefinedField[]
  readonly auth: DefinedAuth
  readonly test: {
    readonly request: { readonly path: string; readonly headers?: readonly Pair[] }
    readonly expect: {
      /** Of the 2xx. */
      readonly status: readonly number[]
      /** Checks that must hold. */
      readonly all?: readonly AnswerCheck[]
      /** Checks that must not: a 200 that holds an error. */
      readonly none?: readonly AnswerCheck[]
    }
    /** What answers mean, in this order; what fits none is told by its status. */
    readonly errors?: readonly { readonly when: AnswerCheck; readonly class: ErrorClass; readonly hint?: string }[]
    readonly identity: {
      readonly accountId?: Pointer
      readonly accountName?: Pointer
      readonly userName?: Pointer
      readonly email?: Pointer
      readonly role?: Pointer
    }
  }
}

const HOST_PART = { re: /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, says: 'must be lower-case letters, digits and hyphens, such as acme' }
const EMAIL = { re: /^[\x21-\x3f\x41-\x7e]{1,64}@[a-zA-Z0-9.-]{1,253}$/, says: 'must be an e-mail address' }
const SENDABLE = { re: /^[\x21-\x7e]+$/, says: 'must be visible ASCII characters without blanks' }

/** The provider that a definition describes. */
export function providerOf(definition: Definition): Provider {
  const fields = definition.fields.map(fieldOf)
  return defineProvider({
    id: definition.id,
    title: definition.name,
    docs: definition.docsUrl,
    authMethods: [{ id: definition.auth.type, label: AUTH_LABELS[definition.auth.type], fields: fields.map(({ key }) => key) }],
    capabilities: ['test'],
    hosts: pinsOf(definition),
    fields,
    destination: (values) => destinationOf(definition, values),
    api: (values) => accessOf(definition, values),
    async test(values, tools) {
      const { testDefined } = await import('./definition-test.ts')
      return testDefined(definition, values, tools)
    },
  })
}

const AUTH_LABELS: Readonly<Record<DefinedAuth['type'], string>> = {
  none: 'No credential',
  api_key: 'API key',
  bearer: 'Access token',
  basic: 'API key (basic)',
  headers: 'API key with headers',
}

function fieldOf({ name, label, kind, help, env, example, default: fallback, choices }: DefinedField): Field {
  const secret = kind === 'secret'
  const pattern = kind === 'host' ? HOST_PART : kind === 'email' ? EMAIL : SENDABLE
  return {
    key: name,
    label,
    kind: kind === 'choice' ? 'choice' : 'text',
    sensitivity: secret ? 'secret' : 'public',
    env,
    help,
    ...(kind === 'choice' ? {} : { pattern }),
    ...(example === undefined ? {} : { example }),
    ...(fallback === undefined ? {} : { fallback }),
    ...(choices === undefined ? {} : { choices }),
  }
}

function pinsOf({ hosts }: Definition): readonly string[] {
  return hosts.map((host) => host.replace(/^\*/, ''))
}

type Given = Readonly<Record<string, unknown>>

/** The origin of a definition's base URL; undefined while a part of its host is not known or may not stand there. */
function destinationOf(definition: Definition, values: Given): string | undefined {
  try {
    return baseUrlOf(definition, values).origin
  } catch {
    return undefined
  }
}

/** The base URL with its values. A value changes the host alone, and the host must be one of the definition's. */
function baseUrlOf(definition: Definition, values: Given): URL {
  const url = URL.parse(fill(definition, definition.baseUrl, values, isHostText))
  const ours = url?.protocol === 'https:' && url.port === '' && url.username === '' && isPinnedHost(url.hostname, pinsOf(definition))
  if (url !== null && ours) return url
  const { name } = definition
  const part = addressField(definition)
  throw new CrmError('usage', `the base URL is not on a host of ${name}`, {
    reason: 'secrets are sent to the hosts that the description of a CRM lists, and to no other',
    ...(part === undefined ? {} : { hint: correct(part) }),
  })
}

/** The field that a part of the base URL comes from; undefined where the address is the same for everybody. */
export function addressField({ fields, baseUrl }: Definition): DefinedField | undefined {
  return fields.find(({ name }) => baseUrl.includes(`{{fields.${name}}}`))
}

/** The command that corrects a field. */
function correct({ name, kind }: DefinedField): string {
  return `correct it: crm edit {name} --${flagName(name)}${kind === 'secret' ? '-stdin' : ' <text>'}`
}

/** One or more labels of a host name, joined with dots. */
function isHostText(text: string): boolean {
  return text.length <= 253 && text.split('.').every((label) => HOST_PART.re.test(label))
}

/** Where the API of a definition answers, and the headers that a request needs. */
export function accessOf(definition: Definition, values: Given): ApiAccess {
  const headers: Record<string, Secret> = {}
  for (const { name, value } of headersOf(definition, values)) {
    if (!isHeaderName(name) || !isHeaderValue(value)) {
      throw new CrmError('usage', `the header ${visible(name, 64)} cannot be sent`, {
        reason: `the description of ${definition.name} names it`,
      })
    }
    headers[name.toLowerCase()] = new Secret(value)
  }
  return { baseUrl: baseUrlOf(definition, values).href.replace(/\/$/, ''), headers }
}

/** The address of a request with its API key, where the CRM takes it in the query. */
export function authorizedUrl(definition: Definition, url: URL, values: Given): URL {
  const { auth } = definition
  if (auth.type !== 'api_key' || auth.place.in !== 'query') return url
  const authorized = new URL(url)
  authorized.searchParams.set(auth.place.name, fill(definition, auth.value, values, isHeaderValue))
  return authorized
}

function headersOf(definition: Definition, values: Given): readonly Pair[] {
  const { auth } = definition
  const header = (template: string): string => fill(definition, template, values, isHeaderValue)
  switch (auth.type) {
    case 'none':
      return []
    case 'api_key':
      if (auth.place.in === 'query') return []
      return [{ name: auth.place.name, value: `${auth.place.prefix ?? ''}${header(auth.value)}` }]
    case 'bearer':
      return [{ name: 'authorization', value: bearerOf(header(auth.token)) }]
    case 'basic': {
      // RFC 7617: a colon would end the user name.
      const username = fill(definition, auth.username, values, (text) => isHeaderValue(text) && !text.includes(':'))
      return [{ name: 'authorization', value: basicOf(username, header(auth.password)) }]
    }
    case 'headers':
      return auth.headers.map(({ name, value }) => ({ name, value: header(value) }))
  }
}

/** Fills a template in one pass: what a value holds is never filled again. Throws where a value is missing or may not stand there. */
function fill(definition: Definition, template: string, values: Given, isAllowed: (text: string) => boolean): string {
  return template.replace(/\{\{fields\.([a-z][A-Za-z0-9]{0,31})\}\}/g, (_whole, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    const text = value instanceof Secret ? value.reveal() : typeof value === 'string' ? value : ''
    if (!isAllowed(text)) {
      const field = definition.fields.find((one) => one.name === name)
      throw new CrmError('usage', `the value of ${name} may not stand where ${definition.name} wants it`, {
        reason: text === '' ? 'it is empty' : 'it holds a character that would end that place, or change where the request goes',
        ...(field === undefined ? {} : { hint: correct(field) }),
      })
    }
    return text
  })
}
