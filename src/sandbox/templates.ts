import { isBlank } from './input.ts'
import type { Conversation, Draft, Inbox, Message } from './records.ts'
import type { World } from './world.ts'

/** Messages that Chatwoot itself writes once a customer has written: out of office, greeting, a box for the email address. */
export function templatesFor(world: World, conversation: Conversation): readonly Draft[] {
  const inbox = world.state.inboxes.get(conversation.inboxId)
  if (inbox === undefined) return []
  const messages = world.state.messagesOf(conversation.id)
  const isFirst = messages.filter((message) => message.messageType === 'incoming').length === 1
  const hasTemplate = messages.some((message) => message.messageType === 'template')
  const { out_of_office_message: away, greeting_message: greeting, greeting_enabled: greets } = inbox.columns
  return [
    ...(isClosed(world, inbox) && !isBlank(away) && !hasTemplate ? [template(String(away))] : []),
    ...(isFirst && greets === true && !isBlank(greeting) ? [template(String(greeting))] : []),
    ...(asksForEmail(world, inbox, conversation, messages) ? EMAIL_COLLECT : []),
  ]
}

function template(content: string, contentType = 'text'): Draft {
  return { content, contentType, type: 'template', sender: null }
}

const EMAIL_COLLECT = [template('Give the team a way to reach you.'), template('Get notified by email', 'input_email')]

/** Only in the widget, once in a conversation, and not of those whose address is known. */
function asksForEmail(world: World, inbox: Inbox, conversation: Conversation, messages: readonly Message[]): boolean {
  if (inbox.channelType !== 'Channel::WebWidget' || inbox.columns.enable_email_collect !== true) return false
  const contact = world.state.contacts.get(world.state.contactInboxes.get(conversation.contactInboxId)?.contactId)
  return isBlank(contact?.columns.email) && !messages.some((message) => message.contentType === 'input_email')
}

/** Whether it is outside of the inbox's working hours, on its own clock. */
function isClosed(world: World, inbox: Inbox): boolean {
  if (inbox.columns.working_hours_enabled !== true) return false
  const { weekday, minutes } = localTime(world.clock(), String(inbox.columns.timezone))
  const day = inbox.workingHours[weekday]
  if (day === undefined || day.open_all_day) return false
  if (day.closed_all_day) return true
  const opens = (day.open_hour ?? 0) * 60 + (day.open_minutes ?? 0)
  const closes = (day.close_hour ?? 0) * 60 + (day.close_minutes ?? 0)
  return minutes < opens || minutes >= closes
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

/** Day of the week, from 0 for Sunday, and minutes since midnight. */
function localTime(unixMs: number, timeZone: string): { readonly weekday: number; readonly minutes: number } {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  const parts = Object.fromEntries(format.formatToParts(unixMs).map(({ type, value }) => [type, value]))
  return { weekday: WEEKDAYS.indexOf(parts.weekday ?? ''), minutes: Number(parts.hour) * 60 + Number(parts.minute) }
}
