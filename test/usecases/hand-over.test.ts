import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { providers } from '../../src/providers/index.ts'
import type { Draft } from '../../src/usecases/add-integrations.ts'
import { tryDraft } from '../../src/usecases/add-integrations.ts'
import { writeDotenv } from '../../src/usecases/hand-over-dotenv.ts'
import { readHandOver, writeHandOver } from '../../src/usecases/hand-over-file.ts'
import { draftHandOver, importWarnings, planImport, refusalOf } from '../../src/usecases/import-integrations.ts'
import type { OpenedIntegration } from '../../src/vault/unlocked.ts'
import { fixtures } from '../providers/fixtures.ts'

/** The servers of fixtures are on this machine. */
const anywhere = providers.map((provider) => ({ ...provider, hosts: [] }))

/** Values as people give them. */
function rawOf(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value instanceof Secret ? value.reveal() : String(value)]))
}

function draftOf(provider: string, values: Readonly<Record<string, unknown>>, name = provider, active = true): Draft {
  const { draft, problems } = tryDraft(anywhere, { provider, name, active, raw: rawOf(values) }, new Set())
  if (draft === undefined) throw new Error(JSON.stringify(problems))
  return draft
}

/** A draft as it is once it was stored. */
function stored({ integration }: Draft): OpenedIntegration {
  const { name, provider, active, definition, values } = integration
  const record = { name, provider, active, profile: 'default', settings: values.settings, secrets: {}, revision: 7, createdAt: null }
  return { integration: { ...record, updatedAt: null, lastTest: null, verified: true }, definition, values }
}

const lookUp = (opened: readonly OpenedIntegration[]) => (name: string) => opened.find(({ integration }) => integration.name === name)

describe.each(fixtures.map((fixture) => [`${fixture.provider} (${fixture.method})`, fixture] as const))(
  '%s',
  (_name, { provider, values }) => {
    const own = stored(draftOf(provider, values('https://chat.example.com'), 'acme', false))

    test('comes out of a file as it went in', () => {
      const drafts = draftHandOver(anywhere, readHandOver(Buffer.from(writeHandOver([own])), anywhere))
      expect(planImport(drafts, lookUp([own]), 'fail').items).toEqual([
        { name: 'acme', provider, state: 'same', action: 'keep', changes: [] },
      ])
      const [draft] = drafts
      expect(rawOf({ ...draft?.integration.values.settings, ...draft?.integration.values.secrets })).toEqual(
        rawOf({ ...own.values.settings, ...own.values.secrets }),
      )
    })

    test('comes out of a dotenv file with the same values', () => {
      if (Object.keys(own.values.secrets).length === 0) return
      let text: string
      try {
        text = writeDotenv([own], anywhere)
      } catch (error) {
        // JSON in a value has double quotes, which stand between single ones; both together cannot be written.
        expect(error).toMatchObject({ code: 'usage' })
        return
      }
      const [draft] = draftHandOver(anywhere, readHandOver(Buffer.from(text), anywhere))
      expect(draft?.integration).toMatchObject({ name: provider, provider, active: true })
      expect(rawOf({ ...draft?.integration.values.settings, ...draft?.integration.values.secrets })).toEqual(
        rawOf({ ...own.values.settings, ...own.values.secrets }),
      )
    })
  },
)

describe('a plan', () => {
  const chatwoot = { baseUrl: 'https://chat.example.com', accountId: '3', apiKey: new Secret('token-0123456789') }
  const draft = draftOf('chatwoot', chatwoot, 'acme')
  const other = stored(draftOf('chatwoot', { ...chatwoot, accountId: '4', apiKey: new Secret('another-token-0123') }, 'acme', false))

  test.for([
    ['fail', 'refuse', 0],
    ['skip', 'skip', 0],
    ['replace', 'replace', 1],
  ] as const)('with other values here: --if-exists %s', ([ifExists, action, replaced]) => {
    const plan = planImport([draft], lookUp([other]), ifExists)
    const changes = ['active', 'accountId', 'apiKey']
    expect(plan.items).toEqual([{ name: 'acme', provider: 'chatwoot', state: 'differs', action, changes }])
    expect(plan.taken.replaced.map(({ revision }) => revision)).toEqual(replaced === 1 ? [7] : [])
    expect(refusalOf(plan, 'default')?.code).toBe(action === 'refuse' ? 'conflict' : undefined)
  })

  test('a value that was never set is the same as its default', () => {
    const bare = stored(draft)
    const { baseUrl, accountId } = bare.values.settings
    const old = { ...bare, values: { ...bare.values, settings: { baseUrl: baseUrl ?? '', accountId: accountId ?? '' } } }
    expect(planImport([draft], lookUp([old]), 'fail').items).toMatchObject([{ state: 'same' }])
  })

  test('one of another provider is not replaced', () => {
    const hubspot = fixtures.find(({ provider }) => provider === 'hubspot')
    const plan = planImport(
      [draft],
      lookUp([stored(draftOf('hubspot', hubspot?.values('https://chat.example.com') ?? {}, 'acme'))]),
      'replace',
    )
    expect(plan.items).toMatchObject([{ action: 'refuse', changes: ['provider'] }])
    expect(refusalOf(plan, 'default')).toMatchObject({ code: 'conflict', message: expect.stringContaining('another provider') })
  })

  test('warnings come once, and of what is stored alone', async () => {
    const signedIn = draftOf('salesforce', { auth: 'oauth_browser', environment: 'production', clientId: '3MVG9example' }, 'sf')
    expect(await importWarnings([signedIn], planImport([signedIn], lookUp([]), 'fail'))).toMatchObject([{ code: 'not_signed_in' }])
    expect(await importWarnings([signedIn], planImport([signedIn], lookUp([stored(signedIn)]), 'fail'))).toEqual([])
  })
})

describe('a definition', () => {
  const definition = 'a'.repeat(64)
  const added = anywhere.map((provider) => (provider.id === 'freshsales' ? { ...provider, definition } : provider))
  const opened = (): OpenedIntegration => ({ ...stored(draftOf('freshsales', { bundle: 'acme', apiKey: 'key-0123456789' })), definition })

  test('travels by its digest, and another one under the same name is refused', () => {
    const file = Buffer.from(writeHandOver([opened()]))
    expect(draftHandOver(added, readHandOver(file, added))).toMatchObject([{ integration: { definition } }])
    expect(() => draftHandOver(anywhere, readHandOver(file, anywhere))).toThrow('integrations[0].provider has another definition here')
  })
})

describe('a dotenv file', () => {
  test('gives one integration for each provider of which a secret is there', () => {
    const text = [
      'DATABASE_URL=postgres://localhost/app',
      'CHATWOOT_BASE_URL=https://chat.example.com',
      'CHATWOOT_ACCOUNT_ID=3',
      'CHATWOOT_API_KEY=token-0123456789',
      'PIPEDRIVE_COMPANY_DOMAIN=acme',
    ].join('\n')
    const handOver = readHandOver(Buffer.from(text), providers)
    expect(handOver.passedOver).toBe(2)
    expect(draftHandOver(providers, handOver)).toMatchObject([{ integration: { name: 'chatwoot', provider: 'chatwoot' } }])
  })

  test('what is wrong is told by the variable', () => {
    const handOver = readHandOver(Buffer.from('CHATWOOT_API_KEY=token-0123456789\nCHATWOOT_BASE_URL=nowhere\n'), providers)
    expect(() => draftHandOver(providers, handOver)).toThrow(
      expect.objectContaining({
        problems: expect.arrayContaining([
          expect.objectContaining({ field: 'CHATWOOT_BASE_URL' }),
          { field: 'CHATWOOT_ACCOUNT_ID', message: 'is missing' },
        ]),
      }),
    )
  })

  test('two of one provider have the same variables, and are not written', () => {
    const chatwoot = { baseUrl: 'https://chat.example.com', accountId: '3', apiKey: 'token-0123456789' }
    const both = ['a', 'b'].map((name) => stored(draftOf('chatwoot', chatwoot, name)))
    expect(() => writeDotenv(both, providers)).toThrow('a and b would have the same variables')
  })
})
