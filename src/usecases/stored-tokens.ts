import { hash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { CrmError } from '../core/errors.ts'
import { mergeValues, type StoredValues } from '../core/field.ts'
import type { IssuedTokens, TokenSource, Tokens } from '../core/grant.ts'
import { canonicalJson } from '../core/json.ts'
import type { Provider } from '../core/provider.ts'
import type { StoredTokens } from '../vault/tokens.ts'
import type { UnlockedVault } from '../vault/unlocked.ts'
import { isFresh, obtain, type TokenDeps } from './token-source.ts'

/** First and longest wait for another process that renews the same tokens, in milliseconds. */
const FIRST_WAIT_MS = 10
const LONGEST_WAIT_MS = 200
/** How long another process is waited for. A dead one is noticed at once, a hung one after its lease. */
const PATIENCE_MS = 60_000

/** An integration of an unlocked profile, opened. */
export interface TokenHolder {
  readonly unlocked: UnlockedVault
  readonly name: string
  readonly provider: Provider
  readonly values: StoredValues
}

/**
 * What tokens are issued for: who asks where, with which credential of a person. Not the client's own secret, which may be exchanged
 * without anybody signing in again.
 */
export function fingerprint(provider: Provider, values: StoredValues): string {
  const grant = provider.grant?.(mergeValues(values) as never, {})
  if (grant === undefined || grant.type === 'static') return ''
  const { url, clientId, parameters = {} } = grant.endpoint
  const parts: unknown[] = [provider.id, grant.type, url.href, clientId, parameters]
  if (grant.type === 'client_credentials') parts.push(grant.scope ?? '')
  if (grant.type === 'jwt_bearer') parts.push(grant.assertion.issuer, grant.assertion.subject, grant.assertion.audience)
  if (grant.type === 'refresh_token') parts.push(grant.refreshToken.reveal())
  if (grant.type === 'authorization_code') parts.push(grant.code?.reveal() ?? '')
  return hash('sha256', canonicalJson(parts), 'hex')
}

/** Tokens as they are saved with values. */
export function issuedFor(provider: Provider, values: StoredValues, tokens: Tokens | undefined): IssuedTokens | undefined {
  const issued = fingerprint(provider, values)
  return tokens === undefined || issued === '' ? undefined : { tokens, issuedFor: issued }
}

/**
 * The tokens of a stored integration: kept sealed in the vault and shared by all threads and processes. One of them renews, under a lock;
 * the others wait and take what it got. New tokens are stored before they are used, so that a rotated refresh token is never lost.
 */
export function storedTokens(deps: TokenDeps, holder: TokenHolder): TokenSource {
  let given: Tokens | undefined
  let renewed = false
  let running: Promise<Tokens> | undefined
  const replace = (rejected: Tokens | undefined): Promise<Tokens> => {
    running ??= renew(deps, holder, rejected).finally(() => {
      running = undefined
    })
    return running
  }
  return {
    async get() {
      const stored = usable(await holder.unlocked.readTokens(holder.name), holder, deps.clock(), undefined)
      given = stored ?? (await replace(undefined))
      return given
    },
    async renew() {
      if (renewed) return undefined
      renewed = true
      given = await replace(given)
      return given
    },
  }
}

/** Stored tokens that can be used now: issued for today's credential, fresh, and not the ones that were just refused. */
function usable(stored: StoredTokens | undefined, holder: TokenHolder, nowMs: number, rejected: Tokens | undefined): Tokens | undefined {
  const own = ownTokens(stored, holder)
  if (own === undefined || !isFresh(own, nowMs)) return undefined
  return own.accessToken.reveal() === rejected?.accessToken.reveal() ? undefined : own
}

function ownTokens(stored: StoredTokens | undefined, { provider, values }: TokenHolder): Tokens | undefined {
  return stored?.issuedFor === fingerprint(provider, values) ? stored.tokens : undefined
}

async function renew(deps: TokenDeps, holder: TokenHolder, rejected: Tokens | undefined): Promise<Tokens> {
  const { unlocked, name } = holder
  const endsMs = deps.clock() + PATIENCE_MS
  for (let waitMs = FIRST_WAIT_MS; deps.clock() < endsMs; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    const lock = await unlocked.lockTokens(name)
    if (lock === undefined) {
      await sleep(waitMs, undefined, { signal: deps.signal }).catch(() => {
        throw deps.signal.reason
      })
      const others = usable(await unlocked.readTokens(name), holder, deps.clock(), rejected)
      if (others !== undefined) return others
      continue
    }
    try {
      return await renewHeld(deps, holder, rejected)
    } finally {
      await lock.release()
    }
  }
  throw new CrmError('busy', `another process has been renewing the tokens of ${name} for too long`, {
    hint: 'wait a little, then run the command again',
  })
}

/** With the lock: whoever held it before may have renewed them already. */
async function renewHeld(deps: TokenDeps, holder: TokenHolder, rejected: Tokens | undefined): Promise<Tokens> {
  const { unlocked, name, provider, values } = holder
  const stored = await unlocked.readTokens(name)
  const others = usable(stored, holder, deps.clock(), rejected)
  if (others !== undefined) return others
  const next = await obtain(deps, provider, values, ownTokens(stored, holder))
  const issued = { tokens: next, issuedFor: fingerprint(provider, values) }
  const saved = await unlocked.saveTokens(name, issued, stored?.revision, 'token.refresh')
  // Somebody has signed in meanwhile: those tokens are newer, and of a sign-in of their own.
  return ownTokens(saved, holder) ?? next
}
