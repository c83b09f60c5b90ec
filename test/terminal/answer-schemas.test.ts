import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { ANSWER_SCHEMAS, type AnsweringCommand, envelopeSchema } from '../../src/core/answer-schemas.ts'
import { CrmError, type ErrorCode, EXIT_STATUS } from '../../src/core/errors.ts'
import { captured } from './captured.ts'
import { demoFailed, demoPlanned, SAMPLES } from './samples.ts'

const commands = Object.keys(ANSWER_SCHEMAS) as AnsweringCommand[]

async function printed(schema: string, data: unknown, error?: CrmError): Promise<unknown> {
  const { ui, stdout } = captured({ flags: { json: true } })
  const view = async () => () => ''
  await ui.answer({ schema, data, warnings: [{ code: 'w', message: 'm' }], ...(error === undefined ? {} : { error }) }, view)
  return JSON.parse(stdout())
}

describe.each(commands)('the document of %s', (command) => {
  const { schema } = ANSWER_SCHEMAS[command]

  it('is what its schema says, and holds nothing else', async () => {
    const document = await printed(schema, SAMPLES[command])
    expect(envelopeSchema(command).parse(document)).toEqual(document)
  })

  it('is what its schema says when the command fails', async () => {
    const error = new CrmError('usage', 'wrong', { reason: 'r', problems: [{ field: 'f', message: 'm' }] })
    envelopeSchema(command).parse(await printed(schema, null, error))
    expect(envelopeSchema(command).safeParse({ schema, ok: false, data: null, warnings: [] }).success).toBe(false)
  })

  it('has a JSON Schema', () => {
    expect(z.toJSONSchema(envelopeSchema(command))).toMatchObject({ oneOf: [{ type: 'object' }, { type: 'object' }] })
  })
})

it('every schema has an id of its own', () => {
  expect(new Set(commands.map((command) => ANSWER_SCHEMAS[command].schema)).size).toBe(commands.length)
})

it.each(Object.keys(EXIT_STATUS) as ErrorCode[])('a failure may have the code %s', async (code) => {
  envelopeSchema('test').parse(await printed('crm.test/1', null, new CrmError(code, 'm')))
})

it.each([
  ['planned', demoPlanned],
  ['failed', demoFailed],
])('a demo that is only %s fits the schema of demo-create', async (_state, data) => {
  envelopeSchema('demo-create').parse(await printed('crm.demo-create/1', data))
})
