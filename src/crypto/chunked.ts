/**
 * C2SP chunked encryption, instance Cobblestone-256: HKDF-Expand with SHA-512, AES-256-GCM, chunks of 16 KiB
 * (https://c2sp.org/chunked-encryption, read 2026-11-24). A sealed message is `salt(24) || commitment(32) || chunks`.
 */
import { Buffer } from 'node:buffer'
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { Hmac } from './hmac.ts'
import { publicRandom } from './public-random.ts'

/** Bytes of every input key. */
export const KEY_BYTES = 32
/**
 * A key of 32 uniformly random bytes; whoever seals or opens many messages prepares it once with {@link prepareKey}, and clears it then.
 */
export type SealKey = Uint8Array | Hmac

/** A key made ready for many messages. @throws {RangeError} for a key of another length. */
export function prepareKey(key: Uint8Array): Hmac {
  if (key.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes`)
  return new Hmac('sha512', key)
}

/** Bytes that sealing adds to a plaintext shorter than 16 KiB. */
export const SEAL_OVERHEAD_BYTES = 72

const SALT_BYTES = 24
const COMMITMENT_BYTES = 32
const HEADER_BYTES = SALT_BYTES + COMMITMENT_BYTES
const NONCE_BYTES = 12
const TAG_BYTES = 16
const CHUNK_BYTES = 16_384
const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES
/** authTagLength: without it Node accepts a tag cut to 4 bytes. */
const AEAD = { authTagLength: TAG_BYTES } as const
const INFO_PREFIX = Buffer.from('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0', 'ascii')

/** A message did not open. `commitment`: other key or other context. `content`: its bytes were changed or cut. */
export class OpenError extends Error {
  override readonly name = 'OpenError'
  constructor(readonly stage: 'commitment' | 'content') {
    super(stage === 'commitment' ? 'the message belongs to another key or context' : 'the message was altered')
  }
}

/**
 * Seals `plaintext` (empty ones too) under `key` for exactly this `context`.
 * @throws {RangeError} for a key of another length.
 */
export function seal(key: SealKey, context: Uint8Array, plaintext: Uint8Array): Buffer {
  return sealWithSalt(key, context, plaintext, publicRandom(SALT_BYTES))
}

/** A message to be sealed. */
export interface Message {
  readonly context: Uint8Array
  readonly plaintext: Uint8Array
}

/** Seals many messages as {@link seal} does each, step by step: what all need of one step is done before the next. */
export function sealAll(key: Hmac, messages: readonly Message[]): Buffer[] {
  const salts = messages.map(() => publicRandom(SALT_BYTES))
  const firsts = messages.map(({ context }, index) => firstBlock(key, salts[index] as Buffer, context))
  const seconds = messages.map(({ context }, index) => secondBlock(key, firsts[index] as Buffer, salts[index] as Buffer, context))
  const keys = firsts.map((first, index) => messageKeyOf(first, seconds[index] as Buffer))
  return messages.map(({ plaintext }, index) => encrypt(keys[index] as MessageKey, plaintext, salts[index] as Buffer))
}

/** For the test of the published vectors alone: a salt that repeats under one key and context destroys the encryption. */
export function sealWithSalt(key: SealKey, context: Uint8Array, plaintext: Uint8Array, salt: Uint8Array): Buffer {
  return encrypt(deriveMessageKey(key, context, salt), plaintext, salt)
}

function encrypt(message: MessageKey, plaintext: Uint8Array, salt: Uint8Array): Buffer {
  const chunks = Math.floor(plaintext.length / CHUNK_BYTES) + 1
  const sealed = Buffer.allocUnsafe(HEADER_BYTES + plaintext.length + chunks * TAG_BYTES)
  sealed.set(salt, 0)
  writeCommitment(message, sealed, SALT_BYTES)
  let end = HEADER_BYTES
  // The final chunk is always shorter than 16 KiB, and empty where the length is a multiple of it.
  for (let index = 0; index < chunks; index += 1) {
    const cipher = createCipheriv('aes-256-gcm', message.aeadKey, chunkNonce(message.baseNonce, index), AEAD)
    const chunk = cipher.update(chunks === 1 ? plaintext : plaintext.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES))
    cipher.final()
    sealed.set(chunk, end)
    sealed.set(cipher.getAuthTag(), end + chunk.length)
    end += chunk.length + TAG_BYTES
  }
  return sealed
}

/**
 * Opens what {@link seal} made with the same key and context. No plaintext is returned before all of it is authentic.
 * @throws {OpenError} `commitment` when key or context differ, `content` for anything altered, cut or appended.
 * @throws {RangeError} for a key of another length.
 */
export function open(key: SealKey, context: Uint8Array, sealed: Uint8Array): Buffer {
  const chunkBytes = sealed.length - HEADER_BYTES
  const lastChunkBytes = chunkBytes % SEALED_CHUNK_BYTES
  if (chunkBytes < TAG_BYTES) throw new OpenError('content')
  const salt = sealed.subarray(0, SALT_BYTES)
  const message = deriveMessageKey(key, context, salt)
  const commitment = Buffer.allocUnsafe(COMMITMENT_BYTES)
  writeCommitment(message, commitment, 0)
  if (!timingSafeEqual(commitment, sealed.subarray(SALT_BYTES, HEADER_BYTES))) throw new OpenError('commitment')
  if (lastChunkBytes < TAG_BYTES) throw new OpenError('content')
  const parts: Buffer[] = []
  for (let index = 0, offset = HEADER_BYTES; offset < sealed.length; index += 1, offset += SEALED_CHUNK_BYTES) {
    parts.push(openChunk(message, index, sealed.subarray(offset, offset + SEALED_CHUNK_BYTES)))
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)
}

/** What is derived for one message. */
interface MessageKey {
  readonly aeadKey: KeyObject
  readonly baseNonce: Buffer
  /** The commitment, in the two blocks that it lies in. */
  readonly commitment: readonly [Buffer, Buffer]
}

function openChunk(message: MessageKey, index: number, chunk: Uint8Array): Buffer {
  const nonce = chunkNonce(message.baseNonce, index)
  const decipher = createDecipheriv('aes-256-gcm', message.aeadKey, nonce, AEAD)
  decipher.setAuthTag(chunk.subarray(chunk.length - TAG_BYTES))
  const text = decipher.update(chunk.subarray(0, chunk.length - TAG_BYTES))
  try {
    decipher.final()
  } catch {
    text.fill(0)
    throw new OpenError('content')
  }
  return text
}

/** HKDF-Expand (RFC 5869 section 2.3) with SHA-512 to 76 bytes: key, base nonce, commitment. */
function deriveMessageKey(key: SealKey, context: Uint8Array, salt: Uint8Array): MessageKey {
  const prepared = key instanceof Hmac ? key : prepareKey(key)
  const first = firstBlock(prepared, salt, context)
  const second = secondBlock(prepared, first, salt, context)
  if (prepared !== key) prepared.clear()
  return messageKeyOf(first, second)
}

function firstBlock(key: Hmac, salt: Uint8Array, context: Uint8Array): Buffer {
  return key.digest(INFO_PREFIX, salt, context, FIRST_BLOCK)
}

function secondBlock(key: Hmac, first: Buffer, salt: Uint8Array, context: Uint8Array): Buffer {
  return key.publicDigest(first, INFO_PREFIX, salt, context, SECOND_BLOCK)
}

function messageKeyOf(first: Buffer, second: Buffer): MessageKey {
  const key = first.subarray(0, KEY_BYTES)
  // Given as bytes to a cipher, the key would be made an object by a road that costs four times as much as this one.
  const aeadKey = createSecretKey(key)
  // Of both blocks, nothing else is secret.
  key.fill(0)
  return {
    aeadKey,
    baseNonce: first.subarray(KEY_BYTES, KEY_BYTES + NONCE_BYTES),
    commitment: [first.subarray(KEY_BYTES + NONCE_BYTES), second],
  }
}

function writeCommitment({ commitment: [begin, rest] }: MessageKey, to: Buffer, at: number): void {
  const length = begin.copy(to, at)
  rest.copy(to, at + length, 0, COMMITMENT_BYTES - length)
}

/** The numbers of HKDF's blocks, which end their infos. */
const FIRST_BLOCK = Buffer.of(1)
const SECOND_BLOCK = Buffer.of(2)

/** The base nonce with the chunk number, big-endian, XORed into its last bytes; 2^32 chunks are 64 TiB. */
function chunkNonce(baseNonce: Buffer, index: number): Buffer {
  if (index === 0) return baseNonce
  const nonce = Buffer.from(baseNonce)
  nonce.writeUInt32BE((nonce.readUInt32BE(NONCE_BYTES - 4) ^ index) >>> 0, NONCE_BYTES - 4)
  return nonce
}
