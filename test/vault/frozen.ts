import type { DemoRecord } from '../../src/core/demo.ts'

/** The keys of `frozen-v1.db`. They were made for it and open nothing else. */
export const FROZEN = {
  envKey: 'q83vASNFZ4mrze8BI0VniTJUdpi63P4QEVp7nI2uzww=',
  fileKey: '8f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f7',
  passphrase: 'eine Straße, ännchen & zwölf "Wörter"',
} as const

/** What is in it. */
export const FROZEN_INTEGRATIONS = [
  {
    name: 'acme',
    provider: 'chatwoot',
    active: true,
    settings: {
      baseUrl: 'https://chat.example.com/sub',
      accountId: '3',
      greetingEnabled: false,
      emailCollect: true,
      autoAssignment: true,
      csatSurvey: false,
    },
    secrets: { apiKey: 'frozen-token-of-acme' },
  },
  {
    name: 'ad-hoc',
    provider: 'custom',
    active: false,
    settings: { baseUrl: 'https://api.example.com/v1', authType: 'basic', username: 'ann', testPath: '/me', allowPrivateNetwork: false },
    secrets: { password: 'pässword "\\ 100%\u{1f511}' },
  },
  {
    name: 'no-secrets',
    provider: 'custom',
    active: true,
    settings: { baseUrl: 'http://127.0.0.1:3000', authType: 'none', testPath: '/', allowPrivateNetwork: true },
    secrets: {},
  },
] as const

const step = { runId: '0123456789abcdef0123456789abcdef', state: 'done' as const, digest: 'a'.repeat(64), at: '2026-11-24T00:00:30.000Z' }

/** The demo of `acme`. */
export const FROZEN_DEMO: DemoRecord = {
  slug: 'acme-dental',
  name: 'Acme Dental "Ü" \u202e',
  integration: 'acme',
  account: 'https://chat.example.com/sub/app/accounts/3',
  channel: 'web',
  status: 'ready',
  inboxId: '7',
  botId: '9',
  createdAt: '2026-11-24T00:00:30.000Z',
  updatedAt: '2026-11-24T00:00:31.000Z',
  journal: [
    { ...step, kind: 'bot', action: 'create', remoteId: '9' },
    { ...step, kind: 'inbox', action: 'create', remoteId: '7' },
    { ...step, kind: 'link', action: 'update', remoteId: '7' },
    { ...step, kind: 'agents', action: 'update', remoteId: null, state: 'failed' },
  ],
}

/** What Chatwoot had returned for it. */
export const FROZEN_DEMO_SECRETS = {
  botAccessToken: 'frozen-bot-token',
  botSecret: 'frozen-bot-secret',
  inboxHmacToken: 'frozen-hmac-token',
}

/** When the demo of `frozen-v2.db` ends. */
export const FROZEN_END = '2027-01-01T00:00:00.000Z'

/** The OAuth tokens of `acme` in `frozen-v2.db`, as they were sealed. */
export const FROZEN_TOKENS = '{"accessToken":"frozen-access-token","refreshToken":"frozen-refresh-token"}'
