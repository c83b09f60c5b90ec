import { dotenvLine, readDotenv } from '../core/dotenv.ts'
import { CrmError, type Problem } from '../core/errors.ts'
import { toRaw } from '../core/field-values.ts'
import type { Provider } from '../core/provider.ts'
import type { OpenedIntegration } from '../vault/unlocked.ts'
import { requireProvider } from './add-integrations.ts'
import type { HandedInput, HandOver } from './hand-over-file.ts'

/**
 * Integrations as the documented variables of their providers, for what reads a dotenv file. Names stand in comments alone.
 * @throws {CrmError} `usage` for two of one provider, whose variables are the same, and for a value that no quotes hold.
 */
export function writeDotenv(integrations: readonly OpenedIntegration[], providers: readonly Provider[]): string {
  const names = new Map<string, string>()
  for (const { integration } of integrations) {
    const other = names.get(integration.provider)
    if (other !== undefined) {
      throw new CrmError('usage', `${other} and ${integration.name} would have the same variables`, {
        reason: `both are of ${integration.provider}`,
        hint: 'write a file for each, or one of JSON, which holds them all',
      })
    }
    names.set(integration.provider, integration.name)
  }
  return integrations.map((one) => section(one, requireProvider(providers, one.integration.provider))).join('\n')
}

function section({ integration, values }: OpenedIntegration, { fields }: Provider): string {
  const raw = toRaw(values)
  const lines = fields.flatMap(({ key, env }) => {
    const value = raw[key]
    if (value === undefined) return []
    const line = dotenvLine({ name: env, value })
    if (line !== undefined) return [line]
    throw new CrmError('usage', `the ${key} of ${integration.name} cannot stand in a dotenv file`, {
      reason: 'it holds quotes and characters that readers of such files understand differently',
      hint: 'write JSON: leave --format out',
    })
  })
  return [`# ${integration.name} (${integration.provider})`, ...lines, ''].join('\n')
}

/**
 * Reads the variables of a dotenv file that belong to providers: one integration for each provider of which a secret is there, named after
 * it. Other variables are counted and passed over.
 * @throws {CrmError} `usage` when it is none.
 */
export function readDotenvHandOver(text: string, providers: readonly Provider[]): HandOver {
  const values = new Map<string, string>()
  const problems: Problem[] = []
  for (const { name, value } of readDotenv(text)) {
    if (values.has(name)) problems.push({ field: name, message: 'is there twice' })
    values.set(name, value)
  }
  const used = new Set<string>()
  const entries = providers.flatMap((provider): HandedInput[] => {
    const fields = provider.fields.filter(({ env }) => values.has(env))
    if (!fields.some(({ sensitivity }) => sensitivity === 'secret')) return []
    const raw: Record<string, string> = Object.create(null)
    for (const { key, env } of fields) {
      raw[key] = values.get(env) ?? ''
      used.add(env)
    }
    const nameOf = (key: string): string => provider.fields.find((field) => field.key === key)?.env ?? key
    return [{ nameOf, input: { provider: provider.id, raw }, definition: undefined }]
  })
  return { entries, problems, passedOver: values.size - used.size }
}
