import type { Answer } from '../core/answers.ts'
import { CrmError, type Problem } from '../core/errors.ts'
import { escapeJson } from '../core/text.ts'

/** `error` of the JSON contract. `hint` is always there; `reason` and `problems` only where there are any. */
export interface JsonFailure {
  readonly code: string
  readonly message: string
  readonly hint: string | null
  readonly retryable: boolean
  readonly reason?: string
  readonly problems?: readonly Problem[]
}

/** An error as the JSON contract shows it: by allow-list, so that a cause or a stack never gets in. */
export function jsonFailure(error: CrmError): JsonFailure {
  return {
    code: error.code,
    message: error.message,
    hint: error.hint ?? null,
    retryable: error.retryable,
    ...(error.reason === undefined ? {} : { reason: error.reason }),
    ...(error.problems.length === 0 ? {} : { problems: error.problems.map(({ field, message }) => ({ field, message })) }),
  }
}

/** JSON for output: hostile characters escaped, and no CI system finds a command in it (`##[`, `##vso[` count anywhere in a line). */
export function printableJson(text: string): string {
  return escapeJson(text).replace(/#(?=#(?:vso)?\[)/gi, '\\u0023')
}

/** The one document of `--json`: envelope of `design.md` section 4, two-space indent, final newline. */
export function envelopeText(answer: Answer<unknown>): string {
  const { schema, data, warnings, error } = answer
  const envelope = { schema, ok: error === undefined, data, warnings, ...(error === undefined ? {} : { error: jsonFailure(error) }) }
  return `${printableJson(JSON.stringify(envelope, null, 2))}\n`
}

type FieldTree = Map<string, FieldTree>

function fieldTree(paths: readonly string[]): FieldTree {
  const tree: FieldTree = new Map()
  for (const path of paths) {
    let node = tree
    for (const name of path.split('.')) {
      const next = node.get(name) ?? new Map()
      node.set(name, next)
      node = next
    }
  }
  return tree
}

/** Dot paths of everything in a value, arrays passed through; what `--fields` may name. */
function pathsOf(value: unknown, prefix: string, found: Set<string>): Set<string> {
  if (Array.isArray(value)) for (const item of value) pathsOf(item, prefix, found)
  else if (value !== null && typeof value === 'object') {
    for (const [name, member] of Object.entries(value)) {
      const path = prefix === '' ? name : `${prefix}.${name}`
      found.add(path)
      pathsOf(member, path, found)
    }
  }
  return found
}

/** Whether a path could exist below something that is empty or null here: nothing can be said against it then. */
function isOpen(value: unknown, names: readonly string[]): boolean {
  if (value === null) return true
  if (Array.isArray(value)) return value.length === 0 || value.some((item) => isOpen(item, names))
  const [name, ...rest] = names
  if (name === undefined || typeof value !== 'object') return false
  const member = (value as Record<string, unknown>)[name]
  if (member === undefined) return Object.keys(value).length === 0
  return isOpen(member, rest)
}

function project(value: unknown, tree: FieldTree): unknown {
  if (tree.size === 0) return value
  if (Array.isArray(value)) return value.map((item) => project(item, tree))
  if (value === null || typeof value !== 'object') return value
  const kept: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(value)) {
    const below = tree.get(name)
    if (below !== undefined) kept[name] = project(member, below)
  }
  return kept
}

/** The error of a field that is not there, with those that are. */
export function unknownFields(unknown: readonly string[], valid: readonly string[]): CrmError {
  return new CrmError('usage', `--fields names what the answer does not have: ${unknown.join(', ')}`, {
    reason: `it has: ${valid.join(', ')}`,
    hint: `name some of these, joined with commas, for example: --fields ${valid.slice(0, 2).join(',')}`,
    problems: unknown.map((field) => ({ field, message: 'is not a field of this answer' })),
  })
}

/**
 * Keeps only these fields of an answer's `data`, in the order in which they stand in it.
 * @param fields dot paths; they pass through arrays (`integrations.name`).
 * @throws {CrmError} `usage` naming the fields that are not there and listing those that are.
 */
export function keepFields(data: unknown, fields: readonly string[]): unknown {
  const valid = pathsOf(data, '', new Set())
  const unknown = fields.filter((field) => !valid.has(field) && !isOpen(data, field.split('.')))
  if (unknown.length > 0) throw unknownFields(unknown, [...valid])
  return project(data, fieldTree(fields))
}
