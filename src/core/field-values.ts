import { readBaseUrl } from './base-url.ts'
import type { Problem } from './errors.ts'
import { type Field, fieldApplies, flagName, isOptional, type SettingValue, type StoredValues } from './field.ts'
import { isPinnedHost } from './host.ts'
import type { JsonObject } from './json.ts'
import { certificateBlocks, looksLikeCertificates } from './pem.ts'
import type { Provider } from './provider.ts'
import { Secret, withoutLineEnd } from './secret.ts'

/** Values as people and files give them: text, by field key. */
export type RawValues = Readonly<Record<string, string>>

/** The values of an integration, and everything that is wrong with them. */
export interface ReadValues {
  readonly values: StoredValues
  /** Fields that need a value and have none. */
  readonly missing: readonly Field[]
  readonly problems: readonly Problem[]
}

const TRUE = /^(true|yes|on|1)$/i
const FALSE = /^(false|no|off|0)$/i
const LONGEST_SETTING = 4096
/** A chain of certificates; all settings of an integration together have 64 KiB. */
const LONGEST_CA = 32_768

/**
 * Reads raw values against a provider's fields: fallbacks fill in, kinds are parsed, patterns and the provider's own rules
 * are checked. All problems are found at once; none repeats a value.
 */
export function readValues(provider: Pick<Provider, 'fields' | 'check' | 'hosts'>, raw: RawValues): ReadValues {
  const settings: Record<string, SettingValue> = Object.create(null)
  const secrets: Record<string, Secret> = Object.create(null)
  const missing: Field[] = []
  const problems: Problem[] = unknownFields(provider.fields, raw)
  const given = withFallbacks(provider.fields, raw)
  for (const field of provider.fields) {
    if (!fieldApplies(field, given)) {
      if (raw[field.key] !== undefined)
        problems.push({ field: field.key, message: `does not belong to ${field.when?.field} ${given[field.when?.field ?? '']}` })
      continue
    }
    const text = field.sensitivity === 'secret' ? withoutLineEnd(given[field.key] ?? '') : given[field.key]
    if (text === undefined || text === '') {
      if (!isOptional(field, given)) missing.push(field)
      continue
    }
    const read = readField(field, text, provider.hosts)
    if ('problem' in read) problems.push({ field: field.key, message: read.problem })
    else if (read.value instanceof Secret) secrets[field.key] = read.value
    else settings[field.key] = read.value
  }
  const found = problems.length === 0 && missing.length === 0 ? (provider.check?.({ ...settings, ...secrets }) ?? []) : []
  return { values: { settings, secrets }, missing, problems: [...problems, ...found] }
}

/** One field's text as its value, or what is wrong with it; for checking on entry. */
export function readField(
  field: Field,
  text: string,
  hosts: readonly string[] = [],
): { readonly value: SettingValue | Secret } | { readonly problem: string } {
  if (field.kind === 'lines') return readLines(field, text)
  if (field.kind === 'certificates') return readCa(text)
  if (field.sensitivity === 'secret') return readSecret(field, text)
  const trimmed = text.trim()
  if (trimmed.length > LONGEST_SETTING) return { problem: `is longer than ${LONGEST_SETTING} characters` }
  if (/\p{Cc}/u.test(trimmed)) return { problem: 'must not hold control characters' }
  const read = readKind(field, trimmed, hosts)
  if ('problem' in read || field.pattern === undefined || field.pattern.re.test(String(read.value))) return read
  return { problem: field.pattern.says }
}

function readSecret(field: Field, text: string): { readonly value: Secret } | { readonly problem: string } {
  if (/[\0\r\n]/.test(text)) return { problem: 'must be on one line' }
  if (/[^\P{Cc}\t]/u.test(text)) return { problem: 'must not hold control characters' }
  if (field.pattern !== undefined && !field.pattern.re.test(text)) return { problem: field.pattern.says }
  if (field.kind === 'json' && !isTextMap(text)) return { problem: 'must be a JSON object of text to text, such as {"X-Api-Key": "..."}' }
  return { value: new Secret(text) }
}

/** Line breaks written as `\\n`, as variables and JSON files often hold them, are line breaks. */
function readLines(field: Field, given: string): { readonly value: string | Secret } | { readonly problem: string } {
  const text = (given.includes('\n') ? given : given.replaceAll('\\n', '\n')).replaceAll('\r\n', '\n').trim()
  if (/[^\P{Cc}\n\t]/u.test(text)) return { problem: 'must not hold control characters' }
  if (field.pattern !== undefined && !field.pattern.re.test(text)) return { problem: field.pattern.says }
  const lines = inPemLines(text)
  return { value: field.sensitivity === 'secret' ? new Secret(lines) : lines }
}

/** The certificates alone are kept: a private key in the same file would be stored where everybody may read it. */
function readCa(given: string): { readonly value: string } | { readonly problem: string } {
  const text = given.includes('\n') ? given : given.replaceAll('\\n', '\n')
  if (text.length > LONGEST_CA) return { problem: `is longer than ${LONGEST_CA} characters` }
  if (looksLikeCertificates(text))
    return {
      value: certificateBlocks(text)
        .map((block) => `${block}\n`)
        .join(''),
    }
  return { problem: 'must be certificates in PEM, which begin with -----BEGIN CERTIFICATE-----' }
}

/** A PEM block (RFC 7468) whose lines a prompt or a variable has joined, in lines of 64 again; any other text as it is. */
function inPemLines(text: string): string {
  const [, begin, body, end] = /^(-----BEGIN [A-Z ]+-----)([A-Za-z0-9+/=\s]+)(-----END [A-Z ]+-----)$/.exec(text) ?? []
  if (begin === undefined || body === undefined || end === undefined) return text
  const wrapped = body.replace(/\s/g, '').replace(/.{64}(?=.)/g, '$&\n')
  return `${begin}\n${wrapped}\n${end}\n`
}

function readKind(field: Field, text: string, hosts: readonly string[]): { readonly value: SettingValue } | { readonly problem: string } {
  switch (field.kind) {
    case 'url': {
      const read = readBaseUrl(text)
      if ('problem' in read) return read
      return hasHost(read.url, hosts) ? { value: read.url } : { problem: `must be on ${hosts.join(' or ')}` }
    }
    case 'choice':
      if (field.choices?.some((choice) => choice.value === text)) return { value: text }
      return { problem: `must be one of ${field.choices?.map((choice) => choice.value).join(', ')}` }
    case 'flag':
      if (TRUE.test(text)) return { value: true }
      return FALSE.test(text) ? { value: false } : { problem: 'must be true or false' }
    case 'number':
      return /^-?\d{1,15}$/.test(text) ? { value: Number(text) } : { problem: 'must be a whole number' }
    case 'json':
      return isTextMap(text) ? { value: text } : { problem: 'must be a JSON object of text to text' }
    case 'text':
    case 'certificates':
    case 'lines':
      return { value: text }
  }
}

function hasHost(url: string, hosts: readonly string[]): boolean {
  return hosts.length === 0 || isPinnedHost(new URL(url).hostname, hosts)
}

function isTextMap(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return (
      value !== null &&
      typeof value === 'object' &&
      !Array.isArray(value) &&
      Object.values(value).every((entry) => typeof entry === 'string')
    )
  } catch {
    return false
  }
}

function unknownFields(fields: readonly Field[], raw: RawValues): Problem[] {
  const unknown = Object.keys(raw).filter((key) => !fields.some((field) => field.key === key))
  return unknown.map((key) => ({ field: key, message: `is not a field; the fields are ${fields.map((field) => field.key).join(', ')}` }))
}

/** Raw values with every fallback that applies, so that a condition can look at a value nobody typed. */
export function withFallbacks(fields: readonly Field[], raw: RawValues): Readonly<Record<string, string>> {
  const given: Record<string, string> = Object.create(null)
  for (const field of fields) {
    const text = raw[field.key] ?? field.fallback
    if (text !== undefined) given[field.key] = text
  }
  return given
}

/** Stored values as raw text again: what an edit starts from. Secrets are revealed, so keep the result short-lived. */
export function toRaw(values: StoredValues): RawValues {
  const raw: Record<string, string> = Object.create(null)
  for (const [key, value] of Object.entries(values.settings)) raw[key] = String(value)
  for (const [key, secret] of Object.entries(values.secrets)) raw[key] = secret.reveal()
  return raw
}

/** What must be given: not optional, no fallback, and asked whatever the other values are. */
export function isRequired(field: Field): boolean {
  return field.optional === undefined && field.fallback === undefined && field.when === undefined
}

/** The flag that sets a field: `--base-url`; of a secret the first of its forms, `--api-key-stdin`; of certificates `--ca-file`. */
export function flagOf(field: Field): string {
  return `--${flagName(field.key)}${field.kind === 'certificates' ? '-file' : field.sensitivity === 'secret' ? '-stdin' : ''}`
}

/** JSON Schema (draft 2020-12) of the answers file of `crm add <id> --from`. */
export function answersSchema(provider: Pick<Provider, 'id' | 'title' | 'fields'>): JsonObject {
  const properties: Record<string, JsonObject> = {
    name: { type: 'string', description: 'the name of the integration' },
    active: { type: 'boolean', default: true },
  }
  for (const field of provider.fields) properties[field.key] = fieldSchema(field)
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: provider.title,
    type: 'object',
    properties,
    required: provider.fields.filter(isRequired).map((field) => field.key),
    additionalProperties: false,
  }
}

function fieldSchema(field: Field): JsonObject {
  const type = field.kind === 'flag' ? 'boolean' : field.kind === 'number' ? 'integer' : field.kind === 'json' ? 'object' : 'string'
  return {
    type,
    title: field.label,
    ...(field.help === undefined ? {} : { description: field.help }),
    ...(field.kind === 'url' ? { format: 'uri' } : {}),
    ...(field.kind === 'json' ? { additionalProperties: { type: 'string' } } : {}),
    ...(field.choices === undefined ? {} : { enum: field.choices.map((choice) => choice.value) }),
    ...(field.fallback === undefined ? {} : { default: field.kind === 'flag' ? field.fallback === 'true' : field.fallback }),
    ...(field.example === undefined || field.sensitivity === 'secret' ? {} : { examples: [field.example] }),
    ...(field.sensitivity === 'secret' ? { writeOnly: true } : {}),
  }
}
