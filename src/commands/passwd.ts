import type { Command } from 'commander'
import type { KeySlotAddedAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import type { KeySlotInfo } from '../vault/key-slots.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { NEW_PASSPHRASE_FLAG, newPassphrase } from './key-sources.ts'

interface PasswdFlags {
  readonly newPassphraseFile?: string
  readonly slot?: string
}

export function define(command: Command, app: App): void {
  command
    .option(NEW_PASSPHRASE_FLAG, 'take the new passphrase from this file instead of asking')
    .option('--slot <id>', 'which passphrase, when the profile has several')
  setExamples(command, [
    { line: 'crm passwd', what: 'ask for the old and the new passphrase' },
    { line: 'crm passwd --new-passphrase-file new.txt', what: 'from files, with CRM_PASSPHRASE_FILE for the old one' },
  ])
  setStatuses(command, [3, 6])
  command.action(action(app, 'passwd', (flags: PasswdFlags) => change(app, flags)))
}

async function change(app: App, flags: PasswdFlags): Promise<Outcome> {
  const profile = (await app.profile()).value
  const slots = (await (await app.vault()).keySlots(profile)).filter(({ kind }) => kind === 'passphrase')
  const unlocked = await app.unlock()
  const slot = choose(profile, slots, flags.slot ?? (unlocked.openedBy.kind === 'passphrase' ? unlocked.openedBy.id : undefined))
  const passphrase = await newPassphrase(app, profile, flags.newPassphraseFile, `name its file: ${NEW_PASSPHRASE_FLAG}`)
  app.throwIfStopped()
  const replaced = await unlocked.replaceKeySlot(slot.id, slot.label, { type: 'passphrase', passphrase })
  const { id, kind, label, keyId, createdAt } = replaced
  return done(
    'crm.passwd/1',
    { slot: { id, kind, label, keyId, createdAt } } satisfies KeySlotAddedAnswer,
    async () => (await import('../terminal/views/key.ts')).passphraseChangedView,
  )
}

function choose(profile: string, slots: readonly KeySlotInfo[], begin: string | undefined): KeySlotInfo {
  const matches = begin === undefined ? slots : slots.filter(({ id }) => id.startsWith(begin.toLowerCase()))
  const [slot, ...more] = matches
  if (slot === undefined) {
    throw new CrmError('not_found', begin === undefined ? `the profile ${profile} has no passphrase` : 'no passphrase slot has this id', {
      hint: begin === undefined ? 'add one with: crm key add passphrase' : 'see the ids with: crm key list',
    })
  }
  if (more.length === 0) return slot
  throw new CrmError('usage', `the profile ${profile} has ${matches.length} passphrases`, {
    reason: matches.map(({ id, label }) => `${label} (${id.slice(0, 8)})`).join(', '),
    hint: `say which: crm passwd --slot ${slot.id.slice(0, 8)}`,
  })
}
