import { type AccountCall, type AccountRouteOptions, accountInbox, inAccount, maySee } from './access.ts'
import { agentView } from './agent-view.ts'
import { conversationView, metaView } from './conversation-view.ts'
import { tellConversation, tellTyping } from './events.ts'
import { asId, isObject } from './input.ts'
import { messageView, page } from './message-view.ts'
import { senderPush } from './people.ts'
import type { Conversation, ConversationStatus } from './records.ts'
import { crash, empty, forbidden, json, missing, type Reply } from './reply.ts'
import type { Route } from './route.ts'
import { setStatus, startConversation } from './threads.ts'
import { compare } from './version.ts'
import { after } from './world.ts'
import { postMessage, speaker, write } from './write-message.ts'

/** Conversations of an account, with the calls that a bot may make with its own token (contract, section 12). */
export const conversationRoutes: readonly Route[] = [
  on('GET', '', list),
  on('POST', '', create, { botsSince: '2.4' }),
  on('GET', '/:did', (call) => json(conversationView(call.world, conversationOf(call))), { botsSince: '4.15' }),
  on('PATCH', '/:did', changePriority, { botsSince: '3.7' }),
  on('GET', '/:did/messages', listMessages),
  on('POST', '/:did/messages', (call) => postMessage(call, conversationOf(call)), { botsSince: '2.4' }),
  on('POST', '/:did/toggle_status', toggleStatus, { botsSince: '2.4' }),
  on('POST', '/:did/toggle_priority', togglePriority, { botsSince: '3.6', since: '2.12' }),
  on('POST', '/:did/assignments', assign, { botsSince: '3.6' }),
  on('POST', '/:did/custom_attributes', setCustomAttributes, { botsSince: '4.2' }),
  on('POST', '/:did/toggle_typing_status', toggleTyping, { botsSince: '4.11.2' }),
  on('GET', '/:did/labels', labels, { botsSince: '4.15' }),
  on('POST', '/:did/labels', labels, { botsSince: '4.15' }),
]

function on(method: string, path: string, handle: (call: AccountCall) => Reply, options: AccountRouteOptions = {}): Route {
  return inAccount(method, `/conversations${path}`, handle, options)
}

/** The conversation of the path by its display id: 404 for none, 401 for an agent who is no member of its inbox. */
function conversationOf(call: AccountCall): Conversation {
  const displayId = asId(call.params.did)
  const { state } = call.world
  const found = state.conversations.find((row) => row.accountId === call.account.id && row.displayId === displayId)
  if (found === undefined) throw missing()
  if (!mayRead(call, found)) throw forbidden()
  return found
}

function mayRead(call: AccountCall, conversation: Conversation): boolean {
  const inbox = call.world.state.inboxes.get(conversation.inboxId)
  return call.caller.kind === 'bot' || (inbox !== undefined && maySee(call, inbox))
}

function list(call: AccountCall): Reply {
  const { world, account } = call
  const status = call.query.get('status') ?? 'open'
  const rows = world.state.conversations.filter((row) => row.accountId === account.id && mayRead(call, row))
  const shown = rows.filter((row) => status === 'all' || row.status === status)
  const assigned = shown.filter((row) => row.assignee?.type === 'User').length
  const mine = shown.filter((row) => row.assignee?.type === 'User' && row.assignee.id === speaker(call).id).length
  const meta = { mine_count: mine, assigned_count: assigned, unassigned_count: shown.length - assigned, all_count: shown.length }
  shown.sort((left, right) => right.lastActivityAt - left.lastActivityAt || right.id - left.id)
  return json({ data: { meta, payload: shown.map((row) => conversationView(world, row)) } })
}

/** Starts a conversation with a contact's seat in an inbox; a message may come along. */
function create(call: AccountCall): Reply {
  const { world, body } = call
  const seat = world.state.contactInboxes.find((row) => row.sourceId === body.source_id)
  if (seat === undefined || (body.inbox_id !== undefined && asId(body.inbox_id) !== seat.inboxId)) throw missing()
  const inbox = accountInbox(call, seat.inboxId)
  if (call.caller.kind === 'user' && !maySee(call, inbox)) throw forbidden()
  const conversation = startConversation(world, inbox, seat, {
    ...(body.status === undefined ? {} : { status: asStatus(body.status) }),
    ...(isObject(body.custom_attributes) ? { customAttributes: { ...body.custom_attributes } } : {}),
    ...(isObject(body.additional_attributes) ? { additionalAttributes: { ...body.additional_attributes } } : {}),
  })
  if (isObject(body.message)) write(call, conversation, body.message)
  return json(conversationView(world, conversation))
}

const STATUSES: readonly ConversationStatus[] = ['open', 'resolved', 'pending', 'snoozed']

function asStatus(value: unknown): ConversationStatus {
  const status = STATUSES.find((name) => name === value)
  if (status === undefined) throw crash()
  return status
}

function listMessages(call: AccountCall): Reply {
  const { world, query } = call
  const conversation = conversationOf(call)
  const range = { after: asId(query.get('after')), before: asId(query.get('before')) }
  const messages = page(world.state.messagesOf(conversation.id), range, 'account')
  const shown = metaView(world, conversation)
  const meta = {
    labels: conversation.labels,
    additional_attributes: conversation.additionalAttributes,
    contact: shown.sender,
    ...(shown.assignee === undefined ? {} : { assignee: shown.assignee }),
    agent_last_seen_at: conversation.agentLastSeenAt === 0 ? null : new Date(conversation.agentLastSeenAt).toISOString(),
    assignee_last_seen_at: null,
  }
  return json({ meta, payload: messages.map((message) => messageView(world, message, conversation)) })
}

/** Sets the status given, or turns open into resolved and anything else into open. `success` is null when a bot hands over. */
function toggleStatus(call: AccountCall): Reply {
  const { world, body } = call
  const conversation = conversationOf(call)
  const wanted = body.status === undefined || body.status === null ? undefined : asStatus(body.status)
  const next = wanted ?? (conversation.status === 'open' ? 'resolved' : 'open')
  const handsOver = call.caller.kind === 'bot' && conversation.status === 'pending' && next === 'open'
  setStatus(world, conversation, next)
  const until = next === 'snoozed' ? Number(body.snoozed_until) : Number.NaN
  conversation.snoozedUntil = Number.isFinite(until) ? until * 1_000 : null
  const snoozedUntil = Number.isFinite(until) ? until : null
  const payload = { conversation_id: conversation.displayId, current_status: conversation.status, snoozed_until: snoozedUntil }
  return json({ payload: { success: handsOver ? null : true, ...payload } })
}

const PRIORITIES = ['low', 'medium', 'high', 'urgent']

function setPriority(call: AccountCall, conversation: Conversation): void {
  const { priority } = call.body
  const next = priority === null || priority === undefined || priority === '' ? null : PRIORITIES.find((name) => name === priority)
  if (next === undefined) throw crash()
  const before = conversation.priority
  if (before === next) return
  conversation.priority = next
  tellConversation(call.world, 'conversation_updated', conversation, [{ attribute: 'priority', before, after: next }])
}

function togglePriority(call: AccountCall): Reply {
  setPriority(call, conversationOf(call))
  return empty()
}

function changePriority(call: AccountCall): Reply {
  const conversation = conversationOf(call)
  if (Object.hasOwn(call.body, 'priority')) setPriority(call, conversation)
  return json(conversationView(call.world, conversation))
}

/** Gives the conversation to a colleague, or with no id to nobody. After 4.15.1 a person who gets a pending one opens it. */
function assign(call: AccountCall): Reply {
  const { world, account } = call
  const conversation = conversationOf(call)
  const id = asId(call.body.assignee_id)
  const user = world.state.users.find((row) => row.id === id && row.memberships.some((place) => place.accountId === account.id))
  const before = conversation.assignee?.type === 'User' ? conversation.assignee.id : null
  conversation.assignee = user === undefined ? null : { type: 'User', id: user.id }
  if (before !== (user?.id ?? null)) {
    tellConversation(world, 'conversation_updated', conversation, [{ attribute: 'assignee_id', before, after: user?.id ?? null }])
  }
  if (user !== undefined && conversation.status === 'pending' && after(world, '4.15.1')) setStatus(world, conversation, 'open')
  return json(user === undefined ? null : agentView(world, user, account.id))
}

function setCustomAttributes(call: AccountCall): Reply {
  const conversation = conversationOf(call)
  const before = conversation.customAttributes
  conversation.customAttributes = isObject(call.body.custom_attributes) ? { ...call.body.custom_attributes } : {}
  const change = { attribute: 'custom_attributes', before, after: conversation.customAttributes }
  tellConversation(call.world, 'conversation_updated', conversation, [change])
  return json({ custom_attributes: conversation.customAttributes })
}

function toggleTyping(call: AccountCall): Reply {
  const conversation = conversationOf(call)
  const { typing_status: status, is_private: isPrivate } = call.body
  const who = senderPush(call.world, speaker(call))
  if (status === 'on' || status === 'off') tellTyping(call.world, status === 'on', conversation, who, isPrivate === true)
  return empty()
}

/** In 4.16.0 labels fail together with the bots (chatwoot#15088). */
function labels(call: AccountCall): Reply {
  if (compare(call.world.version, [4, 16, 0]) === 0) throw crash()
  const conversation = conversationOf(call)
  if (call.method === 'POST') {
    const names: readonly unknown[] = Array.isArray(call.body.labels) ? call.body.labels : []
    const before = conversation.labels
    conversation.labels = names.filter((name): name is string => typeof name === 'string')
    tellConversation(call.world, 'conversation_updated', conversation, [{ attribute: 'label_list', before, after: conversation.labels }])
  }
  return json({ payload: conversation.labels })
}
