import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import type { VaultAcceptedAnswer, VaultCopyAnswer, VaultPathAnswer, VaultRestoreAnswer, VaultVerifyAnswer } from '../core/answers.ts'
import { CrmError, missingFile } from '../core/errors.ts'
import type { Warning } from '../core/provider.ts'
import type { CopyKeys } from '../vault/restore.ts'
import type { Vault } from '../vault/vault.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { setExamples, setStatuses } from './help-format.ts'

export function define(command: Command, app: App): void {
  setExamples(command, [
    { line: 'crm vault verify', what: 'open every row and replay the audit log' },
    { line: 'crm vault verify --all-profiles', what: 'of every profile that opens' },
    { line: 'crm vault path', what: 'where the vault is' },
    { line: 'crm vault backup vault-copy.db', what: 'a copy that was read back and opened' },
    { line: 'crm vault restore vault-copy.db --yes', what: 'put it back; what was there is kept' },
    { line: 'crm vault accept-older --yes', what: 'go on with a restored copy' },
  ])
  setStatuses(command, [3, 6, 11])
  command
    .command('verify')
    .description('Open every row of the profile, replay its audit log')
    .option('--all-profiles', 'those of every profile that opens')
    .action(action(app, 'vault verify', (flags: { allProfiles?: boolean }) => verify(app, flags.allProfiles === true)))
  command
    .command('backup <file>')
    .description('Write a verified copy of the whole vault')
    .action(action(app, 'vault backup', (file: string) => backup(app, file)))
  command
    .command('restore <file>')
    .description('Put a verified copy back; what was there is kept')
    .action(action(app, 'vault restore', (file: string) => restore(app, file)))
  command
    .command('path')
    .description('Print where the vault is')
    .action(
      action(app, 'vault path', async () =>
        done(
          'crm.vault-path/1',
          { path: app.paths.vault } satisfies VaultPathAnswer,
          async () => (await import('../terminal/views/vault.ts')).vaultPathView,
        ),
      ),
    )
  command
    .command('accept-older')
    .description('Accept a vault that is older than the last one used here')
    .action(action(app, 'vault accept-older', () => acceptOlder(app)))
}

async function verify(app: App, isAll: boolean): Promise<Outcome> {
  const profiles = isAll ? await profilesToVerify(app) : [(await app.profile()).value]
  const { verifyProfiles } = await import('../usecases/verify-profiles.ts')
  const data = await verifyProfiles(profiles, async (profile) => {
    const unlocked = await app.unlockToVerify(profile)
    app.throwIfStopped()
    const progress = app.ui.progress(isAll ? `Opening every row of ${profile}` : 'Opening every row')
    const report = await unlocked.verify()
    progress.end()
    return report
  })
  const { problems, unverified } = data
  const error =
    problems.length === 0
      ? undefined
      : new CrmError('damaged', `the vault has ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`, {
          hint: remedyFor(problems),
        })
  const warnings: Warning[] =
    unverified.length === 0
      ? []
      : [
          {
            code: 'profiles_not_verified',
            message: `not verified, because no key at hand opens them: the profiles ${unverified.join(', ')}; with the key of one: crm -p ${unverified[0]} vault verify`,
          },
        ]
  return done('crm.vault-verify/1', data, async () => (await import('../terminal/views/vault.ts')).vaultVerifyView, { warnings, error })
}

/** @throws {CrmError} `not_found` where there is none: nothing was verified then. */
async function profilesToVerify(app: App): Promise<readonly string[]> {
  const profiles = await (await app.vault()).profiles()
  if (profiles.length === 0) throw new CrmError('not_found', 'the vault has no profile', { hint: 'make one with: crm init' })
  return profiles.map(({ name }) => name)
}

/** An integration, a demo and a key slot leave the vault by different commands. */
function remedyFor(problems: VaultVerifyAnswer['problems']): string {
  const [first] = problems
  const removal = problems.every(({ table }) => table === first?.table) ? REMOVALS[first?.table ?? ''] : undefined
  return `restore the vault from a backup, or remove what is damaged with: ${removal ?? 'crm remove <name>'}`
}

const REMOVALS: Readonly<Record<string, string>> = { demos: 'crm demo-remove <slug> --forget', key_slots: 'crm key remove <id>' }

async function backup(app: App, file: string): Promise<Outcome> {
  const profile = (await app.profile()).value
  const vault = await app.vault()
  const copied = await vault.backup(file, await copyKeys(app, profile))
  return done(
    'crm.vault-backup/1',
    { file, ...copied } satisfies VaultCopyAnswer,
    async () => (await import('../terminal/views/vault.ts')).vaultBackupView,
    { warnings: notVerified(copied) },
  )
}

async function restore(app: App, file: string): Promise<Outcome> {
  const profile = (await app.profile()).value
  // Before anybody is asked, and before a vault is made for nothing.
  if (!existsSync(file)) throw missingFile('backup', file)
  const target = await targetOfRestore(app)
  if (!(await app.ui.confirm(target.question(file)))) throw new CrmError('cancelled', 'Cancelled. Nothing was changed.')
  app.throwIfStopped()
  const restored = await target.restore(file, await copyKeys(app, profile))
  return done(
    'crm.vault-restore/1',
    { file, ...restored } satisfies VaultRestoreAnswer,
    async () => (await import('../terminal/views/vault.ts')).vaultRestoredView,
    { warnings: notVerified(restored) },
  )
}

/** What a backup replaces: the content of a vault, or the file of one that is too damaged to be opened. */
async function targetOfRestore(app: App): Promise<{ readonly restore: Vault['restore']; readonly question: (file: string) => string }> {
  const path = app.paths.vault
  try {
    // A lost vault is made anew, to be filled.
    const vault = await app.vault('create')
    return {
      restore: (file, keys) => vault.restore(file, keys),
      question: (file) => `Replace everything in ${path} by ${file}? What is there is kept beside it.`,
    }
  } catch (error) {
    const { isReplaceable } = await import('../vault/file.ts')
    if (!isReplaceable(error)) throw error
    const { restoreDamagedVault } = await import('../vault/vault.ts')
    return {
      restore: (file, keys) => restoreDamagedVault(path, app.vaultWorld, file, keys),
      question: (file) => `${error.message}. Put ${file} in its place? The damaged file is kept beside it.`,
    }
  }
}

/** The profile in use may ask for its passphrase; other profiles are opened with what is at hand. */
async function copyKeys(app: App, profile: string): Promise<CopyKeys> {
  const sources = await app.keySources()
  return { profile, sources: (name) => (name === profile ? sources : { ...sources, passphrase: async () => undefined }) }
}

function notVerified({ unverified }: { readonly unverified: readonly string[] }): Warning[] {
  if (unverified.length === 0) return []
  const message = `copied, but not opened, because no key was at hand: the profiles ${unverified.join(', ')}`
  return [{ code: 'profiles_not_verified', message }]
}

async function acceptOlder(app: App): Promise<Outcome> {
  const profile = (await app.profile()).value
  const vault = await app.vault()
  const { sequence, seen } = await vault.progressOf(profile)
  if (sequence >= seen) return accepted(app, profile, false)
  if (!(await app.ui.confirm(`Go on with this older copy of ${profile}? Changes made since are not in it.`)))
    throw new CrmError('cancelled', 'Cancelled. Nothing was changed.')
  await vault.acceptOlder(profile, await app.keySources())
  return accepted(app, profile, true)
}

function accepted(app: App, profile: string, changed: boolean): Outcome {
  const data: VaultAcceptedAnswer = { path: app.paths.vault, profile, changed }
  return done('crm.vault-accept-older/1', data, async () => (await import('../terminal/views/vault.ts')).vaultAcceptedView)
}
