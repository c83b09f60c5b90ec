/** The placeholders of a file of demos: `{{name}}` stands for the value of that name. */

/** Values of placeholders by name. */
export type Variables = Readonly<Record<string, string>>

const PLACEHOLDER = /\{\{\s*([A-Za-z_][\w-]*)\s*\}\}/g
/** The name that stands for the beginning of a placeholder. A file that gives it a value of its own keeps that. */
const BRACES = 'braces'

/** Whether values of placeholders become part of an address, where they have to be encoded. */
export function isAddress(key: string): boolean {
  return key === 'url' || key === 'botUrl' || key === 'websiteUrl' || key === 'webhookUrl'
}

/**
 * A value with its placeholders filled in. What begins an address is put in as it is, what stands inside of one is encoded.
 * @param missing takes the names that have no value.
 */
export function filled(value: unknown, known: Variables, address: boolean, missing: Set<string>): unknown {
  if (typeof value !== 'string') {
    return eachOf(value, (item, key) => filled(item, known, key === undefined ? address : isAddress(key), missing))
  }
  return value.replaceAll(PLACEHOLDER, (_all, name: string, offset: number) => {
    const text = Object.hasOwn(known, name) ? known[name] : undefined
    if (text === undefined && name === BRACES) return '{{'
    if (text === undefined) missing.add(name)
    return address && offset > 0 ? encodeURIComponent(text ?? '') : (text ?? '')
  })
}

/** A value that is read back as it is: what looks like a placeholder in its texts becomes `{{braces}}`, and the rest of it. */
export function asWritten(value: unknown): unknown {
  if (typeof value !== 'string') return eachOf(value, asWritten)
  return value.replaceAll(PLACEHOLDER, (all) => `{{${BRACES}}}${all.slice('{{'.length)}`)
}

/** A list or an object with each of its items changed; anything else as it is. */
function eachOf(value: unknown, change: (item: unknown, key?: string) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => change(item))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(item, key)]))
}
