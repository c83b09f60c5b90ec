/**
 * The JSON contract as zod schemas, one for each command. `crm help json` prints them, `--fields` is checked against them, and
 * tests hold real output against them. Nothing on the way of a plain read imports this file: zod alone costs a third of a start.
 */
import * as z from 'zod/mini'
import type * as answers from './answers.ts'
import { type ErrorCode, EXIT_STATUS } from './errors.ts'

const time = z.iso.datetime()
const errorCode = z.enum(Object.keys(EXIT_STATUS) as [ErrorCode, ...ErrorCode[]])
const count = z.int().check(z.nonnegative())
const text = z.string()
const jsonObject = z.record(z.string(), z.json())
const source = z.enum(['vault', 'environment'])

const lastTest = z.strictObject({
  outcome: z.enum(['connected', 'failed']),
  cause: z.nullable(errorCode),
  checkedAt: time,
  latencyMs: count,
})

const integration = z.strictObject({
  name: text,
  provider: text,
  profile: text,
  active: z.boolean(),
  settings: z.record(text, z.union([text, z.number(), z.boolean()])),
  secrets: z.record(text, z.strictObject({ set: z.boolean(), updatedAt: z.nullable(time), value: z.exactOptional(text) })),
  revision: count,
  createdAt: z.nullable(time),
  updatedAt: z.nullable(time),
  lastTest: z.nullable(lastTest),
  verified: z.boolean(),
  source,
})

const identity = z.strictObject({
  accountId: z.nullable(text),
  accountName: z.nullable(text),
  userName: z.nullable(text),
  userEmail: z.nullable(text),
  role: z.nullable(text),
})

const testResult = z.strictObject({
  name: text,
  provider: text,
  profile: text,
  source,
  outcome: z.enum(['connected', 'failed', 'skipped']),
  cause: z.nullable(errorCode),
  message: z.nullable(text),
  hint: z.nullable(text),
  identity: z.nullable(identity),
  checks: z.array(z.strictObject({ name: text, passed: z.boolean(), detail: z.nullable(text) })),
  server: z.nullable(z.strictObject({ version: z.nullable(text) })),
  latencyMs: z.nullable(count),
  checkedAt: z.nullable(time),
  cached: z.boolean(),
})

const inboxItem = z.strictObject({
  id: text,
  name: text,
  channel: z.enum(['web', 'api', 'other']),
  websiteUrl: z.nullable(text),
  websiteToken: z.nullable(text),
  identifier: z.nullable(text),
  webhookUrl: z.nullable(text),
  demo: z.nullable(text),
})
const botItem = z.strictObject({
  id: text,
  name: text,
  description: z.nullable(text),
  url: z.nullable(text),
  system: z.boolean(),
  demo: z.nullable(text),
})
const webhookItem = z.strictObject({ id: text, name: z.nullable(text), url: text, events: z.array(text), demo: z.nullable(text) })
const objectDeleted = z.strictObject({ removed: text, pending: z.boolean() })

const signature = z.enum(['valid', 'stale', 'invalid', 'missing', 'unchecked'])
const delivery = {
  at: time,
  event: text,
  messageType: z.nullable(text),
  conversationId: z.nullable(text),
  deliveryId: z.nullable(text),
  signature,
}

/** What `crm demo-verify` says, and `crm demo-create --verify` in a member of its own. */
const verification = {
  answered: z.boolean(),
  steps: z.array(z.strictObject({ name: text, passed: z.boolean(), detail: z.nullable(text), latencyMs: z.nullable(count) })),
  reply: z.nullable(z.strictObject({ text: z.nullable(text), botId: text, botName: z.nullable(text), latencyMs: count })),
  diagnosis: z.nullable(z.strictObject({ code: text, message: text, hint: text })),
  deliveries: z.array(z.strictObject(delivery)),
}

const integrationOne = z.strictObject({ integration, test: z.nullable(testResult) })
const removed = z.strictObject({ removed: text })

const providerEntry = z.strictObject({
  id: text,
  name: text,
  docs: text,
  authMethods: z.array(z.strictObject({ id: text, label: text, fields: z.array(text) })),
  capabilities: z.array(text),
  definition: z.nullable(text),
})

const member = z.strictObject({ id: text, name: text, recipient: text, createdAt: time, verified: z.boolean() })

const definitionView = z.strictObject({
  id: text,
  name: text,
  definition: text,
  hosts: z.array(text),
  fields: z.array(z.strictObject({ key: text, label: text, sensitivity: z.enum(['secret', 'public']) })),
  test: z.strictObject({ method: text, address: text }),
})

const field = z.strictObject({
  key: text,
  label: text,
  kind: z.enum(['text', 'url', 'choice', 'number', 'flag', 'json', 'lines', 'certificates']),
  sensitivity: z.enum(['secret', 'public']),
  required: z.boolean(),
  env: text,
  flag: text,
  help: z.nullable(text),
  example: z.nullable(text),
  default: z.nullable(text),
  choices: z.nullable(z.array(z.strictObject({ value: text, label: text }))),
  when: z.nullable(z.strictObject({ field: text, is: text })),
  orWhen: z.nullable(z.strictObject({ field: text, is: text })),
})

const profileEntry = z.strictObject({ name: text, current: z.boolean(), integrations: count, keySlots: count })
const profile = z.strictObject({ profile: profileEntry })
const origin = z.strictObject({ value: z.nullable(text), from: text })
const keySlot = z.strictObject({
  id: text,
  kind: z.enum(['env', 'file', 'passphrase', 'keychain', 'recipient']),
  label: text,
  keyId: z.nullable(text),
  createdAt: time,
})

const vaultCopy = z.strictObject({ file: text, rows: count, verified: z.array(text), unverified: z.array(text) })

const channel = z.enum(['web', 'api'])
const stepKind = z.enum(['bot', 'inbox', 'webhook', 'link', 'hours', 'agents'])
const account = z.strictObject({ id: text, name: z.nullable(text) })
const bot = z.strictObject({ id: text, name: text, outgoingUrl: text })

const inbox = z.strictObject({
  id: text,
  name: text,
  channel,
  websiteToken: z.exactOptional(text),
  identifier: z.exactOptional(text),
  url: text,
})

const demoSummary = z.strictObject({
  slug: text,
  name: text,
  integration: text,
  source,
  status: z.enum(['ready', 'partial', 'deleting', 'removed']),
  inboxId: z.nullable(text),
  botId: z.nullable(text),
  createdAt: time,
  expiresAt: z.nullable(time),
})

const demoStep = z.strictObject({
  kind: stepKind,
  action: z.enum(['create', 'update', 'keep', 'adopt', 'delete']),
  name: text,
  id: z.nullable(text),
  changes: z.array(text),
  outcome: z.enum(['planned', 'done', 'failed', 'undone', 'left', 'unknown']),
})

const journalEntry = z.strictObject({
  runId: text,
  kind: stepKind,
  action: z.enum(['create', 'update', 'delete', 'adopt']),
  state: z.enum(['intent', 'done', 'failed']),
  digest: text,
  remoteId: z.nullable(text),
  at: time,
})

const demoFailure = z.strictObject({ code: errorCode, message: text, hint: z.nullable(text) })

const demoRemovals = z.strictObject({
  changed: z.boolean(),
  demos: z.array(
    z.strictObject({
      slug: text,
      integration: text,
      source,
      outcome: z.enum(['planned', 'removed', 'pending', 'gone', 'partial', 'busy', 'forgotten', 'failed']),
      left: z.array(z.strictObject({ kind: stepKind, id: text })),
      error: z.exactOptional(demoFailure),
    }),
  ),
})

type Writable<T> = T extends readonly (infer Item)[]
  ? Writable<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Writable<T[Key]> }
    : T

/** One schema of the contract: its id in the envelope, and the shape of `data` (null in an answer that failed with nothing to tell). */
interface AnswerSchema<T> {
  readonly schema: string
  readonly data: z.ZodMiniType<T>
}

/**
 * Ties a schema to the interface of the same answer, both ways: what the schema lets through is an `Answer`, and every member of
 * `Answer` is in the schema. Leaving one out, or adding one here only, does not compile.
 */
function schemaOf<Answer>() {
  return <Schema extends z.ZodMiniType<Writable<Answer>>>(
    schema: string,
    data: Schema & (Writable<Answer> extends z.output<Schema> ? unknown : never),
  ): AnswerSchema<Writable<Answer>> => ({ schema, data })
}

const integrationChange = (command: string) => schemaOf<answers.IntegrationOneAnswer>()(`crm.${command}/1`, integrationOne)
const profileChange = (verb: string) => schemaOf<answers.ProfileAnswer>()(`crm.profile-${verb}/1`, profile)

/** Every command that answers in JSON, by its words as typed (`demo-create`, `profile list`). */
export const ANSWER_SCHEMAS = {
  init: schemaOf<answers.InitAnswer>()('crm.init/1', z.strictObject({ created: z.boolean(), vault: text, profile: text, keySlot })),
  add: integrationChange('add'),
  'add --from': schemaOf<answers.IntegrationManyAnswer>()('crm.add-many/1', z.strictObject({ integrations: z.array(integrationOne) })),
  edit: integrationChange('edit'),
  login: integrationChange('login'),
  export: schemaOf<answers.ExportAnswer>()(
    'crm.export/1',
    z.strictObject({
      profile: text,
      format: z.enum(['age', 'json', 'dotenv']),
      recipients: z.array(text),
      integrations: z.array(z.strictObject({ name: text, provider: text })),
      path: z.nullable(text),
      bytes: count,
      text: z.nullable(text),
    }),
  ),
  import: schemaOf<answers.ImportAnswer>()(
    'crm.import/1',
    z.strictObject({
      profile: text,
      changed: z.boolean(),
      dryRun: z.boolean(),
      sealed: z.boolean(),
      integrations: z.array(
        z.strictObject({
          name: text,
          provider: text,
          state: z.enum(['new', 'same', 'differs']),
          action: z.enum(['add', 'keep', 'replace', 'skip', 'refuse']),
          changes: z.array(text),
        }),
      ),
      summary: z.strictObject({ total: count, new: count, same: count, differs: count }),
    }),
  ),
  env: schemaOf<answers.EnvAnswer>()(
    'crm.env/1',
    z.strictObject({
      name: text,
      provider: text,
      source,
      baseUrl: text,
      headers: z.record(text, text),
      query: z.record(text, text),
      accessToken: z.nullable(text),
      expiresAt: z.nullable(time),
      variables: z.record(text, text),
    }),
  ),
  authorize: schemaOf<answers.AuthorizeAnswer>()('crm.authorize/1', z.strictObject({ provider: text, code: text })),
  toggle: integrationChange('toggle'),
  show: integrationChange('show'),
  remove: schemaOf<answers.RemovedAnswer>()('crm.remove/1', removed),
  list: schemaOf<answers.ListAnswer>()(
    'crm.list/1',
    z.strictObject({
      profile: text,
      integrations: z.array(integration),
      summary: z.strictObject({ total: count, active: count, inactive: count, failing: count, untested: count }),
    }),
  ),
  test: schemaOf<answers.TestAnswer>()(
    'crm.test/1',
    z.strictObject({
      profile: text,
      results: z.array(testResult),
      summary: z.strictObject({ total: count, connected: count, failed: count, skipped: count }),
    }),
  ),
  stats: schemaOf<answers.StatsAnswer>()(
    'crm.stats/1',
    z.strictObject({
      profile: text,
      providers: z.array(z.strictObject({ provider: text, total: count, active: count, failing: count, lastTest: z.nullable(lastTest) })),
      vault: z.strictObject({ path: text, bytes: count }),
      demos: z.strictObject({ alive: count }),
    }),
  ),
  providers: schemaOf<answers.ProvidersAnswer>()('crm.providers/1', z.strictObject({ providers: z.array(providerEntry) })),
  'providers <id>': schemaOf<answers.ProviderAnswer>()(
    'crm.provider/1',
    z.strictObject({ provider: z.strictObject({ ...providerEntry.shape, fields: z.array(field), jsonSchema: jsonObject }) }),
  ),
  'providers add': schemaOf<answers.DefinitionAnswer>()(
    'crm.providers-add/1',
    z.strictObject({ provider: definitionView, changed: z.boolean(), replaced: z.boolean(), path: text, affected: z.array(text) }),
  ),
  'providers validate': schemaOf<answers.DefinitionValidAnswer>()('crm.providers-validate/1', z.strictObject({ provider: definitionView })),
  'providers export': schemaOf<answers.DefinitionExportAnswer>()(
    'crm.providers-export/1',
    z.strictObject({ id: text, path: z.nullable(text), text }),
  ),
  'providers remove': schemaOf<answers.DefinitionRemoveAnswer>()(
    'crm.providers-remove/1',
    z.strictObject({ removed: text, affected: z.array(text) }),
  ),
  doctor: schemaOf<answers.DoctorAnswer>()(
    'crm.doctor/1',
    z.strictObject({
      checks: z.array(
        z.strictObject({
          id: text,
          state: z.enum(['ok', 'warning', 'problem', 'skipped']),
          detail: text,
          cause: z.nullable(errorCode),
          fix: z.nullable(text),
        }),
      ),
      summary: z.strictObject({ ok: count, warnings: count, problems: count, skipped: count }),
      report: text,
    }),
  ),
  'profile share': schemaOf<answers.ProfileShareAnswer>()(
    'crm.profile-share/1',
    z.strictObject({ profile: text, member, fingerprint: text }),
  ),
  'profile members': schemaOf<answers.ProfileMembersAnswer>()(
    'crm.profile-members/1',
    z.strictObject({ profile: text, members: z.array(member), fingerprint: z.nullable(text) }),
  ),
  'profile revoke': schemaOf<answers.ProfileRevokeAnswer>()(
    'crm.profile-revoke/1',
    z.strictObject({
      profile: text,
      revoked: member,
      generation: count,
      renew: z.array(z.strictObject({ name: text, provider: text, secrets: z.array(text), docs: text })),
    }),
  ),
  'profile list': schemaOf<answers.ProfileListAnswer>()('crm.profile-list/1', z.strictObject({ profiles: z.array(profileEntry) })),
  'profile create': profileChange('create'),
  'profile use': profileChange('use'),
  'profile rename': profileChange('rename'),
  'profile remove': schemaOf<answers.RemovedAnswer>()('crm.profile-remove/1', removed),
  which: schemaOf<answers.WhichAnswer>()('crm.which/1', z.strictObject({ profile: origin, vault: origin, keySource: origin })),
  'key generate': schemaOf<answers.KeyAnswer>()('crm.key-generate/1', z.strictObject({ key: text })),
  'key list': schemaOf<answers.KeyListAnswer>()('crm.key-list/1', z.strictObject({ slots: z.array(keySlot) })),
  'key add': schemaOf<answers.KeySlotAddedAnswer>()('crm.key-add/1', z.strictObject({ slot: keySlot })),
  'key rotate': schemaOf<answers.KeyRotateAnswer>()(
    'crm.key-rotate/1',
    z.strictObject({ generation: count, rows: count, kept: z.array(text), dropped: z.array(text) }),
  ),
  passwd: schemaOf<answers.KeySlotAddedAnswer>()('crm.passwd/1', z.strictObject({ slot: keySlot })),
  unlock: schemaOf<answers.UnlockAnswer>()(
    'crm.unlock/1',
    z.strictObject({ profile: text, until: time, place: z.enum(['keychain', 'memory']) }),
  ),
  lock: schemaOf<answers.LockAnswer>()('crm.lock/1', z.strictObject({ profile: text, wasUnlocked: z.boolean() })),
  'key remove': schemaOf<answers.RemovedAnswer>()('crm.key-remove/1', removed),
  audit: schemaOf<answers.AuditAnswer>()(
    'crm.audit/1',
    z.strictObject({
      events: z.array(z.strictObject({ sequence: count, at: time, event: text, actor: text, outcome: text, details: jsonObject })),
      verified: z.boolean(),
    }),
  ),
  'audit verify': schemaOf<answers.AuditVerifyAnswer>()(
    'crm.audit-verify/1',
    z.strictObject({
      rows: count,
      dropped: count,
      firstAt: z.nullable(time),
      lastAt: z.nullable(time),
      head: z.nullable(text),
      firstBad: z.nullable(count),
    }),
  ),
  'audit prune': schemaOf<answers.AuditPruneAnswer>()('crm.audit-prune/1', z.strictObject({ dropped: count, sequence: count, mac: text })),
  'audit head': schemaOf<answers.AuditHeadAnswer>()('crm.audit-head/1', z.strictObject({ sequence: count, mac: text })),
  'vault verify': schemaOf<answers.VaultVerifyAnswer>()(
    'crm.vault-verify/1',
    z.strictObject({
      rows: count,
      verified: z.array(text),
      unverified: z.array(text),
      problems: z.array(z.strictObject({ profile: text, table: text, name: text, code: text, message: text, hint: text })),
    }),
  ),
  'vault backup': schemaOf<answers.VaultCopyAnswer>()('crm.vault-backup/1', vaultCopy),
  'vault restore': schemaOf<answers.VaultRestoreAnswer>()('crm.vault-restore/1', z.extend(vaultCopy, { previous: text })),
  'vault path': schemaOf<answers.VaultPathAnswer>()('crm.vault-path/1', z.strictObject({ path: text })),
  'vault accept-older': schemaOf<answers.VaultAcceptedAnswer>()(
    'crm.vault-accept-older/1',
    z.strictObject({ path: text, profile: text, changed: z.boolean() }),
  ),
  'demo-create': schemaOf<answers.DemoCreateAnswer>()(
    'crm.demo-create/1',
    z.strictObject({
      changed: z.boolean(),
      dryRun: z.boolean(),
      demo: z.strictObject({ slug: text, name: text, integration: text, source, createdAt: z.nullable(time) }),
      account: z.nullable(account),
      inbox: z.nullable(inbox),
      bot: z.nullable(bot),
      snippet: z.nullable(text),
      steps: z.array(demoStep),
      verification: z.exactOptional(z.strictObject(verification)),
      chosen: z.exactOptional(
        z.strictObject({
          integration: text,
          because: z.enum(['lives_there', 'healthy']),
          skipped: z.array(z.strictObject({ name: text, cause: errorCode, message: text })),
        }),
      ),
    }),
  ),
  'demo-list': schemaOf<answers.DemoListAnswer>()('crm.demo-list/1', z.strictObject({ demos: z.array(demoSummary) })),
  'demo-show': schemaOf<answers.DemoShowAnswer>()(
    'crm.demo-show/1',
    z.strictObject({
      demo: demoSummary,
      channel,
      updatedAt: time,
      account: z.nullable(account),
      inbox: z.nullable(inbox),
      bot: z.nullable(bot),
      snippet: z.nullable(text),
      secrets: z.record(text, z.strictObject({ set: z.boolean(), value: z.exactOptional(text) })),
      journal: z.array(journalEntry),
    }),
  ),
  'demo-verify': schemaOf<answers.DemoVerifyAnswer>()(
    'crm.demo-verify/1',
    z.strictObject({ demo: z.strictObject({ slug: text, name: text, integration: text, source }), ...verification }),
  ),
  'webhook verify': schemaOf<answers.WebhookVerifyAnswer>()(
    'crm.webhook-verify/1',
    z.strictObject({ signature, signedAt: z.nullable(time), ageMs: z.nullable(z.int()) }),
  ),
  'webhook listen': schemaOf<answers.WebhookListenAnswer>()(
    'crm.webhook-listen/1',
    z.strictObject({
      url: text,
      deliveries: z.array(
        z.strictObject({ ...delivery, forwarded: z.nullable(z.strictObject({ status: z.nullable(count), latencyMs: count })) }),
      ),
    }),
  ),
  'chatwoot inboxes list': schemaOf<answers.InboxListAnswer>()(
    'crm.chatwoot-inboxes-list/1',
    z.strictObject({ inboxes: z.array(inboxItem) }),
  ),
  'chatwoot inboxes create': schemaOf<answers.InboxAnswer>()('crm.chatwoot-inboxes-create/1', z.strictObject({ inbox: inboxItem })),
  'chatwoot inboxes update': schemaOf<answers.InboxAnswer>()('crm.chatwoot-inboxes-update/1', z.strictObject({ inbox: inboxItem })),
  'chatwoot inboxes delete': schemaOf<answers.ObjectDeletedAnswer>()('crm.chatwoot-inboxes-delete/1', objectDeleted),
  'chatwoot bots list': schemaOf<answers.BotListAnswer>()('crm.chatwoot-bots-list/1', z.strictObject({ bots: z.array(botItem) })),
  'chatwoot bots create': schemaOf<answers.NewBotAnswer>()(
    'crm.chatwoot-bots-create/1',
    z.strictObject({ bot: botItem, secrets: z.strictObject({ accessToken: z.nullable(text), secret: z.nullable(text) }) }),
  ),
  'chatwoot bots update': schemaOf<answers.BotAnswer>()('crm.chatwoot-bots-update/1', z.strictObject({ bot: botItem })),
  'chatwoot bots delete': schemaOf<answers.ObjectDeletedAnswer>()('crm.chatwoot-bots-delete/1', objectDeleted),
  'chatwoot webhooks list': schemaOf<answers.WebhookListAnswer>()(
    'crm.chatwoot-webhooks-list/1',
    z.strictObject({ webhooks: z.array(webhookItem) }),
  ),
  'chatwoot webhooks create': schemaOf<answers.NewWebhookAnswer>()(
    'crm.chatwoot-webhooks-create/1',
    z.strictObject({ webhook: webhookItem, secret: z.nullable(text) }),
  ),
  'chatwoot webhooks update': schemaOf<answers.WebhookAnswer>()('crm.chatwoot-webhooks-update/1', z.strictObject({ webhook: webhookItem })),
  'chatwoot webhooks delete': schemaOf<answers.ObjectDeletedAnswer>()('crm.chatwoot-webhooks-delete/1', objectDeleted),
  'demo-remove': schemaOf<answers.DemoRemoveAnswer>()('crm.demo-remove/1', demoRemovals),
  'demo-destroy': schemaOf<answers.DemoRemoveAnswer>()('crm.demo-destroy/1', demoRemovals),
  'demo-sweep': schemaOf<answers.DemoRemoveAnswer>()('crm.demo-sweep/1', demoRemovals),
  'demo-extend': schemaOf<answers.DemoExtendAnswer>()(
    'crm.demo-extend/1',
    z.strictObject({
      changed: z.boolean(),
      demo: z.strictObject({ slug: text, name: text, integration: text, source, expiresAt: z.nullable(time) }),
    }),
  ),
  'demo-open': schemaOf<answers.DemoOpenAnswer>()(
    'crm.demo-open/1',
    z.strictObject({
      demo: z.strictObject({ slug: text, name: text, integration: text, source }),
      place: z.enum(['dashboard', 'page']),
      address: text,
      opened: z.boolean(),
    }),
  ),
  'demo-export': schemaOf<answers.DemoExportAnswer>()('crm.demo-export/1', z.strictObject({ demos: count, path: z.nullable(text), text })),
  'demo-apply': schemaOf<answers.DemoApplyAnswer>()(
    'crm.demo-apply/1',
    z.strictObject({
      changed: z.boolean(),
      dryRun: z.boolean(),
      demos: z.array(
        z.strictObject({
          slug: text,
          name: text,
          integration: text,
          source,
          action: z.enum(['create', 'update', 'keep', 'delete', 'skip']),
          outcome: z.enum(['planned', 'done', 'failed']),
          inboxId: z.nullable(text),
          botId: z.nullable(text),
          changes: z.array(z.strictObject({ kind: stepKind, field: text, from: z.nullable(text), to: z.nullable(text) })),
          error: z.nullable(demoFailure),
        }),
      ),
      summary: z.strictObject({ create: count, update: count, keep: count, delete: count, failed: count }),
    }),
  ),
  sandbox: schemaOf<answers.SandboxAnswer>()(
    'crm.sandbox/1',
    z.strictObject({ url: text, serverVersion: text, environment: z.record(text, text) }),
  ),
  tour: schemaOf<answers.TourAnswer>()(
    'crm.tour/1',
    z.strictObject({
      steps: z.array(z.strictObject({ command: text, exitStatus: count, output: text, durationMs: count })),
      durationMs: count,
    }),
  ),
  help: schemaOf<answers.HelpAnswer>()('crm.help/1', z.strictObject({ topic: text, text })),
} as const

/** The words of a command that answers in JSON. */
export type AnsweringCommand = keyof typeof ANSWER_SCHEMAS

const warning = z.strictObject({ code: text, message: text })
const problem = z.strictObject({ field: text, message: text })

const failure = z.strictObject({
  code: errorCode,
  message: text,
  hint: z.nullable(text),
  retryable: z.boolean(),
  reason: z.exactOptional(text),
  problems: z.exactOptional(z.array(problem)),
})

/** The whole document that a command prints with `--json`: `error` is there exactly when `ok` is false (`design.md` section 4). */
export function envelopeSchema(command: AnsweringCommand) {
  const { schema, data } = ANSWER_SCHEMAS[command]
  const shared = { schema: z.literal(schema), data: z.nullable(data as z.ZodMiniType), warnings: z.array(warning) }
  return z.discriminatedUnion('ok', [
    z.strictObject({ ...shared, ok: z.literal(true) }),
    z.strictObject({ ...shared, ok: z.literal(false), error: failure }),
  ])
}
