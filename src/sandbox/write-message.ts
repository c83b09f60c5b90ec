import type { AccountCall } from './access.ts'
import { asText, type Input, isObject } from './input.ts'
import { messageView } from './message-view.ts'
import type { Columns, Conversation, Message, Sender } from './records.ts'
import { json, type Reply, refuse } from './reply.ts'
import { addMessage } from './threads.ts'
import type { World } from './world.ts'

const MAX_CONTENT = 150_000
const MAX_PER_MINUTE = 200

/** A message that cannot be written, with the reason. */
export class Unwritable extends Error {
  override readonly name = 'Unwritable'
}

/**
 * Checks that a conversation takes one more message with this content.
 * @throws {Unwritable}
 */
export function checkContent(world: World, conversation: Conversation, content: unknown): string | null {
  const text = asText(content ?? null)
  if (typeof text === 'string' && text.length > MAX_CONTENT)
    throw new Unwritable(`Content is too long (maximum is ${MAX_CONTENT} characters)`)
  const recent = world.state.messagesOf(conversation.id).filter((message) => message.createdAt > world.clock() - 60_000)
  if (recent.length >= MAX_PER_MINUTE) throw new Unwritable('Too many messages')
  return typeof text === 'string' ? text : null
}

/** `POST .../messages` of the account API: every failure is a 422 with its reason. */
export function postMessage(call: AccountCall, conversation: Conversation): Reply {
  try {
    const message = write(call, conversation, call.body)
    return json(messageView(call.world, message, conversation, call.body.echo_id))
  } catch (error) {
    throw error instanceof Unwritable ? refuse(422, error.message) : error
  }
}

/**
 * Writes a message of the caller: outgoing, or in API inboxes incoming in the customer's name.
 * @throws {Unwritable}
 */
export function write(call: AccountCall, conversation: Conversation, input: Input): Message {
  const { world } = call
  const type = input.message_type ?? 'outgoing'
  if (type !== 'outgoing' && type !== 'incoming') throw new Unwritable(`'${String(type).slice(0, 40)}' is not a valid message_type`)
  const inbox = world.state.inboxes.get(conversation.inboxId)
  if (type === 'incoming' && inbox?.channelType !== 'Channel::Api')
    throw new Unwritable('Incoming messages are only allowed in Api inboxes')
  const content = checkContent(world, conversation, input.content)
  return addMessage(world, conversation, {
    content,
    type,
    sender: type === 'incoming' ? customerOf(world, conversation) : speaker(call),
    private: input.private === true || input.private === 'true',
    contentType: contentType(input.content_type),
    contentAttributes: contentAttributes(input.content_attributes),
    sourceId: typeof input.source_id === 'string' ? input.source_id : null,
  })
}

/** Who speaks when the caller does. */
export function speaker(call: AccountCall): Sender {
  return call.caller.kind === 'bot' ? { type: 'agent_bot', id: call.caller.bot.id } : { type: 'user', id: call.caller.user.id }
}

function customerOf(world: World, conversation: Conversation): Sender | null {
  const seat = world.state.contactInboxes.get(conversation.contactInboxId)
  return seat === undefined ? null : { type: 'contact', id: seat.contactId }
}

const CONTENT_TYPES = new Set(['text', 'input_text', 'input_textarea', 'input_email', 'input_select', 'cards', 'form', 'article'])

function contentType(value: unknown): string {
  if (value === undefined || value === null || value === '') return 'text'
  if (typeof value !== 'string' || !CONTENT_TYPES.has(value))
    throw new Unwritable(`'${String(value).slice(0, 40)}' is not a valid content_type`)
  return value
}

/** An object, or its JSON text as forms send it. */
function contentAttributes(value: unknown): Columns {
  if (isObject(value)) return { ...value }
  if (typeof value !== 'string' || value === '') return {}
  try {
    const parsed: unknown = JSON.parse(value)
    return isObject(parsed) ? { ...parsed } : {}
  } catch {
    throw new Unwritable('content_attributes is not valid JSON')
  }
}
