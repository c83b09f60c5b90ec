/**
 * The JSON contract as zod schemas, one for each command. `crm help json` prints them, `--fields` is checked against them, and
 * tests hold real output against them. Nothing on the way of a plain read imports this file: zod alone costs a third of a start.
 */
import * as z from 'zod'
import type * as answers from './answers.ts'
import { type ErrorCode, EXIT_STATUS } from './errors.ts'

const time = z.iso.datetime()
const errorCode = z.enum(Object.keys(EXIT_STATUS) as [ErrorCode, ...ErrorCode[]])
const count = z.int().nonnegative()
const text = z.string()
const jsonObject = z.record(z.string(), z.json())
const source = z.enum(['vault', 'environment'])

const lastTest = z.strictObject({
  outcome: z.enum(['connected', 'failed']),
  cause: errorCode.nullable(),
  checkedAt: time,
  latencyMs: count,
})

const integration = z.strictObject({
  name: text,
  provider: text,
  profile: text,
  active: z.boolean(),
  settings: z.record(text, z.union([text, z.number(), z.boolean()])),
  secrets: z.record(text, z.strictObject({ set: z.boolean(), updatedAt: time.nullable(), value: text.exactOptional() })),
  revision: count,
  createdAt: time.nullable(),
  updatedAt: time.nullable(),
  lastTest: lastTest.nullable(),
  verified: z.boolean(),
  source,
})

const identity = z.strictObject({
  accountId: text.nullable(),
  accountName: text.nullable(),
  userName: text.nullable(),
  userEmail: text.nullable(),
  role: text.nullable(),
})

const testResult = z.strictObject({
  name: text,
  provider: text,
  profile: text,
  source,
  outcome: z.enum(['connected', 'failed', 'skipped']),
  cause: errorCode.nullable(),
  message: text.nullable(),
  hint: text.nullable(),
  identity: identity.nullable(),
  checks: z.array(z.strictObject({ name: text, passed: z.boolean(), detail: text.nullable() })),
  server: z.strictObject({ version: text.nullable() }).nullable(),
  latencyMs: count.nullable(),
  checkedAt: time.nullable(),
  cached: z.boolean(),
})

const inboxItem = z.strictObject({
  id: text,
  name: text,
  channel: z.enum(['web', 'api', 'other']),
  websiteUrl: text.nullable(),
  websiteToken: text.nullable(),
  identifier: text.nullable(),
  webhookUrl: text.nullable(),
  demo: text.nullable(),
})
const botItem = z.strictObject({
  id: text,
  name: text,
  description: text.nullable(),
  url: text.nullable(),
  system: z.boolean(),
  demo: text.nullable(),
})
const webhookItem = z.strictObject({ id: text, name: text.nullable(), url: text, events: z.array(text), demo: text.nullable() })
const objectDeleted = z.strictObject({ removed: text, pending: z.boolean() })

const signature = z.enum(['valid', 'stale', 'invalid', 'missing', 'unchecked'])
const delivery = {
  at: time,
  event: text,
  messageType: text.nullable(),
  conversationId: text.nullable(),
  deliveryId: text.nullable(),
  signature,
}

/** What `crm demo-verify` says, and `crm demo-create --verify` in a member of its own. */
const verification = {
  answered: z.boolean(),
  steps: z.array(z.strictObject({ name: text, passed: z.boolean(), detail: text.nullable(), latencyMs: count.nullable() })),
  reply: z.strictObject({ text: text.nullable(), botId: text, botName: text.nullable(), latencyMs: count }).nullable(),
  diagnosis: z.strictObject({ code: text, message: text, hint: text }).nullable(),
  deliveries: z.array(z.strictObject(delivery)),
}

const integrationOne = z.strictObject({ integration, test: testResult.nullable() })
const removed = z.strictObject({ removed: text })

const providerEntry = z.strictObject({
  id: text,
  name: text,
  docs: text,
  authMethods: z.array(z.strictObject({ id: text, label: text, fields: z.array(text) })),
  capabilities: z.array(text),
  definition: text.nullable(),
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
  help: text.nullable(),
  example: text.nullable(),
  default: text.nullable(),
  choices: z.array(z.strictObject({ value: text, label: text })).nullable(),
  when: z.strictObject({ field: text, is: text }).nullable(),
  orWhen: z.strictObject({ field: text, is: text }).nullable(),
})

const profileEntry = z.strictObject({ name: text, current: z.boolean(), integrations: count, keySlots: count })
const profile = z.strictObject({ profile: profileEntry })
const origin = z.strictObject({ value: text.nullable(), from: text })
const keySlot = z.strictObject({
  id: text,
  kind: z.enum(['env', 'file', 'passphrase', 'keychain', 'recipient']),
  label: text,
  keyId: text.nullable(),
  createdAt: time,
})

const vaultCopy = z.strictObject({ file: text, rows: count, verified: z.array(text), unverified: z.array(text) })

const channel = z.enum(['web', 'api'])
const stepKind = z.enum(['bot', 'inbox', 'webhook', 'link', 'hours', 'agents'])
const account = z.strictObject({ id: text, name: text.nullable() })
const bot = z.strictObject({ id: text, name: text, outgoingUrl: text })

const inbox = z.strictObject({
  id: text,
  name: text,
  channel,
  websiteToken: text.exactOptional(),
  identifier: text.exactOptional(),
  url: text,
})

const demoSummary = z.strictObject({
  slug: text,
  name: text,
  integration: text,
  source,
  status: z.enum(['ready', 'partial', 'deleting', 'removed']),
  inboxId: text.nullable(),
  botId: text.nullable(),
  createdAt: time,
  expiresAt: time.nullable(),
})

const demoStep = z.strictObject({
  kind: stepKind,
  action: z.enum(['create', 'update', 'keep', 'adopt', 'delete']),
  name: text,
  id: text.nullable(),
  changes: z.array(text),
  outcome: z.enum(['planned', 'done', 'failed', 'undone', 'left', 'unknown']),
})

const journalEntry = z.strictObject({
  runId: text,
  kind: stepKind,
  action: z.enum(['create', 'update', 'delete', 'adopt']),
  state: z.enum(['intent', 'done', 'failed']),
  digest: text,
  remoteId: text.nullable(),
  at: time,
})

const demoFailure = z.strictObject({ code: errorCode, message: text, hint: text.nullable() })

const demoRemovals = z.strictObject({
  changed: z.boolean(),
  demos: z.array(
    z.strictObject({
      slug: text,
      integration: text,
      source,
      outcome: z.enum(['planned', 'removed', 'pending', 'gone', 'partial', 'busy', 'forgotten', 'failed']),
      left: z.array(z.strictObject({ kind: stepKind, id: text })),
      error: demoFailure.exactOptional(),
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
  readonly data: z.ZodType<T>
}

/**
 * Ties a schema to the interface of the same answer, both ways: what the schema lets through is an `Answer`, and every member of
 * `Answer` is in the schema. Leaving one out, or adding one here only, does not compile.
 */
function schemaOf<Answer>() {
  return <Schema extends z.ZodType<Writable<Answer>>>(
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
      path: text.nullable(),
      bytes: count,
      text: text.nullable(),
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
      accessToken: text.nullable(),
      expiresAt: time.nullable(),
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
      providers: z.array(z.strictObject({ provider: text, total: count, active: count, failing: count, lastTest: lastTest.nullable() })),
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
    z.strictObject({ id: text, path: text.nullable(), text }),
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
          cause: errorCode.nullable(),
          fix: text.nullable(),
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
    z.strictObject({ profile: text, members: z.array(member), fingerprint: text.nullable() }),
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
      firstAt: time.nullable(),
      lastAt: time.nullable(),
      head: text.nullable(),
      firstBad: count.nullable(),
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
  'vault restore': schemaOf<answers.VaultRestoreAnswer>()('crm.vault-restore/1', vaultCopy.extend({ previous: text })),
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
      demo: z.strictObject({ slug: text, name: text, integration: text, source, createdAt: time.nullable() }),
      account: account.nullable(),
      inbox: inbox.nullable(),
      bot: bot.nullable(),
      snippet: text.nullable(),
      steps: z.array(demoStep),
      verification: z.strictObject(verification).exactOptional(),
      chosen: z
        .strictObject({
          integration: text,
          because: z.enum(['lives_there', 'healthy']),
          skipped: z.array(z.strictObject({ name: text, cause: errorCode, message: text })),
        })
        .exactOptional(),
    }),
  ),
  'demo-list': schemaOf<answers.DemoListAnswer>()('crm.demo-list/1', z.strictObject({ demos: z.array(demoSummary) })),
  'demo-show': schemaOf<answers.DemoShowAnswer>()(
    'crm.demo-show/1',
    z.strictObject({
      demo: demoSummary,
      channel,
      updatedAt: time,
      account: account.nullable(),
      inbox: inbox.nullable(),
      bot: bot.nullable(),
      snippet: text.nullable(),
      secrets: z.record(text, z.strictObject({ set: z.boolean(), value: text.exactOptional() })),
      journal: z.array(journalEntry),
    }),
  ),
  'demo-verify': schemaOf<answers.DemoVerifyAnswer>()(
    'crm.demo-verify/1',
    z.strictObject({ demo: z.strictObject({ slug: text, name: text, integration: text, source }), ...verification }),
  ),
  'webhook verify': schemaOf<answers.WebhookVerifyAnswer>()(
    'crm.webhook-verify/1',
    z.strictObject({ signature, signedAt: time.nullable(), ageMs: z.int().nullable() }),
  ),
  'webhook listen': schemaOf<answers.WebhookListenAnswer>()(
    'crm.webhook-listen/1',
    z.strictObject({
      url: text,
      deliveries: z.array(
        z.strictObject({ ...delivery, forwarded: z.strictObject({ status: count.nullable(), latencyMs: count }).nullable() }),
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
    z.strictObject({ bot: botItem, secrets: z.strictObject({ accessToken: text.nullable(), secret: text.nullable() }) }),
  ),
  'chatwoot bots update': schemaOf<answers.BotAnswer>()('crm.chatwoot-bots-update/1', z.strictObject({ bot: botItem })),
  'chatwoot bots delete': schemaOf<answers.ObjectDeletedAnswer>()('crm.chatwoot-bots-delete/1', objectDeleted),
  'chatwoot webhooks list': schemaOf<answers.WebhookListAnswer>()(
    'crm.chatwoot-webhooks-list/1',
    z.strictObject({ webhooks: z.array(webhookItem) }),
  ),
  'chatwoot webhooks create': schemaOf<answers.NewWebhookAnswer>()(
    'crm.chatwoot-webhooks-create/1',
    z.strictObject({ webhook: webhookItem, secret: text.nullable() }),
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
      demo: z.strictObject({ slug: text, name: text, integration: text, source, expiresAt: time.nullable() }),
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
  'demo-export': schemaOf<answers.DemoExportAnswer>()('crm.demo-export/1', z.strictObject({ demos: count, path: text.nullable(), text })),
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
          inboxId: text.nullable(),
          botId: text.nullable(),
          changes: z.array(z.strictObject({ kind: stepKind, field: text, from: text.nullable(), to: text.nullable() })),
          error: demoFailure.nullable(),
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
  hint: text.nullable(),
  retryable: z.boolean(),
  reason: text.exactOptional(),
  problems: z.array(problem).exactOptional(),
})

/** The whole document that a command prints with `--json`: `error` is there exactly when `ok` is false (`design.md` section 4). */
export function envelopeSchema(command: AnsweringCommand) {
  const { schema, data } = ANSWER_SCHEMAS[command]
  const shared = { schema: z.literal(schema), data: z.nullable(data as z.ZodType), warnings: z.array(warning) }
  return z.discriminatedUnion('ok', [
    z.strictObject({ ...shared, ok: z.literal(true) }),
    z.strictObject({ ...shared, ok: z.literal(false), error: failure }),
  ])
}
