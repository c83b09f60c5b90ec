import { expect, test } from 'vitest'
import type { AnswerKind } from '../../src/chatwoot/answer-kind.ts'
import { adviseOnRedirect, describeAnswer } from '../../src/chatwoot/answers.ts'
import { versionWarnings } from '../../src/chatwoot/version.ts'
import { CrmError } from '../../src/core/errors.ts'
import type { HttpResponse } from '../../src/core/ports.ts'
import { readJson } from '../../src/core/read-json.ts'
import { Breach, type Limit } from '../../src/http/breach.ts'
import { describeFailure } from '../../src/http/failure.ts'
import { ProxyFailure } from '../../src/http/proxy-failure.ts'
import { proxyRules } from '../../src/http/proxy-rules.ts'
import { openSandbox, run } from '../support/cli.ts'
import { readDocument, sectionOf, tableIn } from './document.ts'

const guide = readDocument('docs/guide.md')
const connection = { baseUrl: 'https://chat.example.com', accountId: '1' }

/** What the guide says of a message: the code in its row. */
function codeInGuide(title: string, message: string): string | undefined {
  return tableIn(sectionOf(guide, title)).find(([says]) => says === message)?.[1]
}

function answer(status: number, body = '', type = 'application/json'): HttpResponse {
  return { status, headers: { 'content-type': type }, body: Buffer.from(body), latencyMs: 1 }
}

/** The status of a sample of each kind; a new kind does not compile before it is here. */
const KINDS: Readonly<Record<AnswerKind, number>> = {
  header_missing: 401,
  token_invalid: 401,
  bot_token: 401,
  account_foreign: 401,
  account_suspended: 401,
  role_too_low: 401,
  unknown_refusal: 401,
  plan_limit: 402,
  plan_without_api: 403,
  forbidden: 403,
  record_missing: 404,
  route_missing: 404,
  not_chatwoot: 404,
  dashboard_route: 406,
  invalid: 422,
  rate_limited: 429,
  server_error: 500,
  gateway_error: 502,
  unexpected: 418,
}

test.each(Object.entries(KINDS))('the guide explains the answer %s of a Chatwoot', (kind, status) => {
  const { code, message } = describeAnswer(kind as AnswerKind, answer(status, '{}'), { what: '...', connection })
  expect(codeInGuide('What the test of a Chatwoot says', message)).toBe(code)
})

test('the guide explains a redirect and a page in place of JSON', () => {
  const redirect = new CrmError('provider_error', 'x', { redirectTo: 'https://www.chat.example.com/api' })
  const advised = adviseOnRedirect(redirect, connection) as CrmError
  expect(codeInGuide('What the test of a Chatwoot says', advised.message)).toBe(advised.code)
  let thrown: unknown
  try {
    readJson(answer(200, '<!doctype html><html></html>', 'text/html'), { what: 'the profile' })
  } catch (error) {
    thrown = error
  }
  expect(codeInGuide('What the test of a Chatwoot says', (thrown as CrmError).message)).toBe((thrown as CrmError).code)
})

test('the guide explains an account that the token may not use, and the token of an agent', async () => {
  const sandbox = await openSandbox()
  const env = { CHATWOOT_BASE_URL: sandbox.url, CHATWOOT_ACCOUNT_ID: '9', CHATWOOT_API_KEY: sandbox.administratorToken }
  const foreign = JSON.parse((await run(['test', '--json'], { env })).stdout)
  const [message = ''] = foreign.error.message.split(':')
  expect(codeInGuide('What the test of a Chatwoot says', message)).toBe(foreign.error.code)
  const agent = JSON.parse(
    (await run(['test', '--json'], { env: { ...env, CHATWOOT_ACCOUNT_ID: '1', CHATWOOT_API_KEY: sandbox.agentToken } })).stdout,
  )
  expect(agent).toMatchObject({ ok: true, warnings: [{ code: 'not_administrator' }] })
  expect(warningsOfGuide()).toContain(agent.warnings[0].message)
})

/** What the second table of the section says. */
function warningsOfGuide(): (string | undefined)[] {
  const section = sectionOf(guide, 'What the test of a Chatwoot says')
  return tableIn({ ...section, text: section.text.slice(section.text.indexOf('Warnings are not failures')) }).map(([says]) => says)
}

test.each(['2.10', '3.5.0', '4.12.0', '4.16.0'])('the guide explains the warnings about version %s', (version) => {
  const messages = versionWarnings(version).map(({ message }) => message)
  expect(messages.length).toBeGreaterThan(0)
  expect(warningsOfGuide()).toEqual(expect.arrayContaining(messages))
})

const DEADLINES = { connectMs: 10_000, headersMs: 15_000, idleMs: 10_000, requestMs: 30_000 }
const LIMITS: readonly Limit[] = ['connect', 'headers', 'idle', 'request']
const CODES = [
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  'UND_ERR_HEADERS_OVERFLOW',
]
const CAUSES: readonly [string, unknown][] = [
  ...LIMITS.map((limit): [string, unknown] => [`the limit of the ${limit}`, new Breach(limit)]),
  ...CODES.map((code): [string, unknown] => [code, Object.assign(new Error(code), { code })]),
  ['bytes that are not HTTP', Object.assign(new Error('x'), { name: 'HTTPParserError' })],
]

test.each(CAUSES)('the guide explains %s', (_name, cause) => {
  const { error } = describeFailure(cause, new URL('https://chat.example.com/api'), DEADLINES)
  expect(codeInGuide('What the network says', error.message)).toBe(error.code)
})

const SERVER = new URL('https://chat.example.com/')
const proxyOf = (credentials: string) => proxyRules({ HTTPS_PROXY: `http://${credentials}proxy.example.com:3128` })(SERVER)!
const REFUSALS: readonly [string, ConstructorParameters<typeof ProxyFailure>][] = [
  ['that nobody answers', [proxyOf(''), { error: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) }]],
  ['that no password was given', [proxyOf(''), { status: 407 }]],
  ['that the password is wrong', [proxyOf('ann:pw@'), { status: 407 }]],
  ['a refusal', [proxyOf(''), { status: 403 }]],
]

test.each(REFUSALS)('the guide explains of a proxy %s', (_name, failure) => {
  const { error } = describeFailure(new ProxyFailure(...failure), SERVER, DEADLINES)
  expect(codeInGuide('What a proxy says', error.message)).toBe(error.code)
})

test('the guide explains a proxy that cannot be used', () => {
  expect(() => proxyRules({ HTTPS_PROXY: 'socks5://proxy.example.com' })(SERVER)).toThrow(
    expect.objectContaining({ code: codeInGuide('What a proxy says', 'the proxy of HTTPS_PROXY cannot be used') }),
  )
})
