import { expect, test } from 'vitest'
import { chatwoot } from '../../src/providers/chatwoot.ts'

test.each([
  ['baseUrl', 'https://chat.example.com/app/accounts/3/dashboard', { baseUrl: 'https://chat.example.com', accountId: '3' }],
  [
    'baseUrl',
    ' https://chat.example.com/app/accounts/12/settings/inboxes/list?page=2#top ',
    { baseUrl: 'https://chat.example.com', accountId: '12' },
  ],
  ['baseUrl', 'chat.example.com/app/accounts/3', { baseUrl: 'https://chat.example.com', accountId: '3' }],
  ['baseUrl', 'chat.example.com', { baseUrl: 'https://chat.example.com' }],
  ['baseUrl', 'https://chat.example.com/app/login', { baseUrl: 'https://chat.example.com' }],
  ['baseUrl', 'https://chat.example.com/api/v1', { baseUrl: 'https://chat.example.com' }],
  ['baseUrl', 'https://chat.example.com/', { baseUrl: 'https://chat.example.com' }],
  ['baseUrl', 'http://localhost:3000/app', { baseUrl: 'http://localhost:3000' }],
  ['baseUrl', 'http://127.0.0.1:3000/app/accounts/1/', { baseUrl: 'http://127.0.0.1:3000', accountId: '1' }],
  ['baseUrl', 'https://host.example/support/app/accounts/4/x', { baseUrl: 'https://host.example/support', accountId: '4' }],
  ['accountId', 'https://chat.example.com/app/accounts/3/dashboard', { baseUrl: 'https://chat.example.com', accountId: '3' }],
  ['baseUrl', 'https://chat.example.com', null],
  ['accountId', '3', null],
  ['accountId', 'https://chat.example.com/', null],
  ['apiKey', 'https://chat.example.com/app/accounts/3', null],
  ['baseUrl', 'https://user:password@chat.example.com/app/accounts/3', null],
  ['baseUrl', 'not an address', null],
] as const)('pasted into %s: %s', (key, text, expected) => {
  expect(chatwoot.readPasted?.(key, text)).toEqual(expected)
})

test('what is odd in an address is left for validation to name', () => {
  expect(chatwoot.readPasted?.('baseUrl', 'chat.example.com/?token=x')).toEqual({ baseUrl: 'https://chat.example.com/?token=x' })
})

test('the fields have unique keys and variables, and one secret', () => {
  const keys = chatwoot.fields.map(({ key }) => key)
  const variables = chatwoot.fields.map(({ env }) => env)
  expect(keys).toEqual(['baseUrl', 'accountId', 'apiKey', 'greetingEnabled', 'emailCollect', 'autoAssignment', 'csatSurvey', 'ca'])
  expect(variables.slice(0, 3)).toEqual(['CHATWOOT_BASE_URL', 'CHATWOOT_ACCOUNT_ID', 'CHATWOOT_API_KEY'])
  expect(new Set(variables).size).toBe(variables.length)
  expect(chatwoot.fields.filter(({ sensitivity }) => sensitivity === 'secret').map(({ key }) => key)).toEqual(['apiKey'])
})
