import type { Command } from 'commander'
import type { Origin, WhichAnswer } from '../core/answers.ts'
import type { Vault } from '../vault/vault.ts'
import { type App, action, done } from './app.ts'
import { setExamples, setStatuses } from './help-format.ts'

export function define(command: Command, app: App): void {
  setExamples(command, [{ line: 'crm which', what: 'profile, vault and key source, and why' }])
  setStatuses(command, [3])
  command.action(
    action(app, 'which', async () => {
      const profile = await app.profile()
      const data: WhichAnswer = {
        profile,
        vault: { value: app.paths.vault, from: app.paths.vaultFrom },
        keySource: await keySourceOf(app, await app.vaultIfThere(), profile.value),
      }
      return done('crm.which/1', data, async () => (await import('../terminal/views/which.ts')).whichView)
    }),
  )
}

/** The first source that would open the profile, found without opening it: in the order in which the vault asks for keys. */
async function keySourceOf(app: App, vault: Vault | undefined, profile: string): Promise<Origin> {
  if (vault === undefined) return { value: null, from: 'there is no vault yet' }
  if (!(await vault.hasProfile(profile))) return { value: null, from: `there is no profile ${profile} yet` }
  const { environmentKey, fileIdentities, fileKey, sessionOf } = await import('./key-sources.ts')
  const variable = environmentKey(app)
  if (variable !== undefined && (await vault.slotOfRawKey(profile, variable)) !== undefined)
    return { value: 'env', from: 'INTEGRATION_ENCRYPTION_KEY' }
  const file = await fileKey(app)
  if (file !== undefined && (await vault.slotOfRawKey(profile, file)) !== undefined) return { value: 'file', from: app.paths.keyFile }
  const session = await (await sessionOf(app)).read(await vault.profileId(profile))
  if (session !== undefined && (await vault.slotOfSession(profile, session)) !== undefined) return { value: 'session', from: 'crm unlock' }
  const slots = await vault.keySlots(profile)
  const kinds = [...new Set(slots.map((slot) => slot.kind))]
  const identities = kinds.includes('recipient') ? await fileIdentities(app) : undefined
  if (identities !== undefined) {
    const { recipientsOf } = await import('../crypto/age.ts')
    const mine = await recipientsOf(identities)
    if (slots.some(({ recipient }) => recipient !== null && mine.includes(recipient)))
      return { value: 'recipient', from: app.paths.identityFile }
  }
  const { CRM_KEYCHAIN: keychain, CRM_PASSPHRASE_FILE: passphraseFile } = app.world.env
  if (kinds.includes('passphrase') && passphraseFile !== undefined) return { value: 'passphrase', from: passphraseFile }
  // Not asked here: a keychain that is locked asks a person for a password.
  if (kinds.includes('keychain') && keychain !== 'off')
    return { value: 'keychain', from: 'the keychain of this machine, which was not asked' }
  if (kinds.includes('passphrase') && (app.ui.interactive || app.world.stdin.isTTY)) return { value: 'passphrase', from: 'prompt' }
  return { value: null, from: `none at hand; the profile opens with: ${kinds.join(', ')}` }
}
