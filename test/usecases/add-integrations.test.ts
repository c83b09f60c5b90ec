import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NAME_PATTERN } from '../../src/core/integration.ts'
import { providers } from '../../src/providers/index.ts'
import {
  draftIntegration,
  draftIntegrations,
  freeName,
  type IntegrationInput,
  readAnswers,
  requireProvider,
} from '../../src/usecases/add-integrations.ts'
import { readHandOver } from '../../src/usecases/hand-over-file.ts'

const RAW = { baseUrl: 'https://chat.example.com', accountId: '3', apiKey: 'token-canary-1' }
const INPUT: IntegrationInput = { provider: 'chatwoot', raw: RAW }
const NONE: ReadonlySet<string> = new Set()

/** The problems that something is refused for, as `field: message`. */
function problemsOf(attempt: () => unknown): string[] {
  try {
    attempt()
  } catch (error) {
    expect(error).toMatchObject({ code: 'usage' })
    return (error as { problems: { field: string; message: string }[] }).problems.map(({ field, message }) => `${field}: ${message}`)
  }
  throw new Error('it was accepted')
}

describe('a draft', () => {
  it('has every default, an active state and a free name', () => {
    const { integration, warnings } = draftIntegration(providers, INPUT, new Set(['chatwoot', 'chatwoot-2']))
    expect(integration).toMatchObject({ name: 'chatwoot-3', provider: 'chatwoot', definition: '', active: true })
    expect(integration.values.settings).toEqual({
      baseUrl: 'https://chat.example.com',
      accountId: '3',
      greetingEnabled: false,
      emailCollect: true,
      autoAssignment: true,
      csatSurvey: false,
    })
    expect(integration.values.secrets.apiKey?.reveal()).toBe('token-canary-1')
    expect(warnings).toEqual([])
  })

  it('takes name and state as they are given, the name in lower case', () => {
    const { integration } = draftIntegration(providers, { ...INPUT, name: 'Acme-EU', active: false }, NONE)
    expect(integration).toMatchObject({ name: 'acme-eu', active: false })
  })

  it('is refused with all its problems at once, which repeat no value', () => {
    const raw = { baseUrl: 'http://canary.example', accountId: 'canary', greetingEnabled: 'canary', typo: 'canary' }
    const problems = problemsOf(() => draftIntegration(providers, { provider: 'chatwoot', name: 'no name', raw }, NONE))
    expect(problems).toEqual([
      expect.stringMatching(/^typo: is not a field; the fields are baseUrl, accountId, apiKey/),
      expect.stringMatching(/^baseUrl: must begin with https:/),
      'accountId: must be a number such as 3',
      'greetingEnabled: must be true or false',
      'apiKey: is missing',
      expect.stringMatching(/^name: has 1 to 64/),
    ])
    expect(problems.join()).not.toContain('canary')
  })

  it('brings what to be careful about', () => {
    const raw = { baseUrl: 'https://api.example.com', authType: 'api-key', apiKeyPlace: 'query', apiKey: 'k-1' }
    const { warnings } = draftIntegration(providers, { provider: 'custom', raw }, NONE)
    expect(warnings.map(({ code }) => code)).toEqual(['key_in_url', 'weak_test_path'])
  })

  it('takes the way to authenticate as auth, in either spelling, whatever the field of the provider is called', () => {
    const settingsOf = (provider: string, raw: Record<string, string>) =>
      draftIntegration(providers, { provider, raw }, NONE).integration.values.settings
    const custom = { baseUrl: 'https://api.example.com', apiKey: 'k-1' }
    expect(settingsOf('custom', { ...custom, auth: 'api_key' })).toMatchObject({ authType: 'api-key' })
    const salesforce = { loginHost: 'https://acme.my.salesforce.com/', clientId: '3MVG9', clientSecret: 'S' }
    expect(settingsOf('salesforce', { ...salesforce, auth: 'client-credentials' })).toEqual({
      auth: 'client_credentials',
      loginHost: 'acme.my.salesforce.com',
      clientId: '3MVG9',
    })
    const chatwoot = { baseUrl: 'https://chat.example.com', accountId: '3', apiKey: 'k' }
    expect(settingsOf('chatwoot', { ...chatwoot, auth: 'token' })).not.toHaveProperty('auth')
    expect(() => settingsOf('chatwoot', { ...chatwoot, auth: 'browser' })).toThrow(/auth is not a field/)
    expect(() => settingsOf('custom', { ...custom, auth: 'none', authType: 'api-key' })).toThrow(/auth is not a field/)
  })

  it('names the providers there are when its own is unknown', () => {
    expect(() => draftIntegration(providers, { provider: 'Salesfarce', raw: {} }, NONE)).toThrow(
      expect.objectContaining({
        code: 'not_found',
        message: 'no provider is named salesfarce',
        reason: `there are: ${providers.map(({ id }) => id).join(', ')}`,
      }),
    )
    expect(requireProvider(providers, 'CHATWOOT').id).toBe('chatwoot')
  })

  it('always has a name that may be one and that nobody has (property)', () => {
    const taken = fc.uniqueArray(fc.constantFrom('chatwoot', ...Array.from({ length: 12 }, (_, index) => `chatwoot-${index}`)))
    fc.assert(
      fc.property(taken, (names) => {
        const name = freeName('chatwoot', new Set(names))
        expect(names).not.toContain(name)
        expect(name).toMatch(NAME_PATTERN)
      }),
    )
  })
})

describe('several drafts', () => {
  it('have names of their own, in the order of the file', () => {
    const drafts = draftIntegrations(providers, [INPUT, { ...INPUT, name: 'acme' }, INPUT], new Set(['chatwoot']))
    expect(drafts.map(({ integration }) => integration.name)).toEqual(['chatwoot-2', 'acme', 'chatwoot-3'])
  })

  it('are refused with the problems of every entry, each with its place', () => {
    const unknown = { ...INPUT, provider: 'nope' }
    const inputs = [INPUT, unknown, { ...INPUT, raw: { ...RAW, accountId: 'x' } }, { ...INPUT, name: 'A' }, { ...INPUT, name: 'a' }]
    expect(problemsOf(() => draftIntegrations(providers, inputs, NONE))).toEqual([
      `[1].provider: is not one of: ${providers.map(({ id }) => id).join(', ')}`,
      '[2].accountId: must be a number such as 3',
      '[4].name: is used twice in the file',
    ])
  })
})

describe('answers', () => {
  it('names a member that is nested beyond what can be written', () => {
    const text = `{"headers": ${'{"a":'.repeat(1_000_000)}1${'}'.repeat(1_000_000)}}`
    expect(() => readAnswers(text, 'custom')).toThrow(
      expect.objectContaining({ code: 'usage', problems: [{ field: 'headers', message: 'is nested too deeply' }] }),
    )
  })

  it('are one object for the provider of the command line', () => {
    const { inputs, many } = readAnswers(
      '{"name": "acme", "active": false, "accountId": 3, "greetingEnabled": true, "apiKey": "t"}',
      'chatwoot',
    )
    expect(many).toBe(false)
    expect(inputs).toEqual([
      { provider: 'chatwoot', name: 'acme', active: false, raw: { accountId: '3', greetingEnabled: 'true', apiKey: 't' } },
    ])
  })

  it('are an array whose entries name their providers', () => {
    const { inputs, many } = readAnswers('[{"provider": "custom", "headers": {"X-Key": "v"}}, {"provider": "chatwoot"}]', undefined)
    expect(many).toBe(true)
    expect(inputs).toEqual([
      { provider: 'custom', raw: { headers: '{"X-Key":"v"}' } },
      { provider: 'chatwoot', raw: {} },
    ])
  })

  it('treat null as a value that is not given', () => {
    expect(readAnswers('{"apiKey": null, "accountId": "3"}', 'chatwoot').inputs).toEqual([
      { provider: 'chatwoot', raw: { accountId: '3' } },
    ])
  })

  it.each([
    ['not JSON', '{"apiKey": "canary"', 'chatwoot', 'the answers are not JSON'],
    ['an empty list', '[]', 'chatwoot', 'the answers are an empty list'],
    ['more than 10,000', JSON.stringify(Array.from({ length: 10_001 }, () => ({}))), 'chatwoot', 'more than 10000'],
    ['a text', '"canary"', 'chatwoot', 'must be an object'],
    ['an object without a provider', '{"apiKey": "canary"}', undefined, 'provider is missing'],
    ['another provider than the command line', '{"provider": "custom"}', 'chatwoot', 'is not the chatwoot of the command line'],
    ['a name that is no text', '{"name": 5}', 'chatwoot', 'name must be text'],
    ['a state that is neither true nor false', '{"active": "canary"}', 'chatwoot', 'active must be true or false'],
    ['a list as a value', '{"apiKey": ["canary"]}', 'chatwoot', 'apiKey must be text'],
  ])('that are %s are refused without repeating anything of them', (_claim, text, provider, message) => {
    expect(() => readAnswers(text, provider)).toThrow(expect.objectContaining({ code: 'usage', message: expect.stringContaining(message) }))
    expect(() => readAnswers(text, provider)).not.toThrow(/canary/)
  })

  it.each([
    ['{"apiKey": 123456789012345678901}', ['apiKey: is not read exactly as a number: put it in quotes']],
    [
      '{"apiKey": 1.5, "accountId": 1e400}',
      ['apiKey', 'accountId'].map((key) => `${key}: is not read exactly as a number: put it in quotes`),
    ],
    ['{"apiKey": {"a": "b"}}', ['apiKey: must be text, a number, true or false']],
    ['{"baseUrl": {"a": "b"}, "accountId": ["3"]}', ['baseUrl', 'accountId'].map((key) => `${key}: must be text, a number, true or false`)],
  ])('refuse %s, which would be stored as another value', (text, problems) => {
    expect(problemsOf(() => readAnswers(text, 'chatwoot', providers))).toEqual(problems)
    const entry = `{"provider": "chatwoot", ${text.slice(1)}`
    expect([...readHandOver(Buffer.from(entry), providers).entries]).toEqual([
      { problems: problems.map((problem) => ({ field: problem.split(':')[0], message: problem.replace(/^\w+: /, '') })) },
    ])
  })

  it('take safe whole numbers as text, and objects where a field holds one', () => {
    expect(readAnswers('{"apiKey": 9007199254740991, "accountId": 3}', 'chatwoot', providers).inputs[0]?.raw).toEqual({
      apiKey: '9007199254740991',
      accountId: '3',
    })
    expect(readAnswers('{"headers": {"X-Key": "v"}}', 'custom', providers).inputs[0]?.raw).toEqual({ headers: '{"X-Key":"v"}' })
  })

  it('name every entry that is wrong', () => {
    expect(
      problemsOf(() => readAnswers('[{"name": 5}, {"provider": "custom"}, 7, {"active": 1, "provider": "custom"}]', undefined)),
    ).toEqual([
      '[0].provider: is missing',
      '[0].name: must be text',
      '[2].$: must be an object of field keys',
      '[3].active: must be true or false',
    ])
  })

  it('name what is wrong in the readable entries as well, where the kinds of CRM are known', () => {
    const text = '[{"name": 5, "provider": "chatwoot"}, {"provider": "nope"}, {"provider": "chatwoot", "accountId": "x", "apiKey": "k"}]'
    expect(problemsOf(() => readAnswers(text, undefined, providers))).toEqual([
      '[0].name: must be text',
      expect.stringMatching(/^\[1\]\.provider: is not one of: /),
      '[2].accountId: must be a number such as 3',
    ])
  })

  it('are usage errors or inputs, whatever they hold (property)', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), fc.constantFrom('chatwoot', undefined), (text, provider) => {
        try {
          const { inputs } = readAnswers(text, provider)
          draftIntegrations(providers, inputs, NONE)
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(?:usage|not_found)$/) })
        }
      }),
      { numRuns: 300 },
    )
  })
})
