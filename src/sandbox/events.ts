import { asText, isBlank } from './input.ts'
import { type Change, changesPayload, contactPayload, conversationPayload, messagePayload, widgetPayload } from './payloads.ts'
import type { AgentBot, Columns, Contact, ContactInbox, Conversation, Inbox, Message } from './records.ts'
import { since, type World } from './world.ts'

/** Who is told of what (contract, section 11.1). An event that nobody listens to is dropped. */

/** Events that bots get, with the release that brought them; they never get `conversation_created`. */
const BOT_EVENTS = new Map([
  ['message_created', '2.4'],
  ['message_updated', '2.4'],
  ['conversation_opened', '2.4'],
  ['conversation_resolved', '2.4'],
  ['webwidget_triggered', '2.4'],
  ['conversation_status_changed', '4.13'],
  ['conversation_updated', '4.13'],
])

/** Events that are for bots only. */
const NOT_FOR_WEBHOOKS = new Set(['conversation_opened', 'conversation_resolved'])

const NOTHING = (): void => undefined

/** What happened, and where. */
interface Happening {
  readonly event: string
  readonly payload: Columns
  readonly inbox: Inbox
  readonly conversation?: Conversation | undefined
  readonly message?: Message
  readonly onBotFailure?: OnBotFailure
}

/** What to do when a bot could not be told of a message, since 4.7. */
export type OnBotFailure = (conversation: Conversation) => void

/** Tells of a message. Activity lines are not told. */
export function tellMessage(
  world: World,
  event: 'message_created' | 'message_updated',
  message: Message,
  onBotFailure: OnBotFailure,
): void {
  const conversation = world.state.conversations.get(message.conversationId)
  const inbox = world.state.inboxes.get(conversation?.inboxId)
  if (conversation === undefined || inbox === undefined || message.messageType === 'activity') return
  tell(world, { event, payload: messagePayload(world, message, conversation, inbox), inbox, conversation, message, onBotFailure })
}

/** Tells of a conversation; `changes` go with those events that carry them. */
export function tellConversation(world: World, event: string, conversation: Conversation, changes?: readonly Change[]): void {
  const inbox = world.state.inboxes.get(conversation.inboxId)
  if (inbox === undefined) return
  const changed = changes === undefined ? {} : { changed_attributes: changesPayload(changes) }
  tell(world, { event, payload: { ...conversationPayload(world, conversation), ...changed }, inbox, conversation })
}

/** Tells that somebody started or stopped typing; bots are not told. */
export function tellTyping(world: World, isOn: boolean, conversation: Conversation, who: Columns | null, isPrivate: boolean): void {
  const inbox = world.state.inboxes.get(conversation.inboxId)
  if (inbox === undefined) return
  const payload = { conversation: conversationPayload(world, conversation), user: who, is_private: isPrivate }
  tell(world, { event: isOn ? 'conversation_typing_on' : 'conversation_typing_off', payload, inbox, conversation })
}

/** Tells that a visitor opened the widget. */
export function tellWidget(world: World, seat: ContactInbox, inbox: Inbox, conversation: Conversation | undefined, info: unknown): void {
  tell(world, { event: 'webwidget_triggered', payload: widgetPayload(world, seat, inbox, conversation, info), inbox, conversation })
}

/** Tells the account's webhooks of a contact. */
export function tellContact(
  world: World,
  event: 'contact_created' | 'contact_updated',
  contact: Contact,
  changes?: readonly Change[],
): void {
  const changed = changes === undefined ? {} : { changed_attributes: changesPayload(changes) }
  tellWebhooks(world, contact.accountId, event, JSON.stringify({ ...contactPayload(world, contact), ...changed, event }))
}

function tell(world: World, happening: Happening): void {
  const body = JSON.stringify({ ...happening.payload, event: happening.event })
  tellBots(world, happening, body)
  if (NOT_FOR_WEBHOOKS.has(happening.event)) return
  tellWebhooks(world, happening.inbox.accountId, happening.event, body)
  tellApiInbox(world, happening, body)
}

/** The bot of the inbox, and since 4.8 the one that the conversation is assigned to. */
function tellBots(world: World, happening: Happening, body: string): void {
  const release = BOT_EVENTS.get(happening.event)
  if (release === undefined || !since(world, release)) return
  const assignee = happening.conversation?.assignee
  const assigned = assignee?.type === 'AgentBot' && since(world, '4.8') ? world.state.bots.get(assignee.id) : undefined
  for (const bot of new Set([world.state.botAt(happening.inbox), assigned])) {
    if (bot !== undefined) sendToBot(world, bot, happening, body)
  }
}

function sendToBot(world: World, bot: AgentBot, happening: Happening, body: string): void {
  const url = asText(bot.columns.outgoing_url)
  if (typeof url !== 'string' || isBlank(url)) return
  const signed = since(world, '4.13')
  world.courier.deliver({
    receiver: 'bot',
    receiverId: bot.id,
    event: happening.event,
    url,
    body,
    secret: signed ? bot.secret : null,
    showsId: signed,
    tries: since(world, '4.11.2') ? 3 : 1,
    onFailure: () => {
      const conversation = world.state.conversations.get(happening.conversation?.id)
      if (conversation !== undefined && since(world, '4.7')) happening.onBotFailure?.(conversation)
    },
  })
}

/** Webhooks hear of every inbox of their account: their `inbox_id` filters nothing. Before 2.5 they heard of everything. */
function tellWebhooks(world: World, accountId: number, event: string, body: string): void {
  if (world.settings.cloudWithoutApi) return
  const signed = since(world, '4.11.2')
  for (const { id, columns, secret } of world.state.webhooksOf(accountId)) {
    const { subscriptions } = columns
    if (since(world, '2.5') && !(Array.isArray(subscriptions) && subscriptions.includes(event))) continue
    const keys = { secret: signed ? secret : null, showsId: signed, tries: 1, onFailure: NOTHING }
    world.courier.deliver({ receiver: 'webhook', receiverId: id, event, url: String(columns.url), body, ...keys })
  }
}

function tellApiInbox(world: World, happening: Happening, body: string): void {
  const { inbox, event } = happening
  const url = asText(inbox.channel.webhook_url)
  if (inbox.channelType !== 'Channel::Api' || typeof url !== 'string' || isBlank(url)) return
  world.courier.deliver({
    receiver: 'inbox',
    receiverId: inbox.id,
    event,
    url,
    body,
    secret: since(world, '4.13') ? inbox.secret : null,
    showsId: since(world, '4.11.2'),
    tries: 1,
    onFailure: (error) => markFailed(world, happening, error),
  })
}

/** Since 3.3 a message that an API inbox could not pass on says so. The update is told once: a second failure changes nothing. */
function markFailed(world: World, { message, onBotFailure }: Happening, error: string): void {
  if (message === undefined || onBotFailure === undefined || message.status === 'failed' || !since(world, '3.3')) return
  message.status = 'failed'
  message.contentAttributes = { ...message.contentAttributes, external_error: error }
  tellMessage(world, 'message_updated', message, onBotFailure)
}
