import type { IntegrationAnswer, IntegrationOneAnswer } from '../../core/answers.ts'
import { SECRET_MASK } from '../../core/secret.ts'
import type { Style } from '../style.ts'
import { lastTestText, lines, pairs, shown, type View, when } from '../view.ts'

function secretText(secret: IntegrationAnswer['secrets'][string], style: Style): string {
  if (!secret.set) return 'not set'
  if (secret.value !== undefined) return lines(secret.value)
  return secret.updatedAt === null ? SECRET_MASK : `${SECRET_MASK}  ${style.dim(`set ${when(secret.updatedAt, style)}`)}`
}

/** Certificates are said in a few words, which takes reading them. */
async function settingText(value: string | number | boolean): Promise<string> {
  const text = String(value)
  return text.startsWith('-----BEGIN CERTIFICATE-----') ? (await import('../certificates.ts')).settingText(text) : text
}

async function details(integration: IntegrationAnswer, style: Style): Promise<string> {
  const settings: (readonly [string, string])[] = []
  for (const [key, value] of Object.entries(integration.settings))
    settings.push([shown(key, style), shown(await settingText(value), style)])
  const secrets = Object.entries(integration.secrets).map(([key, secret]) => [shown(key, style), secretText(secret, style)] as const)
  const facts: (readonly [string, string])[] = [['last test', lastTestText(integration.lastTest, style)]]
  if (integration.source === 'environment') facts.push(['source', 'variables of the environment'])
  else
    facts.push(
      ['changed', `${when(integration.updatedAt, style)}, revision ${integration.revision}`],
      ['created', when(integration.createdAt, style)],
    )
  return pairs([...settings, ...secrets, ...facts], style)
}

function headline({ name, provider, profile, active }: IntegrationAnswer, style: Style): string {
  const state = active ? style.ok('active') : style.warn('inactive')
  return `${style.accent(shown(name, style))} (${shown(provider, style)}, profile ${shown(profile, style)}, ${state})`
}

/** `crm show`: everything but the secrets, which are masked unless `--reveal` brought them. */
export const showView: View<IntegrationOneAnswer> = async ({ integration }, style) => {
  const unverified = integration.source === 'vault' && !integration.verified ? `\n${style.dim('  not verified: profile is locked')}` : ''
  return `${headline(integration, style)}\n${await details(integration, style)}${unverified}`
}
