import { CrmError } from '../core/errors.ts'
import type { Provider } from '../core/provider.ts'
import { hasOtherDefinition, providerFor } from '../usecases/stored-provider.ts'
import type { OpenedIntegration, UnlockedVault } from '../vault/unlocked.ts'
import type { App } from './app.ts'

/** A stored integration whose secrets are about to be used, with the provider that they may be used with. */
export interface UsedIntegration extends OpenedIntegration {
  readonly provider: Provider
}

/**
 * Opens an integration to use its secrets. Where the definition of its CRM is another one than it was stored with, a person at the
 * terminal is asked, and shown where the secrets would go; nobody else can agree here.
 * @throws {CrmError} `not_found`, `damaged`; `conflict` for another definition that nobody has agreed to.
 */
export async function openForUse(app: App, unlocked: UnlockedVault, name: string): Promise<UsedIntegration> {
  const providers = await app.providers()
  const opened = await unlocked.open(name)
  const stored = { name, provider: opened.integration.provider, definition: opened.definition }
  const provider = providers.find(({ id }) => id === stored.provider)
  if (provider === undefined || !asksAboutDefinitions(app) || !hasOtherDefinition(provider, stored)) {
    return { ...opened, provider: providerFor(providers, stored) }
  }
  return { ...(await agreedOn(app, unlocked, provider, opened)), provider }
}

/**
 * Asks a person at the terminal about the definition of an integration before it is used, where it is another one than the integration
 * was stored with. Where nobody can be asked, whoever uses it says so.
 * @throws {CrmError} `cancelled`.
 */
export async function askAboutDefinition(app: App, unlocked: UnlockedVault, name: string): Promise<void> {
  const providers = await app.providers()
  if (!asksAboutDefinitions(app) || !providers.some(({ definition }) => definition !== undefined)) return
  const opened = await unlocked.open(name)
  const provider = providers.find(({ id }) => id === opened.integration.provider)
  if (provider !== undefined && hasOtherDefinition(provider, opened)) await agreedOn(app, unlocked, provider, opened)
}

/** A yes that was given before anything was shown is none to this. */
function asksAboutDefinitions({ ui }: App): boolean {
  return ui.interactive && !ui.flags.yes
}

/** Binds an integration to the definition of today, once a person has said so. @throws {CrmError} `cancelled`. */
async function agreedOn(app: App, unlocked: UnlockedVault, provider: Provider, opened: OpenedIntegration): Promise<OpenedIntegration> {
  const { name } = opened.integration
  app.ui.tell(`The definition of ${provider.title} is not the one that ${name} was stored with.`)
  app.ui.tell(`By this one its secrets go to ${destinationOf(provider, opened)}. All of it: crm providers ${provider.id}`)
  if (!(await app.ui.confirm(`Use the secrets of ${name} with this definition from now on?`))) {
    throw new CrmError('cancelled', 'Cancelled. Nothing was sent.')
  }
  return acceptDefinition(unlocked, provider, opened)
}

/** Binds an integration to the definition of its provider as it is today. */
export async function acceptDefinition(unlocked: UnlockedVault, provider: Provider, opened: OpenedIntegration): Promise<OpenedIntegration> {
  const { name, revision } = opened.integration
  await unlocked.update(name, revision, { definition: provider.definition ?? '' })
  return unlocked.open(name)
}

/** The origin that secrets go to. */
export function destinationOf(provider: Provider, { integration: { settings } }: Pick<OpenedIntegration, 'integration'>): string {
  const { baseUrl } = settings
  return provider.destination?.(settings) ?? (typeof baseUrl === 'string' ? baseUrl : 'an address that is not known yet')
}

/** The unlocked profile where a key is at hand; undefined where none is, or none fits. */
export async function unlockedIfAtHand(app: App, profile: string): Promise<UnlockedVault | undefined> {
  try {
    return await app.unlockSilently(profile)
  } catch (error) {
    if (error instanceof CrmError && (error.code === 'locked' || error.code === 'wrong_key')) return undefined
    throw error
  }
}
