import { mergeValues } from '../core/field.ts'
import type { Provider, Warning } from '../core/provider.ts'
import type { OpenedIntegration, UnlockedVault } from '../vault/unlocked.ts'
import { needsSignIn } from './sign-in.ts'

/** What whoever gets exported integrations has to do before they work: tokens that a sign-in or a renewal has brought stay in this vault. */
export async function exportWarnings(
  unlocked: Pick<UnlockedVault, 'readTokens'>,
  integrations: readonly OpenedIntegration[],
  providers: readonly Provider[],
): Promise<readonly Warning[]> {
  const warnings: Warning[] = []
  for (const { integration, values } of integrations) {
    const provider = providers.find(({ id }) => id === integration.provider)
    if (provider?.grant === undefined) continue
    const { name } = integration
    if (needsSignIn(provider, values)) {
      const message = `${name} is signed in to with a browser, and a sign-in does not travel; sign in there with: crm login ${name}`
      warnings.push({ code: 'sign_in_stays', message })
      continue
    }
    const grant = provider.grant(mergeValues(values) as never, {})
    if (grant?.type !== 'refresh_token') continue
    const renewed = (await unlocked.readTokens(name))?.tokens.refreshToken
    if (renewed === undefined || renewed === null || renewed.reveal() === grant.refreshToken.reveal()) continue
    const message = `the refresh token of ${name} was renewed since it was given; the given one travels, and may be refused there`
    warnings.push({ code: 'refresh_token_renewed', message })
  }
  return warnings
}
