/**
 * Chatwoot. Where people find the values:
 * https://www.chatwoot.com/hc/user-guide/articles/1757445004-how-to-find-your-personal-access-token-in-chatwoot (token), and the
 * address of the dashboard, https://app.chatwoot.com/app/accounts/<account id>/dashboard (account). What the test asks: `GET /api`,
 * https://developers.chatwoot.com/api-reference/profile/fetch-user-profile and
 * https://developers.chatwoot.com/api-reference/webhooks/list-all-webhooks.
 */
import { cleanBaseUrl, connectionOf } from '../chatwoot/connection.ts'
import { defineProvider } from '../core/provider.ts'
import { caField } from './ca-field.ts'

/** Chatwoot, self-hosted or in the cloud: an account, and the access token of one of its users. */
export const chatwoot = defineProvider({
  id: 'chatwoot',
  title: 'Chatwoot',
  docs: 'https://www.chatwoot.com/hc/user-guide/articles/1757445004-how-to-find-your-personal-access-token-in-chatwoot',
  authMethods: [{ id: 'token', label: 'Access token of a user', fields: ['baseUrl', 'accountId', 'apiKey', 'ca'] }],
  capabilities: ['test', 'demo'],
  environment: true,
  hosts: [],
  fields: [
    {
      key: 'baseUrl',
      label: 'Base URL',
      kind: 'url',
      sensitivity: 'public',
      env: 'CHATWOOT_BASE_URL',
      fallback: 'https://app.chatwoot.com',
      example: 'https://chat.example.com',
      help: 'The address of your Chatwoot; a dashboard address such as https://chat.example.com/app/accounts/3 gives the account id, too.',
    },
    {
      key: 'accountId',
      label: 'Account id',
      kind: 'text',
      sensitivity: 'public',
      env: 'CHATWOOT_ACCOUNT_ID',
      example: '3',
      help: 'The number behind /app/accounts/ in the address of the dashboard.',
      pattern: { re: /^[1-9]\d{0,14}$/, says: 'must be a number such as 3' },
    },
    {
      key: 'apiKey',
      label: 'API access token',
      kind: 'text',
      sensitivity: 'secret',
      env: 'CHATWOOT_API_KEY',
      help: 'At the end of Profile settings in the dashboard; demos need the token of an administrator.',
    },
    {
      key: 'greetingEnabled',
      label: 'Greeting in new inboxes',
      kind: 'flag',
      sensitivity: 'public',
      env: 'CHATWOOT_GREETING_ENABLED',
      optional: true,
      fallback: 'false',
      help: 'Whether the inboxes of new demos greet a visitor (demo-create --greeting gives the text).',
    },
    {
      key: 'emailCollect',
      label: 'Ask visitors for their e-mail address',
      kind: 'flag',
      sensitivity: 'public',
      env: 'CHATWOOT_EMAIL_COLLECT',
      optional: true,
      fallback: 'true',
      help: 'Whether the inboxes of new demos ask a visitor for an e-mail address.',
    },
    {
      key: 'autoAssignment',
      label: 'Assign conversations to agents',
      kind: 'flag',
      sensitivity: 'public',
      env: 'CHATWOOT_AUTO_ASSIGNMENT',
      optional: true,
      fallback: 'true',
      help: 'Whether the inboxes of new demos assign conversations to their agents by themselves.',
    },
    {
      key: 'csatSurvey',
      label: 'Satisfaction survey',
      kind: 'flag',
      sensitivity: 'public',
      env: 'CHATWOOT_CSAT_SURVEY',
      optional: true,
      fallback: 'false',
      help: 'Whether the inboxes of new demos ask for a rating when a conversation is resolved.',
    },
    caField('CHATWOOT_CA'),
  ],
  readPasted,
  api: ({ baseUrl, apiKey }) => ({ baseUrl: cleanBaseUrl(baseUrl), headers: { api_access_token: apiKey } }),
  async test(values, tools) {
    const { testConnection } = await import('../chatwoot/connection-test.ts')
    return testConnection(connectionOf(values), tools)
  },
})

/** A dashboard or API address, with what follows the host. Browsers hide `https://`, so it may be missing. */
const ADDRESS = /^(https?:\/\/)?((?:[a-z0-9-]+\.)+[a-z0-9-]+|localhost|\[[0-9a-f:]+\])(:\d{1,5})?(\/[^\s\\]*)?$/i

/**
 * Understands addresses copied from the browser: `https://host/app/accounts/3/dashboard` is base URL and account id, and `/app`, `/api`
 * or a slash at the end do not belong to a base URL. What is odd in another way (user info, a query) is left to validation.
 */
function readPasted(key: string, text: string): Readonly<Record<string, string>> | null {
  if (key !== 'baseUrl' && key !== 'accountId') return null
  const match = ADDRESS.exec(text.trim())
  if (match === null) return null
  const [, scheme = 'https://', host = '', port = '', path = ''] = match
  const account = /\/app\/accounts\/(\d{1,15})(?:[/?#]|$)/.exec(path)?.[1]
  if (key === 'accountId') return account === undefined ? null : { baseUrl: baseOf(scheme, host, port, path), accountId: account }
  const baseUrl = baseOf(scheme, host, port, path)
  if (account !== undefined) return { baseUrl, accountId: account }
  return baseUrl === text.trim() ? null : { baseUrl }
}

function baseOf(scheme: string, host: string, port: string, path: string): string {
  // Below /app and /api, a query or a fragment is that of a page; elsewhere it is a mistake that validation names.
  const isPage = /^(?:\/[^?#]*)?\/(?:app|api)(?:[/?#]|$)/.test(path)
  const address = `${scheme}${host}${port}${isPage ? path.replace(/[?#].*$/, '') : path}`
  return URL.canParse(address) && !/[?#]/.test(address) ? cleanBaseUrl(address) : address
}
