import { CrmError, type Problem, refuseProblems } from '../core/errors.ts'
import type { Field } from '../core/field.ts'
import { readValues } from '../core/field-values.ts'
import { NAME_PATTERN } from '../core/integration.ts'
import type { Provider, Warning } from '../core/provider.ts'
import type { NewIntegration } from '../vault/sealed-integrations.ts'
import { unfold } from './find-target.ts'

/** Most integrations that one answers file adds. */
const MOST_ANSWERS = 10_000

/** An integration as a person or a file describes it. */
export interface IntegrationInput {
  readonly provider: string
  readonly name?: string
  readonly active?: boolean
  /** Text by field key. */
  readonly raw: Readonly<Record<string, string>>
}

/** An integration that is ready to be stored, and what to warn about. */
export interface Draft {
  readonly provider: Provider
  readonly integration: NewIntegration
  readonly warnings: readonly Warning[]
}

/**
 * Validates an integration: name, every field, and what no single field can see.
 * @param taken names in use, for a default name that is free: `chatwoot`, `chatwoot-2`.
 * @throws {CrmError} `usage` with all problems; `not_found` for an unknown provider.
 */
export function draftIntegration(providers: readonly Provider[], input: IntegrationInput, taken: ReadonlySet<string>): Draft {
  requireProvider(providers, input.provider)
  const { problems, draft } = tryDraft(providers, input, taken)
  refuseProblems(
    problems,
    `the values for ${input.provider} are not valid`,
    `see what each must be with: crm providers ${input.provider.toLowerCase()}`,
  )
  if (draft === undefined) throw new CrmError('internal', 'a draft without problems is missing')
  return draft
}

/** Validates all of an answers file before anything is stored. @throws {CrmError} `usage` with the problems of every entry. */
export function draftIntegrations(
  providers: readonly Provider[],
  inputs: readonly IntegrationInput[],
  taken: ReadonlySet<string>,
): readonly Draft[] {
  const names = new Set(taken)
  const problems: Problem[] = []
  const drafts: Draft[] = []
  for (const [index, input] of inputs.entries()) {
    const tried = tryDraft(providers, input, names)
    problems.push(...tried.problems.map((problem) => ({ field: `[${index}].${problem.field}`, message: problem.message })))
    if (tried.draft === undefined) continue
    if (names.has(tried.draft.integration.name) && !taken.has(tried.draft.integration.name)) {
      problems.push({ field: `[${index}].name`, message: 'is used twice in the file' })
    }
    names.add(tried.draft.integration.name)
    drafts.push(tried.draft)
  }
  refuseProblems(problems, 'the answers are not valid')
  return drafts
}

/** Validates an integration, and finds all problems at once. @param taken names in use, for a default name that is free. */
export function tryDraft(
  providers: readonly Provider[],
  input: IntegrationInput,
  taken: ReadonlySet<string>,
): { problems: readonly Problem[]; draft?: Draft } {
  const wanted = input.provider.toLowerCase()
  const provider = providers.find(({ id }) => id === wanted)
  if (provider === undefined) {
    const known = providers.map(({ id }) => id).join(', ')
    return { problems: [{ field: 'provider', message: `is not one of: ${known}` }] }
  }
  if (provider.unusable !== undefined) return { problems: [{ field: 'provider', message: `cannot be used: ${provider.unusable.message}` }] }
  const { values, missing, problems } = readValues(provider, unfold(provider, input.raw))
  const found: Problem[] = [...problems, ...missing.map((field) => ({ field: field.key, message: 'is missing' }))]
  const name = input.name === undefined ? freeName(provider.id, taken) : input.name.toLowerCase()
  if (!NAME_PATTERN.test(name))
    found.push({ field: 'name', message: 'has 1 to 64 of a-z, 0-9, dot, underscore and hyphen, and starts with a letter or digit' })
  if (found.length > 0) return { problems: found }
  const integration = {
    name,
    provider: provider.id,
    definition: provider.definition ?? '',
    active: input.active ?? true,
    values,
  }
  return {
    problems: [],
    draft: { provider, integration, warnings: provider.cautions?.({ ...values.settings, ...values.secrets } as never) ?? [] },
  }
}

/** The provider with an id. @throws {CrmError} `not_found`, naming those there are. */
export function requireProvider(providers: readonly Provider[], id: string): Provider {
  const provider = providers.find((candidate) => candidate.id === id.toLowerCase())
  if (provider?.unusable !== undefined) throw provider.unusable
  if (provider !== undefined) return provider
  throw new CrmError('not_found', `no provider is named ${id.toLowerCase().slice(0, 64)}`, {
    reason: `there are: ${providers.map((candidate) => candidate.id).join(', ')}`,
    hint: 'see what each needs with: crm providers',
  })
}

/** The provider's id, or the id with the first free number. */
export function freeName(id: string, taken: ReadonlySet<string>): string {
  if (!taken.has(id)) return id
  for (let number = 2; ; number += 1) {
    const name = `${id}-${number}`
    if (!taken.has(name)) return name
  }
}

/**
 * Reads the JSON of `--from`: one object of field keys with optional `name` and `active`, or an array of `{ provider, ... }`.
 * @param provider the provider named on the command line, for an object; an array names its own.
 * @param providers those whose fields the entries are judged by.
 * @throws {CrmError} `usage` with all problems, naming where they are and never a value.
 */
export function readAnswers(
  text: string,
  provider: string | undefined,
  providers: readonly Provider[] = [],
): { readonly inputs: readonly IntegrationInput[]; readonly many: boolean } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new CrmError('usage', 'the answers are not JSON', { hint: 'see what belongs in them with: crm providers chatwoot --json' })
  }
  const many = Array.isArray(value)
  const entries: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (entries.length === 0) throw new CrmError('usage', 'the answers are an empty list')
  if (entries.length > MOST_ANSWERS) throw new CrmError('usage', `the answers hold more than ${MOST_ANSWERS} integrations`)
  const read = entries.map((entry) => readAnswer(entry, provider, providers))
  if (read.some((one) => 'problems' in one)) {
    const judged = read.map((one) => ('problems' in one || providers.length === 0 ? one : tryDraft(providers, one.input, new Set())))
    const problems = judged.flatMap((one, index) =>
      ('problems' in one ? one.problems : []).map(({ field, message }) => ({ field: many ? `[${index}].${field}` : field, message })),
    )
    refuseProblems(problems, 'the answers are not valid')
  }
  const inputs = read.flatMap((one) => ('input' in one ? [one.input] : []))
  return { inputs, many }
}

/**
 * Reads one entry of an answers file.
 * @param fallbackProvider the provider of one that names none.
 * @param providers tell which fields hold an object; of a field that none of them has, that is told later.
 */
export function readAnswer(
  entry: unknown,
  fallbackProvider: string | undefined,
  providers: readonly Provider[],
): { readonly input: IntegrationInput } | { readonly problems: readonly Problem[] } {
  if (entry === null || typeof entry !== 'object' || Array.isArray(entry))
    return { problems: [{ field: '$', message: 'must be an object of field keys' }] }
  const problems: Problem[] = []
  const raw: Record<string, string> = Object.create(null)
  const fields = entry as Readonly<Record<string, unknown>>
  const { provider = fallbackProvider, name, active } = fields
  if (typeof provider !== 'string') problems.push({ field: 'provider', message: 'is missing' })
  else if (fallbackProvider !== undefined && provider.toLowerCase() !== fallbackProvider.toLowerCase()) {
    problems.push({ field: 'provider', message: `is not the ${fallbackProvider} of the command line` })
  }
  if (name !== undefined && typeof name !== 'string') problems.push({ field: 'name', message: 'must be text' })
  if (active !== undefined && typeof active !== 'boolean') problems.push({ field: 'active', message: 'must be true or false' })
  const wanted = typeof provider === 'string' ? provider.toLowerCase() : undefined
  const known = providers.find(({ id }) => id === wanted)?.fields ?? []
  for (const key of Object.keys(fields)) {
    const value = fields[key]
    if (key === 'provider' || key === 'name' || key === 'active' || value === null) continue
    const read = readAnswerValue(value, known.find((field) => field.key === key)?.kind)
    if ('problem' in read) problems.push({ field: key, message: read.problem })
    else raw[key] = read.text
  }
  if (problems.length > 0 || typeof provider !== 'string') return { problems }
  return {
    input: { provider, raw, ...(typeof name === 'string' ? { name } : {}), ...(typeof active === 'boolean' ? { active } : {}) },
  }
}

/** The text of a value of JSON. What its field would not get as it stands there is refused. @param kind undefined where the field is unknown. */
function readAnswerValue(value: unknown, kind: Field['kind'] | undefined): { readonly text: string } | { readonly problem: string } {
  if (typeof value === 'string') return { text: value }
  if (typeof value === 'boolean') return { text: String(value) }
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? { text: String(value) } : { problem: 'is not read exactly as a number: put it in quotes' }
  }
  if (kind !== undefined && kind !== 'json') return { problem: 'must be text, a number, true or false' }
  if (Array.isArray(value)) return { problem: 'must be text, a number, true or false, or an object' }
  const text = textOf(value as object)
  return text === undefined ? { problem: 'is nested too deeply' } : { text }
}

/** An object as JSON; undefined where it is nested beyond what can be written. */
function textOf(value: object): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
