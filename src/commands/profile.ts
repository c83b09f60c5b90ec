import type { Command } from 'commander'
import type { ProfileAnswer, ProfileEntry, ProfileListAnswer, RemovedAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { parseName } from '../core/integration.ts'
import type { Warning } from '../core/provider.ts'
import { readConfig, writeConfig } from '../files/config.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { confirmByName } from './confirm-name.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { KEY_KINDS, parseKeyKind } from './key-kinds.ts'

export function define(command: Command, app: App): void {
  setExamples(command, [
    { line: 'crm profile list', what: 'all profiles of the vault' },
    { line: 'crm profile create acme --key file', what: 'a profile with its own data key' },
    { line: 'crm profile use acme', what: 'the one used from now on' },
    { line: 'crm profile rename acme acme-gmbh', what: 'another name' },
    { line: 'crm profile remove acme-gmbh --confirm acme-gmbh', what: 'with everything in it' },
    { line: 'crm profile share age1... --label ben', what: 'a way in for the holder of an age identity' },
    { line: 'crm profile members', what: 'whom the profile is shared with' },
    { line: 'crm profile revoke ben --confirm ben', what: 'a new data key, and what to renew at the CRMs' },
  ])
  setStatuses(command, [3, 6, 11])
  command
    .command('list')
    .description('List the profiles')
    .action(action(app, 'profile list', () => list(app)))
  command
    .command('create <name>')
    .description('Create a profile with its own data key')
    .option('--key <kind>', `what opens it: ${KEY_KINDS.join(', ')}`)
    .action(action(app, 'profile create', (name: string, flags: { key?: string }) => create(app, name, flags.key)))
  command
    .command('use <name>')
    .description('Use a profile from now on')
    .action(action(app, 'profile use', (name: string) => use(app, name)))
  command
    .command('rename <name> <new>')
    .description('Give a profile another name')
    .action(action(app, 'profile rename', (name: string, next: string) => rename(app, name, next)))
  command
    .command('share <recipient>')
    .description('Let the holder of an age identity open the profile')
    .option('--label <name>', 'what to call them (default: parts of the recipient)')
    .action(
      action(app, 'profile share', async (text: string, flags: { label?: string }) =>
        (await import('./members.ts')).share(app, text, flags),
      ),
    )
  command
    .command('members')
    .description('List whom the profile is shared with')
    .action(action(app, 'profile members', async () => (await import('./members.ts')).members(app)))
  command
    .command('revoke <member>')
    .description('Make a new data key that a member does not get')
    .option('--confirm <name>', 'the typed confirmation, for scripts')
    .option('--drop <id...>', 'drop these key slots too, whose keys are not at hand')
    .action(
      action(app, 'profile revoke', async (text: string, flags: { confirm?: string; drop?: string[] }) =>
        (await import('./members.ts')).revoke(app, text, flags),
      ),
    )
  command
    .command('remove <name>')
    .description('Remove a profile with everything in it')
    .option('--confirm <name>', 'the typed confirmation, for scripts')
    .option('--force', 'even while demos made with it exist, or without its key')
    .action(action(app, 'profile remove', (name: string, flags: { confirm?: string; force?: boolean }) => remove(app, name, flags)))
}

async function list(app: App): Promise<Outcome> {
  const vault = await app.vaultIfThere()
  const current = (await app.profile()).value
  const profiles = ((await vault?.profiles()) ?? []).map(({ name, integrations, keySlots }) => ({
    name,
    current: name === current,
    integrations,
    keySlots,
  }))
  const warnings: Warning[] =
    vault === undefined ? [{ code: 'no_vault', message: `there is no vault at ${app.paths.vault} yet; make one with: crm init` }] : []
  return done(
    'crm.profile-list/1',
    { profiles } satisfies ProfileListAnswer,
    async () => (await import('../terminal/views/profile.ts')).profileListView,
    { warnings },
  )
}

async function create(app: App, text: string, kind: string | undefined): Promise<Outcome> {
  const name = parseName(text, 'profile')
  const { chooseKeyKind, createProfile } = await import('./first-key.ts')
  await createProfile(app, name, kind === undefined ? await chooseKeyKind(app) : parseKeyKind(kind))
  return done('crm.profile-create/1', await entry(app, name), async () => (await import('../terminal/views/profile.ts')).profileView)
}

async function use(app: App, text: string): Promise<Outcome> {
  const name = parseName(text, 'profile')
  await requireProfile(app, name)
  writeConfig(app.paths.configFile, { ...readConfig(app.paths.configFile), profile: name })
  const warnings: Warning[] =
    app.world.env.CRM_PROFILE === undefined
      ? []
      : [{ code: 'profile_overridden', message: `CRM_PROFILE is set to ${app.world.env.CRM_PROFILE} and wins over this choice` }]
  return done('crm.profile-use/1', await entry(app, name), async () => (await import('../terminal/views/profile.ts')).profileView, {
    warnings,
  })
}

async function rename(app: App, text: string, next: string): Promise<Outcome> {
  const name = parseName(text, 'profile')
  const other = parseName(next, 'profile')
  await requireProfile(app, name)
  const unlocked = await app.unlock(name)
  app.throwIfStopped()
  await unlocked.rename(other)
  const config = readConfig(app.paths.configFile)
  if (config.profile === name) writeConfig(app.paths.configFile, { ...config, profile: other })
  return done('crm.profile-rename/1', await entry(app, other), async () => (await import('../terminal/views/profile.ts')).profileView)
}

async function remove(app: App, text: string, flags: { readonly confirm?: string; readonly force?: boolean }): Promise<Outcome> {
  const name = parseName(text, 'profile')
  const { integrations } = (await entry(app, name)).profile
  await confirmName(app, name, integrations, flags.confirm)
  // Whoever cannot open it cannot destroy what it holds either, unless by force.
  if (integrations > 0 && flags.force !== true) await app.unlock(name)
  app.throwIfStopped()
  await (await app.vault()).removeProfile(name, { force: flags.force === true })
  const { profile, ...rest } = readConfig(app.paths.configFile)
  if (profile === name) writeConfig(app.paths.configFile, rest)
  return done(
    'crm.profile-remove/1',
    { removed: name } satisfies RemovedAnswer,
    async () => (await import('../terminal/views/changed.ts')).removedView,
  )
}

/** Everything in a profile goes with it and cannot be brought back: its name is typed, or given with `--confirm`. */
async function confirmName(app: App, name: string, integrations: number, confirmed: string | undefined): Promise<void> {
  const to = `remove it with its ${integrations} ${integrations === 1 ? 'integration' : 'integrations'}`
  await confirmByName(app, { name, confirmed, to, subject: `removing ${name}`, of: 'the profile' })
}

async function requireProfile(app: App, name: string): Promise<void> {
  if (await (await app.vault()).hasProfile(name)) return
  throw new CrmError('not_found', `there is no profile ${name} in this vault`, { hint: 'see the profiles with: crm profile list' })
}

async function entry(app: App, name: string): Promise<ProfileAnswer> {
  const found = (await (await app.vault()).profiles()).find((profile) => profile.name === name)
  if (found === undefined)
    throw new CrmError('not_found', `there is no profile ${name} in this vault`, { hint: 'see the profiles with: crm profile list' })
  const profile: ProfileEntry = {
    name,
    current: name === (await app.profile()).value,
    integrations: found.integrations,
    keySlots: found.keySlots,
  }
  return { profile }
}
