/** Which of the client's own limits an exchange broke. */
export type Limit = 'connect' | 'headers' | 'idle' | 'request'

/** A deadline of ours that ran out. Carries no text of its own: `failure.ts` says it in words. */
export class Breach extends Error {
  override readonly name = 'Breach'

  constructor(readonly limit: Limit) {
    super(limit)
  }
}
