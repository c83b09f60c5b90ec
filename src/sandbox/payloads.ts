import { contactPush, senderPush } from './people.ts'
import {
  type AgentBot,
  type Columns,
  type Contact,
  type ContactInbox,
  type Conversation,
  type Inbox,
  MESSAGE_TYPES,
  type Message,
  type Sender,
} from './records.ts'
import { since, type World } from './world.ts'

/**
 * The bodies of deliveries (contract, section 11.3). In a message `created_at` is ISO 8601 and `message_type` a name; inside
 * its conversation the one is Unix seconds and the other a number. `conversation.id` is the display id.
 */

const seconds = (unixMs: number): number => Math.floor(unixMs / 1_000)

/** A change of one attribute. */
export interface Change {
  readonly attribute: string
  readonly before: unknown
  readonly after: unknown
}

function accountKey(world: World, accountId: number): Columns {
  return { id: accountId, name: world.state.accounts.get(accountId)?.name ?? null }
}

function inboxKey(inbox: Inbox): Columns {
  return { id: inbox.id, name: inbox.columns.name }
}

/** A contact whole, as the sender of a message and in contact events. */
export function contactPayload(world: World, contact: Contact): Columns {
  const { additional_attributes, custom_attributes, email, identifier, name, phone_number } = contact.columns
  return {
    account: accountKey(world, contact.accountId),
    additional_attributes,
    avatar: '',
    custom_attributes,
    email,
    id: contact.id,
    identifier,
    name,
    phone_number,
    thumbnail: '',
    blocked: false,
  }
}

function senderPayload(world: World, sender: Sender | null): Columns | null {
  const { state } = world
  switch (sender?.type) {
    case 'contact': {
      const contact = state.contacts.get(sender.id)
      return contact === undefined ? null : contactPayload(world, contact)
    }
    case 'user': {
      const user = state.users.get(sender.id)
      return user === undefined ? null : { id: user.id, name: user.name, email: user.email, type: 'user' }
    }
    case 'agent_bot': {
      const bot: AgentBot | undefined = state.bots.get(sender.id)
      return bot === undefined ? null : { id: bot.id, name: bot.columns.name, type: 'agent_bot' }
    }
    default:
      return null
  }
}

/** A message inside its conversation. */
function messagePush(world: World, message: Message, conversation: Conversation): Columns {
  return {
    id: message.id,
    content: message.content,
    account_id: conversation.accountId,
    inbox_id: conversation.inboxId,
    conversation_id: conversation.displayId,
    message_type: MESSAGE_TYPES[message.messageType],
    created_at: seconds(message.createdAt),
    private: message.private,
    status: message.status,
    source_id: message.sourceId,
    content_type: message.contentType,
    content_attributes: message.contentAttributes,
    sender: senderPush(world, message.sender),
  }
}

function seatPayload(seat: ContactInbox): Columns {
  return {
    id: seat.id,
    contact_id: seat.contactId,
    inbox_id: seat.inboxId,
    source_id: seat.sourceId,
    pubsub_token: seat.pubsubToken,
    hmac_verified: seat.hmacVerified,
    created_at: seat.createdAt,
    updated_at: seat.updatedAt,
  }
}

/** A conversation, flat. Its `messages` hold the latest one that the customer may see. */
export function conversationPayload(world: World, conversation: Conversation): Columns {
  const { state } = world
  const inbox = state.inboxes.get(conversation.inboxId)
  const seat = state.contactInboxes.get(conversation.contactInboxId)
  const contact = state.contacts.get(seat?.contactId)
  const last = state
    .messagesOf(conversation.id)
    .filter((message) => message.messageType !== 'activity' && !message.private)
    .at(-1)
  return {
    additional_attributes: conversation.additionalAttributes,
    can_reply: true,
    channel: inbox?.channelType ?? null,
    contact_inbox: seat === undefined ? null : seatPayload(seat),
    id: conversation.displayId,
    inbox_id: conversation.inboxId,
    messages: last === undefined ? [] : [messagePush(world, last, conversation)],
    labels: conversation.labels,
    meta: {
      sender: contact === undefined ? null : contactPush(contact),
      ...assigneeKeys(world, conversation),
      team: null,
      hmac_verified: seat?.hmacVerified ?? false,
    },
    status: conversation.status,
    custom_attributes: conversation.customAttributes,
    snoozed_until: conversation.snoozedUntil === null ? null : seconds(conversation.snoozedUntil),
    unread_count: unreadCount(world, conversation),
    first_reply_created_at: conversation.firstReplyCreatedAt === null ? null : new Date(conversation.firstReplyCreatedAt).toISOString(),
    priority: conversation.priority,
    waiting_since: seconds(conversation.waitingSince ?? 0),
    ...timeKeys(conversation),
    ...(since(world, '4.14.2') ? { account: accountKey(world, conversation.accountId) } : {}),
  }
}

function timeKeys(conversation: Conversation): Columns {
  return {
    agent_last_seen_at: seconds(conversation.agentLastSeenAt),
    contact_last_seen_at: seconds(conversation.contactLastSeenAt),
    last_activity_at: seconds(conversation.lastActivityAt),
    timestamp: seconds(conversation.lastActivityAt),
    created_at: seconds(conversation.createdAt),
    updated_at: conversation.updatedAt / 1_000,
  }
}

function assigneeKeys(world: World, { assignee }: Conversation): Columns {
  if (assignee === null) return { assignee: null, assignee_type: null }
  const sender: Sender = { type: assignee.type === 'User' ? 'user' : 'agent_bot', id: assignee.id }
  return { assignee: senderPush(world, sender), assignee_type: assignee.type }
}

/** How many incoming messages came since an agent last looked. */
export function unreadCount(world: World, conversation: Conversation): number {
  const unread = (message: Message): boolean => message.messageType === 'incoming' && message.createdAt >= conversation.agentLastSeenAt
  return world.state.messagesOf(conversation.id).filter(unread).length
}

/** The body of `message_created` and `message_updated`, without its event. */
export function messagePayload(world: World, message: Message, conversation: Conversation, inbox: Inbox): Columns {
  return {
    account: accountKey(world, conversation.accountId),
    additional_attributes: {},
    content_attributes: message.contentAttributes,
    content_type: message.contentType,
    content: message.content,
    conversation: conversationPayload(world, conversation),
    created_at: new Date(message.createdAt).toISOString(),
    id: message.id,
    inbox: inboxKey(inbox),
    message_type: message.messageType,
    private: message.private,
    sender: senderPayload(world, message.sender),
    source_id: message.sourceId,
  }
}

/** `changed_attributes`: one object per change, null when there is none. */
export function changesPayload(changes: readonly Change[]): readonly Columns[] | null {
  if (changes.length === 0) return null
  return changes.map(({ attribute, before, after }) => ({ [attribute]: { previous_value: before, current_value: after } }))
}

/** The body of `webwidget_triggered`, without its event. */
export function widgetPayload(
  world: World,
  seat: ContactInbox,
  inbox: Inbox,
  conversation: Conversation | undefined,
  info: unknown,
): Columns {
  const contact = world.state.contacts.get(seat.contactId)
  return {
    id: seat.id,
    contact: contact === undefined ? null : contactPayload(world, contact),
    inbox: inboxKey(inbox),
    account: accountKey(world, inbox.accountId),
    current_conversation: conversation === undefined ? null : conversationPayload(world, conversation),
    source_id: seat.sourceId,
    event_info: info,
  }
}
