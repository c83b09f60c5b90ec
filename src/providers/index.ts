import type { Provider } from '../core/provider.ts'
import { chatwoot } from './chatwoot.ts'
import { custom } from './custom.ts'
import { hubspot } from './hubspot.ts'
import { pipedrive } from './pipedrive.ts'
import { salesforce } from './salesforce.ts'
import { zoho } from './zoho.ts'

/** Every built-in provider, in the order of their ids. Adding a CRM is one file and one line here. */
export const providers: readonly Provider[] = [chatwoot, custom, hubspot, pipedrive, salesforce, zoho]

/** The provider with an id, matched without regard to case; undefined when there is none. */
export function findProvider(id: string): Provider | undefined {
  return providers.find((provider) => provider.id === id.toLowerCase())
}
