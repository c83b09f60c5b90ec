import { randomUUID } from 'node:crypto'
import { changeContact, createContact, createSeat } from './contacts.ts'
import { tellTyping } from './events.ts'
import { asId, isBlank, isObject } from './input.ts'
import { clientMessageView, page } from './message-view.ts'
import { contactPush } from './people.ts'
import { type ContactCall, type ConversationCall, type InboxCall, onContact, onConversation, onInbox, seatAt } from './public-access.ts'
import type { Columns, Contact, ContactInbox, Conversation } from './records.ts'
import { crash, empty, json, notRouted, type Reply } from './reply.ts'
import type { Route } from './route.ts'
import { addMessage, setStatus, startConversation, updateMessage } from './threads.ts'
import { hmacHex, sameText } from './tokens.ts'
import { since, type World } from './world.ts'
import { checkContent, Unwritable } from './write-message.ts'

/** The customer's side of an API inbox (contract, section 14). Identifiers in the path take the place of tokens. */
export const publicRoutes: readonly Route[] = [
  onInbox('GET', '', showInbox, '2.18'),
  onInbox('POST', '/contacts', postContact),
  onContact('GET', '', (call) => json(contactView(call.contact, call.seat))),
  onContact('PATCH', '', patchContact),
  onContact('GET', '/conversations', listConversations),
  onContact('POST', '/conversations', postConversation),
  onConversation('GET', '', (call) => json(conversationView(call, call.conversation)), '3.7'),
  onConversation('POST', '/toggle_status', toggleStatus, '3.7'),
  onConversation('POST', '/toggle_typing', toggleTyping),
  onConversation('POST', '/update_last_seen', updateLastSeen),
  onConversation('GET', '/messages', listMessages),
  onConversation('POST', '/messages', postMessage),
  onConversation('PATCH', '/messages/:mid', patchMessage),
]

function showInbox(call: InboxCall): Reply {
  const { columns, channel, publicToken, workingHours } = call.inbox
  return json({
    identifier: publicToken,
    identity_validation_enabled: channel.hmac_mandatory,
    name: columns.name,
    timezone: columns.timezone,
    working_hours: workingHours,
    working_hours_enabled: columns.working_hours_enabled,
    csat_survey_enabled: columns.csat_survey_enabled,
    greeting_enabled: columns.greeting_enabled,
  })
}

/** Checks `identifier_hash` where one is needed or given; a wrong one is an error that nobody handles. */
function proveIdentity(call: InboxCall): boolean {
  const { body, inbox } = call
  if (isBlank(body.identifier_hash) && inbox.channel.hmac_mandatory !== true) return false
  if (!sameText(String(body.identifier_hash ?? ''), hmacHex(inbox.hmacToken, String(body.identifier ?? '')))) throw crash()
  return true
}

/** The contact of a known `source_id`; else a seat for the contact known by identifier, email or phone number; else a new contact. */
function postContact(call: InboxCall): Reply {
  const { world, body, inbox } = call
  const proven = proveIdentity(call)
  const sourceId = isBlank(body.source_id) ? randomUUID() : String(body.source_id)
  const seat =
    seatAt(call, sourceId) ?? createSeat(world, inbox, knownContact(call) ?? createContact(world, inbox.accountId, body), sourceId)
  if (proven) seat.hmacVerified = true
  const contact = world.state.contacts.get(seat.contactId)
  if (contact === undefined) throw notRouted()
  return json(contactView(contact, seat))
}

function knownContact(call: InboxCall): Contact | undefined {
  const { world, body, inbox } = call
  const named = (['identifier', 'email', 'phone_number'] as const).filter((key) => !isBlank(body[key]))
  return named
    .map((key) => world.state.contacts.find((row) => row.accountId === inbox.accountId && row.columns[key] === body[key]))
    .find((contact) => contact !== undefined)
}

function contactView(contact: Contact, seat: ContactInbox): Columns {
  const { name, email, phone_number } = contact.columns
  return { source_id: seat.sourceId, pubsub_token: seat.pubsubToken, id: contact.id, name, email, phone_number }
}

function patchContact(call: ContactCall): Reply {
  const { world, contact, seat } = call
  if (proveIdentity(call)) seat.hmacVerified = true
  changeContact(world, contact, call.body)
  return json(contactRecord(contact))
}

/** The contact's row as it is stored. */
function contactRecord(contact: Contact): Columns {
  return {
    id: contact.id,
    ...contact.columns,
    account_id: contact.accountId,
    created_at: contact.createdAt,
    updated_at: contact.updatedAt,
    last_activity_at: null,
    contact_type: 'visitor',
    middle_name: '',
    last_name: '',
    location: '',
    country_code: '',
    blocked: false,
    label_list: [],
  }
}

function listConversations(call: ContactCall): Reply {
  const rows = call.world.state.conversations.filter((row) => row.contactInboxId === call.seat.id)
  return json(rows.map((row) => conversationView(call, row)))
}

/** A new conversation; where the inbox keeps one per contact, the last one. */
function postConversation(call: ContactCall): Reply {
  const { world, inbox, seat, body } = call
  const last = world.state.conversations.filter((row) => row.contactInboxId === seat.id).at(-1)
  if (last !== undefined && inbox.columns.lock_to_single_conversation === true) return json(conversationView(call, last))
  const customAttributes = isObject(body.custom_attributes) ? { ...body.custom_attributes } : {}
  return json(conversationView(call, startConversation(world, inbox, seat, { customAttributes })))
}

function conversationView(call: ContactCall, conversation: Conversation): Columns {
  const { world, contact } = call
  const messages = page(world.state.messagesOf(conversation.id), {}, 'customer')
  return {
    id: conversation.displayId,
    ...(since(world, '2.18') ? { uuid: conversation.uuid } : {}),
    inbox_id: conversation.inboxId,
    contact_last_seen_at: Math.floor(conversation.contactLastSeenAt / 1_000),
    status: conversation.status,
    agent_last_seen_at: Math.floor(conversation.agentLastSeenAt / 1_000),
    messages: messages.map((message) => clientMessageView(world, message, conversation)),
    contact: contactRecord(contact),
  }
}

function toggleStatus(call: ConversationCall): Reply {
  const { world, conversation } = call
  setStatus(world, conversation, conversation.status === 'open' ? 'resolved' : conversation.status === 'resolved' ? 'open' : 'resolved')
  return json(conversationView(call, conversation))
}

function toggleTyping(call: ConversationCall): Reply {
  const { typing_status: status } = call.body
  if (status === 'on' || status === 'off') tellTyping(call.world, status === 'on', call.conversation, contactPush(call.contact), false)
  return empty()
}

function updateLastSeen(call: ConversationCall): Reply {
  call.conversation.contactLastSeenAt = call.world.clock()
  return empty()
}

/** The latest 20, or those before an id; `after` is not read. */
function listMessages(call: ConversationCall): Reply {
  const { world, conversation, query } = call
  const messages = page(world.state.messagesOf(conversation.id), { before: asId(query.get('before')) }, 'customer')
  return json(messages.map((message) => clientMessageView(world, message, conversation)))
}

function postMessage(call: ConversationCall): Reply {
  const { world, conversation, contact, body } = call
  const message = addMessage(world, conversation, {
    content: contentOf(world, conversation, body.content),
    type: 'incoming',
    sender: { type: 'contact', id: contact.id },
  })
  const echo = body.echo_id === undefined ? {} : { echo_id: body.echo_id }
  return json({ ...clientMessageView(world, message, conversation), ...echo })
}

/** A message that cannot be written is an unhandled error on this side. */
function contentOf(world: World, conversation: Conversation, content: unknown): string | null {
  try {
    return checkContent(world, conversation, content)
  } catch (error) {
    throw error instanceof Unwritable ? crash() : error
  }
}

/** What the customer put into a form or a choice. */
function patchMessage(call: ConversationCall): Reply {
  const { world, conversation, body } = call
  const message = world.state.messages.get(asId(call.params.mid))
  if (message === undefined || message.conversationId !== conversation.id) throw notRouted()
  updateMessage(world, message, { submitted_values: body.submitted_values ?? null })
  return json(clientMessageView(world, message, conversation))
}
