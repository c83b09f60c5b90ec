import type { Json } from './sandbox.ts'

/** A published OpenAPI 3.1 document, and the part of JSON Schema that it uses. */
export class OpenApi {
  constructor(readonly document: Json) {}

  /** The schema of an operation's JSON answer; throws when the document has none. */
  answer(method: string, path: string, status = '200'): Json {
    const schema = this.document.paths[path]?.[method.toLowerCase()]?.responses?.[status]?.content?.['application/json']?.schema
    if (schema === undefined) throw new Error(`the document has no answer ${status} for ${method} ${path}`)
    return schema
  }

  /** A named schema. */
  schema(name: string): Json {
    return this.#resolve({ $ref: `#/components/schemas/${name}` })
  }

  /** Every place where a value does not fit its schema, as `path: what`. */
  problems(schema: Json, value: unknown, at = '$'): string[] {
    const resolved = this.#resolve(schema)
    const types: string[] = resolved.type === undefined ? [] : [resolved.type].flat()
    if (value === null && resolved.nullable === true) return []
    if (types.length > 0 && !types.some((name) => hasType(name, value))) {
      return [`${at}: ${JSON.stringify(value)?.slice(0, 40)} is not ${types.join(' or ')}`]
    }
    const allowed: unknown[] | undefined = resolved.enum
    return [
      ...(allowed === undefined || allowed.includes(value) ? [] : [`${at}: ${JSON.stringify(value)} is none of ${allowed}`]),
      ...(resolved.allOf ?? []).flatMap((part: Json) => this.problems(part, value, at)),
      ...[resolved.oneOf, resolved.anyOf].flatMap((choices) => this.#choiceProblems(choices, value, at)),
      ...(Array.isArray(value) ? value.flatMap((item, index) => this.problems(resolved.items ?? {}, item, `${at}[${index}]`)) : []),
      ...(hasType('object', value) ? this.#memberProblems(resolved, value as Record<string, unknown>, at) : []),
    ]
  }

  #choiceProblems(choices: Json[] | undefined, value: unknown, at: string): string[] {
    const fits = choices === undefined || choices.some((choice) => this.problems(choice, value, at).length === 0)
    return fits ? [] : [`${at}: fits no choice`]
  }

  #memberProblems(
    { properties = {}, required = [], additionalProperties = true }: Json,
    value: Record<string, unknown>,
    at: string,
  ): string[] {
    const missing = required.filter((key: string) => !Object.hasOwn(value, key)).map((key: string) => `${at}.${key}: missing`)
    const wrong = Object.entries(value).flatMap(([key, member]) => {
      if (Object.hasOwn(properties, key)) return this.problems(properties[key], member, `${at}.${key}`)
      if (additionalProperties === false) return [`${at}.${key}: unknown`]
      return additionalProperties === true ? [] : this.problems(additionalProperties, member, `${at}.${key}`)
    })
    return [...missing, ...wrong]
  }

  /** Keys that the schema names and the value lacks. */
  absent(schema: Json, value: object): string[] {
    const resolved = this.#resolve(schema)
    const properties = [resolved, ...(resolved.allOf ?? []).map((part: Json) => this.#resolve(part))].flatMap((part) =>
      Object.keys(part.properties ?? {}),
    )
    return properties.filter((key) => !Object.hasOwn(value, key)).sort()
  }

  #resolve(schema: Json): Json {
    if (schema.$ref === undefined) return schema
    const found = schema.$ref
      .slice(2)
      .split('/')
      .reduce((node: Json, key: string) => node?.[key], this.document)
    if (found === undefined) throw new Error(`the document has no ${schema.$ref}`)
    return this.#resolve(found)
  }
}

function hasType(name: string, value: unknown): boolean {
  switch (name) {
    case 'null':
      return value === null
    case 'array':
      return Array.isArray(value)
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'integer':
      return Number.isInteger(value)
    default:
      return typeof value === name
  }
}
