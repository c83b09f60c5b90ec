/** A value of RFC 8259 JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json }

/**
 * Canonical JSON: no white space, object keys in code-unit order, `undefined` members left out (the key order of RFC 8785;
 * our numbers are safe integers, so its number rules are met by `JSON.stringify`). Equal values give equal text.
 */
export function canonicalJson(value: unknown): string {
  return isInOrder(value) ? JSON.stringify(value) : inOrder(value)
}

/** Whether `JSON.stringify` writes a value canonically as it is, which is several times faster than to do it here. */
function isInOrder(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return value !== undefined
  if (Array.isArray(value)) return value.every((item) => item === undefined || isInOrder(item))
  if ('toJSON' in value) return false
  let last = ''
  for (const key in value) {
    const member = (value as Readonly<Record<string, unknown>>)[key]
    if (key < last || (typeof member === 'object' ? !isInOrder(member) : typeof member === 'function')) return false
    last = key
  }
  return true
}

function inOrder(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item: unknown) => inOrder(item ?? null)).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  // Written by hand: an object would put keys that look like numbers first, whatever the order in which it is filled.
  const record = value as Record<string, unknown>
  let text = ''
  for (const key of keysInOrder(record)) {
    const member = record[key]
    if (member !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${inOrder(member)}`
  }
  return `{${text}}`
}

/** The keys of an object in code-unit order. Most have them so already, and to sort is most of the work then. */
export function keysInOrder(record: Readonly<Record<string, unknown>>): string[] {
  const keys = Object.keys(record)
  for (let index = 1; index < keys.length; index += 1) if ((keys[index - 1] ?? '') > (keys[index] ?? '')) return keys.sort()
  return keys
}

/** The same members in code-unit order, as far as an object can have them so. */
export function membersInOrder<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(keysInOrder(record).map((key) => [key, record[key] as Value]))
}

/** The value that a JSON pointer (RFC 6901) leads to; undefined where there is none. Names find members of the document alone. */
export function valueAt(root: Json, pointer: string): Json | undefined {
  let value: Json | undefined = root
  for (const token of pointer.split('/').slice(1)) {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~')
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) return undefined
    value = (value as Readonly<Record<string, Json>>)[name]
  }
  return value
}
