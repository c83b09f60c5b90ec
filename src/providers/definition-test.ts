import { CrmError } from '../core/errors.ts'
import type { Tokens } from '../core/grant.ts'
import type { HttpRequest, HttpResponse } from '../core/ports.ts'
import type { TestReport, TestTools } from '../core/provider.ts'
import { type Answered, jsonOf, otherOf, refusalOf, reportOf } from './definition-answer.ts'
import { type Definition, oauthOf } from './definition-format.ts'
import { requestOf } from './definition-request.ts'

/** Tests the connection of a CRM that is described as data, by its one request; once more with a new token where the first has expired. */
export async function testDefined(
  definition: Definition,
  values: Readonly<Record<string, unknown>>,
  tools: TestTools,
): Promise<TestReport> {
  const needsToken = oauthOf(definition) !== undefined
  const tokens = needsToken ? await tools.tokens.get() : undefined
  const first = await ask(definition, values, tools, tokens)
  if (!needsToken || first.refusal?.class !== 'auth_expired') return reportOf(definition, first)
  const renewed = await tools.tokens.renew()
  return reportOf(definition, renewed === undefined ? first : await ask(definition, values, tools, renewed))
}

async function ask(
  definition: Definition,
  values: Readonly<Record<string, unknown>>,
  tools: TestTools,
  tokens: Tokens | undefined,
): Promise<Answered> {
  await turnOf(definition, tools)
  const request = requestOf(definition, values, tools, tokens)
  const response = await send(definition, request, tools)
  const json = jsonOf(response, definition)
  return { response, json, refusal: refusalOf(definition, response, json, tools.clock()) }
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

/** When the next request of a definition may be sent, in Unix milliseconds. */
const turns = new WeakMap<Definition, number>()

/** Waits where the definition limits how many requests its CRM takes in a second. */
async function turnOf(definition: Definition, { clock, signal }: TestTools): Promise<void> {
  const { requestsPerSecond } = definition.limits ?? {}
  if (requestsPerSecond === undefined) return
  const nowMs = clock()
  const atMs = Math.max(nowMs, turns.get(definition) ?? 0)
  turns.set(definition, atMs + 1000 / requestsPerSecond)
  if (atMs <= nowMs) return
  const { setTimeout: sleep } = await import('node:timers/promises')
  await sleep(atMs - nowMs, undefined, { signal }).catch(() => {
    throw signal.reason
  })
}
