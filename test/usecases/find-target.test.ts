import { describe, expect, it } from 'vitest'
import { chatwoot } from '../../src/providers/chatwoot.ts'
import { providers } from '../../src/providers/index.ts'
import { type Environment, environmentTarget, type FindDeps, findTarget, findTargetOf, unfold } from '../../src/usecases/find-target.ts'
import { draft, newVault } from '../support/vault.ts'

const VARIABLES: Environment = {
  CHATWOOT_BASE_URL: 'https://chat.example.com',
  CHATWOOT_ACCOUNT_ID: '7',
  CHATWOOT_API_KEY: 'token-of-the-environment',
}

interface Kept {
  readonly name: string
  readonly active?: boolean
  readonly provider?: string
}

/** What finding looks at, with these integrations in the vault. */
async function depsWith(kept: readonly Kept[] | 'no vault', environment: Environment = {}): Promise<FindDeps> {
  const shared = { profile: 'default', providers, environment }
  if (kept === 'no vault') return { ...shared, vault: undefined }
  const { vault, unlocked } = await newVault()
  await unlocked.add(kept.map(({ name, active = true, provider = 'chatwoot' }) => draft(name, { active, provider })))
  return { ...shared, vault }
}

const fromVault = (name: string, active = true) => ({ source: 'vault', name, provider: 'chatwoot', active })
const fromEnvironment = { source: 'environment', name: 'env:chatwoot' }

describe('a name means', () => {
  it.each<[string, readonly Kept[] | 'no vault', Environment, string, object]>([
    ['the integration of that name', [{ name: 'acme' }, { name: 'other' }], {}, 'acme', fromVault('acme')],
    ['the integration of that name in any case', [{ name: 'acme' }], {}, 'ACME', fromVault('acme')],
    ['an inactive one too, which the command judges', [{ name: 'acme', active: false }], {}, 'acme', fromVault('acme', false)],
    [
      'the integration named like a provider, before the provider',
      [{ name: 'chatwoot' }, { name: 'b' }],
      {},
      'chatwoot',
      fromVault('chatwoot'),
    ],
    ['the only active one of a provider', [{ name: 'a', active: false }, { name: 'b' }], {}, 'chatwoot', fromVault('b')],
    ['the only one of a provider among others', [{ name: 'a' }, { name: 'b', provider: 'custom' }], {}, 'chatwoot', fromVault('a')],
    ['an inactive one of a provider where there is no other', [{ name: 'a', active: false }], {}, 'chatwoot', fromVault('a', false)],
    [
      'the variables where the profile has none of the provider',
      [{ name: 'b', provider: 'custom' }],
      VARIABLES,
      'chatwoot',
      fromEnvironment,
    ],
    ['the variables where there is no vault', 'no vault', VARIABLES, 'Chatwoot', fromEnvironment],
    ['a stored one before the variables', [{ name: 'a' }], VARIABLES, 'chatwoot', fromVault('a')],
    ['a stored inactive one before the variables', [{ name: 'a', active: false }], VARIABLES, 'chatwoot', fromVault('a', false)],
    ['the variables when they are forced', [{ name: 'a' }], VARIABLES, 'env:chatwoot', fromEnvironment],
    ['the variables when they are forced in any case', [{ name: 'a' }], VARIABLES, 'ENV:Chatwoot', fromEnvironment],
  ])('%s', async (_claim, kept, environment, text, expected) => {
    expect(await findTarget(await depsWith(kept, environment), text)).toMatchObject(expected)
  })

  it.each<[string, readonly Kept[] | 'no vault', Environment, string, object]>([
    [
      'nothing',
      [{ name: 'acme' }],
      {},
      'nobody',
      { code: 'not_found', message: 'no integration is named nobody', hint: expect.stringContaining('crm list') },
    ],
    ['nothing, with names like it', [{ name: 'acme-prod' }], {}, 'acme', { code: 'not_found', reason: 'similar names: acme-prod' }],
    ['several of a provider', [{ name: 'a' }, { name: 'b' }], VARIABLES, 'chatwoot', { code: 'usage', reason: 'they are a, b' }],
    ['a provider without any', [], {}, 'chatwoot', { code: 'not_found', hint: 'add one with: crm add chatwoot' }],
    ['a provider without any and without a vault', 'no vault', {}, 'chatwoot', { code: 'not_found' }],
    [
      'a provider whose variables are not all set',
      [],
      { ...VARIABLES, CHATWOOT_API_KEY: undefined as never },
      'chatwoot',
      { code: 'not_found' },
    ],
    [
      'forced variables that are not set',
      [],
      {},
      'env:chatwoot',
      { code: 'not_found', reason: expect.stringContaining('CHATWOOT_API_KEY') },
    ],
    ['a provider that takes no variables', [], {}, 'env:custom', { code: 'not_found', hint: 'use env:chatwoot' }],
    ['a name that cannot be one', [], {}, 'no name', { code: 'usage', message: 'not a valid integration name' }],
  ])('an error for %s', async (_claim, kept, environment, text, expected) => {
    const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined))
    await expect(findTarget(await depsWith(kept, set), text)).rejects.toMatchObject(expected)
  })
})

describe('a profile that is not there', () => {
  it('is what is said, unless variables stand in for it', async () => {
    const missing = { code: 'not_found', message: 'there is no profile typo in this vault', hint: 'make it with: crm -p typo init' }
    const deps = { ...(await depsWith([{ name: 'acme' }])), profile: 'typo' }
    await expect(findTargetOf(deps, chatwoot)).rejects.toMatchObject(missing)
    for (const name of ['chatwoot', 'acme']) await expect(findTarget(deps, name)).rejects.toMatchObject(missing)
    const set = { ...deps, environment: VARIABLES }
    expect(await findTargetOf(set, chatwoot)).toMatchObject(fromEnvironment)
    for (const name of ['chatwoot', 'env:chatwoot']) expect(await findTarget(set, name)).toMatchObject(fromEnvironment)
    // Whoever set a part of them believes that they are used.
    const { CHATWOOT_API_KEY: _, ...incomplete } = VARIABLES
    await expect(findTargetOf({ ...deps, environment: incomplete }, chatwoot)).rejects.toMatchObject({
      reason: expect.stringContaining('CHATWOOT_API_KEY'),
    })
  })
})

describe('no name means', () => {
  it('the only active one of the provider, else the variables', async () => {
    expect(await findTargetOf(await depsWith([{ name: 'a' }], VARIABLES), chatwoot)).toMatchObject(fromVault('a'))
    expect(await findTargetOf(await depsWith([], VARIABLES), chatwoot)).toMatchObject(fromEnvironment)
    expect(await findTargetOf(await depsWith('no vault', VARIABLES), chatwoot)).toMatchObject(fromEnvironment)
  })

  it('an error where several could be meant', async () => {
    await expect(findTargetOf(await depsWith([{ name: 'a' }, { name: 'b' }]), chatwoot)).rejects.toMatchObject({
      code: 'usage',
      hint: 'say which with: --integration a',
    })
  })

  it('nothing of another profile', async () => {
    const deps = await depsWith([{ name: 'a' }])
    await expect(findTargetOf({ ...deps, profile: 'nobody' }, chatwoot)).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('variables', () => {
  it('make an integration with its defaults, and a token that does not print itself', () => {
    const target = environmentTarget(chatwoot, VARIABLES)
    expect(target?.values.settings).toMatchObject({ baseUrl: 'https://chat.example.com', accountId: '7', emailCollect: true })
    expect(target?.values.secrets.apiKey?.reveal()).toBe('token-of-the-environment')
    expect(JSON.stringify(target)).not.toContain('token-of')
  })

  it('are a dashboard address, too', () => {
    const target = environmentTarget(chatwoot, { ...VARIABLES, CHATWOOT_BASE_URL: 'https://chat.example.com/app/accounts/9/dashboard' })
    expect(target?.values.settings).toMatchObject({ baseUrl: 'https://chat.example.com', accountId: '7' })
  })

  it('that are not valid are named, all of them, and never their values', () => {
    const broken = {
      ...VARIABLES,
      CHATWOOT_BASE_URL: 'http://canary.example',
      CHATWOOT_ACCOUNT_ID: 'canary',
      CHATWOOT_API_KEY: 'canary\nkey',
    }
    try {
      environmentTarget(chatwoot, broken)
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({ code: 'usage' })
      const { problems } = error as { problems: { field: string; message: string }[] }
      expect(problems.map(({ field }) => field)).toEqual(['CHATWOOT_BASE_URL', 'CHATWOOT_ACCOUNT_ID', 'CHATWOOT_API_KEY'])
      expect(JSON.stringify([problems, String(error)])).not.toContain('canary')
    }
  })
})

describe('a pasted address', () => {
  it('fills what was not given, and leaves what was', () => {
    const address = 'https://chat.example.com/app/accounts/3/conversations'
    expect(unfold(chatwoot, { baseUrl: address })).toEqual({ baseUrl: 'https://chat.example.com', accountId: '3' })
    expect(unfold(chatwoot, { baseUrl: address, accountId: '8' })).toEqual({ baseUrl: 'https://chat.example.com', accountId: '8' })
    expect(unfold(chatwoot, { accountId: address })).toEqual({ baseUrl: 'https://chat.example.com', accountId: '3' })
    expect(unfold(chatwoot, { baseUrl: 'https://chat.example.com', apiKey: address })).toEqual({
      baseUrl: 'https://chat.example.com',
      apiKey: address,
    })
  })
})
