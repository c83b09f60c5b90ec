import * as z from 'zod/mini'
import { ANSWER_SCHEMAS, type AnsweringCommand, envelopeSchema } from '../../core/answer-schemas.ts'

/** `crm help json`: the contract in words, then the JSON Schema of every command's document. */
export function text(): string {
  const schemas = Object.fromEntries(
    (Object.keys(ANSWER_SCHEMAS) as AnsweringCommand[]).map((command) => [command, z.toJSONSchema(envelopeSchema(command))]),
  )
  return [
    'With --json, standard output holds exactly one document, also on failure:',
    '',
    '  { "schema": "crm.test/1", "ok": false, "data": { ... },',
    '    "warnings": [ { "code", "message" } ],',
    '    "error": { "code", "message", "hint", "retryable", "reason", "problems" } }',
    '',
    'error is there when ok is false; error.code is one of crm help exit-codes;',
    'its reason and problems are there where there are any.',
    'Within a schema number members are only added. No secret is in it unless',
    '--reveal was given.',
    '--fields a,b.c keeps only these members of data.',
    '',
    'JSON Schema (draft 2020-12) by command:',
    '',
    JSON.stringify(schemas, null, 2),
  ].join('\n')
}
