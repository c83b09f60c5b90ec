/**
 * CRMs as data. Written from the vendors' public documentation; not verified against the live services. The page of each is its
 * `docsUrl`.
 */
import type { Definition } from './definition-format.ts'

/** Freshsales (Freshworks CRM). */
export const freshsales: Definition = {
  format: 1,
  id: 'freshsales',
  name: 'Freshsales',
  docsUrl: 'https://developers.freshworks.com/crm/api/',
  baseUrl: 'https://{{fields.bundle}}.myfreshworks.com/crm/sales/api',
  hosts: ['*.myfreshworks.com'],
  fields: [
    {
      name: 'bundle',
      label: 'Bundle alias',
      kind: 'host',
      env: 'FRESHSALES_BUNDLE',
      example: 'acme',
      help: 'The part before .myfreshworks.com in the address of the web application.',
    },
    { name: 'apiKey', label: 'API key', kind: 'secret', env: 'FRESHSALES_API_KEY', help: 'Profile settings, API settings.' },
  ],
  auth: { type: 'api_key', value: '{{fields.apiKey}}', place: { in: 'header', name: 'Authorization', prefix: 'Token token=' } },
  test: { request: { path: '/selector/owners' }, expect: { status: [200], all: [{ at: '/users', exists: true }] }, identity: {} },
}

/** Close. The key is the user name; there is no password. */
export const close: Definition = {
  format: 1,
  id: 'close',
  name: 'Close',
  docsUrl: 'https://developer.close.com/topics/authentication/',
  baseUrl: 'https://api.close.com/api/v1',
  hosts: ['api.close.com'],
  fields: [{ name: 'apiKey', label: 'API key', kind: 'secret', env: 'CLOSE_API_KEY', help: 'Settings, Developer, API keys.' }],
  auth: { type: 'basic', username: '{{fields.apiKey}}', password: '' },
  test: {
    request: { path: '/me/' },
    expect: { status: [200], all: [{ at: '/id', exists: true }] },
    identity: {
      accountId: '/organizations/0/id',
      accountName: '/organizations/0/name',
      userName: ['/display_name', '/first_name'],
      email: '/email',
    },
  },
}

/** Copper. Three headers; the e-mail address is that of the key's owner. */
export const copper: Definition = {
  format: 1,
  id: 'copper',
  name: 'Copper',
  docsUrl: 'https://developer.copper.com/introduction/authentication.html',
  baseUrl: 'https://api.copper.com/developer_api/v1',
  hosts: ['api.copper.com'],
  fields: [
    {
      name: 'userEmail',
      label: 'E-mail of the user',
      kind: 'email',
      secret: false,
      env: 'COPPER_USER_EMAIL',
      example: 'ann@acme.example',
      help: 'The user who made the API key.',
    },
    { name: 'apiKey', label: 'API key', kind: 'secret', env: 'COPPER_API_KEY', help: 'Settings, Integrations, API keys.' },
  ],
  auth: {
    type: 'headers',
    headers: [
      { name: 'X-PW-AccessToken', value: '{{fields.apiKey}}' },
      { name: 'X-PW-Application', value: 'developer_api' },
      { name: 'X-PW-UserEmail', value: '{{fields.userEmail}}' },
    ],
  },
  test: {
    request: { path: '/account' },
    expect: { status: [200], all: [{ at: '/id', exists: true }] },
    identity: { accountId: '/id', accountName: '/name' },
  },
}

/** Insightly. The key is the user name; there is no password. */
export const insightly: Definition = {
  format: 1,
  id: 'insightly',
  name: 'Insightly',
  docsUrl: 'https://api.insightly.com/v3.1/Help',
  baseUrl: 'https://api.{{fields.pod}}.insightly.com/v3.1',
  hosts: ['*.insightly.com'],
  fields: [
    {
      name: 'pod',
      label: 'Pod',
      kind: 'host',
      env: 'INSIGHTLY_POD',
      example: 'na1',
      help: 'User settings, API, in the API URL: the part after api.',
    },
    { name: 'apiKey', label: 'API key', kind: 'secret', env: 'INSIGHTLY_API_KEY', help: 'User settings, API.' },
  ],
  auth: { type: 'basic', username: '{{fields.apiKey}}', password: '' },
  test: {
    request: { path: '/Users/Me' },
    expect: { status: [200], all: [{ at: '/USER_ID', exists: true }] },
    identity: { userName: ['/FIRST_NAME', '/LAST_NAME'], email: '/EMAIL_ADDRESS' },
  },
}

/** ActiveCampaign. */
export const activecampaign: Definition = {
  format: 1,
  id: 'activecampaign',
  name: 'ActiveCampaign',
  docsUrl: 'https://developers.activecampaign.com/reference/authentication',
  baseUrl: 'https://{{fields.account}}.api-us1.com/api/3',
  hosts: ['*.api-us1.com'],
  fields: [
    {
      name: 'account',
      label: 'Account name',
      kind: 'host',
      env: 'ACTIVECAMPAIGN_ACCOUNT',
      example: 'acme',
      help: 'Settings, Developer, in the API URL: the part before .api-us1.com.',
    },
    { name: 'apiKey', label: 'API key', kind: 'secret', env: 'ACTIVECAMPAIGN_API_KEY', help: 'Settings, Developer.' },
  ],
  auth: { type: 'api_key', value: '{{fields.apiKey}}', place: { in: 'header', name: 'Api-Token' } },
  test: {
    request: { path: '/users/me' },
    expect: { status: [200], all: [{ at: '/user/id', exists: true }] },
    identity: { userName: '/user/username', email: '/user/email' },
  },
}

/** Zendesk Sell. */
export const zendeskSell: Definition = {
  format: 1,
  id: 'zendesk-sell',
  name: 'Zendesk Sell',
  docsUrl: 'https://developer.zendesk.com/api-reference/sales-crm/authentication/introduction/',
  baseUrl: 'https://api.getbase.com/v2',
  hosts: ['api.getbase.com'],
  fields: [
    {
      name: 'accessToken',
      label: 'Access token',
      kind: 'secret',
      env: 'ZENDESK_SELL_ACCESS_TOKEN',
      help: 'Settings, Integrations, OAuth, Access tokens.',
    },
  ],
  auth: { type: 'bearer', token: '{{fields.accessToken}}' },
  test: {
    request: { path: '/users/self' },
    expect: { status: [200], all: [{ at: '/data/id', exists: true }] },
    identity: { userName: '/data/name', email: '/data/email', role: '/data/role' },
  },
}

/** Intercom, in its three regions. */
export const intercom: Definition = {
  format: 1,
  id: 'intercom',
  name: 'Intercom',
  docsUrl: 'https://developers.intercom.com/docs/build-an-integration/learn-more/authentication',
  baseUrl: 'https://{{fields.region}}.intercom.io',
  hosts: ['api.intercom.io', 'api.eu.intercom.io', 'api.au.intercom.io'],
  fields: [
    {
      name: 'region',
      label: 'Region',
      kind: 'choice',
      env: 'INTERCOM_REGION',
      default: 'api',
      example: 'api',
      help: 'Where the workspace is hosted; its web address says so.',
      choices: [
        { value: 'api', label: 'United States' },
        { value: 'api.eu', label: 'Europe' },
        { value: 'api.au', label: 'Australia' },
      ],
    },
    {
      name: 'accessToken',
      label: 'Access token',
      kind: 'secret',
      env: 'INTERCOM_ACCESS_TOKEN',
      help: 'Developer Hub, your app, Configure, Authentication.',
    },
  ],
  auth: { type: 'bearer', token: '{{fields.accessToken}}' },
  test: {
    request: { path: '/me', headers: [{ name: 'Intercom-Version', value: '2.11' }] },
    expect: { status: [200], all: [{ at: '/id', exists: true }] },
    identity: { accountId: '/app/id_code', accountName: '/app/name', userName: '/name', email: '/email' },
  },
}

/** Attio. It answers 200 to a token that it does not know, and says in the body that it is not active. */
export const attio: Definition = {
  format: 1,
  id: 'attio',
  name: 'Attio',
  docsUrl: 'https://docs.attio.com/rest-api/guides/authentication',
  baseUrl: 'https://api.attio.com/v2',
  hosts: ['api.attio.com'],
  fields: [
    { name: 'accessToken', label: 'Access token', kind: 'secret', env: 'ATTIO_ACCESS_TOKEN', help: 'Workspace settings, Developers.' },
  ],
  auth: { type: 'bearer', token: '{{fields.accessToken}}' },
  test: {
    request: { path: '/self' },
    expect: { status: [200], all: [{ at: '/workspace_id', exists: true }] },
    errors: [{ when: { at: '/active', equals: false }, class: 'auth_invalid' }],
    identity: { accountId: '/workspace_id', accountName: '/workspace_name' },
  },
}

/** Every CRM that is shipped as data. Adding one is its data here, its name in this list, and a fixture. */
export const shipped: readonly Definition[] = [activecampaign, attio, close, copper, freshsales, insightly, intercom, zendeskSell]
