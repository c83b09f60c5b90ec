import { CrmError } from '../core/errors.ts'
import { flagName } from '../core/field.ts'
import { type Json, valueAt } from '../core/json.ts'
import type { HttpRequest, HttpResponse } from '../core/ports.ts'
import type { Identity, Refusal, TestReport, TestTools } from '../core/provider.ts'
import { visible } from '../core/text.ts'
import { type AnswerTable, type FailureRow, readAnswer, textAt } from './answer-table.ts'
import { accessOf, addressField, type Definition, type Pointer } from './definition.ts'
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
    url,
    origin: base.origin,
    headers: { accept: 'application/json', ...Object.fromEntries(more.map(({ name, value }) => [name, value])), ...headers },
    publicOnly: true,
    maxBytes: MAX_BYTES,
    signal: tools.signal,
  }
  const response = await send(definition, request, tools)
  const findings = new Findings(null)
  const meaning = readAnswer(response, tableOf(definition))
  if (meaning.kind === 'failed') return findings.failed('credential', meaning.refusal)
  if (meaning.kind === 'nothing' || valueAt(meaning.json, definition.test.expect.exists) === undefined) {
    return findings.failed('credential', otherOf(definition))
  }
  findings.passed('credential', 'accepted')
  findings.identity = identityOf(definition, meaning.json)
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

function tableOf(definition: Definition): AnswerTable {
  const { name, test } = definition
  const { refusedWhen } = test.expect
  const refused: FailureRow = {
    status: [200, 299],
    says: /^\s*\{/,
    cause: 'auth_rejected',
    message: `${name} does not accept the ${credentialOf(definition).label}`,
    hint: renew(definition),
  }
  return {
    what: `the answer of ${name}`,
    rows: [...(refusedWhen === undefined ? [] : [refused]), ...rowsOf(definition)],
    other: otherOf(definition),
    ...(refusedWhen === undefined ? {} : { refuses: (json: Json) => valueAt(json, refusedWhen.at) === refusedWhen.equals }),
  }
}

function rowsOf(definition: Definition): readonly FailureRow[] {
  const { name } = definition
  const { label } = credentialOf(definition)
  return [
    { status: 401, cause: 'auth_rejected', message: `${name} does not accept the ${label} (401)`, hint: renew(definition) },
    {
      status: 402,
      cause: 'permission_denied',
      message: `the plan of this account does not include the API of ${name} (402)`,
      hint: 'check the plan, then: crm test {name}',
    },
    {
      status: 403,
      cause: 'permission_denied',
      message: `the ${label} may not read what the test reads (403)`,
      hint: `give its owner the right to read in ${name}, then: crm test {name}`,
    },
    { status: [404, 410], cause: 'not_found', message: `this host does not serve the API of ${name}`, hint: otherOf(definition).hint },
    { status: 429, cause: 'rate_limited', message: `${name} wants fewer requests (429)`, hint: '<wait>, then: crm test {name}' },
    {
      status: [500, 599],
      cause: 'provider_error',
      message: `${name} has a fault of its own`,
      hint: 'wait until it is mended, then: crm test {name}',
    },
  ]
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
