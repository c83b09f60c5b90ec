/** A value of RFC 8259 JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json }

/**
 * Canonical JSON: no white space, object keys in code-unit order, `undefined` members left out (the key order of RFC 8785;
 * our numbers are safe integers, so its number rules are met by `JSON.stringify`). Equal values give equal text.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (member === null || typeof member !== 'object' || Array.isArray(member)) return member
    const record = member as Record<string, unknown>
    const sorted: Record<string, unknown> = Object.create(null)
    for (const key of Object.keys(record).sort()) sorted[key] = record[key]
    return sorted
  })
}
