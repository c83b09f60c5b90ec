import { CrmError } from '../core/errors.ts'
import type { App } from './app.ts'

/** A change that cannot be taken back, and the name that confirms it. */
export interface NamedConfirmation {
  /** What has to be typed, or given with `--confirm`. */
  readonly name: string
  /** The value of `--confirm`. */
  readonly confirmed: string | undefined
  /** What happens, after "Type <name> to": `remove it with its 2 integrations`. */
  readonly to: string
  /** The same as a subject: `removing acme`. */
  readonly subject: string
  /** What the name is of: `the profile`. */
  readonly of: string
}

/**
 * Lets a severe change (`ux.md` section 12) be confirmed by a name: typed, or given with `--confirm`.
 * @throws {CrmError} `cancelled` for another word; `usage` for another `--confirm`, and where nobody can be asked.
 */
export async function confirmByName(app: App, { name, confirmed, to, subject, of }: NamedConfirmation): Promise<void> {
  if (confirmed === name) return
  if (confirmed !== undefined) throw new CrmError('usage', `--confirm does not name ${of}`, { hint: `--confirm ${name}` })
  if (!app.ui.interactive)
    throw new CrmError('usage', `${subject} needs a confirmation and there is no terminal to ask on`, { hint: `add --confirm ${name}` })
  const typed = await app.ui.ask.text({ message: `Type ${name} to ${to}`, optional: true })
  if (typed !== name) throw new CrmError('cancelled', 'Cancelled. Nothing was changed.')
}
