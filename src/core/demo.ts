import type { Source } from './integration.ts'

/** The channel of a demo's inbox: a website widget, or the API channel. */
export type DemoChannel = 'web' | 'api'

/** `ready`: everything is there. `partial`: something is missing or left over. `deleting`: the server still deletes. `removed`: gone, kept 30 days. */
export type DemoStatus = 'ready' | 'partial' | 'deleting' | 'removed'

/** What a demo is made of, in the order in which it is made. */
export type DemoStepKind = 'bot' | 'inbox' | 'webhook' | 'link' | 'hours' | 'agents'

/** One journal entry: what a run was about to do, and what became of it (`security.md` section 12). */
export interface JournalEntry {
  /** 32 hex digits, one per run. */
  readonly runId: string
  readonly kind: DemoStepKind
  readonly action: 'create' | 'update' | 'delete' | 'adopt'
  /** `intent` is committed before the call; an `intent` that stays has an unknown result. */
  readonly state: 'intent' | 'done' | 'failed'
  /** SHA-256 of the request's method, path and body, hex. `adopt` sends nothing: what was found to be so, or empty. */
  readonly digest: string
  readonly remoteId: string | null
  /** RFC 3339 UTC. */
  readonly at: string
}

/** A demo as the vault keeps it. Everything in it is authenticated. */
export interface DemoRecord {
  readonly slug: string
  readonly name: string
  /** The integration's name; `env:chatwoot` for the environment. */
  readonly integration: string
  /**
   * Where the ids belong: `https://chat.example.com/app/accounts/3`. An integration that is edited to another server or account
   * must not make the same numbers mean somebody else's objects.
   */
  readonly account: string
  readonly channel: DemoChannel
  readonly status: DemoStatus
  readonly inboxId: string | null
  readonly botId: string | null
  readonly createdAt: string
  readonly updatedAt: string
  /** When it may be swept, RFC 3339 UTC; null or left out: never. */
  readonly expiresAt?: string | null
  readonly journal: readonly JournalEntry[]
}

/** `D` of the JSON contract. */
export interface DemoSummary {
  readonly slug: string
  readonly name: string
  readonly integration: string
  /** `environment` for one that is made with variables. */
  readonly source: Source
  readonly status: DemoStatus
  readonly inboxId: string | null
  readonly botId: string | null
  readonly createdAt: string
  /** When it may be swept; null for one without an end. */
  readonly expiresAt: string | null
}

/** Secrets that Chatwoot returned, by name: `botAccessToken`, `botSecret`, `inboxHmacToken`, `inboxSecret`. */
export type DemoSecrets = Readonly<Record<string, string>>

/**
 * The journal of one demo, kept by whoever runs the provisioning: the vault, or memory where there is no vault.
 * One run at a time holds it.
 */
export interface DemoJournal {
  /** The record and its secrets as last written; undefined when this demo was never seen. */
  read(): Promise<{ readonly record: DemoRecord; readonly secrets: DemoSecrets } | undefined>
  /** Replaces record and secrets in one durable transaction; resolves after the commit. Of writes that come before that, the last one stands. */
  write(record: DemoRecord, secrets: DemoSecrets): Promise<void>
}

/** The mark by which a demo's objects are found on the server, from any machine: `[crm-demo:<slug>]`. */
export function demoMark(slug: string): string {
  return `[crm-demo:${slug}]`
}

/** A field of the form before a chat: the name of one of Chatwoot's, or of a custom attribute. */
export interface DemoPreChatField {
  readonly name: string
  readonly label?: string | undefined
  readonly type?: string | undefined
  readonly required?: boolean | undefined
}

/** What is asked for when a demo is made. Everything but `name` and `botUrl` may be left out. */
export interface DemoRequest {
  /** The name of inbox and bot, used as it is; at most 255 characters. */
  readonly name: string
  /** Where the bot gets its events: http or https, at most 2,048 characters. */
  readonly botUrl: string
  /** The key of the demo; made from the name where it is left out. */
  readonly slug?: string | undefined
  /** Default `web`. */
  readonly channel?: DemoChannel | undefined
  /** For channel `web`; default `https://example.com`. */
  readonly websiteUrl?: string | undefined
  /** For channel `api`. */
  readonly webhookUrl?: string | undefined
  readonly greeting?: string | undefined
  /** For channel `web`. */
  readonly welcomeTitle?: string | undefined
  /** For channel `web`. */
  readonly welcomeTagline?: string | undefined
  /** For channel `web`: `#rrggbb`. */
  readonly color?: string | undefined
  /** E-mail addresses of agents who get access to the inbox. */
  readonly agents?: string[] | undefined
  /** The form before a chat, for channel `web`; `false` switches it off. */
  readonly preChat?: false | { readonly message?: string | undefined; readonly fields: (string | DemoPreChatField)[] } | undefined
  /** Business hours; `false` switches them off. */
  readonly hours?: false | { readonly timezone?: string | undefined; readonly open: string; readonly away?: string | undefined } | undefined
  /** Webhooks of the account that belong to the demo. Their addresses are unique in an account. */
  readonly webhooks?: { readonly url: string; readonly events?: string[] | undefined }[] | undefined
  /** How long the demo lives, from its creation on: `7d`. */
  readonly ttl?: string | undefined
  /** When the demo may be swept, RFC 3339; `never` takes an end away. */
  readonly expires?: string | undefined
  /** What to do when the demo is there already; default `reuse`. */
  readonly ifExists?: 'reuse' | 'fail' | 'replace' | undefined
  /** Stop after the plan. */
  readonly dryRun?: boolean | undefined
  /** Leave what a failed run has made. */
  readonly keepOnFailure?: boolean | undefined
}
