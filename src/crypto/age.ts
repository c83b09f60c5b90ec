import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type * as Age from 'age-encryption'
import { CrmError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'
import { deriveScryptKey } from './derive.ts'

const ARMOR_START = '-----BEGIN AGE ENCRYPTED FILE-----'
const VERSION_START = 'age-encryption.org/'
/** What the `age` command takes for a passphrase of its own making. */
const SCRYPT_LOG_N = 18
/** The most work that is done for a file's passphrase: 1 GiB of memory, some seconds. */
const MOST_SCRYPT_LOG_N = 20
/** Every recipient is tried with every identity. */
const LONGEST_HEADER_BYTES = 64 * 1024
const MOST_IDENTITIES = 100
const RECIPIENT = /^age1[02-9ac-hj-np-z]{58}$/
const IDENTITY = /^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/
const POST_QUANTUM = /^(?:age1(?:tag)?pq1|AGE-SECRET-KEY-PQ-1)/i
/** A plugin's recipient names the plugin between `age1` and the last `1`. */
const PLUGIN = /^(?:age1[a-z0-9+._-]+1[02-9ac-hj-np-z]+|AGE-PLUGIN-.*)$/i
const SSH = /^(?:ssh-\S+ |-----BEGIN OPENSSH)/

/** Who can open an age file: the holders of keys, or whoever knows the passphrase. The format allows no mixture. */
export type AgeLock = { readonly recipients: readonly [string, ...string[]] } | { readonly passphrase: Secret }

/** What an age file is opened with. */
export type AgeKey = { readonly identities: readonly [Secret, ...Secret[]] } | { readonly passphrase: Secret }

/** Whether text is meant as an age recipient: {@link readRecipient} says whether it is one. */
export function isAgeRecipient(text: string): boolean {
  return /^\s*age1/i.test(text)
}

/**
 * Takes the public key of an age X25519 recipient from text, and checks it.
 * @throws {CrmError} `usage` for a secret key (never repeated), a recipient of another kind, a typing error.
 */
export async function readRecipient(text: string): Promise<string> {
  const recipient = text.trim()
  if (/^AGE-SECRET-KEY-/i.test(recipient)) {
    throw new CrmError('usage', 'an age secret key was given where a recipient is expected', {
      reason: 'a recipient is the public key and starts with age1',
      hint: 'print the recipient of an identity file: age-keygen -y <file>',
    })
  }
  refuseOtherKinds(recipient, 'recipient')
  if (!RECIPIENT.test(recipient)) throw notARecipient()
  const { Encrypter } = await load()
  try {
    new Encrypter().addRecipient(recipient)
  } catch (cause) {
    throw notARecipient(cause)
  }
  return recipient
}

/**
 * Takes the secret keys from an identity file as `age-keygen` writes it: one a line, comments and empty lines between them.
 * @throws {CrmError} `usage` when there is none, or one of another kind; the text of a key is never repeated.
 */
export async function readIdentities(text: string): Promise<readonly [Secret, ...Secret[]]> {
  if (isAgeFile(Buffer.from(text))) {
    throw new CrmError('usage', 'the identity file is sealed itself', {
      reason: 'it is an age file that a passphrase opens',
      hint: 'open it first: age -d <file> > identity.txt',
    })
  }
  const lines = text.split(/\r?\n/).flatMap((line, index) => {
    const content = line.trim()
    return content === '' || content.startsWith('#') ? [] : [{ secret: new Secret(content), number: index + 1 }]
  })
  if (lines.length > MOST_IDENTITIES) throw new CrmError('usage', `the identity file holds more than ${MOST_IDENTITIES} identities`)
  const { Decrypter } = await load()
  for (const { secret, number } of lines) {
    refuseOtherKinds(secret.reveal(), `identity on line ${number}`)
    if (!IDENTITY.test(secret.reveal())) throw notAnIdentity(number)
    try {
      new Decrypter().addIdentity(secret.reveal())
    } catch {
      // The package's message may hold the text of the key, so it is not kept as the cause.
      throw notAnIdentity(number)
    }
  }
  const [first, ...rest] = lines.map(({ secret }) => secret)
  if (first === undefined) {
    throw new CrmError('usage', 'the identity file holds no age identity', { hint: 'make one: age-keygen -o <file>' })
  }
  return [first, ...rest]
}

/** The public keys of age identities, as {@link readIdentities} gives them. */
export async function recipientsOf(identities: readonly Secret[]): Promise<readonly string[]> {
  const { identityToRecipient } = await load()
  return Promise.all(identities.map((identity) => identityToRecipient(identity.reveal())))
}

/** Whether bytes look like an age file, armored or not. */
export function isAgeFile(bytes: Buffer): boolean {
  return isArmored(bytes) || bytes.subarray(0, VERSION_START.length).equals(Buffer.from(VERSION_START))
}

/**
 * What opens an age file, by its header.
 * @throws {CrmError} `damaged` when it has no whole header, `usage` when that is longer than any that is read.
 */
export async function ageFileNeeds(file: Buffer): Promise<'passphrase' | 'identity'> {
  return stanzaTypes(headerOf(await binaryOf(file))).includes('scrypt') ? 'passphrase' : 'identity'
}

/** Seals bytes as an age file, binary. */
export async function sealAge(content: Uint8Array, lock: AgeLock): Promise<Buffer> {
  const { Encrypter, Stanza } = await load()
  const encrypter = new Encrypter()
  if ('passphrase' in lock) encrypter.addRecipient(passphraseRecipient(lock.passphrase, Stanza))
  else for (const recipient of lock.recipients) encrypter.addRecipient(recipient)
  return Buffer.from(await encrypter.encrypt(content))
}

/** An age file as text that survives mail and chat. */
export async function armorAge(file: Uint8Array): Promise<string> {
  return (await load()).armor.encode(file)
}

/**
 * Opens an age file, armored or binary.
 * @throws {CrmError} `wrong_key` when no key fits, `damaged` when the file is no age file or was altered or cut short, `usage` when its
 *   passphrase would cost more work than is done for anybody, or it is for more recipients than are tried.
 */
export async function openAge(file: Buffer, key: AgeKey): Promise<Buffer> {
  const { Decrypter } = await load()
  const binary = await binaryOf(file)
  const types = stanzaTypes(headerOf(binary))
  if (types.includes('scrypt') && types.length > 1) throw damaged()
  const decrypter = new Decrypter()
  if ('passphrase' in key) decrypter.addIdentity(passphraseIdentity(key.passphrase))
  else for (const identity of key.identities) decrypter.addIdentity(identity.reveal())
  try {
    return Buffer.from(await decrypter.decrypt(binary))
  } catch (cause) {
    if (cause instanceof CrmError) throw cause
    if (cause instanceof Error && /no identity matched/.test(cause.message)) {
      throw new CrmError('wrong_key', `no ${'passphrase' in key ? 'passphrase' : 'identity'} given opens the age file`, { cause })
    }
    throw damaged(cause)
  }
}

/** Loaded when used: most commands never need it. */
function load(): Promise<typeof Age> {
  return import('age-encryption')
}

function isArmored(bytes: Buffer): boolean {
  return bytes.subarray(0, 256).toString('latin1').trimStart().startsWith(ARMOR_START)
}

async function binaryOf(file: Buffer): Promise<Buffer<ArrayBuffer>> {
  if (!isArmored(file)) return Buffer.from(file)
  const { armor } = await load()
  try {
    return Buffer.from(armor.decode(file.toString('latin1')))
  } catch (cause) {
    throw damaged(cause)
  }
}

/** The text before the MAC of the header. */
function headerOf(file: Buffer): string {
  const header = file.subarray(0, LONGEST_HEADER_BYTES)
  const end = header.indexOf('\n---')
  if (isAgeFile(file) && end !== -1) return header.toString('latin1', 0, end)
  if (!isAgeFile(file) || file.length <= LONGEST_HEADER_BYTES) throw damaged()
  throw new CrmError('usage', 'the age file is for too many recipients', {
    reason: `its header is longer than ${LONGEST_HEADER_BYTES / 1024} KiB`,
    hint: 'ask for one that is sealed for you alone',
  })
}

function stanzaTypes(header: string): string[] {
  return [...header.matchAll(/^-> (\S+)/gm)].map(([, type = '']) => type)
}

const LABEL = Buffer.from('age-encryption.org/v1/scrypt')
const SALT_BYTES = 16
const FILE_KEY_BYTES = 16
const TAG_BYTES = 16
const CIPHER = 'chacha20-poly1305'
/** The key is used once. */
const ZERO_NONCE = Buffer.alloc(12)

/** The key that wraps a file's key (age specification, "scrypt recipient stanza"), by the system: the package's own takes nine times as long. */
function wrappingKey(passphrase: Secret, salt: Buffer, logN: number): Promise<Buffer> {
  return deriveScryptKey(Buffer.from(passphrase.reveal(), 'utf8'), Buffer.concat([LABEL, salt]), { logN, r: 8, p: 1 })
}

function passphraseRecipient(passphrase: Secret, Stanza: typeof Age.Stanza): Age.Recipient {
  return {
    async wrapFileKey(fileKey) {
      const salt = randomBytes(SALT_BYTES)
      const cipher = createCipheriv(CIPHER, await wrappingKey(passphrase, salt, SCRYPT_LOG_N), ZERO_NONCE, { authTagLength: TAG_BYTES })
      const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()])
      return [new Stanza(['scrypt', unpadded(salt), String(SCRYPT_LOG_N)], body)]
    },
  }
}

function passphraseIdentity(passphrase: Secret): Age.Identity {
  return {
    async unwrapFileKey(stanzas) {
      const stanza = stanzas.find(({ args }) => args[0] === 'scrypt')
      if (stanza === undefined) return null
      const [, saltText = '', work = '', ...more] = stanza.args
      const salt = Buffer.from(saltText, 'base64')
      const isWellMade = salt.length === SALT_BYTES && unpadded(salt) === saltText && /^[1-9]\d?$/.test(work) && more.length === 0
      if (!isWellMade || stanza.body.length !== FILE_KEY_BYTES + TAG_BYTES) throw damaged()
      if (Number(work) > MOST_SCRYPT_LOG_N) throw tooMuchWork(Number(work))
      return unwrapped(stanza.body, await wrappingKey(passphrase, salt, Number(work)))
    },
  }
}

function unwrapped(body: Uint8Array, key: Buffer): Uint8Array | null {
  const decipher = createDecipheriv(CIPHER, key, ZERO_NONCE, { authTagLength: TAG_BYTES })
  decipher.setAuthTag(body.subarray(FILE_KEY_BYTES))
  const fileKey = decipher.update(body.subarray(0, FILE_KEY_BYTES))
  try {
    decipher.final()
    return fileKey
  } catch {
    return null
  }
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

function damaged(cause?: unknown): CrmError {
  return new CrmError('damaged', 'the age file cannot be opened', {
    reason: 'it is no age file, or was altered or cut short',
    hint: 'get it once more from whoever made it',
    cause,
  })
}

function tooMuchWork(logN: number): CrmError {
  return new CrmError('usage', 'the passphrase of the age file asks for too much work', {
    reason: `its scrypt work factor is ${logN}; up to ${MOST_SCRYPT_LOG_N} is done`,
    hint: 'ask for a file that age -p, or crm export --to passphrase, has made',
  })
}

function refuseOtherKinds(text: string, what: string): void {
  const kind = SSH.test(text)
    ? 'SSH'
    : POST_QUANTUM.test(text)
      ? 'post-quantum'
      : !RECIPIENT.test(text) && PLUGIN.test(text)
        ? 'plugin'
        : undefined
  if (kind === undefined) return
  throw new CrmError('usage', `the age ${what} is of the ${kind} kind`, {
    reason: 'only X25519 keys are supported',
    hint: 'make an X25519 key: age-keygen -o <file>',
  })
}

function notARecipient(cause?: unknown): CrmError {
  return new CrmError('usage', 'the text is no age recipient', {
    reason: 'a recipient is age1 and 58 more characters, the last of which are a checksum',
    hint: 'print the recipient of an identity file: age-keygen -y <file>',
    cause,
  })
}

function notAnIdentity(line: number): CrmError {
  return new CrmError('usage', `line ${line} of the identity file is no age identity`, { hint: 'make one: age-keygen -o <file>' })
}
