import { CrmError, refuseProblems } from '../core/errors.ts'
import { mergeValues, type StoredValues } from '../core/field.ts'
import { readValues } from '../core/field-values.ts'
import type { Tokens } from '../core/grant.ts'
import type { Provider } from '../core/provider.ts'
import { encodeContext } from '../crypto/context.ts'
import { beginHandOver, sealFor } from '../crypto/hand-over.ts'
import type { SignInTools } from '../oauth/sign-in.ts'
import type { OAuthTools } from '../oauth/token-request.ts'
import { endpointOf } from './sign-in.ts'
import { trusting } from './trusting.ts'

const REQUEST = 'crm-request-1.'
const CODE = 'crm-code-1.'

/** What the machine with the browser needs to know: nothing of it is secret. */
interface Request {
  readonly provider: string
  /** The public settings of the integration, as text by field. */
  readonly settings: Readonly<Record<string, string>>
  readonly state: string
  readonly challenge: string | null
  /** The public key that the answer is sealed for, base64url. */
  readonly key: string
}

/** A sign-in whose browser is elsewhere, waiting for its code. */
export interface RemoteSignIn {
  /** What `crm authorize` is given. */
  readonly request: string
  /**
   * Redeems the sealed code that it printed. The verifier and the client's secret have never left this machine.
   * @throws {CrmError} `usage` for a code that is not for this request; then as a sign-in.
   */
  redeem(code: string, tools: OAuthTools): Promise<Tokens>
}

/** Begins a sign-in for an integration with these values. @throws {CrmError} `usage` for a way to authenticate without a sign-in. */
export async function beginRemoteSignIn(provider: Provider, stored: StoredValues): Promise<RemoteSignIn> {
  const values = mergeValues(stored) as never
  const authorization = provider.authorization?.(values)
  if (authorization === undefined) throw new CrmError('usage', `this way to authenticate at ${provider.title} has no sign-in`)
  const { challengeOf, newSignIn, redeem } = await import('../oauth/sign-in.ts')
  const secrets = newSignIn()
  const handOver = beginHandOver()
  const settings = Object.fromEntries(Object.entries(stored.settings).map(([key, value]) => [key, String(value)]))
  const challenge = (await challengeOf(authorization, secrets)) ?? null
  const request: Request = {
    provider: provider.id,
    settings,
    state: secrets.state,
    challenge,
    key: handOver.publicKey.toString('base64url'),
  }
  const text = `${REQUEST}${Buffer.from(JSON.stringify(request)).toString('base64url')}`
  return {
    request: text,
    async redeem(code, tools) {
      const { redirectUri, parameters } = openCode(code, text, handOver.open)
      const endpointFor = (captured: Readonly<Record<string, string>>) => endpointOf(provider, values, captured)
      try {
        const trusted = { ...tools, http: trusting(tools.http, stored) }
        return await redeem({ authorization, redirectUri, secrets, parameters: new URLSearchParams(parameters), endpointFor }, trusted)
      } catch (error) {
        const { explainRefusal } = await import('../oauth/explain-refusal.ts')
        throw await explainRefusal(error, provider, values)
      }
    },
  }
}

interface Answer {
  readonly redirectUri: string
  /** The query of the callback. */
  readonly parameters: string
}

function openCode(code: string, request: string, open: (message: Buffer, context: Buffer) => Buffer): Answer {
  try {
    const text = code.trim()
    if (!text.startsWith(CODE)) throw new RangeError('another text')
    return JSON.parse(open(Buffer.from(text.slice(CODE.length), 'base64url'), encodeContext(request)).toString('utf8')) as Answer
  } catch (error) {
    throw new CrmError('usage', 'this is not the code for this sign-in', {
      reason: `it must begin with ${CODE} and be made by crm authorize with the request above, whole`,
      hint: 'run the command again, and crm authorize with what it prints',
      cause: error,
    })
  }
}

/** Whether a pasted text looks like a sealed code; what is wrong with it otherwise. */
export function checkCode(text: string): string | undefined {
  return /^crm-code-1\.[A-Za-z0-9_-]{100,}$/.test(text.trim()) ? undefined : `begins with ${CODE} and is one line`
}

/** The provider that a request is for. @throws {CrmError} `usage` when it is not one. */
export function readRequest(text: string): Request {
  try {
    if (!text.startsWith(REQUEST)) throw new RangeError('another text')
    const { provider, settings, state, challenge, key } = JSON.parse(
      Buffer.from(text.slice(REQUEST.length), 'base64url').toString('utf8'),
    ) as Record<string, unknown>
    const isWhole = [provider, state, key].every((part) => typeof part === 'string' && part.length <= 256)
    if (!isWhole || (challenge !== null && typeof challenge !== 'string') || settings === null || typeof settings !== 'object')
      throw new RangeError('not whole')
    const own = Object.entries(settings as object).filter(([, value]) => typeof value === 'string')
    return { provider, settings: Object.fromEntries(own), state, challenge, key } as Request
  } catch (error) {
    throw new CrmError('usage', 'this is not the request of a sign-in', {
      reason: `it must begin with ${REQUEST} and be given whole`,
      hint: 'copy what crm login --remote prints on the other machine',
      cause: error,
    })
  }
}

/**
 * Does the browser's part of a sign-in that another machine has begun. The address is made here, by the provider's own rules: a request
 * cannot lead to a host that they do not allow.
 * @returns the callback, sealed for the other machine.
 * @throws {CrmError} `usage` for settings that the provider does not take, and as a sign-in.
 */
export async function authorizeFor(tools: Omit<SignInTools, 'http'>, provider: Provider, text: string): Promise<string> {
  const { settings, state, challenge, key } = readRequest(text)
  const { values, problems } = readValues(provider, settings)
  refuseProblems(problems, 'the request is not valid')
  const authorization = provider.authorization?.(mergeValues(values) as never)
  if (authorization === undefined) throw new CrmError('usage', `this way to authenticate at ${provider.title} has no sign-in`)
  const { waitForCallback } = await import('../oauth/sign-in.ts')
  const { redirectUri, parameters } = await waitForCallback({ authorization, state, challenge: challenge ?? undefined }, tools)
  const answer: Answer = { redirectUri, parameters: parameters.toString() }
  const sealed = sealFor(Buffer.from(key, 'base64url'), encodeContext(text), Buffer.from(JSON.stringify(answer)))
  return `${CODE}${sealed.toString('base64url')}`
}
