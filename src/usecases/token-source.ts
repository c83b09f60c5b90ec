import { CrmError } from '../core/errors.ts'
import { mergeValues, type StoredValues } from '../core/field.ts'
import type { TokenSource, Tokens } from '../core/grant.ts'
import type { Clock, Http } from '../core/ports.ts'
import type { Provider } from '../core/provider.ts'
import { trusting } from './trusting.ts'

/** How long before its expiry a token is renewed, in milliseconds. */
const MARGIN_MS = 60_000

/** What tokens are obtained with. */
export interface TokenDeps {
  readonly http: Http
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Tokens for values that are not stored, kept in memory: those of an integration that is being added, or that is made of variables. */
export interface MemoryTokens extends TokenSource {
  /** The newest tokens; undefined when none were needed. A rotated refresh token is among them, and the one before it is worth nothing. */
  readonly newest: Tokens | undefined
}

/** Whether tokens can be used for a request that is sent now. */
export function isFresh(tokens: Tokens, nowMs: number): boolean {
  return tokens.expiresAtMs === null || tokens.expiresAtMs - MARGIN_MS > nowMs
}

/**
 * New tokens for an integration, by its provider's grant.
 * @throws {CrmError} with what the refusal means for this vendor; `internal` for a provider without a grant.
 */
export async function obtain(deps: TokenDeps, provider: Provider, stored: StoredValues, held: Tokens | undefined): Promise<Tokens> {
  const values = mergeValues(stored) as never
  const grant = provider.grant?.(values, held?.captured ?? {})
  if (grant === undefined) throw new CrmError('internal', `${provider.id} was asked for a token that it does not have`)
  const { obtainTokens } = await import('../oauth/obtain-tokens.ts')
  try {
    return await obtainTokens(grant, held, { ...deps, http: trusting(deps.http, stored) })
  } catch (error) {
    const { explainRefusal } = await import('../oauth/explain-refusal.ts')
    throw await explainRefusal(error, provider, values)
  }
}

/**
 * Which of the given values is worth nothing any more, since these tokens were obtained with it: a code, which is used once, or a refresh
 * token that the server has replaced.
 */
export function spentCredential(provider: Provider, stored: StoredValues, tokens: Tokens | undefined): string | undefined {
  const grant = tokens === undefined ? undefined : provider.grant?.(mergeValues(stored) as never, {})
  if (tokens === undefined || grant === undefined) return undefined
  if (grant.type === 'authorization_code') return grant.code === undefined ? undefined : 'code'
  if (grant.type !== 'refresh_token' || tokens.refreshToken === null) return undefined
  return tokens.refreshToken.reveal() === grant.refreshToken.reveal() ? undefined : 'refresh token'
}

/** @param held tokens from a sign-in that has just been made, or from an attempt before. */
export function memoryTokens(deps: TokenDeps, provider: Provider, values: StoredValues, held?: Tokens): MemoryTokens {
  let tokens = held
  let renewed = false
  let running: Promise<Tokens> | undefined
  const replace = (): Promise<Tokens> => {
    running ??= obtain(deps, provider, values, tokens)
      .then((next) => {
        tokens = next
        return next
      })
      .finally(() => {
        running = undefined
      })
    return running
  }
  return {
    get newest() {
      return tokens
    },
    get: async () => (tokens !== undefined && isFresh(tokens, deps.clock()) ? tokens : replace()),
    renew: async () => {
      if (renewed || provider.grant?.(mergeValues(values) as never, {})?.type === 'static') return undefined
      renewed = true
      return replace()
    },
  }
}
