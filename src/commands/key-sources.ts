import { existsSync } from 'node:fs'
import { CrmError } from '../core/errors.ts'
import { isAcceptablePassphrase, SHORTEST_PASSPHRASE } from '../core/passphrase.ts'
import { Secret } from '../core/secret.ts'
import type { UnlockKey } from '../crypto/key-slot.ts'
import { parseRawKey } from '../crypto/raw-key.ts'
import type { Paths } from '../files/paths.ts'
import { checkPrivateFile } from '../files/private.ts'
import type { Keychain } from '../keychain/keychain.ts'
import type { Session } from '../session/session.ts'
import { askPassphrase, readKeyFile } from '../terminal/key-sources.ts'
import type { Ui } from '../terminal/ui.ts'
import type { KeySources } from '../vault/key-slots.ts'
import type { VaultWorld } from '../vault/world.ts'
import type { World } from '../world.ts'

/** What looking for keys needs of a command's run. */
export interface KeyHolder {
  readonly world: World
  readonly paths: Paths
  readonly ui: Ui
  readonly vaultWorld: Pick<VaultWorld, 'allowUnsafeFile'>
  /** The key of a profile that this command has just made. */
  readonly madeKey: UnlockKey | undefined
}

/** Where the keys of this run may come from: the environment, the key file, an age identity, the keychain, then a passphrase file or a prompt. */
export function keySources(app: KeyHolder): KeySources {
  return {
    async raw() {
      const keys: { key: Buffer; from: string }[] = []
      if (app.madeKey?.type === 'raw') keys.push({ key: app.madeKey.key, from: 'the new key' })
      const variable = environmentKey(app)
      if (variable !== undefined) keys.push({ key: variable, from: 'INTEGRATION_ENCRYPTION_KEY' })
      const file = await fileKey(app)
      if (file !== undefined) keys.push({ key: file, from: `the key file ${app.paths.keyFile}` })
      return keys
    },
    async identities() {
      const identities = await fileIdentities(app)
      return identities === undefined ? undefined : { identities, from: app.paths.identityFile }
    },
    async unlocked(profileId) {
      return (await sessionOf(app)).read(profileId)
    },
    async keychain(label) {
      return app.world.env.CRM_KEYCHAIN === 'off' ? undefined : keychainKey(app, label)
    },
    async passphrase(profile) {
      if (app.madeKey?.type === 'passphrase') return app.madeKey.passphrase
      const fromFile = await chosenPassphrase(app)
      if (fromFile !== undefined) return fromFile.reveal()
      if (!app.ui.interactive) return undefined
      return (await askPassphrase(app.ui, profile, 'unlock')).reveal()
    },
    ...(app.world.env.CRM_PASSPHRASE_FILE === undefined ? {} : { passphraseFile: app.world.env.CRM_PASSPHRASE_FILE }),
  }
}

/** The key of `INTEGRATION_ENCRYPTION_KEY`; undefined when it is not set. @throws {CrmError} `usage` when it is malformed. */
export function environmentKey(app: KeyHolder): Buffer | undefined {
  const text = app.world.encryptionKey
  // A secret from here on: the output filter knows it.
  return text === undefined ? undefined : parseRawKey(new Secret(text.trim()).reveal(), 'INTEGRATION_ENCRYPTION_KEY')
}

/** The keychain of the operating system. Loaded when a profile has a key in it. */
export async function keychainOf(app: Pick<KeyHolder, 'world'>): Promise<Keychain> {
  const { Keychain } = await import('../keychain/keychain.ts')
  return new Keychain(app.world.program, app.world.env)
}

/** What keeps a profile open for a while. */
export async function sessionOf(app: Pick<KeyHolder, 'world' | 'paths'>): Promise<Session> {
  const { Session } = await import('../session/session.ts')
  const { world, paths } = app
  return new Session({
    stateDirectory: paths.stateDirectory,
    runtimeDirectory: world.env.XDG_RUNTIME_DIR,
    uid: world.uid,
    clock: world.clock,
    keychain: world.env.CRM_KEYCHAIN === 'off' ? undefined : await keychainOf(app),
  })
}

async function keychainKey(app: KeyHolder, label: string): Promise<Buffer> {
  const text = await (await keychainOf(app)).read(label)
  if (text !== null) return parseRawKey(new Secret(text).reveal(), 'the keychain')
  throw new CrmError('locked', 'the keychain of this machine does not hold the key of the profile', {
    reason: `it has nothing under the name ${label} of crm-vault; it may be that of another machine or user`,
    hint: 'set CRM_KEYCHAIN=off to open the profile with another of its keys; see: crm key list',
  })
}

/** The key of the key file; undefined when there is none and nobody named one. @throws {CrmError} `unsafe_file`, `usage`, `io_failed`. */
export async function fileKey(app: KeyHolder): Promise<Buffer | undefined> {
  const { keyFile, keyFileFrom } = app.paths
  if (keyFileFrom === 'default' && !existsSync(keyFile)) return undefined
  const text = await readKeyFile(keyFile, 'key file', privacyCheck(app, 'the key file'))
  return parseRawKey(text.reveal(), `the key file ${keyFile}`)
}

/** The age identities of this user; undefined when there is no file and nobody named one. @throws {CrmError} `unsafe_file`, `usage`, `io_failed`. */
export async function fileIdentities(app: KeyHolder): Promise<readonly [Secret, ...Secret[]] | undefined> {
  const { identityFile, identityFileFrom } = app.paths
  if (identityFileFrom === 'default' && !existsSync(identityFile)) return undefined
  const text = await readKeyFile(identityFile, 'identity file', privacyCheck(app, 'the identity file'))
  const { readIdentities } = await import('../crypto/age.ts')
  return readIdentities(text.reveal())
}

/** The flag that names the file of a further passphrase: `CRM_PASSPHRASE_FILE` opens the profile. */
export const NEW_PASSPHRASE_FLAG = '--new-passphrase-file <path>'

/**
 * A passphrase for a new slot: from a file, else asked twice.
 * @param file undefined where none is named.
 * @param how names the file where nobody can be asked: a flag, an export.
 * @throws {CrmError} `usage` when it is too short, or there is nobody to ask.
 */
export async function newPassphrase(app: KeyHolder, profile: string, file: string | undefined, how: string): Promise<string> {
  const fromFile = await filePassphrase(app, file)
  if (fromFile === undefined && !app.ui.interactive)
    throw new CrmError('usage', 'a new passphrase is needed and there is no terminal to ask on', { hint: how })
  if (fromFile === undefined) return (await askPassphrase(app.ui, profile, 'create')).reveal()
  const passphrase = fromFile.reveal()
  if (isAcceptablePassphrase(passphrase)) return passphrase
  throw new CrmError('usage', 'the passphrase is not acceptable', {
    reason: `it needs at least ${SHORTEST_PASSPHRASE} characters and no control characters`,
    hint: `put another one into ${file}`,
  })
}

/** The passphrase of the file that `CRM_PASSPHRASE_FILE` names: where it cannot be read, not to name it is the other way out. */
async function chosenPassphrase(app: KeyHolder): Promise<Secret | undefined> {
  try {
    return await filePassphrase(app, app.world.env.CRM_PASSPHRASE_FILE)
  } catch (error) {
    if (!(error instanceof CrmError)) throw error
    throw new CrmError(error.code, error.message, {
      ...(error.reason === undefined ? {} : { reason: error.reason }),
      hint: `${error.hint ?? 'make it readable for yourself'}, or open the profile in another way: unset CRM_PASSPHRASE_FILE`,
      cause: error,
    })
  }
}

async function filePassphrase(app: KeyHolder, path: string | undefined): Promise<Secret | undefined> {
  return path === undefined ? undefined : readKeyFile(path, 'passphrase file', privacyCheck(app, 'the passphrase file'))
}

function privacyCheck(app: KeyHolder, what: string): (path: string) => void {
  const uid = app.vaultWorld.allowUnsafeFile === true ? undefined : app.world.uid
  return (path) => checkPrivateFile(path, { uid }, what)
}
