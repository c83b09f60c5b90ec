import { expect } from 'vitest'
import { type AnsweringCommand, envelopeSchema } from '../../src/core/answer-schemas.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import { EXIT_STATUS } from '../../src/core/errors.ts'
import type { Result } from '../support/cli.ts'

/** JSON as tests read it: they state what it must be, and fail where it is something else. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is what the assertions are about
export type Json = any

/** Commands that print the address of a sign-in whatever else is quiet (`design.md` section 12): nobody could sign in without it. */
const SIGN_INS: readonly AnsweringCommand[] = ['login', 'authorize']

/**
 * The one document that a command printed with `--json`: exactly as the contract says, uncoloured, with two-space indent and a final
 * newline, and nothing on standard error.
 */
export function documentOf(command: AnsweringCommand, { status, stdout, stderr }: Result): Json {
  if (SIGN_INS.includes(command) && stderr !== '') expect(stderr).toMatch(/^Sign in to .+ at this address:\nhttps:\/\/\S+\n$/)
  else expect(stderr).toBe('')
  const document = JSON.parse(stdout)
  expect(envelopeSchema(command).parse(document)).toEqual(document)
  expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  expect(JSON.parse(stdout)).toEqual(document)
  expect(stdout.endsWith('}\n')).toBe(true)
  expect(stdout.split('\n')[1]).toMatch(/^ {2}"schema": "/)
  expect(status === 0).toBe(document.ok)
  return document
}

/** The document of a failure: its code and its exit status belong together. */
export function failureOf(command: AnsweringCommand, code: ErrorCode, result: Result): Json {
  const document = documentOf(command, result)
  expect(document).toMatchObject({ ok: false, error: { code } })
  expect(result.status).toBe(EXIT_STATUS[code])
  return document
}

/** The data of a document of success. */
export function dataOf<Data>(command: AnsweringCommand, result: Result): Data {
  const document = documentOf(command, result)
  expect(document).toMatchObject({ ok: true })
  return document.data
}
