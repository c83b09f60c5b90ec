import { CrmError } from '../core/errors.ts'

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
