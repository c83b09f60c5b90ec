import { messageView } from './message-view.ts'
import { unreadCount } from './payloads.ts'
import { contactPush, senderPush } from './people.ts'
import type { Columns, Conversation } from './records.ts'
import type { World } from './world.ts'

const seconds = (unixMs: number | null): number => Math.floor((unixMs ?? 0) / 1_000)

/** The people of a conversation; `assignee` only when there is one. */
export function metaView(world: World, conversation: Conversation): Columns {
  const { state } = world
  const seat = state.contactInboxes.get(conversation.contactInboxId)
  const contact = state.contacts.get(seat?.contactId)
  const { assignee } = conversation
  const assigned = assignee === null ? null : senderPush(world, { type: assignee.type === 'User' ? 'user' : 'agent_bot', id: assignee.id })
  return {
    sender: contact === undefined ? null : contactPush(contact),
    channel: state.inboxes.get(conversation.inboxId)?.channelType ?? null,
    ...(assigned === null ? {} : { assignee: assigned }),
    hmac_verified: seat?.hmacVerified ?? false,
  }
}

/** A conversation on the account API. `id` is the display id; times are Unix seconds. */
export function conversationView(world: World, conversation: Conversation): Columns {
  const spoken = world.state.messagesOf(conversation.id).filter((message) => message.messageType !== 'activity')
  const last = spoken.at(-1)
  const lastView = last === undefined ? null : messageView(world, last, conversation)
  return {
    meta: metaView(world, conversation),
    id: conversation.displayId,
    messages: lastView === null ? [] : [lastView],
    account_id: conversation.accountId,
    uuid: conversation.uuid,
    additional_attributes: conversation.additionalAttributes,
    agent_last_seen_at: seconds(conversation.agentLastSeenAt),
    assignee_last_seen_at: 0,
    can_reply: true,
    contact_last_seen_at: seconds(conversation.contactLastSeenAt),
    custom_attributes: conversation.customAttributes,
    inbox_id: conversation.inboxId,
    labels: conversation.labels,
    muted: false,
    snoozed_until: conversation.snoozedUntil === null ? null : seconds(conversation.snoozedUntil),
    status: conversation.status,
    created_at: seconds(conversation.createdAt),
    updated_at: conversation.updatedAt / 1_000,
    timestamp: seconds(conversation.lastActivityAt),
    first_reply_created_at: seconds(conversation.firstReplyCreatedAt),
    unread_count: unreadCount(world, conversation),
    last_non_activity_message: lastView,
    last_activity_at: seconds(conversation.lastActivityAt),
    priority: conversation.priority,
    waiting_since: seconds(conversation.waitingSince),
    sla_policy_id: null,
  }
}
