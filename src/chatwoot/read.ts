/**
 * Chatwoot's JSON as values of ours (contract sections 5 to 9). Unknown keys are ignored, every key but `id` may be missing, since
 * versions differ; ids become text. `undefined` means that the server does not say, `null` that it says "nothing".
 */
import type { DemoChannel } from '../core/demo.ts'
import { CrmError } from '../core/errors.ts'
import type { Json } from '../core/json.ts'
import { Secret } from '../core/secret.ts'
import { readHours } from './demo-hours.ts'
import { readPreChat } from './demo-pre-chat.ts'

/** What `GET /api` tells. */
export interface ServerInfo {
  readonly version: string
  /** `failing` when background work does not run; undefined before 2.14. */
  readonly queueServices: string | undefined
  readonly dataServices: string | undefined
}

/** An account as the profile of one of its users lists it. */
export interface Membership {
  readonly id: string
  readonly name: string | null
  readonly status: string | undefined
  readonly role: string | undefined
  /** False on Chatwoot Cloud plans without API access. */
  readonly apiAccess: boolean | undefined
}

/** The user that a token belongs to. */
export interface Profile {
  readonly name: string | null
  readonly email: string | null
  readonly accounts: readonly Membership[]
}

/** An inbox; fields in the words of our commands. */
export interface Inbox {
  readonly id: string
  readonly name: string | undefined
  /** Undefined for channels that demos are not made of. */
  readonly channel: DemoChannel | undefined
  readonly greetingEnabled: boolean | undefined
  readonly greeting: string | null | undefined
  readonly emailCollect: boolean | undefined
  readonly autoAssignment: boolean | undefined
  readonly csatSurvey: boolean | undefined
  readonly outOfOffice: string | null | undefined
  /** Whether business hours are on; outside of them {@link outOfOffice} is shown to customers. */
  readonly hoursEnabled: boolean | undefined
  /** Of the time zone database: `Europe/Zurich`. */
  readonly timezone: string | undefined
  /** The business hours as text (`demo-hours.ts`). */
  readonly hours: string | undefined
  /** The form before a chat as text (`demo-pre-chat.ts`); undefined for channels that have none. */
  readonly preChat: string | undefined
  readonly websiteUrl: string | null | undefined
  readonly color: string | null | undefined
  readonly welcomeTitle: string | null | undefined
  readonly welcomeTagline: string | null | undefined
  readonly webhookUrl: string | null | undefined
  readonly websiteToken: string | undefined
  readonly identifier: string | undefined
  /** Ready-made HTML that shows the widget. */
  readonly script: string | undefined
  readonly hmacToken: Secret | undefined
  readonly secret: Secret | undefined
}

/** An agent bot. */
export interface AgentBot {
  readonly id: string
  readonly name: string | null | undefined
  readonly description: string | null | undefined
  readonly outgoingUrl: string | null | undefined
  /** Null for a bot of the whole installation. */
  readonly accountId: string | null | undefined
  readonly isSystem: boolean
  readonly accessToken: Secret | undefined
  readonly secret: Secret | undefined
}

/** A webhook of the account. */
export interface AccountWebhook {
  readonly id: string
  /** Undefined before 4.8. */
  readonly name: string | null | undefined
  readonly url: string
  /** Sorted, joined by a comma and a space; undefined before 2.5. */
  readonly events: string | undefined
  readonly secret: Secret | undefined
}

/** A person who answers conversations. */
export interface Agent {
  readonly id: string
  readonly email: string | undefined
}

/** A message of a conversation. */
export interface Message {
  readonly id: string
  readonly kind: 'incoming' | 'outgoing' | 'activity' | 'template'
  readonly content: string | null
  /** Only agents see it. */
  readonly isPrivate: boolean
  readonly conversationId: string | undefined
  /** Who wrote it; null for the system. */
  readonly sender: { readonly type: 'contact' | 'user' | 'agent_bot' | 'other'; readonly id: string; readonly name: string | null } | null
}

/** The `GET /api` answer; undefined when it is not that of a Chatwoot. */
export function readServerInfo(json: Json): ServerInfo | undefined {
  const record = asRecord(json)
  const version = record === undefined ? undefined : text(record, 'version')
  if (record === undefined || typeof version !== 'string') return undefined
  return { version, queueServices: text(record, 'queue_services') ?? undefined, dataServices: text(record, 'data_services') ?? undefined }
}

/** The `GET /api/v1/profile` answer. */
export function readProfile(json: Json): Profile {
  const record = need(json, 'the profile')
  const accounts = Array.isArray(record.accounts) ? record.accounts : []
  return {
    name: text(record, 'name') ?? null,
    email: text(record, 'email') ?? null,
    accounts: accounts.map((entry) => {
      const account = need(entry, 'an account of the profile')
      return {
        id: idOf(account, 'an account of the profile'),
        name: text(account, 'name') ?? null,
        status: text(account, 'status') ?? undefined,
        role: text(account, 'role') ?? undefined,
        apiAccess: flag(account, 'api_and_webhooks'),
      }
    }),
  }
}

/** The name of an account, from `GET /api/v1/accounts/{id}`. */
export function readAccountName(json: Json): string | null {
  return text(need(json, 'the account'), 'name') ?? null
}

const CHANNELS: ReadonlyMap<string, DemoChannel> = new Map([
  ['Channel::WebWidget', 'web'],
  ['Channel::Api', 'api'],
])

/** A bare inbox object. */
export function readInbox(json: Json): Inbox {
  const record = need(json, 'an inbox')
  return {
    id: idOf(record, 'an inbox'),
    name: text(record, 'name') ?? undefined,
    channel: CHANNELS.get(text(record, 'channel_type') ?? ''),
    greetingEnabled: flag(record, 'greeting_enabled'),
    greeting: text(record, 'greeting_message'),
    emailCollect: flag(record, 'enable_email_collect'),
    autoAssignment: flag(record, 'enable_auto_assignment'),
    csatSurvey: flag(record, 'csat_survey_enabled'),
    outOfOffice: text(record, 'out_of_office_message'),
    hoursEnabled: flag(record, 'working_hours_enabled'),
    timezone: text(record, 'timezone') ?? undefined,
    hours: readHours(record.working_hours),
    preChat: readPreChat(record.pre_chat_form_enabled, record.pre_chat_form_options),
    websiteUrl: text(record, 'website_url'),
    color: text(record, 'widget_color'),
    welcomeTitle: text(record, 'welcome_title'),
    welcomeTagline: text(record, 'welcome_tagline'),
    webhookUrl: text(record, 'webhook_url'),
    websiteToken: text(record, 'website_token') ?? undefined,
    identifier: text(record, 'inbox_identifier') ?? undefined,
    script: text(record, 'web_widget_script') ?? undefined,
    hmacToken: secret(record, 'hmac_token'),
    secret: secret(record, 'secret'),
  }
}

/** `{"payload": [inbox, ...]}`. */
export function readInboxes(json: Json): readonly Inbox[] {
  return needList(need(json, 'the list of inboxes').payload, 'the list of inboxes').map(readInbox)
}

/** A bare agent bot object. */
export function readBot(json: Json): AgentBot {
  const record = need(json, 'an agent bot')
  const accountId = record.account_id
  return {
    id: idOf(record, 'an agent bot'),
    name: text(record, 'name'),
    description: text(record, 'description'),
    outgoingUrl: text(record, 'outgoing_url'),
    accountId: accountId === null || accountId === undefined ? accountId : String(accountId),
    isSystem: record.system_bot === true || accountId === null,
    accessToken: secret(record, 'access_token'),
    secret: secret(record, 'secret'),
  }
}

/** A bare list of agent bots. */
export function readBots(json: Json): readonly AgentBot[] {
  return needList(json, 'the list of agent bots').map(readBot)
}

/** The id of the bot in `GET .../agent_bot`; null for `{}`, `{"agent_bot": null}` and `{"agent_bot": {}}` alike (contract section 7.1). */
export function readLinkedBotId(json: Json): string | null {
  const bot = asRecord(need(json, 'the bot of the inbox').agent_bot)
  return bot === undefined || bot.id === undefined || bot.id === null ? null : idOf(bot, 'the bot of the inbox')
}

/** A bare list of agents. */
export function readAgents(json: Json): readonly Agent[] {
  return needList(json, 'the list of agents').map((entry) => {
    const record = need(entry, 'an agent')
    return { id: idOf(record, 'an agent'), email: text(record, 'email')?.toLowerCase() }
  })
}

/** `{"payload": [agent, ...]}`. */
export function readMembers(json: Json): readonly Agent[] {
  return readAgents(need(json, 'the members of the inbox').payload ?? null)
}

const MESSAGE_KINDS = ['incoming', 'outgoing', 'activity', 'template'] as const
const SENDERS: ReadonlySet<string> = new Set(['contact', 'user', 'agent_bot'])

/** A bare message object (contract sections 12 to 14). Its type is a number here, and text in what is delivered to bots. */
export function readMessage(json: Json): Message {
  const record = need(json, 'a message')
  const type = record.message_type
  const conversation = record.conversation_id
  return {
    id: idOf(record, 'a message'),
    kind: MESSAGE_KINDS.find((kind, index) => type === kind || type === index) ?? 'activity',
    content: text(record, 'content') ?? null,
    isPrivate: record.private === true,
    conversationId: typeof conversation === 'number' || typeof conversation === 'string' ? String(conversation) : undefined,
    sender: readSender(record.sender),
  }
}

function readSender(json: Json | undefined): Message['sender'] {
  const record = asRecord(json)
  if (record === undefined) return null
  const type = text(record, 'type') ?? ''
  const known = SENDERS.has(type) ? (type as 'contact' | 'user' | 'agent_bot') : 'other'
  return { type: known, id: String(record.id ?? ''), name: text(record, 'name') ?? null }
}

/** `{"payload": [message, ...]}`, or the bare list of the public client API. */
export function readMessages(json: Json): readonly Message[] {
  const list = Array.isArray(json) ? json : need(json, 'the list of messages').payload
  return needList(list, 'the list of messages').map(readMessage)
}

/** Who a visitor is from now on: the token of the website widget's `POST config`. */
export function readVisitorToken(json: Json): Secret {
  const channel = asRecord(need(json, 'the settings of the widget').website_channel_config)
  const token = channel === undefined ? undefined : secret(channel, 'auth_token')
  return token ?? strange('the settings of the widget')
}

/** `source_id` of a contact of an API inbox. */
export function readSourceId(json: Json): string {
  const id = text(need(json, 'the contact'), 'source_id')
  return typeof id === 'string' && id !== '' ? id : strange('the contact')
}

/** Id and status of a conversation; undefined for `{}`: there is none. */
export function readConversation(json: Json): { readonly id: string; readonly status: string | null } | undefined {
  const record = need(json, 'the conversation')
  if (record.id === undefined) return undefined
  return { id: idOf(record, 'the conversation'), status: text(record, 'status') ?? null }
}

/** `{"payload": {"webhooks": [webhook, ...]}}`. */
export function readWebhooks(json: Json): readonly AccountWebhook[] {
  const payload = need(need(json, 'the list of webhooks').payload ?? null, 'the list of webhooks')
  return needList(payload.webhooks, 'the list of webhooks').map(webhookOf)
}

/** `{"payload": {"webhook": webhook}}`. */
export function readWebhook(json: Json): AccountWebhook {
  return webhookOf(need(need(json, 'the webhook').payload ?? null, 'the webhook').webhook ?? null)
}

function webhookOf(json: Json): AccountWebhook {
  const record = need(json, 'a webhook')
  const { subscriptions } = record
  return {
    id: idOf(record, 'a webhook'),
    name: text(record, 'name'),
    url: text(record, 'url') ?? '',
    events: Array.isArray(subscriptions) ? eventsText(subscriptions.map(String)) : undefined,
    secret: secret(record, 'secret'),
  }
}

/** Events of a webhook as one text, whatever their order. */
export function eventsText(events: readonly string[]): string {
  return [...new Set(events)].sort().join(', ')
}

type Fields = { readonly [key: string]: Json }

function asRecord(json: Json | undefined): Fields | undefined {
  return json !== null && typeof json === 'object' && !Array.isArray(json) ? (json as Fields) : undefined
}

function need(json: Json, what: string): Fields {
  return asRecord(json) ?? strange(what)
}

function needList(json: Json | undefined, what: string): readonly Json[] {
  return Array.isArray(json) ? json : strange(what)
}

function strange(what: string): never {
  throw new CrmError('provider_error', `${what} did not come in the form that Chatwoot gives it`, {
    reason: 'the answer is JSON of something else',
    hint: 'check the address of your Chatwoot: crm edit {name} --base-url <url>',
  })
}

function idOf(record: Fields, what: string): string {
  const { id } = record
  if (typeof id === 'number' && Number.isSafeInteger(id) && id >= 0) return String(id)
  return typeof id === 'string' && /^\d{1,15}$/.test(id) ? id : strange(what)
}

/** A text; null where the server says null, undefined where it says nothing or something else. */
function text(record: Fields, key: string): string | null | undefined {
  const value = record[key]
  return typeof value === 'string' || value === null ? value : undefined
}

function flag(record: Fields, key: string): boolean | undefined {
  const value = record[key]
  return typeof value === 'boolean' ? value : undefined
}

function secret(record: Fields, key: string): Secret | undefined {
  const value = record[key]
  return typeof value === 'string' && value !== '' ? new Secret(value) : undefined
}
