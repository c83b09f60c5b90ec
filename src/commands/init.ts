import type { Command } from 'commander'
import type { InitAnswer } from '../core/answers.ts'
import { CrmError } from '../core/errors.ts'
import type { KeySlotInfo } from '../vault/key-slots.ts'
import { type App, action, done, type Outcome } from './app.ts'
import { chooseKeyKind, createProfile } from './first-key.ts'
import { setExamples, setStatuses } from './help-format.ts'
import { KEY_KINDS, type KeyKind, parseKeyKind } from './key-kinds.ts'

export function define(command: Command, app: App): void {
  command.option('--key <kind>', `what opens the profile: ${KEY_KINDS.join(', ')}`)
  setExamples(command, [
    { line: 'crm init --key env', what: 'with the key of INTEGRATION_ENCRYPTION_KEY, for CI' },
    { line: 'crm init --key file', what: 'with a key file that is made for you' },
    { line: 'crm -p acme init --key file', what: 'a second profile' },
  ])
  setStatuses(command, [3, 11])
  command.action(
    action(app, 'init', async (flags: { key?: string }) => {
      const profile = (await app.profile()).value
      const wanted = flags.key === undefined ? undefined : parseKeyKind(flags.key)
      const existing = await existingSlot(app, profile, wanted)
      if (existing !== undefined) return answer(app, profile, false, existing)
      const kind = wanted ?? (await chooseKeyKind(app))
      return answer(app, profile, true, await createProfile(app, profile, kind))
    }),
  )
}

/** A second `init` changes nothing: the slot that is there. @throws {CrmError} `conflict` when it is not of the kind asked for. */
async function existingSlot(app: App, profile: string, wanted: KeyKind | undefined): Promise<KeySlotInfo | undefined> {
  const vault = await app.vaultIfThere()
  if (vault === undefined || !(await vault.hasProfile(profile))) return undefined
  const slots = await vault.keySlots(profile)
  const slot = wanted === undefined ? slots[0] : slots.find(({ kind }) => kind === wanted)
  if (slot !== undefined) return slot
  throw new CrmError('conflict', `the profile ${profile} exists already, and no ${wanted} key opens it`, {
    hint: `add one with: crm -p ${profile} key add ${wanted}`,
  })
}

function answer(app: App, profile: string, created: boolean, { id, kind, label, keyId, createdAt }: KeySlotInfo): Outcome {
  const data: InitAnswer = { created, vault: app.paths.vault, profile, keySlot: { id, kind, label, keyId, createdAt } }
  return done('crm.init/1', data, async () => (await import('../terminal/views/init.ts')).initView)
}
