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

/** The first source that would open the profile, found without opening it. */
async function keySourceOf(app: App, vault: Vault | undefined, profile: string): Promise<Origin> {
  if (vault === undefined) return { value: null, from: 'there is no vault yet' }
  if (!(await vault.hasProfile(profile))) return { value: null, from: `there is no profile ${profile} yet` }
  const { environmentKey, fileIdentities, fileKey } = await import('./key-sources.ts')
  const variable = environmentKey(app)
  if (variable !== undefined && (await vault.slotOfRawKey(profile, variable)) !== undefined)
    return { value: 'env', from: 'INTEGRATION_ENCRYPTION_KEY' }
  const file = await fileKey(app)
  if (file !== undefined && (await vault.slotOfRawKey(profile, file)) !== undefined) return { value: 'file', from: app.paths.keyFile }
  const kinds = [...new Set((await vault.keySlots(profile)).map((slot) => slot.kind))]
  if (kinds.includes('recipient') && (await fileIdentities(app)) !== undefined) return { value: 'recipient', from: app.paths.identityFile }
  if (kinds.includes('passphrase')) {
    const passphraseFile = app.world.env.CRM_PASSPHRASE_FILE
    if (passphraseFile !== undefined) return { value: 'passphrase', from: passphraseFile }
    if (app.ui.interactive || app.world.stdin.isTTY) return { value: 'passphrase', from: 'prompt' }
  }
  return { value: null, from: `none at hand; the profile opens with: ${kinds.join(', ')}` }
}
