import type { Command } from 'commander'
import type { InitAnswer } from '../core/answers.ts'
import { type App, action, done } from './app.ts'
import { chooseKeyKind, createProfile, KEY_KINDS, parseKeyKind } from './first-key.ts'
import { setExamples, setStatuses } from './help-format.ts'

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
      const kind = flags.key === undefined ? await chooseKeyKind(app) : parseKeyKind(flags.key)
      const { id, label, createdAt } = await createProfile(app, profile, kind)
      const data: InitAnswer = { created: true, vault: app.paths.vault, profile, keySlot: { id, kind, label, createdAt } }
      return done('crm.init/1', data, async () => (await import('../terminal/views/init.ts')).initView)
    }),
  )
}
