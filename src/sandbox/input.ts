import type { Violation } from './reply.ts'

/** The parameters of a request as they came: a JSON object, or a form with its brackets unfolded. */
export type Input = Readonly<Record<string, unknown>>

/** How a value is brought to a column's type; `undefined` means that the value is not taken at all. */
export type Cast = (value: unknown) => unknown

/** Whether a value is a JSON object (not null, not an array). */
export function isObject(value: unknown): value is Input {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A text column: scalars become text, objects and arrays are not permitted. */
export const asText: Cast = (value) => {
  if (value === null || typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

const FALSE_TEXTS = new Set(['false', 'FALSE', 'f', 'F', '0', 'off', 'OFF'])

/** A flag column, with the framework's reading of texts and numbers: `"false"`, `"0"`, `"off"` are false, empty is null. */
export const asFlag: Cast = (value) => {
  if (value === null || value === '') return null
  if (typeof value === 'string') return !FALSE_TEXTS.has(value)
  if (typeof value === 'number') return value !== 0
  return typeof value === 'boolean' ? value : undefined
}

/** A column that keeps an object as it is. */
export const asObject: Cast = (value) => (isObject(value) ? value : undefined)

/** A positive integer id, given as number or digits; undefined for anything else. */
export function asId(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value > 0 ? value : undefined
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : undefined
}

/** The permitted columns among the parameters, cast; unknown keys are ignored silently, as Chatwoot does. */
export function permit(input: Input, columns: Readonly<Record<string, Cast>>): Record<string, unknown> {
  const taken: Record<string, unknown> = {}
  for (const [key, cast] of Object.entries(columns)) {
    if (!Object.hasOwn(input, key)) continue
    const value = cast(input[key])
    if (value !== undefined) taken[key] = value
  }
  return taken
}

/** Whether a value counts as blank: null, or text of white space only. */
export function isBlank(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === 'string' && value.trim() === '')
}

/** The violation of a text over its limit of characters, as a list to be spread. */
export function tooLong(attribute: string, value: unknown, limit: number): Violation[] {
  if (typeof value !== 'string' || Array.from(value).length <= limit) return []
  return [{ attribute, says: `is too long (maximum is ${limit} characters)` }]
}
