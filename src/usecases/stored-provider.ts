import { CrmError } from '../core/errors.ts'
import type { Provider } from '../core/provider.ts'

/** What a stored integration says of its provider. */
export interface StoredProvider {
  readonly name: string
  /** Id of the provider. */
  readonly provider: string
  /** Digest of the definition that the integration is bound to; empty for a provider of ours. */
  readonly definition: string
}

/**
 * The provider that the secrets of a stored integration may be used with.
 * @throws {CrmError} `not_found` when there is none of that id; `conflict` when its definition is another one than the integration was
 *   stored with, or was changed and not confirmed.
 */
export function providerFor(providers: readonly Provider[], stored: StoredProvider): Provider {
  const provider = providers.find(({ id }) => id === stored.provider)
  if (provider === undefined) throw unknownProvider(stored.provider)
  if (provider.unusable !== undefined) throw provider.unusable
  if ((provider.definition ?? '') !== stored.definition) throw otherDefinition(stored)
  return provider
}

/** Whether the definition is not the one that the integration was stored with. */
export function hasOtherDefinition(provider: Provider, { definition }: Pick<StoredProvider, 'definition'>): boolean {
  return provider.unusable === undefined && (provider.definition ?? '') !== definition
}

/** @throws never; the error for a provider that this version, or this machine, does not know. */
function unknownProvider(id: string): CrmError {
  return new CrmError('not_found', `this crm does not know the provider ${id}`, {
    reason: 'it was stored by a newer crm, or its definition is not on this machine',
    hint: 'see what is known with: crm providers; add a definition with: crm providers add <file>',
  })
}

function otherDefinition({ name, provider }: StoredProvider): CrmError {
  return new CrmError('conflict', `the definition of ${provider} is not the one that ${name} was stored with`, {
    reason: 'it could send the secrets elsewhere; they are not used until somebody agrees',
    hint: `look at it: crm providers ${provider}, then: crm edit ${name} --accept-definition`,
  })
}
