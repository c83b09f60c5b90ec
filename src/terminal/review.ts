import { type Field, fieldApplies } from '../core/field.ts'
import { type RawValues, readValues, withFallbacks } from '../core/field-values.ts'
import type { Provider } from '../core/provider.ts'
import { Secret } from '../core/secret.ts'
import { visible } from '../core/text.ts'
import { type Choice, cancelled } from './ask.ts'
import { applying, askField, askFields } from './ask-fields.ts'
import { settingText } from './certificates.ts'
import { padTo } from './table.ts'
import type { Ui } from './ui.ts'

/** What is reviewed before anything is stored. */
export interface Reviewed {
  readonly provider: Provider
  /** The name that the integration will have. */
  readonly name: string
  readonly values: RawValues
  /** The way to save that is offered first, and taken on Enter: `test` where nothing is said. */
  readonly first?: ReviewOutcome['action']
}

/** How a review ended, with the values as corrected. */
export interface ReviewOutcome {
  readonly action: 'save' | 'test'
  readonly values: RawValues
}

/** How the menu after a failed test ended. `inactive`: save, but switched off. */
export interface FailureOutcome {
  readonly action: 'test' | 'inactive'
  readonly values: RawValues
}

/** The fields that count for these values. */
function fieldsOf({ provider, values }: Reviewed): readonly Field[] {
  const given = withFallbacks(provider.fields, values)
  return provider.fields.filter((field) => fieldApplies(field, given) && (field.kind !== 'certificates' || isGiven(values[field.key])))
}

function isGiven(value: string | undefined): boolean {
  return value !== undefined && value !== ''
}

/** A value as the review shows it: secrets masked, defaults marked. */
function shownValue(field: Field, values: RawValues): string {
  const value = values[field.key]
  if (value === undefined || value === '') return field.fallback === undefined ? '-' : `${visible(field.fallback)} (default)`
  return field.sensitivity === 'secret' ? new Secret(value).masked() : visible(settingText(value))
}

function showValues(ui: Ui, reviewed: Reviewed): void {
  const fields = fieldsOf(reviewed)
  const width = Math.max(...fields.map((field) => field.label.length))
  ui.tell(`${reviewed.provider.title} as ${reviewed.name}:`)
  for (const field of fields) ui.tell(`  ${padTo(visible(field.label), width)}  ${shownValue(field, reviewed.values)}`)
}

/** What still keeps the values from being stored, one line each. */
function problemsOf({ provider, values }: Reviewed): string[] {
  const { missing, problems } = readValues(provider, values)
  const label = (key: string): string => provider.fields.find((field) => field.key === key)?.label ?? key
  return [...missing.map((field) => `${field.label} is needed`), ...problems.map(({ field, message }) => `${label(field)} ${message}`)]
}

/** Asks which field is wrong, and for its value; then for what the change made necessary. */
async function correct(ui: Ui, reviewed: Reviewed): Promise<Reviewed> {
  const { provider, values } = reviewed
  const fields = fieldsOf(reviewed).filter(({ kind }) => kind !== 'certificates')
  const width = Math.max(...fields.map((field) => field.label.length))
  const chosen = await ui.ask.choice({
    message: 'Which one',
    choices: fields.map((field) => ({
      value: field.key,
      label: `${padTo(field.label, width)}  ${shownValue(field, values)}`,
      short: field.label,
    })),
  })
  const field = fields.find(({ key }) => key === chosen)
  if (field === undefined) return reviewed
  const corrected = applying(provider, { ...values, ...(await askField(ui, provider, field, values, {})) })
  // What was left out before stays out; only fields that apply since the correction are asked for.
  const seen = Object.fromEntries(fields.map(({ key }) => [key, '']))
  return { ...reviewed, values: await askFields(ui, { provider, known: { ...seen, ...corrected } }) }
}

type Menu = 'save' | 'test' | 'correct' | 'cancel'

async function choose<T extends Menu>(ui: Ui, message: string, choices: readonly Choice<T>[], fallback: T): Promise<T> {
  const action = await ui.ask.choice<T>({ message, choices, fallback })
  if (action === 'cancel') throw cancelled()
  return action
}

const TEST = { value: 'test', label: 'test and save' } as const
const SAVE = { value: 'save', label: 'save' } as const
const CORRECT = { value: 'correct', label: 'correct a field' } as const
const CANCEL = { value: 'cancel', label: 'cancel' } as const

/**
 * Shows all values before they are saved, secrets masked, and asks what to do (`ux.md` P7); corrections are made here.
 * @throws {CrmError} `cancelled`.
 */
export async function reviewValues(ui: Ui, start: Reviewed): Promise<ReviewOutcome> {
  for (let reviewed = start; ; reviewed = await correct(ui, reviewed)) {
    showValues(ui, reviewed)
    const problems = problemsOf(reviewed)
    for (const problem of problems) ui.tell(`  ! ${visible(problem, 600)}`)
    const save = reviewed.first === 'save' ? [SAVE, TEST] : [TEST, SAVE]
    const choices = [...(problems.length === 0 ? save : []), CORRECT, CANCEL]
    const action = await choose(ui, 'What next', choices, problems.length === 0 ? (reviewed.first ?? 'test') : 'correct')
    if (action === 'save' || action === 'test') return { action, values: reviewed.values }
  }
}

/**
 * Asks what to do after the test of new values has failed; the failure was shown already.
 * @throws {CrmError} `cancelled`.
 */
export async function askAfterFailure(ui: Ui, failed: Reviewed): Promise<FailureOutcome> {
  const choices = [CORRECT, { value: 'test', label: 'test again' }, { value: 'save', label: 'save as inactive' }, CANCEL] as const
  const action = await choose(ui, 'What next', choices, 'correct')
  if (action === 'correct') return { action: 'test', values: (await correct(ui, failed)).values }
  return { action: action === 'save' ? 'inactive' : 'test', values: failed.values }
}
