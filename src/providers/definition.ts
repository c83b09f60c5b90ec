import { CrmError, type Problem } from '../core/errors.ts'
import type { Field } from '../core/field.ts'
import { isPrivateHost } from '../core/host.ts'
import { defineProvider, type Provider, type Warning } from '../core/provider.ts'
import { caField } from './ca-field.ts'
import { accessOf, authorizationOf, grantOf, sourcesOf } from './definition-auth.ts'
import { type DefinedAuth, type DefinedField, type Definition, isSecret, namesIn, oauthOf, templatesOf } from './definition-format.ts'
import { LONGEST_VALUE, readPattern } from './definition-pattern.ts'
import { addressField, urlOf } from './definition-template.ts'

/** What is known of a definition besides what stands in it. */
export interface DefinitionOrigin {
  /** SHA-256 of its text, hex; what integrations are bound to. */
  readonly digest: string
}

/** The provider that a definition describes. @param origin of one that a user has added; undefined for those that are shipped. */
export function providerOf(definition: Definition, origin?: DefinitionOrigin): Provider {
  const { id, name, docsUrl, auth } = definition
  let made: readonly Field[] | undefined
  return defineProvider({
    id,
    title: name,
    docs: docsUrl ?? '',
    get authMethods() {
      return [{ id: auth.type, label: AUTH_LABELS[auth.type], fields: this.fields.map(({ key }) => key) }]
    },
    capabilities: ['test'],
    hosts: pinsOf(definition),
    // Made when somebody looks: of those that are shipped, most runs use none.
    get fields() {
      made ??= [
        ...definition.fields.filter(({ automated }) => automated !== true).map((field) => fieldOf(definition, field)),
        ...ours(definition, origin !== undefined),
      ]
      return made
    },
    ...(origin === undefined ? {} : { definition: origin.digest }),
    readPasted: (key, text) => plainOf(definition, key, text),
    check: (values) => problemsOf(definition, values),
    cautions: () => cautionsOf(definition),
    destination: (values) => destinationOf(definition, values),
    api: (values, tokens) => accessOf(definition, values, tokens),
    ...(oauthOf(definition) === undefined ? {} : { grant: (values) => grantOf(definition, values) }),
    ...(auth.type === 'oauth2_authorization_code' ? { authorization: (values) => authorizationOf(definition, values) } : {}),
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
  oauth2_client_credentials: 'Client id and secret',
  oauth2_authorization_code: 'Sign-in with the browser',
  hmac: 'Signed requests (HMAC)',
}

/** Fields that every definition has, whatever it says: they are about this machine, not about the CRM. */
export const OWN_FIELDS = ['allowPrivateNetwork', 'ca', 'redirectPort'] as const

function ours(definition: Definition, isAdded: boolean): readonly Field[] {
  const prefix = variablePrefix(definition.id)
  const network: Field = {
    key: 'allowPrivateNetwork',
    label: 'Allow private networks',
    kind: 'flag',
    sensitivity: 'public',
    env: `${prefix}_ALLOW_PRIVATE_NETWORK`,
    optional: true,
    fallback: 'false',
    example: 'true',
    help: 'Needed when the server is on this machine or in a private network.',
  }
  // Those that are shipped name public hosts.
  const own: readonly Field[] = [...(isAdded ? [network] : []), caField(`${prefix}_CA`)]
  const { auth } = definition
  if (auth.type !== 'oauth2_authorization_code' || auth.redirectPort === undefined) return own
  const port: Field = {
    key: 'redirectPort',
    label: 'Port of the callback',
    kind: 'number',
    sensitivity: 'public',
    env: `${prefix}_REDIRECT_PORT`,
    optional: true,
    fallback: String(auth.redirectPort),
    example: String(auth.redirectPort),
    help: `The app lists http://localhost:<port>${auth.redirectPath ?? '/callback'} as its redirect URI.`,
    pattern: PORT,
  }
  return [...own, port]
}

/** `acme-crm` → `ACME_CRM`: how the variables of a provider begin. */
export function variablePrefix(id: string): string {
  return id.toUpperCase().replaceAll('-', '_')
}

/** The variable of a field: its own, or the id and the name in capitals. */
export function variableOf({ id }: Pick<Definition, 'id'>, { name, env }: Pick<DefinedField, 'name' | 'env'>): string {
  return env ?? `${variablePrefix(id)}_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`
}

const PORT = {
  re: /^(?:102[4-9]|10[3-9]\d|1[1-9]\d{2}|[2-9]\d{3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/,
  says: 'must be a port from 1024 to 65535',
}
const HOST_PART = {
  re: /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i,
  says: 'must be a name of letters, digits, hyphens and dots, such as acme',
}
const EMAIL = { re: /^[\x21-\x3f\x41-\x7e]{1,64}@[a-zA-Z0-9.-]{1,253}$/, says: 'must be an e-mail address' }
const SENDABLE = { re: /^[\x21-\x7e]+$/, says: 'must be visible ASCII characters without blanks' }
const PRINTABLE = { re: /^\P{Cc}+$/u, says: 'must not hold control characters' }

const KINDS: Readonly<Record<DefinedField['kind'], Field['kind']>> = {
  text: 'text',
  secret: 'text',
  multilineSecret: 'lines',
  host: 'text',
  url: 'url',
  email: 'text',
  integer: 'number',
  boolean: 'flag',
  choice: 'choice',
  jsonHeaders: 'json',
}

function fieldOf(definition: Definition, defined: DefinedField): Field {
  const { name, kind, help, docsUrl, example, default: fallback, choices, visibleWhen, required } = defined
  const pattern = patternOf(definition, defined)
  const where = [help, docsUrl === undefined ? undefined : `See ${docsUrl}`].filter((text) => text !== undefined).join(' ')
  return {
    key: name,
    label: labelOf(defined),
    kind: KINDS[kind],
    sensitivity: isSecret(definition, defined) ? 'secret' : 'public',
    env: variableOf(definition, defined),
    ...(where === '' ? {} : { help: where }),
    ...(pattern === undefined ? {} : { pattern }),
    ...(required === false ? { optional: true } : {}),
    ...(example === undefined ? {} : { example }),
    ...(fallback === undefined ? {} : { fallback: String(fallback) }),
    ...(choices === undefined ? {} : { choices: choices.map(({ value, label = value }) => ({ value, label })) }),
    ...(visibleWhen === undefined ? {} : { when: { field: visibleWhen.field, is: String(visibleWhen.equals) } }),
  }
}

function labelOf({ label, prefix = '', suffix = '' }: DefinedField): string {
  return prefix === '' && suffix === '' ? label : `${label} (${prefix}…${suffix})`
}

/** What a value must look like: what the definition says, and what the places allow that it is put into. */
function patternOf(definition: Definition, field: DefinedField): Field['pattern'] {
  const { kind, name, pattern, minLength = 0, maxLength = LONGEST_VALUE, example } = field
  if (kind === 'boolean' || kind === 'choice' || kind === 'url' || kind === 'integer' || kind === 'jsonHeaders') return undefined
  const base = kind === 'host' ? HOST_PART : kind === 'email' ? EMAIL : kind === 'multilineSecret' ? undefined : lettersOf(definition, name)
  if (pattern === undefined && field.minLength === undefined && field.maxLength === undefined) return base
  const read = pattern === undefined ? undefined : readPattern(pattern, maxLength)
  // A pattern that cannot be used was refused when the definition was added; nothing passes it here either.
  const own = read === undefined ? '' : 're' in read ? `(?=[^]*?(?:${read.re.source}))` : '(?!)'
  const places = base === undefined ? '' : `(?=${base.re.source})`
  return {
    re: new RegExp(`^(?=[^]{${minLength},${maxLength}}$)${places}${own}`, kind === 'host' ? 'iu' : 'u'),
    says: `must be ${lengthText(minLength, maxLength)}${pattern === undefined ? '' : ` of the form ${example ?? pattern}`}`,
  }
}

function lengthText(least: number, most: number): string {
  if (most === LONGEST_VALUE) return least === 0 ? 'text' : `at least ${least} characters`
  return least === most ? `${most} characters` : `${Math.max(least, 1)} to ${most} characters`
}

function lettersOf(definition: Definition, name: string): NonNullable<Field['pattern']> {
  const isHeader = [...templatesOf(definition)].some(
    ({ slot, template }) => slot === 'header' && namesIn(template).includes(`fields.${name}`),
  )
  return isHeader ? SENDABLE : PRINTABLE
}

function pinsOf({ hosts = [] }: Definition): readonly string[] {
  return hosts.map((host) => host.replace(/^\*/, '').replace(/:\d+$/, ''))
}

/** What is pasted with the decoration that a person sees around it. */
function plainOf({ fields }: Definition, key: string, text: string): Readonly<Record<string, string>> | null {
  const { prefix = '', suffix = '' } = fields.find(({ name }) => name === key) ?? {}
  const from = prefix !== '' && text.startsWith(prefix) ? prefix.length : 0
  const to = suffix !== '' && text.endsWith(suffix) ? text.length - suffix.length : text.length
  return from === 0 && to === text.length ? null : { [key]: text.slice(from, Math.max(from, to)) }
}

type Given = Readonly<Record<string, unknown>>

/** What no single field can see: whether its address is one that secrets may go to. */
function problemsOf(definition: Definition, values: Given): readonly Problem[] {
  const field = addressField(definition)?.name ?? 'allowPrivateNetwork'
  const url = addressOf(definition, { ...values, allowPrivateNetwork: true })
  if (url === undefined)
    return namesIn(definition.baseUrl).some((name) => name.startsWith('auth.')) ? [] : [{ field, message: 'is not on a host of this CRM' }]
  if (values.allowPrivateNetwork === true || !isPrivateHost(url.hostname)) return []
  return [{ field, message: 'is on this machine or in a private network, which needs --allow-private-network' }]
}

function cautionsOf({ auth, test }: Definition): readonly Warning[] {
  const place = 'place' in auth ? auth.place : auth.type === 'hmac' ? auth.signature : undefined
  const inPath = namesIn(test.request.path).some((name) => name.startsWith('auth.'))
  if (place?.in !== 'query' && !inPath) return []
  return [{ code: 'key_in_url', message: 'the credential travels in the address, which servers and proxies write to their logs' }]
}

/** The base URL; undefined while a part of it is not known or may not stand there. */
function addressOf(definition: Definition, values: Given): URL | undefined {
  try {
    return urlOf(sourcesOf(definition, values), definition.baseUrl)
  } catch (error) {
    if (error instanceof CrmError) return undefined
    throw error
  }
}

/** The origin of a definition's base URL; undefined while it is not known. */
function destinationOf(definition: Definition, values: Given): string | undefined {
  return addressOf(definition, values)?.origin
}
