import { CrmError } from '../core/errors.ts'
import { isAcceptablePassphrase, SHORTEST_PASSPHRASE } from '../core/passphrase.ts'
import { KEY_BYTES } from './chunked.ts'
import type { OwnKey, OwnKeyKind } from './key-slot.ts'

/**
 * Refuses a key that no slot of a kind can be made with: the slot would say that something else opens it, or be weak.
 * @throws {CrmError} `usage`.
 */
export function refuseUnfitKey(kind: OwnKeyKind, key: OwnKey): void {
  if ((kind === 'passphrase') !== (key.type === 'passphrase')) {
    throw new CrmError('usage', `a slot of the kind ${kind} takes a ${kind === 'passphrase' ? 'passphrase' : 'key of 32 bytes'}`)
  }
  if (key.type === 'raw' ? key.key.length === KEY_BYTES : isAcceptablePassphrase(key.passphrase)) return
  throw new CrmError('usage', `the ${key.type === 'raw' ? 'key' : 'passphrase'} is not acceptable`, {
    reason:
      key.type === 'raw'
        ? `it has ${KEY_BYTES} bytes and no other number`
        : `it needs at least ${SHORTEST_PASSPHRASE} characters and no control characters`,
  })
}
