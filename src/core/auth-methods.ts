import type { Field } from './field.ts'
import type { AuthMethod, Provider } from './provider.ts'

/** The choices of a field as ways to authenticate, each with the fields that can apply once it is chosen. */
export function authMethodsOf(fields: readonly Field[], methodField: string): readonly AuthMethod[] {
  const choices = fields.find(({ key }) => key === methodField)?.choices ?? []
  return choices.map(({ value, label }) => ({ id: value, label, fields: fieldsOf(fields, methodField, value) }))
}

/** A condition looks at an earlier field, so one pass finds what depends on the choice at second hand. */
function fieldsOf(fields: readonly Field[], methodField: string, method: string): readonly string[] {
  const possible = new Set<string>()
  for (const { key, when, orWhen } of fields) {
    const conditions = [when, orWhen].filter((condition) => condition !== undefined)
    const holds = conditions.some(({ field, is }) => (field === methodField ? is.split('|').includes(method) : possible.has(field)))
    if (conditions.length === 0 || holds) possible.add(key)
  }
  return [...possible]
}

/** The way to authenticate that a word of `--auth` means. Hyphens and underscores are the same. */
export function findMethod(provider: Pick<Provider, 'authMethods'>, word: string): AuthMethod | undefined {
  const plain = (text: string): string => text.toLowerCase().replaceAll('_', '-')
  return provider.authMethods.find(({ id }) => plain(id) === plain(word))
}
