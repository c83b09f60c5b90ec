import * as z from 'zod/mini'
import { ANSWER_SCHEMAS, type AnsweringCommand } from '../core/answer-schemas.ts'
import { CrmError } from '../core/errors.ts'

/** What of JSON Schema (draft 2020-12) the schemas of answers are made of. */
interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>
  readonly additionalProperties?: Shape | boolean
  readonly items?: Shape
  readonly anyOf?: readonly Shape[]
  /** Only free-form JSON refers to itself. */
  readonly $ref?: string
}

/** The dot paths below a shape; `*` stands for a name that the schema leaves open, such as a field of a provider, `**` for free-form JSON. */
function pathsBelow(shape: Shape, prefix: string): string[] {
  const below = [shape.items, ...(shape.anyOf ?? [])].flatMap((inner) => (inner === undefined ? [] : pathsBelow(inner, prefix)))
  const named = Object.entries(shape.properties ?? {})
  const rest = typeof shape.additionalProperties === 'object' ? shape.additionalProperties : undefined
  const open = rest === undefined ? [] : [[rest.$ref === undefined ? '*' : '**', rest] as const]
  const own = [...named, ...open].flatMap(([name, inner]) => [`${prefix}${name}`, ...pathsBelow(inner, `${prefix}${name}.`)])
  return [...new Set([...below, ...own])]
}

function matches(field: string, path: string): boolean {
  if (path.endsWith('.**')) return field.startsWith(path.slice(0, -2))
  const names = path.split('.')
  const given = field.split('.')
  return names.length === given.length && names.every((name, index) => name === '*' || name === given[index])
}

/** Every dot path that `--fields` may name for a command, in the order of its schema. */
export function knownFields(command: AnsweringCommand): readonly string[] {
  return pathsBelow(z.toJSONSchema(ANSWER_SCHEMAS[command].data as z.ZodMiniType) as Shape, '')
}

/** A command may answer in several ways: `add` and `add --from`, `providers` and `providers <id>`. */
function answersOf(command: string): AnsweringCommand[] {
  const names = Object.keys(ANSWER_SCHEMAS) as AnsweringCommand[]
  return names.filter((name) => name === command || (name.startsWith(`${command} `) && /^[-<]/.test(name.slice(command.length + 1))))
}

/**
 * Refuses `--fields` before a command does anything, and then for good: what an answer leaves out is no mistake.
 * Loads the schemas, so call it only when there are fields.
 * @throws {CrmError} `usage` naming the unknown ones and listing those that are there.
 */
export function refuseUnknownFields(command: string, fields: readonly string[]): void {
  const known = answersOf(command).flatMap(knownFields)
  if (known.length === 0) return
  const unknown = fields.filter((field) => !known.some((path) => matches(field, path)))
  if (unknown.length === 0) return
  throw new CrmError('usage', `--fields names what the answer does not have: ${unknown.join(', ')}`, {
    reason: `it has: ${known.join(', ')}`,
    hint: `name some of these, joined with commas, for example: --fields ${known.slice(0, 2).join(',')}`,
    problems: unknown.map((field) => ({ field, message: 'is not a field of this answer' })),
  })
}
