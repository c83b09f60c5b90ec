import { type Field, fieldApplies, isOptional } from '../core/field.ts'
import { type RawValues, readField, withFallbacks } from '../core/field-values.ts'
import type { Provider } from '../core/provider.ts'
import { SECRET_MASK, Secret } from '../core/secret.ts'
import type { Check } from './ask.ts'
import type { Ui } from './ui.ts'

/** What to ask for, and what is known. All values are raw text by field key. */
export interface FieldQuestions {
  readonly provider: Provider
  /** From flags, files and variables: taken as they are, never asked. */
  readonly known: RawValues
  /** What is stored today, secrets included, when an integration is edited: every field is asked, Enter keeps its value. */
  readonly current?: RawValues
}

/** Where a secret will be sent: as the provider says, or the origin of the base URL. Undefined while it is not known. */
export function destinationOf(provider: Provider, values: RawValues): string | undefined {
  if (provider.destination !== undefined) return provider.destination(values)
  const { baseUrl } = values
  return baseUrl !== undefined && URL.canParse(baseUrl) ? new URL(baseUrl).origin : undefined
}

/** Whether `add` asks for a field: everything that applies, but for switches that have a default. The review can change those. */
function isAsked(field: Field): boolean {
  return field.kind !== 'certificates' && !(field.kind === 'flag' && field.fallback !== undefined)
}

/** Values without those of fields that do not apply, now that others have changed. */
export function applying(provider: Provider, values: RawValues): RawValues {
  const given = withFallbacks(provider.fields, values)
  const kept: Record<string, string> = {}
  for (const field of provider.fields) {
    const value = values[field.key]
    if (value !== undefined && value !== '' && fieldApplies(field, given)) kept[field.key] = value
  }
  return kept
}

/** The way to authenticate decides what else is asked. */
function methodFirst({ fields, methodField }: Provider): readonly Field[] {
  return [...fields.filter(({ key }) => key === methodField), ...fields.filter(({ key }) => key !== methodField)]
}

/**
 * Asks for every value that is needed and not known, the way to authenticate first, then in the provider's order; with `current`, for every value.
 * @returns raw values: known ones, answers, and what is kept of `current`. Nothing is stored.
 * @throws {CrmError} `cancelled`, `usage` when nobody can be asked.
 */
export async function askFields(ui: Ui, questions: FieldQuestions): Promise<RawValues> {
  const { provider, known, current } = questions
  const values: Record<string, string> = { ...current, ...known }
  for (const field of methodFirst(provider)) {
    if (known[field.key] !== undefined || !fieldApplies(field, withFallbacks(provider.fields, values))) continue
    // A file is named by a flag; what is stored stays.
    if (field.kind === 'certificates') continue
    if (current === undefined && (values[field.key] !== undefined || !isAsked(field))) continue
    Object.assign(values, await askField(ui, provider, field, values, known))
  }
  return applying(provider, values)
}

/**
 * Asks for one field, with its value of today as what Enter keeps. A pasted address may answer other fields, too.
 * @param fixed values that a paste may not contradict.
 * @returns the values that the answer gave; an optional field that was emptied comes back as empty text.
 */
export async function askField(ui: Ui, provider: Provider, field: Field, values: RawValues, fixed: RawValues): Promise<RawValues> {
  if (field.sensitivity === 'secret') return unfolded(ui, provider, field.key, await askSecret(ui, provider, field, values), values)
  return unfolded(ui, provider, field.key, { [field.key]: await askPublic(ui, provider, field, values, fixed) }, values)
}

/** An answer with the values for other fields that it holds, such as those of a pasted address. What was found is said, but for secrets. */
function unfolded(ui: Ui, provider: Provider, key: string, answer: RawValues, values: RawValues): RawValues {
  const text = answer[key]
  const pasted = text === undefined ? {} : (provider.readPasted?.(key, text) ?? {})
  for (const [other, value] of Object.entries(pasted)) {
    const field = provider.fields.find((candidate) => candidate.key === other)
    if (other === key || value === values[other] || field?.sensitivity === 'secret') continue
    ui.note(
      `  ${field?.label ?? other} is ${value}, from ${provider.fields.find((one) => one.key === key)?.kind === 'url' ? 'the address' : 'what was pasted'}`,
    )
  }
  return { ...answer, ...pasted }
}

/** The label, marked where Enter on nothing is an answer. */
function labelOf(field: Field, values: RawValues): string {
  const isOpen = isOptional(field, values) && field.fallback === undefined && values[field.key] === undefined
  return isOpen ? `${field.label} (optional)` : field.label
}

function helpOf(field: Field): string[] {
  // The example of a token helps nobody; that of a secret JSON object shows its shape.
  const isClear = field.kind === 'choice' || field.kind === 'flag' || (field.sensitivity === 'secret' && field.kind !== 'json')
  const example = field.example === undefined || isClear ? [] : [`Example: ${field.example}`]
  return [...(field.help === undefined ? [] : [field.help]), ...example]
}

function askPublic(ui: Ui, provider: Provider, field: Field, values: RawValues, fixed: RawValues): Promise<string> {
  const fallback = values[field.key] ?? field.fallback
  const question = { message: labelOf(field, withFallbacks(provider.fields, values)), help: helpOf(field) }
  if (field.kind === 'flag') return ui.ask.confirm({ ...question, fallback: fallback === 'true' }).then(String)
  if (field.kind === 'choice' && field.choices !== undefined) {
    return ui.ask.choice({ ...question, choices: field.choices, ...(fallback === undefined ? {} : { fallback }) })
  }
  return ui.ask.text({
    ...question,
    ...(fallback === undefined ? {} : { fallback }),
    optional: isOptional(field, values),
    joinLines: field.kind === 'json' || field.kind === 'lines',
    check: checkOf(provider, field, fixed),
  })
}

/** Checks what was typed after understanding what was pasted, so that both are judged by the same rule. */
function checkOf(provider: Provider, field: Field, fixed: RawValues): Check {
  return (text) => {
    const pasted = provider.readPasted?.(field.key, text) ?? {}
    const other = Object.entries(pasted).find(([key, value]) => key !== field.key && fixed[key] !== undefined && fixed[key] !== value)
    if (other !== undefined) return `names another ${other[0]} than the one given`
    const read = readField(field, pasted[field.key] ?? text, provider.hosts)
    return 'problem' in read ? read.problem : undefined
  }
}

async function askSecret(ui: Ui, provider: Provider, field: Field, values: RawValues): Promise<RawValues> {
  const today = values[field.key] ?? ''
  const given = withFallbacks(provider.fields, values)
  const destination = destinationOf(provider, given)
  const answer = await ui.ask.secret({
    message: `${labelOf(field, given)}${destination === undefined ? '' : `, sent to ${destination}`}`,
    help: [...helpOf(field), ...(today === '' ? [] : [`It is set${endsOf(today)}; Enter keeps it.`])],
    keep: today !== '',
    optional: isOptional(field, given),
    joinLines: field.kind === 'json' || field.kind === 'lines',
    check: (text) => {
      const read = readField(field, text, provider.hosts)
      return 'problem' in read ? read.problem : undefined
    },
  })
  return answer === '' ? {} : { [field.key]: answer }
}

/** ` and ends in 4f2a`, for a secret that is long enough to show so much of it. */
function endsOf(secret: string): string {
  const end = new Secret(secret).masked().slice(SECRET_MASK.length)
  return end === '' ? '' : ` and ends in ${end}`
}
