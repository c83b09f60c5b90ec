import type { ErrorCode } from '../core/errors.ts'
import type { HttpResponse } from '../core/ports.ts'
import type { Check, TestReport, Warning } from '../core/provider.ts'
import { isHtml, mediaType } from '../core/read-json.ts'
import { visible } from '../core/text.ts'

/** How to give each kind of credential anew. */
const RENEW: Readonly<Record<string, string>> = {
  none: 'this CRM asks for a credential: crm edit {name} --auth-type bearer --token-stdin',
  'api-key': 'create a new key in the CRM, then: crm edit {name} --api-key-stdin',
  bearer: 'create a new token in the CRM, then: crm edit {name} --token-stdin',
  basic: 'check user name and password, then: crm edit {name} --username <name> --password-stdin',
  headers: 'check the headers, then: crm edit {name} --headers-stdin',
}

interface Verdict {
  readonly cause: ErrorCode
  readonly message: string
  readonly hint: string
}

/**
 * What the answer to the test request means. An ad hoc CRM has no contract about what it answers, so every 2xx counts as connected
 * and the report says what came; only a page that asks for a password is taken for what it is.
 */
export function reportAnswer(response: HttpResponse, authType: string): TestReport {
  const verdict = judge(response, authType)
  const page = verdict === undefined && isHtml(response)
  return {
    outcome: verdict === undefined ? 'connected' : 'failed',
    cause: verdict?.cause ?? null,
    message: verdict?.message ?? null,
    hint: verdict?.hint ?? null,
    identity: null,
    checks: [...tlsCheck(response), answerCheck(response, verdict === undefined)],
    server: null,
    warnings: page ? [WEB_PAGE] : [],
  }
}

const WEB_PAGE: Warning = {
  code: 'web_page',
  message: 'the test path answers with a web page, which shows only that a server is there; choose a path of the API with --test-path',
}

/** Who vouches for the server; nothing over http. */
function tlsCheck({ tlsIssuer }: HttpResponse): readonly Check[] {
  return tlsIssuer === undefined ? [] : [{ name: 'tls', passed: true, detail: `certificate issued by ${visible(tlsIssuer, 60)}` }]
}

function answerCheck(response: HttpResponse, passed: boolean): Check {
  const type = mediaType(response)
  const content =
    response.body.length === 0 ? 'no content' : `${type === '' ? 'untyped content' : visible(type, 60)}, ${response.body.length} bytes`
  return { name: 'answer', passed, detail: `status ${response.status}, ${content}` }
}

function judge(response: HttpResponse, authType: string): Verdict | undefined {
  const { status } = response
  if (status < 300) return isLoginPage(response) ? LOGIN_PAGE : undefined
  if (status === 401) {
    const message = authType === 'none' ? 'the CRM does not answer without a credential (401)' : 'the CRM refused the credential (401)'
    return { cause: 'auth_rejected', message, hint: RENEW[authType] ?? RENEW.headers! }
  }
  return BY_STATUS[status] ?? (status === 429 ? rateLimited(response) : status >= 500 ? serverFault(status) : refused(status))
}

const LOGIN_PAGE: Verdict = {
  cause: 'provider_error',
  message: 'the CRM answered with a login page instead of data',
  hint: 'use the address of the API, not of the web application: crm edit {name} --base-url <url>',
}

const NO_SUCH_PATH = 'correct the address: crm edit {name} --base-url <url> --test-path <path>'

const BY_STATUS: Readonly<Record<number, Verdict>> = {
  402: {
    cause: 'permission_denied',
    message: 'the plan of this account does not include what the test path reads (402)',
    hint: 'check the plan in the CRM, or test another path: crm edit {name} --test-path <path>',
  },
  403: {
    cause: 'permission_denied',
    message: 'the credential may not read the test path (403)',
    hint: 'give it the right to read in the CRM, or test another path: crm edit {name} --test-path <path>',
  },
  404: { cause: 'not_found', message: 'there is nothing at the test path (404)', hint: NO_SUCH_PATH },
  410: { cause: 'not_found', message: 'there is nothing at the test path any more (410)', hint: NO_SUCH_PATH },
}

function rateLimited(response: HttpResponse): Verdict {
  const after = response.headers['retry-after']?.trim() ?? ''
  const wait = /^\d{1,9}$/.test(after) ? `wait ${after} s` : 'wait a little'
  return { cause: 'rate_limited', message: 'the CRM wants fewer requests (429)', hint: `${wait}, then: crm test {name}` }
}

function serverFault(status: number): Verdict {
  return {
    cause: 'provider_error',
    message: `the CRM has a fault of its own (${status})`,
    hint: 'wait until it is mended, then: crm test {name}',
  }
}

function refused(status: number): Verdict {
  return {
    cause: 'provider_error',
    message: `the CRM does not accept the test request (${status})`,
    hint: 'choose a path that answers a plain GET: crm edit {name} --test-path <path>',
  }
}

/** How much of a page is searched. */
const PAGE_BYTES = 256 * 1024

/** A page with a password box is a login page: the credential got us nowhere, whatever the status says. */
function isLoginPage(response: HttpResponse): boolean {
  return (
    isHtml(response) && /<input\b[^>]{0,500}\btype\s*=\s*["']?password\b/i.test(response.body.subarray(0, PAGE_BYTES).toString('latin1'))
  )
}
