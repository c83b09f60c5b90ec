import type { Answer } from '../core/answers.ts'
import type { CrmError, Problem } from '../core/errors.ts'
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

/**
 * Keeps only these fields of an answer's `data`, in the order in which they stand in it. One that this answer does not have is left
 * out: what the command has done is done, and names that no answer has were refused before.
 * @param fields dot paths; they pass through arrays (`integrations.name`).
 */
export function keepFields(data: unknown, fields: readonly string[]): unknown {
  return project(data, fieldTree(fields))
}
