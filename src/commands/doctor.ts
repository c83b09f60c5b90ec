import { dirname } from 'node:path'
import type { Command } from 'commander'
import type { DoctorAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { doctorError, type Finding, look, ok, skipped, summaryOf } from '../usecases/doctor/finding.ts'
import { checkMachine } from '../usecases/doctor/machine.ts'
import { checkProfile, type KeySource } from '../usecases/doctor/profile.ts'
import { reportOf } from '../usecases/doctor/report.ts'
import { checkAge, checkVault } from '../usecases/doctor/vault.ts'
import type { Vault } from '../vault/vault.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { environmentKey, fileIdentities, fileKey, keychainOf } from './key-sources.ts'
import { VERSION } from './version.ts'

export function define(command: Command, app: App): void {
  command.option('--report', 'print what can be pasted into an issue: no names, no addresses')
  setExamples(command, [
    { line: 'crm doctor', what: 'what works, what does not, and the command that mends it' },
    { line: 'crm doctor --report', what: 'the same for an issue' },
    { line: 'crm doctor --json', what: 'for scripts' },
  ])
  setStatuses(command, [3, 6, 10, 11])
  command.action(action(app, 'doctor', (flags: { report?: boolean }) => doctor(app, flags.report === true)))
}

async function doctor(app: App, isReport: boolean): Promise<Outcome> {
  const nowMs = app.world.clock()
  const { env, node, platform } = app.world
  const checks: Finding[] = [
    ...(await checkMachine({ env, nowMs, version: VERSION, node, platform, refuseTellingOptions: () => app.refuseTellingOptions() })),
  ]
  const names: string[] = []
  checks.push(await look('configuration', () => configuration(app)))
  if (checks.at(-1)?.state !== 'problem') {
    const uid = app.vaultWorld.allowUnsafeFile === true ? undefined : app.world.uid
    const { findings, vault } = await checkVault({ path: app.paths.vault, owner: { uid }, nowMs, open: () => app.vault() })
    checks.push(...findings)
    if (vault !== undefined) {
      checks.push(...(await profileChecks(app, vault, nowMs)))
      names.push(...(await namesIn(vault)))
    }
  }
  const { home } = app.world
  const report = reportOf(checks, { home, user: env.USER ?? env.USERNAME, host: app.world.host(), paths: pathsOf(app), names })
  const data: DoctorAnswer = { checks, summary: summaryOf(checks), report }
  const view = async () =>
    isReport ? (await import('../terminal/views/doctor.ts')).reportView : (await import('../terminal/views/doctor.ts')).doctorView
  return done('crm.doctor/1', data, view, { error: doctorError(checks) })
}

/** Where everything is, and whether the configuration can be read. */
async function configuration(app: App): Promise<Finding> {
  const { value, from } = await app.profile()
  return ok('configuration', `${app.paths.configFile}; the profile ${value} by ${from}`)
}

async function profileChecks(app: App, vault: Vault, nowMs: number): Promise<readonly Finding[]> {
  const profile = (await app.profile()).value
  if (!(await vault.hasProfile(profile))) {
    const known = (await vault.profiles()).map(({ name }) => name).join(', ')
    return [
      await look('profile', () => {
        throw new CrmError('not_found', `there is no profile ${profile} in the vault`, {
          reason: `it has: ${known === '' ? 'none' : known}`,
          hint: `make it: crm -p ${profile} init, or take another: crm profile use <name>`,
        })
      }),
      skipped('unlock', 'there is no profile to open'),
    ]
  }
  const unlock = () => app.unlockSilently(profile)
  const facts = { vault, profile, providers: await app.providers(), sources: await sourcesOf(app, vault, profile), unlock, nowMs }
  return [...(await checkAge(vault, profile, nowMs)), ...(await checkProfile(facts))]
}

/** Where keys may come from, in the order in which they are tried. */
async function sourcesOf(app: App, vault: Vault, profile: string): Promise<readonly KeySource[]> {
  const { env } = app.world
  const passphraseFile = env.CRM_PASSPHRASE_FILE
  const slots = await vault.keySlots(profile)
  return [
    { kind: 'env', from: 'INTEGRATION_ENCRYPTION_KEY', look: async () => environmentKey(app) },
    { kind: 'file', from: `the key file ${app.paths.keyFile}`, look: () => fileKey(app) },
    {
      kind: 'recipient',
      from: `the age identity ${app.paths.identityFile}`,
      look: async () => (slots.some(({ kind }) => kind === 'recipient') && (await fileIdentities(app)) !== undefined ? 'there' : undefined),
    },
    {
      kind: 'keychain',
      from: 'the keychain of this machine',
      look: async () => {
        const labels = env.CRM_KEYCHAIN === 'off' ? [] : slots.filter(({ kind }) => kind === 'keychain').map(({ label }) => label)
        for (const label of labels) if ((await (await keychainOf(app)).read(label)) !== null) return 'there'
        return undefined
      },
    },
    {
      kind: 'passphrase',
      from: passphraseFile === undefined ? 'CRM_PASSPHRASE_FILE' : `the passphrase file ${passphraseFile}`,
      look: async () => {
        if (passphraseFile === undefined) return undefined
        const { readKeyFile } = await import('../terminal/key-sources.ts')
        const { checkPrivateFile } = await import('../files/private.ts')
        await readKeyFile(passphraseFile, 'passphrase file', (path) =>
          checkPrivateFile(path, { uid: app.world.uid }, 'the passphrase file'),
        )
        return 'there'
      },
    },
  ]
}

/** Every path that a finding may name. */
function pathsOf(app: App): readonly string[] {
  const { vault, configFile, keyFile, identityFile } = app.paths
  const { CRM_PASSPHRASE_FILE: passphraseFile } = app.world.env
  return [vault, configFile, keyFile, identityFile, ...(passphraseFile === undefined ? [] : [passphraseFile])].flatMap((path) => [
    path,
    dirname(path),
  ])
}

/** Everything that its user has given a name. */
async function namesIn(vault: Vault): Promise<readonly string[]> {
  const profiles = (await vault.profiles()).map(({ name }) => name)
  const inside = await Promise.all(
    profiles.map(async (profile) => [
      ...(await vault.names(profile)),
      ...(await vault.demos(profile)).flatMap(({ slug, name }) => [slug, name]),
      ...(await vault.keySlots(profile)).filter(({ kind }) => kind === 'recipient').map(({ label }) => label),
    ]),
  )
  return [...profiles.filter((name) => name !== 'default'), ...inside.flat()]
}
