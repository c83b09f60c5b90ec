import { CrmError, type Problem } from '../core/errors.ts'
import { visible } from '../core/text.ts'
import type { Definition } from '../providers/definition-format.ts'

/** Most bytes of a definition. */
export const MAX_DEFINITION_BYTES = 64 * 1024

/**
 * Reads the text of a definition.
 * @throws {CrmError} `usage` with every problem, each at its JSON pointer (RFC 6901).
 */
export async function readDefinition(text: string): Promise<Definition> {
  const read = await tryDefinition(text)
  if ('definition' in read) return read.definition
  const { problems } = read
  const [first] = problems
  const message = problems.length === 1 ? `${first?.field} ${first?.message}` : `${problems.length} places are not valid`
  throw new CrmError('usage', `the definition is not valid: ${message}`, {
    problems,
    hint: 'correct it, then: crm providers validate <file>',
  })
}

/** The same without a throw: the definition, or everything that is wrong with it. */
export async function tryDefinition(
  text: string,
): Promise<{ readonly definition: Definition } | { readonly problems: readonly Problem[] }> {
  if (Buffer.byteLength(text) > MAX_DEFINITION_BYTES) return refused('is larger than 64 KiB')
  const json = parse(text)
  if (json === undefined) return refused('is not valid JSON')
  const inherited = [...inheritedNames(json)]
  if (inherited.length > 0)
    return { problems: inherited.map((field) => ({ field, message: 'is a name that every object has; take another' })) }
  const { checkDefinition } = await import('./definition-schema.ts')
  const read = checkDefinition(json)
  if (!read.success) return { problems: read.error.issues.flatMap(problemsOf) }
  const definition = read.data as Definition
  const { definitionProblems } = await import('./definition-problems.ts')
  const problems = definitionProblems(definition)
  return problems.length === 0 ? { definition } : { problems }
}

function refused(message: string): { readonly problems: readonly Problem[] } {
  return { problems: [{ field: '/', message }] }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    // The parser's message quotes the text.
    return undefined
  }
}

/** Where a name stands that would reach the prototype of an object. */
function* inheritedNames(json: unknown, pointer = ''): Generator<string> {
  if (json === null || typeof json !== 'object') return
  for (const [key, value] of Object.entries(json)) {
    const here = `${pointer}${at([key])}`
    if (key === '__proto__') yield here
    yield* inheritedNames(value, here)
  }
}

interface Issue {
  readonly code: string
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly keys?: readonly string[]
}

function problemsOf(issue: unknown): readonly Problem[] {
  const { code, path, message, keys } = issue as Issue
  if (code !== 'unrecognized_keys' || keys === undefined) return [{ field: at(path), message }]
  return keys.map((key) => ({ field: at([...path, key]), message: 'is not known in format 1' }))
}

/** The JSON pointer of a path. */
function at(path: readonly PropertyKey[]): string {
  if (path.length === 0) return '/'
  return path.map((part) => `/${visible(String(part), 64).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
