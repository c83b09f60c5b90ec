import type { Command } from 'commander'
import type { KeyAnswer, KeyListAnswer, KeySlotAddedAnswer, KeySlotAnswer, RemovedAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import { parseRawKey } from '../crypto/raw-key.ts'
import type { KeySlotInfo } from '../vault/key-slots.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { makeKey } from './first-key.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { KEY_KINDS, parseKeyKind } from './key-kinds.ts'
import type { RotateFlags } from './key-rotate.ts'
import { keychainOf, NEW_PASSPHRASE_FLAG } from './key-sources.ts'

const MOST_LABEL_CHARACTERS = 64

export function define(command: Command, app: App): void {
  setExamples(command, [
    { line: 'crm key generate', what: 'a new key for INTEGRATION_ENCRYPTION_KEY' },
    { line: 'crm key list', what: 'what opens the profile' },
    { line: 'crm key add file', what: 'a key file as a second way in' },
    { line: 'crm key add env --new-key-env NEW_KEY', what: 'the key in the variable NEW_KEY as another way in' },
    { line: 'crm key remove 3f2a --yes', what: 'the slot whose id begins so' },
    { line: 'crm key rotate --yes', what: 'a new data key: everything is sealed anew' },
  ])
  setStatuses(command, [3, 6, 11])
  command
    .command('generate')
    .description('Print a new 32-byte key in base64')
    .action(action(app, 'key generate', () => generate()))
  command
    .command('list')
    .description('List the key slots of the profile')
    .action(action(app, 'key list', () => list(app)))
  command
    .command('add <kind>')
    .description(`Add a way to open the profile: ${KEY_KINDS.join(', ')}`)
    .option('--label <text>', 'what to call it in lists')
    .option('--new-key-env <NAME>', 'take the new key from this variable')
    .option(NEW_PASSPHRASE_FLAG, 'take the new passphrase from this file instead of asking')
    .action(action(app, 'key add', (kind: string, flags: AddKeyFlags) => add(app, kind, flags)))
  command
    .command('remove <id>')
    .description('Remove a key slot; the last one stays')
    .action(action(app, 'key remove', (id: string) => remove(app, id)))
  command
    .command('rotate')
    .description('Make a new data key, seal every row anew')
    .option('--drop <id...>', 'drop these slots, whose keys are not at hand')
    .action(action(app, 'key rotate', async (flags: RotateFlags) => (await import('./key-rotate.ts')).rotateKey(app, flags)))
}

interface AddKeyFlags {
  readonly label?: string
  readonly newKeyEnv?: string
  readonly newPassphraseFile?: string
}

async function generate(): Promise<Outcome> {
  const { generateRawKey } = await import('../crypto/raw-key.ts')
  const key = generateRawKey()
  return done('crm.key-generate/1', { key } satisfies KeyAnswer, async () => (await import('../terminal/views/key.ts')).keyView, {
    reveals: [key],
  })
}

async function list(app: App): Promise<Outcome> {
  const slots = await (await app.vault()).keySlots((await app.profile()).value)
  return done(
    'crm.key-list/1',
    { slots: slots.map(toAnswer) } satisfies KeyListAnswer,
    async () => (await import('../terminal/views/key.ts')).keyListView,
  )
}

async function add(app: App, text: string, flags: AddKeyFlags): Promise<Outcome> {
  const kind = parseKeyKind(text, 'crm key add')
  const label = flags.label
  if (label !== undefined && (label.length > MOST_LABEL_CHARACTERS || /\p{Cc}/u.test(label))) {
    throw new CrmError('usage', `a label has at most ${MOST_LABEL_CHARACTERS} characters, none of them a control character`)
  }
  const profile = (await app.profile()).value
  if (kind === 'keychain' && label !== undefined)
    throw new CrmError('usage', 'a keychain slot bears the name that its key has in the keychain', { hint: 'leave --label out' })
  if (kind !== 'passphrase' && flags.newPassphraseFile !== undefined)
    throw new CrmError('usage', '--new-passphrase-file gives a key for crm key add passphrase', { hint: 'leave --new-passphrase-file out' })
  const unlocked = await app.unlock()
  const made =
    flags.newKeyEnv === undefined
      ? await makeKey(app, kind, profile, { passphraseFile: flags.newPassphraseFile })
      : keyFromVariable(app, kind, flags.newKeyEnv)
  app.throwIfStopped()
  const slot = await unlocked.addKeySlot(kind, label ?? made.label, made.key)
  return done(
    'crm.key-add/1',
    { slot: toAnswer(slot) } satisfies KeySlotAddedAnswer,
    async () => (await import('../terminal/views/key.ts')).keyAddedView,
  )
}

/** The profile is open with today's key, so that the new one has to come from another variable. */
function keyFromVariable(app: App, kind: (typeof KEY_KINDS)[number], name: string): Awaited<ReturnType<typeof makeKey>> {
  if (kind === 'passphrase' || kind === 'keychain')
    throw new CrmError('usage', '--new-key-env gives a key for --key env or file', { hint: 'leave --new-key-env out' })
  const text = app.world.env[name]
  if (text === undefined)
    throw new CrmError('usage', 'the variable that --new-key-env names is not set', {
      hint: 'export NEW_KEY="$(crm key generate)" and give --new-key-env NEW_KEY',
    })
  return { kind, label: name, key: { type: 'raw', key: parseRawKey(text, 'the variable of --new-key-env') } }
}

async function remove(app: App, id: string): Promise<Outcome> {
  const slots = await (await app.vault()).keySlots((await app.profile()).value)
  const slot = slots.find((candidate) => candidate.id.startsWith(id.toLowerCase()))
  if (slot !== undefined && !(await app.ui.confirm(`Remove the ${slot.kind} key ${slot.label} (${slot.id.slice(0, 8)})?`))) {
    throw new CrmError('cancelled', 'Cancelled. Nothing was changed.')
  }
  const unlocked = await app.unlock()
  app.throwIfStopped()
  await unlocked.removeKeySlot(id)
  const left = slot?.kind === 'keychain' && !(await forgetInKeychain(app, slot.label))
  return done(
    'crm.key-remove/1',
    { removed: slot?.id ?? id } satisfies RemovedAnswer,
    async () => (await import('../terminal/views/changed.ts')).removedView,
    {
      warnings: [
        ...(left
          ? [
              {
                code: 'keychain_entry_left',
                message: `the keychain could not be asked: remove ${slot.label} of crm-vault from it yourself`,
              },
            ]
          : []),
        // Their way in is gone; the data key that it led to is the same.
        ...(slot?.kind === 'recipient'
          ? [
              {
                code: 'data_key_known',
                message:
                  'whoever the slot was for may have kept the data key, which still opens everything; make a new one with: crm key rotate (crm profile revoke does both)',
              },
            ]
          : []),
      ],
    },
  )
}

/** The slot is gone; its key is of no use any more. */
async function forgetInKeychain(app: App, label: string): Promise<boolean> {
  try {
    await (await keychainOf(app)).remove(label)
    return true
  } catch {
    return false
  }
}

function toAnswer({ id, kind, label, keyId, createdAt }: KeySlotInfo): KeySlotAnswer {
  return { id, kind, label, keyId, createdAt }
}
