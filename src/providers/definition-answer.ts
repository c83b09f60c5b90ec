import { flagName } from '../core/field.ts'
import { type Json, valueAt } from '../core/json.ts'
import type { HttpResponse } from '../core/ports.ts'
import type { Identity, Refusal, TestReport } from '../core/provider.ts'
import { isHtml, readJson } from '../core/read-json.ts'
import { visible } from '../core/text.ts'
import { waitOf } from './answer-table.ts'
import { type AnswerCheck, type Definition, type ErrorClass, isSecret, oauthOf, type Pointer } from './definition-format.ts'
import { addressField } from './definition-template.ts'
import { Findings } from './findings.ts'

/** An answer, and what is wrong with it. */
export interface Answered {
  readonly response: HttpResponse
  readonly json: Json | undefined
  readonly refusal: (Refusal & { readonly class: ErrorClass }) | undefined
}

/** The report of a test whose answer came. */
export function reportOf(definition: Definition, { response, json, refusal }: Answered): TestReport {
  const findings = new Findings(json === undefined ? null : firstText(json, definition.test.identity?.apiVersion))
  if (response.tlsIssuer !== undefined) findings.passed('tls', `certificate issued by ${visible(response.tlsIssuer, 60)}`)
  if (refusal !== undefined) {
    const { class: _, ...meaning } = refusal
    return findings.failed('credential', meaning)
  }
  findings.passed('credential', definition.auth.type === 'none' ? 'not needed' : 'accepted')
  if (json !== undefined) {
    findings.identity = identityOf(definition, json)
    for (const [name, pointer] of detailsOf(definition)) {
      const text = firstText(json, pointer)
      if (text !== null) findings.passed(name, text)
    }
  }
  const left = limitsLeft(definition, response)
  if (left !== null) findings.passed('limits', left)
  return findings.connected()
}

/** The JSON of an answer; undefined where it is none. */
export function jsonOf(response: HttpResponse, { name }: Definition): Json | undefined {
  try {
    return readJson(response, { what: `the answer of ${name}` })
  } catch {
    return undefined
  }
}

/** What an answer means that is not the expected one; undefined for the expected one. */
export function refusalOf(definition: Definition, response: HttpResponse, json: Json | undefined, nowMs: number): Answered['refusal'] {
  const { expect, errors = [] } = definition.test
  const holds = (check: AnswerCheck): boolean => checkHolds(check, response, json)
  const told = (errorClass: ErrorClass): NonNullable<Answered['refusal']> => {
    const meaning = meaningOf(definition, errorClass, response)
    const skew = errorClass === 'auth_invalid' ? skewOf(definition, response, nowMs) : ''
    return { ...meaning, message: `${meaning.message}${skew}`, class: errorClass }
  }
  const known = errors.find(({ when }) => holds(when))
  if (known !== undefined) {
    const refusal = told(known.class)
    return known.hint === undefined ? refusal : { ...refusal, hint: visible(known.hint, 300) }
  }
  if (response.status >= 300) return told(classOf(definition, response))
  const { status, contentType, all = [], none = [] } = expect
  const expected =
    status.includes(response.status) && checkHolds(typeCheck(contentType), response, json) && all.every(holds) && !none.some(holds)
  return expected ? undefined : { ...otherOf(definition), class: 'provider_error' }
}

function typeCheck(contentType: string | undefined): AnswerCheck {
  return contentType === undefined ? {} : { contentType }
}

/** A signature is refused by a server whose clock differs: that is said, since nobody looks for it. */
function skewOf({ auth }: Definition, { headers }: HttpResponse, nowMs: number): string {
  const theirs = Date.parse(headers.date ?? '')
  const seconds = Math.round((nowMs - theirs) / 1000)
  if (auth.type !== 'hmac' || Number.isNaN(theirs) || Math.abs(seconds) < 30) return ''
  return `; the clock of this machine is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} that of the server`
}

/** Whether everything holds that a check looks for. Names of members and headers find those of the answer alone. */
function checkHolds(check: AnswerCheck, { status, headers }: HttpResponse, json: Json | undefined): boolean {
  if (check.status !== undefined && !check.status.includes(status)) return false
  const { contentType, header, at, exists, equals, contains } = check
  if (contentType !== undefined && headers['content-type']?.toLowerCase().startsWith(contentType.toLowerCase()) !== true) return false
  const inHeader = (name: string): string | undefined => (Object.hasOwn(headers, name) ? headers[name] : undefined)
  const found =
    header !== undefined ? inHeader(header.toLowerCase()) : at !== undefined && json !== undefined ? valueAt(json, at) : undefined
  if (exists !== undefined && (found !== undefined) !== exists) return false
  if (equals !== undefined && found !== equals) return false
  return contains === undefined || (typeof found === 'string' && found.includes(contains))
}

/** What an answer means where the definition does not say so. */
function classOf(definition: Definition, response: HttpResponse): ErrorClass {
  const { status } = response
  if (status >= 500) return 'maintenance'
  // A token that was given out a while ago is more likely to have ended than to be wrong: a new one is tried, once.
  if (status === 401 && oauthOf(definition) !== undefined) return 'auth_expired'
  return STATUS_CLASSES[status] ?? (isHtml(response) ? 'wrong_host' : 'provider_error')
}

const STATUS_CLASSES: Readonly<Record<number, ErrorClass>> = {
  401: 'auth_invalid',
  402: 'plan_limited',
  403: 'scope_missing',
  404: 'not_found',
  410: 'not_found',
  429: 'rate_limited',
}

function meaningOf(definition: Definition, errorClass: ErrorClass, response: HttpResponse): Refusal {
  const { name } = definition
  const { label } = keyFieldOf(definition)
  const told = response.status >= 400 ? ` (${response.status})` : ''
  const other = otherOf(definition)
  switch (errorClass) {
    case 'auth_invalid':
      return { cause: 'auth_rejected', message: `${name} does not accept the ${label}${told}`, hint: renew(definition) }
    case 'auth_expired':
      return { cause: 'auth_rejected', message: `the ${label} has expired${told}`, hint: renew(definition) }
    case 'scope_missing':
      return {
        cause: 'permission_denied',
        message: `the ${label} may not read what the test reads${told}`,
        hint: `give its owner the right to read in ${name}, then: crm test {name}`,
      }
    case 'plan_limited':
      return {
        cause: 'permission_denied',
        message: `the plan of this account does not include the API of ${name}${told}`,
        hint: 'check the plan, then: crm test {name}',
      }
    case 'wrong_host':
      return { cause: 'provider_error', message: `this host does not serve the API of ${name}`, hint: other.hint }
    case 'not_found':
      return { cause: 'not_found', message: `${name} does not know what the test reads${told}`, hint: other.hint }
    case 'rate_limited':
      return {
        cause: 'rate_limited',
        message: `${name} wants fewer requests${told}`,
        hint: `${waitOf(response, definition.test.rate?.retryAfterHeader)}, then: crm test {name}`,
      }
    case 'maintenance':
      return { cause: 'provider_error', message: `${name} has a fault of its own`, hint: 'wait until it is mended, then: crm test {name}' }
    case 'bad_request':
    case 'provider_error':
      return other
  }
}

/** An answer that is not what the documentation says: another product, a proxy, a page. */
export function otherOf(definition: Definition): Refusal {
  const { name } = definition
  const part = addressField(definition)
  return {
    cause: 'provider_error',
    message: `the answer is not one of the API of ${name}`,
    hint:
      part === undefined
        ? 'look for a proxy in between, then: crm test {name}'
        : `correct the address: crm edit {name} --${flagName(part.name)} <text>`,
  }
}

function renew(definition: Definition): string {
  const { auth, name, id } = definition
  if (auth.type === 'oauth2_authorization_code') return 'sign in again: crm login {name}'
  const field = keyFieldOf(definition)
  if (field.name === '') return `look up in the documentation of ${name} how a request is allowed: crm providers ${id}`
  return `copy it again or create a new one in ${name}, then: crm edit {name} --${flagName(field.name)}-stdin`
}

/** The secret that a definition authenticates with, as sentences name it. */
function keyFieldOf(definition: Definition): { readonly name: string; readonly label: string } {
  if (oauthOf(definition)?.type === 'oauth2_authorization_code') return { name: '', label: 'access token' }
  const field = definition.fields.find((one) => isSecret(definition, one))
  return { name: field?.name ?? '', label: (field?.label ?? 'credential').replace(/^A(?=ccess)/, 'a') }
}

function identityOf({ test }: Definition, json: Json): Identity {
  const { accountId, accountName, userName, email, role } = test.identity ?? {}
  return {
    accountId: firstText(json, accountId),
    accountName: firstText(json, accountName),
    userName: firstText(json, userName),
    userEmail: firstText(json, email),
    role: firstText(json, role),
  }
}

/** What else is told about the account, as checks of a test name it. */
function detailsOf({ test: { identity = {} } }: Definition): readonly (readonly [name: string, pointer: Pointer | undefined])[] {
  const { userId, scopes, plan, region, timeZone, currency } = identity
  return [
    ['user_id', userId],
    ['scopes', scopes],
    ['plan', plan],
    ['region', region],
    ['time_zone', timeZone],
    ['currency', currency],
  ]
}

/** How much of a limit is left, in the words of the headers that the definition names; null where they are not there. */
function limitsLeft({ test: { rate = {} } }: Definition, { headers }: HttpResponse): string | null {
  const shown = (name: string | undefined): string | undefined => {
    const text = name === undefined || !Object.hasOwn(headers, name.toLowerCase()) ? undefined : headers[name.toLowerCase()]
    return text === undefined ? undefined : visible(text, 60)
  }
  const remaining = shown(rate.remainingHeader)
  const limit = shown(rate.limitHeader)
  const reset = shown(rate.resetHeader)
  if (remaining === undefined && limit === undefined) return null
  const left = remaining === undefined ? `${limit} requests` : `${remaining}${limit === undefined ? '' : ` of ${limit}`} requests left`
  return reset === undefined ? left : `${left}, reset: ${reset}`
}

/** The first that is found, as text; of a list its texts, joined. */
function firstText(json: Json, pointer: Pointer | undefined): string | null {
  for (const one of pointer === undefined ? [] : [pointer].flat()) {
    const value = valueAt(json, one)
    const texts = (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string' || typeof item === 'number')
    const text = typeof value === 'boolean' ? String(value) : texts.join(', ')
    if (text !== '') return visible(text, 200)
  }
  return null
}
