import type { Command } from 'commander'
import type { VaultPathAnswer, VaultVerifyAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { setExamples, setStatuses } from './help-format.ts'

export function define(command: Command, app: App): void {
  setExamples(command, [
    { line: 'crm vault verify', what: 'open every row and replay the audit log' },
    { line: 'crm vault path', what: 'where the vault is' },
    { line: 'crm vault accept-older --yes', what: 'go on with a restored copy' },
  ])
  setStatuses(command, [3, 6])
  command
    .command('verify')
    .description('Open every row of the profile, replay its audit log')
    .action(action(app, 'vault verify', () => verify(app)))
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

async function verify(app: App): Promise<Outcome> {
  const unlocked = await app.unlockToVerify()
  const progress = app.ui.progress('Opening every row')
  const { rows, problems } = await unlocked.verify()
  progress.end()
  const error =
    problems.length === 0
      ? undefined
      : new CrmError('damaged', `the vault has ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`, {
          hint: remedyFor(problems),
        })
  return done(
    'crm.vault-verify/1',
    { rows, problems } satisfies VaultVerifyAnswer,
    async () => (await import('../terminal/views/vault.ts')).vaultVerifyView,
    { error },
  )
}

/** An integration and a demo leave the vault by different commands. */
function remedyFor(problems: VaultVerifyAnswer['problems']): string {
  const isDemo = problems.every(({ table }) => table === 'demos')
  return `restore the vault from a backup, or remove what is damaged with: ${isDemo ? 'crm demo-remove <slug> --forget' : 'crm remove <name>'}`
}

async function acceptOlder(app: App): Promise<Outcome> {
  const profile = (await app.profile()).value
  const vault = await app.vault()
  if (!(await app.ui.confirm(`Go on with this older copy of ${profile}? Changes made since are not in it.`)))
    throw new CrmError('cancelled', 'Cancelled. Nothing was changed.')
  await vault.acceptOlder(profile, await app.keySources())
  return done(
    'crm.vault-accept-older/1',
    { path: app.paths.vault } satisfies VaultPathAnswer,
    async () => (await import('../terminal/views/vault.ts')).vaultPathView,
  )
}
