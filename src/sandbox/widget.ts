import { changeContact } from './contacts.ts'
import { tellTyping, tellWidget } from './events.ts'
import { asId, asText, type Input, isObject } from './input.ts'
import { clientMessageView, page, writtenMessageView } from './message-view.ts'
import { contactPush } from './people.ts'
import type { Columns, Conversation, Message } from './records.ts'
import { crash, empty, html, invalid, json, type Reply, refuse, script } from './reply.ts'
import { type Call, open, type Route } from './route.ts'
import { addMessage, setStatus, startConversation } from './threads.ts'
import { enter, inboxByToken, inWidget, type WidgetCall, widgetInbox } from './widget-access.ts'
import { SDK, widgetPage } from './widget-page.ts'
import { checkContent, Unwritable } from './write-message.ts'

/** The website widget, seen from the visitor's browser (contract, section 13). */
export const widgetRoutes: readonly Route[] = [
  open('GET', '/packs/js/sdk.js', () => script(SDK)),
  open('GET', '/widget', showPage),
  open('POST', '/api/v1/widget/config', showConfig),
  inWidget('GET', '/messages', listMessages),
  inWidget('POST', '/messages', postMessage),
  inWidget('GET', '/conversations', (call) => json(call.conversation === undefined ? {} : summary(call.conversation))),
  inWidget('POST', '/conversations', postConversation),
  inWidget('GET', '/conversations/toggle_status', resolve),
  inWidget('POST', '/conversations/toggle_typing', toggleTyping),
  inWidget('POST', '/conversations/update_last_seen', updateLastSeen),
  inWidget('POST', '/events', postEvent),
]

function showConfig(call: Call): Reply {
  const { world } = call
  const inbox = widgetInbox(call)
  const { seat, token } = enter(call, inbox, call.headers['x-auth-token'])
  const { columns, channel } = inbox
  const contact = world.state.contacts.get(seat.contactId)
  const { name, email, identifier, phone_number } = contact?.columns ?? {}
  return json({
    website_channel_config: {
      allow_messages_after_resolved: columns.allow_messages_after_resolved,
      api_host: world.frontendUrl,
      auth_token: token,
      avatar_url: '',
      csat_survey_enabled: columns.csat_survey_enabled,
      enabled_features: channel.selected_feature_flags,
      locale: 'en',
      out_of_office_message: columns.out_of_office_message,
      pre_chat_form_enabled: channel.pre_chat_form_enabled,
      pre_chat_form_options: channel.pre_chat_form_options,
      reply_time: channel.reply_time,
      timezone: columns.timezone,
      website_name: columns.name,
      website_token: inbox.publicToken,
      welcome_tagline: channel.welcome_tagline,
      welcome_title: channel.welcome_title,
      widget_color: channel.widget_color,
      working_hours: inbox.workingHours,
      working_hours_enabled: columns.working_hours_enabled,
    },
    contact: { id: seat.contactId, name, email, identifier, phone_number, pubsub_token: seat.pubsubToken },
    global_config: {},
  })
}

/** The page in the widget's frame; a visitor is known by `cw_conversation`. */
function showPage(call: Call): Reply {
  const inbox = inboxByToken(call)
  if (inbox === undefined) throw refuse(404, 'web widget does not exist')
  const { token } = enter(call, inbox, call.query.get('cw_conversation'))
  return html('Chatwoot sandbox widget', widgetPage(token, inbox.publicToken, String(inbox.columns.name)))
}

function listMessages(call: WidgetCall): Reply {
  const { world, conversation, query } = call
  if (conversation === undefined) return json({ payload: [] })
  const range = { after: asId(query.get('after')), before: asId(query.get('before')) }
  const messages = page(world.state.messagesOf(conversation.id), range, 'customer')
  return json({
    payload: messages.map((message) => clientMessageView(world, message, conversation)),
    meta: { contact_last_seen_at: Math.floor(conversation.contactLastSeenAt / 1_000) },
  })
}

/** Writes into the latest conversation; without one it begins. */
function postMessage(call: WidgetCall): Reply {
  const { world, body } = call
  if (!isObject(body.message)) throw crash()
  const conversation = call.conversation ?? begin(call, body.message, {})
  return json(writtenMessageView(world, say(call, conversation, body.message), conversation))
}

function begin(call: WidgetCall, message: Input, customAttributes: Columns): Conversation {
  const referer = asText(message.referer_url ?? null)
  const additionalAttributes = { referer, initiated_at: { timestamp: asText(message.timestamp ?? null) } }
  return startConversation(call.world, call.inbox, call.seat, { additionalAttributes, customAttributes })
}

function say(call: WidgetCall, conversation: Conversation, message: Input): Message {
  try {
    const content = checkContent(call.world, conversation, message.content)
    return addMessage(call.world, conversation, { content, type: 'incoming', sender: { type: 'contact', id: call.contact.id } })
  } catch (error) {
    if (!(error instanceof Unwritable)) throw error
    throw invalid([{ attribute: 'base', says: error.message }])
  }
}

/** A new thread, with what the visitor told about themselves. */
function postConversation(call: WidgetCall): Reply {
  const { world, body, contact } = call
  if (!isObject(body.message)) throw crash()
  if (isObject(body.contact)) changeContact(world, contact, body.contact)
  const conversation = begin(call, body.message, isObject(body.custom_attributes) ? { ...body.custom_attributes } : {})
  const message = say(call, conversation, body.message)
  return json({
    ...summary(conversation),
    messages: [clientMessageView(world, message, conversation)],
    custom_attributes: conversation.customAttributes,
    contact: contactPush(contact),
  })
}

function summary(conversation: Conversation): Columns {
  const { displayId, inboxId, contactLastSeenAt, status } = conversation
  return { id: displayId, inbox_id: inboxId, contact_last_seen_at: Math.floor(contactLastSeenAt / 1_000), status }
}

/** A GET that changes something, as in the original: the visitor ends the conversation. */
function resolve(call: WidgetCall): Reply {
  if (call.conversation === undefined) return empty(404)
  const features: unknown = call.inbox.channel.selected_feature_flags
  if (!Array.isArray(features) || !features.includes('end_conversation')) return empty(403)
  setStatus(call.world, call.conversation, 'resolved')
  return empty()
}

function toggleTyping(call: WidgetCall): Reply {
  const { conversation, body } = call
  if (conversation === undefined) return empty()
  if (body.typing_status === 'on' || body.typing_status === 'off') {
    tellTyping(call.world, body.typing_status === 'on', conversation, contactPush(call.contact), false)
  }
  return empty()
}

function updateLastSeen(call: WidgetCall): Reply {
  if (call.conversation !== undefined) call.conversation.contactLastSeenAt = call.world.clock()
  return empty()
}

/** What the browser reports; that the widget was opened is the one event with listeners. */
function postEvent(call: WidgetCall): Reply {
  const info = isObject(call.body.event_info) ? call.body.event_info : {}
  if (call.body.name === 'webwidget.triggered') tellWidget(call.world, call.seat, call.inbox, call.conversation, info)
  return empty(204)
}
