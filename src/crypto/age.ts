import type * as Age from 'age-encryption'
import { CrmError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'

const ARMOR_START = '-----BEGIN AGE ENCRYPTED FILE-----'
/** What the `age` command takes for a passphrase of its own making; it refuses files above 22. */
const SCRYPT_LOG_N = 18
const RECIPIENT = /^age1[02-9ac-hj-np-z]{58}$/
const IDENTITY = /^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/
const POST_QUANTUM = /^(?:age1pq1|AGE-SECRET-KEY-PQ-1)/i
/** A plugin's recipient names the plugin between `age1` and the last `1`. */
const PLUGIN = /^(?:age1[a-z0-9+._-]+1[02-9ac-hj-np-z]+|AGE-PLUGIN-.*)$/i

/** Who can open an age file: the holders of keys, or whoever knows the passphrase. The format allows no mixture. */
export type AgeLock = { readonly recipients: readonly [string, ...string[]] } | { readonly passphrase: Secret }

/** What an age file is opened with. */
export type AgeKey = { readonly identities: readonly [Secret, ...Secret[]] } | { readonly passphrase: Secret }

/**
 * Takes the public key of an age X25519 recipient from text, and checks it.
 * @throws {CrmError} `usage` for a secret key (never repeated), a post-quantum or plugin recipient, a typing error.
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
  const lines = text.split(/\r?\n/).flatMap((line, index) => {
    const content = line.trim()
    return content === '' || content.startsWith('#') ? [] : [{ secret: new Secret(content), number: index + 1 }]
  })
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

/** Whether bytes look like an age file, armored or not. */
export function isAgeFile(bytes: Buffer): boolean {
  return isArmored(bytes) || bytes.subarray(0, 19).equals(Buffer.from('age-encryption.org/'))
}

/** Seals bytes as an age file, armored: text that survives mail and chat. */
export async function sealAge(content: Buffer, lock: AgeLock): Promise<string> {
  const { Encrypter, armor } = await load()
  const encrypter = new Encrypter()
  if ('passphrase' in lock) {
    encrypter.setScryptWorkFactor(SCRYPT_LOG_N)
    encrypter.setPassphrase(lock.passphrase.reveal())
  } else {
    for (const recipient of lock.recipients) encrypter.addRecipient(recipient)
  }
  return armor.encode(await encrypter.encrypt(content))
}

/**
 * Opens an age file, armored or binary.
 * @throws {CrmError} `wrong_key` when no key fits, `damaged` when the file is no age file or was altered.
 */
export async function openAge(file: Buffer, key: AgeKey): Promise<Buffer> {
  const { Decrypter, armor } = await load()
  const decrypter = new Decrypter()
  if ('passphrase' in key) decrypter.addPassphrase(key.passphrase.reveal())
  else for (const identity of key.identities) decrypter.addIdentity(identity.reveal())
  try {
    const bytes = isArmored(file) ? armor.decode(file.toString('latin1')) : new Uint8Array(file)
    return Buffer.from(await decrypter.decrypt(bytes))
  } catch (cause) {
    if (cause instanceof Error && /no identity matched/.test(cause.message)) {
      throw new CrmError('wrong_key', `no ${'passphrase' in key ? 'passphrase' : 'identity'} given opens the age file`, { cause })
    }
    throw new CrmError('damaged', 'the age file cannot be opened', { reason: 'it is no age file, or was altered or cut short', cause })
  }
}

/** Loaded when used: most commands never need it. */
function load(): Promise<typeof Age> {
  return import('age-encryption')
}

function isArmored(bytes: Buffer): boolean {
  return bytes.subarray(0, 256).toString('latin1').trimStart().startsWith(ARMOR_START)
}

function refuseOtherKinds(text: string, what: string): void {
  const kind = POST_QUANTUM.test(text) ? 'post-quantum' : !RECIPIENT.test(text) && PLUGIN.test(text) ? 'plugin' : undefined
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
