import { CrmError } from '../core/errors.ts'
import type { IssuedTokens } from '../core/grant.ts'
import { tokenEntry } from './audit-entries.ts'
import type { OpenProfile } from './open-profile.ts'
import { requireRow } from './sealed-integrations.ts'
import { readTokensOf } from './sealed-tokens.ts'
import { releaseTokenLock, takeTokenLock } from './token-locks.ts'
import { type StoredTokens, tokensOf, writeTokens } from './tokens.ts'
import type { TokenEvent, TokenLock } from './unlocked.ts'

/** The OAuth tokens of an open profile. */
export class ProfileTokens {
  constructor(readonly profile: OpenProfile) {}

  async readTokens(name: string): Promise<StoredTokens | undefined> {
    // Both rows of one moment: an edit in between would bind the tokens to another revision.
    return this.profile.database.read(() =>
      tokensOf(this.profile.database, this.profile.keys, requireRow(this.profile.database, this.profile.keys.profileId, name)),
    )
  }

  async lockTokens(name: string): Promise<TokenLock | undefined> {
    const owner = requireRow(this.profile.database, this.profile.keys.profileId, name)
    const { id } = owner
    const words = await this.profile.recentWords()
    const held = this.profile.database.write('take the lock of the tokens', () => {
      // Before their refresh token is spent.
      words.requireTokens(owner, readTokensOf(this.profile.database, id))
      return takeTokenLock(this.profile.database, id, this.profile.world.holder(), this.profile.world.clock(), this.profile.world.isAlive)
    })
    if (held === undefined) return undefined
    return {
      release: async () =>
        this.profile.database.write('give the lock of the tokens back', () => releaseTokenLock(this.profile.database, id, held)),
    }
  }

  async saveTokens(name: string, issued: IssuedTokens, basedOn: number | undefined | 'any', event: TokenEvent): Promise<StoredTokens> {
    let stored: StoredTokens | undefined
    const words = await this.profile.recentWords()
    this.profile.change('save the tokens', (at) => {
      const row = requireRow(this.profile.database, this.profile.keys.profileId, name)
      if (basedOn !== 'any') {
        const today = tokensOf(this.profile.database, this.profile.keys, row)
        stored = today
        if (today?.revision !== basedOn) return []
        words.requireTokens(row, readTokensOf(this.profile.database, row.id))
      }
      const written = writeTokens(this.profile.database, this.profile.keys, row, issued, at)
      stored = { ...issued, revision: written.revision }
      return [tokenEntry(event, name, written)]
    })
    if (stored === undefined)
      throw new CrmError('conflict', `the tokens of ${name} were removed meanwhile`, { hint: `sign in again: crm login ${name}` })
    return stored
  }
}
