import type { FieldAnswer, ProviderAnswer, ProviderEntry } from '../core/answers.ts'
import type { Field } from '../core/field.ts'
import { answersSchema, flagOf, isRequired } from '../core/field-values.ts'
import type { Provider } from '../core/provider.ts'

/** One line of the catalogue. */
export function providerEntry({ id, title, docs, authMethods, capabilities, definition }: Provider): ProviderEntry {
  return { id, name: title, docs, authMethods, capabilities, definition: definition ?? null }
}

/** A provider with its fields and the JSON Schema of its answers file. */
export function describeProvider(provider: Provider): ProviderAnswer {
  return { provider: { ...providerEntry(provider), fields: provider.fields.map(describeField), jsonSchema: answersSchema(provider) } }
}

function describeField(field: Field): FieldAnswer {
  return {
    key: field.key,
    label: field.label,
    kind: field.kind,
    sensitivity: field.sensitivity,
    required: isRequired(field),
    env: field.env,
    flag: flagOf(field),
    help: field.help ?? null,
    example: field.example ?? null,
    default: field.fallback ?? null,
    choices: field.choices ?? null,
    when: field.when ?? null,
    orWhen: field.orWhen ?? null,
  }
}
