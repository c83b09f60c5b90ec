import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Field } from '../../src/core/field.ts'
import { answersSchema, flagOf, isRequired, readField, readValues, toRaw, withFallbacks } from '../../src/core/field-values.ts'
import { Secret } from '../../src/core/secret.ts'
import { providers } from '../../src/providers/index.ts'

const shared = { label: 'Label', sensitivity: 'public', env: 'X_FIELD' } as const
const FIELDS = {
  url: { ...shared, key: 'baseUrl', kind: 'url', fallback: 'https://app.example.com' },
  choice: {
    ...shared,
    key: 'region',
    kind: 'choice',
    choices: [
      { value: 'eu', label: 'Europe' },
      { value: 'us', label: 'America' },
    ],
  },
  number: { ...shared, key: 'limit', kind: 'number', optional: true },
  flag: { ...shared, key: 'greeting', kind: 'flag', optional: true, fallback: 'false' },
  text: { ...shared, key: 'accountId', kind: 'text', pattern: { re: /^\d{1,9}$/, says: 'must be digits' } },
  json: { ...shared, key: 'labels', kind: 'json', optional: true },
  secret: { ...shared, key: 'apiKey', kind: 'text', sensitivity: 'secret' },
  secretJson: { ...shared, key: 'headers', kind: 'json', sensitivity: 'secret', optional: true },
  conditional: { ...shared, key: 'sandboxId', kind: 'text', when: { field: 'region', is: 'us|test' } },
} satisfies Record<string, Field>

const provider = { fields: Object.values(FIELDS), hosts: [] }

describe('one field', () => {
  it.each<[string, Field, string, unknown]>([
    ['an address without its last slash', FIELDS.url, ' https://chat.example.com/ ', 'https://chat.example.com'],
    ['a choice', FIELDS.choice, 'eu', 'eu'],
    ['a whole number', FIELDS.number, '-12', -12],
    ['yes as true', FIELDS.flag, 'Yes', true],
    ['1 as true', FIELDS.flag, '1', true],
    ['off as false', FIELDS.flag, 'OFF', false],
    ['a text without the blanks around it', FIELDS.text, ' 42 ', '42'],
    ['a JSON object of texts', FIELDS.json, '{"a": "b"}', '{"a": "b"}'],
  ])('reads %s', (_claim, field, text, value) => {
    expect(readField(field, text)).toEqual({ value })
  })

  it.each<[string, Field, string, string]>([
    ['an address with a password', FIELDS.url, 'https://a:canary@example.com', 'user name or password'],
    ['what is not a choice', FIELDS.choice, 'canary', 'must be one of eu, us'],
    ['a number with decimals', FIELDS.number, '1.5', 'whole number'],
    ['a number of sixteen digits', FIELDS.number, '1234567890123456', 'whole number'],
    ['neither yes nor no', FIELDS.flag, 'canary', 'true or false'],
    ['what the pattern does not match', FIELDS.text, 'canary', 'must be digits'],
    ['a control character', FIELDS.text, '1\u00072', 'control characters'],
    ['more than 4,096 characters', FIELDS.choice, 'x'.repeat(4_097), 'longer than 4096'],
    ['JSON with other values than texts', FIELDS.json, '{"a": 1}', 'JSON object'],
    ['JSON that is a list', FIELDS.json, '["canary"]', 'JSON object'],
    ['JSON that is cut off', FIELDS.json, '{"canary": ', 'JSON object'],
    ['a secret of two lines', FIELDS.secret, 'canary\nsecond', 'one line'],
    ['a secret with NUL', FIELDS.secret, 'canary\u0000', 'one line'],
    ['a secret with an escape', FIELDS.secret, 'canary\u001b[A', 'control characters'],
    ['secret JSON that is cut off', FIELDS.secretJson, '{"X-Canary": "c', 'JSON object'],
  ])('refuses %s', (_claim, field, text, problem) => {
    const read = readField(field, text)
    expect(read).toEqual({ problem: expect.stringContaining(problem) })
    expect(JSON.stringify(read)).not.toMatch(/canary/i)
  })

  it('reads a secret exactly as it is, blanks included', () => {
    const read = readField(FIELDS.secret, '  s p a c e s  ')
    expect('value' in read && read.value instanceof Secret && read.value.reveal()).toBe('  s p a c e s  ')
  })

  it('must be on one of the hosts that a provider pins', () => {
    const hosts = ['.my.crm.example', '.crm.test']
    expect(readField(FIELDS.url, 'https://acme.my.crm.example', hosts)).toEqual({ value: 'https://acme.my.crm.example' })
    for (const address of ['https://my.crm.example.evil.example', 'https://evilmy.crm.example', 'https://evil.example/.crm.test'])
      expect(readField(FIELDS.url, address, hosts), address).toEqual({ problem: 'must be on .my.crm.example or .crm.test' })
  })
})

describe('all values', () => {
  it('are split into what is readable and what is sealed, with fallbacks filled in', () => {
    const { values, missing, problems } = readValues(provider, { region: 'eu', accountId: '3', apiKey: 'tok' })
    expect({ missing, problems }).toEqual({ missing: [], problems: [] })
    expect(values.settings).toEqual({ baseUrl: 'https://app.example.com', region: 'eu', greeting: false, accountId: '3' })
    expect(Object.keys(values.secrets)).toEqual(['apiKey'])
  })

  it('tell every missing one and every wrong one at once', () => {
    const { missing, problems } = readValues(provider, { region: 'us', limit: 'x', typo: '1', greeting: 'maybe' })
    expect(missing.map(({ key }) => key)).toEqual(['accountId', 'apiKey', 'sandboxId'])
    expect(problems.map(({ field }) => field)).toEqual(['typo', 'limit', 'greeting'])
  })

  it('take a conditional one only where its condition holds', () => {
    const raw = { region: 'eu', accountId: '3', apiKey: 'tok', sandboxId: 'x' }
    expect(readValues(provider, raw).problems).toEqual([{ field: 'sandboxId', message: 'does not belong to region eu' }])
    expect(readValues(provider, { ...raw, region: 'us' })).toMatchObject({ problems: [], missing: [] })
  })

  it('that are empty count as not given', () => {
    const { missing } = readValues(provider, { region: 'eu', accountId: '', apiKey: '' })
    expect(missing.map(({ key }) => key)).toEqual(['accountId', 'apiKey'])
  })

  it('are judged by the provider only when each of them is sound', () => {
    let asked = 0
    const judging = {
      ...provider,
      check: () => {
        asked += 1
        return [{ field: 'accountId', message: 'is closed' }]
      },
    }
    expect(readValues(judging, { region: 'eu', accountId: 'x', apiKey: 'tok' }).problems).toHaveLength(1)
    expect(asked).toBe(0)
    expect(readValues(judging, { region: 'eu', accountId: '3', apiKey: 'tok' }).problems).toEqual([
      { field: 'accountId', message: 'is closed' },
    ])
  })

  it('with names that every object knows are unknown fields like others', () => {
    expect(Object.getPrototypeOf(readValues(provider, {}).values.settings)).toBeNull()
    const hostile = JSON.parse('{"__proto__": "x", "constructor": "y"}')
    expect(readValues(provider, hostile).problems.map(({ field }) => field)).toEqual(['__proto__', 'constructor'])
  })

  const keys = [...provider.fields, ...providers.flatMap(({ fields }) => fields)].map(({ key }) => key)
  const typed = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('true', '0', 'eu', 'us', '12', 'https://a.example', 'bearer', 'api-key', 'headers', 'basic', '{"X-A":"b"}', '/me'),
  )
  const rawValues = fc.dictionary(
    fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...keys) }, { weight: 1, arbitrary: fc.string() }),
    typed,
  )

  it('are read or refused by every provider, whatever was typed; what was read reads as itself again (property)', () => {
    fc.assert(
      fc.property(fc.constantFrom(provider, ...providers), rawValues, (of, raw) => {
        const { values, missing, problems } = readValues(of, raw)
        if (missing.length > 0 || problems.length > 0) return
        const again = readValues(of, toRaw(values))
        expect(again).toMatchObject({ missing: [], problems: [] })
        expect(toRaw(again.values)).toEqual(toRaw(values))
      }),
      { numRuns: 1_000 },
    )
  })

  it('that are secret stand in no problem, and in nothing that prints what was read (property)', () => {
    const secretKeys = provider.fields.filter(({ sensitivity }) => sensitivity === 'secret').map(({ key }) => key)
    const secrets = fc.dictionary(
      fc.constantFrom(...secretKeys),
      fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })).map((around) => around.join('canary')),
    )
    fc.assert(
      fc.property(rawValues, secrets, (raw, secret) => {
        const { missing, ...read } = readValues(provider, { ...raw, ...secret })
        expect(JSON.stringify(read)).not.toContain('canary')
      }),
    )
  })
})

describe('what is said about fields', () => {
  it('is derived from the field alone', () => {
    expect(provider.fields.filter(isRequired).map(({ key }) => key)).toEqual(['region', 'accountId', 'apiKey'])
    expect(provider.fields.map(flagOf)).toEqual([
      '--base-url',
      '--region',
      '--limit',
      '--greeting',
      '--account-id',
      '--labels',
      '--api-key-stdin',
      '--headers-stdin',
      '--sandbox-id',
    ])
    expect(withFallbacks(provider.fields, { region: 'eu', stray: 'x' })).toEqual({
      region: 'eu',
      baseUrl: 'https://app.example.com',
      greeting: 'false',
    })
  })

  it('is a JSON Schema that knows every field, what is needed, and shows no example of a secret', () => {
    const withExample = { ...FIELDS.secret, example: 'canary' }
    const schema = answersSchema({ id: 'x', title: 'X', fields: [...provider.fields.filter(({ key }) => key !== 'apiKey'), withExample] })
    expect(schema).toMatchObject({ required: ['region', 'accountId', 'apiKey'], additionalProperties: false })
    expect(schema.properties).toMatchObject({
      name: { type: 'string' },
      baseUrl: { type: 'string', format: 'uri', default: 'https://app.example.com' },
      region: { enum: ['eu', 'us'] },
      limit: { type: 'integer' },
      greeting: { type: 'boolean', default: false },
      labels: { type: 'object' },
      apiKey: { writeOnly: true },
    })
    expect(JSON.stringify(schema)).not.toContain('canary')
  })
})
