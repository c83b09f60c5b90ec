/**
 * What each command answers: the `data` of the JSON contract (`design.md` sections 4 and 5), and the same values for people.
 * Ids are text, times RFC 3339 UTC, durations whole milliseconds, sizes bytes. `null` means "known to be nothing, or not known";
 * a member that may be absent says so.
 */
import type { DemoChannel, DemoStepKind, DemoSummary, JournalEntry } from './demo.ts'
import type { CrmError, ErrorCode } from './errors.ts'
import type { Field } from './field.ts'
import type { Integration, LastTest, Source } from './integration.ts'
import type { JsonObject } from './json.ts'
import type { AuthMethod, Check, Identity, Warning } from './provider.ts'

/** The result of a command: what `--json` wraps in its envelope, and what a view turns into text for people. */
export interface Answer<T> {
  /** `crm.<command>/<number>`; additive changes only within a number. */
  readonly schema: string
  /** Null when a failure left nothing to tell; a failure may still bring what was found (partial results). */
  readonly data: T | null
  readonly warnings: readonly Warning[]
  /** Present when the command failed; `ok` is then false, and the exit status is the error's. */
  readonly error?: CrmError
}

/** An integration as commands print it. */
export interface IntegrationAnswer extends Integration {
  /** By field key. `value` is present only where `--reveal` asked for it. */
  readonly secrets: Readonly<Record<string, { readonly set: boolean; readonly updatedAt: string | null; readonly value?: string }>>
  /** `environment` for the one made of variables, whose name is `env:<provider>`. */
  readonly source: Source
}

/** `R`: the result of one connection test. */
export interface TestResult {
  readonly name: string
  readonly provider: string
  readonly profile: string
  readonly source: Source
  readonly outcome: 'connected' | 'failed' | 'skipped'
  /** The error code of a failure, else null. */
  readonly cause: ErrorCode | null
  readonly message: string | null
  readonly hint: string | null
  readonly identity: Identity | null
  readonly checks: readonly Check[]
  readonly server: { readonly version: string | null } | null
  /** Null when nothing was sent. */
  readonly latencyMs: number | null
  /** Null when skipped; of the earlier test when `cached`. */
  readonly checkedAt: string | null
  readonly cached: boolean
}

/** `crm test`. Results stand in the order asked for, else by name. */
export interface TestAnswer {
  readonly profile: string
  readonly results: readonly TestResult[]
  readonly summary: { readonly total: number; readonly connected: number; readonly failed: number; readonly skipped: number }
}

/** `crm add`, `edit`, `toggle`, `show`: the integration as it is now, and the test that was made on the way (null: none). */
export interface IntegrationOneAnswer {
  readonly integration: IntegrationAnswer
  readonly test: TestResult | null
}

/** `crm add --from` with an array: all that were added, in the order of the file. */
export interface IntegrationManyAnswer {
  readonly integrations: readonly IntegrationOneAnswer[]
}

/** The totals of a list. `failing` and `untested` count active ones only. */
export interface ListSummary {
  readonly total: number
  readonly active: number
  readonly inactive: number
  readonly failing: number
  readonly untested: number
}

/** `crm list`, by name. */
export interface ListAnswer {
  readonly profile: string
  readonly integrations: readonly IntegrationAnswer[]
  readonly summary: ListSummary
}

/** `crm remove`, `crm profile remove`: the name; `crm key remove`: the id of the slot. */
export interface RemovedAnswer {
  readonly removed: string
}

/** `crm stats`. */
export interface StatsAnswer {
  readonly profile: string
  /** By provider id. `lastTest` is the newest of all its integrations. */
  readonly providers: readonly {
    readonly provider: string
    readonly total: number
    readonly active: number
    readonly failing: number
    readonly lastTest: LastTest | null
  }[]
  readonly vault: { readonly path: string; readonly bytes: number }
  /** Demos that are not removed. */
  readonly demos: { readonly alive: number }
}

/** One line of the catalogue. */
export interface ProviderEntry {
  readonly id: string
  readonly name: string
  readonly docs: string
  readonly authMethods: readonly AuthMethod[]
  readonly capabilities: readonly string[]
  /** SHA-256 of the definition that it was added with, hex; null for a provider of ours. */
  readonly definition: string | null
}

/** A definition as a person looks at it: who gets what. */
export interface DefinitionView {
  readonly id: string
  readonly name: string
  /** SHA-256 of its text, hex. */
  readonly definition: string
  readonly hosts: readonly string[]
  readonly fields: readonly { readonly key: string; readonly label: string; readonly sensitivity: 'secret' | 'public' }[]
  /** The request of its test; `<name>` stands for the value of a field. */
  readonly test: { readonly method: string; readonly address: string }
}

/** `crm providers add`. `affected` are integrations that ask again before they use it. */
export interface DefinitionAnswer {
  readonly provider: DefinitionView
  readonly changed: boolean
  readonly replaced: boolean
  readonly path: string
  readonly affected: readonly string[]
}

/** `crm providers validate`. */
export interface DefinitionValidAnswer {
  readonly provider: DefinitionView
}

/** `crm providers export`. `path` is null when it was printed. */
export interface DefinitionExportAnswer {
  readonly id: string
  readonly path: string | null
  readonly text: string
}

/** `crm providers remove`. `affected` are integrations that cannot be used without it. */
export interface DefinitionRemoveAnswer {
  readonly removed: string
  readonly affected: readonly string[]
}

/** A field as `crm providers <id>` shows it. */
export interface FieldAnswer {
  readonly key: string
  readonly label: string
  readonly kind: Field['kind']
  readonly sensitivity: Field['sensitivity']
  /** Whether a value must be given: not optional, no default, and asked whatever the other values are. */
  readonly required: boolean
  readonly env: string
  /** `--base-url`; of a secret the first of its three forms, `--api-key-stdin` (the others end in `-file` and `-env`). */
  readonly flag: string
  readonly help: string | null
  readonly example: string | null
  readonly default: string | null
  readonly choices: readonly { readonly value: string; readonly label: string }[] | null
  readonly when: { readonly field: string; readonly is: string } | null
  /** A second condition that is enough, too. */
  readonly orWhen: { readonly field: string; readonly is: string } | null
}

/** One thing that `crm doctor` has looked at. `fix` is the one command that mends it; `cause` the error that a command ends with. */
export interface DoctorFinding {
  readonly id: string
  readonly state: 'ok' | 'warning' | 'problem' | 'skipped'
  readonly detail: string
  readonly cause: ErrorCode | null
  readonly fix: string | null
}

/** `crm doctor`. `report` is the text for an issue: no names, no addresses. */
export interface DoctorAnswer {
  readonly checks: readonly DoctorFinding[]
  readonly summary: { readonly ok: number; readonly warnings: number; readonly problems: number; readonly skipped: number }
  readonly report: string
}

/** `crm providers`, by id. */
export interface ProvidersAnswer {
  readonly providers: readonly ProviderEntry[]
}

/** `crm providers <id>`. `jsonSchema` is that of the answers file of `crm add <id> --from`. */
export interface ProviderAnswer {
  readonly provider: ProviderEntry & { readonly fields: readonly FieldAnswer[]; readonly jsonSchema: JsonObject }
}

/** `crm env`: a reveal. `query` holds what authenticates in the address, for a CRM that knows nothing else. */
export interface EnvAnswer {
  readonly name: string
  readonly provider: string
  readonly source: Source
  readonly baseUrl: string
  readonly headers: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** Null for a provider without access tokens. */
  readonly accessToken: string | null
  readonly expiresAt: string | null
  /** What the text form exports. */
  readonly variables: Readonly<Record<string, string>>
}

/** `crm authorize`. The code is sealed for the machine that asked for it. */
export interface AuthorizeAnswer {
  readonly provider: string
  readonly code: string
}

/** `crm export`. */
export interface ExportAnswer {
  readonly profile: string
  /** `age` is sealed; the others are plain text. */
  readonly format: 'age' | 'json' | 'dotenv'
  /** The public keys that open it; empty for a passphrase, and for plain text. */
  readonly recipients: readonly string[]
  readonly integrations: readonly { readonly name: string; readonly provider: string }[]
  /** Where it was written; null when it is `text`. */
  readonly path: string | null
  readonly bytes: number
  /** The file itself, armored when it is sealed; null when it was written to `path`. */
  readonly text: string | null
}

/** One integration of a file that is imported. */
export interface ImportItem {
  readonly name: string
  readonly provider: string
  /** Against what is stored under that name. */
  readonly state: 'new' | 'same' | 'differs'
  /** What is done about it. Where one is refused, nothing is imported. */
  readonly action: 'add' | 'keep' | 'replace' | 'skip' | 'refuse'
  /** What differs: keys of fields, `active`, `definition`, `provider`. Never a value. */
  readonly changes: readonly string[]
}

/** `crm import`, in the order of the file. */
export interface ImportAnswer {
  readonly profile: string
  /** Whether anything was changed; for a dry run, whether it would be. */
  readonly changed: boolean
  readonly dryRun: boolean
  /** Whether the file was an age file. */
  readonly sealed: boolean
  readonly integrations: readonly ImportItem[]
  readonly summary: { readonly total: number; readonly new: number; readonly same: number; readonly differs: number }
}

/** `crm init`. `created` is false when the vault and the profile were there. */
export interface InitAnswer {
  readonly created: boolean
  readonly vault: string
  readonly profile: string
  readonly keySlot: KeySlotAnswer
}

/** One profile, as a list shows it. */
export interface ProfileEntry {
  readonly name: string
  readonly current: boolean
  readonly integrations: number
  readonly keySlots: number
}

/** `crm profile list`, by name. */
export interface ProfileListAnswer {
  readonly profiles: readonly ProfileEntry[]
}

/** `crm profile create`, `use`, `rename`: the profile as it is now. */
export interface ProfileAnswer {
  readonly profile: ProfileEntry
}

/** A value in use and where it came from: `flag`, `CRM_PROFILE`, `config`, `default`, a path. */
export interface Origin {
  /** Null when there is none, such as no key source at hand. */
  readonly value: string | null
  readonly from: string
}

/** `crm which`. */
export interface WhichAnswer {
  readonly profile: Origin
  readonly vault: Origin
  readonly keySource: Origin
}

/** Somebody who opens a profile with an age identity of their own. */
export interface MemberAnswer {
  /** Of the key slot. */
  readonly id: string
  readonly name: string
  /** The public key, `age1...`. */
  readonly recipient: string
  readonly createdAt: string
  /** Whether a holder of the profile's key has written this; false also while the profile is locked. */
  readonly verified: boolean
}

/** `crm profile share`. `fingerprint` names the profile to the member, who compares it with their own. */
export interface ProfileShareAnswer {
  readonly profile: string
  readonly member: MemberAnswer
  readonly fingerprint: string
}

/** `crm profile members`. `fingerprint` is null while the profile is locked. */
export interface ProfileMembersAnswer {
  readonly profile: string
  readonly members: readonly MemberAnswer[]
  readonly fingerprint: string | null
}

/** `crm profile revoke`: what the member may have copied, and has to be made anew at its CRM. */
export interface ProfileRevokeAnswer {
  readonly profile: string
  readonly revoked: MemberAnswer
  /** The generation of the new data key. */
  readonly generation: number
  readonly renew: readonly {
    readonly name: string
    readonly provider: string
    readonly secrets: readonly string[]
    readonly docs: string
  }[]
}

/** A key slot; nothing in it helps to guess the key. */
export interface KeySlotAnswer {
  readonly id: string
  readonly kind: 'env' | 'file' | 'passphrase' | 'keychain' | 'recipient'
  readonly label: string
  /** The id of the raw key that opens it, as errors name it; null for a passphrase. */
  readonly keyId: string | null
  readonly createdAt: string
}

/** `crm key generate`: 32 random bytes, base64. */
export interface KeyAnswer {
  readonly key: string
}

/** `crm key list`, oldest first. */
export interface KeyListAnswer {
  readonly slots: readonly KeySlotAnswer[]
}

/** `crm key add`. */
export interface KeySlotAddedAnswer {
  readonly slot: KeySlotAnswer
}

/** `crm key rotate`: the slots by their ids. */
export interface KeyRotateAnswer {
  /** Of the data key; 1 for a new profile. */
  readonly generation: number
  /** How many rows were sealed anew. */
  readonly rows: number
  readonly kept: readonly string[]
  readonly dropped: readonly string[]
}

/** `crm unlock`: until when, RFC 3339 UTC, and where the key is kept. */
export interface UnlockAnswer {
  readonly profile: string
  readonly until: string
  readonly place: 'keychain' | 'memory'
}

/** `crm lock`. */
export interface LockAnswer {
  readonly profile: string
  readonly wasUnlocked: boolean
}

/** One row of the audit log (`security.md` section 16). */
export interface AuditEventAnswer {
  readonly sequence: number
  readonly at: string
  readonly event: string
  readonly actor: string
  readonly outcome: string
  readonly details: JsonObject
}

/** `crm audit`, oldest first. `verified` is false when the profile was locked, so that nothing could be checked. */
export interface AuditAnswer {
  readonly events: readonly AuditEventAnswer[]
  readonly verified: boolean
}

/** `crm audit prune`: how many events were dropped, and where the log ended before, to keep elsewhere. */
export interface AuditPruneAnswer {
  readonly dropped: number
  readonly sequence: number
  readonly mac: string
}

/** `crm audit verify`. */
export interface AuditVerifyAnswer {
  readonly rows: number
  /** How many rows retention has dropped before them. */
  readonly dropped: number
  readonly firstAt: string | null
  readonly lastAt: string | null
  /** The MAC of the last row, hex; null when there is none. */
  readonly head: string | null
  /** The sequence of the first row that is not as it was written; null when all are. */
  readonly firstBad: number | null
}

/** `crm audit head`: what to keep elsewhere. */
export interface AuditHeadAnswer {
  readonly sequence: number
  readonly mac: string
}

/** `crm vault verify`: how many rows were opened, and what is wrong with which. */
export interface VaultVerifyAnswer {
  readonly rows: number
  readonly verified: readonly string[]
  /** Profiles whose keys were not at hand. */
  readonly unverified: readonly string[]
  readonly problems: readonly {
    readonly profile: string
    readonly table: string
    readonly name: string
    readonly code: string
    readonly message: string
    readonly hint: string
  }[]
}

/** `crm vault backup`, `crm vault restore`. */
export interface VaultCopyAnswer {
  readonly file: string
  /** How many rows were opened on the way. */
  readonly rows: number
  readonly verified: readonly string[]
  /** Profiles whose keys were not at hand. */
  readonly unverified: readonly string[]
}

/** `crm vault restore`: where the content of before is kept. */
export interface VaultRestoreAnswer extends VaultCopyAnswer {
  readonly previous: string
}

/** `crm vault path`. */
export interface VaultPathAnswer {
  readonly path: string
}

/** `crm vault accept-older`. */
export interface VaultAcceptedAnswer extends VaultPathAnswer {
  readonly profile: string
  /** False where nothing was older. */
  readonly changed: boolean
}

/** A Chatwoot account. The name comes from the server. */
export interface AccountAnswer {
  readonly id: string
  readonly name: string | null
}

/** The inbox of a demo. */
export interface DemoInboxAnswer {
  readonly id: string
  readonly name: string
  readonly channel: DemoChannel
  /** Present for channel `web`. */
  readonly websiteToken?: string
  /** Present for channel `api`. */
  readonly identifier?: string
  /** Its page in the dashboard. */
  readonly url: string
}

/** The agent bot of a demo. */
export interface DemoBotAnswer {
  readonly id: string
  readonly name: string
  readonly outgoingUrl: string
}

/** One step of a plan, and what became of it. */
export interface DemoStepAnswer {
  readonly kind: DemoStepKind
  /** `adopt`: found by its mark, made by an earlier run. `delete`: a webhook that is not wanted any more. */
  readonly action: 'create' | 'update' | 'keep' | 'adopt' | 'delete'
  /** What it is about, for people: a name, a URL, e-mail addresses. */
  readonly name: string
  /** The remote object; null before it is there. */
  readonly id: string | null
  /** The settings that differ, for `update`; else empty. */
  readonly changes: readonly string[]
  /** `planned`: not begun. `undone`: made and removed again. `left`: made, and could not be removed. `unknown`: sent, no answer. */
  readonly outcome: 'planned' | 'done' | 'failed' | 'undone' | 'left' | 'unknown'
}

/**
 * `crm demo-create`. A dry run and a failure say what they can: `createdAt`, `account`, `inbox`, `bot` and `snippet` are null
 * where there is nothing.
 */
export interface DemoCreateAnswer {
  /** Whether the run wrote anything that is still there; for a dry run, whether it would. */
  readonly changed: boolean
  readonly dryRun: boolean
  readonly demo: {
    readonly slug: string
    readonly name: string
    readonly integration: string
    readonly source: Source
    readonly createdAt: string | null
  }
  readonly account: AccountAnswer | null
  readonly inbox: DemoInboxAnswer | null
  readonly bot: DemoBotAnswer | null
  /** The HTML to put before `</body>`; null for channel `api`. */
  readonly snippet: string | null
  readonly steps: readonly DemoStepAnswer[]
  /** With `--verify`. */
  readonly verification?: DemoVerification
  /** With several integrations. */
  readonly chosen?: DemoChoice
}

/** Which of several integrations a demo is in, and why. */
export interface DemoChoice {
  readonly integration: string
  /** `lives_there`: the demo is in it. `healthy`: the first of them that is usable. */
  readonly because: 'lives_there' | 'healthy'
  /** Those before it that are not usable now. */
  readonly skipped: readonly { readonly name: string; readonly cause: ErrorCode; readonly message: string }[]
}

/** `crm demo-list`, by slug. */
export interface DemoListAnswer {
  readonly demos: readonly DemoSummary[]
}

/** `crm demo-show`. What the server knows is null when it was not asked or did not answer. */
export interface DemoShowAnswer {
  readonly demo: DemoSummary
  readonly channel: DemoChannel
  readonly updatedAt: string
  readonly account: AccountAnswer | null
  readonly inbox: DemoInboxAnswer | null
  readonly bot: DemoBotAnswer | null
  readonly snippet: string | null
  /** By name (`botAccessToken`, ...). `value` is present only with `--reveal`. */
  readonly secrets: Readonly<Record<string, { readonly set: boolean; readonly value?: string }>>
  readonly journal: readonly JournalEntry[]
}

/** One thing that `crm demo-verify` did or looked at, in order. */
export interface VerifyStep {
  /** `link`, `address`, `listen`, `enter`, `message`, `answer`, `tidy`. */
  readonly name: string
  readonly passed: boolean
  readonly detail: string | null
  /** How long it took; null where nothing was waited for. */
  readonly latencyMs: number | null
}

/** A delivery that `--listen` took in the place of the bot. Of its payload nothing is kept but what it is about. */
export interface TakenDelivery {
  readonly at: string
  readonly event: string
  readonly messageType: string | null
  readonly conversationId: string | null
  /** Chatwoot's id of the delivery, the same when it tries again; null before 4.13. */
  readonly deliveryId: string | null
  readonly signature: 'valid' | 'stale' | 'invalid' | 'missing' | 'unchecked'
}

/** A delivery that `crm webhook listen` took, and what it was answered with where it was sent on; `status` is null without an answer. */
export interface ListenedDelivery extends TakenDelivery {
  readonly forwarded: { readonly status: number | null; readonly latencyMs: number } | null
}

/** `crm webhook listen`, once it has ended. */
export interface WebhookListenAnswer {
  readonly url: string
  readonly deliveries: readonly ListenedDelivery[]
}

/** `crm webhook verify`. `stale` is valid, and more than five minutes away from now. */
export interface WebhookVerifyAnswer {
  readonly signature: TakenDelivery['signature']
  /** By `X-Chatwoot-Timestamp`; null where there is none. */
  readonly signedAt: string | null
  readonly ageMs: number | null
}

/** What talking to a demo as a customer has shown. */
export interface DemoVerification {
  /** Whether the demo's own bot has answered. */
  readonly answered: boolean
  readonly steps: readonly VerifyStep[]
  readonly reply: {
    readonly text: string | null
    readonly botId: string
    readonly botName: string | null
    readonly latencyMs: number
  } | null
  /** Why nothing came, as far as it can be known; null when the bot answered. */
  readonly diagnosis: { readonly code: string; readonly message: string; readonly hint: string } | null
  readonly deliveries: readonly TakenDelivery[]
}

/** `crm demo-verify`. */
export interface DemoVerifyAnswer extends DemoVerification {
  readonly demo: { readonly slug: string; readonly name: string; readonly integration: string; readonly source: Source }
}

/** An inbox of an account. What its channel does not have is null. */
export interface InboxItem {
  readonly id: string
  readonly name: string
  /** `other`: a channel that demos are not made of. */
  readonly channel: DemoChannel | 'other'
  readonly websiteUrl: string | null
  readonly websiteToken: string | null
  readonly identifier: string | null
  readonly webhookUrl: string | null
  /** The slug of the demo that it is a part of. */
  readonly demo: string | null
}

/** An agent bot. */
export interface BotItem {
  readonly id: string
  readonly name: string
  readonly description: string | null
  /** Null where the server does not say, as for bots of the whole installation. */
  readonly url: string | null
  /** Whether it belongs to the whole installation. */
  readonly system: boolean
  readonly demo: string | null
}

/** A webhook of an account. */
export interface WebhookItem {
  readonly id: string
  readonly name: string | null
  readonly url: string
  /** In order of the alphabet. */
  readonly events: readonly string[]
  readonly demo: string | null
}

/** `crm chatwoot inboxes list`, by name. */
export interface InboxListAnswer {
  readonly inboxes: readonly InboxItem[]
}

/** `crm chatwoot bots list`, by name. */
export interface BotListAnswer {
  readonly bots: readonly BotItem[]
}

/** `crm chatwoot webhooks list`, by id. */
export interface WebhookListAnswer {
  readonly webhooks: readonly WebhookItem[]
}

/** `crm chatwoot inboxes create`, `update`. */
export interface InboxAnswer {
  readonly inbox: InboxItem
}

/** `crm chatwoot bots update`. */
export interface BotAnswer {
  readonly bot: BotItem
}

/** `crm chatwoot bots create`: the one time that its secrets are shown. Null where the release has none. */
export interface NewBotAnswer extends BotAnswer {
  readonly secrets: { readonly accessToken: string | null; readonly secret: string | null }
}

/** `crm chatwoot webhooks update`. */
export interface WebhookAnswer {
  readonly webhook: WebhookItem
}

/** `crm chatwoot webhooks create`: the one time that its secret is shown. Null where the release has none. */
export interface NewWebhookAnswer extends WebhookAnswer {
  readonly secret: string | null
}

/** `crm chatwoot inboxes|bots|webhooks delete`. `pending`: the server still deletes in the background. */
export interface ObjectDeletedAnswer {
  readonly removed: string
  readonly pending: boolean
}

/** What became of one demo that was to be removed. */
export interface DemoRemoval {
  readonly slug: string
  readonly integration: string
  readonly source: Source
  /**
   * `planned`: of a dry run. `pending`: the server still deletes in the background. `gone`: was removed before. `partial`: see `left`.
   * `busy`: another run is working on it. `failed`: nothing was touched, see `error`.
   */
  readonly outcome: 'planned' | 'removed' | 'pending' | 'gone' | 'partial' | 'busy' | 'forgotten' | 'failed'
  readonly left: readonly { readonly kind: DemoStepKind; readonly id: string }[]
  /** There with `failed` alone. */
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly hint: string | null }
}

/** `crm demo-remove`, `crm demo-destroy`, `crm demo-sweep`. */
export interface DemoRemoveAnswer {
  readonly changed: boolean
  readonly demos: readonly DemoRemoval[]
}

/** A demo of a file, what is to be done for it, and what became of it. */
export interface DemoApplyItem {
  readonly slug: string
  readonly name: string
  readonly integration: string
  readonly source: Source
  /** `skip`: over before it was made. `delete`: the file does not name it any more. */
  readonly action: 'create' | 'update' | 'keep' | 'delete' | 'skip'
  readonly outcome: 'planned' | 'done' | 'failed'
  readonly inboxId: string | null
  readonly botId: string | null
  /** The settings that differ, for `update`; else empty. */
  readonly changes: readonly {
    readonly kind: DemoStepKind
    readonly field: string
    readonly from: string | null
    readonly to: string | null
  }[]
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly hint: string | null } | null
}

/** `crm demo-apply`: in the order of the file, then what is deleted. */
export interface DemoApplyAnswer {
  /** Whether anything was changed; for a dry run, whether it would be. */
  readonly changed: boolean
  readonly dryRun: boolean
  readonly demos: readonly DemoApplyItem[]
  readonly summary: {
    readonly create: number
    readonly update: number
    readonly keep: number
    readonly delete: number
    readonly failed: number
  }
}

/** `crm demo-extend`. */
export interface DemoExtendAnswer {
  readonly changed: boolean
  readonly demo: {
    readonly slug: string
    readonly name: string
    readonly integration: string
    readonly source: Source
    /** Null for a demo without an end. */
    readonly expiresAt: string | null
  }
}

/** `crm demo-open`. */
export interface DemoOpenAnswer {
  readonly demo: { readonly slug: string; readonly name: string; readonly integration: string; readonly source: Source }
  /** `dashboard`: its inbox, for agents. `page`: what customers see. */
  readonly place: 'dashboard' | 'page'
  readonly address: string
  /** Whether a browser was asked to open it. */
  readonly opened: boolean
}

/** `crm demo-export`. */
export interface DemoExportAnswer {
  /** How many there are in it. */
  readonly demos: number
  /** Where it was written; null for standard output. */
  readonly path: string | null
  /** The file, as YAML. */
  readonly text: string
}

/** `crm sandbox`: where it listens and the variables that point at it. Its tokens open nothing else, so they are shown. */
export interface SandboxAnswer {
  readonly url: string
  readonly serverVersion: string
  readonly environment: Readonly<Record<string, string>>
}

/** `crm tour`: each command as it was run, with the status it ended with. */
export interface TourAnswer {
  readonly steps: readonly { readonly command: string; readonly exitStatus: number; readonly output: string; readonly durationMs: number }[]
  readonly durationMs: number
}

/** `crm help <topic>`. */
export interface HelpAnswer {
  readonly topic: string
  readonly text: string
}
