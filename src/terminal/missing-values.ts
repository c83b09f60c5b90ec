import { CrmError } from '../core/errors.ts'
import { type Field, flagName } from '../core/field.ts'

/** What stands for the value of a field in its flag: `--base-url <url>`. */
export function placeholder(field: Field): string {
  switch (field.kind) {
    case 'url':
      return '<url>'
    case 'number':
      return '<number>'
    case 'json':
      return '<json>'
    case 'choice':
      return `<${field.choices?.map((choice) => choice.value).join('|') ?? 'choice'}>`
    case 'certificates':
      return '<path>'
    case 'text':
    case 'lines':
    case 'flag':
      return '<text>'
  }
}

/** Every way to give a field on the command line; a secret has three, and none of them is a literal. */
export function flagForms(field: Field): string {
  const flag = `--${flagName(field.key)}`
  if (field.sensitivity === 'secret') return `${flag}-stdin | ${flag}-file <path> | ${flag}-env <NAME>`
  if (field.kind === 'certificates') return `${flag}-file <path>`
  return field.kind === 'flag' ? `${flag} | --no-${flagName(field.key)}` : `${flag} ${placeholder(field)}`
}

/**
 * The error for values that nobody can be asked for: each with its flags and its variable (`ux.md` P2).
 * @param hint where to read about them, such as `where to find each: crm providers chatwoot`.
 */
export function missingValues(fields: readonly Field[], hint?: string): CrmError {
  const forms = fields.map(flagForms)
  const width = Math.max(0, ...forms.map((form) => form.length))
  const needed = fields.length === 1 ? '1 value is needed' : `${fields.length} values are needed`
  return new CrmError('usage', `${needed} and there is no terminal to ask on`, {
    ...(hint === undefined ? {} : { hint }),
    problems: fields.map((field, index) => ({
      field: field.key,
      message: `${(forms[index] ?? '').padEnd(width)}  ${field.env} (with --from-env)`,
    })),
  })
}
