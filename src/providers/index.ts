import type { Provider } from '../core/provider.ts'
import { chatwoot } from './chatwoot.ts'
import { custom } from './custom.ts'
import { providerOf } from './definition.ts'
import { shipped } from './definitions.ts'
import { hubspot } from './hubspot.ts'
import { pipedrive } from './pipedrive.ts'
import { salesforce } from './salesforce.ts'
import { zoho } from './zoho.ts'

/** Providers with a file of their own. Adding one is that file and one line here. */
export const written: readonly Provider[] = [chatwoot, custom, hubspot, pipedrive, salesforce, zoho]

/** Every provider, those that are data included, in the order of their ids. */
export const providers: readonly Provider[] = [...written, ...shipped.map((definition) => providerOf(definition))].sort((a, b) =>
  a.id < b.id ? -1 : 1,
)

/** The provider with an id, matched without regard to case; undefined when there is none. */
export function findProvider(id: string): Provider | undefined {
  return providers.find((provider) => provider.id === id.toLowerCase())
}
