import { describe, expect, it } from 'vitest'
import { ANSWER_SCHEMAS, type AnsweringCommand } from '../../src/core/answer-schemas.ts'
import { keepFields } from '../../src/terminal/envelope.ts'
import { knownFields, refuseUnknownFields } from '../../src/terminal/known-fields.ts'
import { SAMPLES } from './samples.ts'

describe.each(Object.keys(ANSWER_SCHEMAS) as AnsweringCommand[])('--fields of %s', (command) => {
  it('knows every field that an answer has', () => {
    const every = (value: unknown, prefix: string): string[] => {
      if (Array.isArray(value)) return value.flatMap((item) => every(item, prefix))
      if (value === null || typeof value !== 'object') return []
      return Object.entries(value).flatMap(([name, inner]) => [prefix + name, ...every(inner, `${prefix}${name}.`)])
    }
    expect(() => refuseUnknownFields(command, every(SAMPLES[command], ''))).not.toThrow()
  })

  it('refuses one that it cannot have, before the command does anything', () => {
    expect(() => refuseUnknownFields(command, ['bogus'])).toThrow('bogus')
  })
})

it('names what is unknown, and lists what there is', () => {
  const thrown = (() => {
    try {
      refuseUnknownFields('which', ['vault', 'bogus'])
    } catch (error) {
      return error
    }
  })()
  expect(thrown).toMatchObject({
    code: 'usage',
    reason: expect.stringContaining('profile, profile.value'),
    problems: [{ field: 'bogus', message: 'is not a field of this answer' }],
  })
})

it('lists the fields in the order of the schema', () => {
  expect(knownFields('which').slice(0, 4)).toEqual(['profile', 'profile.value', 'profile.from', 'vault'])
})

it('accepts any name where the fields of a provider stand', () => {
  expect(() => refuseUnknownFields('show', ['integration.settings.anything', 'integration.secrets.apiKey.set'])).not.toThrow()
  expect(() => refuseUnknownFields('show', ['integration.secrets.apiKey.bogus'])).toThrow('bogus')
})

it('keeps nothing of what was not named', () => {
  expect(keepFields(SAMPLES.list, ['integrations.name', 'summary.total'])).toEqual({
    integrations: SAMPLES.list.integrations.map(({ name }) => ({ name })),
    summary: { total: 3 },
  })
})
