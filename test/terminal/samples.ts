import type * as answers from '../../src/core/answers.ts'

/** One answer of each kind, with hostile text wherever text comes from outside. */
export const HOSTILE = 'Ev\u001b[31mil\u202e\u0007'
const AT = '2026-01-28T12:00:00.000Z'

export const integration: answers.IntegrationAnswer = {
  name: 'acme-prod',
  provider: 'chatwoot',
  profile: 'default',
  active: true,
  settings: { baseUrl: 'https://chat.example.com', accountId: '3', note: HOSTILE },
  secrets: { apiKey: { set: true, updatedAt: AT }, other: { set: false, updatedAt: null } },
  revision: 2,
  createdAt: AT,
  updatedAt: AT,
  lastTest: { outcome: 'connected', cause: null, checkedAt: AT, latencyMs: 213 },
  verified: false,
  source: 'vault',
}

const inboxItem: answers.InboxItem = {
  ...{ id: '7', name: HOSTILE, channel: 'web', websiteUrl: HOSTILE, websiteToken: HOSTILE },
  ...{ identifier: null, webhookUrl: null, demo: HOSTILE },
}
const botItem: answers.BotItem = { id: '7', name: HOSTILE, description: HOSTILE, url: HOSTILE, system: false, demo: null }
const webhookItem: answers.WebhookItem = { id: '7', name: null, url: HOSTILE, events: [HOSTILE], demo: null }

export const environmentIntegration: answers.IntegrationAnswer = {
  ...integration,
  name: 'env:chatwoot',
  createdAt: null,
  updatedAt: null,
  lastTest: null,
  revision: 0,
  source: 'environment',
}

export const failing: answers.IntegrationAnswer = {
  ...integration,
  name: 'acme-old',
  active: false,
  lastTest: { outcome: 'failed', cause: 'auth_rejected', checkedAt: AT, latencyMs: 90 },
}

export const connected: answers.TestResult = {
  name: 'acme-prod',
  provider: 'chatwoot',
  profile: 'default',
  source: 'vault',
  outcome: 'connected',
  cause: null,
  message: null,
  hint: null,
  identity: { accountId: '3', accountName: HOSTILE, userName: 'Jane', userEmail: 'jane@example.com', role: 'administrator' },
  checks: [
    { name: 'product', passed: true, detail: null },
    { name: 'administrator', passed: false, detail: HOSTILE },
  ],
  server: { version: '4.15.1' },
  latencyMs: 213,
  checkedAt: AT,
  cached: false,
}

export const failed: answers.TestResult = {
  ...connected,
  name: 'acme-old',
  outcome: 'failed',
  cause: 'auth_rejected',
  message: `Chatwoot rejected the token ${HOSTILE}`,
  hint: 'create a new one, then: crm edit acme-old --api-key-stdin',
  identity: null,
  checks: [],
  server: null,
}

export const skipped: answers.TestResult = {
  ...failed,
  name: 'acme-off',
  outcome: 'skipped',
  cause: null,
  message: 'inactive',
  hint: null,
  latencyMs: null,
  checkedAt: null,
}

const inbox: answers.DemoInboxAnswer = {
  id: '12',
  name: HOSTILE,
  channel: 'web',
  websiteToken: 'website-token',
  url: 'https://chat.example.com/app/accounts/3/settings/inboxes/12',
}
const bot: answers.DemoBotAnswer = { id: '7', name: 'Acme Dental', outgoingUrl: 'https://bot.example/hook' }
const account: answers.AccountAnswer = { id: '3', name: 'Acme' }
const summary = {
  slug: 'acme-dental',
  name: HOSTILE,
  integration: 'acme-prod',
  source: 'vault',
  status: 'ready',
  inboxId: '12',
  botId: '7',
  createdAt: AT,
  expiresAt: null,
} as const
const step: answers.DemoStepAnswer = { kind: 'bot', action: 'create', name: HOSTILE, id: '7', changes: [], outcome: 'done' }
const profile: answers.ProfileEntry = { name: 'default', current: true, integrations: 1, keySlots: 2 }
const slot: answers.KeySlotAnswer = { id: 'a1b2', kind: 'file', label: HOSTILE, keyId: null, createdAt: AT }
const entry: answers.ProviderEntry = {
  id: 'chatwoot',
  name: 'Chatwoot',
  docs: 'https://docs.example',
  authMethods: [
    { id: 'token', label: 'Token', fields: ['apiKey'] },
    { id: 'oauth', label: HOSTILE, fields: [] },
  ],
  capabilities: ['test', 'demo'],
  definition: null,
}
const member: answers.MemberAnswer = { id: 'a1b2', name: HOSTILE, recipient: 'age1abc', createdAt: AT, verified: true }
const definition: answers.DefinitionView = {
  id: 'acme',
  name: HOSTILE,
  definition: 'ab'.repeat(32),
  hosts: ['*.acme.example'],
  fields: [{ key: 'apiKey', label: HOSTILE, sensitivity: 'secret' }],
  test: { method: 'GET', address: 'https://<subdomain>.acme.example/me' },
}
const field: answers.FieldAnswer = {
  key: 'apiKey',
  label: HOSTILE,
  kind: 'text',
  sensitivity: 'secret',
  required: true,
  env: 'CHATWOOT_API_KEY',
  flag: '--api-key-stdin',
  help: HOSTILE,
  example: null,
  default: null,
  choices: [{ value: 'a', label: 'A' }],
  when: { field: 'authType', is: 'a|b' },
  orWhen: null,
}

export const demoCreated: answers.DemoCreateAnswer = {
  changed: true,
  dryRun: false,
  demo: { slug: 'acme-dental', name: HOSTILE, integration: 'acme-prod', source: 'vault', createdAt: AT },
  account,
  inbox,
  bot,
  snippet: `<script>\n  ${HOSTILE}\n</script>`,
  steps: [step, { ...step, kind: 'inbox', action: 'keep' }, { ...step, kind: 'link', action: 'update', changes: ['greeting', HOSTILE] }],
}

export const demoPlanned: answers.DemoCreateAnswer = {
  ...demoCreated,
  dryRun: true,
  inbox: null,
  bot: null,
  snippet: null,
  demo: { ...demoCreated.demo, createdAt: null },
  steps: demoCreated.steps.map((each) => ({ ...each, id: null, outcome: 'planned' })),
}

export const demoFailed: answers.DemoCreateAnswer = {
  ...demoPlanned,
  dryRun: false,
  steps: [
    { ...step, outcome: 'undone' },
    { ...step, kind: 'inbox', outcome: 'left' },
    { ...step, kind: 'link', id: null, outcome: 'failed' },
    { ...step, kind: 'agents', id: null, outcome: 'unknown' },
  ],
}

const list = {
  profile: 'default',
  integrations: [integration, failing, environmentIntegration],
  summary: { total: 3, active: 2, inactive: 1, failing: 0, untested: 1 },
}
/** Two integrations that were taken from a file, one that was left alone. */
export const imported: answers.ImportAnswer = {
  profile: 'default',
  changed: true,
  dryRun: false,
  sealed: true,
  integrations: [
    { name: 'acme', provider: 'chatwoot', state: 'new', action: 'add', changes: [] },
    { name: 'eu', provider: 'chatwoot', state: 'differs', action: 'replace', changes: ['active', HOSTILE] },
    { name: 'us', provider: 'chatwoot', state: 'same', action: 'keep', changes: [] },
  ],
  summary: { total: 3, new: 1, same: 1, differs: 1 },
}
const one: answers.IntegrationOneAnswer = { integration, test: connected }

const demoItem = { integration: 'acme-prod', source: 'vault', inboxId: '5', botId: '7', changes: [], error: null } as const

/** A file of demos that was applied, each demo with another end. */
export const demoApplied: answers.DemoApplyAnswer = {
  changed: true,
  dryRun: false,
  demos: [
    { ...demoItem, slug: 'a', name: HOSTILE, action: 'create', outcome: 'done' },
    {
      ...demoItem,
      slug: 'b',
      name: 'B',
      action: 'update',
      outcome: 'done',
      changes: [
        { kind: 'inbox', field: 'greeting', from: HOSTILE, to: 'Hello' },
        { kind: 'link', field: 'bot', from: null, to: '7' },
      ],
    },
    { ...demoItem, slug: 'c', name: 'C', action: 'keep', outcome: 'done' },
    { ...demoItem, slug: 'd', name: 'D', action: 'delete', outcome: 'done' },
    { ...demoItem, slug: 'e', name: 'E', action: 'create', outcome: 'failed', error: { code: 'usage', message: HOSTILE, hint: null } },
    { ...demoItem, slug: 'f', name: 'F', action: 'skip', outcome: 'done' },
  ],
  summary: { create: 1, update: 1, keep: 2, delete: 1, failed: 1 },
}

/** The same before anything was done. */
export const demosPlanned: answers.DemoApplyAnswer = {
  ...demoApplied,
  dryRun: true,
  demos: demoApplied.demos.filter(({ outcome }) => outcome !== 'failed').map((item) => ({ ...item, outcome: 'planned' as const })),
  summary: { ...demoApplied.summary, failed: 0 },
}

/** By command, as in the schemas. */
export const SAMPLES = {
  init: { created: true, vault: '/home/jane/vault.db', profile: 'default', keySlot: slot } satisfies answers.InitAnswer,
  add: one,
  'add --from': { integrations: [one, { integration: failing, test: null }] } satisfies answers.IntegrationManyAnswer,
  edit: one,
  login: one,
  env: {
    name: HOSTILE,
    provider: 'salesforce',
    source: 'vault',
    baseUrl: 'https://acme.my.salesforce.com',
    headers: { authorization: 'Bearer x' },
    query: {},
    accessToken: 'x',
    expiresAt: null,
    variables: { SALESFORCE_ACCESS_TOKEN: 'x' },
  } satisfies answers.EnvAnswer,
  export: {
    profile: 'default',
    format: 'age',
    recipients: ['age1recipient'],
    integrations: [{ name: 'acme-prod', provider: 'chatwoot' }],
    path: HOSTILE,
    bytes: 512,
    text: null,
  } satisfies answers.ExportAnswer,
  import: imported,
  authorize: { provider: 'salesforce', code: 'crm-code-1.abc' } satisfies answers.AuthorizeAnswer,
  toggle: { integration: failing, test: null } satisfies answers.IntegrationOneAnswer,
  show: {
    integration: { ...integration, secrets: { apiKey: { set: true, updatedAt: AT, value: 'shown on purpose' } } },
    test: null,
  } satisfies answers.IntegrationOneAnswer,
  remove: { removed: 'acme-prod' },
  list: list satisfies answers.ListAnswer,
  test: {
    profile: 'default',
    results: [connected, failed, skipped],
    summary: { total: 3, connected: 1, failed: 1, skipped: 1 },
  } satisfies answers.TestAnswer,
  stats: {
    profile: 'default',
    providers: [
      { provider: 'chatwoot', total: 2, active: 1, failing: 1, lastTest: integration.lastTest },
      { provider: 'custom', total: 1, active: 1, failing: 0, lastTest: null },
    ],
    vault: { path: `/home/${HOSTILE}/vault.db`, bytes: 98_304 },
    demos: { alive: 1 },
  } satisfies answers.StatsAnswer,
  providers: { providers: [entry] } satisfies answers.ProvidersAnswer,
  doctor: {
    checks: [
      { id: 'vault_file', state: 'problem', detail: HOSTILE, cause: 'unsafe_file', fix: 'chmod 600 vault.db' },
      { id: 'clock', state: 'ok', detail: AT, cause: null, fix: null },
      { id: 'integrations', state: 'warning', detail: 'never tested: acme', cause: null, fix: 'crm test acme' },
      { id: 'unlock', state: 'skipped', detail: 'the profile default is locked', cause: null, fix: null },
    ],
    summary: { ok: 1, warnings: 1, problems: 1, skipped: 1 },
    report: 'problem  vault_file       its mode is 0644',
  } satisfies answers.DoctorAnswer,
  'profile share': { profile: 'default', member, fingerprint: 'ab'.repeat(10) } satisfies answers.ProfileShareAnswer,
  'profile members': { profile: 'default', members: [member], fingerprint: null } satisfies answers.ProfileMembersAnswer,
  'profile revoke': {
    profile: 'default',
    revoked: member,
    generation: 2,
    renew: [{ name: 'acme', provider: HOSTILE, secrets: ['apiKey'], docs: 'https://docs.example' }],
  } satisfies answers.ProfileRevokeAnswer,
  'providers add': {
    provider: definition,
    changed: true,
    replaced: true,
    path: '/home/ann/.config/crm/providers/acme.json',
    affected: ['acme', 'other/acme'],
  } satisfies answers.DefinitionAnswer,
  'providers validate': { provider: definition } satisfies answers.DefinitionValidAnswer,
  'providers export': { id: 'acme', path: null, text: '{"format": 1}\n' } satisfies answers.DefinitionExportAnswer,
  'providers remove': { removed: 'acme', affected: [] } satisfies answers.DefinitionRemoveAnswer,
  'providers <id>': { provider: { ...entry, fields: [field], jsonSchema: { type: 'object' } } } satisfies answers.ProviderAnswer,
  'profile list': { profiles: [profile, { ...profile, name: 'acme', current: false }] } satisfies answers.ProfileListAnswer,
  'profile create': { profile },
  'profile use': { profile },
  'profile rename': { profile },
  'profile remove': { removed: 'acme' },
  which: {
    profile: { value: 'default', from: 'default' },
    vault: { value: `/${HOSTILE}`, from: 'CRM_VAULT' },
    keySource: { value: null, from: HOSTILE },
  } satisfies answers.WhichAnswer,
  'key generate': { key: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=' },
  'key list': { slots: [slot] } satisfies answers.KeyListAnswer,
  'key add': { slot },
  'key rotate': { generation: 2, rows: 14, kept: ['a1b2'], dropped: [] } satisfies answers.KeyRotateAnswer,
  passwd: { slot },
  unlock: { profile: 'acme', until: AT, place: 'memory' } satisfies answers.UnlockAnswer,
  lock: { profile: 'acme', wasUnlocked: true } satisfies answers.LockAnswer,
  'vault backup': { file: 'copy.db', rows: 14, verified: ['default'], unverified: [] } satisfies answers.VaultCopyAnswer,
  'vault restore': {
    file: 'copy.db',
    rows: 14,
    verified: ['default'],
    unverified: [],
    previous: '/home/ann/vault.db.before-restore-2026-11-27T15-30-00Z.backup',
  } satisfies answers.VaultRestoreAnswer,
  'key remove': { removed: 'a1b2' },
  audit: {
    events: [{ sequence: 1, at: AT, event: 'add', actor: HOSTILE, outcome: 'done', details: { name: HOSTILE } }],
    verified: false,
  } satisfies answers.AuditAnswer,
  'audit prune': { dropped: 7, sequence: 12, mac: 'abcd' } satisfies answers.AuditPruneAnswer,
  'audit verify': { rows: 1, dropped: 0, firstAt: AT, lastAt: AT, head: 'abcd', firstBad: null } satisfies answers.AuditVerifyAnswer,
  'audit head': { sequence: 1, mac: 'abcd' },
  'vault verify': {
    rows: 3,
    verified: [HOSTILE],
    unverified: [HOSTILE],
    problems: [{ profile: HOSTILE, table: 'integrations', name: HOSTILE, code: 'damaged', message: HOSTILE, hint: HOSTILE }],
  } satisfies answers.VaultVerifyAnswer,
  'vault path': { path: `/${HOSTILE}` },
  'vault accept-older': { path: `/${HOSTILE}`, profile: HOSTILE, changed: true } satisfies answers.VaultAcceptedAnswer,
  'demo-create': demoCreated,
  'demo-list': { demos: [summary] } satisfies answers.DemoListAnswer,
  'demo-show': {
    demo: summary,
    channel: 'web',
    updatedAt: AT,
    account,
    inbox,
    bot,
    snippet: demoCreated.snippet,
    secrets: { botAccessToken: { set: true }, botSecret: { set: true, value: 'shown' } },
    journal: [{ runId: '00ff', kind: 'bot', action: 'create', state: 'done', digest: '', remoteId: '7', at: AT }],
  } satisfies answers.DemoShowAnswer,
  'demo-verify': {
    demo: { slug: 'acme', name: HOSTILE, integration: 'acme-prod', source: 'vault' },
    answered: true,
    steps: [
      { name: 'link', passed: true, detail: HOSTILE, latencyMs: null },
      { name: 'answer', passed: false, detail: null, latencyMs: 3 },
    ],
    reply: { text: HOSTILE, botId: '7', botName: HOSTILE, latencyMs: 120 },
    diagnosis: null,
    deliveries: [{ at: AT, event: HOSTILE, messageType: 'incoming', conversationId: HOSTILE, deliveryId: null, signature: 'invalid' }],
  } satisfies answers.DemoVerifyAnswer,
  'chatwoot inboxes list': { inboxes: [inboxItem] },
  'chatwoot inboxes create': { inbox: inboxItem },
  'chatwoot inboxes update': { inbox: { ...inboxItem, channel: 'api', identifier: HOSTILE, websiteToken: null } },
  'chatwoot inboxes delete': { removed: '7', pending: true },
  'chatwoot bots list': { bots: [botItem] },
  'chatwoot bots create': { bot: botItem, secrets: { accessToken: HOSTILE, secret: null } },
  'chatwoot bots update': { bot: botItem },
  'chatwoot bots delete': { removed: '7', pending: false },
  'chatwoot webhooks list': { webhooks: [webhookItem] },
  'chatwoot webhooks create': { webhook: webhookItem, secret: HOSTILE },
  'chatwoot webhooks update': { webhook: webhookItem },
  'chatwoot webhooks delete': { removed: '7', pending: false },
  'webhook verify': { signature: 'stale', signedAt: AT, ageMs: 400_000 } satisfies answers.WebhookVerifyAnswer,
  'webhook listen': {
    url: 'http://127.0.0.1:1',
    deliveries: [
      {
        ...{ at: AT, event: HOSTILE, messageType: HOSTILE, conversationId: null, deliveryId: HOSTILE, signature: 'valid' },
        forwarded: { status: null, latencyMs: 2 },
      },
    ],
  } satisfies answers.WebhookListenAnswer,
  'demo-apply': demoApplied,
  'demo-extend': {
    changed: true,
    demo: { slug: 'acme', name: HOSTILE, integration: 'acme-prod', source: 'vault', expiresAt: AT },
  } satisfies answers.DemoExtendAnswer,
  'demo-open': {
    demo: { slug: 'acme', name: HOSTILE, integration: 'acme-prod', source: 'vault' },
    place: 'page',
    address: `https://chat.example.com/widget?website_token=${HOSTILE}`,
    opened: false,
  } satisfies answers.DemoOpenAnswer,
  'demo-export': { demos: 1, path: null, text: `demos:\n  - name: ${HOSTILE}\n` } satisfies answers.DemoExportAnswer,
  'demo-sweep': {
    changed: true,
    demos: [{ slug: HOSTILE, integration: 'acme-prod', source: 'environment', outcome: 'removed', left: [] }],
  } satisfies answers.DemoRemoveAnswer,
  'demo-destroy': {
    changed: true,
    demos: [
      { slug: 'a', integration: 'acme-prod', source: 'vault', outcome: 'planned', left: [] },
      { slug: HOSTILE, integration: 'acme-prod', source: 'vault', outcome: 'busy', left: [] },
    ],
  } satisfies answers.DemoRemoveAnswer,
  'demo-remove': {
    changed: true,
    demos: [
      { slug: 'a', integration: 'acme-prod', source: 'vault', outcome: 'removed', left: [] },
      { slug: 'b', integration: 'acme-prod', source: 'vault', outcome: 'partial', left: [{ kind: 'inbox', id: HOSTILE }] },
      { slug: 'c', integration: 'acme-prod', source: 'vault', outcome: 'gone', left: [] },
      { slug: 'd', integration: 'acme-prod', source: 'vault', outcome: 'pending', left: [] },
      {
        ...{ slug: 'e', integration: 'acme-prod', source: 'vault', outcome: 'failed', left: [] },
        error: { code: 'not_found', message: HOSTILE, hint: null },
      },
    ],
  } satisfies answers.DemoRemoveAnswer,
  sandbox: {
    url: 'http://127.0.0.1:3000',
    serverVersion: '4.15.1',
    environment: { CHATWOOT_API_KEY: "it's" },
  } satisfies answers.SandboxAnswer,
  tour: { steps: [{ command: 'crm init', exitStatus: 0, output: '', durationMs: 3 }], durationMs: 3 } satisfies answers.TourAnswer,
  help: { topic: 'json', text: 'line one\nline two\n' } satisfies answers.HelpAnswer,
} as const
