import type { Command } from 'commander'
import { CrmError } from '../core/errors.ts'
import type { Field } from '../core/field.ts'
import { SHORTEST_PASSPHRASE } from '../core/passphrase.ts'
import { Secret } from '../core/secret.ts'
import { askFilePassphrase } from '../terminal/key-sources.ts'
import type { App } from './app.ts'
import { addSecretFlags, type FieldFlags, readSecretFlag } from './field-flags.ts'

/** What opens a sealed file. */
const PASSPHRASE: Field = {
  key: 'passphrase',
  label: 'Passphrase of the file',
  kind: 'text',
  sensitivity: 'secret',
  env: 'HAND_OVER_PASSPHRASE',
}

/** `--passphrase-stdin`, `--passphrase-file`, `--passphrase-env`. */
export function addPassphraseFlags(command: Command): void {
  addSecretFlags(command, PASSPHRASE)
}

/** Whether one of {@link addPassphraseFlags} was given. */
export function hasPassphraseFlag(flags: FieldFlags): boolean {
  return ['Stdin', 'File', 'Env'].some((form) => flags[`passphrase${form}`] !== undefined)
}

/**
 * The passphrase of a file: from a flag, else asked; a new one twice.
 * @throws {CrmError} `usage` when nobody can be asked, or a new one is too short.
 */
export async function filePassphrase(app: App, flags: FieldFlags, purpose: 'create' | 'open'): Promise<Secret> {
  const text = await readSecretFlag(app, PASSPHRASE, flags)
  if (text === undefined && !app.ui.interactive) {
    throw new CrmError('usage', 'the passphrase of the file is missing, and there is no terminal to ask on', {
      hint: 'give it with --passphrase-file <path>, --passphrase-env <NAME> or --passphrase-stdin',
    })
  }
  if (text === undefined) return askFilePassphrase(app.ui, purpose)
  if (purpose === 'create' && Array.from(text).length < SHORTEST_PASSPHRASE) {
    throw new CrmError('usage', `the passphrase has fewer than ${SHORTEST_PASSPHRASE} characters`, {
      reason: 'whoever has the file can try as many as they like',
      hint: 'take a longer one, or seal for an age recipient: --to age1...',
    })
  }
  return new Secret(text)
}
