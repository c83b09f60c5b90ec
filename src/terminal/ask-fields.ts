import { type Field, fieldApplies } from '../core/field.ts'
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

/** Where a secret will be sent: the origin of the base URL. Undefined while there is none. */
export function destinationOf(values: RawValues): string | undefined {
  const { baseUrl } = values
  return baseUrl !== undefined && URL.canParse(baseUrl) ? new URL(baseUrl).origin : undefined
}

/** Whether `add` asks for a field: everything that applies, but for switches that have a default. The review can change those. */
function isAsked(field: Field): boolean {
  return !(field.kind === 'flag' && field.fallback !== undefined)
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

/**
 * Asks for every value that is needed and not known, in the provider's order; with `current`, for every value.
 * @returns raw values: known ones, answers, and what is kept of `current`. Nothing is stored.
 * @throws {CrmError} `cancelled`, `usage` when nobody can be asked.
 */
export async function askFields(ui: Ui, questions: FieldQuestions): Promise<RawValues> {
  const { provider, known, current } = questions
  const values: Record<string, string> = { ...current, ...known }
  for (const field of provider.fields) {
    if (known[field.key] !== undefined || !fieldApplies(field, withFallbacks(provider.fields, values))) continue
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
  const today = values[field.key]
  if (field.sensitivity === 'secret') return askSecret(ui, provider, field, values)
  const answer = await askPublic(ui, provider, field, today, fixed)
  const pasted = provider.readPasted?.(field.key, answer) ?? {}
  const found: Record<string, string> = { [field.key]: answer }
  for (const [key, value] of Object.entries(pasted)) {
    found[key] = value
    if (key === field.key || value === values[key]) continue
    const label = provider.fields.find((other) => other.key === key)?.label ?? key
    ui.note(`  ${label} is ${value}, from the address`)
  }
  return found
}

/** The label, marked where Enter on nothing is an answer. */
function labelOf(field: Field, today: string | undefined): string {
  return field.optional === true && field.fallback === undefined && today === undefined ? `${field.label} (optional)` : field.label
}

function helpOf(field: Field): string[] {
  // The example of a token helps nobody; that of a secret JSON object shows its shape.
  const isClear = field.kind === 'choice' || field.kind === 'flag' || (field.sensitivity === 'secret' && field.kind !== 'json')
  const example = field.example === undefined || isClear ? [] : [`Example: ${field.example}`]
  return [...(field.help === undefined ? [] : [field.help]), ...example]
}

function askPublic(ui: Ui, provider: Provider, field: Field, today: string | undefined, fixed: RawValues): Promise<string> {
  const fallback = today ?? field.fallback
  const question = { message: labelOf(field, today), help: helpOf(field) }
  if (field.kind === 'flag') return ui.ask.confirm({ ...question, fallback: fallback === 'true' }).then(String)
  if (field.kind === 'choice' && field.choices !== undefined) {
    return ui.ask.choice({ ...question, choices: field.choices, ...(fallback === undefined ? {} : { fallback }) })
  }
  return ui.ask.text({
    ...question,
    ...(fallback === undefined ? {} : { fallback }),
    optional: field.optional === true,
    joinLines: field.kind === 'json',
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
  const destination = destinationOf(withFallbacks(provider.fields, values))
  const answer = await ui.ask.secret({
    message: `${labelOf(field, values[field.key])}${destination === undefined ? '' : `, sent to ${destination}`}`,
    help: [...helpOf(field), ...(today === '' ? [] : [`It is set${endsOf(today)}; Enter keeps it.`])],
    keep: today !== '',
    optional: field.optional === true,
    joinLines: field.kind === 'json',
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
