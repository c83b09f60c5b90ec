import { CrmError } from '../core/errors.ts'
import { flagName } from '../core/field.ts'
import { type Json, valueAt } from '../core/json.ts'
import type { HttpRequest, HttpResponse } from '../core/ports.ts'
import type { Identity, Refusal, TestReport, TestTools } from '../core/provider.ts'
import { readJson } from '../core/read-json.ts'
import { visible } from '../core/text.ts'
import { textAt, waitOf } from './answer-table.ts'
import { type AnswerCheck, accessOf, addressField, authorizedUrl, type Definition, type ErrorClass, type Pointer } from './definition.ts'
import { Findings } from './findings.ts'

/** Tests the connection of a CRM that is described as data, by its one request. */
export async function testDefined(
  definition: Definition,
  values: Readonly<Record<string, unknown>>,
  tools: TestTools,
): Promise<TestReport> {
  const { baseUrl, headers } = accessOf(definition, values)
  const { path, headers: more = [] } = definition.test.request
  const base = new URL(baseUrl)
  const url = new URL(base)
  // Set on the checked origin: joined texts could name another host.
  url.pathname = base.pathname.replace(/\/+$/, '') + path
  const request: HttpRequest = {
    method: 'GET',
    url: authorizedUrl(definition, url, values),
    origin: base.origin,
    headers: { accept: 'application/json', ...Object.fromEntries(more.map(({ name, value }) => [name, value])), ...headers },
    publicOnly: true,
    maxBytes: MAX_BYTES,
    signal: tools.signal,
  }
  const response = await send(definition, request, tools)
  const findings = new Findings(null)
  const json = jsonOf(response, definition)
  const refusal = refusalOf(definition, response, json)
  if (refusal !== undefined) return findings.failed('credential', refusal)
  findings.passed('credential', definition.auth.type === 'none' ? 'not needed' : 'accepted')
  if (json !== undefined) findings.identity = identityOf(definition, json)
  return findings.connected()
}

/** Sends the request of the test. Where no connection comes about, the fix names a flag that this CRM has. */
async function send(definition: Definition, request: HttpRequest, tools: TestTools): Promise<HttpResponse> {
  try {
    return await tools.http(request)
  } catch (error) {
    if (!(error instanceof CrmError) || error.hint?.includes('--base-url') !== true) throw error
    const { code, message, reason, retryable, redirectTo, cause } = error
    throw new CrmError(code, message, {
      hint: otherOf(definition).hint,
      retryable,
      ...(reason === undefined ? {} : { reason }),
      ...(redirectTo === undefined ? {} : { redirectTo }),
      ...(cause === undefined ? {} : { cause }),
    })
  }
}

/** Most bytes of the answer of a test. */
const MAX_BYTES = 1024 * 1024

function jsonOf(response: HttpResponse, { name }: Definition): Json | undefined {
  try {
    return readJson(response, { what: `the answer of ${name}` })
  } catch {
    return undefined
  }
}

/** What an answer means that is not the expected one; undefined for the expected one. */
function refusalOf(definition: Definition, response: HttpResponse, json: Json | undefined): Refusal | undefined {
  const { expect, errors = [] } = definition.test
  const holds = (check: AnswerCheck): boolean => checkHolds(check, response, json)
  const known = errors.find(({ when }) => holds(when))
  if (known !== undefined) {
    const refusal = meaningOf(definition, known.class, response)
    return known.hint === undefined ? refusal : { ...refusal, hint: visible(known.hint, 300) }
  }
  if (response.status >= 300) return meaningOf(definition, classOf(response.status), response)
  const expected = expect.status.includes(response.status) && (expect.all ?? []).every(holds) && !(expect.none ?? []).some(holds)
  return expected ? undefined : otherOf(definition)
}

/** Whether everything holds that a check looks for. Names of members and headers find those of the answer alone. */
function checkHolds(check: AnswerCheck, { status, headers }: HttpResponse, json: Json | undefined): boolean {
  if (check.status !== undefined && !check.status.includes(status)) return false
  const { header, at, exists, equals, contains } = check
  const inHeader = (name: string): string | undefined => (Object.hasOwn(headers, name) ? headers[name] : undefined)
  const found =
    header !== undefined ? inHeader(header.toLowerCase()) : at !== undefined && json !== undefined ? valueAt(json, at) : undefined
  if (exists !== undefined && (found !== undefined) !== exists) return false
  if (equals !== undefined && found !== equals) return false
  return contains === undefined || (typeof found === 'string' && found.includes(contains))
}

/** What a status means where the definition does not say so. */
function classOf(status: number): ErrorClass {
  if (status >= 500) return 'maintenance'
  return STATUS_CLASSES[status] ?? 'provider_error'
}

const STATUS_CLASSES: Readonly<Record<number, ErrorClass>> = {
  401: 'auth_invalid',
  402: 'plan_limited',
  403: 'scope_missing',
  404: 'wrong_host',
  410: 'wrong_host',
  429: 'rate_limited',
}

function meaningOf(definition: Definition, errorClass: ErrorClass, response: HttpResponse): Refusal {
  const { name } = definition
  const { label } = credentialOf(definition)
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
      return { cause: 'not_found', message: `this host does not serve the API of ${name}`, hint: other.hint }
    case 'not_found':
      return { cause: 'not_found', message: `${name} does not know what the test reads${told}`, hint: other.hint }
    case 'rate_limited':
      return { cause: 'rate_limited', message: `${name} wants fewer requests${told}`, hint: `${waitOf(response)}, then: crm test {name}` }
    case 'maintenance':
      return { cause: 'provider_error', message: `${name} has a fault of its own`, hint: 'wait until it is mended, then: crm test {name}' }
    case 'bad_request':
    case 'provider_error':
      return other
  }
}

/** An answer that is not what the documentation says: another product, a proxy, a page. */
function otherOf(definition: Definition): Refusal {
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
  const { name } = credentialOf(definition)
  if (name === '') return `look up in the documentation of ${definition.name} how a request is allowed: crm providers ${definition.id}`
  return `copy it again or create a new one in ${definition.name}, then: crm edit {name} --${flagName(name)}-stdin`
}

/** The secret field of a definition, as sentences name it. */
function credentialOf({ fields }: Definition): { readonly name: string; readonly label: string } {
  const field = fields.find(({ kind }) => kind === 'secret')
  return { name: field?.name ?? '', label: (field?.label ?? 'credential').replace(/^A(?=ccess)/, 'a') }
}

function identityOf({ test }: Definition, json: Json): Identity {
  const { accountId, accountName, userName, email, role } = test.identity
  return {
    accountId: firstText(json, accountId),
    accountName: firstText(json, accountName),
    userName: firstText(json, userName),
    userEmail: firstText(json, email),
    role: firstText(json, role),
  }
}

function firstText(json: Json, pointer: Pointer | undefined): string | null {
  for (const one of pointer === undefined ? [] : [pointer].flat()) {
    const text = textAt(json, one)
    if (text !== null) return visible(text, 200)
  }
  return null
}
