import type { Columns, Contact, Message, Sender } from './records.ts'
import type { World } from './world.ts'

/** A contact as it stands beside messages: `type` tells it from users and bots. */
export function contactPush(contact: Contact): Columns {
  const { additional_attributes, custom_attributes, email, identifier, name, phone_number } = contact.columns
  const texts = { email, id: contact.id, identifier, name, phone_number, thumbnail: '', blocked: false }
  return { additional_attributes, custom_attributes, ...texts, type: 'contact' }
}

/** The sender of a message as clients see it; null for the system. */
export function senderPush(world: World, sender: Sender | null): Columns | null {
  const { state } = world
  if (sender === null) return null
  if (sender.type === 'contact') {
    const contact = state.contacts.get(sender.id)
    return contact === undefined ? null : contactPush(contact)
  }
  if (sender.type === 'agent_bot') {
    const bot = state.bots.get(sender.id)
    return bot === undefined ? null : { id: bot.id, name: bot.columns.name, avatar_url: '', type: 'agent_bot' }
  }
  const user = state.users.get(sender.id)
  if (user === undefined) return null
  const { id, name } = user
  return { id, name, available_name: name, avatar_url: '', type: 'user', availability_status: 'online', thumbnail: '' }
}

/** `sender` as a member to be spread: absent where a message has none. */
export function senderKey(world: World, message: Message): Columns {
  const sender = senderPush(world, message.sender)
  return sender === null ? {} : { sender }
}
