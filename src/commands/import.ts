import { statSync } from 'node:fs'
import type { Command } from 'commander'
import type { ImportAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import type { Warning } from '../core/provider.ts'
import type { AgeKey } from '../crypto/age.ts'
import { checkPrivateFile } from '../files/private.ts'
import { readKeyFile } from '../terminal/key-sources.ts'
import { type HandOver, readHandOver } from '../usecases/hand-over-file.ts'
import { draftHandOver, type IfExists, type ImportPlan, importWarnings, planImport, refusalOf } from '../usecases/import-integrations.ts'
import type { OpenedIntegration } from '../vault/unlocked.ts'
import { type App, action, done, type Outcome } from './app.ts'
import type { FieldFlags } from './field-flags.ts'
import { createProfileIfNew, refuseWithoutKey } from './first-key.ts'
import { addPassphraseFlags, filePassphrase, hasPassphraseFlag } from './hand-over-passphrase.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { readInputBytes } from './input-text.ts'

type ImportFlags = FieldFlags & {
  readonly identity?: string
  readonly name?: string
  readonly ifExists?: string
  readonly dryRun?: boolean
}

export function define(command: Command, app: App): void {
  command
    .argument('<file>', 'what crm export has written, or an answers file of crm add (- reads standard input)')
    .option('--identity <file>', 'the age identity that opens it, if not that of CRM_IDENTITY_FILE')
    .option('--name <name>', 'name of the one integration of a file')
    .option('--if-exists <skip|replace|fail>', 'what to do when an integration is here with other values (default fail)')
    .option('-n, --dry-run', 'show what would be done, and change nothing')
  addPassphraseFlags(command)
  setExamples(command, [
    { line: 'crm import integrations.json --dry-run', what: 'what is new, the same, or differs' },
    { line: 'crm import acme.age --identity identity.txt', what: 'sealed for your key' },
    { line: 'crm import all.age --passphrase-file new.txt --if-exists skip', what: 'keep what is here' },
  ])
  setStatuses(command, [3, 11])
  command.action(action(app, 'import', (file: string, flags: ImportFlags) => importIntegrations(app, file, flags)))
}

async function importIntegrations(app: App, path: string, flags: ImportFlags): Promise<Outcome> {
  const ifExists = readIfExists(flags.ifExists)
  const { content, sealed } = await readContent(app, path, flags)
  if (content.length > MANY_BYTES) await keepNurserySmall()
  const providers = await app.providers()
  const handOver = named(readHandOver(content, providers), flags.name)
  const drafts = draftHandOver(providers, handOver)
  content.fill(0)
  const dryRun = flags.dryRun === true
  if (!dryRun) await refuseWithoutKey(app)
  const profile = (await app.profile()).value
  const plan = planImport(drafts, await storedIntegrations(app, new Set(drafts.map(({ integration }) => integration.name))), ifExists)
  const error = refusalOf(plan, profile)
  const data = answerOf(plan, { profile, dryRun, sealed })
  const view = async () => (await import('../terminal/views/hand-over.ts')).importView
  if (error !== undefined) return done('crm.import/1', { ...data, changed: false }, view, { error })
  const warnings = [...passedOver(handOver), ...(await importWarnings(drafts, plan))]
  if (!dryRun && data.changed) await carryOut(app, plan, data, sealed)
  return done('crm.import/1', data, view, { warnings })
}

/** A file of some thousand integrations. */
const MANY_BYTES = 256 * 1024

/**
 * Thousands of entries outlive many collections, which V8 takes as a reason to give new objects three times the room: 30 MB that nothing
 * here needs. It asks this flag whenever it could grow.
 */
async function keepNurserySmall(): Promise<void> {
  const { setFlagsFromString } = await import('node:v8')
  setFlagsFromString('--semi-space-growth-factor=1')
}

/** Gives the one integration of a file its name. @throws {CrmError} `usage` when there are several. */
function named(handOver: HandOver, name: string | undefined): HandOver {
  if (name === undefined) return handOver
  const [only, ...others] = handOver.entries
  if (only === undefined || others.length > 0 || 'problems' in only)
    throw new CrmError('usage', '--name is for a file with one integration', { hint: 'leave --name out, and rename afterwards: crm edit' })
  return { ...handOver, entries: [{ ...only, input: { ...only.input, name } }] }
}

function passedOver({ passedOver: count }: HandOver): readonly Warning[] {
  if (count === 0) return []
  const message = `${count} ${count === 1 ? 'variable' : 'variables'} of the file ${count === 1 ? 'belongs' : 'belong'} to none of these and ${count === 1 ? 'was' : 'were'} passed over`
  return [{ code: 'variables_passed_over', message }]
}

function readIfExists(text = 'fail'): IfExists {
  if (text === 'fail' || text === 'skip' || text === 'replace') return text
  throw new CrmError('usage', '--if-exists is one of skip, replace and fail', { hint: 'for example: --if-exists skip' })
}

async function readContent(app: App, path: string, flags: ImportFlags): Promise<{ readonly content: Buffer; readonly sealed: boolean }> {
  const file = await readInputBytes(app, path, 'the file')
  const { ageFileNeeds, isAgeFile, openAge } = await import('../crypto/age.ts')
  if (!isAgeFile(file)) {
    if (flags.identity === undefined && !hasPassphraseFlag(flags)) return { content: file, sealed: false }
    throw new CrmError('usage', 'the file is not sealed', { hint: 'leave --identity and the passphrase out, or check which file it is' })
  }
  const key = await keyFor(app, await ageFileNeeds(file), flags)
  const progress = app.ui.progress('Opening the file')
  return { content: await openAge(file, key).finally(() => progress.end()), sealed: true }
}

async function keyFor(app: App, needs: 'passphrase' | 'identity', flags: ImportFlags): Promise<AgeKey> {
  if (needs === 'passphrase') {
    if (flags.identity === undefined) return { passphrase: await filePassphrase(app, flags, 'open') }
    throw new CrmError('usage', 'the file is sealed with a passphrase, not for an identity', { hint: 'leave --identity out' })
  }
  const identities = hasPassphraseFlag(flags) ? undefined : await identitiesFrom(app, flags.identity)
  if (identities !== undefined) return { identities }
  throw new CrmError('usage', 'the file is sealed for the holder of an age identity', {
    hint: 'name the file that holds yours: --identity <file>',
  })
}

/** Those of a file that is named, else of the one that opens profiles for a member. */
async function identitiesFrom(app: App, path: string | undefined) {
  if (path === undefined) return (await import('./key-sources.ts')).fileIdentities(app)
  const { readIdentities } = await import('../crypto/age.ts')
  const text = await readKeyFile(path, 'identity file', (named) => checkPrivacy(app, named))
  return readIdentities(text.reveal())
}

/** A pipe such as `<(pass show identity)` is nobody else's. */
function checkPrivacy(app: App, path: string): void {
  if (app.vaultWorld.allowUnsafeFile !== true && statSync(path).isFile())
    checkPrivateFile(path, { uid: app.world.uid }, 'the identity file')
}

/** What is stored under names of the file, opened. Nothing is unlocked where none is there. */
async function storedIntegrations(app: App, wanted: ReadonlySet<string>): Promise<(name: string) => OpenedIntegration | undefined> {
  const vault = await app.vaultIfThere()
  const profile = (await app.profile()).value
  if (vault === undefined || !(await vault.hasProfile(profile))) return () => undefined
  const names = [...(await vault.names(profile))].filter((name) => wanted.has(name))
  if (names.length === 0) return () => undefined
  const unlocked = await app.unlock()
  const opened = new Map<string, OpenedIntegration>()
  for (const name of names) opened.set(name, await unlocked.open(name))
  return (name) => opened.get(name)
}

function answerOf({ items, taken }: ImportPlan, about: Pick<ImportAnswer, 'profile' | 'dryRun' | 'sealed'>): ImportAnswer {
  const count = (state: string): number => items.filter((item) => item.state === state).length
  return {
    ...about,
    changed: taken.added.length + taken.replaced.length > 0,
    integrations: items,
    summary: { total: items.length, new: count('new'), same: count('same'), differs: count('differs') },
  }
}

async function carryOut(app: App, { taken }: ImportPlan, data: ImportAnswer, sealed: boolean): Promise<void> {
  if (taken.replaced.length > 0) await confirmReplacing(app, data)
  await createProfileIfNew(app)
  const unlocked = await app.unlock()
  app.throwIfStopped()
  await unlocked.takeOver(taken, { sealed })
}

async function confirmReplacing(app: App, data: ImportAnswer): Promise<void> {
  const { ui } = app
  if (ui.interactive && !ui.flags.yes) {
    const { importPlanText } = await import('../terminal/views/hand-over.ts')
    ui.tell(importPlanText(data, await ui.style()))
  }
  const { length } = data.integrations.filter(({ action }) => action === 'replace')
  if (!(await ui.confirm(`Replace ${length} ${length === 1 ? 'integration' : 'integrations'} by what the file holds?`)))
    throw new CrmError('cancelled', 'Cancelled. Nothing was changed.')
}
