import { scrypt } from 'node:crypto'
import { KEY_BYTES } from './chunked.ts'
import { hkdf } from './hkdf.ts'

/** What a derived key is for. Each label gives an unrelated key. */
export type KeyLabel = 'kek' | 'row' | 'recipient'

/** HKDF-SHA-256 (RFC 5869) with the profile id as salt and `crm-vault/v1/<label>` as info: 32 bytes. */
export function deriveKey(label: KeyLabel, key: Uint8Array, profileId: Uint8Array): Buffer {
  return hkdf(key, profileId, Buffer.from(`crm-vault/v1/${label}`), KEY_BYTES)
}

/** The first 8 bytes of HKDF-SHA-256 that name a raw key within a profile without revealing it, in hex. */
export function rawKeyId(key: Uint8Array, profileId: Uint8Array): string {
  return hkdf(key, profileId, Buffer.from('crm-vault/v1/key-id'), 8).toString('hex')
}

/** scrypt's cost (RFC 7914): N = 2^logN, r, p. */
export interface ScryptCost {
  readonly logN: number
  readonly r: number
  readonly p: number
}

/** Today's cost of a new passphrase slot: about 0.4 s and 128 MiB. */
export const SCRYPT_COST: ScryptCost = { logN: 17, r: 8, p: 1 }

/** The unlock key of a passphrase: scrypt over its UTF-8 bytes in NFC, 32 bytes. */
export function derivePassphraseKey(passphrase: string, salt: Uint8Array, cost: ScryptCost): Promise<Buffer> {
  return deriveScryptKey(Buffer.from(passphrase.normalize('NFC'), 'utf8'), salt, cost)
}

/**
 * scrypt (RFC 7914) over bytes, which are zero-filled afterwards: 32 bytes. Runs on the thread pool.
 * Node refuses more than 32 MiB unless told, so the memory limit follows from the cost.
 */
export function deriveScryptKey(text: Buffer, salt: Uint8Array, cost: ScryptCost): Promise<Buffer> {
  const N = 2 ** cost.logN
  const maxmem = 128 * N * cost.r + 128 * cost.r * cost.p + 1_048_576
  return new Promise((resolve, reject) => {
    scrypt(text, salt, KEY_BYTES, { N, r: cost.r, p: cost.p, maxmem }, (error, key) => {
      text.fill(0)
      if (error) reject(error)
      else resolve(key)
    })
  })
}
