import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { CrmError } from '../core/errors.ts'
import { Secret } from '../core/secret.ts'
import { generateRawKey, parseRawKey } from '../crypto/raw-key.ts'
import { writePrivateFile } from '../files/private.ts'
import type { FirstKey } from '../vault/create-profile.ts'
import type { KeySlotInfo } from '../vault/key-slots.ts'
import type { App } from './app.ts'
import type { KeyKind } from './key-kinds.ts'
import { environmentKey, fileKey, keychainOf, NEW_PASSPHRASE_FLAG, newPassphrase } from './key-sources.ts'
import { errorWithHint } from './printed-commands.ts'

/** How the key of a slot that is not the first one differs from that of a new profile. */
export interface FurtherKey {
  /** The file of the new passphrase; `CRM_PASSPHRASE_FILE` where none is named. */
  readonly passphraseFile: string | undefined
}

/**
 * The key of a new slot. `env`: that of `INTEGRATION_ENCRYPTION_KEY`. `file`: that of the key file, which is made when it is not
 * there. `keychain`: a new one, kept by the operating system. `passphrase`: asked twice, or from a file.
 * @param further undefined for the first key of a profile.
 */
export async function makeKey(app: App, kind: KeyKind, profile: string, further?: FurtherKey): Promise<FirstKey> {
  if (kind === 'passphrase') {
    const file = further?.passphraseFile ?? app.world.env.CRM_PASSPHRASE_FILE
    const how = further === undefined ? 'export CRM_PASSPHRASE_FILE=<path>' : `name its file: ${NEW_PASSPHRASE_FLAG}`
    return { kind, label: 'passphrase', key: { type: 'passphrase', passphrase: await newPassphrase(app, profile, file, how) } }
  }
  if (kind === 'keychain') return keychainKey(app)
  const key = kind === 'env' ? environmentKey(app) : existsSync(app.paths.keyFile) ? await fileKey(app) : makeKeyFile(app, further)
  if (key === undefined) {
    throw new CrmError('usage', 'INTEGRATION_ENCRYPTION_KEY is not set', {
      hint: 'export INTEGRATION_ENCRYPTION_KEY="$(crm key generate)"',
    })
  }
  return { kind, label: kind === 'env' ? 'INTEGRATION_ENCRYPTION_KEY' : app.paths.keyFile, key: { type: 'raw', key } }
}

function makeKeyFile(app: App, further: FurtherKey | undefined): Buffer {
  const text = new Secret(generateRawKey()).reveal()
  writePrivateFile(app.paths.keyFile, `${text}\n`)
  const worth =
    further === undefined ? 'without it the profile stays closed, so keep a copy in a safe place' : 'it opens the profile as well'
  app.ui.note(`made the key file ${app.paths.keyFile}; ${worth}`)
  return parseRawKey(text, 'the new key file')
}

/**
 * A new key, in the keychain before anything else is written, under a name that the slot bears as its label. It is read back: a key
 * that cannot be read again must never be the only one.
 */
async function keychainKey(app: App): Promise<FirstKey> {
  const text = new Secret(generateRawKey()).reveal()
  const label = `key-${randomBytes(8).toString('hex')}`
  const keychain = await keychainOf(app)
  await withoutKeychain(() => keychain.write(label, text))
  if ((await keychain.read(label)) !== text)
    throw new CrmError('io_failed', 'the keychain did not give back what it was given', {
      hint: 'choose another kind of key: --key passphrase',
    })
  return { kind: 'keychain', label, key: { type: 'raw', key: parseRawKey(text, 'the new key') } }
}

/** Where the keychain cannot take a key, another kind of key is the way out: there may be nothing yet that opens the profile. */
async function withoutKeychain(write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (error) {
    if (!(error instanceof CrmError) || error.code !== 'locked' || error.hint?.startsWith('install') === true) throw error
    throw errorWithHint(error, () => 'unlock it (log in to your desktop), or make another kind of key: env, file or passphrase')
  }
}

/**
 * Which key a new profile gets when no flag says: the environment's, else a person is asked, else the flag is missing.
 * @param how what stands before `--key`, where that is not a flag of the command itself.
 */
export async function chooseKeyKind(app: App, how = ''): Promise<KeyKind> {
  if (app.world.encryptionKey !== undefined) return 'env'
  if (!app.ui.interactive) {
    throw new CrmError('usage', 'a new profile needs a key and there is no terminal to ask on', {
      hint: `give one of: ${how}--key env (with INTEGRATION_ENCRYPTION_KEY), --key file, --key keychain, --key passphrase (with CRM_PASSPHRASE_FILE)`,
    })
  }
  return app.ui.ask.choice({
    message: 'What opens the vault',
    help: ['The secrets are encrypted; this is what decrypts them.'],
    choices: [
      { value: 'passphrase', label: 'a passphrase that you type' },
      { value: 'keychain', label: 'the keychain of this system, open while you are logged in' },
      { value: 'file', label: `a key file, readable by you alone (${app.paths.keyFile})` },
    ],
    fallback: 'passphrase',
  })
}

/** Creates the profile in use, and the vault where there is none. */
export async function createProfile(app: App, profile: string, kind: KeyKind): Promise<KeySlotInfo> {
  const existing = await app.vaultIfThere()
  if ((await existing?.hasProfile(profile)) === true) {
    throw new CrmError('conflict', `the profile ${profile} exists already`, { hint: 'see the profiles with: crm profile list' })
  }
  const first = await makeKey(app, kind, profile)
  app.throwIfStopped()
  const vault = await app.vault('create')
  const slot = await vault.createProfile(profile, first)
  app.madeKey = first.key
  return slot
}

async function isNewProfile(app: App): Promise<boolean> {
  const vault = await app.vaultIfThere()
  return vault === undefined || !(await vault.hasProfile((await app.profile()).value))
}

/** Says that a new profile has no key before anything is tested, where nobody can be asked for one afterwards. */
export async function refuseWithoutKey(app: App): Promise<void> {
  if (!app.ui.interactive && (await isNewProfile(app))) await chooseKeyKind(app, 'crm init ')
}

/** Makes vault and profile where there are none yet: after the last test and the last question, so that a cancelled command writes nothing. */
export async function createProfileIfNew(app: App): Promise<void> {
  if (!(await isNewProfile(app))) return
  const profile = (await app.profile()).value
  try {
    await createProfile(app, profile, await chooseKeyKind(app, 'crm init '))
    app.ui.note(`created the profile ${profile} in ${app.paths.vault}`)
  } catch (error) {
    // Another command has made it in the meantime: this one goes on with it.
    if (!(error instanceof CrmError) || error.code !== 'conflict' || (await isNewProfile(app))) throw error
  }
}
