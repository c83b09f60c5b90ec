import { senderKey } from './people.ts'
import { type Columns, type Conversation, MESSAGE_TYPES, type Message } from './records.ts'
import type { World } from './world.ts'

const seconds = (unixMs: number): number => Math.floor(unixMs / 1_000)

/** A message on the account API (contract, section 12). */
export function messageView(world: World, message: Message, conversation: Conversation, echoId?: unknown): Columns {
  return {
    ...shared(message, conversation),
    inbox_id: conversation.inboxId,
    ...(echoId === undefined ? {} : { echo_id: echoId }),
    status: message.status,
    private: message.private,
    source_id: message.sourceId,
    ...senderKey(world, message),
  }
}

/** A message as the customer sees it: widget and public API (contract, sections 13 and 14). */
export function clientMessageView(world: World, message: Message, conversation: Conversation): Columns {
  return { ...shared(message, conversation), ...senderKey(world, message) }
}

/** The answer to a visitor who has just written. */
export function writtenMessageView(world: World, message: Message, conversation: Conversation): Columns {
  const { id, content, message_type, created_at, conversation_id, content_attributes } = shared(message, conversation)
  const place = { inbox_id: conversation.inboxId, conversation_id, message_type, created_at }
  return { id, content, ...place, private: message.private, source_id: message.sourceId, content_attributes, ...senderKey(world, message) }
}

function shared(message: Message, conversation: Conversation): Columns {
  return {
    id: message.id,
    content: message.content,
    message_type: MESSAGE_TYPES[message.messageType],
    content_type: message.contentType,
    content_attributes: message.contentAttributes,
    created_at: seconds(message.createdAt),
    conversation_id: conversation.displayId,
  }
}

/** How many messages one answer holds. */
const PAGE = 20
const PAGE_AFTER = 100

/** Which messages are asked for: those after an id (oldest first, up to 100), those before one, or the latest 20. */
export interface Range {
  readonly after?: number | undefined
  readonly before?: number | undefined
}

/** A page of messages, oldest first. Customers see neither private nor activity messages. */
export function page(messages: readonly Message[], range: Range, whose: 'customer' | 'account'): readonly Message[] {
  const shown = whose === 'account' ? messages : messages.filter((message) => !message.private && message.messageType !== 'activity')
  const { after, before } = range
  if (after !== undefined)
    return shown.filter((message) => message.id > after && message.id < (before ?? Number.POSITIVE_INFINITY)).slice(0, PAGE_AFTER)
  return shown.filter((message) => message.id < (before ?? Number.POSITIVE_INFINITY)).slice(-PAGE)
}
