import type { Command } from 'commander'
import type { ExportAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import type { Warning } from '../core/provider.ts'
import type { AgeLock } from '../crypto/age.ts'
import { writePrivateFile } from '../files/private.ts'
import { findTarget } from '../usecases/find-target.ts'
import { writeDotenv } from '../usecases/hand-over-dotenv.ts'
import { MOST_HAND_OVER_BYTES, writeHandOver } from '../usecases/hand-over-file.ts'
import type { OpenedIntegration, UnlockedVault } from '../vault/unlocked.ts'
import { type App, action, done, type Outcome } from './app.ts'
import type { FieldFlags } from './field-flags.ts'
import { addPassphraseFlags, filePassphrase, hasPassphraseFlag } from './hand-over-passphrase.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { outputFile, parseOutput } from './output-file.ts'

type ExportFlags = FieldFlags & {
  readonly all?: boolean
  readonly to?: readonly string[]
  readonly plaintext?: boolean
  readonly format?: string
  readonly output?: string
  readonly armor?: boolean
}

const PASSPHRASE_WORD = 'passphrase'

export function define(command: Command, app: App): void {
  command
    .argument('[name...]', 'integrations, or a provider of which there is one')
    .option('--all', 'every integration of the profile')
    .option('--to <recipient|passphrase>', 'who can open it: an age recipient (repeats), or the word passphrase', collect)
    .option('--output <file>', 'write it there, 0600, in place of standard output', parseOutput)
    .option('--armor', 'as text, which survives mail and chat (default on a terminal)')
    .option('--plaintext', 'not sealed: every secret readable; asks, or needs --yes')
    .option('--format <json|dotenv>', 'of plain text: JSON (default), or the variables of the providers')
  addPassphraseFlags(command)
  setExamples(command, [
    { line: 'crm export acme --to age1... --output acme.age', what: 'for the holder of that key' },
    { line: 'crm export --all --to passphrase --passphrase-file new.txt > all.age', what: 'for whoever knows it' },
    { line: 'crm export acme --plaintext --yes > acme.json', what: 'readable by everybody' },
    { line: 'crm export acme --plaintext --format dotenv --yes > .env', what: 'for a program' },
  ])
  setStatuses(command, [3, 6])
  command.action(action(app, 'export', (names: readonly string[], flags: ExportFlags) => exportIntegrations(app, names, flags)))
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}

async function exportIntegrations(app: App, words: readonly string[], flags: ExportFlags): Promise<Outcome | undefined> {
  refuseContradictions(words, flags)
  const recipients = await readRecipients(flags)
  const names = flags.all === true ? 'all' : await resolveNames(app, words)
  const output = await outputFile(app, flags.output)
  if (flags.plaintext === true) await confirmPlaintext(app, names, output)
  const unlocked = await app.unlock()
  const lock: AgeLock | undefined =
    flags.plaintext === true
      ? undefined
      : recipients === PASSPHRASE_WORD
        ? { passphrase: await filePassphrase(app, flags, 'create') }
        : { recipients }
  app.throwIfStopped()
  const opened = await handOver(unlocked, names, lock)
  return hand(app, unlocked, opened, { lock, output, armor: flags.armor === true, format: flags.format === 'dotenv' ? 'dotenv' : 'json' })
}

function refuseContradictions(words: readonly string[], flags: ExportFlags): void {
  if (flags.all === true && words.length > 0)
    throw new CrmError('usage', '--all takes every integration, and some are named', { hint: 'leave the names out, or --all' })
  if (flags.all !== true && words.length === 0)
    throw new CrmError('usage', 'which integrations?', { hint: 'name them, for example: crm export acme, or give --all' })
  if (flags.plaintext !== true && flags.to === undefined)
    throw new CrmError('usage', 'who is to be able to open it?', {
      hint: 'give --to age1... with the recipient of whoever gets it, or --to passphrase',
    })
  if (flags.plaintext === true && (flags.to !== undefined || flags.armor === true || hasPassphraseFlag(flags)))
    throw new CrmError('usage', '--plaintext seals nothing', { hint: 'leave it out to seal the file, or leave the other flags out' })
  if (flags.format !== undefined && flags.format !== 'json' && flags.format !== 'dotenv')
    throw new CrmError('usage', '--format is one of json and dotenv', { hint: 'for example: --format dotenv' })
  if (flags.format === 'dotenv' && flags.plaintext !== true)
    throw new CrmError('usage', 'a sealed file holds JSON', { hint: 'leave --format out, or add --plaintext' })
  if (hasPassphraseFlag(flags) && flags.to?.includes(PASSPHRASE_WORD) !== true)
    throw new CrmError('usage', 'a passphrase was given, and the file is not to be opened by one', { hint: 'add --to passphrase' })
}

/** @throws {CrmError} `usage` for what is no recipient, and for a passphrase beside recipients, which the format does not know. */
async function readRecipients({ to = [] }: ExportFlags): Promise<typeof PASSPHRASE_WORD | readonly [string, ...string[]]> {
  const { readRecipient } = await import('../crypto/age.ts')
  if (to.length > 0 && to.every((word) => word === PASSPHRASE_WORD)) return PASSPHRASE_WORD
  if (to.includes(PASSPHRASE_WORD))
    throw new CrmError('usage', 'a file opens by a passphrase or by recipients, not by both', { hint: 'write two files' })
  const recipients: string[] = []
  for (const text of to) recipients.push(await readRecipient(text))
  return [...new Set(recipients)] as [string, ...string[]]
}

/** The stored names that are meant, each once. */
async function resolveNames(app: App, words: readonly string[]): Promise<readonly string[]> {
  const deps = { vault: await app.vault(), profile: (await app.profile()).value, providers: await app.providers(), environment: {} }
  const names = new Set<string>()
  for (const word of words) names.add((await findTarget(deps, word)).name)
  return [...names]
}

async function confirmPlaintext(app: App, names: readonly string[] | 'all', output: string | undefined): Promise<void> {
  const what = names === 'all' ? 'every integration' : names.join(', ')
  const where = output ?? (app.world.stdout.isTTY ? 'this terminal' : 'standard output')
  if (!(await app.ui.confirm(`Write the secrets of ${what} to ${where}, readable by everybody who sees it?`)))
    throw new CrmError('cancelled', 'Cancelled. Nothing was written.')
}

function handOver(unlocked: UnlockedVault, names: readonly string[] | 'all', lock: AgeLock | undefined) {
  const to = lock === undefined ? ['plaintext'] : 'passphrase' in lock ? [PASSPHRASE_WORD] : lock.recipients
  return unlocked.handOver(names, { to })
}

interface Way {
  readonly lock: AgeLock | undefined
  readonly output: string | undefined
  readonly armor: boolean
  /** Of what is sealed, or not. */
  readonly format: 'json' | 'dotenv'
}

async function hand(
  app: App,
  unlocked: UnlockedVault,
  opened: readonly OpenedIntegration[],
  { lock, output, armor, format }: Way,
): Promise<Outcome | undefined> {
  const { ui } = app
  if (opened.length === 0) throw new CrmError('not_found', 'the profile has no integrations', { hint: 'add one with: crm add chatwoot' })
  const content = Buffer.from(format === 'dotenv' ? writeDotenv(opened, await app.providers()) : writeHandOver(opened))
  if (content.length > MOST_HAND_OVER_BYTES)
    throw new CrmError(
      'usage',
      `the integrations make more than ${MOST_HAND_OVER_BYTES / 1024 / 1024} MiB, which crm import does not read`,
      {
        hint: 'hand them over in parts, or the whole vault: crm vault backup <file>',
      },
    )
  const asText = armor || (output === undefined && (ui.flags.json || app.world.stdout.isTTY))
  const warnings = await warningsOf(app, unlocked, opened)
  const file = await seal(app, content, lock, asText)
  app.throwIfStopped()
  if (output !== undefined) writePrivateFile(output, file)
  else if (!ui.flags.json) {
    if (lock === undefined) ui.reveal(file.toString('utf8'))
    else ui.bytes(file)
    for (const warning of warnings) ui.warn(warning)
    return undefined
  }
  const data: ExportAnswer = {
    profile: (await app.profile()).value,
    format: lock === undefined ? format : 'age',
    recipients: lock !== undefined && 'recipients' in lock ? lock.recipients : [],
    integrations: opened.map(({ integration: { name, provider } }) => ({ name, provider })),
    path: output ?? null,
    bytes: file.length,
    text: output === undefined ? file.toString('utf8') : null,
  }
  const reveals =
    lock === undefined && output === undefined
      ? opened.flatMap(({ values }) => Object.values(values.secrets).map((secret) => secret.reveal()))
      : []
  return done('crm.export/1', data, async () => (await import('../terminal/views/hand-over.ts')).exportView, { reveals, warnings })
}

async function warningsOf(app: App, unlocked: UnlockedVault, opened: readonly OpenedIntegration[]): Promise<readonly Warning[]> {
  const providers = await app.providers()
  const tokened = opened.filter(({ integration }) => providers.some(({ id, grant }) => id === integration.provider && grant !== undefined))
  if (tokened.length === 0) return []
  return (await import('../usecases/export-warnings.ts')).exportWarnings(unlocked, tokened, providers)
}

async function seal(app: App, content: Buffer, lock: AgeLock | undefined, asText: boolean): Promise<Buffer> {
  if (lock === undefined) return content
  const { armorAge, sealAge } = await import('../crypto/age.ts')
  const progress = app.ui.progress('Sealing')
  const sealed = await sealAge(content, lock).finally(() => {
    content.fill(0)
    progress.end()
  })
  return asText ? Buffer.from(await armorAge(sealed)) : sealed
}
