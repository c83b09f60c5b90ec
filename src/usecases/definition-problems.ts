/** What is wrong with a definition that no single value of it shows. */
import type { Problem } from '../core/errors.ts'
import { flagName } from '../core/field.ts'
import { isLoopbackHost, isPinnedHost } from '../core/host.ts'
import { isVariableName } from '../core/variable-names.ts'
import { OWN_FIELDS, variableOf } from '../providers/definition.ts'
import {
  type AnswerCheck,
  type DefinedField,
  type Definition,
  isSecret,
  namesIn,
  oauthOf,
  type Place,
  type Placement,
  templatesOf,
} from '../providers/definition-format.ts'
import { readPattern } from '../providers/definition-pattern.ts'

/** Flags that commands have whatever the provider: a field of such a name could not be given. */
const TAKEN_FLAGS = new Set([
  'name',
  'from',
  'from-env',
  'test',
  'no-test',
  'inactive',
  'active',
  'rename',
  'auth',
  'browser',
  'remote',
  'provider',
  'accept-definition',
  'profile',
  'vault',
  'json',
  'fields',
  'quiet',
  'verbose',
  'input',
  'color',
  'yes',
  'timeout',
  'help',
  'version',
  ...OWN_FIELDS.map(flagName),
])

/** What may stand after `crm providers` and is no provider. */
const WORDS = new Set(['add', 'validate', 'export', 'remove', 'list', 'help', 'env'])

/** Every problem of a definition whose values are right by themselves. */
export function definitionProblems(definition: Definition): readonly Problem[] {
  return [
    ...(WORDS.has(definition.id) ? [{ field: '/id', message: 'is a word that crm providers knows as something else; take another' }] : []),
    ...fieldProblems(definition),
    ...templateProblems(definition),
    ...addressProblems(definition),
    ...authProblems(definition),
    ...requestProblems(definition),
    ...checkProblems(definition),
  ]
}

function* fieldProblems(definition: Definition): Generator<Problem> {
  const names = new Set<string>()
  const variables = new Set<string>()
  const flags = new Set(TAKEN_FLAGS)
  for (const [index, field] of definition.fields.entries()) {
    const at = `/fields/${index}`
    const { name, visibleWhen, automated } = field
    if (names.has(name)) yield { field: `${at}/name`, message: 'is the name of an earlier field' }
    else if (automated !== true) yield* flagProblems(definition, field, `${at}/name`, flags)
    const variable = variableOf(definition, field)
    if (variables.has(variable)) yield { field: `${at}/env`, message: `is the variable of an earlier field: ${variable}` }
    else if (!isVariableName(variable))
      yield { field: `${at}/env`, message: `is a variable that means something else to programs: ${variable}` }
    if (visibleWhen !== undefined && !names.has(visibleWhen.field))
      yield { field: `${at}/visibleWhen/field`, message: 'is not an earlier field' }
    yield* valueProblems(definition, field, at)
    names.add(name)
    variables.add(variable)
  }
}

function* flagProblems(definition: Definition, field: DefinedField, at: string, flags: Set<string>): Generator<Problem> {
  const flag = flagName(field.name)
  const forms = isSecret(definition, field) ? [flag, `${flag}-stdin`, `${flag}-file`, `${flag}-env`] : [flag, `no-${flag}`]
  if (forms.some((form) => flags.has(form)))
    yield { field: at, message: `cannot be given as --${flag}, which means something else; take another name` }
  for (const form of forms) flags.add(form)
}

function* valueProblems(definition: Definition, field: DefinedField, at: string): Generator<Problem> {
  const { kind, choices, default: fallback, pattern, minLength = 0, maxLength = 16_384 } = field
  if ((kind === 'choice') !== (choices !== undefined)) {
    yield { field: `${at}/choices`, message: kind === 'choice' ? 'is missing' : 'is for a choice alone' }
  }
  if (minLength > maxLength) yield { field: `${at}/maxLength`, message: 'is less than minLength' }
  if (pattern !== undefined) {
    const read = readPattern(pattern, maxLength)
    if ('problem' in read) yield { field: `${at}/pattern`, message: read.problem }
  }
  if (fallback === undefined) return
  if (isSecret(definition, field)) yield { field: `${at}/default`, message: 'is not for a secret' }
  else if (choices !== undefined && !choices.some(({ value }) => value === fallback)) {
    yield { field: `${at}/default`, message: 'is not one of the choices' }
  } else if ((kind === 'integer') !== (typeof fallback === 'number') || (kind === 'boolean') !== (typeof fallback === 'boolean')) {
    yield {
      field: `${at}/default`,
      message: kind === 'integer' ? 'must be a whole number' : kind === 'boolean' ? 'must be true or false' : 'must be text',
    }
  }
}

/** Templates name what there is, where it may stand. */
function* templateProblems(definition: Definition): Generator<Problem> {
  const fields = new Map(definition.fields.map((field) => [field.name, field]))
  const used = new Set<string>(
    definition.auth.type === 'headers' && definition.auth.jsonField !== undefined ? [definition.auth.jsonField] : [],
  )
  const captured = new Set(Object.keys(oauthOf(definition)?.token.capture ?? {}))
  for (const place of templatesOf(definition)) {
    for (const name of namesIn(place.template)) {
      const key = name.replace(/^(?:fields|auth\.meta)\./, '')
      if (name.startsWith('fields.')) {
        used.add(key)
        yield* fieldPlaceProblems(place, key, fields.get(key))
      } else if (name.startsWith('auth.')) yield* tokenPlaceProblems(definition, place, name, captured)
    }
  }
  for (const [index, { name, automated }] of definition.fields.entries()) {
    if (automated === true && !captured.has(name)) yield { field: `/fields/${index}/automated`, message: 'is captured by no token call' }
    if (!used.has(name) && automated !== true && !isCondition(definition, name))
      yield { field: `/fields/${index}/name`, message: 'is used nowhere' }
  }
}

/** A choice that only says which other fields are asked for is of use. */
function isCondition({ fields }: Definition, name: string): boolean {
  return fields.some(({ visibleWhen }) => visibleWhen?.field === name)
}

function* fieldPlaceProblems({ pointer, template, slot }: Place, key: string, field: DefinedField | undefined): Generator<Problem> {
  if (field === undefined) {
    yield { field: pointer, message: `names the field ${key}, which there is not` }
    return
  }
  if (slot !== 'url') {
    if (field.kind === 'multilineSecret' && slot === 'header')
      yield { field: pointer, message: `puts ${key}, which has several lines, into a header` }
    return
  }
  const whole = template === `{{fields.${key}}}`
  if (field.kind === 'url' && !whole) yield { field: pointer, message: `joins ${key}, which is a whole address, with other text` }
  if (whole && field.kind !== 'url') yield { field: pointer, message: `takes ${key} as a whole address; its kind must be url` }
  const host = /^[a-z]+:\/\/([^/?#]*)/.exec(template)?.[1] ?? ''
  if (namesIn(host).includes(`fields.${key}`) && field.kind !== 'host' && field.kind !== 'choice') {
    yield { field: pointer, message: `has ${key} in its host, where only fields of the kind host or choice may be` }
  }
}

/** Nothing of a token is there before the token is; and a token does not belong into what a POST leaves in logs. */
function* tokenPlaceProblems(
  definition: Definition,
  { pointer, slot, isAuth }: Place,
  name: string,
  captured: ReadonlySet<string>,
): Generator<Problem> {
  if (oauthOf(definition) === undefined) yield { field: pointer, message: `names ${name}, and no token is obtained` }
  else if (isAuth) yield { field: pointer, message: `names ${name} before there is a token` }
  else if (slot === 'body') yield { field: pointer, message: `puts ${name} into the body of a test` }
  else if (slot === 'url' && name === 'auth.accessToken') yield { field: pointer, message: 'puts the access token into an address' }
  const key = name.replace('auth.meta.', '')
  if (name.startsWith('auth.meta.') && !captured.has(key)) yield { field: pointer, message: `names ${name}, which no token call captures` }
}

/** Addresses are https, without a user, and on the hosts that are listed, whatever their fields hold. */
function* addressProblems(definition: Definition): Generator<Problem> {
  const { hosts } = definition
  for (const { pointer, template, slot } of templatesOf(definition)) {
    if (slot !== 'url') continue
    const [whole] = /^\{\{[^{}]*\}\}$/.exec(template) ?? []
    const isBase = pointer === '/baseUrl'
    if (whole !== undefined) {
      if (hosts === undefined && (!isBase || whole.startsWith('{{auth.')))
        yield { field: '/hosts', message: `is missing: ${pointer} may name any host` }
      continue
    }
    const url = URL.parse(template.replace(/\{\{[^{}]*\}\}/g, 'x'))
    const fits = url !== null && url.username === '' && url.password === '' && url.hash === '' && (!isBase || url.search === '')
    const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname))
    if (!fits || !isSafe || !/^https?:\/\/[^/?#@\\]+/.test(template)) {
      yield { field: pointer, message: `must be https:// with a host and a path${isBase ? '' : ' or query'}, and nothing else` }
    } else if (hosts !== undefined ? !isCovered(template, url, hosts) : !isSameHost(template, definition.baseUrl, isBase)) {
      yield {
        field: hosts === undefined ? '/hosts' : pointer,
        message: hosts === undefined ? `must list the host of ${pointer}` : 'is not on one of the hosts',
      }
    } else if (hosts === undefined && /^https?:\/\/[^/]*\{\{auth\./.test(template)) {
      yield { field: '/hosts', message: `is missing: the host of ${pointer} comes from a server` }
    }
  }
}

/** Whether a host is listed whatever its fields hold: at least one entry has the letters that stand between them. */
function isCovered(template: string, url: URL, hosts: readonly string[]): boolean {
  const host = /^https?:\/\/([^/?#]*)/.exec(template)?.[1] ?? ''
  const [, name = '', port = ''] = /^(.*?)(?::(\d+))?$/.exec(host) ?? []
  // A host that comes whole from a field or a server is compared with the list once it is known.
  if (/^\{\{[^{}]*\}\}$/.test(name)) return true
  const shape = name.split(/\{\{[^{}]*\}\}/).map((part) => part.replaceAll('.', '\\.'))
  const fits = new RegExp(`^${shape.join('[a-z0-9.-]+')}$`)
  return hosts.some((entry) => {
    const [, listed = '', listedPort = ''] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? []
    if (listedPort !== port) return false
    return listed.startsWith('*.') ? isPinnedHost(url.hostname, [listed.slice(1)]) : fits.test(listed)
  })
}

function isSameHost(template: string, baseUrl: string, isBase: boolean): boolean {
  const hostOf = (text: string): string => /^https?:\/\/([^/?#]*)/.exec(text)?.[1] ?? ''
  return isBase || hostOf(template) === hostOf(baseUrl)
}

function* authProblems({ auth, limits, fields }: Definition): Generator<Problem> {
  if (auth.type === 'headers') {
    if (auth.headers === undefined && auth.jsonField === undefined) yield { field: '/auth', message: 'has neither headers nor jsonField' }
    const field = fields.find(({ name }) => name === auth.jsonField)
    if (auth.jsonField !== undefined && field?.kind !== 'jsonHeaders')
      yield { field: '/auth/jsonField', message: 'is not a field of the kind jsonHeaders' }
  }
  if (auth.type === 'hmac') {
    const needs = [
      ['keyId', 'keyId', auth.keyId],
      ['timestamp', 'timestamp', auth.timestamp],
      ['nonce', 'nonceHeader', auth.nonceHeader],
    ] as const
    for (const [part, member, given] of needs) {
      if (auth.parts.includes(part) && given === undefined)
        yield { field: `/auth/${member}`, message: `is missing: the signature is made over its ${part}` }
    }
    if (auth.keyIdHeader !== undefined && auth.keyId === undefined)
      yield { field: '/auth/keyIdHeader', message: 'names the place of a keyId that there is not' }
  }
  if (auth.type === 'oauth2_authorization_code' && auth.redirectPath !== undefined && auth.redirectPort === undefined) {
    yield { field: '/auth/redirectPath', message: 'needs a redirectPort: without one the path is chosen anew each time' }
  }
  if (limits?.maxRedirects !== undefined && limits.maxRedirects > 0) {
    yield { field: '/limits/maxRedirects', message: 'must be 0 or left out: no redirect is ever followed' }
  }
}

function* requestProblems({ auth, test }: Definition): Generator<Problem> {
  const { method = 'GET', path, body, bodyFormat, headers = [] } = test.request
  const at = '/test/request'
  if (/^\/[/\\]|\\|[@#\p{Cc}]|(?:^|\/)(?:\.|%2e){1,2}(?:\/|$|\?)/iu.test(path))
    yield { field: `${at}/path`, message: 'must begin with one slash and hold no "..", "@", "#" or backslash' }
  if (body !== undefined && method !== 'POST') yield { field: `${at}/body`, message: 'is for a POST alone' }
  if (bodyFormat !== undefined && body === undefined) yield { field: `${at}/bodyFormat`, message: 'has no body to be about' }
  if (body !== undefined && bodyFormat === 'raw' && typeof body !== 'string')
    yield { field: `${at}/body`, message: 'must be text for bodyFormat raw' }
  if (body !== undefined && bodyFormat === 'form' && !isForm(body))
    yield { field: `${at}/body`, message: 'must be an object of text, numbers and booleans for bodyFormat form' }
  if (body !== undefined && bodyFormat !== 'raw' && typeof body === 'string')
    yield { field: `${at}/body`, message: 'must be an object or a list; text needs bodyFormat raw' }
  const taken = new Set(authHeaders(auth))
  for (const [index, { name }] of headers.entries()) {
    if (taken.has(name.toLowerCase())) yield { field: `${at}/headers/${index}/name`, message: 'is set already' }
    taken.add(name.toLowerCase())
  }
}

function isForm(body: unknown): boolean {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return false
  return Object.values(body).every((value) => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
}

/** The headers that authenticate, in lower case. */
function authHeaders(auth: Definition['auth']): readonly string[] {
  const at = (place: Placement | undefined): string[] =>
    place === undefined ? ['authorization'] : place.in === 'header' ? [place.name] : []
  const names = (): readonly string[] => {
    switch (auth.type) {
      case 'none':
        return []
      case 'api_key':
        return at(auth.place)
      case 'bearer':
      case 'basic':
        return ['authorization']
      case 'headers':
        return (auth.headers ?? []).map(({ name }) => name)
      case 'hmac':
        return [...at(auth.signature), auth.keyIdHeader, auth.nonceHeader, auth.timestamp?.header].filter((name) => name !== undefined)
      case 'oauth2_client_credentials':
      case 'oauth2_authorization_code':
        return at(auth.place)
    }
  }
  return names().map((name) => name.toLowerCase())
}

/** A HEAD has no body, so nothing can be looked for in it. */
function* checkProblems({ test }: Definition): Generator<Problem> {
  if (test.request.method !== 'HEAD') return
  const lists: readonly [string, readonly AnswerCheck[]][] = [
    ['/test/expect/all', test.expect.all ?? []],
    ['/test/expect/none', test.expect.none ?? []],
    ['/test/errors', (test.errors ?? []).map(({ when }) => when)],
  ]
  for (const [pointer, list] of lists) {
    for (const [index, { at }] of list.entries()) {
      if (at !== undefined) yield { field: `${pointer}/${index}`, message: 'looks into the body, which the answer to a HEAD does not have' }
    }
  }
  if (Object.keys(test.identity ?? {}).length > 0)
    yield { field: '/test/identity', message: 'looks into the body, which the answer to a HEAD does not have' }
}
