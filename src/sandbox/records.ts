/** What a sandbox keeps. Columns that only pass through are held under their wire names, so that showing them is a copy. */

/** A user's role in one account. */
export type Role = 'administrator' | 'agent'

/** A customer of the installation: inboxes, bots and conversations belong to one. */
export interface Account {
  readonly id: number
  readonly name: string
  readonly status: 'active' | 'suspended'
  /** ISO 8601. */
  readonly createdAt: string
  /** The last display id given to a conversation. */
  lastDisplayId: number
}

/** A user's place in one account. */
export interface Membership {
  readonly accountId: number
  readonly role: Role
  /** ISO 8601: when the user last worked in the account. */
  readonly activeAt: string
}

/** Somebody who signs in: an administrator or an agent. */
export interface User {
  readonly id: number
  readonly name: string
  readonly email: string
  accessToken: string
  readonly pubsubToken: string
  readonly memberships: readonly Membership[]
}

/** Channel kinds that a sandbox can create. */
export type ChannelType = 'Channel::WebWidget' | 'Channel::Api'

/** One day of an inbox's working hours, as it is shown. */
export interface WorkingHour {
  readonly day_of_week: number
  readonly closed_all_day: boolean
  readonly open_hour: number | null
  readonly open_minutes: number | null
  readonly close_hour: number | null
  readonly close_minutes: number | null
  readonly open_all_day: boolean
}

/** Columns under their wire names. */
export type Columns = Record<string, unknown>

/** Where messages come in. */
export interface Inbox {
  readonly id: number
  readonly accountId: number
  readonly channelId: number
  readonly channelType: ChannelType
  /** Columns of the inbox itself: `name`, `greeting_enabled`, `out_of_office_message`, ... */
  readonly columns: Columns
  /** Columns of its channel: `website_url`, `webhook_url`, `additional_attributes`, ... */
  readonly channel: Columns
  /** `website_token` of a web widget, `inbox_identifier` of an API inbox. Public. */
  readonly publicToken: string
  hmacToken: string
  /** Key of the delivery signature; API inboxes only. */
  secret: string | null
  workingHours: readonly WorkingHour[]
  /** User ids of its members. */
  readonly members: Set<number>
  /** Id of the bot attached to it. */
  botId: number | null
  /** A deletion was asked for and has not ended. */
  deleting: boolean
}

/** A program that answers customers. */
export interface AgentBot {
  readonly id: number
  /** Null for a bot of the whole installation. */
  readonly accountId: number | null
  /** `name`, `description`, `outgoing_url`, `bot_type`, `bot_config`. */
  readonly columns: Columns
  accessToken: string
  secret: string
  readonly createdAt: string
  updatedAt: string
}

/** An address that is told of an account's events. */
export interface Webhook {
  readonly id: number
  readonly accountId: number
  /** `url`, `name`, `subscriptions`, `inbox_id`. */
  readonly columns: Columns
  readonly secret: string
}

/** A program of the installation's operator. */
export interface PlatformApp {
  readonly id: number
  readonly accessToken: string
  /** Ids of the bots that it made; they stay when such a bot is deleted elsewhere. */
  readonly botIds: Set<number>
}

/** A customer. */
export interface Contact {
  readonly id: number
  readonly accountId: number
  /** `name`, `email`, `phone_number`, `identifier`, `custom_attributes`, `additional_attributes`. */
  readonly columns: Columns
  readonly createdAt: string
  updatedAt: string
}

/** A customer's seat in one inbox: a visitor's browser, or an address of the API inbox. */
export interface ContactInbox {
  readonly id: number
  contactId: number
  readonly inboxId: number
  readonly sourceId: string
  readonly pubsubToken: string
  hmacVerified: boolean
  readonly createdAt: string
  updatedAt: string
}

/** `pending` means that the bot has it. */
export type ConversationStatus = 'open' | 'resolved' | 'pending' | 'snoozed'

/** Who a conversation is given to. */
export interface Assignee {
  readonly type: 'User' | 'AgentBot'
  readonly id: number
}

/** A thread of messages with one customer. Times are Unix milliseconds, 0 or null for never. */
export interface Conversation {
  readonly id: number
  /** The number in API paths, counted per account. */
  readonly displayId: number
  readonly uuid: string
  readonly accountId: number
  readonly inboxId: number
  readonly contactInboxId: number
  status: ConversationStatus
  snoozedUntil: number | null
  priority: string | null
  customAttributes: Columns
  readonly additionalAttributes: Columns
  labels: readonly string[]
  assignee: Assignee | null
  contactLastSeenAt: number
  agentLastSeenAt: number
  firstReplyCreatedAt: number | null
  waitingSince: number | null
  readonly createdAt: number
  updatedAt: number
  lastActivityAt: number
}

/** The numbers that stand for message types inside conversations and on the client APIs. */
export const MESSAGE_TYPES = { incoming: 0, outgoing: 1, activity: 2, template: 3 } as const

/** A kind of message. */
export type MessageType = keyof typeof MESSAGE_TYPES

/** Who wrote a message; null for the system, and for a bot that was deleted. */
export interface Sender {
  readonly type: 'contact' | 'user' | 'agent_bot'
  readonly id: number
}

/** One message of a conversation. */
export interface Message {
  readonly id: number
  readonly conversationId: number
  readonly content: string | null
  readonly messageType: MessageType
  readonly contentType: string
  contentAttributes: Columns
  readonly private: boolean
  readonly sourceId: string | null
  sender: Sender | null
  status: 'sent' | 'delivered' | 'read' | 'failed'
  /** Unix milliseconds. */
  readonly createdAt: number
}

/** A message to be written. */
export interface Draft {
  readonly content: string | null
  readonly type: MessageType
  readonly sender: Sender | null
  readonly private?: boolean
  readonly contentType?: string
  readonly contentAttributes?: Columns
  readonly sourceId?: string | null
}

/** One event that was, or is being, delivered to a bot, an account webhook or an API inbox. */
export interface Delivery {
  /** The UUID of `X-Chatwoot-Delivery`, whether or not this version sends it. */
  readonly id: string
  readonly receiver: 'bot' | 'webhook' | 'inbox'
  /** Id of the bot, webhook or inbox. */
  readonly receiverId: number
  readonly event: string
  readonly url: string
  /** `waiting` until the last attempt has ended. */
  readonly state: 'waiting' | 'delivered' | 'failed'
  readonly attempts: readonly DeliveryAttempt[]
}

/** One request of a delivery: the status answered, or why there was none. */
export interface DeliveryAttempt {
  readonly at: number
  readonly status: number | null
  readonly error: string | null
}
