import type { Secret } from './secret.ts'

/**
 * `json` is an object of text to text, such as the headers of an ad hoc CRM; `lines` is text of several lines, such as a PEM key;
 * `certificates` is PEM that is read from a file and never asked for.
 */
export type FieldKind = 'text' | 'url' | 'choice' | 'number' | 'flag' | 'json' | 'lines' | 'certificates'

/** That another field has one of these values, separated by `|`. */
export interface Condition {
  readonly field: string
  readonly is: string
}

/**
 * One value that a provider needs. This one definition drives the prompt, the flag, the environment variable, the answers
 * file, validation, JSON Schema, help and the documentation.
 */
export interface Field {
  /** camelCase; stored; never renamed. The flag is its kebab-case: `baseUrl` → `--base-url`. */
  readonly key: string
  readonly label: string
  readonly kind: FieldKind
  /** Whether the value is sealed and never printed. Mandatory, so that nobody forgets it. */
  readonly sensitivity: 'secret' | 'public'
  /** The variable read with `--from-env` and set for programs; `^[A-Z][A-Z0-9_]{0,63}$`. */
  readonly env: string
  readonly optional?: true
  /** Optional only when another field has one of these values. */
  readonly optionalWhen?: Condition
  /** The value taken when none is given. */
  readonly fallback?: string
  readonly example?: string
  /** Where to find the value, one sentence. */
  readonly help?: string
  readonly choices?: readonly { readonly value: string; readonly label: string }[]
  /** What the whole text must match, and the sentence that says so ("must be digits"). */
  readonly pattern?: { readonly re: RegExp; readonly says: string }
  /** Asked and accepted only when another field has one of these values. */
  readonly when?: Condition
  /** A second condition that is enough, too. */
  readonly orWhen?: Condition
}

type ValueOf<F extends Field> = F['sensitivity'] extends 'secret'
  ? Secret
  : F['kind'] extends 'number'
    ? number
    : F['kind'] extends 'flag'
      ? boolean
      : string

type IsOptional<F extends Field> = F extends
  | { readonly optional: true }
  | { readonly optionalWhen: object }
  | { readonly when: object }
  | { readonly orWhen: object }
  ? true
  : false

/** The values of a field list: secrets as {@link Secret}, flags as booleans, numbers as numbers, everything else as text. */
export type Values<Fs extends readonly Field[]> = {
  readonly [F in Fs[number] as IsOptional<F> extends true ? never : F['key']]: ValueOf<F>
} & {
  readonly [F in Fs[number] as IsOptional<F> extends true ? F['key'] : never]?: ValueOf<F>
}

/** A public setting as it is stored and shown. */
export type SettingValue = string | number | boolean

/** The values of one integration, split by sensitivity: what is readable in the vault, and what is sealed. */
export interface StoredValues {
  readonly settings: Readonly<Record<string, SettingValue>>
  readonly secrets: Readonly<Record<string, Secret>>
}

/** `baseUrl` → `base-url`: the flag of a field, without the dashes. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** Whether a field is asked and accepted, given the values so far. */
export function fieldApplies({ when, orWhen }: Field, values: Readonly<Record<string, unknown>>): boolean {
  if (when === undefined && orWhen === undefined) return true
  return (when !== undefined && holds(when, values)) || (orWhen !== undefined && holds(orWhen, values))
}

/** Whether a field may be left empty, given the values so far. */
export function isOptional(field: Field, values: Readonly<Record<string, unknown>>): boolean {
  return field.optional === true || (field.optionalWhen !== undefined && holds(field.optionalWhen, values))
}

function holds({ field, is }: Condition, values: Readonly<Record<string, unknown>>): boolean {
  return is.split('|').includes(String(values[field]))
}

/** The values of an integration as its provider's `test` takes them. */
export function mergeValues(stored: StoredValues): Readonly<Record<string, SettingValue | Secret>> {
  return { ...stored.settings, ...stored.secrets }
}
