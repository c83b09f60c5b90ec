/** `the demo a`, `3 demos (a, b, c)`, with the first few named. */
export function namedDemos(slugs: readonly string[]): string {
  if (slugs.length === 1) return `the demo ${slugs[0]}`
  return `${slugs.length} demos (${slugs.slice(0, 5).join(', ')}${slugs.length > 5 ? ', ...' : ''})`
}
