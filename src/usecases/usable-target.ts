import { CrmError } from '../core/errors.ts'
import { parseName } from '../core/integration.ts'
import { forcedProvider } from './find-stored.ts'

/** The error for an integration that is switched off. */
export function inactive(name: string): CrmError {
  return new CrmError('conflict', `the integration ${name} is inactive`, { hint: `switch it on with: crm toggle ${name} --on` })
}

/** Refuses an integration that demos are not made in. @throws {CrmError} `usage`. */
export function requireChatwoot({ name, provider }: { readonly name: string; readonly provider: string }): void {
  if (provider === 'chatwoot') return
  throw new CrmError('usage', `${name} is not a Chatwoot`, {
    reason: `demos are made in Chatwoot; ${name} is of provider ${provider}`,
    hint: 'name another one with --integration',
  })
}

/**
 * The name of an integration that is stored, in its stored form.
 * @throws {CrmError} `usage` for one that variables make, which no command changes, and for what cannot be a name.
 */
export function parseStored(text: string): string {
  if (forcedProvider(text) === undefined) return parseName(text, 'integration')
  throw new CrmError('usage', 'this integration is not stored: variables make it', {
    hint: 'change the variables themselves: crm help environment',
  })
}
