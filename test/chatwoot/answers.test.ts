import fc from 'fast-check'
import { expect, test } from 'vitest'
import { kindOf } from '../../src/chatwoot/answer-kind.ts'
import { adviseOnRedirect, mayHaveHappened, mayStillHappen, refusalOf } from '../../src/chatwoot/answers.ts'
import { CrmError } from '../../src/core/errors.ts'
import type { HttpResponse } from '../../src/core/ports.ts'

const CONNECTION = { baseUrl: 'https://chat.example.com', accountId: '3' }
const ASKED = { what: 'the inbox 5', connection: CONNECTION }

function answer(
  status: number,
  body: unknown,
  type = 'application/json; charset=utf-8',
  headers: Record<string, string> = {},
): HttpResponse {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { status, headers: { 'content-type': type, ...headers }, body: Buffer.from(text), latencyMs: 1 }
}

const HTML = '<!doctype html><title>Log in</title>'

const TABLE: readonly [string, HttpResponse, string | undefined, string | undefined][] = [
  ['a success', answer(200, {}), undefined, undefined],
  ['an empty success', answer(200, '', 'text/plain'), undefined, undefined],
  ['a dropped header', answer(401, { errors: ['You need to sign in or sign up before continuing.'] }), 'header_missing', 'auth_rejected'],
  ['an unknown token', answer(401, { error: 'Invalid Access Token' }), 'token_invalid', 'auth_rejected'],
  ['a bot', answer(401, { error: 'Access to this endpoint is not authorized for bots' }), 'bot_token', 'permission_denied'],
  ['a foreign bot', answer(401, { error: 'Bot is not authorized to access this account' }), 'bot_token', 'permission_denied'],
  ['a foreign account', answer(401, { error: 'You are not authorized to access this account' }), 'account_foreign', 'not_found'],
  ['a suspended account', answer(401, { error: 'Account is suspended' }), 'account_suspended', 'permission_denied'],
  ['an agent', answer(401, { error: 'You are not authorized to do this action' }), 'role_too_low', 'permission_denied'],
  ['a text of a later version', answer(401, { error: 'Token has expired' }), 'unknown_refusal', 'auth_rejected'],
  ['another list of errors', answer(401, { errors: ['Token has expired'] }), 'unknown_refusal', 'auth_rejected'],
  ['a login in front', answer(401, HTML, 'text/html'), 'unknown_refusal', 'auth_rejected'],
  ['a full account', answer(402, { error: 'Account limit exceeded. Upgrade to a higher plan' }), 'plan_limit', 'permission_denied'],
  ['a plan without API', answer(403, { error: 'API access is not enabled for this account' }), 'plan_without_api', 'permission_denied'],
  ['a firewall', answer(403, HTML, 'text/html'), 'forbidden', 'provider_error'],
  ['a missing record', answer(404, { error: 'Resource could not be found' }), 'record_missing', 'not_found'],
  ['a missing route', answer(404, { status: 404, error: 'Not Found' }), 'route_missing', 'provider_error'],
  ['another server', answer(404, HTML, 'text/html'), 'not_chatwoot', 'provider_error'],
  [
    'the dashboard',
    answer(406, { error: 'Please use API routes instead of dashboard routes for JSON requests' }),
    'dashboard_route',
    'provider_error',
  ],
  ['a refused value', answer(422, { message: 'Naam fehlt', attributes: ['name'] }), 'invalid', 'usage'],
  ['a throttle', answer(429, 'Retry later\n', 'text/plain'), 'rate_limited', 'rate_limited'],
  ['a crash', answer(500, { status: 500, error: 'Internal Server Error' }), 'server_error', 'provider_error'],
  ['a proxy without server', answer(502, HTML, 'text/html'), 'gateway_error', 'provider_error'],
  ['a bad request', answer(400, { status: 400, error: 'Bad Request' }), 'unexpected', 'provider_error'],
]

test.each(TABLE)('%s is told apart', (_name, response, kind, code) => {
  expect(kindOf(response)).toBe(kind)
  expect(refusalOf(response, ASKED)?.code).toBe(code)
})

test('every refusal says what, why and what to do, in lower case, without full stop and without the body', () => {
  for (const [name, response] of TABLE) {
    const error = refusalOf(response, ASKED)
    if (error === undefined) continue
    expect(error.message, name).not.toMatch(/\.$/)
    expect(error.reason, name).toBeDefined()
    if (error.kind !== 'record_missing') expect(error.hint, name).toBeDefined()
    expect(`${error.message} ${error.reason}`, name).not.toContain('<title>')
    expect(`${error.message} ${error.reason}`, name).not.toContain('Naam')
  }
})

test('a refusal in words that nobody knows blames no proxy, and a page does', () => {
  for (const body of [{ error: 'Token has expired' }, { errors: ['Token has expired'] }])
    expect(`${refusalOf(answer(401, body), ASKED)?.reason} ${refusalOf(answer(401, body), ASKED)?.hint}`).not.toMatch(/proxy/)
  expect(refusalOf(answer(401, HTML, 'text/html'), ASKED)?.reason).toContain('proxy')
})

test('a dropped header names the proxy and its setting', () => {
  const error = refusalOf(answer(401, { errors: ['You need to sign in or sign up before continuing.'] }), ASKED)
  expect(`${error?.reason} ${error?.hint}`).toMatch(/proxy.*underscores_in_headers/)
})

test('a refused value names the attributes, and never the sentence, which may be translated', () => {
  const error = refusalOf(answer(422, { message: 'x', attributes: ['name', 'website_url', 7] }), ASKED)
  expect(error?.problems).toEqual([
    { field: 'name', message: 'is not accepted by Chatwoot' },
    { field: 'website_url', message: 'is not accepted by Chatwoot' },
  ])
  expect(error?.reason).toBe('not valid: name, website_url')
})

test('an error of the server names its request for the log, made safe to print', () => {
  const error = refusalOf(answer(500, {}, 'application/json', { 'x-request-id': 'abc\u001b[31m' }), ASKED)
  expect(error?.reason).toContain('(request abc\\x1b[31m)')
})

test('no answer whatsoever makes the reader fail, and none repeats what the server sent', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 599 }),
      fc.oneof(fc.json(), fc.string(), fc.constant('{"errors":{}}'), fc.constant('[]')),
      fc.constantFrom('application/json', 'text/html', '', 'application/problem+json'),
      (status, body, type) => {
        const canary = 'CANARY-5a1f'
        const error = refusalOf(answer(status, `${body}${canary}`, type), ASKED)
        expect(error === undefined).toBe(status >= 200 && status < 300)
        expect(`${error?.message} ${error?.reason} ${error?.hint}`).not.toContain(canary)
      },
    ),
  )
})

test('a redirect becomes the base URL to use, and says nothing of the path behind it', () => {
  const redirect = (to: string) => new CrmError('provider_error', 'redirects', { redirectTo: to })
  const advise = (from: string, to: string) => adviseOnRedirect(redirect(to), { baseUrl: from }) as CrmError
  const moved = advise('http://localhost:3000', 'https://localhost:3000/api/v1/profile')
  expect(moved).toMatchObject({
    code: 'provider_error',
    retryable: false,
    hint: expect.stringMatching(/--base-url https:\/\/localhost:3000$/),
  })
  expect(advise('https://old.example', 'https://new.example/login/CANARY').hint).toMatch(/--base-url https:\/\/new\.example$/)
  expect(JSON.stringify([moved.message, moved.reason])).not.toContain('CANARY')
  expect(advise('https://same.example', 'https://same.example/login').hint).toContain('X-Forwarded-Proto')
  const other = new CrmError('unreachable', 'nothing answers')
  expect(adviseOnRedirect(other, CONNECTION)).toBe(other)
})

test('only refusals are known to have had no effect, and only a server that has answered is known to be done', () => {
  const of = (status: number, body: unknown = {}) => refusalOf(answer(status, body), ASKED)
  for (const status of [400, 401, 402, 403, 404, 422, 429]) expect(mayHaveHappened(of(status)), String(status)).toBe(false)
  for (const status of [500, 502, 503, 504]) expect(mayHaveHappened(of(status)), String(status)).toBe(true)
  expect([mayStillHappen(of(500)), mayStillHappen(of(503))]).toEqual([false, true])
  for (const code of ['unreachable', 'cancelled', 'provider_error'] as const)
    expect(mayStillHappen(new CrmError(code, 'x')), code).toBe(true)
  expect(mayHaveHappened(new CrmError('provider_error', 'x', { redirectTo: 'https://b.example/' }))).toBe(false)
  expect(mayHaveHappened(new TypeError('x'))).toBe(true)
})
