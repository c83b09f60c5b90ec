import type { TokenSource } from '../../src/core/grant.ts'

/** For the test of a provider that needs no token: whoever asks for one fails. */
export const noTokens: TokenSource = {
  get: () => Promise.reject(new Error('a token was asked for')),
  renew: () => Promise.reject(new Error('a token was asked for')),
}
