import { randomUUID } from 'node:crypto'
import { tellConversation, tellMessage } from './events.ts'
import type { Change } from './payloads.ts'
import type { Columns, ContactInbox, Conversation, ConversationStatus, Draft, Inbox, Message } from './records.ts'
import { templatesFor } from './templates.ts'
import { after, type World } from './world.ts'

/** What a new conversation starts with. */
export interface Start {
  readonly status?: ConversationStatus
  readonly customAttributes?: Columns
  readonly additionalAttributes?: Columns
}

/** Starts a conversation: `pending` while the inbox has a bot, `open` otherwise. After 4.15.1 it is also assigned to that bot. */
export function startConversation(world: World, inbox: Inbox, seat: ContactInbox, start: Start = {}): Conversation {
  const { state } = world
  const bot = state.botAt(inbox)
  const account = state.accounts.get(inbox.accountId)
  const displayId = (account?.lastDisplayId ?? 0) + 1
  if (account !== undefined) account.lastDisplayId = displayId
  const now = world.clock()
  const conversation = state.conversations.insert((id) => ({
    id,
    displayId,
    uuid: randomUUID(),
    accountId: inbox.accountId,
    inboxId: inbox.id,
    contactInboxId: seat.id,
    status: start.status ?? (bot === undefined ? 'open' : 'pending'),
    snoozedUntil: null,
    priority: null,
    customAttributes: start.customAttributes ?? {},
    additionalAttributes: start.additionalAttributes ?? {},
    labels: [],
    assignee: bot !== undefined && after(world, '4.15.1') ? { type: 'AgentBot', id: bot.id } : null,
    contactLastSeenAt: 0,
    agentLastSeenAt: 0,
    firstReplyCreatedAt: null,
    waitingSince: now,
    createdAt: now,
    updatedAt: now,
    lastActivityAt: now,
  }))
  tellConversation(world, 'conversation_created', conversation)
  return conversation
}

/** Writes a message and does what follows from it: an ended conversation opens again, listeners are told, templates are sent. */
export function addMessage(world: World, conversation: Conversation, draft: Draft): Message {
  const now = world.clock()
  const message = world.state.messages.insert((id) => ({
    id,
    conversationId: conversation.id,
    content: draft.content,
    messageType: draft.type,
    contentType: draft.contentType ?? 'text',
    contentAttributes: draft.contentAttributes ?? {},
    private: draft.private ?? false,
    sourceId: draft.sourceId ?? null,
    sender: draft.sender,
    status: 'sent',
    createdAt: now,
  }))
  noteActivity(conversation, message)
  tellMessage(world, 'message_created', message, (told) => handOver(world, told))
  if (draft.type === 'incoming') {
    wake(world, conversation)
    for (const template of templatesFor(world, conversation)) addMessage(world, conversation, template)
  }
  return message
}

/** Changes what a message carries, and tells the listeners. */
export function updateMessage(world: World, message: Message, contentAttributes: Columns): void {
  message.contentAttributes = { ...message.contentAttributes, ...contentAttributes }
  tellMessage(world, 'message_updated', message, (told) => handOver(world, told))
}

/** A pending conversation whose bot cannot be told of a message is given to people. */
function handOver(world: World, conversation: Conversation): void {
  if (conversation.status !== 'pending') return
  setStatus(world, conversation, 'open', 'Conversation was opened by the system because its bot could not be reached')
}

/** Times that follow from a message: a person's public answer ends the customer's wait. */
function noteActivity(conversation: Conversation, message: Message): void {
  conversation.lastActivityAt = message.createdAt
  conversation.updatedAt = message.createdAt
  if (message.messageType === 'incoming') conversation.waitingSince ??= message.createdAt
  if (message.messageType === 'outgoing' && message.sender?.type === 'user' && !message.private) {
    conversation.firstReplyCreatedAt ??= message.createdAt
    conversation.waitingSince = null
  }
}

/** A customer who writes again wakes a resolved conversation for the bot, or for people where there is none; a snoozed one for people. */
function wake(world: World, conversation: Conversation): void {
  if (conversation.status === 'snoozed') setStatus(world, conversation, 'open')
  if (conversation.status !== 'resolved') return
  const inbox = world.state.inboxes.get(conversation.inboxId)
  const bot = inbox === undefined ? undefined : world.state.botAt(inbox)
  setStatus(world, conversation, bot === undefined ? 'open' : 'pending')
}

/** Changes the status, notes it in the conversation, and tells the listeners; does nothing when it is the same. */
export function setStatus(world: World, conversation: Conversation, status: ConversationStatus, activity?: string): void {
  const before = conversation.status
  if (before === status) return
  conversation.status = status
  if (status !== 'snoozed') conversation.snoozedUntil = null
  addMessage(world, conversation, { content: activity ?? `Conversation was marked ${status}`, type: 'activity', sender: null })
  const changes: readonly Change[] = [{ attribute: 'status', before, after: status }]
  if (status === 'open') tellConversation(world, 'conversation_opened', conversation)
  if (status === 'resolved') tellConversation(world, 'conversation_resolved', conversation)
  tellConversation(world, 'conversation_status_changed', conversation, changes)
  tellConversation(world, 'conversation_updated', conversation, changes)
}
