import type { DemoRecord } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import type { SettingValue } from '../core/field.ts'
import type { Source } from '../core/integration.ts'
import type { Secret } from '../core/secret.ts'
import { isKind } from './answers.ts'
import { parseVersion } from './version.ts'

/** The integration that a demo is made with: stored, or made of variables. */
export interface DemoTarget {
  /** `chatwoot-eu`, `env:chatwoot`. */
  readonly name: string
  readonly source: Source
  /** The values of the Chatwoot provider's fields. */
  readonly values: Readonly<Record<string, SettingValue | Secret>>
}

/** A command that edits the integration, with its flags: ` --base-url https://... --account-id <id>`. */
const EDIT = /crm edit \{name\}((?: --[a-z-]+(?: (?!--)\S+)?)*)/g

/**
 * The name of the integration put into advice that does not know it. Variables are not edited by a command of ours: they are
 * exported again.
 */
export function adviseFor(target: Pick<DemoTarget, 'name' | 'source'>, hint: string): string {
  if (target.source === 'vault') return hint.replaceAll('{name}', target.name)
  return hint.replaceAll(EDIT, (_match, flags: string) => exportOf(flags)).replaceAll('{name}', target.name)
}

function exportOf(flags: string): string {
  const given = Array.from(flags.matchAll(/--([a-z-]+)(?: (\S+))?/g), ([, flag = '', value = '<value>']) => [flag, value] as const)
  const [first = ['api-key', '<value>'] as const, ...others] = given
  return `export ${[first, ...others].map(([flag, value]) => `${variableOf(flag)}=${value}`).join(' ')}`
}

function variableOf(flag: string): string {
  // A variable of Chatwoot's would hold the certificates themselves; this one names their file.
  if (flag === 'ca-file') return 'NODE_EXTRA_CA_CERTS'
  return `CHATWOOT_${flag
    .replace(/-stdin$/, '')
    .replaceAll('-', '_')
    .toUpperCase()}`
}

const UPGRADE = 'Chatwoot 4.16.0 fails on every agent bot: upgrade it to 4.16.2 or later'

/** An error as the user of one integration reads it. */
export function errorFor(target: Pick<DemoTarget, 'name' | 'source'>, error: unknown, serverVersion: string | null = null): unknown {
  if (!(error instanceof CrmError)) return error
  const isBroken = isKind(error, 'server_error') && /^4,16,0$/.test(String(parseVersion(serverVersion)))
  const hint = isBroken ? UPGRADE : error.hint === undefined ? undefined : adviseFor(target, error.hint)
  if (hint === error.hint) return error
  const { code, message, reason, retryable, problems, redirectTo, signal } = error
  return new CrmError(code, message, {
    retryable,
    problems,
    cause: error,
    ...(hint === undefined ? {} : { hint }),
    ...(reason === undefined ? {} : { reason }),
    ...(redirectTo === undefined ? {} : { redirectTo }),
    ...(signal === undefined ? {} : { signal }),
  })
}

/** The command that lets the integration lead to an account again: `https://chat.example.com/app/accounts/3`. */
export function leadBack(account: string): string {
  const [, baseUrl = '<url>', id = '<id>'] = /^(.+)\/app\/accounts\/([^/]+)$/.exec(account) ?? []
  return `crm edit {name} --base-url ${baseUrl} --account-id ${id}`
}

/**
 * The refusal to work on a demo that was made elsewhere.
 * @param makes whether the demo is to be made, which another one could be.
 */
export function otherAccount({ slug, account: madeIn }: DemoRecord, account: string, makes = false): CrmError {
  return new CrmError('conflict', `the demo ${slug} was made in another account`, {
    reason: `it is in ${madeIn}, and the integration now leads to ${account}`,
    hint: `${makes ? 'make it under another name with --slug, or ' : ''}set the integration back: ${leadBack(madeIn)}`,
  })
}
