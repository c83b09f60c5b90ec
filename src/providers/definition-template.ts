import { CrmError } from '../core/errors.ts'
import { flagName } from '../core/field.ts'
import type { Captured } from '../core/grant.ts'
import { isHeaderName, isHeaderValue } from '../core/header.ts'
import { isLoopbackHost, isPinnedHost, isPrivateHost } from '../core/host.ts'
import { Secret } from '../core/secret.ts'
import { visible } from '../core/text.ts'
import { type DefinedField, type Definition, isSecret, type Pair } from './definition-format.ts'

/** What the names of templates stand for. */
export interface Sources {
  readonly definition: Definition
  /** Values of the integration by field. */
  readonly values: Readonly<Record<string, unknown>>
  readonly accessToken?: Secret
  /** What the token call captured. */
  readonly captured?: Captured
  /** `run.uuid`: one for each request of a test. */
  readonly uuid?: string
}

/** A name in a template is looked up once: what a value holds is never filled again. */
const NAME = /\{\{([^{}]*)\}\}/g

/** What a name stands for; empty where nothing was given. Names find what is there alone, and nothing of a prototype. */
function valueNamed({ definition, values, accessToken, captured, uuid }: Sources, name: string): string {
  if (name === 'auth.accessToken') return accessToken?.reveal() ?? ''
  if (name === 'run.uuid') return uuid ?? ''
  const [, room, key = ''] = /^(fields|auth\.meta)\.([a-z][A-Za-z0-9]{0,31})$/.exec(name) ?? []
  const isCaptured = room === 'auth.meta' || definition.fields.some((field) => field.name === key && field.automated === true)
  const given: Readonly<Record<string, unknown>> = isCaptured ? (captured ?? {}) : values
  const value = Object.hasOwn(given, key) ? given[key] : undefined
  if (value instanceof Secret) return value.reveal()
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

/** Fills a template: `place` turns each value into what may stand there, or says no with undefined. @throws {CrmError} `usage`. */
function fill(sources: Sources, template: string, place: (text: string) => string | undefined): string {
  return template.replace(NAME, (_whole, name: string) => {
    const text = valueNamed(sources, name)
    const placed = place(text)
    if (placed === undefined) throw misplaced(sources.definition, name, text)
    return placed
  })
}

function misplaced(definition: Definition, name: string, text: string): CrmError {
  const field = definition.fields.find((one) => `fields.${one.name}` === name)
  return new CrmError('usage', `the value of ${name.replace(/^fields\./, '')} may not stand where ${definition.name} wants it`, {
    reason: text === '' ? 'it is empty' : 'it holds a character that would end that place, or change where the request goes',
    ...(field === undefined ? {} : { hint: correct(definition, field) }),
  })
}

/** The command that corrects a field. */
function correct(definition: Definition, field: DefinedField): string {
  return `correct it: crm edit {name} --${flagName(field.name)}${isSecret(definition, field) ? '-stdin' : ' <text>'}`
}

/** The text of a form, a query or a body, as it is: its writer escapes it. */
export function textOf(sources: Sources, template: string): string {
  return fill(sources, template, (text) => text)
}

/** The value of a header. */
export function headerOf(sources: Sources, template: string): string {
  return fill(sources, template, (text) => {
    const trimmed = text.trim()
    return isHeaderValue(trimmed) ? trimmed : undefined
  })
}

/** A user name of RFC 7617, which a colon would end. It may be empty. */
export function usernameOf(sources: Sources, template: string): string {
  return fill(sources, template, (text) => (/[:\p{Cc}]/u.test(text) ? undefined : text))
}

/** Names and values, without the ones that are empty and may be left out. */
export function pairsOf(
  sources: Sources,
  list: readonly Pair[] = [],
  valueFor: (sources: Sources, template: string) => string = textOf,
): readonly (readonly [name: string, value: string])[] {
  return list.flatMap(({ name, value, skipIfEmpty }) => {
    if (skipIfEmpty === true && textOf(sources, value).trim() === '') return []
    return [[name, valueFor(sources, value)] as const]
  })
}

/** Headers by their names in lower case. @throws {CrmError} `usage` for one that may not be set. */
export function headersOf(sources: Sources, list: readonly Pair[] = []): Readonly<Record<string, Secret>> {
  const headers: Record<string, Secret> = {}
  for (const [name, value] of pairsOf(sources, list, headerOf)) headers[headerName(sources, name)] = new Secret(value)
  return headers
}

/** The name of a header in lower case. @throws {CrmError} `usage` for one that the network client alone may set. */
export function headerName({ definition }: Sources, name: string): string {
  if (isHeaderName(name)) return name.toLowerCase()
  throw new CrmError('usage', `the header ${visible(name, 64)} cannot be sent`, {
    reason: `the description of ${definition.name} names it`,
  })
}

/** The path of a request below the base URL: each value is one segment, or a part of one. */
export function pathOf(sources: Sources, template: string): string {
  const path = fill(sources, template, segment)
  if (/(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i.test(path)) throw misplacedPath(sources.definition)
  return path
}

function segment(text: string): string | undefined {
  return text === '' || text === '.' || text === '..' ? undefined : encodeURIComponent(text)
}

function misplacedPath(definition: Definition): CrmError {
  return new CrmError('usage', `the path that ${definition.name} is tested with leads out of its place`, {
    reason: 'a part of it is . or ..',
  })
}

/** One or more labels of a host name, joined with dots, in lower case. */
export function hostText(text: string): string | undefined {
  const host = text.toLowerCase()
  const isHost = host.length <= 253 && host.split('.').every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(label))
  return isHost ? host : undefined
}

/**
 * An address with its values: each changes the part that it stands in and no other, and the host is one of the definition's.
 * @throws {CrmError} `usage` for a value that may not stand there, and for a host that is not listed or not public.
 */
export function urlOf(sources: Sources, template: string): URL {
  const url = URL.parse(addressOf(sources, template))
  if (url === null || !isOurs(sources, url)) throw notOurs(sources.definition)
  if (sources.values.allowPrivateNetwork !== true && isPrivateHost(url.hostname)) throw notPublic(sources.definition)
  return url
}

function addressOf(sources: Sources, template: string): string {
  // A whole address is parsed as one: nothing stands before or after it.
  const [, whole] = /^\{\{([^{}]*)\}\}$/.exec(template) ?? []
  if (whole !== undefined) return valueNamed(sources, whole)
  const [, scheme = '', host = '', rest = ''] = /^([a-z]+:\/\/)([^/?#]*)(.*)$/.exec(template) ?? []
  const [path = '', ...query] = rest.split('?')
  const filled = fill(sources, host, hostText)
  return `${scheme}${filled}${fill(sources, path, segment)}${query.length === 0 ? '' : `?${fill(sources, query.join('?'), encodeURIComponent)}`}`
}

function isOurs({ definition, values }: Sources, url: URL): boolean {
  if (url.username !== '' || url.password !== '' || url.hash !== '') return false
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopbackHost(url.hostname))) return false
  return hostsOf(definition, values).some((entry) => {
    const [, host = '', port = ''] = /^(.*?)(?::(\d{1,5}))?$/.exec(entry) ?? []
    return isPinnedHost(url.hostname, [host.replace(/^\*/, '')]) && url.port === port
  })
}

/** The hosts of a definition; without a list of its own, that of its base URL. */
function hostsOf(definition: Definition, values: Sources['values']): readonly string[] {
  if (definition.hosts !== undefined) return definition.hosts
  const base = URL.parse(addressOf({ definition, values }, definition.baseUrl))
  return base === null ? [] : [base.host]
}

/** The field that a part of the base URL comes from; undefined where the address is the same for everybody. */
export function addressField({ fields, baseUrl }: Definition): DefinedField | undefined {
  return fields.find(({ name }) => baseUrl.includes(`{{fields.${name}}}`))
}

function notOurs(definition: Definition): CrmError {
  const part = addressField(definition)
  return new CrmError('usage', `the base URL is not on a host of ${definition.name}`, {
    reason: 'secrets are sent to the hosts that the description of a CRM lists, and to no other',
    ...(part === undefined ? {} : { hint: correct(definition, part) }),
  })
}

function notPublic(definition: Definition): CrmError {
  return new CrmError('usage', `the host of ${definition.name} is on this machine or in a private network`, {
    reason: 'that is refused unless the integration allows it',
    hint: 'allow it: crm edit {name} --allow-private-network',
  })
}
