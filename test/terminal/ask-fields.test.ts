import { describe, expect, it } from 'vitest'
import { chatwoot } from '../../src/providers/chatwoot.ts'
import { custom } from '../../src/providers/custom.ts'
import { askFields } from '../../src/terminal/ask-fields.ts'
import { askAfterFailure, reviewValues } from '../../src/terminal/review.ts'
import { captured } from './captured.ts'
import { scripted } from './scripted.ts'

const TOKEN = 'token-0123456789-0123456789-abcd'
const ACME = { baseUrl: 'https://chat.acme.example', accountId: '3', apiKey: TOKEN }

function person(...answers: (string | boolean)[]) {
  const { ask, asked, refused } = scripted(answers)
  return { ...captured({ ask }), asked, refused }
}

describe('asking for fields', () => {
  it('asks for what is missing and nothing else', async () => {
    const { ui, asked } = person('3')
    expect(await askFields(ui, { provider: chatwoot, known: { baseUrl: ACME.baseUrl, apiKey: TOKEN } })).toEqual(ACME)
    expect(asked).toEqual([['text', 'Account id']])
  })

  it('asks for nothing when everything is known', async () => {
    const { ui, asked } = person()
    expect(await askFields(ui, { provider: chatwoot, known: ACME })).toEqual(ACME)
    expect(asked).toEqual([])
  })

  it('takes the default for an empty answer', async () => {
    const { ui } = person('', '3', TOKEN)
    expect(await askFields(ui, { provider: chatwoot, known: {} })).toEqual({ ...ACME, baseUrl: 'https://app.chatwoot.com' })
  })

  it('validates on entry, by the rule of the field', async () => {
    const { ui, refused } = person('http://chat.acme.example', ACME.baseUrl, 'three', '3', TOKEN)
    expect(await askFields(ui, { provider: chatwoot, known: {} })).toEqual(ACME)
    expect(refused).toEqual([expect.stringContaining('https'), 'must be a number such as 3'])
  })

  it('names the origin that a secret goes to, also where it is only the default', async () => {
    const { ui, asked } = person('3', TOKEN)
    await askFields(ui, { provider: chatwoot, known: { baseUrl: 'https://chat.acme.example/sub/path' } })
    expect(asked.at(-1)).toEqual(['secret', 'API access token, sent to https://chat.acme.example'])
  })

  it('asks only for fields that belong to the earlier answers', async () => {
    const { ui, asked } = person('basic', 'https://api.acme.example', 'jane', '', '/users/me')
    expect(await askFields(ui, { provider: custom, known: {} })).toEqual({
      baseUrl: 'https://api.acme.example',
      authType: 'basic',
      username: 'jane',
      testPath: '/users/me',
    })
    expect(asked.map(([, message]) => message)).toEqual([
      'Authentication',
      'Base URL',
      'User name (optional)',
      'Password (optional), sent to https://api.acme.example',
      'Test path',
    ])
  })

  it('drops values that no longer belong when an edit changes what they hang on', async () => {
    const current = { baseUrl: 'https://api.acme.example', authType: 'bearer', token: TOKEN, testPath: '/' }
    const { ui } = person('none', '', '', false)
    expect(await askFields(ui, { provider: custom, known: {}, current })).toEqual({
      baseUrl: 'https://api.acme.example',
      authType: 'none',
      testPath: '/',
      allowPrivateNetwork: 'false',
    })
  })

  it('keeps a secret on an empty answer when an integration is edited', async () => {
    const { ui } = person('', '', '', false, true, true, false)
    expect(await askFields(ui, { provider: chatwoot, known: {}, current: ACME })).toMatchObject(ACME)
  })

  it('fills what a pasted address holds, and says so', async () => {
    const { ui, asked, stderr } = person('https://chat.acme.example/app/accounts/3/inbox/1', TOKEN)
    expect(await askFields(ui, { provider: chatwoot, known: {} })).toEqual(ACME)
    expect(asked.map(([, message]) => message)).not.toContain('Account id')
    expect(stderr()).toContain('Account id is 3, from the address')
  })
})

describe('the review', () => {
  it('shows every value, secrets masked', async () => {
    const { ui, stderr } = person('save')
    expect(await reviewValues(ui, { provider: chatwoot, name: 'acme', values: ACME })).toEqual({ action: 'save', values: ACME })
    expect(stderr()).toContain('Chatwoot as acme:')
    expect(stderr()).toContain('••••••••abcd')
    expect(stderr()).not.toContain(TOKEN)
  })

  it('offers to save only what is complete and valid', async () => {
    const { ui, stderr } = person('save')
    const lacking = reviewValues(ui, {
      provider: custom,
      name: 'acme',
      values: { baseUrl: 'https://api.acme.example', authType: 'bearer' },
    })
    await expect(lacking).rejects.toThrow('has no choice save: correct, cancel')
    expect(stderr()).toContain('! Bearer token is needed')
  })

  it('asks after a correction for what it made necessary, and for nothing that was left out before', async () => {
    const values = { baseUrl: 'https://api.acme.example', authType: 'basic', username: 'jane', testPath: '/' }
    const { ui, asked } = person('correct', 'authType', 'bearer', TOKEN, 'correct', 'testPath', '/me', 'test')
    expect(await reviewValues(ui, { provider: custom, name: 'acme', values })).toEqual({
      action: 'test',
      values: { baseUrl: 'https://api.acme.example', authType: 'bearer', token: TOKEN, testPath: '/me' },
    })
    expect(asked).toHaveLength(8)
  })

  it('is cancelled by its last entry', async () => {
    const { ui } = person('cancel')
    await expect(reviewValues(ui, { provider: chatwoot, name: 'acme', values: ACME })).rejects.toMatchObject({ code: 'cancelled' })
  })
})

describe('after a failed test', () => {
  const failed = { provider: chatwoot, name: 'acme', values: ACME }

  it('a corrected value is tested', async () => {
    const { ui } = person('correct', 'accountId', '4')
    expect(await askAfterFailure(ui, failed)).toEqual({ action: 'test', values: { ...ACME, accountId: '4' } })
  })

  it.each([
    ['test', 'test'],
    ['save', 'inactive'],
  ])('the choice %s means %s', async (typed, action) => {
    const { ui } = person(typed)
    expect(await askAfterFailure(ui, failed)).toEqual({ action, values: ACME })
  })

  it('cancelling saves nothing', async () => {
    const { ui } = person('cancel')
    await expect(askAfterFailure(ui, failed)).rejects.toMatchObject({ code: 'cancelled' })
  })
})
